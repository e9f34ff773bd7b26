//! Bytes → [`Incoming`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::DateTime;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::limits::{DEEPEST, LONGEST_ENCODED_MESSAGE, LONGEST_TEXT, LeftOut, MOST_TEXT};
use super::structure::{self, Entity, Kind, holds_a_message};
use super::transfer::Encoding;
use super::{charsets, fields};
use crate::inbox::incoming::{Content, Incoming, Part};
use crate::vocabulary::Instant;

/// Reads a message, whatever it is. Of one longer than [`super::LONGEST`] the beginning; give no more than a byte beyond it.
///
/// mail-parser is not trusted never to panic: should it, the message is read as one text without a header.
pub fn parse(raw: &[u8]) -> Incoming {
    catch_unwind(AssertUnwindSafe(|| read(raw, DEEPEST))).unwrap_or_else(|_| unreadable(raw))
}

/// The decoded bytes of the part of that number ([`Part::number`]); `None` where there is no such part.
pub fn enclosed(raw: &[u8], number: usize) -> Option<Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| {
        let entities = structure::scan(raw, &mut LeftOut::default());
        let entity = entities.get(number)?;
        Some(entity.encoding.decode(&raw[entity.body.clone()]))
    }))
    .ok()
    .flatten()
}

fn unreadable(raw: &[u8]) -> Incoming {
    let text = charsets::body(&raw[..raw.len().min(LONGEST_TEXT)], None);
    let part = Part { media_type: "text/plain".to_owned(), content: Content::Text(text), ..Part::default() };
    let cut_off = Some("its form cannot be read".to_owned());
    Incoming { parts: vec![part], cut_off, ..Incoming::default() }
}

/// `deeper`: how many messages may still stand inside this one, encoded as a whole.
fn read(raw: &[u8], deeper: usize) -> Incoming {
    let mut left_out = LeftOut::default();
    let entities = structure::scan(raw, &mut left_out);
    let mut reader = Reader { raw, text: 0, deeper, left_out };
    let mut message = reader.message(&entities);
    message.cut_off = reader.left_out.told();
    message
}

struct Reader<'a> {
    raw: &'a [u8],
    /// Bytes of text read so far.
    text: usize,
    deeper: usize,
    left_out: LeftOut,
}

impl Reader<'_> {
    /// Puts the messages together from the last entity to the first: an inner one is complete when its holder's turn comes.
    fn message(&mut self, entities: &[Entity]) -> Incoming {
        let owner = owners(entities);
        // In reading order, so that the first text is read when the room for text is short.
        let mut contents: Vec<Content> = Vec::with_capacity(entities.len());
        for (index, entity) in entities.iter().enumerate() {
            let holds_others = entities.get(index + 1).is_some_and(|next| next.parent == Some(index));
            contents.push(self.content(entity, holds_others));
        }
        let mut collected: Vec<Vec<Part>> = entities.iter().map(|_| Vec::new()).collect();
        for (index, entity) in entities.iter().enumerate().rev() {
            let content = std::mem::take(&mut contents[index]);
            let mut part = self.part(index, entity, content);
            let of = owner[index];
            part.depth = entity.depth - entities[of].depth;
            if entity.kind == Kind::Message && index + 1 < entities.len() {
                let inner = std::mem::take(&mut collected[index + 1]);
                part.content = Content::Message(Box::new(self.finish(&entities[index + 1], inner)));
            }
            collected[of].push(part);
        }
        let parts = collected.first_mut().map(std::mem::take).unwrap_or_default();
        match entities.first() {
            Some(first) => self.finish(first, parts),
            None => Incoming::default(),
        }
    }

    /// A message of its first entity and its parts, which come last first.
    fn finish(&mut self, entity: &Entity, mut parts: Vec<Part>) -> Incoming {
        parts.reverse();
        let charset = entity.parameters.iter().find(|(name, _)| name == "charset").map(|(_, value)| value.as_str());
        let fields = fields::read(self.raw, &entity.fields, charset, &mut self.left_out);
        let date = fields.iter().find(|field| field.name == "date").and_then(|field| date(&field.value));
        Incoming { fields, parts, date, cut_off: None }
    }

    fn part(&self, number: usize, entity: &Entity, content: Content) -> Part {
        let (disposition, name) = fields::disposition(self.raw, &entity.fields);
        let other = entity.parameters.iter().find(|(name, _)| name == "name").map(|(_, value)| value.clone());
        let body = &self.raw[entity.body.clone()];
        let bytes = if entity.kind == Kind::Several { 0 } else { entity.encoding.decoded_length(body) };
        Part {
            number,
            depth: 0,
            media_type: entity.media_type.clone(),
            parameters: entity.parameters.clone(),
            disposition,
            name: file_name(&name.or(other).unwrap_or_default()),
            bytes,
            content,
        }
    }

    fn content(&mut self, entity: &Entity, holds_others: bool) -> Content {
        let body = &self.raw[entity.body.clone()];
        match entity.kind {
            Kind::Message => return Content::Several,
            // Of a boundary that never comes the whole is text.
            Kind::Several if holds_others => return Content::Several,
            Kind::Several | Kind::Leaf => {}
        }
        if holds_a_message(&entity.media_type) && entity.encoding != Encoding::Identity {
            return self.encoded_message(entity);
        }
        let textual = entity.media_type.starts_with("text/")
            || entity.media_type.starts_with("message/")
            || entity.media_type.starts_with("multipart/")
            || matches!(entity.media_type.as_str(), "application/ics");
        if !textual {
            return Content::File;
        }
        let room = LONGEST_TEXT.min(MOST_TEXT - self.text);
        if body.len() > room {
            self.left_out.note("its text is very long");
        }
        let body = &body[..body.len().min(room)];
        self.text += body.len();
        let charset = entity.parameters.iter().find(|(name, _)| name == "charset").map(|(_, value)| value.as_str());
        let text = if entity.encoding == Encoding::Identity {
            charsets::body(body, charset)
        } else {
            charsets::body(&entity.encoding.decode(body), charset)
        };
        Content::Text(text)
    }

    /// RFC 2046 forbids it, servers do it. Inside, the same limits hold, and less may follow.
    fn encoded_message(&mut self, entity: &Entity) -> Content {
        let body = &self.raw[entity.body.clone()];
        let room = LONGEST_ENCODED_MESSAGE.min(MOST_TEXT - self.text);
        if self.deeper == 0 || room == 0 {
            self.left_out.note("messages are encoded in one another");
            return Content::File;
        }
        if body.len() > room {
            self.left_out.note("an encoded message inside it is very long");
        }
        let body = &body[..body.len().min(room)];
        self.text += body.len();
        // Two inside each other are more than any server makes.
        let inner = read(&entity.encoding.decode(body), self.deeper.min(2) - 1);
        if inner.cut_off.is_some() {
            self.left_out.note("an encoded message inside it");
        }
        Content::Message(Box::new(inner))
    }
}

/// For each entity the one that begins the message to which it belongs.
fn owners(entities: &[Entity]) -> Vec<usize> {
    let mut owner: Vec<usize> = Vec::with_capacity(entities.len());
    for (index, entity) in entities.iter().enumerate() {
        owner.push(match entity.parent {
            Some(parent) if !entity.is_message => owner[parent],
            _ => index,
        });
    }
    owner
}

/// Only the last part of a path, and nothing that a file system or a terminal takes for more than a name.
fn file_name(name: &str) -> String {
    let name = charsets::clean_line(&charsets::encoded_words(name));
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if last.chars().all(|c| c == '.') { String::new() } else { last.chars().take(200).collect() }
}

fn date(value: &str) -> Option<Instant> {
    let line = format!("{}\n", value.chars().take(200).collect::<String>());
    let HeaderValue::DateTime(read) = MessageStream::new(line.as_bytes()).parse_date() else { return None };
    let seconds = read.is_valid().then(|| read.to_timestamp())?;
    DateTime::from_timestamp(seconds, 0).map(Instant::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(message: &Incoming) -> Vec<(usize, usize, &str)> {
        message.parts.iter().map(|part| (part.number, part.depth, part.media_type.as_str())).collect()
    }

    const REPORT: &[u8] = b"From a Fri Jan  5 00:00:00 2018\r\nSubject: =?utf-8?q?R=C3=A9ponse?=\r\nDate: Fri, 5 Jan 2018 10:00:00 +0100\r\n\
        Content-Type: multipart/mixed;\r\n boundary=\"out er\"\r\n\r\npreamble\r\n--out er\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n\
        --in\r\n\r\nplain\r\n--in\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=E9t=E9</p>\r\n--in--\r\n\
        --out er\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nMessage-ID: <i@x.example>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\n\r\ninner words\r\n--out er\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename*=utf-8''..%2F%E2%80%AEr%C3%A9ponse.pdf\r\n\r\nJVBE\r\nRg==\r\n--out er--\r\n";

    #[test]
    fn parts_and_inner_messages_are_read_in_their_order() {
        let message = parse(REPORT);
        assert_eq!((message.subject(), &message.cut_off), ("Réponse", &None));
        assert_eq!(message.date.unwrap().to_string(), "2018-01-05T09:00:00Z");
        let all = [
            (0, 0, "multipart/mixed"),
            (1, 1, "multipart/alternative"),
            (2, 2, "text/plain"),
            (3, 2, "text/html"),
            (4, 1, "message/rfc822"),
            (7, 1, "application/pdf"),
        ];
        assert_eq!(types(&message), all);
        assert_eq!(message.parts[2].text(), Some("plain"));
        assert_eq!(message.parts[3].text(), Some("<p>été</p>"));
        let inner = message.enclosed().next().unwrap();
        assert_eq!(inner.ids("message-id"), ["i@x.example"]);
        assert_eq!(types(inner), [(5, 0, "multipart/mixed"), (6, 1, "text/plain")]);
        assert_eq!(inner.parts[1].text(), Some("inner words"), "the outer boundary ends the inner message");
    }

    #[test]
    fn an_enclosed_file_has_a_harmless_name_and_gives_its_bytes() {
        let message = parse(REPORT);
        let file = message.parts.last().unwrap();
        assert_eq!(
            (file.name.as_str(), file.bytes, file.disposition.as_deref()),
            ("réponse.pdf", 4, Some("attachment"))
        );
        assert_eq!(enclosed(REPORT, file.number).unwrap(), b"%PDF");
        assert_eq!(enclosed(REPORT, 99), None);
    }

    #[test]
    fn carriage_returns_alone_end_lines_where_there_is_no_line_feed() {
        let message = parse(b"Subject: a\rFrom: b@x.example\r\rone\rtwo");
        assert_eq!((message.subject(), message.parts[0].text()), ("a", Some("one\ntwo")));
    }

    #[test]
    fn a_boundary_that_is_not_named_or_never_comes_loses_no_words() {
        let unnamed = parse(b"Content-Type: multipart/mixed\n\n--what\n\nfirst\n--what\n\nsecond\n--what--\n");
        assert_eq!(types(&unnamed).len(), 3);
        let absent = parse(b"Content-Type: multipart/mixed; boundary=never\n\njust words\n");
        assert!(absent.parts.iter().any(|part| part.text() == Some("just words\n")), "{absent:?}");
        let no_blank = parse(b"Subject: a\nwords begin at once\nand go on\n");
        assert_eq!(no_blank.parts[0].text(), Some("words begin at once\nand go on\n"));
    }

    #[test]
    fn an_inner_message_that_is_encoded_is_read_too() {
        let raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXIKCndvcmRz\n";
        assert_eq!(parse(raw).enclosed().next().map(Incoming::subject), Some("inner"));
    }
}
