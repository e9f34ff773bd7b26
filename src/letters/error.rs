//! Why a message cannot leave. Carries the facts; the wording is one clause, without a full stop.

use crate::campaign::FileName;
use crate::vocabulary::address::MailboxError;

/// Why a [`super::Message`] is refused before any byte of it is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("the message has no `To` address")]
    NoRecipient,
    #[error("the subject is empty")]
    NoSubject,
    #[error("the subject has {0} characters, at most {max} are sure to be shown", max = super::letter::LONGEST_SUBJECT)]
    LongSubject(usize),
    #[error("the {field} holds an invisible or control character, U+{code:04X}")]
    Unsafe { field: &'static str, code: u32 },
    /// `=?` begins an encoded-word (RFC 2047): a reader's program would show other words than were approved.
    #[error("subject or name holds `=?`, which mail programs decode")]
    EncodedWord,
    #[error("the name beside an address cannot be used: {0}")]
    Name(#[from] MailboxError),
    #[error("a Message-ID is written <left@right>, in printable ASCII, at most 200 characters")]
    MessageId,
    #[error("the {0} part is empty")]
    EmptyPart(&'static str),
    #[error("the {part} part has {bytes} bytes, over 1 MiB")]
    LargePart { part: &'static str, bytes: usize },
    #[error("the attachment {0} is empty")]
    EmptyAttachment(FileName),
    #[error("the attachments have {0} bytes together, over {max} MiB: many missions' mail servers refuse more", max = super::letter::LARGEST_ATTACHMENTS / 1024 / 1024)]
    LargeAttachments(usize),
}
