//! Tree → text template. Paragraphs stay whole, between marks: they are wrapped once their values are in them.

use super::html::{label_is_url, shown_url};
use super::marks::{BREAK, END, FIRST, GAP, REST, WORDS, shield};
use super::pieces::Piece;
use super::tree::{Block, Inline, Item};

pub fn write(blocks: &[Block], pieces: &[Piece]) -> String {
    let mut writer = Writer { pieces, out: String::new(), depth: 0 };
    writer.blocks(blocks, &Indent::default());
    writer.out
}

/// One line of inlines, without marks: the subject.
pub fn line(inlines: &[Inline], pieces: &[Piece]) -> String {
    let mut writer = Writer { pieces, out: String::new(), depth: 0 };
    writer.inlines(inlines);
    writer.out
}

/// What stands before the first line and before the others.
#[derive(Debug, Clone, Default)]
struct Indent {
    first: String,
    rest: String,
}

impl Indent {
    fn within(&self, first: &str, rest: &str) -> Self {
        Self { first: format!("{}{first}", self.first), rest: format!("{}{rest}", self.rest) }
    }

    /// For what follows the first block of a list item.
    fn after_first(&self) -> Self {
        Self { first: self.rest.clone(), rest: self.rest.clone() }
    }
}

struct Writer<'a> {
    pieces: &'a [Piece],
    out: String,
    /// How many lists we are in.
    depth: usize,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block], indent: &Indent) {
        let mut indent = indent.clone();
        for block in blocks {
            self.block(block, &indent);
            if !matches!(block, Block::Tag(_)) {
                indent = indent.after_first();
            }
        }
    }

    fn block(&mut self, block: &Block, indent: &Indent) {
        match block {
            Block::Paragraph(inlines) | Block::Heading(_, inlines) => {
                self.out.push(GAP);
                self.record(indent, |writer| writer.inlines(inlines));
                self.out.push(GAP);
            }
            Block::Plain(inlines) => self.record(indent, |writer| writer.inlines(inlines)),
            Block::List(start, items) => self.list(*start, items, indent),
            Block::Quote(blocks) => {
                self.out.push(GAP);
                self.blocks(blocks, &indent.within("> ", "> "));
                self.out.push(GAP);
            }
            Block::Rule => {
                self.out.push(GAP);
                self.record(indent, |writer| writer.out.push_str("* * *"));
                self.out.push(GAP);
            }
            Block::Tag(tag) => self.tag(*tag, indent),
        }
    }

    fn list(&mut self, start: Option<u64>, items: &[Item], indent: &Indent) {
        // A list within a list follows its item without a gap.
        if self.depth == 0 {
            self.out.push(GAP);
        }
        self.depth += 1;
        let mut number = start;
        for item in items {
            match item {
                Item::Item(blocks) => {
                    let bullet = match number {
                        Some(n) => format!("{n}. "),
                        None => "- ".to_owned(),
                    };
                    number = number.map(|n| n.saturating_add(1));
                    self.blocks(blocks, &indent.within(&bullet, &" ".repeat(bullet.len())));
                }
                Item::Tag(tag) => self.tag(*tag, indent),
            }
        }
        self.depth -= 1;
        if self.depth == 0 {
            self.out.push(GAP);
        }
    }

    fn record(&mut self, indent: &Indent, words: impl FnOnce(&mut Self)) {
        self.out.push(FIRST);
        self.out.push_str(&indent.first);
        self.out.push(REST);
        self.out.push_str(&indent.rest);
        self.out.push(WORDS);
        words(self);
        self.out.push(END);
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(words, _) => shield(words, &mut self.out),
                Inline::Tag(tag) => self.tag(*tag, &Indent::default()),
                Inline::Emphasis(inner) | Inline::Strong(inner) => self.inlines(inner),
                Inline::Link { url, label } => {
                    let shown = shown_url(url);
                    if label_is_url(label, shown) {
                        shield(shown, &mut self.out);
                    } else {
                        self.inlines(label);
                        self.out.push_str(" (");
                        shield(shown, &mut self.out);
                        self.out.push(')');
                    }
                }
                Inline::HardBreak => self.out.push(BREAK),
            }
        }
    }

    fn tag(&mut self, tag: usize, indent: &Indent) {
        match &self.pieces[tag] {
            Piece::Value(code) | Piece::Open(code) | Piece::Else(code) | Piece::Close(code) => self.out.push_str(code),
            Piece::Signatories => {
                self.out.push_str(&format!("{{{{#same {tag} @root.signatories}}}}{{{{some {tag} @root.signatories}}}}{GAP}{{{{#each @root.signatories}}}}"));
                self.record(indent, |writer| {
                    writer.out.push_str(&format!(
                        "{{{{put {tag} this.name}}}}{{{{#if this.mark}}}}{{{{put {tag} this.mark}}}}{{{{/if}}}}"
                    ));
                });
                self.out.push_str(&format!("{{{{/each}}}}{{{{#each @root.signatories}}}}{{{{#if this.note}}}}{GAP}"));
                self.record(indent, |writer| {
                    writer.out.push_str(&format!("{{{{put {tag} this.mark}}}} {{{{put {tag} this.note}}}}"));
                });
                self.out.push_str(&format!("{{{{/if}}}}{{{{/each}}}}{GAP}{{{{/same}}}}"));
            }
            Piece::Asks => {
                self.out.push_str(&format!(
                    "{{{{#same {tag} @root.asks}}}}{{{{some {tag} @root.asks}}}}{GAP}{{{{#each @root.asks}}}}"
                ));
                self.record(&indent.within("- ", "  "), |writer| {
                    writer.out.push_str(&format!("{{{{put {tag} this.text}}}}"));
                });
                self.out.push_str(&format!("{{{{/each}}}}{GAP}{{{{/same}}}}"));
            }
            Piece::Nothing => {}
        }
    }
}
