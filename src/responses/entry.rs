//! Entries of the response log: only ever added. A correction is a new entry that points at the old one.

use serde::{Deserialize, Serialize};

use super::stance::Stance;
use crate::inbox::Kind;
use crate::vocabulary::{AskId, CampaignId, Instant, StateCode};

/// A file that came with an answer, kept beside the log and never opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// As the sender called it, which says nothing of what it is.
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
    pub bytes: u64,
    /// Of a file that was given with `log add`: it lies in var/attachments under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Of a file that came by mail: the place of its part in the raw message, which has its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

/// An entry before it has a number.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// When it happened.
    pub at: Instant,
    pub campaign: Option<CampaignId>,
    pub delegation: Option<StateCode>,
    /// The row of the dispatch that it answers, where that is known.
    pub dispatch: Option<i64>,
    pub kind: Kind,
    pub stance: Option<Stance>,
    pub ask: Option<AskId>,
    pub from: Option<String>,
    pub subject: Option<String>,
    pub text: Option<String>,
    /// How it was filed: `by-hand`, or the rule that matched an incoming message.
    pub matched_by: &'static str,
    /// `certain`, or less for incoming mail.
    pub confidence: &'static str,
    pub attachments: Vec<Attachment>,
    /// The incoming message that it was made of.
    pub message: Option<i64>,
    /// The entry that this one corrects.
    pub corrects: Option<i64>,
    pub by: String,
}
