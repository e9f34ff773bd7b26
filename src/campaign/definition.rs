//! A campaign: one coalition, one cause, a few letters.

use chrono::Duration;

use super::attach::Attach;
use super::audience::Audience;
use super::milestone::{MilestoneRef, When};
use crate::vocabulary::ids::IdError;
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

    /// Whether `named`, as a command names a step, means the dispatch step `id`: that step itself, or of the step that confirms
    /// meetings all its letters (`confirmation`), those about one meeting (`confirmation-2`), or one (`confirmation-2-0`).
    pub fn means(&self, named: &StepId, id: &StepId) -> bool {
        let about = |step: &Step| {
            let Some((meeting, _)) = step.confirms(id) else { return false };
            *named == step.id || named.as_str() == format!("{}-{meeting}", step.id)
        };
        named == id || self.steps.iter().any(about)
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

    /// The name of the letter that confirms one meeting as it stands: `confirmation-2-1` is the second meeting, moved once. So that a
    /// letter which has left stays what it was, and the next one is another dispatch.
    ///
    /// # Errors
    /// When the step's own name is too long for that.
    pub fn confirmation(&self, meeting: i64, sequence: u32) -> Result<StepId, IdError> {
        format!("{}-{meeting}-{sequence}", self.id).parse()
    }

    /// The meeting and its sequence, where `id` names a letter of this step.
    pub fn confirms(&self, id: &StepId) -> Option<(i64, u32)> {
        let rest = id.as_str().strip_prefix(self.id.as_str()).filter(|_| self.is_for_meetings())?;
        let (meeting, sequence) = rest.strip_prefix('-')?.split_once('-')?;
        Some((meeting.parse().ok()?, sequence.parse().ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, when: &str) -> Step {
        Step {
            id: id.parse().unwrap(),
            letter: "letter".parse().unwrap(),
            when: when.parse().unwrap(),
            follows: None,
            only_if: None,
            late: Late::Ask,
            late_by: Duration::hours(4),
            give_up: Duration::days(2),
            if_provisional: IfProvisional::Hold,
            attach: Vec::new(),
        }
    }

    #[test]
    fn the_letters_that_confirm_a_meeting_are_told_apart_by_meeting_and_move() {
        let confirmation = step("confirmation", "meeting");
        let id = confirmation.confirmation(2, 1).unwrap();
        assert_eq!(id.as_str(), "confirmation-2-1");
        assert_eq!(confirmation.confirms(&id), Some((2, 1)));
        for other in ["confirmation", "confirmation-2", "confirmation-a-1", "letter-2-1", "confirmation-2-1-0"] {
            assert_eq!(confirmation.confirms(&other.parse().unwrap()), None, "{other}");
        }
        let dated = step("confirmation", "on hrc:37.opens at 09:30");
        assert_eq!(dated.confirms(&id), None, "a step with a date has one letter to a delegation");
        assert!(step(&"x".repeat(62), "meeting").confirmation(2, 1).is_err());
    }
}
