//! What a new plan does to a dispatch that is already stored.

use super::dispatch::{Dispatch, Draft};
use super::status::Status;
use super::transition::Event;
use crate::vocabulary::Zone;

/// One visible difference, as `plan` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `due`, `text`, `subject`, `to`, `cc`, `sender`, `language`, `milestone`.
    pub what: &'static str,
    pub before: String,
    pub after: String,
}

/// What to do with the stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// Nothing that the row holds has changed.
    Same,
    /// Rewrite it. `event` moves it, where it has to move.
    Rewrite { differences: Vec<Difference>, event: Option<Event> },
    /// It has left, or is leaving, or has ended: the row stays as it is, whatever the files say.
    Settled,
}

/// Compares a stored dispatch with what the plan would make of it now.
pub fn revise(stored: &Dispatch, draft: &Draft, zone: Zone) -> Revision {
    if !stored.status.is_open() {
        return Revision::Settled;
    }
    let differences = differences(stored, draft, zone);
    let sealed_alike = stored.seal == draft.seal();
    let rules_alike = stored.rules == draft.rules
        && stored.provisional == draft.provisional
        && stored.position == draft.position
        && stored.milestone_day == draft.milestone_day
        && stored.why == draft.why;
    if sealed_alike && rules_alike && differences.is_empty() {
        return Revision::Same;
    }
    let event = match stored.status {
        _ if sealed_alike => None,
        Status::Approved | Status::Deferred => Some(Event::Unapprove),
        Status::Missed if stored.due != draft.due => Some(Event::Redate),
        _ => None,
    };
    Revision::Rewrite { differences, event }
}

fn differences(stored: &Dispatch, draft: &Draft, zone: Zone) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what, before: String, after: String| {
        if before != after {
            found.push(Difference { what, before, after });
        }
    };
    let list = |addresses: &[crate::vocabulary::Address]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    differ("due", zone.show(stored.due), zone.show(draft.due));
    differ("milestone", stored.milestone.clone(), draft.milestone.clone());
    let sureness = |provisional| if provisional { "provisional" } else { "confirmed" }.to_owned();
    differ("date", sureness(stored.provisional), sureness(draft.provisional));
    differ("language", stored.language.to_string(), draft.language.to_string());
    differ("sender", stored.sender.to_string(), draft.sender.to_string());
    differ("to", list(&stored.recipients.to), list(&draft.recipients.to));
    differ("cc", list(&stored.recipients.cc), list(&draft.recipients.cc));
    differ("subject", stored.subject.clone(), draft.subject.clone());
    differ("text", stored.digest.to_string(), draft.digest.to_string());
    found
}
