//! What one incoming message says, before anybody asks which letter it belongs to.

use std::fmt;

use serde::Serialize;

use super::kind::Kind;
use crate::vocabulary::{Day, Instant};

/// What an incoming message is (contract, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A person wrote it.
    Reply,
    /// A machine answered in somebody's place.
    AutoReply,
    /// A mail server says that a letter was not delivered, or not yet.
    Bounce,
    /// A machine says that a letter was delivered or displayed (RFC 3464 `delivered`, RFC 8098), or asks to prove that we are people.
    Receipt,
    /// An answer to an invitation (RFC 5546).
    CalendarReply,
    /// Bulk mail, lists, reports, and what says nothing: answers no letter by its form.
    Other,
}

impl MailKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::AutoReply => "auto-reply",
            Self::Bounce => "bounce",
            Self::Receipt => "receipt",
            Self::CalendarReply => "calendar-reply",
            Self::Other => "other",
        }
    }

    /// Under which kind it stands in the response log, should it be filed there. What is `other` and is filed all the same, by a
    /// person, was a reply.
    pub fn entry(self) -> Kind {
        match self {
            Self::Reply | Self::Other => Kind::Reply,
            Self::AutoReply => Kind::AutoReply,
            Self::Bounce => Kind::Bounce,
            Self::Receipt => Kind::Receipt,
            Self::CalendarReply => Kind::CalendarReply,
        }
    }
}

impl fmt::Display for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for MailKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Reply, Self::AutoReply, Self::Bounce, Self::Receipt, Self::CalendarReply, Self::Other];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("`{text}` is no kind of mail"))
    }
}

impl Serialize for MailKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Somebody in a header of incoming mail: as it stands there, believed in nothing. The address may be none by our own rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Correspondent {
    /// Without controls, decoded; may be empty.
    pub name: String,
    /// `local@domain`, the domain in small letters; may be empty.
    pub address: String,
}

/// A recipient that a bounce names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// To which we wrote, as far as the server remembers. Empty: it names nobody.
    pub address: String,
    /// Where the letter was passed on to, and failed.
    pub passed_on_to: Option<String>,
    /// An enhanced status code, `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// `Some(true)`: refused for good (5.x.x). `Some(false)`: for now (4.x.x): another try may succeed, be it the server's or ours.
    /// `None`: the server does not say.
    pub permanent: Option<bool>,
    /// Whether the server has stopped trying; `Some(false)` is a letter that is only late. One may be given up for a
    /// trouble that is not permanent: the letter has come back, and the address may be right.
    pub gave_up: Option<bool>,
    /// A hard bounce: refused for good, because there is no such mailbox or domain. Only this makes a contact doubtful: a full
    /// mailbox and an unwanted letter say nothing against the address.
    pub wrong_address: bool,
    /// In the server's words.
    pub words: String,
}

/// An answer to an invitation (RFC 5546, 3.2.3 and 3.2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarAnswer {
    pub uid: String,
    pub sequence: Option<u32>,
    pub answer: Participation,
    /// The attendee who answers.
    pub by: String,
    /// Of a counter-proposal: when they would rather meet.
    pub proposes: Option<Instant>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Participation {
    Accepted,
    Declined,
    Tentative,
    /// `METHOD:COUNTER`.
    Counter,
}

impl Participation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "tentative",
            Self::Counter => "counter",
        }
    }
}

/// A file that came along. Its bytes stay in the raw message; `part` says where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enclosure {
    /// As the sender called it, without controls and without a path; may be empty.
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
    /// After decoding.
    pub bytes: u64,
    /// The place of its part in the message, counted in the reader's order.
    #[serde(skip)]
    pub part: usize,
}

/// How one message is understood. Everything in it comes from outside, and has lost what could harm a terminal or a line.
#[derive(Debug, Clone)]
pub struct Reading {
    pub kind: MailKind,
    /// Why it is taken for that, one clause each.
    pub reasons: Vec<String>,
    /// Without angle brackets, as all ids here.
    pub message_id: Option<String>,
    /// The letters that it answers or returns, the surest first: the returned letter's own id in a bounce, the original of a
    /// receipt, `In-Reply-To`, then `References` from the last to the first.
    pub originals: Vec<String>,
    pub from: Correspondent,
    /// `Reply-To`, where it differs from `From`.
    pub reply_to: Option<Correspondent>,
    /// All of `From`, where there are several: suspicious by itself (RFC 5322 wants a `Sender` then).
    pub several_from: bool,
    /// Addresses in `To`, `Cc`, `Delivered-To`, `X-Original-To` and of the envelope, as far as headers say: among them our own, and
    /// a reply token.
    pub addressed_to: Vec<String>,
    pub subject: String,
    /// The `Date` header.
    pub date: Option<Instant>,
    pub returned: Vec<Returned>,
    /// Of a bounce: the `Subject` of the letter that came back.
    pub returned_subject: Option<String>,
    /// Of an auto-reply: the day from which somebody is back, as a suggestion.
    pub back_on: Option<Day>,
    pub calendar: Option<CalendarAnswer>,
    /// A challenge: the letter is kept back until somebody proves that people sent it.
    pub wants_a_proof: bool,
    /// The writer's own visible words, without quotation and signature.
    pub text: String,
    /// The whole visible text.
    pub whole: String,
    pub enclosures: Vec<Enclosure>,
    /// Something was too deep, too large or too many to be read; the raw message has it all.
    pub cut_off: Option<String>,
}

impl Reading {
    /// A message that says nothing.
    pub fn nothing(kind: MailKind) -> Self {
        Self {
            kind,
            reasons: Vec::new(),
            message_id: None,
            originals: Vec::new(),
            from: Correspondent::default(),
            reply_to: None,
            several_from: false,
            addressed_to: Vec::new(),
            subject: String::new(),
            date: None,
            returned: Vec::new(),
            returned_subject: None,
            back_on: None,
            calendar: None,
            wants_a_proof: false,
            text: String::new(),
            whole: String::new(),
            enclosures: Vec::new(),
            cut_off: None,
        }
    }

    /// The enhanced status code of a bounce that names one for all, or of its first recipient.
    pub fn smtp_status(&self) -> Option<&str> {
        self.returned.iter().find_map(|r| r.status.as_deref())
    }

    /// Whether the letter has come back for somebody, as far from being only late.
    pub fn came_back(&self) -> bool {
        self.kind == MailKind::Bounce && self.returned.iter().any(|one| one.gave_up != Some(false))
    }

    /// Whether any letter was returned for good; `None` where this is no bounce, or its server does not say.
    pub fn permanent(&self) -> Option<bool> {
        let said: Vec<bool> = self.returned.iter().filter_map(|r| r.permanent).collect();
        (!said.is_empty()).then(|| said.contains(&true))
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// A person's answer, without a sign of which letter it answers.
    pub(crate) fn a_reply(from: &str, subject: &str) -> Reading {
        Reading {
            kind: MailKind::Reply,
            reasons: vec![],
            message_id: Some("1@mission.example".into()),
            originals: vec![],
            from: Correspondent { name: String::new(), address: from.into() },
            reply_to: None,
            several_from: false,
            addressed_to: vec!["outreach@coalition.example".into()],
            subject: subject.into(),
            date: None,
            returned: vec![],
            returned_subject: None,
            back_on: None,
            calendar: None,
            wants_a_proof: false,
            text: "We thank you for your letter.".into(),
            whole: "We thank you for your letter.".into(),
            enclosures: vec![],
            cut_off: None,
        }
    }

    /// A bounce: recipients, their status (empty: none), and whether it is for good.
    pub(crate) fn a_bounce(original: &str, returned: &[(&str, &str, Option<bool>)]) -> Reading {
        let one = |(address, status, permanent): &(&str, &str, Option<bool>)| Returned {
            address: (*address).to_owned(),
            passed_on_to: None,
            status: (!status.is_empty()).then(|| (*status).to_owned()),
            permanent: *permanent,
            gave_up: *permanent,
            wrong_address: *permanent == Some(true) && status.starts_with("5.1."),
            words: "no such user".into(),
        };
        Reading {
            kind: MailKind::Bounce,
            originals: if original.is_empty() { vec![] } else { vec![original.to_owned()] },
            returned: returned.iter().map(one).collect(),
            ..a_reply("mailer-daemon@mx.example", "Undelivered Mail Returned to Sender")
        }
    }
}
