//! Languages of letters.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A language by its ISO 639 code, two or three small letters: `en`, `fr`, `ar`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language {
    letters: [u8; 3],
    len: u8,
}

impl Language {
    /// The language of last resort: every letter has its English text.
    pub const ENGLISH: Self = Self { letters: *b"en\0", len: 2 };
    pub const FRENCH: Self = Self { letters: *b"fr\0", len: 2 };
    pub const SPANISH: Self = Self { letters: *b"es\0", len: 2 };

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters[..usize::from(self.len)]).unwrap_or("en")
    }

    /// Whether the script runs from right to left, for `dir` in HTML.
    pub fn right_to_left(&self) -> bool {
        matches!(self.as_str(), "ar" | "fa" | "he" | "ps" | "ur" | "ug" | "yi" | "dv" | "ckb" | "sd")
    }
}

/// Why a text is no language code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a language is written with two or three small letters, as in en, fr or es")]
pub struct LanguageError;

impl FromStr for Language {
    type Err = LanguageError;
    fn from_str(text: &str) -> Result<Self, LanguageError> {
        if !text.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(LanguageError);
        }
        match *text.as_bytes() {
            [a, b] => Ok(Self { letters: [a, b, 0], len: 2 }),
            [a, b, c] => Ok(Self { letters: [a, b, c], len: 3 }),
            _ => Err(LanguageError),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Language {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
