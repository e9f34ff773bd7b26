//! The text that a reader of an HTML mail sees, its quotations marked with `> ` as in plain text. Nothing is fetched.

mod elements;
mod paper;
mod style;

use elements::{Element, Elements, Role};
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use paper::Paper;
use style::Style;

/// Readable text: paragraphs, lists, rows of tables; links by their words; hidden text, scripts and styles left out.
///
/// Linear in the text's length, whatever the depth; any text is taken.
pub fn text_of_html(html: &str) -> String {
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true);
    let mut reader = Reader::default();
    for token in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Ok(Token::StartTag(tag)) => reader.open(&tag),
            Ok(Token::EndTag(tag)) => reader.close(&tag.name),
            Ok(Token::String(text)) => reader.text(&String::from_utf8_lossy(&text)),
            Ok(Token::Comment(_) | Token::Doctype(_) | Token::Error(_)) => {}
            Err(never) => match never {},
        }
    }
    reader.paper.text()
}

/// Reads tag after tag.
#[derive(Default)]
struct Reader {
    open: Elements,
    paper: Paper,
    /// All from here to the end is another's mail.
    rest_is_quoted: bool,
}

impl Reader {
    fn open(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if matches!(name, b"br" | b"hr" | b"img" | b"wbr") {
            self.void(name, tag);
            return;
        }
        if is_void(name) {
            return;
        }
        let attribute =
            |wanted: &[u8]| tag.attributes.get(wanted).map(|value| String::from_utf8_lossy(value).to_lowercase());
        let style = Style::of(attribute(b"style").as_deref().unwrap_or(""));
        let id = attribute(b"id").unwrap_or_default();
        let class = attribute(b"class").unwrap_or_default();
        if matches!(id.as_str(), "appendonsend" | "divrplyfwdmsg") {
            self.paper.paragraph();
            self.rest_is_quoted = true;
        }
        let role = Role::of(name, &id, &class, attribute(b"type").is_some() || attribute(b"cite").is_some(), &style);
        if role == Role::Signature {
            self.paper.paragraph();
            if !self.open.is_hidden() {
                self.paper.write_signature_mark(self.quotes());
            }
        }
        self.layout(name);
        let hidden = style.hides || tag.attributes.contains_key(b"hidden".as_slice()) || is_skipped(name);
        self.open.push(Element::new(name, role, hidden, &style));
        if tag.self_closing && name.contains(&b':') {
            self.open.close(name);
        }
    }

    fn void(&mut self, name: &[u8], tag: &StartTag<()>) {
        match name {
            b"br" => self.paper.line(),
            b"hr" => self.paper.paragraph(),
            b"img" => {
                // Pictures that stand for a sign: mail programs send `🙂` so.
                let alt = tag.attributes.get(b"alt".as_slice()).map(|alt| String::from_utf8_lossy(alt).into_owned());
                let sign = alt.filter(|alt| {
                    alt.chars().count() <= 4 && !alt.contains(char::is_alphanumeric) && !alt.trim().is_empty()
                });
                if let Some(sign) = sign {
                    self.text(&sign);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"p" | b"blockquote" | b"table" | b"pre" | b"h1" | b"h2" | b"h3" | b"h4" => self.paper.paragraph(),
            b"br" => self.paper.line(),
            b"ul" | b"ol" => self.paper.end_list(self.open.lists()),
            b"li" => self.paper.end_item(),
            b"td" | b"th" => self.paper.end_cell(),
            b"tr" => self.paper.end_row(),
            _ if is_block(name) => self.paper.block(),
            _ => {}
        }
        self.open.close(name);
    }

    /// What an element does to the lines before it is opened.
    fn layout(&mut self, name: &[u8]) {
        match name {
            b"p" | b"blockquote" | b"pre" | b"h1" | b"h2" | b"h3" | b"h4" => self.paper.paragraph(),
            b"td" | b"th" => self.paper.cell(),
            b"tr" => self.paper.row(),
            b"li" => {
                let mark = self.open.list_mark();
                self.paper.item(mark, self.open.lists());
            }
            _ if is_block(name) => self.paper.block(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.open.is_hidden() {
            return;
        }
        self.open.sees(text);
        let quotes = self.quotes();
        if self.open.is_preformatted() {
            self.paper.write_lines(text, quotes);
        } else {
            self.paper.write(text, quotes);
        }
    }

    fn quotes(&self) -> usize {
        let depth = self.open.quotes();
        if self.rest_is_quoted { depth.max(1) } else { depth }
    }
}

fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"col"
            | b"embed"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"html"
            | b"body"
    )
}

/// Elements whose text nobody sees.
fn is_skipped(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"title"
            | b"template"
            | b"iframe"
            | b"noembed"
            | b"noframes"
            | b"xml"
            | b"object"
            | b"svg"
            | b"select"
            | b"audio"
            | b"video"
    )
}

fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"div"
            | b"address"
            | b"article"
            | b"aside"
            | b"center"
            | b"dd"
            | b"dl"
            | b"dt"
            | b"fieldset"
            | b"figure"
            | b"footer"
            | b"form"
            | b"h5"
            | b"h6"
            | b"header"
            | b"main"
            | b"nav"
            | b"section"
            | b"caption"
            | b"thead"
            | b"tbody"
            | b"tfoot"
            | b"details"
            | b"summary"
            | b"blockquote"
            | b"pre"
            | b"table"
            | b"ul"
            | b"ol"
            | b"li"
            | b"tr"
            | b"includetail"
    )
}
