//! What a new plan does to a dispatch that is already stored.

use super::dispatch::{Dispatch, Draft};
use super::status::Status;
use super::token::{Token, reply_to, with_reply_to};
use super::transition::Event;
use crate::schedule::names_days_off;
use crate::vocabulary::{Address, Digest};

/// One visible difference, as `plan` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `due`, `text`, `subject`, `to`, `cc`, `sender`, `reply tokens`, `language`, `milestone`.
    pub what: &'static str,
    /// Of `due`: RFC 3339 in UTC.
    pub before: String,
    pub after: String,
    /// Of `due`: what moved it.
    pub because: Option<String>,
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
pub fn revise(stored: &Dispatch, draft: &Draft) -> Revision {
    if !stored.status.is_open() {
        return Revision::Settled;
    }
    let differences = differences(stored, draft);
    let sealed_alike = stored.seal == draft.seal();
    let rules_alike = stored.rules == draft.rules
        && stored.provisional == draft.provisional
        && stored.position == draft.position
        && stored.milestone_day == draft.milestone_day
        && stored.why == draft.why
        && stored.objections == draft.objections;
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

fn differences(stored: &Dispatch, draft: &Draft) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what, before: String, after: String| {
        if before != after {
            found.push(Difference { what, before, after, because: None });
        }
    };
    let list = |addresses: &[Address]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    differ("due", stored.due.to_string(), draft.due.to_string());
    differ("milestone", stored.milestone.clone(), draft.milestone.clone());
    let sureness = |provisional| if provisional { "provisional" } else { "confirmed" }.to_owned();
    differ("date", sureness(stored.provisional), sureness(draft.provisional));
    differ("language", stored.language.to_string(), draft.language.to_string());
    let tokens = token_change(stored, draft);
    if tokens.is_none() {
        differ("sender", stored.sender.to_string(), draft.sender.to_string());
    }
    differ("to", list(&stored.recipients.to), list(&draft.recipients.to));
    differ("cc", list(&stored.recipients.cc), list(&draft.recipients.cc));
    differ("subject", stored.subject.clone(), draft.subject.clone());
    if tokens.is_none_or(|change| !change.alone) {
        differ("text", stored.digest.to_string(), draft.digest.to_string());
    }
    if let Some(TokenChange { before, after, .. }) = tokens {
        differ("reply tokens", before.to_owned(), after.to_owned());
    }
    for due in found.iter_mut().filter(|difference| difference.what == "due") {
        due.because = moved_because(stored, draft);
    }
    found
}

/// `[inbox] reply_tokens` was turned on or off.
#[derive(Debug, Clone, Copy)]
struct TokenChange {
    before: &'static str,
    after: &'static str,
    /// The bytes differ in nothing else.
    alone: bool,
}

fn token_change(stored: &Dispatch, draft: &Draft) -> Option<TokenChange> {
    let base = Token::off(&draft.sender);
    if Token::off(&stored.sender) != base {
        return None;
    }
    // What the old letter's `Reply-To` may have been, should all else be the same.
    let (before, after, perhaps) = match (Token::in_address(&stored.sender), Token::in_address(&draft.sender)) {
        (None, Some(_)) => ("off", "on", [None, reply_to(&draft.message).map(|address| Token::off(&address))]),
        (Some(token), None) => {
            let answers = reply_to(&draft.message).unwrap_or_else(|| base.clone());
            ("on", "off", [token.on(&answers), None])
        }
        _ => return None,
    };
    let same =
        |reply_to: &Option<Address>| Digest::of(&with_reply_to(&draft.message, reply_to.as_ref())) == stored.digest;
    Some(TokenChange { before, after, alone: perhaps.iter().any(same) })
}

/// Why a letter leaves at another time than it was planned for, in one clause. `None` where the reasoning is the same: then a
/// person set the time.
pub fn moved_because(stored: &Dispatch, draft: &Draft) -> Option<String> {
    if stored.milestone != draft.milestone {
        let (before, after) = (stored.milestone_day, draft.milestone_day);
        return Some(format!(
            "it is counted from {} on {after} instead of {} on {before}",
            draft.milestone, stored.milestone
        ));
    }
    if stored.milestone_day != draft.milestone_day {
        let Draft { milestone, milestone_day, .. } = draft;
        return Some(format!("{milestone} moved from {} to {milestone_day}", stored.milestone_day));
    }
    let new: Vec<&String> = draft.why.iter().filter(|rule| !stored.why.contains(rule)).collect();
    let gone = stored.why.iter().filter(|rule| !draft.why.contains(rule));
    let day_off = new.iter().find(|rule| names_days_off(rule)).map(|rule| clause(rule));
    let no_day_off =
        || gone.into_iter().find(|rule| names_days_off(rule)).map(|rule| format!("no longer so: {}", clause(rule)));
    day_off.or_else(no_day_off).or_else(|| new.first().map(|rule| clause(rule)))
}

/// A sentence within another one: `not counted on the way …`.
fn clause(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
