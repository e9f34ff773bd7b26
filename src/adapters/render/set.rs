//! Tree → template of the data that a PDF is set from: JSON, in the shape that `pdf/main.typ` reads.
//!
//! What tags leave out leaves no comma behind: every element ends with one, and every list with `null`, which is skipped.
//! Braces and backslashes are written as `\u…`, for Handlebars reads the result.

use super::html::{label_is_url, shown_url};
use super::pieces::Piece;
use super::tree::{Block, Inline, Item};

pub fn write(blocks: &[Block], pieces: &[Piece]) -> String {
    let mut writer = Writer { pieces, out: String::new(), levels: Vec::new() };
    writer.blocks(blocks);
    writer.out
}

struct Writer<'a> {
    pieces: &'a [Piece],
    out: String,
    /// Headings that are open, by their level in the Markdown: their number is the level on paper, so that none is skipped
    /// (PDF/UA-1, 7.4.2).
    levels: Vec<u8>,
}

impl Writer<'_> {
    /// `[…,null]`
    fn blocks(&mut self, blocks: &[Block]) {
        self.out.push('[');
        for block in blocks {
            self.block(block);
        }
        self.out.push_str("null]");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(inlines) => self.words("p", inlines),
            Block::Plain(inlines) => self.words("plain", inlines),
            Block::Heading(level, inlines) => {
                while self.levels.last().is_some_and(|open| open >= level) {
                    self.levels.pop();
                }
                self.levels.push(*level);
                // The subject is the heading of the first level.
                self.words(&format!("h\",\"level\":\"{}", self.levels.len() + 1), inlines);
            }
            Block::List(start, items) => {
                let start = start.map_or_else(|| "null".to_owned(), |n| n.to_string());
                self.out.push_str(&format!("{{\"k\":\"list\",\"start\":{start},\"c\":["));
                for item in items {
                    match item {
                        Item::Item(blocks) => {
                            self.blocks(blocks);
                            self.out.push(',');
                        }
                        Item::Tag(tag) => self.tag(*tag),
                    }
                }
                self.out.push_str("null]},");
            }
            Block::Quote(blocks) => {
                self.out.push_str("{\"k\":\"quote\",\"c\":");
                self.blocks(blocks);
                self.out.push_str("},");
            }
            Block::Rule => self.out.push_str("{\"k\":\"rule\"},"),
            Block::Tag(tag) => self.tag(*tag),
        }
    }

    fn words(&mut self, kind: &str, inlines: &[Inline]) {
        self.out.push_str(&format!("{{\"k\":\"{kind}\",\"c\":["));
        self.inlines(inlines);
        self.out.push_str("null]},");
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(words, _) => self.text(words),
                Inline::Tag(tag) => self.tag(*tag),
                Inline::Emphasis(inner) => self.words("em", inner),
                Inline::Strong(inner) => self.words("strong", inner),
                Inline::Link { url, label } => self.link(url, label),
                Inline::HardBreak => self.out.push_str("{\"k\":\"br\"},"),
            }
        }
    }

    fn text(&mut self, words: &str) {
        self.out.push_str("{\"k\":\"t\",\"v\":\"");
        self.out.push_str(&escape(words));
        self.out.push_str("\"},");
    }

    /// The words and the address, as in the text part.
    fn link(&mut self, url: &str, label: &[Inline]) {
        let shown = shown_url(url);
        let apart = !label_is_url(label, shown);
        if apart {
            self.inlines(label);
            self.text(" (");
        }
        self.out.push_str(&format!("{{\"k\":\"link\",\"url\":\"{}\",\"v\":\"{}\"}},", escape(url), escape(shown)));
        if apart {
            self.text(")");
        }
    }

    fn tag(&mut self, tag: usize) {
        let code = match &self.pieces[tag] {
            Piece::Value(code) => format!("{{\"k\":\"t\",\"v\":\"{code}\"}},"),
            Piece::Open(code) | Piece::Else(code) | Piece::Close(code) => code.clone(),
            Piece::Signatories => format!(
                "{{\"k\":\"signatories\",\"c\":[{{{{some {tag} @root.signatories}}}}{{{{#each @root.signatories}}}}\
                 {{\"name\":\"{{{{put {tag} this.name}}}}\"{{{{#if this.mark}}}},\"mark\":\"{{{{put {tag} this.mark}}}}\"{{{{/if}}}}\
                 {{{{#if this.note}}}},\"note\":\"{{{{put {tag} this.note}}}}\"{{{{/if}}}} }},{{{{/each}}}}null]}},"
            ),
            Piece::Asks => format!(
                "{{\"k\":\"list\",\"start\":null,\"c\":[{{{{some {tag} @root.asks}}}}{{{{#each @root.asks}}}}\
                 [{{\"k\":\"plain\",\"c\":[{{\"k\":\"t\",\"v\":\"{{{{put {tag} this.text}}}}\"}}]}}],{{{{/each}}}}null]}},"
            ),
            Piece::Nothing => String::new(),
        };
        self.out.push_str(&code);
    }
}

/// A text between quotes, in JSON and for Handlebars at once.
pub fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '"' | '\\' | '{' | '}' | '\0'..='\u{1F}' | '\u{7F}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
