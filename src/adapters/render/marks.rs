//! Characters of private use that carry structure through the engine. Refused in letters and in facts, so that only we
//! can have written them.

use std::borrow::Cow;

use memchr::memmem::Finder;

/// An empty line is wanted before what follows.
pub const GAP: char = '\u{F8F0}';
/// Begins a paragraph of text: the first line's indent, [`REST`], the other lines' indent, [`WORDS`], the words, [`END`].
pub const FIRST: char = '\u{F8F1}';
pub const REST: char = '\u{F8F2}';
pub const WORDS: char = '\u{F8F3}';
pub const END: char = '\u{F8F4}';
/// A line break that stays.
pub const BREAK: char = '\u{F8F5}';
/// `{`, `}` and `\` of the author's own words: Handlebars would read them.
pub const LEFT_BRACE: char = '\u{F8F6}';
pub const RIGHT_BRACE: char = '\u{F8F7}';
pub const BACKSLASH: char = '\u{F8F8}';
/// Begins and ends an alarm: a letter for the kind, then the tag's number.
pub const ALARM: char = '\u{F8F9}';
pub const ALARM_END: char = '\u{F8FA}';
/// Around a value in HTML.
pub const ISOLATE: char = '\u{F8FB}';
pub const ISOLATE_END: char = '\u{F8FC}';

/// Whether `c` is of private use, anywhere in Unicode.
pub fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// The author's words as a text template holds them.
pub fn shield(words: &str, into: &mut String) {
    into.extend(words.chars().map(|c| match c {
        '{' => LEFT_BRACE,
        '}' => RIGHT_BRACE,
        '\\' => BACKSLASH,
        c => c,
    }));
}

/// One of our marks, to be looked for many bytes at once.
#[derive(Debug)]
pub struct Mark(Finder<'static>);

impl Mark {
    pub fn new(mark: char) -> Self {
        Self(Finder::new(mark.encode_utf8(&mut [0; 4])).into_owned())
    }

    /// What stands before the first such mark, and behind it.
    pub fn split<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        let at = self.0.find(text.as_bytes())?;
        Some((text.get(..at)?, text.get(at + self.0.needle().len()..)?))
    }
}

/// Whether a text has any of our marks. All begin with the same two bytes.
pub fn has_marks(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"\xEF\xA3").is_some()
}

/// Undoes [`shield`].
pub fn unshield(text: &str) -> Cow<'_, str> {
    if !has_marks(text) {
        return Cow::Borrowed(text);
    }
    let plain = text.chars().map(|c| match c {
        LEFT_BRACE => '{',
        RIGHT_BRACE => '}',
        BACKSLASH => '\\',
        c => c,
    });
    Cow::Owned(plain.collect())
}
