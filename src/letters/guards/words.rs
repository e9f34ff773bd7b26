//! Words that no author meant: letters of two scripts in one word, and runs without end.

use std::ops::Range;

use unicode_script::{Script, UnicodeScript as _};

use super::Finding;
use crate::vocabulary::safe_text;

/// Characters without a space, where no address of the web is: longer than any word of the languages that letters are written in.
pub(super) const LONGEST_RUN: usize = 200;

/// Octets without a space, whatever they are: a line of mail has no more. Source: RFC 5322, 2.1.1.
const LONGEST_LINE: usize = 998;

/// What is wrong with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strange {
    /// Latin letters with Cyrillic ones, or with Greek ones that look like Latin.
    Mixed,
    Long,
}

impl Strange {
    /// One clause, without a full stop.
    pub fn describe(self, word: &str) -> String {
        match self {
            Self::Mixed => format!("`{}` mixes letters of two scripts: {}", short(word), foreign(word)),
            Self::Long => {
                format!("`{}` is {} characters long without a space", short(word), word.chars().count())
            }
        }
    }

    /// What to do next.
    pub fn help(self) -> &'static str {
        match self {
            Self::Mixed => "type the word again, in letters of one script",
            Self::Long => "divide it: mail programs cut lines that long",
        }
    }
}

/// Strange words of a line, and where they are (bytes).
pub fn strange_words(line: &str) -> Vec<(Strange, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in line.split(char::is_whitespace) {
        let range = at..at + run.len();
        at = range.end + line[range.end..].chars().next().map_or(0, char::len_utf8);
        // A thousand signs of a script without spaces are wrapped like words.
        let spaced = run.len() > LONGEST_RUN && !run.chars().any(|c| u32::from(c) >= 0x0E00 && c.is_alphabetic());
        let web = ["https://", "http://", "mailto:"].iter().any(|scheme| run.contains(scheme));
        if spaced && (run.len() > LONGEST_LINE || (!web && run.chars().count() > LONGEST_RUN)) {
            found.push((Strange::Long, range.clone()));
        }
        if run.is_ascii() {
            continue;
        }
        let mut inner = range.start;
        for word in run.split(|c: char| !c.is_alphanumeric()) {
            let place = inner..inner + word.len();
            inner = place.end + line[place.end..].chars().next().map_or(0, char::len_utf8);
            if is_mixed(word) {
                found.push((Strange::Mixed, place));
            }
        }
    }
    found
}

/// `Mаria` with a Cyrillic `а`. Signs of units (`kΩ`, `µm`) and Latin beside Chinese or Arabic are as people write.
fn is_mixed(word: &str) -> bool {
    let has = |script: Script| word.chars().any(|c| c.script() == script);
    if !has(Script::Latin) {
        return has(Script::Cyrillic) && word.chars().any(|c| c.script() == Script::Greek);
    }
    let imitates = |c: char| {
        let mut bytes = [0; 4];
        c.script() == Script::Greek && unicode_security::skeleton(c.encode_utf8(&mut bytes)).all(|s| s.is_ascii())
    };
    has(Script::Cyrillic) || word.chars().any(imitates)
}

/// Strange words of a rendered letter: what the template's own words cannot have, for they were refused.
pub(super) fn strange(parts: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in parts.iter().flat_map(|part| part.lines()) {
        for (strange, range) in strange_words(line) {
            let words = line[range.clone()].to_owned();
            let excerpt = match strange {
                Strange::Mixed => excerpt(line, &range),
                Strange::Long => short(&words),
            };
            findings.push(Finding {
                what: format!("has a strange word: {}", strange.describe(&words)),
                words,
                excerpt,
                state: None,
            });
        }
    }
    findings
}

/// A range of a line with some words around it.
pub(super) fn excerpt(line: &str, range: &Range<usize>) -> String {
    let before = line[..range.start].char_indices().rev().nth(29).map_or(0, |(at, _)| at);
    let before = if before == 0 { 0 } else { line[before..].find(' ').map_or(before, |space| before + space + 1) };
    let before = before.min(range.start);
    let behind = &line[range.end..];
    let end = behind.char_indices().nth(30).map_or(line.len(), |(at, _)| {
        range.end + behind[..at].rfind(' ').unwrap_or(if behind.starts_with(' ') { 0 } else { at })
    });
    let left = if line[..before].trim().is_empty() { "" } else { "…" };
    let right = if line[end..].trim().is_empty() { "" } else { "…" };
    format!("{left}{}{right}", safe_text::line(line[before..end].trim()))
}

fn short(word: &str) -> String {
    let mut cut: String = word.chars().take(40).collect();
    if cut.len() < word.len() {
        cut.push('…');
    }
    safe_text::line(&cut).into_owned()
}

fn foreign(word: &str) -> String {
    let others = word.chars().filter(|c| matches!(c.script(), Script::Cyrillic | Script::Greek)).take(3);
    others.map(|c| format!("`{c}` is U+{:04X}", u32::from(c))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(line: &str) -> Vec<Strange> {
        strange_words(line).into_iter().map(|(strange, _)| strange).collect()
    }

    #[test]
    fn a_word_of_two_scripts_is_strange_and_its_place_is_known() {
        let line = "Dear M\u{430}ria, (\u{39F}slo)";
        let found: Vec<&str> = strange_words(line).into_iter().map(|(_, range)| &line[range]).collect();
        assert_eq!(found, ["M\u{430}ria", "\u{39F}slo"]);
    }

    #[test]
    fn scripts_side_by_side_and_signs_of_units_are_as_people_write() {
        for line in [
            "Liu Xia 劉霞 and 5 kΩ, 3 µm",
            "Мария Ивановна of PEN-клуб",
            "السفيرة Ms. Amal",
            "α-Oslo",
            "Ελλάδα, Athens",
            "AB劉",
        ] {
            assert_eq!(kinds(line), [], "{line}");
        }
    }

    #[test]
    fn a_run_without_end_is_strange_and_an_address_of_the_web_is_not() {
        assert_eq!(kinds(&format!("see {}", "x".repeat(201))), [Strange::Long]);
        assert_eq!(kinds(&format!("see {}", "x".repeat(200))), []);
        assert_eq!(kinds(&format!("(https://a.example/{})", "x".repeat(300))), []);
        assert_eq!(kinds(&format!("https://a.example/{}", "x".repeat(999))), [Strange::Long]);
        assert_eq!(kinds(&"人權".repeat(300)), []);
    }
}
