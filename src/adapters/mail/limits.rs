//! How much of a message is read. Beyond it the raw message is kept, and what was left is said.

/// Of a message. Source of this and the next three: design, "MIME bombs"; Postfix has `mime_nesting_limit = 100`.
pub const LONGEST: usize = 50 << 20;
/// Parts inside parts, and messages inside messages.
pub const DEEPEST: usize = 50;
pub const MOST_PARTS: usize = 1_000;
/// All header fields together, those of parts and inner messages too.
pub const MOST_HEADER_BYTES: usize = 1 << 20;

/// Fields, in all; a letter has about 30 a message.
pub const MOST_FIELDS: usize = 5_000;
/// Of one field, folded as it stands. `References` of a long thread has a few thousand bytes.
pub const LONGEST_FIELD: usize = 64 << 10;
/// Of one part of text, before decoding.
pub const LONGEST_TEXT: usize = 1 << 20;
/// Of all text, before decoding: so that a message within [`LONGEST`] is read in 64 MiB, itself among them.
pub const MOST_TEXT: usize = 3 << 20;
/// An inner message that is itself encoded is decoded up to here.
pub const LONGEST_ENCODED_MESSAGE: usize = 2 << 20;

/// What was left out, each thing once.
#[derive(Debug, Default)]
pub struct LeftOut(Vec<&'static str>);

impl LeftOut {
    pub fn note(&mut self, what: &'static str) {
        if !self.0.contains(&what) {
            self.0.push(what);
        }
    }

    pub fn told(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("not read to its end: {}", self.0.join("; ")))
    }
}
