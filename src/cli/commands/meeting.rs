//! `demarche meeting`: adding and listing.

use serde_json::{Value, json};

use crate::adapters::store::MeetingFilter;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{MeetingAddArgs, MeetingArgs, MeetingCommand, MeetingListArgs};
use crate::cli::campaigns::{planned, writing_campaign, zone_of};
use crate::cli::commands::meeting_words::{
    LONGEST_LINE, begins, file, length, noted, one_line, place, standing, to_confirm, value, when,
};
use crate::cli::commands::{meeting_changes, meeting_show};
use crate::cli::context::{Context, campaign_id, state};
use crate::cli::output::{self, cell};
use crate::responses::meeting::{USUAL_LENGTH, notes};
use crate::responses::{Arrangement, Meeting, MeetingState, NewMeeting};
use crate::steps::meetings::add_meeting;
use crate::vocabulary::Instant;

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
