//! A message → the bytes that leave, the same every time.
//!
//! Nothing is random, nothing is read from the machine: the boundary comes from the Message-ID, there is no host name, no
//! program's name and no `Date`, which is put in front when the letter leaves and so stands outside what was approved.

pub mod plain;
mod quoted;
pub mod reading;

use std::borrow::Cow;

use chrono::TimeZone as _;
use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailboxes, MultiPart, SinglePart};

use crate::campaign::FileName;
use crate::letters::{Attachment, Message, MessageError, MessageId};
use crate::vocabulary::{Digest, Instant, Mailbox, Zone};

/// Why no bytes were made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error("the address {0} cannot stand in a message")]
    Address(String),
    #[error("the file {0} cannot be attached")]
    Attachment(FileName),
    /// Our own mistake: what we wrote would break on the wire.
    #[error("the finished message would break on the wire: {0}")]
    Wire(&'static str),
}

/// The whole message, without `Date`. Lines end with CRLF and have at most 998 bytes, all of them ASCII; none begins with a dot.
///
/// # Errors
/// What [`Message::check`] refuses; and whatever would break on the wire, should we ever write it.
pub fn compose(message: &Message) -> Result<Vec<u8>, MimeError> {
    message.check()?;
    let mut headers = Headers::new();
    headers.set(header::From::from(mailboxes([&message.from])?));
    if let Some(reply_to) = &message.reply_to {
        headers.set(header::ReplyTo::from(mailboxes([reply_to])?));
    }
    headers.set(header::To::from(mailboxes(&message.to)?));
    if !message.cc.is_empty() {
        headers.set(header::Cc::from(mailboxes(&message.cc)?));
    }
    headers.set(header::Subject::from(message.subject.clone()));
    headers.set(header::MessageId::from(message.message_id.to_string()));
    if let Some(earlier) = &message.in_reply_to {
        headers.set(header::InReplyTo::from(earlier.to_string()));
    }
    if !message.references.is_empty() {
        let thread: Vec<String> = message.references.iter().map(MessageId::to_string).collect();
        headers.set(header::References::from(thread.join(" ")));
    }
    let content_language = HeaderName::new_from_ascii_str("Content-Language");
    headers.insert_raw(HeaderValue::new(content_language, message.language.to_string()));
    headers.set(MIME_VERSION_1_0);

    let words = MultiPart::alternative()
        .boundary(boundary(&message.message_id, "words"))
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    let parts = if message.attachments.is_empty() {
        words
    } else {
        let whole = MultiPart::mixed().boundary(boundary(&message.message_id, "whole")).multipart(words);
        message
            .attachments
            .iter()
            .try_fold(whole, |whole, file| Ok::<_, MimeError>(whole.singlepart(attached(file)?)))?
    };
    let mut bytes = headers.to_string().into_bytes();
    bytes.extend_from_slice(&parts.formatted());
    check_wire(&bytes)?;
    Ok(bytes)
}

/// Puts `Date` in front, in `zone`'s offset. Source: RFC 5322, 3.3.
pub fn with_date(message: &[u8], at: Instant, zone: Zone) -> Vec<u8> {
    let local = zone.tz().from_utc_datetime(&at.utc().naive_utc());
    let mut dated = format!("Date: {}\r\n", local.format("%a, %d %b %Y %H:%M:%S %z")).into_bytes();
    dated.extend_from_slice(message);
    dated
}

fn mailboxes<'a>(list: impl IntoIterator<Item = &'a Mailbox>) -> Result<Mailboxes, MimeError> {
    list.into_iter().try_fold(Mailboxes::new(), |all, mailbox| {
        let address = &mailbox.address;
        let email = lettre::Address::new(address.local(), address.domain())
            .map_err(|_| MimeError::Address(address.masked()))?;
        Ok(all.with(lettre::message::Mailbox::new(mailbox.name.clone(), email)))
    })
}

/// `=_` can stand in neither quoted-printable nor base64, so no part can hold the boundary.
fn boundary(id: &MessageId, of: &str) -> String {
    let digest = Digest::of_parts([id.as_str().as_bytes(), of.as_bytes()]);
    format!("=_{}", digest.digits(16))
}

/// Always encoded: a body as it is could hold a bare line end, or a line that ends the message (RUSTSEC-2026-0561).
fn part(kind: ContentType, words: &str) -> SinglePart {
    let lines = if memchr::memchr(b'\r', words.as_bytes()).is_some() {
        Cow::Owned(words.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(words)
    };
    let foreign = lines.bytes().filter(|b| !b.is_ascii()).count();
    // A sixth: from there on base64 is shorter, and quoted-printable no longer readable.
    let body = if foreign * 6 > lines.len() {
        encoded(lines.into_owned(), ContentTransferEncoding::Base64)
    } else {
        Body::dangerous_pre_encoded(quoted::encode(&lines), ContentTransferEncoding::QuotedPrintable)
    };
    SinglePart::builder().content_type(kind).body(body)
}

/// `Content-Disposition` with a plain quoted `filename` (RFC 2183, 2.3): the names are short and of ASCII, and the continuations of
/// RFC 2231, which lettre writes for all, show as `ATT0001` in older mail programs.
#[derive(Clone)]
struct Named(String);

impl header::Header for Named {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        let raw = format!("attachment; filename=\"{}\"", self.0);
        HeaderValue::dangerous_new_pre_encoded(Self::name(), raw.clone(), raw.replace("; ", ";\r\n "))
    }
}

/// Base64 whatever the kind: the bytes arrive as they are, and no line of a file can end the message.
fn attached(file: &Attachment) -> Result<SinglePart, MimeError> {
    let kind = ContentType::parse(file.name.media_type()).map_err(|_| MimeError::Attachment(file.name.clone()))?;
    let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| MimeError::Attachment(file.name.clone()))?;
    Ok(SinglePart::builder().header(kind).header(Named(file.name.to_string())).body(body))
}

fn encoded(lines: String, encoding: ContentTransferEncoding) -> Body {
    // Neither encoding can be refused; the bytes given back would be caught by `check_wire`.
    Body::new_with_encoding(lines, encoding).unwrap_or_else(|raw| Body::dangerous_pre_encoded(raw, encoding))
}

/// Longest line without its CRLF. Source: RFC 5322, 2.1.1.
const LONGEST_LINE: usize = 998;

/// What every message must hold before any server hears of it.
fn check_wire(message: &[u8]) -> Result<(), MimeError> {
    let body = message.strip_suffix(b"\r\n").ok_or(MimeError::Wire("it does not end with a line end"))?;
    if memchr::memmem::find(message, b"\r\n\r\n").is_none() {
        return Err(MimeError::Wire("it has no body"));
    }
    if !body.is_ascii() || memchr::memchr(0, body).is_some() {
        return Err(MimeError::Wire("a byte is not ASCII"));
    }
    let mut begins = 0;
    let mut ends = 0;
    for at in memchr::memchr_iter(b'\n', body).chain([body.len()]) {
        // The last line's end was taken off.
        let end = if at == body.len() { at } else { at.saturating_sub(1) };
        if at < body.len() && (at == begins || body[end] != b'\r') {
            return Err(MimeError::Wire("a line end is not CRLF"));
        }
        ends += usize::from(at < body.len());
        if end - begins > LONGEST_LINE {
            return Err(MimeError::Wire("a line is longer than 998 bytes"));
        }
        if body[begins..].starts_with(b".") {
            return Err(MimeError::Wire("a line begins with a dot"));
        }
        begins = at + 1;
    }
    // Each end of a line has one; any other stands alone.
    if memchr::memchr_iter(b'\r', body).count() != ends {
        return Err(MimeError::Wire("a line end is not CRLF"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders as _};
    use proptest::prelude::*;

    use super::*;
    use crate::letters::message::tests::a_message;

    /// Composes, reads back with another program's parser, and compares.
    fn check(message: &Message) {
        let bytes = compose(message).unwrap();
        assert_eq!(bytes, compose(message).unwrap(), "the bytes must be the same every time");
        let dated = with_date(&bytes, Instant::from_millis(1_517_820_600_000), Zone::GENEVA);
        let read = MessageParser::default().parse(&dated).unwrap();
        assert_eq!(read.subject().unwrap_or(""), message.subject);
        assert_eq!(read.message_id(), Some(message.message_id.as_str()));
        let lines = |text: &str| text.replace("\r\n", "\n");
        assert_eq!(lines(&read.body_text(0).unwrap()), lines(&message.text));
        assert_eq!(lines(&read.body_html(0).unwrap()), lines(&message.html));
        assert_eq!(read.parts.len(), 3, "text and HTML, nothing else");
        let names = |list: Option<&mail_parser::Address<'_>>| -> Vec<(Option<String>, String)> {
            list.map_or_else(Vec::new, |list| {
                list.iter()
                    .map(|a| (a.name.as_deref().map(str::to_owned), a.address.as_deref().unwrap_or("").to_owned()))
                    .collect()
            })
        };
        let ours = |list: &[Mailbox]| -> Vec<(Option<String>, String)> {
            list.iter().map(|m| (m.name.clone(), m.address.to_string())).collect()
        };
        assert_eq!(names(read.to()), ours(&message.to));
        assert_eq!(names(read.cc()), ours(&message.cc));
        assert_eq!(names(read.from()), ours(std::slice::from_ref(&message.from)));
        assert!(read.bcc().is_none());
        assert_eq!(read.date().unwrap().to_rfc3339(), "2018-02-05T09:50:00+01:00");
        assert!(read.content_language().as_text().is_some());
    }

    #[test]
    fn letters_in_every_script_read_back_as_they_were_written() {
        for (subject, words, name) in [
            (
                "Совместное письмо перед 37-й сессией Совета по правам человека",
                "Ваше Превосходительство!",
                "Постоянное представительство",
            ),
            ("關於人權的聯名信", "閣下:\n\n我們寫信給您。", "常駐代表團"),
            (
                "Gemeinsamer Brief für die Menschenrechte: Größe und Würde",
                "Exzellenz,\n\nwir schreiben für Übergriffe.",
                "Müller, Käthe",
            ),
            ("رسالة مشتركة قبل الدورة", "سعادة السفير،\n\nنكتب إليكم.", "البعثة الدائمة"),
            ("Joint letter", ".\n..\nFrom here\n--\n", "The \"coalition\" (of many), Geneva; and others"),
        ] {
            let mut message = Message {
                subject: subject.to_owned(),
                text: format!("{words}\n").repeat(40),
                html: format!("<p>{words}</p>"),
                in_reply_to: Some("earlier@coalition.example".parse().unwrap()),
                references: (0..20).map(|n| format!("letter-{n}@coalition.example").parse().unwrap()).collect(),
                cc: vec!["second@mission.example".parse().unwrap()],
                ..a_message()
            };
            message.from.name = Some(name.to_owned());
            message.to[0].name = Some(name.to_owned());
            check(&message);
        }
    }

    #[test]
    fn nothing_of_this_machine_or_this_program_is_in_the_bytes() {
        let bytes = String::from_utf8(compose(&a_message()).unwrap()).unwrap().to_lowercase();
        for header in ["date:", "user-agent:", "x-mailer:", "received:", "auto-submitted:", "lettre", "localhost"] {
            assert!(!bytes.contains(header), "{header} in\n{bytes}");
        }
    }

    #[test]
    fn a_hostile_name_is_refused_before_it_can_panic() {
        let mut message = a_message();
        message.from.name = Some("A\r\nBcc: victim@x.example".to_owned());
        assert!(matches!(compose(&message), Err(MimeError::Message(_))));
    }

    #[test]
    fn the_date_stands_in_front_and_changes_nothing_else() {
        let bytes = compose(&a_message()).unwrap();
        let dated = with_date(&bytes, Instant::from_millis(1_517_820_600_000), Zone::GENEVA);
        assert!(dated.starts_with(b"Date: Mon, 05 Feb 2018 09:50:00 +0100\r\n"));
        assert!(dated.ends_with(&bytes));
    }

    #[test]
    fn a_message_that_would_break_on_the_wire_is_caught() {
        let long = format!("A: b\r\n\r\n{}\r\n", "x".repeat(999));
        for wrong in [
            "A: b\r\n\r\nc",
            "A: b\r\n\r\nc\nd\r\n",
            "A: b\r\n\r\nc\rd\r\n",
            "A: b\r\n\r\n.\r\n",
            "A: b\r\n",
            "A: b\r\n\r\né\r\n",
            &long,
        ] {
            assert!(check_wire(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert_eq!(check_wire(b"A: b\r\n\r\nc\r\n"), Ok(()));
    }

    proptest! {
        #[test]
        fn arbitrary_text_reads_back_and_never_breaks_on_the_wire(
            text in "[^\\p{C}\r]{1,2000}",
            lines in proptest::collection::vec("[^\\p{C}]{0,120}|\\.|\\.\\.|--x", 1..20),
            subject in "[^\\p{C}\\p{Z}=]{1,12}( [^\\p{C}\\p{Z}=]{1,12}){0,8}",
        ) {
            prop_assume!(!subject.chars().any(crate::vocabulary::safe_text::is_unsafe));
            let text = format!("x{text}\n{}", lines.join("\n"));
            check(&Message { html: format!("<p>{text}</p>"), text, subject, ..a_message() });
        }
    }
}
