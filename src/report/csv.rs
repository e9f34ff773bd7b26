//! Tables for spreadsheets: RFC 4180, with nothing in a cell that a spreadsheet would run.

use std::borrow::Cow;

use crate::vocabulary::safe_text;

/// Signs with which a spreadsheet takes a cell for a formula, in their plain and their full-width form. Source: OWASP, CSV
/// injection; ASVS 5, 1.2.10.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// A table that grows row by row. UTF-8 without a mark in front, commas, CR LF at the end of each row.
#[derive(Debug, Clone, Default)]
pub struct Csv {
    text: String,
}

impl Csv {
    /// `header` is what scripts rely on: it is written as it stands.
    pub fn new(header: &[&str]) -> Self {
        let mut csv = Self { text: String::new() };
        csv.row(header);
        csv
    }

    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        for (at, one) in cells.into_iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.text.push_str(&cell(one.as_ref()));
        }
        self.text.push_str("\r\n");
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// One cell, with quotes around it where it needs them.
pub fn cell(text: &str) -> Cow<'_, str> {
    let text = harmless(text);
    if !text.contains(['"', ',', ';', '\n', '\t']) {
        return text;
    }
    Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
}

/// The text with `'` before what would begin a formula, a tab, a carriage return or a zero byte at the beginning, and without
/// controls and invisible signs. A spreadsheet set to another separator parts a cell at its `;`, tabs and line breaks, quoted
/// or not, so what stands behind those begins a cell too.
fn harmless(text: &str) -> Cow<'_, str> {
    let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if !text.contains(FORMULA) && !text.contains(|c: char| safe_text::is_unsafe(c) && c != '\n') {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 8);
    let mut begins = true;
    for (at, c) in text.char_indices() {
        if (begins && FORMULA.contains(&c)) || (at == 0 && matches!(c, '\t' | '\r' | '\0')) {
            safe.push('\'');
        }
        // Spaces and quotes are stripped by some before they look for a formula.
        begins = matches!(c, ';' | '\t' | '\n' | '\r') || (begins && matches!(c, ' ' | '\u{A0}' | '"'));
        safe.push(c);
    }
    Cow::Owned(safe_text::lines(&safe).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_begins_a_formula() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("+41 22 000", "'+41 22 000"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\u{FF1D}1+1", "'\u{FF1D}1+1"),
            (" =1", " '=1"),
            ("\t=1", "\"'\t'=1\""),
            ("\r=1", "'\\u{d}'=1"),
            ("\0=1", "'\\u{0}=1"),
            ("\"=1\"", "\"\"\"'=1\"\"\""),
            // Opened with `;` between cells, the second half would be one of its own.
            ("thanks;=1+1", "\"thanks;'=1+1\""),
            ("points:\n- one\n- two", "\"points:\n'- one\n'- two\""),
        ];
        for (text, wanted) in cases {
            assert_eq!(cell(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn plain_text_of_any_script_stays_as_it_is() {
        for text in ["", "Côte d’Ivoire", "will-support", "2018-02-06T08:30:00Z", "劉霞", "a = b - c", "it's"] {
            assert_eq!(cell(text), text);
        }
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(cell("two\r\nlines"), "\"two\nlines\"");
    }

    #[test]
    fn an_escape_sequence_is_shown_and_not_passed_on() {
        assert_eq!(cell("\u{1b}[31mred\u{202e}"), "\\u{1b}[31mred\\u{202e}");
    }

    #[test]
    fn a_table_has_a_line_for_its_header_and_one_for_each_row() {
        let mut csv = Csv::new(&["state", "text"]);
        csv.row(["FRA", "=1,2"]);
        csv.row([String::new(), "x".to_owned()]);
        assert_eq!(csv.into_text(), "state,text\r\nFRA,\"'=1,2\"\r\n,x\r\n");
    }
}
