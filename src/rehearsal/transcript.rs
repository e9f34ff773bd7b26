//! A rehearsal told day by day, for people who have never seen the tool.

use std::collections::BTreeMap;

use super::Rehearsal;
use crate::campaign::Approver;
use crate::config::sections::rehearsal::SampleAnswer;
use crate::outbox::{Dispatch, Status};
use crate::steps::addressing::some_of;
use crate::steps::dispatch::Moved;
use crate::steps::plan::{Planned, left_out_everywhere};
use crate::vocabulary::{Day, Instant, StateCode, Zone, safe_text};

/// What happened at one instant.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Planned { letters: usize, delegations: usize },
    Approved { approver: Approver, letters: usize, complete: usize },
    Milestone { title: String },
    Answered { delegation: StateCode, kind: String, is_answer: bool, text: String, stance: Option<String> },
    Moved(Moved),
}

impl Event {
    pub(super) fn planned(planned: &Planned) -> Self {
        let delegations: std::collections::BTreeSet<_> = planned.drafts.iter().map(|d| d.id.delegation).collect();
        Self::Planned { letters: planned.drafts.len(), delegations: delegations.len() }
    }

    pub(super) fn answered(answer: &SampleAnswer) -> Self {
        Self::Answered {
            delegation: answer.delegation,
            kind: answer.kind.to_string(),
            is_answer: answer.kind.is_answer(),
            text: answer.text.clone(),
            stance: answer.stance.map(|s| s.to_string()),
        }
    }
}

pub(super) fn write(
    rehearsal: &Rehearsal<'_>,
    planned: &Planned,
    mut events: Vec<(Instant, Event)>,
    dispatches: &[Dispatch],
    (start, end): (Instant, Instant),
) -> String {
    let campaign = &rehearsal.file.campaign;
    let zone = campaign.zone;
    events.sort_by_key(|(at, _)| *at);
    let mut text = format!(
        "Rehearsal of {}: {}\n{} to {}, simulated, times in {zone}. Nothing is sent: letters go to files. The answers are invented.\n",
        campaign.id,
        safe_text::line(&campaign.title),
        long(zone.day_of(start)),
        long(zone.day_of(end))
    );
    let mut by_day: BTreeMap<Day, Vec<(Instant, Event)>> = BTreeMap::new();
    for (at, event) in events {
        by_day.entry(zone.day_of(at)).or_default().push((at, event));
    }
    for (day, events) in &by_day {
        text.push_str(&format!("\n{} {}\n", weekday(*day), long(*day)));
        text.push_str(&one_day(events, zone, planned, campaign));
    }
    text.push_str(&closing(rehearsal, dispatches));
    text
}

/// The letters that moved alike on one day: which step, to what, and why.
type Alike = BTreeMap<(String, Status, String), (Instant, Instant, Vec<StateCode>)>;

fn one_day(events: &[(Instant, Event)], zone: Zone, planned: &Planned, campaign: &crate::campaign::Campaign) -> String {
    // Each line with the instant at which it begins, so that the day is told in order.
    let mut lines: Vec<(Instant, String)> = Vec::new();
    let mut alike: Alike = BTreeMap::new();
    for (at, event) in events {
        let time = clock(zone, *at);
        let line = match event {
            Event::Planned { letters, delegations } => {
                format!(
                    "  {time}  The plan: {letters} letters to {delegations} delegations.\n{}",
                    the_plan(zone, planned, campaign)
                )
            }
            Event::Approved { approver, letters, complete } => {
                let left = if *complete > 0 { "; now they may leave" } else { "" };
                let (name, organisation) = (safe_text::line(&approver.name), safe_text::line(&approver.organisation));
                format!("  {time}  {name} ({organisation}) approves {letters} letters{left}.\n")
            }
            Event::Milestone { title } => format!("         {}\n", capital(&safe_text::line(title))),
            Event::Answered { delegation, kind, is_answer, text: words, stance } => {
                let stance = stance.as_deref().map(|s| format!(" [{s}]")).unwrap_or_default();
                let note = if *is_answer { "" } else { " (no answer: a reminder still leaves)" };
                format!("  {time}  {delegation}, {kind}{stance}{note}: “{}”\n", short(words))
            }
            Event::Moved(moved) => {
                let why = moved.reason.as_deref().map(cause).unwrap_or_default();
                let entry = alike.entry((moved.id.step.to_string(), moved.to, why)).or_insert((*at, *at, Vec::new()));
                entry.1 = *at;
                entry.2.push(moved.id.delegation);
                continue;
            }
        };
        lines.push((*at, line));
    }
    lines.extend(alike.into_iter().map(|(key, moved)| (moved.0, moved_alike(zone, key, moved))));
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn the_plan(zone: Zone, planned: &Planned, campaign: &crate::campaign::Campaign) -> String {
    let mut text = String::new();
    for (step, milestone, due) in &planned.drafted.dates {
        let letters = planned.drafts.iter().filter(|d| d.id.step == *step).count();
        let (day, at) = (format!("{} {}", weekday(due.day), long(due.day)), clock(zone, due.at));
        let counted = &milestone.reference;
        text.push_str(&format!("         {step:<12} {letters:>4} letters, {day} at {at}, counted from {counted}\n"));
    }
    // Many for one reason are told in one line.
    let mut by_reason: BTreeMap<&str, Vec<StateCode>> = BTreeMap::new();
    for row in left_out_everywhere(&planned.drafted.left_out, &campaign.id, &planned.drafts) {
        by_reason.entry(&row.reason).or_default().push(row.delegation);
    }
    for (reason, states) in by_reason {
        let reason = safe_text::line(reason);
        match states.as_slice() {
            [one] => text.push_str(&format!("         {one} gets none: {reason}\n")),
            many => text.push_str(&format!("         {} get none: {reason}\n", some_of(many))),
        }
    }
    text
}

fn moved_alike(
    zone: Zone,
    (step, status, why): (String, Status, String),
    (from, until, states): (Instant, Instant, Vec<StateCode>),
) -> String {
    let (first, last) = (clock(zone, from), clock(zone, until));
    let span = if first == last { first } else { format!("{first}–{last}") };
    let few = states.len() <= 10;
    let named = if few {
        format!(": {}", states.iter().map(StateCode::as_str).collect::<Vec<_>>().join(", "))
    } else {
        String::new()
    };
    let why = if why.is_empty() { why } else { format!(" ({why})") };
    format!("  {span}  {step}: {} {status}{why}{named}\n", states.len())
}

/// The reason without what differs from one delegation to the next.
fn cause(reason: &str) -> String {
    let words = reason.split_once(": ").map_or(reason, |(_, words)| words);
    match words.split_once(" on ") {
        Some(("the mission answered", _)) => "they have answered".to_owned(),
        _ => safe_text::line(words).into_owned(),
    }
}

fn closing(rehearsal: &Rehearsal<'_>, dispatches: &[Dispatch]) -> String {
    let mut text = "\nWhat came of it\n".to_owned();
    for step in rehearsal.file.campaign.steps.iter().filter(|step| !step.is_for_meetings()) {
        let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
        for dispatch in dispatches.iter().filter(|d| d.id.step == step.id) {
            *counts.entry(dispatch.status).or_default() += 1;
        }
        let parts: Vec<String> = counts.iter().map(|(status, n)| format!("{n} {status}")).collect();
        text.push_str(&format!("  {:<12} {}\n", step.id, parts.join(", ")));
    }
    text
}

fn clock(zone: Zone, at: Instant) -> String {
    at.utc().with_timezone(&zone.tz()).format("%H:%M").to_string()
}

fn long(day: Day) -> String {
    day.date().format("%-d %B %Y").to_string()
}

fn weekday(day: Day) -> String {
    day.date().format("%a").to_string()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

fn short(text: &str) -> String {
    let line = safe_text::line(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
    let mut words: String = line.chars().take(100).collect();
    if words.len() < line.len() {
        words.push('…');
    }
    words
}
