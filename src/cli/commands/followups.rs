//! `demarche followups`

use serde_json::{Value, json};

use crate::adapters::store::EntryFilter;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{FollowupAddArgs, FollowupsArgs, FollowupsCommand};
use crate::cli::campaigns::writing_campaign;
use crate::cli::commands::action_words::{due, refused_action, with_weekday};
use crate::cli::commands::meeting_words::known;
use crate::cli::context::{Context, state};
use crate::cli::output::{self, cell};
use crate::responses::followup::in_order;
use crate::responses::{Action, Followup, NewFollowup};
use crate::schedule::Calendar;
use crate::steps::followups::{FollowupRefused, add_followup, finish_followup};
use crate::vocabulary::{CampaignId, Day, StateCode, Zone};

pub async fn run(context: &Context, args: &FollowupsArgs) -> Result<Answer, CliError> {
    match &args.command {
        None => list(context, args).await,
        Some(FollowupsCommand::Add(args)) => add(context, args).await,
        Some(FollowupsCommand::Done { action, note }) => done(context, *action, note.as_deref()).await,
    }
}

async fn list(context: &Context, args: &FollowupsArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let today = Zone::GENEVA.day_of(context.now());
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("no action is noted\n", &json!([])));
    };
    let mut followups = store.followups().await?;
    let noted = followups.len();
    let owned = |f: &Followup| args.owner.as_ref().is_none_or(|owner| f.owner.to_lowercase() == owner.to_lowercase());
    followups.retain(|f| owned(f) && (args.all || f.done.is_none()) && (!args.overdue || f.is_overdue(today)));
    in_order(&mut followups);
    let mut table = output::table(&["action", "due", "who", "delegation", "what", "state"]);
    for f in &followups {
        table.add_row(vec![
            f.id.to_string(),
            with_weekday(f.due),
            cell(&f.owner),
            f.delegation.to_string(),
            cell(&f.what),
            standing(f, today, &workspace.calendar),
        ]);
    }
    let rows: Vec<Value> = followups.iter().map(|f| value(f, today, &workspace.calendar)).collect();
    let text = match (rows.is_empty(), noted) {
        (false, _) => format!("{table}\n"),
        (true, 0) => "no action is noted\n".to_owned(),
        (true, _) => "no action fits; --all shows those that are done too\n".to_owned(),
    };
    Ok(Answer::new(text, &rows))
}

fn standing(f: &Followup, today: Day, calendar: &Calendar) -> String {
    match (&f.done, f.lateness(today, calendar)) {
        (Some(done), _) => format!("done by {}", cell(&done.by)),
        (None, Some(late)) => late,
        (None, None) => "open".to_owned(),
    }
}

/// The keys of an action in JSON.
fn value(f: &Followup, today: Day, calendar: &Calendar) -> Value {
    let late = if f.is_overdue(today) { calendar.working_days_between(f.due, today).ok() } else { None };
    json!({
        "id": f.id, "campaign": f.campaign, "delegation": f.delegation, "what": f.what, "owner": f.owner, "due": f.due,
        "counted": f.counted, "overdue": f.is_overdue(today), "overdue_working_days": late, "meeting": f.meeting,
        "entry": f.entry, "added": f.added.at, "by": f.added.by, "done": f.done.as_ref().map(|done| done.at),
        "done_by": f.done.as_ref().map(|done| &done.by), "note": f.done.as_ref().and_then(|done| done.note.as_ref()),
    })
}

async fn add(context: &Context, args: &FollowupAddArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let delegation = state(&args.delegation)?;
    let today = Zone::GENEVA.day_of(context.now());
    let action = Action::new(&args.what, &args.owner, &args.due, today, &workspace.calendar)
        .map_err(|error| refused_action(&error))?;
    let store = context.planned_store(&workspace).await?;
    let mut of: Option<(Option<StateCode>, Option<CampaignId>, String)> = None;
    if let Some(id) = args.meeting {
        let meeting = known(&store, id).await?;
        of = Some((Some(meeting.delegation), Some(meeting.campaign), format!("meeting {id}")));
    }
    if let Some(id) = args.entry {
        let filter = EntryFilter { id: Some(id), ..EntryFilter::default() };
        let none = || CliError::request(format!("there is no entry {id}"), "`demarche log` lists them");
        let entry = store.entries(&filter).await?.pop().ok_or_else(none)?;
        of = Some((entry.delegation, entry.campaign, format!("entry {id}")));
    }
    let mut campaign = args.campaign.clone();
    if let Some((whose, its, name)) = of {
        if let Some(other) = whose.filter(|whose| *whose != delegation) {
            return Err(CliError::request(
                format!("{name} is of {other}, not of {delegation}"),
                format!("write --delegation {other}, or leave out what it follows from"),
            ));
        }
        campaign = campaign.or(its.map(|its| its.to_string()));
    }
    let campaign = writing_campaign(&store, delegation, campaign.as_deref()).await?;
    let new =
        NewFollowup { campaign, delegation, action, meeting: args.meeting, entry: args.entry, by: context.by.clone() };
    let id = add_followup(&store, &new, context.now()).await?;
    let text =
        format!("action {id}: {}; {}; {}\n", cell(&new.action.what), cell(&new.action.owner), due(&new.action.due));
    let value = json!({
        "id": id, "campaign": new.campaign, "delegation": delegation, "due": new.action.due.day,
        "counted": new.action.due.counted,
    });
    Ok(Answer::new(text, &value))
}

async fn done(context: &Context, id: i64, note: Option<&str>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let finished =
        finish_followup(&store, id, note, &context.by, context.now()).await.map_err(|error| match error {
            FollowupRefused::Store(error) => error.into(),
            FollowupRefused::Unknown(_) => {
                CliError::request(error.to_string(), "`demarche followups --all` lists them")
            }
            FollowupRefused::Done(..) => {
                CliError::request(error.to_string(), "what follows from it is a new one: `demarche followups add`")
            }
        })?;
    let text = format!("action {id} is done: {}\n", cell(&finished.what));
    Ok(Answer::new(text, &value(&finished, Zone::GENEVA.day_of(context.now()), &workspace.calendar)))
}
