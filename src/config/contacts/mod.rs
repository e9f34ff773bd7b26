//! `config/contacts.csv`: who sits in which mission, read strictly.
//!
//! Nothing is guessed, trimmed or repaired, and every mistake is reported in one pass. The rooms inside, in the order in
//! which the file passes through them: `decode` bytes, `csv` cells, `columns` the header, `row` one row,
//! `across` what is seen between rows.

mod across;
mod cell;
mod columns;
mod csv;
mod decode;
mod found;
mod row;
mod words;

#[cfg(test)]
mod tests;

use crate::campaign::contact::Contact;
use crate::campaign::states::States;
use crate::vocabulary::Day;
use crate::vocabulary::problem::Problem;

use columns::{Columns, HEADER};
use found::{At, Found};

/// What a list of contacts says, and what is wrong with it.
#[derive(Debug)]
pub struct ContactsRead {
    /// The rows without a mistake, in the order of the file. To be used only when `problems` holds no error: a list is
    /// taken whole or not at all.
    pub contacts: Vec<Contact>,
    /// In the order of the file. At most 200 of each severity, then one that counts the rest.
    pub problems: Vec<Problem>,
}

/// Reads contacts.csv as it stands on disk.
///
/// `file` is its path relative to the workspace, for the problems' places. `today` is the real day, also in a rehearsal:
/// a row dated later is an error, one `warn_after` or more old (whole days) is a warning. Time and memory grow with the
/// file's length alone.
pub fn read(file: &str, bytes: &[u8], states: &States, today: Day, warn_after: chrono::Duration) -> ContactsRead {
    let decoded = match decode::decode(bytes) {
        Ok(decoded) => decoded,
        Err(encoding) => {
            let refused = Problem::error(format!("the file looks like {encoding}, not UTF-8"));
            return ContactsRead {
                contacts: Vec::new(),
                problems: vec![refused.in_file(file).help(decode::SAVE_AS_UTF8)],
            };
        }
    };
    let mut found = Found::new(file, &decoded.text);
    if let Some(broken) = &decoded.broken {
        found.error(at_offset(&decoded.text, broken.offset), || found::words(broken.message.as_str(), broken.help));
    }
    let rules = row::Rules { states, today, warn_after, lossy: decoded.broken.is_some() };
    let contacts = read_table(&decoded.text, &rules, &mut found);
    ContactsRead { contacts, problems: found.finish() }
}

fn read_table(text: &str, rules: &row::Rules<'_>, found: &mut Found<'_>) -> Vec<Contact> {
    let Some(separator) = separator(text, found) else { return Vec::new() };
    let mut reader = csv::Reader::new(text, separator);
    let mut record = Vec::new();
    if !reader.next(&mut record, found) {
        return Vec::new();
    }
    let Some(columns) = Columns::read(&record, found) else { return Vec::new() };
    let header = record.first().map_or(at_offset(text, 0), |cell| cell.at);

    let mut across = across::Across::default();
    let mut contacts = Vec::new();
    let mut rows = 0_usize;
    while reader.next(&mut record, found) {
        rows += 1;
        if !fits(&record, &columns, found) {
            continue;
        }
        let Some(row) = row::read(&record, &columns, rules, found) else { continue };
        if across.see(&record, &row, found) {
            contacts.extend(row.contact);
        }
    }
    if rows == 0 {
        found.error(header, || {
            found::words("the list has a header and no row", "add a row for each post of each mission")
        });
    }
    across.finish(found);
    contacts
}

/// The sign between cells, by the first line; `None` where that line shows that the file is no such table.
fn separator(text: &str, found: &mut Found<'_>) -> Option<u8> {
    let begin = format!("begin the list with {HEADER}");
    let header = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or("");
    let at = at_offset(text, text.len() - text.trim_start_matches(['\r', '\n']).len());
    if text.trim().is_empty() {
        found.error(at, || found::words("the list is empty", begin));
        return None;
    }
    if header.trim_end_matches('\r').contains('\r') {
        found.error(at, || {
            found::words("the lines end with a carriage return alone", "save the list with LF or CRLF as line ends")
        });
        return None;
    }
    if header.contains('\t') && !header.contains([',', ';']) {
        found.error(at, || {
            found::words("the cells are separated by tabs", "save the list with `,` or `;` between cells")
        });
        return None;
    }
    Some(columns::separator(header))
}

/// Whether the record is a row of the table; if not, that is reported, for its cells cannot be told apart.
fn fits(record: &[csv::Field<'_>], columns: &Columns, found: &mut Found<'_>) -> bool {
    let (Some(first), Some(last)) = (record.first(), record.last()) else { return false };
    let whole = At { end: last.at.end, ..first.at };
    let (cells, wanted) = (record.len(), columns.len());
    if columns.is_header(record) {
        found.error(whole, || found::words("the header stands a second time", "delete this line"));
        return false;
    }
    if record.iter().all(|cell| cell.text.is_empty() && !cell.broken) {
        found.error(whole, || found::words("the row is empty", "delete this line"));
        return false;
    }
    // A cell that is never closed has swallowed the rest of its row, and has had its error.
    if cells < wanted && !last.broken {
        found.error(whole, || {
            found::words(
                format!("the row has {cells} cells where the header has {wanted}"),
                "write every cell, empty ones too: the separators stay",
            )
        });
    }
    if let Some(extra) = record.get(wanted) {
        found.error(At { end: last.at.end, ..extra.at }, || {
            found::words(
                format!("the row has {cells} cells where the header has {wanted}"),
                "put a cell that holds the separator in quotes, and delete what stands behind the last column",
            )
        });
    }
    cells == wanted
}

/// The place of one character, found by counting from the file's start: for the few that no record leads to.
fn at_offset(text: &str, offset: usize) -> At {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    At { line: before.matches('\n').count() + 1, line_start, start: offset, end: offset + 1 }
}
