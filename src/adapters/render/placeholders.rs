//! Tags hidden from the Markdown reader: each becomes one character that no Markdown rule knows.

use std::ops::Range;

use super::pieces::Piece;
use super::tags::Tag;

/// The placeholder of tag 0; the others follow. Plane 15 is for private use, and refused in a letter's own text.
const FIRST: u32 = 0xF_0000;

/// More tags than this have no placeholder; no letter comes near.
pub const MOST_TAGS: usize = 60_000;

/// The number of the tag for which `c` stands.
pub fn tag_of(c: char) -> Option<usize> {
    let offset = u32::from(c).checked_sub(FIRST)?;
    usize::try_from(offset).ok().filter(|n| *n < MOST_TAGS)
}

fn placeholder(tag: usize) -> char {
    u32::try_from(tag).ok().and_then(|n| char::from_u32(FIRST + n)).unwrap_or('\u{FFFD}')
}

/// A body with placeholders, and the way back to the places of the source.
#[derive(Debug)]
pub struct Hidden {
    pub text: String,
    /// (offset in `text`, offset in the source), ascending: from there on both run side by side.
    steps: Vec<(usize, usize)>,
}

impl Hidden {
    /// The place in the source of a place in `text`.
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        let back = |at: usize| {
            let step = self.steps.partition_point(|(here, _)| *here <= at).saturating_sub(1);
            self.steps.get(step).map_or(at, |(here, there)| there + (at - here))
        };
        let start = back(range.start);
        start..back(range.end).max(start)
    }

    fn step(&mut self, source: usize) {
        self.steps.push((self.text.len(), source));
    }
}

/// Replaces the tags within `body`. A line that holds nothing but block tags is set apart by empty lines, so that it can
/// wrap whole paragraphs.
pub fn hide(text: &str, body: Range<usize>, tags: &[Tag], first: usize, pieces: &[Piece]) -> Hidden {
    let mut hidden = Hidden { text: String::with_capacity(body.len() + 64), steps: Vec::new() };
    let mut tags = tags.iter().enumerate().skip(first).peekable();
    let mut at = body.start;
    while at < body.end {
        // One line of the result: a tag may hold line breaks, its placeholder does not.
        let line_start = at;
        let mut line: Vec<(String, usize)> = Vec::new();
        let mut only_blocks = true;
        let mut any = false;
        let mut only_notes = true;
        loop {
            let tag_start = tags.peek().map_or(body.end, |(_, tag)| tag.range.start);
            let stop = text[at..tag_start.min(body.end)].find('\n').map(|i| at + i + 1);
            let plain_end = stop.unwrap_or(tag_start.min(body.end));
            only_blocks &= text[at..plain_end].chars().all(|c| c.is_whitespace() || (c == '>' && !any));
            line.push((text[at..plain_end].to_owned(), at));
            at = plain_end;
            match tags.peek() {
                Some((index, tag)) if stop.is_none() && at < body.end => {
                    only_blocks &= pieces[*index].is_block();
                    any = true;
                    only_notes &= pieces[*index] == Piece::Nothing;
                    line.push((placeholder(*index).to_string(), at));
                    at = tag.range.end;
                    tags.next();
                }
                _ => break,
            }
        }
        let apart = any && only_blocks;
        if apart && only_notes {
            // A note for colleagues is no line of the letter.
            continue;
        }
        let quotes: String = text[line_start..].chars().take_while(|c| matches!(c, ' ' | '\t' | '>')).collect();
        let empty_line = format!("{}\n", quotes.trim_end());
        if apart {
            hidden.step(line_start);
            hidden.text.push_str(&empty_line);
        }
        for (part, source) in line {
            hidden.step(source);
            hidden.text.push_str(&part);
        }
        if apart {
            hidden.step(at);
            if !hidden.text.ends_with('\n') {
                hidden.text.push('\n');
            }
            hidden.text.push_str(&empty_line);
        }
    }
    hidden.step(body.end);
    hidden
}
