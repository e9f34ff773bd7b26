//! Markdown with hidden tags → tree. What a letter must not hold is refused at its place.

use std::iter::Peekable;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, OffsetIter, Options, Parser, Tag as Md, TagEnd};

use super::marks::is_private;
use super::pieces::Piece;
use super::placeholders::{Hidden, tag_of};
use super::tags::TagError;
use super::tree::{Block, Inline, Item};
use crate::letters::guards::link_differs;
use crate::letters::guards::words::strange_words;
use crate::letters::holes;
use crate::vocabulary::safe_text;

/// The tree, and in which container each tag stands.
#[derive(Debug)]
pub struct Parsed {
    pub blocks: Vec<Block>,
    /// By number of the tag: two tags with the same number here stand side by side.
    pub container: Vec<Option<usize>>,
}

/// Known to many, and not to letters: read as what they are meant for, so that they are refused and not printed as they stand.
const REFUSED: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// Reads the body of a letter.
pub fn parse(source: &str, hidden: &Hidden, pieces: &[Piece], errors: &mut Vec<TagError>) -> Parsed {
    let events = Parser::new_ext(&hidden.text, REFUSED).into_offset_iter().peekable();
    let mut reader =
        Reader { source, hidden, pieces, errors, events, container: vec![None; pieces.len()], containers: 0, depth: 0 };
    let blocks = reader.blocks();
    Parsed { blocks, container: reader.container }
}

struct Reader<'a, 'e> {
    /// The whole file, for the places of mistakes.
    source: &'a str,
    hidden: &'a Hidden,
    pieces: &'a [Piece],
    errors: &'e mut Vec<TagError>,
    events: Peekable<OffsetIter<'a>>,
    container: Vec<Option<usize>>,
    containers: usize,
    /// How many blocks and inlines we are in.
    depth: usize,
}

/// Quotes, lists and emphasis within each other. Deeper than this no reader follows, and the stack is finite.
const DEEPEST: usize = 24;

impl Reader<'_, '_> {
    fn refuse(&mut self, at: Range<usize>, message: &str, help: &str) {
        let range = self.hidden.source(at);
        self.errors.push(TagError::new(range, message).help(help));
    }

    fn new_container(&mut self) -> usize {
        self.containers += 1;
        self.containers
    }

    /// Blocks up to the end of what holds them.
    fn blocks(&mut self) -> Vec<Block> {
        let here = self.new_container();
        let mut blocks = Vec::new();
        if !self.descend() {
            return blocks;
        }
        while let Some((event, range)) = self.events.next_if(|(event, _)| !matches!(event, Event::End(_))) {
            match event {
                Event::Start(Md::Paragraph) => {
                    let inlines = self.inlines();
                    self.events.next();
                    self.paragraph(inlines, here, &range, &mut blocks);
                }
                Event::Start(Md::Heading { level, .. }) => {
                    let inlines = self.inlines();
                    self.events.next();
                    self.no_lists(&inlines, &range);
                    blocks.push(Block::Heading(level as u8, inlines));
                }
                Event::Start(Md::BlockQuote(_)) => {
                    let inner = self.blocks();
                    self.events.next();
                    blocks.push(Block::Quote(inner));
                }
                Event::Start(Md::List(start)) => blocks.push(self.list(start)),
                Event::Rule => blocks.push(Block::Rule),
                Event::Start(Md::CodeBlock(_)) => {
                    self.refuse(
                        range,
                        "a block of code has no place in a letter",
                        "remove the four spaces or the fence before it",
                    );
                    self.skip();
                }
                Event::Start(Md::HtmlBlock) => {
                    self.refuse(range, "HTML has no place in a letter", "write Markdown; to print `<`, write `\\<`");
                    self.skip();
                }
                Event::Start(_) if !is_inline(&event) => {
                    self.refuse(
                        range,
                        "this kind of Markdown has no place in a letter",
                        "use paragraphs, lists, quotes and headings",
                    );
                    self.skip();
                }
                // The words of a tight list item stand without a paragraph.
                other => {
                    let mut inlines = Vec::new();
                    let inner = self.new_container();
                    self.inline(other, range.clone(), inner, &mut inlines);
                    while let Some((event, range)) = self.events.next_if(|(event, _)| is_inline(event)) {
                        self.inline(event, range, inner, &mut inlines);
                    }
                    self.no_lists(&inlines, &range);
                    self.look_for_holes(&inlines);
                    blocks.push(Block::Plain(inlines));
                }
            }
        }
        self.depth -= 1;
        blocks
    }

    fn list(&mut self, start: Option<u64>) -> Block {
        let mut items = Vec::new();
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::Start(Md::Item) => {
                    items.push(Item::Item(self.blocks()));
                    self.events.next();
                }
                _ => break,
            }
        }
        Block::List(start, items)
    }

    /// A paragraph of block tags alone becomes those tags, between the paragraphs.
    fn paragraph(&mut self, inlines: Vec<Inline>, here: usize, range: &Range<usize>, blocks: &mut Vec<Block>) {
        let blank = |inline: &Inline| matches!(inline, Inline::Text(text, _) if text.trim().is_empty());
        let block_tag = |inline: &Inline| matches!(inline, Inline::Tag(tag) if self.pieces[*tag].is_block());
        if inlines.iter().all(|inline| blank(inline) || block_tag(inline)) {
            for inline in inlines {
                if let Inline::Tag(tag) = inline {
                    self.container[tag] = Some(here);
                    blocks.push(Block::Tag(tag));
                }
            }
            return;
        }
        self.no_lists(&inlines, range);
        blocks.push(Block::Paragraph(inlines));
    }

    /// `{{signatories}}` and `{{asks}}` are paragraphs of their own.
    fn no_lists(&mut self, inlines: &[Inline], range: &Range<usize>) {
        for inline in inlines {
            match inline {
                Inline::Tag(tag) => {
                    let name = match self.pieces[*tag] {
                        Piece::Signatories => "signatories",
                        Piece::Asks => "asks",
                        _ => continue,
                    };
                    self.refuse(
                        range.clone(),
                        &format!("`{{{{{name}}}}}` prints the whole list and must stand alone on its line"),
                        &format!("give it a line of its own, or write {{{{list {name}}}}} within a sentence"),
                    );
                }
                Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { label: inner, .. } => {
                    self.no_lists(inner, range);
                }
                Inline::Text(..) | Inline::HardBreak => {}
            }
        }
    }

    /// Inlines up to the end of what holds them.
    fn inlines(&mut self) -> Vec<Inline> {
        let here = self.new_container();
        let mut inlines = Vec::new();
        if !self.descend() {
            return inlines;
        }
        while let Some((event, range)) = self.events.next_if(|(event, _)| !matches!(event, Event::End(_))) {
            self.inline(event, range, here, &mut inlines);
        }
        self.depth -= 1;
        self.look_for_holes(&inlines);
        inlines
    }

    /// One level down; `false`, and everything there skipped, when that is too deep.
    fn descend(&mut self) -> bool {
        if self.depth < DEEPEST {
            self.depth += 1;
            return true;
        }
        if let Some((_, range)) = self.events.peek() {
            let range = range.clone();
            self.refuse(range, "quotes, lists or emphasis are nested too deeply", "write it with fewer levels");
        }
        let mut depth = 0;
        while self
            .events
            .next_if(|(event, _)| {
                match event {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    _ => {}
                }
                depth >= 0
            })
            .is_some()
        {}
        false
    }

    fn inline(&mut self, event: Event<'_>, range: Range<usize>, here: usize, into: &mut Vec<Inline>) {
        match event {
            Event::Text(text) => self.words(&text, range, here, into),
            Event::SoftBreak => self.words(" ", range, here, into),
            Event::HardBreak => into.push(Inline::HardBreak),
            Event::Start(Md::Emphasis) => {
                let inner = self.inlines();
                self.events.next();
                into.push(Inline::Emphasis(inner));
            }
            Event::Start(Md::Strong) => {
                let inner = self.inlines();
                self.events.next();
                into.push(Inline::Strong(inner));
            }
            Event::Start(Md::Link { link_type, dest_url, title, .. }) => {
                let label = self.inlines();
                self.events.next();
                if !title.is_empty() {
                    self.refuse(
                        range.clone(),
                        "a link's title would be lost in the text",
                        "remove the words in quotes behind the address",
                    );
                }
                let said = label_words(&label);
                let whole = !dest_url.chars().any(|c| tag_of(c).is_some());
                if let Some(other) = link_differs(&said, &dest_url).filter(|_| whole) {
                    self.refuse(
                        range.clone(),
                        &format!("this link says `{other}` and leads to {dest_url}"),
                        "write plain words, or the address that it leads to",
                    );
                }
                if let Some(url) = self.checked_url(link_type, &dest_url, range) {
                    into.push(Inline::Link { url, label });
                }
            }
            Event::Code(_) => self.refuse(range, "code has no place in a letter", "remove the backticks"),
            Event::InlineHtml(_) | Event::Html(_) => {
                self.refuse(range, "HTML has no place in a letter", "write Markdown; to print `<`, write `\\<`");
            }
            Event::Start(Md::Image { .. }) => {
                self.refuse(range, "an image has no place in a letter: it would be loaded from outside", "remove it");
                self.skip();
            }
            Event::Start(_) => {
                self.refuse(range, "this kind of Markdown has no place in a letter", "write it as plain words");
                self.skip();
            }
            _ => self.refuse(range, "this kind of Markdown has no place in a letter", "write it as plain words"),
        }
    }

    fn words(&mut self, text: &str, range: Range<usize>, here: usize, into: &mut Vec<Inline>) {
        // `&#xE000;` and its like: characters that the source does not show, and that could pass for our own marks.
        let written = &self.hidden.text[range.clone()];
        let joiner = |c: char| matches!(c, '\u{200C}'..='\u{200F}');
        if text
            .chars()
            .any(|c| (is_private(c) || safe_text::is_unsafe(c) && !joiner(c)) && c != '\t' && !written.contains(c))
        {
            self.refuse(range, "this stands for an invisible or control character", "delete it");
            return;
        }
        let source = self.hidden.source(range);
        for part in text.split_inclusive(|c| tag_of(c).is_some()) {
            let (words, tag) = match part.chars().next_back().and_then(tag_of) {
                Some(tag) => (&part[..part.len() - part.chars().next_back().map_or(0, char::len_utf8)], Some(tag)),
                None => (part, None),
            };
            if !words.is_empty() {
                if !matches!(into.last(), Some(Inline::Text(..))) {
                    into.push(Inline::Text(String::new(), source.clone()));
                }
                if let Some(Inline::Text(before, place)) = into.last_mut() {
                    place.end = source.end.max(place.end);
                    // Runs of spaces mean nothing in Markdown; one space is printed everywhere.
                    for c in words.chars().map(|c| if c == '\t' { ' ' } else { c }) {
                        if c != ' ' || !before.ends_with(' ') {
                            before.push(c);
                        }
                    }
                }
            }
            if let Some(tag) = tag.filter(|tag| *tag < self.container.len()) {
                self.container[tag] = Some(here);
                if self.pieces[tag] != Piece::Nothing {
                    into.push(Inline::Tag(tag));
                }
            }
        }
    }

    fn checked_url(&mut self, kind: LinkType, url: &str, range: Range<usize>) -> Option<String> {
        let url = if kind == LinkType::Email { format!("mailto:{url}") } else { url.to_owned() };
        let lower = url.to_ascii_lowercase();
        if url.chars().any(|c| tag_of(c).is_some()) {
            self.refuse(
                range,
                "a tag cannot stand in a link's address: a value could then lead elsewhere",
                "write the whole address out",
            );
        } else if !["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| lower.starts_with(scheme) && lower.len() > scheme.len())
        {
            self.refuse(
                range,
                "a link leads to https://, http:// or mailto: only",
                "write the whole address, with https:// in front",
            );
        } else if url
            .chars()
            .any(|c| c.is_whitespace() || is_private(c) || safe_text::is_unsafe(c) || "\"<>\\{}|^`".contains(c))
        {
            self.refuse(
                range,
                "this address holds a character that no address of the web has",
                "write it percent-encoded",
            );
        } else {
            return Some(url);
        }
        None
    }

    fn look_for_holes(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            let Inline::Text(text, place) = inline else { continue };
            // Escapes make words and source differ in length: look for the words themselves.
            let written = |words: &str| {
                let found = self.source.get(place.clone()).and_then(|written| written.find(words));
                found.map_or(place.clone(), |i| place.start + i..place.start + i + words.len())
            };
            for (strange, range) in strange_words(text) {
                let words = &text[range];
                self.errors.push(TagError::new(written(words), strange.describe(words)).help(strange.help()));
            }
            for hole in holes::unfinished(text) {
                let words = &text[hole.range.clone()];
                let range = written(words);
                self.errors.push(
                    TagError::new(range, hole.what.describe())
                        .help(format!("write what `{words}` stands for, or remove it")),
                );
            }
        }
    }

    /// Up to and with the end of what has just begun.
    fn skip(&mut self) {
        let mut depth = 1;
        for (event, _) in self.events.by_ref() {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// A link's words without their emphasis; what a tag prints is looked at in the finished letter.
fn label_words(label: &[Inline]) -> String {
    let words = |inline: &Inline| match inline {
        Inline::Text(text, _) => text.clone(),
        Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { label: inner, .. } => label_words(inner),
        Inline::Tag(_) | Inline::HardBreak => " ".to_owned(),
    };
    label.iter().map(words).collect()
}

fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Text(_) | Event::Code(_) | Event::InlineHtml(_) | Event::SoftBreak | Event::HardBreak => true,
        Event::FootnoteReference(_) | Event::TaskListMarker(_) => true,
        Event::Start(tag) => {
            matches!(
                TagEnd::from(tag.clone()),
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image | TagEnd::Strikethrough
            )
        }
        _ => false,
    }
}
