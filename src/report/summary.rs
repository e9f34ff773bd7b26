//! `status`: where each campaign stands, and what needs a person.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap as _;

use crate::outbox::Status;
use crate::vocabulary::{CampaignId, DispatchId, Instant, StateCode, StepId};

/// How many dispatches are in each status; all twelve are always named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Status, u64>);

impl Counts {
    pub fn add(&mut self, status: Status, n: u64) {
        *self.0.entry(status).or_default() += n;
    }

    pub fn of(&self, status: Status) -> u64 {
        self.0.get(&status).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Status::ALL.len()))?;
        for status in Status::ALL {
            map.serialize_entry(status.as_str(), &self.of(status))?;
        }
        map.end()
    }
}

/// One dispatch that needs a person.
#[derive(Debug, Clone, Serialize)]
pub struct Attention {
    pub id: DispatchId,
    pub delegation: StateCode,
    pub step: StepId,
    pub status: Status,
    pub reason: String,
}

/// One campaign's line of `status`.
#[derive(Debug, Clone, Serialize)]
pub struct CampaignSummary {
    pub campaign: CampaignId,
    pub total: u64,
    pub counts: Counts,
    pub next_due: Option<Instant>,
    pub needs_attention: Vec<Attention>,
    /// Why nothing of it is sent until `plan` has run; an addition to the contract's keys.
    pub files_changed: Option<String>,
}

impl CampaignSummary {
    /// Exit code 4: something needs a person.
    pub fn needs_a_person(&self) -> bool {
        !self.needs_attention.is_empty() || self.files_changed.is_some()
    }
}
