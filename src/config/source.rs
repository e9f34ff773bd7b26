//! A file's text, and the places in it.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::vocabulary::problem::Place;
use crate::vocabulary::safe_text;

/// One file as it was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Relative to the workspace, with `/`.
    pub file: String,
    pub text: String,
    /// Whether a shown line must hide its values: `config/demarche.toml` may hold a secret in the wrong place.
    pub secret: bool,
}

/// The longest extract of a line that is shown, in characters.
const LONGEST_EXTRACT: usize = 160;

impl Source {
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), secret: false }
    }

    #[must_use]
    pub fn with_secrets(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The place of a byte range; a range over several lines is cut to its first.
    pub fn place(&self, range: Range<usize>) -> Place {
        let start = floor_boundary(&self.text, range.start.min(self.text.len()));
        let end = floor_boundary(&self.text, range.end.clamp(start, self.text.len()));
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let whole = self.text[line_start..line_end].trim_end_matches('\r');
        let column = self.text[line_start..start].chars().count() + 1;
        let width = self.text[start..end.min(line_end)].trim_end_matches('\r').width().max(1);
        let shown =
            if self.secret { hide_values(whole, self.inside_long_string(line_start)) } else { whole.to_owned() };
        Place {
            file: self.file.clone(),
            line: self.text[..line_start].matches('\n').count() + 1,
            column,
            width,
            text: safe_text::line(&shown.replace('\t', " ")).chars().take(LONGEST_EXTRACT).collect(),
        }
    }

    /// The place of a whole line, from 1.
    pub fn line_place(&self, line: usize) -> Place {
        let start = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let len = self.text[start..].lines().next().map_or(0, str::len);
        self.place(start..start + len)
    }

    fn inside_long_string(&self, line_start: usize) -> bool {
        let before = &self.text[..line_start];
        before.matches("\"\"\"").count() % 2 == 1 || before.matches("'''").count() % 2 == 1
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line with stars for everything that could be a value: all in quotes, and whatever stands bare behind `=` unless it is
/// a number, a date, `true` or `false`. A line without `=` inside a long string, or of no known shape, is all stars.
fn hide_values(line: &str, inside_long_string: bool) -> String {
    let stars = |text: &str| text.chars().map(|c| if c.is_whitespace() { c } else { '*' }).collect::<String>();
    if inside_long_string {
        return stars(line);
    }
    let trimmed = line.trim_start();
    // All keys of the file are like this; what is not may be a secret that lost its quotes.
    let like_a_key =
        |text: &str| text.len() <= 60 && text.bytes().all(|b| b.is_ascii_lowercase() || b"_-.[] \t".contains(&b));
    if trimmed.starts_with('[') && !trimmed.contains(['"', '\'', '=']) || trimmed.is_empty() {
        let head = trimmed.split('#').next().unwrap_or("");
        return if like_a_key(head) { line[..line.len() - trimmed.len() + head.len()].to_owned() } else { stars(line) };
    }
    let Some((key, value)) = line.split_once('=') else {
        return stars(line);
    };
    if !like_a_key(key) {
        return format!("{}={}", stars(key), stars(value));
    }
    let harmless = |word: &str| {
        matches!(word, "true" | "false")
            || (word.len() <= 12 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.'))
    };
    let bare = value.split('#').next().unwrap_or("").trim();
    if harmless(bare) {
        return format!("{key}={}", value.split('#').next().unwrap_or(""));
    }
    // Inside quotes everything becomes a star; punctuation of tables and arrays outside them stays, words do not.
    let mut shown = String::with_capacity(value.len());
    let mut quote: Option<char> = None;
    for c in value.chars() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                shown.push(c);
            }
            Some(_) => shown.push('*'),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                shown.push(c);
            }
            None if c.is_whitespace() || "{}[],=".contains(c) => shown.push(c),
            None => shown.push('*'),
        }
    }
    format!("{key}={shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source::new("x.toml", "a = 1\nné = 2\r\n");
        let place = source.place(10..11);
        assert_eq!((place.line, place.column, place.text.as_str()), (2, 4, "né = 2"));
    }

    #[test]
    fn a_secret_on_a_broken_line_is_never_echoed() {
        let canary = "hunter2";
        for line in [
            "password = \"hunter2\"",
            "password = \"hunter2",
            "password = hunter2",
            "password = 'hunter2' junk hunter2",
            "password hunter2",
            "password = { literal = \"hunter2\" }",
            "url = \"postgres://u:hunter2@db.example/x\"",
            "\"hunter2\" = 1",
            "password = 1 # hunter2",
            "hunter2\"\"\"",
            "hunter2 = 1",
            "[delivery.hunter2]",
        ] {
            let source = Source::new("config/demarche.toml", line).with_secrets();
            let shown = source.place(0..line.len()).text;
            assert!(!shown.contains(canary), "{line:?} was shown as {shown:?}");
        }
        let long = "password = \"\"\"\nhunter2\n\"\"\"\n";
        let source = Source::new("config/demarche.toml", long).with_secrets();
        assert_eq!(source.place(16..18).text, "*******");
    }

    #[test]
    fn a_line_of_another_file_is_shown_as_it_is() {
        let source = Source::new("config/calendar.toml", "opens = 2018-02-26");
        assert_eq!(source.place(0..5).text, "opens = 2018-02-26");
    }
}
