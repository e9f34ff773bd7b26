//! A letter as it comes from the press.

/// What one delegation reads: the same words twice, as text and as HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, at most [`LONGEST_SUBJECT`] characters.
    pub subject: String,
    /// Lines of at most 72 columns (an address of the web is never broken), ended by `\n`.
    pub text: String,
    /// A whole HTML document without remote content.
    pub html: String,
}

/// Unit: characters. Longer ones are cut by mail programs, in the middle of a State's name.
pub const LONGEST_SUBJECT: usize = 255;

/// Unit: bytes, for text and HTML each. 1 MiB, over a hundred times a long letter: more is a loop gone wrong.
pub const LARGEST_PART: usize = 1024 * 1024;

/// Unit: bytes, of all files of one letter together. They are kept with every letter, 193 times, so that each is whole by itself;
/// and many missions' servers refuse more than a few MB.
pub const LARGEST_ATTACHMENTS: usize = 3 * 1024 * 1024;
