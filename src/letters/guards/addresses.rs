//! E-mail addresses of other missions.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::Finding;
use super::words::excerpt;
use crate::campaign::{Mission, States};
use crate::vocabulary::providers::is_for_everybody;
use crate::vocabulary::{Address, StateCode};

/// The contact list's addresses, and the domains that belong to one mission alone.
#[derive(Debug)]
pub(super) struct Book {
    mailboxes: HashMap<String, BTreeSet<StateCode>>,
    domains: HashMap<String, StateCode>,
    names: HashMap<StateCode, String>,
}

impl Book {
    /// `ours`: addresses of the coalition.
    pub fn new<'a>(states: &States, missions: &[Mission], ours: impl Iterator<Item = &'a Address>) -> Self {
        let mut mailboxes: HashMap<String, BTreeSet<StateCode>> = HashMap::new();
        let mut domains: HashMap<String, BTreeSet<StateCode>> = HashMap::new();
        for mission in missions {
            for address in mission.contacts.iter().filter_map(|contact| contact.email.as_ref()) {
                mailboxes.entry(address.key()).or_default().insert(mission.state);
                domains.entry(address.domain().to_owned()).or_default().insert(mission.state);
            }
        }
        for address in ours {
            mailboxes.remove(&address.key());
            domains.remove(address.domain());
        }
        let of_one = |(domain, whose): (String, BTreeSet<StateCode>)| {
            let only = whose.first().copied().filter(|_| whose.len() == 1)?;
            (!is_for_everybody(&domain)).then_some((domain, only))
        };
        Self {
            mailboxes,
            domains: domains.into_iter().filter_map(of_one).collect(),
            names: states.iter().map(|s| (s.code, s.name_en.clone())).collect(),
        }
    }

    /// Addresses among words of a letter to `to` that are another mission's.
    pub fn addresses(&self, words: &str, to: &Mission, allowed: &BTreeSet<StateCode>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for line in words.lines() {
            for (at, _) in line.match_indices('@') {
                let range = around(line, at);
                let Ok(address) = line[range.clone()].parse::<Address>() else { continue };
                let Some(whose) = self.whose(&address).filter(|whose| whose.is_disjoint(allowed)) else { continue };
                if to.contacts.iter().any(|contact| contact.email.as_ref() == Some(&address)) {
                    continue;
                }
                let name = |code: &StateCode| self.names.get(code).cloned().unwrap_or_else(|| code.to_string());
                let states = whose.iter().map(name).collect::<Vec<_>>().join(" or ");
                findings.push(Finding {
                    what: format!("names \"{address}\" (an address of the mission of {states})"),
                    words: address.to_string(),
                    excerpt: excerpt(line, &range),
                    state: whose.first().copied(),
                });
            }
        }
        findings
    }

    fn whose(&self, address: &Address) -> Option<BTreeSet<StateCode>> {
        if let Some(whose) = self.mailboxes.get(&address.key()) {
            return Some(whose.clone());
        }
        let mut domain = address.domain();
        loop {
            if let Some(state) = self.domains.get(domain) {
                return Some(BTreeSet::from([*state]));
            }
            domain = domain.split_once('.')?.1;
        }
    }
}

/// The address around an `@`, in bytes.
fn around(line: &str, at: usize) -> Range<usize> {
    let local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let from = line[..at].trim_end_matches(local).len();
    let behind = &line[at + 1..];
    let domain = behind.find(|c| !host(c)).map_or(behind, |end| &behind[..end]);
    from..at + 1 + domain.trim_end_matches(['.', '-']).len()
}
