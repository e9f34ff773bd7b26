//! The campaign that a command means, where answers and meetings are concerned.

use crate::adapters::store::{PlanRecord, Store};
use crate::cli::answer::CliError;
use crate::cli::context::campaign_id;
use crate::vocabulary::{CampaignId, StateCode, Zone, hint};

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

pub fn zone_of(plans: &[PlanRecord], campaign: &CampaignId) -> Zone {
    plans.iter().find(|plan| plan.campaign == *campaign).map_or(Zone::GENEVA, |plan| plan.zone)
}
