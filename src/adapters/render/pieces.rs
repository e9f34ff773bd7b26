//! Checked tags: what the writers put into the templates.

use super::tags::Block;
use crate::letters::facts::FactKind;

/// A checked tag, as the engine gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Prints one value.
    Value(String),
    Open(String),
    Else(String),
    Close(String),
    /// Prints the whole list, with marks and notes.
    Signatories,
    /// Prints the whole list.
    Asks,
    Nothing,
}

impl Piece {
    /// Whether the tag may stand between paragraphs.
    pub fn is_block(&self) -> bool {
        !matches!(self, Self::Value(_))
    }
}

/// A block from its opening to its closing tag: indices of tags.
#[derive(Debug, Clone)]
pub struct Span {
    pub block: Block,
    /// Which list `each` goes through.
    pub list: Option<FactKind>,
    pub open: usize,
    pub elses: Vec<usize>,
    pub close: usize,
}
