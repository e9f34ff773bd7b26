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

/// Letters of one step that wait for one reason: 190 overdue ones must not bury the one that is uncertain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The first of them.
    pub id: DispatchId,
    pub status: Status,
    pub reason: String,
    pub letters: u64,
    /// The first of their missions.
    pub delegations: Vec<StateCode>,
}

/// Groups that are kept apart; of what comes later, only how much it is.
const GROUPS: usize = 50;
/// Missions of a group that are kept by name.
const NAMED: usize = 5;

/// What needs a person, in as few words as a page holds, however many letters it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    groups: Vec<Group>,
    others: u64,
}

impl Needs {
    pub fn add(&mut self, one: &Attention) {
        let alike = |group: &&mut Group| {
            group.status == one.status
                && group.reason == one.reason
                && group.id.step == one.step
                && group.id.campaign == one.id.campaign
        };
        let full = self.groups.len() >= GROUPS;
        match self.groups.iter_mut().rev().find(alike) {
            Some(group) => {
                group.letters += 1;
                if group.delegations.len() < NAMED {
                    group.delegations.push(one.delegation);
                }
            }
            None if !full => self.groups.push(Group {
                id: one.id.clone(),
                status: one.status,
                reason: one.reason.clone(),
                letters: 1,
                delegations: vec![one.delegation],
            }),
            None => self.others += 1,
        }
    }

    /// In the order in which they were added.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many letters it is.
    pub fn letters(&self) -> u64 {
        self.groups.iter().map(|group| group.letters).sum::<u64>() + self.others
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Letters behind the first so many groups.
    pub fn behind(&self, groups: usize) -> u64 {
        self.groups.iter().skip(groups).map(|group| group.letters).sum::<u64>() + self.others
    }

    /// Puts the needs of another campaign behind these.
    pub fn extend(&mut self, other: Self) {
        for group in other.groups {
            if self.groups.len() < GROUPS {
                self.groups.push(group);
            } else {
                self.others += group.letters;
            }
        }
        self.others += other.others;
    }
}

/// One campaign's line of `status`.
#[derive(Debug, Clone)]
pub struct CampaignSummary {
    pub campaign: CampaignId,
    pub counts: Counts,
    pub next_due: Option<Instant>,
    pub needs_attention: Needs,
    /// Why nothing of it is sent until `plan` has run; an addition to the contract's keys.
    pub files_changed: Option<String>,
}

impl CampaignSummary {
    /// Exit code 4: something needs a person.
    pub fn needs_a_person(&self) -> bool {
        !self.needs_attention.is_empty() || self.files_changed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attention(step: usize, reason: &str) -> Attention {
        let id: DispatchId = format!("spring/step-{step}/FRA").parse().unwrap();
        Attention {
            delegation: id.delegation,
            step: id.step.clone(),
            id,
            status: Status::Held,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn letters_with_one_reason_are_one_group_and_none_is_lost_behind_the_last() {
        let mut needs = Needs::default();
        for n in 0..10_000 {
            needs.add(&attention(n % 70, "they called"));
        }
        assert_eq!((needs.groups().len(), needs.letters()), (GROUPS, 10_000));
        assert_eq!((needs.groups()[0].letters, needs.groups()[0].delegations.len()), (143, NAMED));
        let shown: u64 = needs.groups().iter().take(15).map(|group| group.letters).sum();
        assert_eq!(shown + needs.behind(15), 10_000);
        let mut both = needs.clone();
        both.extend(needs);
        assert_eq!((both.groups().len(), both.letters()), (GROUPS, 20_000));
    }
}
