//! One message to one delegation, before it becomes bytes.

use std::fmt;
use std::str::FromStr;

use super::error::MessageError;
use super::letter::{LARGEST_ATTACHMENTS, LARGEST_PART, LONGEST_SUBJECT};
use crate::campaign::FileName;
use crate::vocabulary::{Language, Mailbox, address, safe_text};

/// The name of a message for ever, made once at planning and the same in every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// `left@right`, without the angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads `<left@right>`, or the same without brackets. Source: RFC 5322, 3.6.4 (its dot-atom form).
impl FromStr for MessageId {
    type Err = MessageError;
    fn from_str(text: &str) -> Result<Self, MessageError> {
        let bare = match text.strip_prefix('<') {
            Some(rest) => rest.strip_suffix('>').ok_or(MessageError::MessageId)?,
            None => text,
        };
        let atom = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
        };
        match bare.split_once('@') {
            Some((left, right)) if bare.len() <= 200 && atom(left) && atom(right) => Ok(Self(bare.to_owned())),
            _ => Err(MessageError::MessageId),
        }
    }
}

/// With its angle brackets, as headers show it.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// All that the wire will show, but for the `Date`, which is added in front when the message leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub message_id: MessageId,
    /// The letter that this one follows.
    pub in_reply_to: Option<MessageId>,
    /// The whole thread, oldest first.
    pub references: Vec<MessageId>,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    /// In the order in which they are shown; the same addresses as in the envelope.
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub language: Language,
    /// In the order of the step's `attach`.
    pub attachments: Vec<Attachment>,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: FileName,
    pub bytes: Vec<u8>,
}

impl Message {
    /// What must hold before the message becomes bytes.
    ///
    /// # Errors
    /// The first of: no recipient, a subject or a name that could break out of its header, an empty or too large part, an
    /// empty attachment or attachments too large.
    pub fn check(&self) -> Result<(), MessageError> {
        if self.to.is_empty() {
            return Err(MessageError::NoRecipient);
        }
        if self.subject.trim().is_empty() {
            return Err(MessageError::NoSubject);
        }
        let length = self.subject.chars().count();
        if length > LONGEST_SUBJECT {
            return Err(MessageError::LongSubject(length));
        }
        if let Some(c) = self.subject.chars().find(|c| breaks_out(*c)) {
            return Err(MessageError::Unsafe { field: "subject", code: u32::from(c) });
        }
        if self.subject.contains("=?") {
            return Err(MessageError::EncodedWord);
        }
        let boxes = [&self.from].into_iter().chain(&self.reply_to).chain(&self.to).chain(&self.cc);
        for name in boxes.filter_map(|mailbox| mailbox.name.as_deref()) {
            address::check_name(name)?;
            if name.contains("=?") {
                return Err(MessageError::EncodedWord);
            }
        }
        for (part, words) in [("text", &self.text), ("HTML", &self.html)] {
            if words.trim().is_empty() {
                return Err(MessageError::EmptyPart(part));
            }
            if words.len() > LARGEST_PART {
                return Err(MessageError::LargePart { part, bytes: words.len() });
            }
            if let Some(c) = control(words) {
                return Err(MessageError::Unsafe { field: part, code: u32::from(c) });
            }
        }
        if let Some(empty) = self.attachments.iter().find(|file| file.bytes.is_empty()) {
            return Err(MessageError::EmptyAttachment(empty.name.clone()));
        }
        let bytes: usize = self.attachments.iter().map(|file| file.bytes.len()).sum();
        if bytes > LARGEST_ATTACHMENTS {
            return Err(MessageError::LargeAttachments(bytes));
        }
        Ok(())
    }

    /// The same message marked for a colleague's eyes.
    #[must_use]
    pub fn for_test(&self) -> Self {
        let subject: String = format!("[TEST] {}", self.subject).chars().take(LONGEST_SUBJECT).collect();
        Self { subject, ..self.clone() }
    }
}

/// Whether `c` may not stand in a header. The joiners of Persian and Indian scripts are letters of their words.
fn breaks_out(c: char) -> bool {
    safe_text::is_unsafe(c) && !matches!(c, '\u{200C}' | '\u{200D}')
}

/// The first control character that is no line end and no tab. Bytes are looked at first, many at once: letters have none.
fn control(words: &str) -> Option<char> {
    let bytes = words.as_bytes();
    let ascii = |b: u8| (b < b' ') & (b != b'\n') & (b != b'\t') & (b != b'\r') | (b == 0x7F);
    let low = bytes.iter().fold(false, |found, b| found | ascii(*b));
    // U+0080 to U+009F.
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let high = pairs.fold(false, |found, (a, b)| found | (*a == 0xC2) & (*b < 0xA0));
    if !low && !high {
        return None;
    }
    words.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn a_message() -> Message {
        Message {
            message_id: "<hrc37-china.letter.fra@coalition.example>".parse().unwrap(),
            in_reply_to: None,
            references: Vec::new(),
            from: "The coalition <outreach@coalition.example>".parse().unwrap(),
            reply_to: Some("outreach@coalition.example".parse().unwrap()),
            to: vec!["mission.france@geneva.example".parse().unwrap()],
            cc: Vec::new(),
            subject: "Joint letter".to_owned(),
            text: "Excellency,\n\nWe write.\n".to_owned(),
            html: "<p>Excellency,</p><p>We write.</p>".to_owned(),
            language: Language::ENGLISH,
            attachments: Vec::new(),
        }
    }

    #[test]
    fn a_subject_with_a_line_break_is_refused() {
        let message = Message { subject: "Letter\r\nBcc: x@evil.example".to_owned(), ..a_message() };
        assert_eq!(message.check(), Err(MessageError::Unsafe { field: "subject", code: 13 }));
        assert_eq!(a_message().check(), Ok(()));
    }

    #[test]
    fn a_display_name_with_a_line_break_is_refused_and_nothing_panics() {
        let mut message = a_message();
        message.to[0].name = Some("A\r\nBcc: x".to_owned());
        assert!(matches!(message.check(), Err(MessageError::Name(_))));
    }

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for c in ('\0'..='\u{FF}').filter(|c| !matches!(c, '\n' | '\t' | '\r')) {
            let words = format!("Excellency,\r\n\tré {c} « oui »\n");
            assert_eq!(control(&words), c.is_control().then_some(c), "{c:?}");
            let message = Message { text: words, ..a_message() };
            assert_eq!(message.check().is_err(), c.is_control(), "{c:?}");
        }
    }

    #[test]
    fn a_message_id_that_could_carry_a_header_is_refused() {
        for wrong in ["", "<>", "<a>", "<a@b\r\nX: y>", "<a@b> <c@d>", "<a b@c>", "a@b>", "<é@b>"] {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn a_message_to_nobody_is_refused() {
        let message = Message { to: Vec::new(), ..a_message() };
        assert_eq!(message.check(), Err(MessageError::NoRecipient));
    }
}
