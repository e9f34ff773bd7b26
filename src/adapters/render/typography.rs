//! What a language's typography asks of spaces, so that nobody has to type characters that cannot be seen.

use super::tree::{Block, Inline, Item};
use crate::letters::wording::Tongue;

/// The author's words with the spaces of the letter's language.
pub fn typeset(blocks: &mut [Block], tongue: Option<Tongue>) {
    for block in blocks {
        match block {
            Block::Paragraph(inlines) | Block::Plain(inlines) | Block::Heading(_, inlines) => line(inlines, tongue),
            Block::List(_, items) => {
                for item in items {
                    if let Item::Item(blocks) = item {
                        typeset(blocks, tongue);
                    }
                }
            }
            Block::Quote(blocks) => typeset(blocks, tongue),
            Block::Rule | Block::Tag(_) => {}
        }
    }
}

/// As [`typeset`], for one line.
pub fn line(inlines: &mut [Inline], tongue: Option<Tongue>) {
    for inline in inlines {
        match inline {
            Inline::Text(words, _) => {
                if let Some(tongue) = tongue {
                    *words = tongue.spaced(words);
                }
            }
            Inline::Emphasis(inner) | Inline::Strong(inner) => line(inner, tongue),
            Inline::Link { label, .. } => line(label, tongue),
            Inline::Tag(_) | Inline::HardBreak => {}
        }
    }
}
