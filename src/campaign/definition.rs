//! A campaign: one coalition, one cause, a few letters.

use chrono::Duration;

use super::attach::Attach;
use super::audience::Audience;
use super::milestone::{MilestoneRef, When};
use crate::vocabulary::{Address, AskId, CampaignId, LetterName, Mailbox, StateCode, StepId, Zone};

/// What `config/campaigns/NAME.toml` says, checked.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub id: CampaignId,
    pub title: String,
    /// The State that the letter is about: never written to.
    pub target: Option<StateCode>,
    pub from: Mailbox,
    pub reply_to: Option<Address>,
    /// In which `at` is read and in which people see times.
    pub zone: Zone,
    /// That many approvers, from different organisations; at least 1.
    pub approvals: usize,
    pub audience: Audience,
    /// States that a letter to others may name besides the target.
    pub may_name: Vec<StateCode>,
    pub approvers: Vec<Approver>,
    pub signatories: Vec<Signatory>,
    pub asks: Vec<Ask>,
    /// In the order of the file; a step stands after the one it follows.
    pub steps: Vec<Step>,
}

impl Campaign {
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// Signatories with their footnote mark, in order: `*`, `†`, `‡`, then doubled, as printers do.
    pub fn marked_signatories(&self) -> Vec<(&Signatory, Option<String>)> {
        let mut marks = 0;
        self.signatories
            .iter()
            .map(|signatory| {
                let mark = signatory.note.as_ref().map(|_| {
                    let sign = ["*", "†", "‡"][marks % 3].repeat(1 + marks / 3);
                    marks += 1;
                    sign
                });
                (signatory, mark)
            })
            .collect()
    }
}

/// Who may approve, and for which organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    pub name: String,
    pub organisation: String,
}

/// An organisation that signs the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    pub name: String,
    /// Becomes a footnote.
    pub note: Option<String>,
}

/// One thing that delegations are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub id: AskId,
    pub text: String,
}

/// One letter of a campaign and when it leaves.
#[derive(Debug, Clone)]
pub struct Step {
    pub id: StepId,
    pub letter: LetterName,
    pub when: When,
    /// The step whose letter this one is threaded under; due only if that one was sent.
    pub follows: Option<StepId>,
    pub only_if: Option<Condition>,
    pub late: Late,
    /// How far past its time a letter still leaves as usual. Default 4 hours.
    pub late_by: Duration,
    /// How long retries go on after the first attempt. Default 2 days.
    pub give_up: Duration,
    pub if_provisional: IfProvisional,
    /// In the order in which the message shows them; nothing twice.
    pub attach: Vec<Attach>,
}

impl Step {
    /// Whether it confirms meetings, each with a letter of its own, and is counted from no date.
    pub fn is_for_meetings(&self) -> bool {
        self.when.milestone == MilestoneRef::EachMeeting
    }
}

/// A condition judged at the moment of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `no-answer`: nobody at the mission has answered this campaign.
    NoAnswer,
}

/// What to do with a letter found later than `late_by` past its time, before its first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// Held; a person decides.
    Ask,
    /// Missed; it does not leave.
    Skip,
}

/// What to do with a letter whose milestone is still provisional when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfProvisional {
    Hold,
    Send,
}
