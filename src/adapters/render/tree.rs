//! A letter between Markdown and its outputs: blocks of inlines, in which tags stand as leaves.
//!
//! Every writer (HTML, text, the data for a PDF) walks the same tree, so that all outputs have the same words.

use std::ops::Range;

/// One thing within a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// Words, and where they stand in the source (bytes).
    Text(String, Range<usize>),
    /// The tag of that number.
    Tag(usize),
    Emphasis(Vec<Self>),
    Strong(Vec<Self>),
    /// `https`, `http` or `mailto`; the address is checked.
    Link {
        url: String,
        label: Vec<Self>,
    },
    HardBreak,
}

/// One thing of lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    /// The words of a list item that has no paragraphs of its own.
    Plain(Vec<Inline>),
    Heading(u8, Vec<Inline>),
    /// With the first number, if numbered.
    List(Option<u64>, Vec<Item>),
    Quote(Vec<Self>),
    Rule,
    /// The tag of that number, between paragraphs.
    Tag(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Item(Vec<Block>),
    /// A block tag between items.
    Tag(usize),
}

/// What the tags between paragraphs do, as far as the tree must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Opens the span with the closing tag of that number; `each` repeats what it holds.
    Open {
        close: usize,
        each: bool,
    },
    Else {
        close: usize,
    },
    Close,
    /// Prints something or nothing; wraps nothing.
    Leaf,
}

/// Joins bullets that only a block tag separates into one list, and lifts a block that fills a paragraph out of it.
pub fn settle(blocks: Vec<Block>, mark: &dyn Fn(usize) -> Mark) -> Vec<Block> {
    let blocks = blocks.into_iter().flat_map(|block| lift(block, mark)).collect();
    join_lists(blocks, mark)
}

/// A paragraph that is nothing but `{{#if}}…{{/if}}` becomes a paragraph within the block: no empty one is left behind.
fn lift(block: Block, mark: &dyn Fn(usize) -> Mark) -> Vec<Block> {
    match block {
        Block::Paragraph(inlines) => lift_paragraph(inlines, mark),
        Block::Quote(blocks) => vec![Block::Quote(settle(blocks, mark))],
        Block::List(start, items) => vec![Block::List(
            start,
            items
                .into_iter()
                .map(|item| match item {
                    Item::Item(blocks) => Item::Item(settle(blocks, mark)),
                    tag @ Item::Tag(_) => tag,
                })
                .collect(),
        )],
        other => vec![other],
    }
}

fn lift_paragraph(inlines: Vec<Inline>, mark: &dyn Fn(usize) -> Mark) -> Vec<Block> {
    let close = match inlines.first() {
        Some(Inline::Tag(first)) => match mark(*first) {
            Mark::Open { close, .. } => close,
            _ => return vec![Block::Paragraph(inlines)],
        },
        _ => return vec![Block::Paragraph(inlines)],
    };
    if inlines.last() != Some(&Inline::Tag(close)) {
        return vec![Block::Paragraph(inlines)];
    }
    let mut lifted = Vec::new();
    let mut branch = Vec::new();
    let flush = |branch: &mut Vec<Inline>, lifted: &mut Vec<Block>| {
        let words = trimmed(std::mem::take(branch));
        if !words.is_empty() {
            lifted.extend(lift_paragraph(words, mark));
        }
    };
    let last = inlines.len() - 1;
    for (i, inline) in inlines.into_iter().enumerate() {
        match inline {
            Inline::Tag(tag) if i == 0 || i == last || mark(tag) == (Mark::Else { close }) => {
                flush(&mut branch, &mut lifted);
                lifted.push(Block::Tag(tag));
            }
            inline => branch.push(inline),
        }
    }
    lifted
}

/// Without spaces at both ends.
fn trimmed(mut inlines: Vec<Inline>) -> Vec<Inline> {
    if let Some(Inline::Text(text, _)) = inlines.first_mut() {
        *text = text.trim_start().to_owned();
    }
    if let Some(Inline::Text(text, _)) = inlines.last_mut() {
        *text = text.trim_end().to_owned();
    }
    inlines.retain(|inline| !matches!(inline, Inline::Text(text, _) if text.is_empty()));
    inlines
}

fn join_lists(blocks: Vec<Block>, mark: &dyn Fn(usize) -> Mark) -> Vec<Block> {
    let mut joined = Vec::new();
    let mut rest = blocks.as_slice();
    while let Some(first) = rest.first() {
        let length = run_of_bullets(rest, mark);
        if length > 1 {
            let items = rest[..length].iter().flat_map(|block| match block {
                Block::List(_, items) => items.clone(),
                Block::Tag(tag) => vec![Item::Tag(*tag)],
                _ => Vec::new(),
            });
            joined.push(Block::List(None, items.collect()));
            rest = &rest[length..];
        } else {
            joined.push(first.clone());
            rest = &rest[1..];
        }
    }
    joined
}

/// How many blocks from the start are one list of bullets: it begins with an item that is always there (or with `each`,
/// which refuses an empty list), and every block tag within it is closed within it.
fn run_of_bullets(blocks: &[Block], mark: &dyn Fn(usize) -> Mark) -> usize {
    let starts = match blocks.first() {
        Some(Block::List(None, _)) => true,
        Some(Block::Tag(tag)) => matches!(mark(*tag), Mark::Open { each: true, .. }),
        _ => false,
    };
    if !starts {
        return 0;
    }
    let (mut depth, mut whole) = (0_usize, 0);
    for (i, block) in blocks.iter().enumerate() {
        match block {
            Block::List(None, _) => {}
            Block::Tag(tag) => match mark(*tag) {
                Mark::Open { .. } => depth += 1,
                Mark::Else { .. } if depth > 0 => {}
                Mark::Close if depth > 0 => depth -= 1,
                _ => break,
            },
            _ => break,
        }
        if depth == 0 {
            whole = i + 1;
        }
    }
    whole
}
