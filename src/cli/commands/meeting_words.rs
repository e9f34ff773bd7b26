//! What the commands about meetings share: how a meeting is typed, named and shown.

use std::path::Path;

use chrono::Duration;
use serde_json::{Value, json};

use crate::adapters::ics;
use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::commands::calendar_export::save;
use crate::cli::context::{Context, day, moment, shown};
use crate::cli::output::{self, cell};
use crate::config::un;
use crate::config::workspace::Workspace;
use crate::report::agenda;
use crate::responses::meeting::LONGEST;
use crate::responses::{Arrangement, Meeting, MeetingState};
use crate::vocabulary::{CampaignId, Instant, Zone, time};

/// Of a place or a name: longer ones fit no table and no letter's line. Unit: characters.
pub const LONGEST_LINE: usize = 200;

/// What a campaign that confirms its meetings does next.
pub fn to_confirm(workspace: &Workspace, campaign: &CampaignId) -> String {
    let confirms = |file: &&crate::config::sections::campaign::CampaignFile| {
        file.campaign.steps.iter().any(|step| step.is_for_meetings())
    };
    match workspace.campaign(campaign).filter(confirms) {
        Some(_) => format!("the letter that confirms it: `demarche plan {campaign}`, then `approve`\n"),
        None => String::new(),
    }
}

/// One line of plain words: what a letter may print and a table shows.
pub fn one_line(what: &str, text: &str, longest: usize) -> Result<String, CliError> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(c) = line.chars().find(|c| crate::vocabulary::safe_text::is_unsafe(*c)) {
        let message = format!("the {what} holds a character that cannot be seen (U+{:04X})", u32::from(c));
        return Err(CliError::request(message, "type it anew"));
    }
    let count = line.chars().count();
    if count > longest {
        return Err(CliError::request(
            format!("the {what} has {count} characters"),
            format!("{longest} is the most; the rest belongs into a note: `demarche log add`"),
        ));
    }
    Ok(line)
}

/// # Errors
/// When it is empty.
pub fn place(text: &str) -> Result<String, CliError> {
    let place = one_line("place", text, LONGEST_LINE)?;
    if place.is_empty() {
        return Err(CliError::request("the place is empty", "say where: --place \"Palais des Nations, room XX\""));
    }
    Ok(place)
}

/// When a meeting begins: a day alone would be its midnight.
///
/// # Errors
/// When it is no time, or a day alone.
pub fn begins(text: &str, zone: Zone) -> Result<Instant, CliError> {
    if day(text.trim()).is_ok() {
        let message = format!("{} has no time of day", text.trim());
        return Err(CliError::request(message, "say when it begins, as in --at \"2018-02-20 15:00\""));
    }
    moment(text, zone)
}

/// # Errors
/// When it is none, no whole minutes, or beyond measure.
pub fn length(text: &str) -> Result<Duration, CliError> {
    let wrong = |why: String| CliError::request(why, "write it as in --for \"90 minutes\" or \"1 hour\"");
    let lasts = time::span(text).map_err(|error| wrong(error.to_string()))?;
    if lasts < Duration::minutes(1) || lasts.num_seconds() % 60 != 0 {
        return Err(wrong("a meeting lasts whole minutes, at least one".to_owned()));
    }
    if lasts > LONGEST {
        return Err(wrong(format!("a meeting lasts at most {}", time::show_span(LONGEST))));
    }
    Ok(lasts)
}

/// `2018-02-20 15:00 CET (1 hour)`
pub fn when(zone: Zone, arranged: &Arrangement) -> String {
    format!("{} ({})", zone.show_with_weekday(arranged.at), time::show_span(arranged.lasts))
}

/// One line a note.
pub fn noted(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {}\n", cell(note))).collect()
}

/// `agreed`, `agreed, confirmed`, `agreed, minutes missing`.
pub fn standing(meeting: &Meeting, now: Instant) -> String {
    let mut words = vec![meeting.state.to_string()];
    if meeting.state == MeetingState::Agreed {
        if meeting.is_confirmed() {
            words.push("confirmed".to_owned());
        }
        if !meeting.is_coming(now) {
            words.push("minutes missing".to_owned());
        }
    }
    words.join(", ")
}

/// As an iCalendar file.
pub fn file(context: &Context, meetings: &[Meeting], out: Option<&Path>) -> Result<Answer, CliError> {
    let text = ics::write(&agenda::meetings(meetings, un::states()), context.now());
    let Some(out) = out else { return Ok(Answer::raw(text.into_bytes())) };
    save(out, &text)?;
    let rows: Vec<Value> = meetings.iter().map(|meeting| value(meeting, &[])).collect();
    Ok(Answer::new(format!("{} written to {}\n", output::count(meetings.len(), "meeting"), shown(out)), &rows))
}

/// The keys of a meeting in JSON. `attendees` are theirs.
pub fn value(m: &Meeting, notes: &[String]) -> Value {
    json!({
        "id": m.id, "campaign": m.campaign, "delegation": m.delegation, "at": m.arranged.at, "ends": m.arranged.ends(),
        "place": m.arranged.place, "attendees": m.theirs, "ours": m.ours, "agenda": m.agenda, "state": m.state,
        "confirmed": m.is_confirmed(), "uid": m.uid, "sequence": m.sequence, "entry": m.entry, "by": m.by, "notes": notes,
    })
}

/// # Errors
/// When there is none with that number.
pub async fn known(store: &Store, id: i64) -> Result<Meeting, CliError> {
    store.meeting(id).await?.ok_or_else(|| unknown(id))
}

pub fn unknown(id: i64) -> CliError {
    CliError::request(format!("there is no meeting {id}"), "`demarche meeting list --all` lists them")
}
