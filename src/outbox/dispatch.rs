//! A dispatch: one step to one delegation, as it is planned and as it is stored.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::approval;
use super::recipients::Recipients;
use super::status::Status;
use super::token::Token;
use super::wish::Wish;
use crate::campaign::milestone::is_meeting;
use crate::campaign::{Condition, IfProvisional, Late};
use crate::vocabulary::{Address, Day, Digest, DispatchId, Instant, Language, StepId};

/// What the plan makes of one step and one delegation: everything but its fate.
#[derive(Debug, Clone)]
pub struct Draft {
    pub id: DispatchId,
    /// The step's place in the campaign, from 0.
    pub position: i32,
    pub due: Instant,
    pub milestone: String,
    pub milestone_day: Day,
    pub provisional: bool,
    pub language: Language,
    pub sender: Address,
    pub recipients: Recipients,
    pub subject: String,
    /// The whole message but `Date`: what approvers approve.
    pub message: Vec<u8>,
    pub digest: Digest,
    pub message_id: String,
    /// Carried by `Reply-To` and the envelope's sender where `[inbox] reply_tokens` asks for it; kept either way.
    pub reply_token: Token,
    pub rules: SendingRules,
    /// How the date came about, one sentence a rule.
    pub why: Vec<String>,
    /// What the guards found in its words.
    pub objections: Vec<String>,
}

impl Draft {
    pub fn seal(&self) -> Digest {
        approval::seal(self.digest, &self.sender.to_string(), &self.recipients, self.due)
    }
}

impl Draft {
    /// Whether it confirms a meeting, and is no letter of a campaign's own.
    pub fn is_confirmation(&self) -> bool {
        is_meeting(&self.milestone)
    }
}

impl Dispatch {
    /// Whether it confirms a meeting, and is no letter of a campaign's own.
    pub fn is_confirmation(&self) -> bool {
        is_meeting(&self.milestone)
    }

    /// Whether sender, recipients, due time and digest are still those of its seal: a row that was changed behind the program's
    /// back is not what people approved.
    pub fn is_sealed(&self) -> bool {
        self.seal == approval::seal(self.digest, &self.sender.to_string(), &self.recipients, self.due)
    }

    /// This row once `draft` has been written to it. What a person let pass holds for the words that are still there.
    #[must_use]
    pub fn rewritten(&self, draft: &Draft) -> Self {
        let accepted = self.accepted.iter().filter(|words| draft.objections.contains(words)).cloned().collect();
        Self { seal: draft.seal(), objections: draft.objections.clone(), accepted, ..self.clone() }
    }
}

/// What is judged at the moment of sending; stored with the dispatch, so that the worker needs no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendingRules {
    pub follows: Option<StepId>,
    pub only_if: Option<Condition>,
    pub late: Late,
    pub late_by: Duration,
    pub give_up: Duration,
    pub if_provisional: IfProvisional,
    /// From this instant on it must not leave any more, whatever happened before: the meeting that it confirms begins.
    pub not_after: Option<Instant>,
}

/// A dispatch as the database holds it.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// The row's number.
    pub key: i64,
    pub id: DispatchId,
    pub position: i32,
    pub status: Status,
    /// Why it is held, skipped, refused, planned again …
    pub reason: Option<String>,
    pub via: Option<Via>,
    pub due: Instant,
    /// The earliest instant of the next attempt.
    pub next_at: Instant,
    pub milestone: String,
    pub milestone_day: Day,
    pub provisional: bool,
    pub language: Language,
    pub sender: Address,
    pub recipients: Recipients,
    pub subject: String,
    pub digest: Digest,
    pub seal: Digest,
    pub message_id: String,
    pub rules: SendingRules,
    pub why: Vec<String>,
    /// What the guards found in its words, at the last plan.
    pub objections: Vec<String>,
    /// Those among them that a person has let pass by `release`. Other words are another objection.
    pub accepted: Vec<String>,
    /// Guards that a person has waived by `release`.
    pub waived: Vec<Guard>,
    /// A due time that `release --at` set in place of the planned one.
    pub due_override: Option<Instant>,
    /// Recipients that `retry` after a bounce set in place of those in the contact list.
    pub only_to: Vec<Address>,
    /// What is to happen should it come back, where it is out.
    pub wish: Wish,
    pub attempts: u32,
    /// Opens the window of `give_up`: the first attempt since approval, or since the last `retry`.
    pub tried_since: Option<Instant>,
    pub fence: i64,
    pub sent_at: Option<Instant>,
}

/// By which way a letter left; stored as `dispatches.via`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Files,
    Smtp,
}

impl Via {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Smtp => "smtp",
        }
    }
}

/// What can stop a letter, at its planning or at the moment of sending. Stored by name in `reason` and, once waived, in `waived`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    Late,
    Provisional,
    /// The letter that it follows is neither sent nor surely not sent.
    Unsettled,
    /// Another campaign wrote to this mission a few days ago.
    Neighbour,
    /// An address under `.example` and a real mail server.
    Example,
    /// `only_if`, or nothing sent to follow.
    Condition,
    /// The stored bytes are missing, or are not those that were approved.
    Damaged,
    /// Its words name another State, or are otherwise not to be sent unseen. Waived for the very words, in `accepted`.
    Words,
    /// Mail in the pen may be this delegation's answer.
    Pen,
    /// The mailbox was not read lately: an answer may lie there.
    Unread,
}

impl Guard {
    const ALL: [Self; 10] = [
        Self::Late,
        Self::Provisional,
        Self::Unsettled,
        Self::Neighbour,
        Self::Example,
        Self::Condition,
        Self::Damaged,
        Self::Words,
        Self::Pen,
        Self::Unread,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Provisional => "provisional",
            Self::Unsettled => "unsettled",
            Self::Neighbour => "neighbour",
            Self::Example => "example",
            Self::Condition => "condition",
            Self::Damaged => "damaged",
            Self::Words => "words",
            Self::Pen => "pen",
            Self::Unread => "unread",
        }
    }

    /// The guard that wrote this reason: `late: by 5 hours`.
    pub fn of_reason(reason: &str) -> Option<Self> {
        let (word, _) = reason.split_once(':')?;
        Self::ALL.into_iter().find(|guard| guard.as_str() == word)
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// An approved letter to France, with the default rules, due at `due`.
    pub(crate) fn approved(due: Instant) -> Dispatch {
        let recipients = Recipients { to: vec!["mission@fra.example".parse().unwrap()], cc: vec![] };
        let digest = Digest::of(b"letter");
        let sender: Address = "outreach@coalition.example".parse().unwrap();
        Dispatch {
            key: 1,
            id: "hrc37-china/letter/FRA".parse().unwrap(),
            position: 0,
            status: Status::Approved,
            reason: None,
            via: None,
            due,
            next_at: due,
            milestone: "hrc:37.opens".into(),
            milestone_day: "2018-02-26".parse().unwrap(),
            provisional: false,
            language: Language::ENGLISH,
            seal: approval::seal(digest, &sender.to_string(), &recipients, due),
            sender,
            recipients,
            subject: "Joint letter".into(),
            digest,
            message_id: "<1@coalition.example>".into(),
            rules: SendingRules {
                follows: None,
                only_if: None,
                late: Late::Ask,
                late_by: Duration::hours(4),
                give_up: Duration::days(2),
                if_provisional: IfProvisional::Hold,
                not_after: None,
            },
            why: vec![],
            objections: vec![],
            accepted: vec![],
            waived: vec![],
            due_override: None,
            only_to: vec![],
            wish: Wish::default(),
            attempts: 0,
            tried_since: None,
            fence: 0,
            sent_at: None,
        }
    }
}
