//! What our own books know, as far as one batch of incoming mail asks. Filled by a few queries, then only read.

use std::collections::{HashMap, HashSet};

use crate::outbox::token::Token;
use crate::outbox::{Recipients, Status};
use crate::vocabulary::{Address, CampaignId, DispatchId, Instant, StateCode};

/// A letter of ours.
#[derive(Debug, Clone)]
pub struct Written {
    /// The row of its dispatch.
    pub key: i64,
    pub id: DispatchId,
    /// Without angle brackets.
    pub message_id: String,
    pub subject: String,
    pub recipients: Recipients,
    /// Where earlier tries went; small letters.
    pub earlier_recipients: Vec<String>,
    pub status: Status,
    /// When a server took it; also of one that came back later.
    pub sent_at: Option<Instant>,
}

impl Written {
    /// Whether it was ever handed to a server: nobody can answer a letter that has not left.
    pub fn has_left(&self) -> bool {
        self.sent_at.is_some()
            || matches!(self.status, Status::Sending | Status::Uncertain | Status::Sent | Status::Bounced)
    }

    pub fn went_before_to(&self, address: &str) -> bool {
        self.earlier_recipients.contains(&address.to_lowercase())
    }

    pub fn went_to(&self, address: &str) -> bool {
        self.recipients.to.iter().chain(&self.recipients.cc).any(|ours| ours.key() == address.to_lowercase())
    }
}

/// How we know that an address is a mission's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The contact list, at the last plan.
    List,
    /// A person filed mail of this address there.
    Person,
}

#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Letters by Message-ID.
    pub letters: HashMap<String, Written>,
    /// Letters by their reply token.
    pub tokens: HashMap<String, Written>,
    /// Whose address it is; small letters.
    pub addresses: HashMap<String, Vec<(StateCode, Source)>>,
    /// Whose domain it is, each State once.
    pub domains: HashMap<String, Vec<StateCode>>,
    /// What has left to a mission, the last first.
    pub written_to: HashMap<StateCode, Vec<Written>>,
    /// Our own addresses; small letters.
    pub own: HashSet<String>,
}

impl Known {
    /// The State whose address this is, where it is one only. What a person said goes before the list.
    pub fn states_of(&self, address: &str) -> Vec<StateCode> {
        let all = self.addresses.get(&address.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        let by_person: Vec<StateCode> =
            all.iter().filter(|(_, s)| *s == Source::Person).map(|(state, _)| *state).collect();
        if !by_person.is_empty() {
            return by_person;
        }
        all.iter().map(|(state, _)| *state).collect()
    }

    pub fn domains_of(&self, state: StateCode) -> Vec<&String> {
        self.domains.iter().filter(|(_, states)| states.contains(&state)).map(|(domain, _)| domain).collect()
    }

    pub fn is_own(&self, address: &str) -> bool {
        is_own(&self.own, address)
    }

    /// What has left to a mission, the last first.
    pub fn letters_to(&self, state: StateCode) -> &[Written] {
        self.written_to.get(&state).map(Vec::as_slice).unwrap_or_default()
    }

    /// Campaigns that wrote to `state` within `days` before `at`, the last first.
    pub fn campaigns_since(&self, state: StateCode, at: Instant, days: i64) -> Vec<&CampaignId> {
        let mut found: Vec<&CampaignId> = Vec::new();
        for letter in self.letters_to(state) {
            let recent = letter.sent_at.is_none_or(|sent| sent <= at && at.since(sent) <= chrono::Duration::days(days));
            if recent && !found.contains(&&letter.id.campaign) {
                found.push(&letter.id.campaign);
            }
        }
        found
    }
}

/// Whether an address is one of `own`, which are in small letters, or one of them with a reply token: a mail program answers from the
/// address that it was written to.
pub fn is_own(own: &HashSet<String>, address: &str) -> bool {
    let small = address.to_lowercase();
    own.contains(&small) || small.parse::<Address>().is_ok_and(|with| own.contains(&Token::off(&with).to_string()))
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) fn state(code: &str) -> StateCode {
        code.parse().unwrap()
    }

    /// Addresses of a mission, as a plan notes them.
    pub(crate) fn a_mission(known: &mut Known, code: &str, addresses: &[&str]) {
        for address in addresses {
            known.addresses.entry((*address).to_owned()).or_default().push((state(code), Source::List));
            let domain = address.split_once('@').unwrap().1.to_owned();
            let states = known.domains.entry(domain).or_default();
            if !states.contains(&state(code)) {
                states.push(state(code));
            }
        }
    }

    /// A letter that has left, to the first addresses of a mission.
    pub(crate) fn a_letter(known: &mut Known, key: i64, id: &str, to: &[&str], sent: i64) -> Written {
        let id: DispatchId = id.parse().unwrap();
        let written = Written {
            key,
            message_id: format!("{key}@coalition.example"),
            subject: format!("Joint letter of {}", id.campaign),
            recipients: Recipients { to: to.iter().map(|a| a.parse().unwrap()).collect(), cc: vec![] },
            earlier_recipients: vec![],
            status: Status::Sent,
            sent_at: Some(Instant::from_millis(sent * 86_400_000)),
            id: id.clone(),
        };
        known.letters.insert(written.message_id.clone(), written.clone());
        let all = known.written_to.entry(id.delegation).or_default();
        all.push(written.clone());
        all.sort_by_key(|letter| std::cmp::Reverse(letter.sent_at));
        written
    }
}
