//! Where a message belongs, and how sure that is.

use std::fmt;

use serde::Serialize;

use crate::vocabulary::{CampaignId, StateCode};

/// By which rule a message was matched; stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchedBy {
    ReplyToken,
    InReplyTo,
    References,
    ReturnedLetter,
    RememberedSender,
    SenderAddress,
    DomainAndSubject,
    /// Nothing for sure: it waits in the pen.
    Nothing,
}

impl MatchedBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReplyToken => "reply-token",
            Self::InReplyTo => "in-reply-to",
            Self::References => "references",
            Self::ReturnedLetter => "returned-letter",
            Self::RememberedSender => "remembered-sender",
            Self::SenderAddress => "sender-address",
            Self::DomainAndSubject => "domain-and-subject",
            Self::Nothing => "nothing",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// It waits for a person.
    Unsure,
    /// The sender says who they are, and nothing speaks against it.
    Likely,
    /// It names a letter of ours by a name that only its readers know, and comes from that mission.
    Certain,
}

impl Confidence {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for MatchedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is done with a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Filing {
    /// It is filed under a delegation.
    Filed(Filed),
    /// It waits for a person, who sees the guesses, the best first.
    Pen { why: String, guesses: Vec<Guess> },
    /// It is kept and not entered in the log: bulk mail, our own.
    Aside { why: String },
    /// Its letter is in a worker's hand just now: it is read again when that has ended.
    Later,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    pub campaign: CampaignId,
    pub delegation: StateCode,
    /// The letter that it answers, by the row of its dispatch.
    pub letter: i64,
    pub matched_by: MatchedBy,
    pub confidence: Confidence,
    /// One clause for people.
    pub because: String,
}

/// A mission that a message in the pen may come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guess {
    pub delegation: StateCode,
    pub campaign: Option<CampaignId>,
    /// The row of the dispatch that it may answer.
    #[serde(skip)]
    pub letter: Option<i64>,
    /// One clause for people.
    pub because: String,
}

impl Guess {
    /// Keeps the first, and so best, guess of each delegation and campaign.
    pub fn once_each(guesses: Vec<Self>) -> Vec<Self> {
        let mut kept: Vec<Self> = Vec::new();
        for guess in guesses {
            let same = |other: &Self| {
                other.delegation == guess.delegation && (guess.campaign.is_none() || other.campaign == guess.campaign)
            };
            if !kept.iter().any(same) {
                kept.push(guess);
            }
        }
        kept
    }
}
