//! Tree → HTML template. Styles are inline, for mail programs drop style sheets; nothing is loaded from outside.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::marks::{ISOLATE, ISOLATE_END};
use super::pieces::Piece;
use super::tree::{Block, Inline, Item};
use crate::letters::{Sieve, Words};

const PARAGRAPH: &str = "<p style=\"margin:0 0 1em 0\">";
const LIST: &str = " style=\"margin:0 0 1em 0;padding:0 0 0 1.5em\"";
/// Where lines begin on the right.
const LIST_RIGHT: &str = " style=\"margin:0 0 1em 0;padding:0 1.5em 0 0\"";

pub fn write(blocks: &[Block], pieces: &[Piece], right_to_left: bool) -> String {
    let mut writer = Writer { pieces, out: String::new(), right_to_left, isolate: true };
    writer.blocks(blocks);
    writer.out
}

/// One line of inlines, without a paragraph: the subject.
pub fn line(inlines: &[Inline], pieces: &[Piece]) -> String {
    // It stands in `<title>`, where an element would be read out.
    let mut writer = Writer { pieces, out: String::new(), right_to_left: false, isolate: false };
    writer.inlines(inlines);
    writer.out
}

struct Writer<'a> {
    pieces: &'a [Piece],
    out: String,
    right_to_left: bool,
    /// Whether values are marked for [`super::bidi`].
    isolate: bool,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(inlines) => self.element(PARAGRAPH, inlines, "</p>\n"),
            Block::Plain(inlines) => self.inlines(inlines),
            Block::Heading(level, inlines) => {
                let open = format!("<h{level} style=\"margin:1em 0 0.5em 0;font-size:1.1em\">");
                self.element(&open, inlines, &format!("</h{level}>\n"));
            }
            Block::List(start, items) => {
                let list = self.list();
                let (open, close) = match start {
                    None => (format!("<ul{list}>\n"), "</ul>\n"),
                    Some(1) => (format!("<ol{list}>\n"), "</ol>\n"),
                    Some(n) => (format!("<ol start=\"{n}\"{list}>\n"), "</ol>\n"),
                };
                self.out.push_str(&open);
                for item in items {
                    match item {
                        Item::Item(blocks) => {
                            self.out.push_str("<li>");
                            self.blocks(blocks);
                            self.out.push_str("</li>\n");
                        }
                        Item::Tag(tag) => self.tag(*tag),
                    }
                }
                self.out.push_str(close);
            }
            Block::Quote(blocks) => {
                let (padding, side) = if self.right_to_left { ("0 1em 0 0", "right") } else { ("0 0 0 1em", "left") };
                self.out.push_str(&format!(
                    "<blockquote style=\"margin:0 0 1em 0;padding:{padding};border-{side}:2px solid #999\">\n"
                ));
                self.blocks(blocks);
                self.out.push_str("</blockquote>\n");
            }
            Block::Rule => self.out.push_str("<hr style=\"border:0;border-top:1px solid #999;margin:1em 0\">\n"),
            Block::Tag(tag) => self.tag(*tag),
        }
    }

    fn element(&mut self, open: &str, inlines: &[Inline], close: &str) {
        self.out.push_str(open);
        self.inlines(inlines);
        self.out.push_str(close);
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(words, _) => escape(words, &mut self.out),
                Inline::Tag(tag) => self.tag(*tag),
                Inline::Emphasis(inner) => self.element("<em>", inner, "</em>"),
                Inline::Strong(inner) => self.element("<strong>", inner, "</strong>"),
                Inline::Link { url, label } => self.link(url, label),
                Inline::HardBreak => self.out.push_str("<br>"),
            }
        }
    }

    /// The words and the address, as in the text part: what is seen is where it leads.
    fn link(&mut self, url: &str, label: &[Inline]) {
        let shown = shown_url(url);
        if !label_is_url(label, shown) {
            self.inlines(label);
            self.out.push_str(" (");
        }
        self.out.push_str("<a href=\"");
        escape(url, &mut self.out);
        self.out.push_str("\">");
        escape(shown, &mut self.out);
        self.out.push_str("</a>");
        if !label_is_url(label, shown) {
            self.out.push(')');
        }
    }

    fn list(&self) -> &'static str {
        if self.right_to_left { LIST_RIGHT } else { LIST }
    }

    /// What prints a value, between marks.
    fn value(&self, code: &str) -> String {
        if self.isolate { format!("{ISOLATE}{code}{ISOLATE_END}") } else { code.to_owned() }
    }

    fn tag(&mut self, tag: usize) {
        match &self.pieces[tag] {
            Piece::Value(code) => {
                let value = self.value(code);
                self.out.push_str(&value);
            }
            Piece::Open(code) | Piece::Else(code) | Piece::Close(code) => self.out.push_str(code),
            Piece::Signatories => {
                let put = |fact: &str| self.value(&format!("{{{{put {tag} this.{fact}}}}}"));
                let (name, note) = (put("name"), put("note"));
                let code = format!(
                    "{{{{#same {tag} @root.signatories}}}}{{{{some {tag} @root.signatories}}}}{PARAGRAPH}{{{{#each @root.signatories}}}}{name}\
                     {{{{#if this.mark}}}}{{{{put {tag} this.mark}}}}{{{{/if}}}}{{{{#unless @last}}}}<br>{{{{/unless}}}}{{{{/each}}}}</p>\n\
                     {{{{#each @root.signatories}}}}{{{{#if this.note}}}}{PARAGRAPH}{{{{put {tag} this.mark}}}} {note}</p>\n{{{{/if}}}}{{{{/each}}}}{{{{/same}}}}"
                );
                self.out.push_str(&code);
            }
            Piece::Asks => {
                let (list, text) = (self.list(), self.value(&format!("{{{{put {tag} this.text}}}}")));
                let code = format!(
                    "{{{{#same {tag} @root.asks}}}}{{{{some {tag} @root.asks}}}}<ul{list}>\n{{{{#each @root.asks}}}}<li>{text}</li>\n{{{{/each}}}}</ul>{{{{/same}}}}\n"
                );
                self.out.push_str(&code);
            }
            Piece::Nothing => {}
        }
    }
}

/// An address as people read it.
pub fn shown_url(url: &str) -> &str {
    url.strip_prefix("mailto:").unwrap_or(url)
}

/// Whether a link's words are its address, which then stands once.
pub fn label_is_url(label: &[Inline], shown: &str) -> bool {
    match label {
        [Inline::Text(words, _)] => words == shown || words.strip_prefix("mailto:") == Some(shown),
        [] => true,
        _ => false,
    }
}

/// The author's words; braces and backslashes too, for Handlebars reads the result.
pub fn escape(words: &str, into: &mut String) {
    for c in words.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '{' => into.push_str("&#123;"),
            '}' => into.push_str("&#125;"),
            '\\' => into.push_str("&#92;"),
            c => into.push(c),
        }
    }
}

/// Paragraphs and lists in which every tag printed nothing would be gaps on the screen.
pub fn without_empty_elements(html: String) -> String {
    let mut html = html;
    for (open, close) in &*ELEMENTS {
        let mut from = 0;
        while let Some(at) = open.find(&html.as_bytes()[from..]).map(|i| from + i) {
            let inside = at + open.needle().len();
            let blank = html[inside..].len() - html[inside..].trim_start_matches(' ').len();
            if html[inside + blank..].starts_with(close) {
                html.replace_range(at..inside + blank + close.len(), "");
                from = at;
            } else {
                from = inside;
            }
        }
    }
    html
}

/// How elements that may be left empty begin, as [`Writer`] writes them, and how they end. Every letter is searched for all.
static ELEMENTS: LazyLock<[(Finder<'static>, &'static str); 3]> = LazyLock::new(|| {
    let begins = |open: &str| Finder::new(open).into_owned();
    let list = |style: &str| begins(&format!("<ul{style}>\n"));
    [(begins(PARAGRAPH), "</p>\n"), (list(LIST), "</ul>\n"), (list(LIST_RIGHT), "</ul>\n")]
});

/// The words of a finished letter, numbers of lists included. It reads the HTML that is written here, and no other.
pub fn words(html: &str) -> Words {
    let body = html.find("<body").map_or(html, |at| &html[at..]);
    let mut words = Sieve::for_about(body.len());
    // For each list that is open, the number of its next item.
    let mut lists: Vec<Option<u64>> = Vec::new();
    let mut rest = body;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        words.add(&rest[..at]);
        let end = if rest[at..].starts_with('<') { b'>' } else { b';' };
        let Some(length) = memchr::memchr(end, &rest.as_bytes()[at..]) else { break };
        let inside = &rest[at + 1..at + length];
        match inside.split(' ').next().unwrap_or("") {
            _ if end == b';' => {
                if let Some(c) = entity(inside) {
                    words.add(c.encode_utf8(&mut [0; 4]));
                }
            }
            "ul" => lists.push(None),
            "ol" => lists.push(Some(start_of(inside))),
            "/ul" | "/ol" => drop(lists.pop()),
            "li" => {
                if let Some(Some(number)) = lists.last_mut() {
                    words.add(&format!("{number}."));
                    *number += 1;
                }
            }
            _ => {}
        }
        rest = &rest[at + length + 1..];
    }
    words.add(rest);
    words.words()
}

fn start_of(list: &str) -> u64 {
    list.split_once("start=\"").and_then(|(_, rest)| rest.split('"').next()?.parse().ok()).unwrap_or(1)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        _ => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
