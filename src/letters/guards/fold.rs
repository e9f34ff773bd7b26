//! Words made comparable: one space between them, no line ends, accents or kinds of apostrophe; each letter knows whence it came.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use crate::vocabulary::safe_text;

/// Characters shown before and behind a finding.
const AROUND: usize = 30;

/// A letter's parts as one line of words, twice: as written, and in small letters.
///
/// - An accent makes no difference: French capitals often go without, and one letter has two encodings (NFC, NFD).
/// - A hyphen within a word is a space: `Guinea Bissau` is `Guinea-Bissau`.
/// - The end of a line is a space, the end of a paragraph is not: a name may be broken over lines, never over paragraphs.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// As written, folded.
    pub chars: Vec<char>,
    /// In small letters; the same number of characters.
    pub small: String,
    /// For each byte of `small` at which a character begins, its number; and one more for the end.
    numbers: Vec<usize>,
    /// The parts as they are, on one line a paragraph, and where each of `chars` begins in them.
    plain: String,
    places: Vec<usize>,
}

/// Stands between parts and paragraphs: no name holds it.
const GAP: char = '\n';

impl Folded {
    pub fn of(parts: &[&str]) -> Self {
        let mut folded = Self::default();
        for part in parts {
            for line in part.lines() {
                // The bars of a quote are no words.
                let words = line.trim_start_matches(['>', ' ']).trim_end();
                if words.is_empty() {
                    folded.gap();
                    continue;
                }
                folded.line(words);
                folded.push(' ', folded.plain.len());
                folded.plain.push(' ');
            }
            folded.gap();
        }
        folded.finish();
        folded
    }

    /// A single phrase to be looked for.
    pub fn phrase(text: &str) -> Self {
        let mut folded = Self::default();
        folded.line(text.trim());
        folded.finish();
        folded
    }

    fn gap(&mut self) {
        while self.chars.last() == Some(&' ') {
            self.chars.pop();
            self.places.pop();
        }
        self.push(GAP, self.plain.len());
        self.plain.push(GAP);
    }

    fn line(&mut self, line: &str) {
        let mut before: Option<char> = None;
        let mut after = line.chars();
        for c in line.chars() {
            after.next();
            let place = self.plain.len();
            self.plain.push(c);
            let next = after.clone().next();
            let inside = before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric);
            before = Some(c);
            match c {
                '-' | '\u{2010}' | '\u{2011}' if inside => self.push(' ', place),
                '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{00B4}' | '`' => self.push('\'', place),
                c if c.is_whitespace() => self.push(' ', place),
                c if safe_text::is_unsafe(c) => {}
                c => decompose_canonical(c, |part| {
                    if !is_combining_mark(part) {
                        self.push(part, place);
                    }
                }),
            }
        }
    }

    fn push(&mut self, c: char, place: usize) {
        if c == ' ' && matches!(self.chars.last(), Some(' ' | '\n') | None) {
            return;
        }
        self.chars.push(c);
        self.places.push(place);
    }

    fn finish(&mut self) {
        self.places.push(self.plain.len());
        self.small = String::with_capacity(self.chars.len() + 16);
        for (number, c) in self.chars.iter().enumerate() {
            let mut lower = c.to_lowercase();
            let small = match (lower.next(), lower.next()) {
                (Some(small), None) => small,
                _ => *c,
            };
            self.small.push(small);
            self.numbers.resize(self.small.len(), number);
        }
        self.numbers.push(self.chars.len());
    }

    /// The number of the character at a byte of `small`.
    pub fn number(&self, byte: usize) -> usize {
        self.numbers.get(byte).copied().unwrap_or(self.chars.len())
    }

    /// Whether characters `from..to` stand for themselves, and are no piece of a longer word.
    pub fn is_whole(&self, from: usize, to: usize) -> bool {
        let char_at = |number: usize| self.chars.get(number).copied();
        let joined = |a: Option<char>, b: Option<char>| match (a, b) {
            (Some(a), Some(b)) => a.is_alphanumeric() && b.is_alphanumeric() && !has_no_spaces(a) && !has_no_spaces(b),
            _ => false,
        };
        let before = from.checked_sub(1).and_then(char_at);
        !joined(before, char_at(from)) && !joined(to.checked_sub(1).and_then(char_at), char_at(to))
    }

    /// The words as they were written, and with some around them.
    pub fn excerpt(&self, from: usize, to: usize) -> (String, String) {
        let written = self.written(from, to);
        let start = self.chars[..from].iter().rposition(|c| *c == GAP).map_or(0, |gap| gap + 1);
        let end = self.chars[to..].iter().position(|c| *c == GAP).map_or(self.chars.len(), |gap| to + gap);
        let mut left = from.saturating_sub(AROUND).max(start);
        while left > start && left < from && self.chars[left - 1] != ' ' {
            left += 1;
        }
        let mut right = (to + AROUND).min(end);
        while right < end && right > to && self.chars[right] != ' ' {
            right -= 1;
        }
        let before = if left > start { "…" } else { "" };
        let behind = if right < end { "…" } else { "" };
        (written, format!("{before}{}{behind}", self.written(left, right)))
    }

    fn written(&self, from: usize, to: usize) -> String {
        let place = |number: usize| self.places.get(number).copied().unwrap_or(self.plain.len());
        let words = self.plain.get(place(from)..place(to)).unwrap_or("");
        safe_text::line(words.trim()).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Chinese, Japanese, Thai, Lao, Khmer, Burmese: words stand side by side without a space.
fn has_no_spaces(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_accents_hyphens_and_apostrophes_make_no_difference() {
        let same = |a: &str, b: &str| assert_eq!(Folded::phrase(a).small, Folded::of(&[b]).small.trim(), "{b:?}");
        same("Guinea-Bissau", "guinea\u{2011}bissau");
        same("Papua New Guinea", "> Papua New\n> Guinea");
        same("Côte d'Ivoire", "Co\u{302}te d\u{2019}Ivoire");
        same("États-Unis", "Etats\u{A0}-Unis".replace("\u{A0}", "").as_str());
        same("South Sudan", "South\u{A0}\n   Sudan");
    }

    #[test]
    fn a_dash_between_spaces_and_a_new_paragraph_divide_words() {
        for text in ["South - Sudan", "South\n\nSudan", "South\n- Sudan"] {
            assert!(!Folded::of(&[text]).small.contains("south sudan"), "{text:?}");
        }
    }

    #[test]
    fn an_excerpt_is_what_was_written_and_stays_within_its_paragraph() {
        let folded =
            Folded::of(&["Subject", "One.\n\nWe write to the Government of the Côte\nd’Ivoire on this day.\n\nTwo."]);
        let byte = folded.small.find("cote d'ivoire").unwrap();
        let (from, to) = (folded.number(byte), folded.number(byte + "cote d'ivoire".len()));
        let (words, excerpt) = folded.excerpt(from, to);
        assert_eq!(words, "Côte d’Ivoire");
        assert_eq!(excerpt, "…to the Government of the Côte d’Ivoire on this day.");
    }
}
