//! Text from outside, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal, a header or a reader could take `c` for something else than text:
/// C0 and C1 controls, and the invisible marks that turn the direction of writing or join words unseen.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// One line for a terminal: what [`is_unsafe`] names is shown as `\u{…}`, line breaks and tabs too.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Several lines for a terminal: line feeds and tabs stay, the rest as in [`line`].
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n' || c == '\t')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let bad = |c: char| is_unsafe(c) && !keep(c);
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if bad(c) {
            // Writing to a String cannot fail.
            let _infallible = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_from_outside_never_reaches_the_terminal() {
        let hostile = "\u{1b}]52;c;cm0gLXJm\u{7}name\u{9b}31m\u{202e}gpj.exe\r\n";
        let shown = lines(hostile);
        assert!(!shown.chars().any(|c| is_unsafe(c) && c != '\n'), "{shown:?}");
        assert!(shown.contains("name"));
    }

    #[test]
    fn plain_text_of_any_script_is_left_alone() {
        for text in ["Côte d’Ivoire", "劉霞", "سفير", "Ελλάδα"] {
            assert_eq!(line(text), text);
        }
    }
}
