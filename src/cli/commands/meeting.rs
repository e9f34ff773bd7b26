//! `demarche meeting`: adding and listing.

use std::path::Path;

use chrono::Duration;
use serde_json::{Value, json};

use crate::adapters::ics;
use crate::adapters::store::{MeetingFilter, PlanRecord, Store};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{MeetingAddArgs, MeetingArgs, MeetingCommand, MeetingListArgs};
use crate::cli::commands::calendar_export::save;
use crate::cli::commands::{meeting_changes, meeting_show};
use crate::cli::context::{Context, campaign_id, day, moment, shown, state};
use crate::cli::output::{self, cell};
use crate::config::un;
use crate::config::workspace::Workspace;
use crate::report::agenda;
use crate::responses::meeting::{LONGEST, USUAL_LENGTH, notes};
use crate::responses::{Arrangement, Meeting, MeetingState, NewMeeting};
use crate::steps::meetings::add_meeting;
use crate::vocabulary::{CampaignId, Instant, StateCode, Zone, hint, time};

/// Of a place or a name: longer ones fit no table and no letter's line. Unit: characters.
const LONGEST_LINE: usize = 200;
/// Unit: characters.
const LONGEST_AGENDA: usize = 2000;

pub async fn run(context: &Context, args: &MeetingArgs) -> Result<Answer, CliError> {
    match &args.command {
        MeetingCommand::Add(args) => add(context, args).await,
        MeetingCommand::List(args) => list(context, args).await,
        MeetingCommand::Show { meeting, ics } => meeting_show::run(context, *meeting, *ics).await,
        MeetingCommand::Move(args) => meeting_changes::relocate(context, args).await,
        MeetingCommand::Done(args) => meeting_changes::done(context, args).await,
        MeetingCommand::Cancel { meeting, reason } => meeting_changes::cancel(context, *meeting, reason).await,
        MeetingCommand::Confirm { meeting, entry } => meeting_changes::confirm(context, *meeting, *entry).await,
    }
}

async fn add(context: &Context, args: &MeetingAddArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let delegation = state(&args.delegation)?;
    let store = context.planned_store(&workspace).await?;
    let campaign = writing_campaign(&store, delegation, args.campaign.as_deref()).await?;
    let zone = zone_of(&store.plans().await?, &campaign);
    let arranged = Arrangement {
        at: begins(&args.at, zone)?,
        lasts: args.lasts.as_deref().map(length).transpose()?.unwrap_or(USUAL_LENGTH),
        place: place(&args.place)?,
    };
    let agenda = args.agenda.as_deref().map(|text| one_line("agenda", text, LONGEST_AGENDA)).transpose()?;
    let meeting = NewMeeting {
        theirs: names(&args.theirs)?,
        ours: names(&args.ours)?,
        agenda: agenda.filter(|text| !text.is_empty()),
        by: context.by.clone(),
        campaign,
        delegation,
        arranged,
    };
    let others = store.meetings(&MeetingFilter::default()).await?;
    let notes = notes(&meeting.arranged, None, &others, &workspace.calendar, context.now());
    let id = add_meeting(&store, &meeting, context.now()).await?;
    let mut text =
        format!("meeting {id}: {delegation}, {}, {}\n", when(zone, &meeting.arranged), cell(&meeting.arranged.place));
    text.push_str(&noted(&notes));
    text.push_str(&to_confirm(&workspace, &meeting.campaign));
    let added = store.meeting(id).await?;
    let value = added.as_ref().map(|meeting| value(meeting, &notes));
    Ok(Answer::new(text, &value))
}

/// Without those that are empty.
fn names(given: &[String]) -> Result<Vec<String>, CliError> {
    let lines = given.iter().map(|name| one_line("name", name, LONGEST_LINE));
    lines.filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty()) || line.is_err()).collect()
}

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

pub fn zone_of(plans: &[PlanRecord], campaign: &CampaignId) -> Zone {
    plans.iter().find(|plan| plan.campaign == *campaign).map_or(Zone::GENEVA, |plan| plan.zone)
}

/// The campaign that is named, else the one that wrote last to this mission.
///
/// # Errors
/// When no campaign has written to it and none is named, or the named one is unknown.
pub async fn writing_campaign(
    store: &Store,
    delegation: StateCode,
    named: Option<&str>,
) -> Result<CampaignId, CliError> {
    if let Some(name) = named {
        let id = campaign_id(name)?;
        return match store.plan(&id).await? {
            Some(_) => Ok(id),
            None => Err(CliError::request(
                format!("campaign {id} has not been planned"),
                "`demarche status` lists the campaigns",
            )),
        };
    }
    if let Some((_, id)) = store.last_letter_to(delegation, None).await? {
        return Ok(id.campaign);
    }
    let plans = store.plans().await?;
    match plans.as_slice() {
        [only] => Ok(only.campaign.clone()),
        _ => Err(CliError::request(format!("no campaign has written to {delegation} yet"), "name one with --campaign")),
    }
}

/// Refuses a campaign that was never planned: it is a slip of the pen, not an empty list.
///
/// # Errors
/// When `plans` does not hold it.
pub fn planned(plans: &[PlanRecord], campaign: &CampaignId) -> Result<(), CliError> {
    if plans.iter().any(|plan| plan.campaign == *campaign) {
        return Ok(());
    }
    let near = hint::nearest(campaign.as_str(), plans.iter().map(|plan| plan.campaign.as_str()));
    let help =
        near.map_or_else(|| "`demarche status` lists the campaigns".to_owned(), |near| format!("did you mean {near}?"));
    Err(CliError::request(format!("campaign {campaign} has not been planned"), help))
}

async fn list(context: &Context, args: &MeetingListArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let filter = MeetingFilter {
        campaign: args.campaign.as_deref().map(campaign_id).transpose()?,
        delegation: args.delegation.as_deref().map(state).transpose()?,
        id: None,
    };
    let in_state = args.state.as_deref().map(meeting_state).transpose()?;
    let Some(store) = context.existing_store(&workspace).await? else {
        return if args.ics {
            file(context, &[], args.out.as_deref())
        } else {
            Ok(Answer::new("no meeting is noted\n", &json!([])))
        };
    };
    let plans = store.plans().await?;
    if let Some(campaign) = &filter.campaign {
        planned(&plans, campaign)?;
    }
    let mut meetings = store.meetings(&filter).await?;
    let noted = meetings.len();
    meetings.retain(|meeting| match in_state {
        Some(wanted) => meeting.state == wanted,
        None => args.all || meeting.state == MeetingState::Agreed || (args.ics && meeting.state != MeetingState::Held),
    });
    in_order(&mut meetings, context.now());
    if args.ics {
        return file(context, &meetings, args.out.as_deref());
    }
    let mut table = output::table(&["meeting", "delegation", "when", "where", "with", "agenda", "state"]);
    for m in &meetings {
        table.add_row(vec![
            m.id.to_string(),
            m.delegation.to_string(),
            when(zone_of(&plans, &m.campaign), &m.arranged),
            cell(&m.arranged.place),
            cell(&m.theirs.join(", ")),
            cell(m.agenda.as_deref().unwrap_or("")),
            standing(m, context.now()),
        ]);
    }
    let rows: Vec<Value> = meetings.iter().map(|meeting| value(meeting, &[])).collect();
    let text = match (rows.is_empty(), noted) {
        (false, _) => format!("{table}\n"),
        (true, 0) => "no meeting is noted\n".to_owned(),
        (true, _) => "no meeting fits; --all shows those that are over too\n".to_owned(),
    };
    Ok(Answer::new(text, &rows))
}

/// # Errors
/// When there is no such state.
fn meeting_state(text: &str) -> Result<MeetingState, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche meeting list --help`"))
}

/// What is ahead first, the next before the later; then what is over, the last before the earlier.
fn in_order(meetings: &mut [Meeting], now: Instant) {
    meetings.sort_by_key(|meeting| {
        let at = meeting.arranged.at.millis();
        let coming = meeting.is_coming(now);
        (!coming, if coming { at } else { -at }, meeting.id)
    });
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
