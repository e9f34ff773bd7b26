//! A mail in plain text to the coalition's own staff.

use lettre::message::header::{self, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0};

use super::{MimeError, check_wire, mailboxes, part};
use crate::letters::{MessageError, MessageId};
use crate::vocabulary::{Address, Mailbox, safe_text};

/// What the wire will show, but for the `Date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    pub message_id: MessageId,
    pub from: Address,
    pub to: Address,
    pub subject: String,
    pub text: String,
}

/// The whole message, without `Date`; what holds of [`super::compose`] holds of it. Nobody's absence notice answers it (RFC 3834).
///
/// # Errors
/// A subject that could break out of its header; and whatever would break on the wire.
pub fn compose(message: &Plain) -> Result<Vec<u8>, MimeError> {
    if let Some(c) = message.subject.chars().find(|c| safe_text::is_unsafe(*c)) {
        return Err(MessageError::Unsafe { field: "subject", code: u32::from(c) }.into());
    }
    let alone = |address: &Address| Mailbox { name: None, address: address.clone() };
    let mut headers = Headers::new();
    headers.set(header::From::from(mailboxes([&alone(&message.from)])?));
    headers.set(header::To::from(mailboxes([&alone(&message.to)])?));
    headers.set(header::Subject::from(message.subject.clone()));
    headers.set(header::MessageId::from(message.message_id.to_string()));
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    headers.insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
    headers.set(MIME_VERSION_1_0);
    let mut bytes = headers.to_string().into_bytes();
    // The part ends its last line itself.
    bytes.extend_from_slice(&part(ContentType::TEXT_PLAIN, message.text.trim_end_matches('\n')).formatted());
    check_wire(&bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    fn plain(subject: &str, text: &str) -> Plain {
        Plain {
            message_id: "digest-1@coalition.example".parse().unwrap(),
            from: "outreach@coalition.example".parse().unwrap(),
            to: "staff@coalition.example".parse().unwrap(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written_and_says_that_a_machine_wrote_it() {
        let text = "ANSWERS: 1\n- CIV réponse …\n.\n.. dots\n";
        let bytes = compose(&plain("demarche 2018-02-06: 1 réponse", text)).unwrap();
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.subject(), Some("demarche 2018-02-06: 1 réponse"));
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), text);
        assert_eq!(read.parts.len(), 1);
        assert!(String::from_utf8(bytes).unwrap().contains("\r\nAuto-Submitted: auto-generated\r\n"));
    }

    #[test]
    fn a_subject_that_breaks_out_is_refused() {
        assert!(compose(&plain("a\r\nBcc: b@x.example", "text")).is_err());
    }
}
