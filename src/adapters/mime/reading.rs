//! The bytes of one of our own letters → what a person reads of them.

use mail_parser::{Address, HeaderValue, MessageParser, MimeHeaders as _};

use crate::outbox::comparison::{Attached, Version};
use crate::vocabulary::Digest;

/// Reads a letter that [`super::compose`] wrote. `None`: the bytes are no message.
pub fn read(message: &[u8]) -> Option<Version> {
    let read = MessageParser::default().parse(message)?;
    let attached = read.attachments().map(|part| Attached {
        name: part.attachment_name().unwrap_or("without a name").to_owned(),
        kind: part.content_type().map_or_else(String::new, |kind| match kind.subtype() {
            Some(sub) => format!("{}/{sub}", kind.ctype()),
            None => kind.ctype().to_owned(),
        }),
        digest: Digest::of(part.contents()),
    });
    let lines =
        |body: Option<std::borrow::Cow<'_, str>>| body.map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
    Some(Version {
        from: addresses(read.from()),
        reply_to: addresses(read.reply_to()),
        to: addresses(read.to()),
        cc: addresses(read.cc()),
        subject: read.subject().unwrap_or_default().to_owned(),
        follows: words(read.references()),
        language: words(read.content_language()).join(" "),
        text: lines(read.body_text(0)),
        html: lines(read.body_html(0)),
        attached: attached.collect(),
        due: None,
    })
}

fn addresses(list: Option<&Address<'_>>) -> Vec<String> {
    let one = |address: &mail_parser::Addr<'_>| match (&address.name, &address.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (None, Some(address)) => address.to_string(),
        (name, None) => name.as_deref().unwrap_or_default().to_owned(),
    };
    list.map_or_else(Vec::new, |list| list.iter().map(one).collect())
}

fn words(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(text) => vec![text.to_string()],
        HeaderValue::TextList(list) => list.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::mime::compose;
    use crate::letters::Message;
    use crate::letters::message::tests::a_message;

    #[test]
    fn a_letter_reads_back_as_it_was_written() {
        let mut message = Message {
            subject: "Lettre conjointe à la 37e session du Conseil des droits de l’homme".to_owned(),
            text: "Madame l’Ambassadrice,\n\n關於人權 – سعادة السفير\n".to_owned(),
            references: vec!["one@coalition.example".parse().unwrap(), "two@coalition.example".parse().unwrap()],
            cc: vec!["Ola Nordmann <head@nor.example>".parse().unwrap()],
            ..a_message()
        };
        message.in_reply_to = message.references.last().cloned();
        let read = read(&compose(&message).unwrap()).unwrap();
        assert_eq!((read.subject, read.text, read.html), (message.subject, message.text, message.html));
        assert_eq!(read.cc, ["Ola Nordmann <head@nor.example>"]);
        assert_eq!(read.from, ["The coalition <outreach@coalition.example>"]);
        assert_eq!(read.follows, ["one@coalition.example", "two@coalition.example"]);
        assert_eq!(read.language, "en");
        assert!(read.attached.is_empty());
    }

    #[test]
    fn an_attached_file_is_named() {
        let bytes = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n";
        let read = read(bytes).unwrap();
        assert_eq!(
            read.attached,
            [Attached { name: "a.pdf".into(), kind: "application/pdf".into(), digest: Digest::of(b"%PDF") }]
        );
        assert_eq!(read.text.trim(), "words");
    }
}
