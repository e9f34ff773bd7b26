//! The words of a letter, whatever it is printed as: so that text, HTML and PDF can be proved to say the same.

/// A letter's characters in reading order, without what only arranges them: spaces, and the signs with which lists, quotes
/// and rules are drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(String);

/// `-`, `*` and `>` draw lists, rules and quotes in plain text; `•` does in a PDF. They may be words too; that is the one
/// difference that a comparison cannot see.
fn arranges(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '*' | '>' | '•' | '\u{200B}')
}

/// What a byte is to [`Sieve`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Word,
    Arranges,
    /// A character begins with it that may arrange.
    MayArrange,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Word; 256];
    let mut byte = 0;
    while byte < bytes.len() {
        bytes[byte] = match byte {
            0x09..=0x0D | 0x20 | 0x2A | 0x2D | 0x3E => Byte::Arranges,
            // Spaces beyond ASCII are U+0085, U+00A0, U+1680, U+2000 to U+205F and U+3000.
            0xC2 | 0xE1..=0xE3 => Byte::MayArrange,
            _ => Byte::Word,
        };
        byte += 1;
    }
    bytes
};

/// Words as they are gathered, piece by piece.
#[derive(Debug, Default)]
pub struct Sieve(Vec<u8>);

impl Sieve {
    /// `bytes`: about so many will come.
    pub fn for_about(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub fn add(&mut self, text: &str) {
        let start = self.0.len();
        self.0.resize(start + text.len(), 0);
        let added = &mut self.0[start..];
        let (mut at, mut kept) = (0, 0);
        // Each byte is written, and the next one over it where it arranges: one byte in six does, so a processor could not guess.
        while let Some(b) = text.as_bytes().get(at) {
            let kind = BYTES[usize::from(*b)];
            if kind == Byte::MayArrange
                && let Some(c) = text.get(at..).and_then(|rest| rest.chars().next())
                && arranges(c)
            {
                at += c.len_utf8();
                continue;
            }
            added[kept] = *b;
            kept += usize::from(kind != Byte::Arranges);
            at += 1;
        }
        self.0.truncate(start + kept);
    }

    pub fn words(self) -> Words {
        // Only whole characters were left out.
        Words(String::from_utf8(self.0).unwrap_or_else(|not| String::from_utf8_lossy(not.as_bytes()).into_owned()))
    }
}

impl Words {
    pub fn of(text: &str) -> Self {
        let mut sieve = Sieve::for_about(text.len());
        sieve.add(text);
        sieve.words()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where two letters part, each with a few characters around the place; `None` when they say the same.
    pub fn difference(&self, other: &Self) -> Option<(String, String)> {
        if self.0 == other.0 {
            return None;
        }
        let common = self.0.chars().zip(other.0.chars()).take_while(|(a, b)| a == b).count();
        let around = |words: &str| words.chars().skip(common.saturating_sub(20)).take(45).collect();
        Some((around(&self.0), around(&other.0)))
    }

    /// The same for pages on which lines are laid out from right to left: their words stand in the order of the page, not of
    /// reading, so what is compared is which characters there are, and how often each.
    pub fn difference_in_any_order(&self, other: &Self) -> Option<(String, String)> {
        let sorted = |words: &str| {
            let mut all: Vec<char> = words.chars().collect();
            all.sort_unstable();
            Self(all.into_iter().collect())
        };
        sorted(&self.0).difference(&sorted(&other.0))
    }
}

/// Whether a text holds letters of a script that is written from right to left.
pub fn runs_right_to_left(text: &str) -> bool {
    text.chars().any(is_right_to_left)
}

/// Hebrew, Arabic, Syriac, Thaana, N'Ko and their neighbours (Unicode Standard Annex 9, classes R and AL).
pub fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_bullets_are_not_words() {
        assert_eq!(Words::of("We ask:\n\n- to join,\n  and\n* * *\n> so"), Words::of("We ask: • to join, and so"));
    }

    #[test]
    fn whatever_arranges_is_left_out_wherever_it_stands() {
        let every: String = (0..=0x3100_u32).filter_map(char::from_u32).collect();
        let wanted: String = every.chars().filter(|c| !arranges(*c)).collect();
        assert_eq!(Words::of(&every).as_str(), wanted);
        assert_eq!(Words::of(" \u{3000}a\u{2028}b\u{A0}").as_str(), "ab");
        assert!(('\u{3101}'..=char::MAX).all(|c| !arranges(c)), "the table of bytes knows no others");
    }

    #[test]
    fn one_other_word_is_found_and_shown() {
        let (ours, theirs) = Words::of("We write to Sweden").difference(&Words::of("We write to Norway")).unwrap();
        assert_eq!((ours.as_str(), theirs.as_str()), ("WewritetoSweden", "WewritetoNorway"));
    }

    #[test]
    fn a_word_that_is_missing_is_found_in_any_order() {
        let whole = Words::of("سعادة السفير Wang");
        assert_eq!(whole.difference_in_any_order(&Words::of("Wang السفير سعادة")), None);
        assert!(whole.difference_in_any_order(&Words::of("Wang السفير")).is_some());
    }

    #[test]
    fn arabic_and_hebrew_run_from_right_to_left() {
        assert!(runs_right_to_left("Mr. أحمد") && runs_right_to_left("דוד"));
        assert!(!runs_right_to_left("Zoë, Владимир, 習近平, 37.º"));
    }
}
