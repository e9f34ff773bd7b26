//! What an approver is shown before the yes: which letters, to whom, when, what differs from before, and the manifest.

use std::collections::{BTreeMap, BTreeSet};

use super::differences;
use super::output::{cell, count, table};
use crate::campaign::Campaign;
use crate::outbox::approval::organisations;
use crate::outbox::{Dispatch, Status};
use crate::steps::approve::Proposal;
use crate::steps::since_approval::Changed;
use crate::vocabulary::{Address, Zone};

/// Lines of differences that are shown before the question: half a screen, for the rest of the page is to be read too.
const DIFFERENCES: usize = 30;

/// Every recipient of every letter is named, however many: people put their names to it.
pub fn describe(proposal: &Proposal, changed: &Changed, campaign: &Campaign) -> String {
    let mut text = format!("{} ({})\n\n", cell(&campaign.title), campaign.id);
    text.push_str(&recipients(&proposal.dispatches));
    text.push_str("\n\n");
    text.push_str(&steps(&proposal.dispatches, campaign.zone));
    text.push_str("\n\n");
    text.push_str(&left_out(proposal));
    text.push_str(&so_far(proposal, campaign.approvals));
    text.push_str(&since_then(changed, campaign));
    text.push_str(&format!("manifest {}", proposal.manifest));
    text
}

/// One a line: an address that is broken in the middle is hard to check.
fn list(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One row for letters of one delegation that go to the same people.
fn recipients(dispatches: &[Dispatch]) -> String {
    let mut rows: BTreeMap<(&str, String, String), Vec<&str>> = BTreeMap::new();
    for d in dispatches {
        let row = (d.id.delegation.as_str(), list(&d.recipients.to), list(&d.recipients.cc));
        rows.entry(row).or_default().push(d.id.step.as_str());
    }
    let steps: BTreeSet<&str> = dispatches.iter().map(|d| d.id.step.as_str()).collect();
    let mut table = table(&["delegation", "to", "cc", "letters"]);
    for ((delegation, to, cc), own) in rows {
        let letters = if own.len() == steps.len() && own.len() > 1 { "all".to_owned() } else { own.join(", ") };
        table.add_row(vec![delegation.to_owned(), to, cc, letters]);
    }
    table.to_string()
}

/// One row for letters of one step that leave together; they may differ in language and subject.
fn steps(dispatches: &[Dispatch], zone: Zone) -> String {
    let mut rows: BTreeMap<(i32, i64), Vec<&Dispatch>> = BTreeMap::new();
    for d in dispatches {
        rows.entry((d.position, d.due.millis())).or_default().push(d);
    }
    let mut table = table(&["step", "letters", "leaves", "language", "subject"]);
    for letters in rows.values() {
        let first = letters[0];
        let mut languages: BTreeMap<String, usize> = BTreeMap::new();
        for d in letters {
            *languages.entry(d.language.to_string()).or_default() += 1;
        }
        let languages: Vec<String> = languages.into_iter().map(|(language, n)| format!("{language} {n}")).collect();
        let provisional = if letters.iter().any(|d| d.provisional) { " (provisional)" } else { "" };
        table.add_row(vec![
            first.id.step.to_string(),
            letters.len().to_string(),
            format!("{} {}{provisional}", zone.day_of(first.due).weekday(), zone.show(first.due)),
            languages.join(", "),
            subjects(letters),
        ]);
    }
    table.to_string()
}

/// The subjects, a few of them where every delegation has its own.
fn subjects(letters: &[&Dispatch]) -> String {
    const SHOWN: usize = 4;
    let different: BTreeSet<(String, &str)> =
        letters.iter().map(|d| (d.language.to_string(), d.subject.as_str())).collect();
    let said = |(language, subject): &(String, &str)| match different.len() {
        1 => cell(subject),
        _ => format!("{language}: {}", cell(subject)),
    };
    let mut lines: Vec<String> = different.iter().take(SHOWN).map(said).collect();
    if different.len() > SHOWN {
        lines.push(format!("… and {} more", different.len() - SHOWN));
    }
    lines.join("\n")
}

/// Letters of the selection that this yes does not cover, and why.
pub fn left_out(proposal: &Proposal) -> String {
    let mut reasons: BTreeMap<(Status, String), Vec<&Dispatch>> = BTreeMap::new();
    for d in &proposal.others {
        // What has left or may leave needs no reason here; what stands still does.
        let stands = matches!(d.status, Status::Held | Status::Missed | Status::Refused | Status::Skipped);
        let why = d.reason.as_deref().filter(|_| stands).unwrap_or_default();
        reasons.entry((d.status, why.to_owned())).or_default().push(d);
    }
    let mut text = String::new();
    for ((status, why), letters) in reasons {
        let named: Vec<String> = letters.iter().take(4).map(|d| d.id.to_string()).collect();
        let more = if letters.len() > named.len() { ", …" } else { "" };
        let why = if why.is_empty() { String::new() } else { format!(", {}", cell(&why)) };
        let letters = count(letters.len(), "letter");
        text.push_str(&format!("not covered: {letters} {status}{why} ({}{more})\n", named.join(", ")));
    }
    if proposal.already > 0 && !proposal.dispatches.is_empty() {
        let name = cell(&proposal.approver.name);
        text.push_str(&format!("not covered: {} approved by {name} already\n", count(proposal.already, "letter")));
    }
    text
}

/// Who has approved them before.
fn so_far(proposal: &Proposal, wanted: usize) -> String {
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    for d in &proposal.dispatches {
        let approvals: Vec<_> =
            proposal.given.get(&d.key).into_iter().flatten().map(|given| given.approval.clone()).collect();
        let seal = d.seal.to_string();
        let who: Vec<&str> = organisations(&approvals, &seal).into_iter().collect();
        let who = if who.is_empty() { "nobody".to_owned() } else { cell(&who.join(", ")) };
        *by.entry(who).or_default() += 1;
    }
    let wanted = count(wanted, "organisation");
    by.into_iter()
        .map(|(who, n)| format!("{} approved so far by {who}; it takes {wanted}\n", count(n, "letter")))
        .collect()
}

fn since_then(changed: &Changed, campaign: &Campaign) -> String {
    let n = changed.number();
    if n == 0 {
        return match changed.same {
            0 => String::new(),
            same => format!("{} as approved before\n", count(same, "letter")),
        };
    }
    let differ = if n == 1 { "differs" } else { "differ" };
    let mut text = format!("{} {differ} from what was approved before:\n", count(n, "letter"));
    let rest = format!("demarche preview {} --diff", campaign.id);
    text.push_str(&differences::at_most(changed, campaign.zone, DIFFERENCES, &rest));
    text
}
