//! What a plan tells of other campaigns that write to the same missions.

use std::collections::BTreeMap;

use crate::adapters::store::{Store, StoreError};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::neighbours::{Floor, Held, Timed, TooClose, too_close};
use crate::outbox::{Dispatch, Draft, Status};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Instant, StateCode, StepId};

/// Days between letters of two campaigns to one mission, where config/demarche.toml cannot be read.
const DEFAULT_DAYS: u32 = 3;

pub fn days_between(workspace: &Workspace) -> u32 {
    workspace.installation.as_ref().map_or(DEFAULT_DAYS, |i| i.delivery.min_days_between)
}

/// The letters of a plan that may still leave: as stored, or, where nothing is stored of one yet, as drafted.
pub fn to_leave(drafts: &[Draft], stored: &[Dispatch]) -> Vec<Timed> {
    let stored: BTreeMap<_, _> = stored.iter().map(|d| (&d.id, d)).collect();
    let status = |draft: &Draft| match stored.get(&draft.id) {
        None => Some(Status::Planned),
        Some(row) => row.status.is_open().then_some(row.status),
    };
    let letters = drafts.iter().filter(|d| !d.is_confirmation());
    letters.filter_map(|d| Some(Timed { id: d.id.clone(), status: status(d)?, at: d.due })).collect()
}

/// Which of these letters of one campaign are too close to another campaign's, by what the database knows of that.
///
/// # Errors
/// When the database refuses.
pub async fn too_close_to_others(
    store: &Store,
    campaign: &CampaignId,
    letters: &[Timed],
    days: u32,
) -> Result<Vec<TooClose>, StoreError> {
    let floor = Floor::days(days);
    let (Some(first), Some(last)) = (letters.iter().map(|l| l.at).min(), letters.iter().map(|l| l.at).max()) else {
        return Ok(Vec::new());
    };
    let (from, until) = floor.around(first, last);
    Ok(too_close(letters, &store.neighbours(campaign, from, until).await?, floor))
}

/// One warning for each pair of steps and pair of times, with the missions that it concerns.
pub fn warnings(found: &[TooClose], file: &CampaignFile, days: u32) -> Vec<Problem> {
    type Pair<'a> = (&'a StepId, Instant, &'a CampaignId, &'a StepId, Instant, Held, bool);
    let mut pairs: BTreeMap<Pair<'_>, Vec<StateCode>> = BTreeMap::new();
    for TooClose { this, other, held } in found {
        let pair =
            (&this.id.step, this.at, &other.id.campaign, &other.id.step, other.at, *held, has_left(other.status));
        pairs.entry(pair).or_default().push(this.id.delegation);
    }
    pairs.into_iter().map(|(pair, missions)| warning(pair, &missions, file, days)).collect()
}

fn has_left(status: Status) -> bool {
    !matches!(status, Status::Planned | Status::Approved | Status::Deferred)
}

fn warning(
    (step, at, campaign, other_step, other_at, held, left): (
        &StepId,
        Instant,
        &CampaignId,
        &StepId,
        Instant,
        Held,
        bool,
    ),
    missions: &[StateCode],
    file: &CampaignFile,
    days: u32,
) -> Problem {
    let zone = file.campaign.zone;
    let (at, other_at) = (zone.show_with_weekday(at), zone.show_with_weekday(other_at));
    let (letters, whom) = match missions.len() {
        1 => ("1 letter".to_owned(), "this mission"),
        n => (format!("{n} letters"), "these missions"),
    };
    let writes = if left { "wrote" } else { "writes" };
    let shown: Vec<&str> = missions.iter().take(6).map(StateCode::as_str).collect();
    let more = missions.len().saturating_sub(shown.len());
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = format!("{}{and_more}", shown.join(", "));
    let other = format!("campaign {campaign} {writes} to {whom} on {other_at} (step `{other_step}`)");
    let message = match held {
        Held::This => format!("step `{step}`: {letters} will be held when due on {at}, because {other}: {named}"),
        Held::Other => format!("step `{step}`: {letters} due on {at} will make others be held, for {other}: {named}"),
        Held::Either => format!(
            "step `{step}`: {letters} due on {at} or those at the same time will be held, because {other}: {named}"
        ),
    };
    let help = format!(
        "letters of two campaigns to one mission keep {days} days apart ([delivery] min_days_between): move a step, or \
         `demarche release` what is held"
    );
    let index = file.campaign.steps.iter().position(|known| known.id == *step);
    let place = index.and_then(|index| file.steps.get(index)).map(|places| file.source.place(places.when.clone()));
    Problem { place, ..Problem::warning(message).help(help) }
}

/// What `why` says of one mission's letter.
pub fn sentence(found: &TooClose, file: &CampaignFile, days: u32) -> String {
    let TooClose { other, held, .. } = found;
    let writes = if has_left(other.status) { "wrote" } else { "writes" };
    let at = file.campaign.zone.show(other.at);
    let what = match held {
        Held::This => "this letter will be held when it is due",
        Held::Other => "that letter will be held when it is due",
        Held::Either => "one of the two will be held when they are due",
    };
    format!("Campaign {} {writes} to this mission on {at}, less than {days} days apart: {what}.", other.id.campaign)
}
