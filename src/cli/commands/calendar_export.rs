//! `demarche calendar export`

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::json;

use crate::adapters::ics;
use crate::adapters::private;
use crate::adapters::store::{DispatchFilter, MeetingFilter, Store};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::CalendarExportArgs;
use crate::cli::context::{Context, campaign, campaign_id, day, shown};
use crate::cli::output;
use crate::cli::stream::PAGE;
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::{Dispatch, Draft};
use crate::report::agenda::{Leaving, dates, letters, meetings};
use crate::responses::MeetingState;
use crate::steps::draft::{Drafting, Pdf, Wanted, draft_only};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Day, Zone};

/// What is exported where nobody says until when. Unit: days.
const TWO_YEARS: i64 = 730;

pub async fn run(context: &Context, args: &CalendarExportArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let store = context.existing_store(&workspace).await?;
    let leaving = match &args.campaign {
        Some(name) => of_campaign(&workspace, campaign(&workspace, name)?, store.as_ref()).await?,
        None => of_all(store.as_ref(), range(context, args, &[])?).await?,
    };
    let (from, until) = range(context, args, &leaving)?;
    let within = |one: &Leaving| (from..=until).contains(&Zone::GENEVA.day_of(one.due));
    let leaving: Vec<Leaving> = leaving.into_iter().filter(within).collect();
    let mut entries = dates(&workspace.calendar, workspace.states(), from, until, args.holidays);
    entries.extend(letters(&leaving));
    if let Some(store) = &store {
        let campaign = args.campaign.as_deref().map(campaign_id).transpose()?;
        let mut agreed = store.meetings(&MeetingFilter { campaign, ..MeetingFilter::default() }).await?;
        agreed.retain(|meeting| meeting.state == MeetingState::Agreed);
        agreed.retain(|meeting| (from..=until).contains(&Zone::GENEVA.day_of(meeting.arranged.at)));
        entries.extend(meetings(&agreed, workspace.states()));
    }
    let dayless: Vec<u16> = workspace
        .calendar
        .upr_sessions(Some(from), Some(until))
        .filter(|session| session.opens.is_none() && session.closes.is_none())
        .map(|session| session.number)
        .collect();
    let unknown = if args.holidays { workspace.calendar.years_without_holidays(from, until) } else { Vec::new() };
    if let (Some((_, error)), true) = (unknown.first(), entries.is_empty()) {
        return Err(CliError::request(error.to_string(), error.help()));
    }
    let value = json!({ "from": from, "to": until, "events": entries, "without_a_day": dayless,
        "holidays_unknown": unknown.iter().map(|(year, _)| *year).collect::<Vec<_>>() });
    if context.json && args.out.is_none() {
        return Ok(Answer::new("", &value));
    }
    let mut missing: String =
        dayless.iter().map(|n| format!("upr:{n} has no days yet and is not in the file\n")).collect();
    missing.extend(unknown.iter().map(|(_, error)| format!("{error}; none of that year is in the file\n")));
    let text = ics::write(&entries, context.now());
    let Some(file) = &args.out else {
        if !missing.is_empty() {
            output::say(missing.trim_end());
        }
        return Ok(Answer::raw(text.into_bytes()));
    };
    save(file, &text)?;
    let count = match entries.len() {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    Ok(Answer::new(format!("{count} from {from} to {until} written to {}\n{missing}", shown(file)), &value))
}

/// Only another calendar is written over: a slip of the pen must not cost the contact list.
///
/// # Errors
/// When something else is there, or the folder refuses.
pub fn save(file: &Path, text: &str) -> Result<(), CliError> {
    use std::io::Read as _;
    let mut start = Vec::new();
    let there = std::fs::File::open(file).and_then(|open| open.take(15).read_to_end(&mut start)).is_ok();
    if there && !start.is_empty() && start != b"BEGIN:VCALENDAR" {
        let message = format!("{} is there already, and is no calendar", shown(file));
        return Err(CliError::request(message, "choose another file, or remove that one first"));
    }
    private::write(file, text.as_bytes()).map_err(|error| CliError::World {
        message: format!("{} cannot be written", shown(file)),
        cause: Some(error.to_string()),
        help: "choose another file, or look at the folder's rights".to_owned(),
    })
}

/// A campaign's own dates are never cut off by a default.
fn range(context: &Context, args: &CalendarExportArgs, leaving: &[Leaving]) -> Result<(Day, Day), CliError> {
    let today = Zone::GENEVA.day_of(context.now());
    let days = || leaving.iter().map(|one| Zone::GENEVA.day_of(one.due)).filter(|_| args.campaign.is_some());
    let from = match &args.from {
        Some(text) => day(text)?,
        None => days().min().map_or(today, |first| first.min(today)),
    };
    let until = match &args.to {
        Some(text) => day(text)?,
        None => {
            let usual = from.max(today).plus_days(TWO_YEARS).unwrap_or(from);
            days().max().map_or(usual, |last| last.max(usual))
        }
    };
    if until < from {
        return Err(CliError::request("the last day is before the first", "exchange --from and --to"));
    }
    Ok((from, until))
}

/// Of every campaign in the database, within these days; the others are read and let go, page by page.
async fn of_all(store: Option<&Store>, (from, until): (Day, Day)) -> Result<Vec<Leaving>, CliError> {
    let (mut leaving, mut last) = (Vec::new(), None);
    let Some(store) = store else { return Ok(leaving) };
    loop {
        let page = store.dispatches_after(&DispatchFilter::default(), last.as_ref(), PAGE as u64).await?;
        let within = |d: &&Dispatch| (from..=until).contains(&Zone::GENEVA.day_of(d.due));
        leaving.extend(page.iter().filter(within).map(planned));
        last = page.into_iter().next_back();
        if last.is_none() {
            return Ok(leaving);
        }
    }
}

/// As it is planned; as the files have it where it is not planned yet.
async fn of_campaign(
    workspace: &Workspace,
    file: &CampaignFile,
    store: Option<&Store>,
) -> Result<Vec<Leaving>, CliError> {
    if let Some(store) = store {
        let filter = DispatchFilter { campaign: Some(file.campaign.id.clone()), ..DispatchFilter::default() };
        let stored = store.dispatches(&filter).await?;
        if !stored.is_empty() {
            return Ok(stored.iter().map(planned).collect());
        }
    }
    let (fixed, overrides) = (BTreeMap::new(), HashMap::new());
    let drafting = Drafting { workspace, file, secret: "", fixed: &fixed, meetings: &[], overrides: &overrides };
    let mut leaving = Vec::new();
    let dates = Wanted { pdf: Pdf::None, ..Wanted::default() };
    let drafted = draft_only(&drafting, &dates, |letter| leaving.push(only_drafted(&letter.draft)));
    if drafted.problems.iter().any(Problem::is_error) {
        return Err(CliError::Files(drafted.problems));
    }
    Ok(leaving)
}

fn planned(dispatch: &Dispatch) -> Leaving {
    Leaving {
        id: dispatch.id.clone(),
        domain: dispatch.sender.domain().to_owned(),
        due: dispatch.due,
        status: Some(dispatch.status),
        milestone: dispatch.milestone.clone(),
        provisional: dispatch.provisional,
    }
}

fn only_drafted(draft: &Draft) -> Leaving {
    Leaving {
        id: draft.id.clone(),
        domain: draft.sender.domain().to_owned(),
        due: draft.due,
        status: None,
        milestone: draft.milestone.clone(),
        provisional: draft.provisional,
    }
}
