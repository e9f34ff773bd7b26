//! What can go wrong in a dialogue, before it is known what that means for the mailbox or a message.

use std::io;

use async_imap::imap_proto::{Outcome, ResponseCode};

use crate::adapters::unsaid::unsaid;
use crate::ports::MailboxFault;
use crate::vocabulary::safe_text;

pub(super) const HUNG_UP: &str = "the server hung up";

/// Characters of the server's words that are shown.
const SHOWN: usize = 200;

#[derive(Debug)]
pub(super) enum Trouble {
    /// The server says no; the session goes on.
    No(Words),
    /// The server says good-bye, of its own accord.
    Bye(Words),
    /// Silence, a broken line, an answer that means nothing. Our words. The session is of no use any more.
    Line(String),
    /// The machine, not the server: the spool, say.
    Ours(MailboxFault),
}

/// The server's words, safe to show.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub text: String,
    pub try_create: bool,
}

impl Words {
    pub fn of(outcome: &Outcome<'_>) -> Self {
        Self {
            text: short(outcome.information.as_deref().unwrap_or_default()),
            try_create: outcome.code == Some(ResponseCode::TryCreate),
        }
    }

    /// `code: None, info: Some("why")`: so async-imap gives the answer to LOGIN.
    fn in_a_debuggers_view(text: &str) -> Self {
        let why = text.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
        Self { text: short(why.unwrap_or_default()), try_create: false }
    }

    /// A code of RFC 5530 by which the server says that it will do better later.
    pub fn says_later(&self) -> bool {
        ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[CONTACTADMIN]"].iter().any(|code| self.has(code))
    }

    /// The message was removed by somebody else (RFC 5530, RFC 2180, section 4.1.2).
    pub fn says_gone(&self) -> bool {
        ["[EXPUNGEISSUED]", "[NONEXISTENT]"].iter().any(|code| self.has(code))
    }

    fn has(&self, code: &str) -> bool {
        self.text.get(..code.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(code))
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.text.is_empty() { "it does not say why" } else { &self.text })
    }
}

/// A server may say anything, and much.
pub(super) fn short(words: &str) -> String {
    let safe = safe_text::line(words.trim());
    match safe.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &safe[..end]),
        None => safe.into_owned(),
    }
}

impl Trouble {
    /// Without `password` in the server's words.
    pub fn unsaying(self, password: &str) -> Self {
        let quoted = |words: Words| Words { text: unsaid(&words.text, password), ..words };
        match self {
            Self::No(words) => Self::No(quoted(words)),
            Self::Bye(words) => Self::Bye(quoted(words)),
            Self::Line(why) => Self::Line(unsaid(&why, password)),
            ours @ Self::Ours(_) => ours,
        }
    }

    pub fn line(why: impl Into<String>) -> Self {
        Self::Line(why.into())
    }

    /// Whether another command may follow on the same session.
    pub fn leaves_the_session(&self) -> bool {
        matches!(self, Self::No(_) | Self::Ours(_))
    }

    /// Seen from the mailbox: it cannot be read now.
    pub fn away(self, host: &str) -> MailboxFault {
        let help =
            "nothing was lost: the next `demarche collect` goes on; if it stays so, ask the server's administrator";
        let why = match self {
            Self::No(words) => format!("it says no: {words}"),
            Self::Bye(words) => format!("it says good-bye: {words}"),
            Self::Line(why) => why,
            Self::Ours(fault) => return fault,
        };
        MailboxFault::Away { what: format!("the mailbox on {host} cannot be read: {why}"), help: help.to_owned() }
    }
}

impl From<MailboxFault> for Trouble {
    fn from(fault: MailboxFault) -> Self {
        Self::Ours(fault)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Line(match error.kind() {
            // The parser quotes whatever it could not read.
            io::ErrorKind::Other => "the server's answer is no IMAP".to_owned(),
            io::ErrorKind::UnexpectedEof => HUNG_UP.to_owned(),
            _ => short(&error.to_string()),
        })
    }
}

impl From<async_imap::error::Error> for Trouble {
    fn from(error: async_imap::error::Error) -> Self {
        use async_imap::error::Error;
        match error {
            Error::Io(error) => error.into(),
            Error::No(text) | Error::Bad(text) => Self::No(Words::in_a_debuggers_view(&text)),
            Error::ConnectionLost => Self::line(HUNG_UP),
            Error::Validate(_) => Self::line("a name or a password holds a line break"),
            _ => Self::line("the server's answer is no IMAP"),
        }
    }
}
