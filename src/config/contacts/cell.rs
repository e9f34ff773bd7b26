//! What holds for every cell: nothing invisible, nothing to trim, no formula, one script a word.

use unicode_security::MixedScript as _;

use super::columns::Column;
use super::csv::{Field, LONGEST_CELL};
use super::found::{Found, words};
use crate::vocabulary::safe_text;

/// What a cell says, if it can be relied on. What is wrong with it is reported here.
///
/// `lossy`: U+FFFD stands for bytes that have been reported as another encoding.
pub(super) fn sound<'c>(cell: &'c Field<'_>, column: Column, lossy: bool, found: &mut Found<'_>) -> Option<&'c str> {
    let text = cell.text.as_ref();
    let name = column.as_str();
    if cell.broken {
        return None;
    }
    if text.len() > LONGEST_CELL {
        found.error(cell.at, || {
            words(
                format!("`{name}` holds {} bytes; a cell holds at most {LONGEST_CELL}", text.len()),
                "shorten it, or look for a quote that is not closed",
            )
        });
        return None;
    }
    if let Some((index, c)) = text.char_indices().find(|(_, c)| is_unwanted(*c)) {
        if !(lossy && c == char::REPLACEMENT_CHARACTER) {
            found.error(cell.at_char(index, c), || unwanted(name, c));
        }
        return None;
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        found.error(cell.at, || {
            words(
                format!("`{name}` has a space before or behind its text"),
                "delete the space: nothing is trimmed unseen",
            )
        });
        return None;
    }
    if column.is_free_text() && text.starts_with(['=', '+', '-', '@']) {
        found.error(cell.at, || {
            words(
                format!("`{name}` begins like a formula, which a spreadsheet would run"),
                "begin it with a letter, without `=`, `+`, `-` or `@` in front",
            )
        });
        return None;
    }
    Some(text)
}

/// Whether a name could be taken for another in other letters: a word that mixes scripts, or one that imitates Latin
/// letters beside a Latin word. Gives that word.
pub(super) fn look_alike(name: &str) -> Option<&str> {
    if name.is_ascii() {
        return None;
    }
    let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let beside_latin = words().any(|word| word.chars().all(|c| c.is_ascii_alphabetic()));
    words().find(|word| {
        let imitates = || {
            !word.chars().any(|c| c.is_ascii_alphabetic())
                && !word.chars().any(is_latin)
                && unicode_security::skeleton(word).all(|c| c.is_ascii_alphanumeric())
        };
        !word.is_ascii() && (!word.is_single_script() || (beside_latin && imitates()))
    })
}

/// Letters of Latin-1, Latin Extended and Latin Extended Additional: `Š`, `ı`, `ễ`.
fn is_latin(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

fn is_unwanted(c: char) -> bool {
    safe_text::is_unsafe(c) || (c.is_whitespace() && c != ' ') || c == char::REPLACEMENT_CHARACTER
}

fn unwanted(name: &str, c: char) -> super::found::Words {
    match c {
        '\n' => words(
            format!("`{name}` holds a line break"),
            "write the cell on one line; if the break was not meant, look for a quote that is not closed",
        ),
        '\r' => words(format!("`{name}` holds a carriage return"), "write the cell on one line"),
        '\t' => words(format!("`{name}` holds a tab"), "write a space, or separate the cells with `,` or `;`"),
        '\0' => words(
            format!("`{name}` holds a zero byte, U+0000"),
            "the file is damaged or in another encoding: save the list again as UTF-8",
        ),
        char::REPLACEMENT_CHARACTER => words(
            format!("`{name}` holds U+FFFD: a letter was lost when the list was saved in another encoding"),
            "write the letter again",
        ),
        c if c.is_whitespace() && !safe_text::is_unsafe(c) => words(
            format!("`{name}` holds a special space, U+{:04X}, that looks like a plain one", u32::from(c)),
            "type a plain space in its place, or delete it",
        ),
        c => words(
            format!("`{name}` holds an invisible or control character, U+{:04X}", u32::from(c)),
            "delete it: type the cell again rather than paste it",
        ),
    }
}
