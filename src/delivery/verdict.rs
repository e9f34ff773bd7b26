//! The outcome of handing one letter to one mail server. Every outcome is a value; none is an exception.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{Address, safe_text};

/// The step of the dialogue (RFC 5321, 3) at which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Connect,
    Greeting,
    Tls,
    Hello,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    /// From the first byte of the message to the server's answer after the final dot.
    Content,
    /// Writing a file, in `files` mode.
    File,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Greeting => "the server's greeting",
            Self::Tls => "TLS",
            Self::Hello => "EHLO",
            Self::Auth => "authentication",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the letter itself",
            Self::File => "writing the file",
        })
    }
}

/// A server's answer: three digits and its words (RFC 5321, 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub code: u16,
    /// The words, lines joined by a space, controls escaped, at most [`Reply::LONGEST`] characters.
    pub text: String,
}

impl Reply {
    /// Characters of a server's words that are kept: enough for any honest server.
    pub const LONGEST: usize = 1000;

    pub fn new(code: u16, text: &str) -> Self {
        // As nearly every answer is: one line of ASCII. There is nothing to join, to escape or to cut.
        if text.len() <= Self::LONGEST && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Self { code, text: text.trim().to_owned() };
        }
        let one_line = text.split(['\r', '\n']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
        Self { code, text: safe_text::line(&one_line).chars().take(Self::LONGEST).collect() }
    }

    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// 4yz: refused for now.
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: refused for good.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// As what an address stands in the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    To,
    Cc,
}

/// What the server said of one recipient. In `files` mode, and for a recipient never asked about, nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientResult {
    pub address: Address,
    pub role: Role,
    pub reply: Option<Reply>,
}

/// What became of a letter that was handed over, or was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The server took responsibility for every `to` recipient. A `cc` whose reply is not positive was left out.
    Taken { reply: Option<Reply>, recipients: Vec<RecipientResult> },
    /// Provably not taken, and refused for now (4yz) at `phase`.
    NotNow { phase: Phase, reply: Reply, recipients: Vec<RecipientResult> },
    /// Provably not taken, and refused for good (5yz) at `phase`.
    Refused { phase: Phase, reply: Reply, recipients: Vec<RecipientResult> },
    /// Provably not taken: the dialogue broke before the message began. `why` is our words.
    Broken { phase: Phase, why: String },
    /// The message, or part of it, was on its way when the dialogue broke: the server may have taken it or not.
    Unknown { why: String, recipients: Vec<RecipientResult> },
}

impl Verdict {
    pub fn recipients(&self) -> &[RecipientResult] {
        match self {
            Self::Taken { recipients, .. }
            | Self::NotNow { recipients, .. }
            | Self::Refused { recipients, .. }
            | Self::Unknown { recipients, .. } => recipients,
            Self::Broken { .. } => &[],
        }
    }

    /// One line for the attempt's record, in the server's words where it spoke.
    pub fn summary(&self) -> String {
        match self {
            Self::Taken { reply: Some(reply), .. } => format!("taken: {reply}"),
            Self::Taken { reply: None, .. } => "written".to_owned(),
            Self::NotNow { phase, reply, .. } => format!("refused for now at {phase}: {reply}"),
            Self::Refused { phase, reply, .. } => format!("refused for good at {phase}: {reply}"),
            Self::Broken { phase, why } => format!("broken off at {phase}: {why}"),
            Self::Unknown { why, .. } => format!("no answer to the letter itself: {why}"),
        }
    }

    /// The word stored as `attempts.outcome` and printed in `dispatches --json`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::NotNow { .. } => "refused-for-now",
            Self::Refused { .. } => "refused",
            Self::Broken { .. } => "broken-off",
            Self::Unknown { .. } => "unknown",
        }
    }
}
