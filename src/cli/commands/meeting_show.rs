//! `demarche meeting show`

use serde_json::{Value, json};

use crate::adapters::store::MeetingEvent;
use crate::cli::answer::{Answer, CliError};
use crate::cli::campaigns::zone_of;
use crate::cli::commands::meeting_words::{file, known, standing, value, when};
use crate::cli::context::Context;
use crate::cli::output::cell;
use crate::responses::{Arrangement, Followup, Meeting};
use crate::vocabulary::Zone;

pub async fn run(context: &Context, id: i64, ics: bool) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let meeting = known(&store, id).await?;
    if ics {
        return file(context, &[meeting], None);
    }
    let zone = zone_of(&store.plans().await?, &meeting.campaign);
    let events = store.meeting_events(id).await?;
    let mut followups = store.followups().await?;
    followups.retain(|followup| followup.meeting == Some(id));
    let mut text = format!("meeting {id} with {}: {}\n", meeting.delegation, standing(&meeting, context.now()));
    text.push_str(&facts(&meeting, zone));
    text.push_str("\nhistory\n");
    for event in &events {
        text.push_str(&line(event, zone));
    }
    if events.is_empty() {
        text.push_str(&format!("  agreed, noted by {}\n", cell(&meeting.by)));
    }
    if !followups.is_empty() {
        text.push_str("\nnext actions\n");
    }
    for followup in &followups {
        let done = if followup.done.is_some() { "done" } else { "open" };
        let Followup { id, what, owner, due, .. } = followup;
        text.push_str(&format!("  {id} {}; {}; {due}: {done}\n", cell(what), cell(owner)));
    }
    let mut json = value(&meeting, &[]);
    json["history"] = events.iter().map(event_value).collect();
    json["followups"] = followups.iter().map(|followup| json!(followup.id)).collect();
    Ok(Answer::new(text, &json))
}

fn facts(meeting: &Meeting, zone: Zone) -> String {
    let lines = [
        ("when", Some(when(zone, &meeting.arranged))),
        ("where", Some(meeting.arranged.place.clone())),
        ("with", Some(meeting.theirs.join(", "))),
        ("ours", Some(meeting.ours.join(", "))),
        ("agenda", meeting.agenda.clone()),
        ("campaign", Some(meeting.campaign.to_string())),
        ("minutes", meeting.entry.map(|entry| format!("entry {entry} of the log"))),
        ("invitation", Some(format!("{}, version {}", meeting.uid, meeting.sequence))),
    ];
    let said = lines.into_iter().filter_map(|(name, words)| Some((name, words.filter(|words| !words.is_empty())?)));
    said.map(|(name, words)| format!("  {name:<11} {}\n", cell(&words))).collect()
}

fn line(event: &MeetingEvent, zone: Zone) -> String {
    let mut text = format!("  {}  {} by {}", zone.show(event.at), event.event, cell(&event.by));
    match (&event.before, &event.after) {
        (Some(before), Some(after)) => text.push_str(&format!(": {}", difference(before, after, zone))),
        (None, Some(after)) => text.push_str(&format!(": {}, {}", when(zone, after), cell(&after.place))),
        _ => {}
    }
    if let Some(entry) = event.entry {
        text.push_str(&format!(" (entry {entry})"));
    }
    if let Some(reason) = &event.reason {
        text.push_str(&format!("; {}", cell(reason)));
    }
    text.push('\n');
    text
}

fn difference(before: &Arrangement, after: &Arrangement, zone: Zone) -> String {
    let mut told = Vec::new();
    if (before.at, before.lasts) != (after.at, after.lasts) {
        told.push(format!("{} → {}", when(zone, before), when(zone, after)));
    }
    if before.place != after.place {
        told.push(format!("{} → {}", cell(&before.place), cell(&after.place)));
    }
    told.join(", ")
}

fn event_value(event: &MeetingEvent) -> Value {
    let arranged =
        |a: &Option<Arrangement>| a.as_ref().map(|a| json!({ "at": a.at, "ends": a.ends(), "place": a.place }));
    json!({
        "at": event.at, "event": event.event, "before": arranged(&event.before), "after": arranged(&event.after),
        "entry": event.entry, "by": event.by, "reason": event.reason,
    })
}
