//! `status`: read once, summed up by `report`.

use std::collections::BTreeMap;

use crate::adapters::store::{Standing, Store, StoreError};
use crate::outbox::Status;
use crate::report::{Attention, CampaignSummary, Counts};
use crate::schedule::Calendar;
use crate::vocabulary::{CampaignId, Instant, Zone};

/// Working days ahead within which a letter that nobody has approved needs a person (contract, exit code 4).
const SOON: i32 = 2;

/// Sums up one campaign, or all.
///
/// # Errors
/// When the database refuses.
pub async fn summaries(
    store: &Store,
    campaign: Option<&CampaignId>,
    calendar: &Calendar,
    now: Instant,
) -> Result<Vec<CampaignSummary>, StoreError> {
    let mut counts: BTreeMap<CampaignId, Counts> = BTreeMap::new();
    for (id, status, n) in store.counts().await? {
        counts.entry(id).or_default().add(status, n);
    }
    let standing = store.standing(campaign).await?;
    let mut summaries = Vec::new();
    for plan in store.plans().await?.into_iter().filter(|plan| campaign.is_none_or(|id| *id == plan.campaign)) {
        let own = |d: &&Standing| d.id.campaign == plan.campaign;
        let soon = soon(now, plan.zone, calendar);
        // Uncertain ones first: they may be letters that arrived, or letters that did not.
        let mut needs: Vec<Attention> = Vec::new();
        for status in [Status::Uncertain, Status::Refused, Status::Bounced, Status::Held, Status::Missed] {
            needs.extend(standing.iter().filter(own).filter(|d| d.status == status).map(|d| attention(d, "")));
        }
        let unapproved = |d: &&Standing| d.status == Status::Planned && d.due <= soon;
        needs.extend(
            standing
                .iter()
                .filter(own)
                .filter(unapproved)
                .map(|d| attention(d, &format!("due {} and not approved", plan.zone.show(d.due)))),
        );
        let overdue =
            |d: &&Standing| matches!(d.status, Status::Approved | Status::Deferred) && d.next_at.plus(d.late_by) < now;
        needs.extend(
            standing
                .iter()
                .filter(own)
                .filter(overdue)
                .map(|d| attention(d, &format!("due {}, and no worker has taken it", plan.zone.show(d.next_at)))),
        );
        needs.extend(standing.iter().filter(own).filter(|d| d.status == Status::Sent).map(|d| attention(d, "")));
        let moves_by_itself = |d: &&Standing| matches!(d.status, Status::Planned | Status::Approved | Status::Deferred);
        let counts = counts.remove(&plan.campaign).unwrap_or_default();
        summaries.push(CampaignSummary {
            total: counts.total(),
            counts,
            next_due: standing.iter().filter(own).filter(moves_by_itself).map(|d| d.next_at).min(),
            needs_attention: needs,
            files_changed: plan.files_changed.clone(),
            campaign: plan.campaign,
        });
    }
    Ok(summaries)
}

fn attention(dispatch: &Standing, instead: &str) -> Attention {
    let reason = dispatch.reason.as_deref().filter(|_| instead.is_empty()).unwrap_or(instead);
    Attention {
        id: dispatch.id.clone(),
        delegation: dispatch.id.delegation,
        step: dispatch.id.step.clone(),
        status: dispatch.status,
        reason: reason.to_owned(),
    }
}

/// The end of the second working day from now, where the calendar knows it; else of the fourth day.
fn soon(now: Instant, zone: Zone, calendar: &Calendar) -> Instant {
    let today = zone.day_of(now);
    let day = calendar.plus_working_days(today, SOON).ok().or_else(|| today.plus_days(4)).and_then(|day| day.next());
    let midnight = crate::vocabulary::TimeOfDay::new(0, 0);
    match day.zip(midnight).map(|(day, at)| zone.instant(day, at)) {
        Some(Ok(instant)) => instant,
        _ => now.plus(chrono::Duration::days(4)),
    }
}
