//! What drafting starts from, and what comes of it.

use std::collections::{BTreeMap, HashMap};

use crate::campaign::{Attach, Step};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::letters::MessageId;
use crate::responses::Meeting;
use crate::schedule::{Due, Milestone};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, DispatchId, Instant, StateCode, StepId};

/// What drafting starts from.
#[derive(Debug)]
pub struct Drafting<'a> {
    pub workspace: &'a Workspace,
    pub file: &'a CampaignFile,
    /// Message-IDs are made from it.
    pub secret: &'a str,
    /// What `upr:next.STATE` was fixed as by an earlier plan.
    pub fixed: &'a BTreeMap<String, String>,
    /// Those that the campaign has agreed, for the step that confirms them.
    pub meetings: &'a [Meeting],
    /// What people decided about single dispatches.
    pub overrides: &'a HashMap<DispatchId, Override>,
}

/// What is stored of a dispatch and outlives a plan: a person's decisions, and what has left.
#[derive(Debug, Clone, Default)]
pub struct Override {
    /// `release --at`.
    pub due: Option<Instant>,
    /// After a bounce: the corrected addresses alone.
    pub only_to: Vec<Address>,
    /// Given once, and kept for the dispatch's life.
    pub message_id: Option<MessageId>,
    /// What a person let pass of the guards' objections.
    pub accepted: Vec<String>,
    /// Due time and subject of a letter that has left: what a later step says of it is what the mission has read.
    pub left: Option<(Instant, String)>,
}

/// A State that does not get a step's letter.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LeftOutRow {
    pub delegation: StateCode,
    pub step: StepId,
    pub reason: String,
}

/// All but the letters themselves, which go to the caller one by one.
#[derive(Debug, Default)]
pub struct Drafted {
    pub left_out: Vec<LeftOutRow>,
    pub problems: Vec<Problem>,
    /// `upr:next.STATE` → `upr:N.STATE`, with those fixed now.
    pub fixed: BTreeMap<String, String>,
    pub letters: usize,
    /// For each step that has a date.
    pub dates: Vec<(StepId, Milestone, Due)>,
}

/// Which letters are wanted. The others are still rendered, for later letters name them; but they get no bytes.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "a choice made by a function has nothing to show")]
pub struct Wanted<'a> {
    /// Asked once for each letter, in their order; `None`: all.
    pub only: Option<&'a dyn Fn(&DispatchId) -> bool>,
    pub pdf: Pdf,
}

/// Which letters are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pdf {
    /// Those that take it along.
    #[default]
    AsAttached,
    All,
    /// None: for those who ask for dates and recipients. The bytes are then not those that leave.
    None,
}

impl<'a> Wanted<'a> {
    pub fn only(only: &'a dyn Fn(&DispatchId) -> bool) -> Self {
        Self { only: Some(only), pdf: Pdf::AsAttached }
    }

    /// Whether a step's letters are printed.
    pub(super) fn prints(&self, step: &Step) -> bool {
        match self.pdf {
            Pdf::AsAttached => step.attach.contains(&Attach::Letter),
            Pdf::All => true,
            Pdf::None => false,
        }
    }
}
