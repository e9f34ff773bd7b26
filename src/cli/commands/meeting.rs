//! `demarche meeting`

use serde_json::json;

use crate::adapters::store::{PlanRecord, Store, StoredMeeting};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{MeetingAddArgs, MeetingArgs, MeetingCommand};
use crate::cli::context::{Context, campaign_id, moment, state};
use crate::cli::output::{self, cell};
use crate::responses::NewMeeting;
use crate::steps::record::add_meeting;
use crate::vocabulary::{CampaignId, StateCode, Zone, hint};

pub async fn run(context: &Context, args: &MeetingArgs) -> Result<Answer, CliError> {
    match &args.command {
        MeetingCommand::Add(args) => add(context, args).await,
        MeetingCommand::List { campaign, delegation } => {
            list(context, campaign.as_deref(), delegation.as_deref()).await
        }
    }
}

async fn add(context: &Context, args: &MeetingAddArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let delegation = state(&args.delegation)?;
    let store = context.planned_store(&workspace).await?;
    let campaign = writing_campaign(&store, delegation, args.campaign.as_deref()).await?;
    let zone = store.plan(&campaign).await?.map_or(Zone::GENEVA, |plan| plan.zone);
    if args.place.trim().is_empty() {
        return Err(CliError::request("the place is empty", "say where: --place \"Palais des Nations, room XX\""));
    }
    let meeting = NewMeeting {
        at: moment(&args.at, zone)?,
        place: args.place.trim().to_owned(),
        attendees: args.attendees.clone(),
        agenda: args.agenda.clone(),
        by: context.by.clone(),
        campaign,
        delegation,
    };
    let id = add_meeting(&store, &meeting, context.now()).await?;
    let text = format!("meeting {id}: {delegation}, {}, {}\n", zone.show(meeting.at), cell(&meeting.place));
    Ok(Answer::new(
        text,
        &json!({ "id": id, "campaign": meeting.campaign, "delegation": delegation, "at": meeting.at }),
    ))
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

async fn list(context: &Context, campaign: Option<&str>, delegation: Option<&str>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let campaign = campaign.map(campaign_id).transpose()?;
    let delegation = delegation.map(state).transpose()?;
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("no meeting is noted\n", &json!([])));
    };
    let zones = store.plans().await?;
    if let Some(campaign) = &campaign {
        planned(&zones, campaign)?;
    }
    let meetings = store.meetings(campaign.as_ref(), delegation).await?;
    let mut table = output::table(&["meeting", "delegation", "when", "where", "with", "agenda", "state"]);
    for m in &meetings {
        let zone = zones.iter().find(|plan| plan.campaign == m.campaign).map_or(Zone::GENEVA, |plan| plan.zone);
        table.add_row(vec![
            m.id.to_string(),
            m.delegation.to_string(),
            zone.show(m.at),
            cell(&m.place),
            cell(&m.attendees.join(", ")),
            cell(m.agenda.as_deref().unwrap_or("")),
            m.state.clone(),
        ]);
    }
    let rows: Vec<_> = meetings.iter().map(value).collect();
    let text = if rows.is_empty() { "no meeting is noted\n".to_owned() } else { format!("{table}\n") };
    Ok(Answer::new(text, &rows))
}

fn value(m: &StoredMeeting) -> serde_json::Value {
    json!({
        "id": m.id, "campaign": m.campaign, "delegation": m.delegation, "at": m.at, "place": m.place,
        "attendees": m.attendees, "agenda": m.agenda, "state": m.state, "by": m.by,
    })
}
