//! The states of a dispatch, in words that staff can say.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Where one step to one delegation stands. Each word says who moves it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Due date known, letter rendered; waits for approval. Moved by approvers.
    Planned,
    /// Its exact bytes are approved; leaves when due. Moved by the worker.
    Approved,
    /// A worker has claimed it; stored before the server hears anything. Moved by the worker, or `Uncertain` once its holder is gone.
    Sending,
    /// The server took it for every `to` address. Says nothing about reading.
    Sent,
    /// Provably not taken, refused for now; tried again at a stored time. Moved by the worker.
    Deferred,
    /// Refused for good for a `to` address, or given up. Moved by `demarche retry`, after a correction.
    Refused,
    /// We stopped between handing over and hearing back. Never sent again by itself; moved by `demarche settle`.
    Uncertain,
    /// Accepted, then returned by a later server. Moved by `demarche retry`, after a correction.
    Bounced,
    /// A person, a guard or lateness stopped it; the reason is stored. Moved by `demarche release`.
    Held,
    /// Its condition does not hold. Moved by `demarche release`.
    Skipped,
    /// Its time passed while nothing ran, and `late` says skip. Moved by `demarche release`.
    Missed,
    /// A person ended it. Moved by nobody.
    Cancelled,
}

impl Status {
    /// In the order in which `status` counts them.
    pub const ALL: [Self; 12] = [
        Self::Planned,
        Self::Approved,
        Self::Sending,
        Self::Sent,
        Self::Deferred,
        Self::Refused,
        Self::Uncertain,
        Self::Bounced,
        Self::Held,
        Self::Skipped,
        Self::Missed,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Approved => "approved",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Uncertain => "uncertain",
            Self::Bounced => "bounced",
            Self::Held => "held",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it needs a person before anything happens (contract, exit code 4). `Planned` does too when it is due soon.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Uncertain | Self::Refused | Self::Bounced | Self::Held | Self::Missed)
    }

    /// Whether the letter may still leave by itself, so that its bytes must follow the files.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Approved | Self::Deferred | Self::Held | Self::Skipped | Self::Missed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str);
            match crate::vocabulary::hint::nearest(text, all) {
                Some(near) => format!("no such status; did you mean {near}?"),
                None => format!("a status is one of {}", all.join(", ")),
            }
        })
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
