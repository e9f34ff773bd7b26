//! `status`: read once, summed up by `report`.

use std::collections::BTreeMap;

use crate::adapters::store::{PlanRecord, Standing, Store, StoreError, Waiting};
use crate::outbox::Status;
use crate::report::{Attention, CampaignSummary, Counts, Needs};
use crate::schedule::Calendar;
use crate::vocabulary::{CampaignId, Instant, Zone};

/// Working days ahead within which a letter that nobody has approved needs a person (contract, exit code 4).
const SOON: i32 = 2;

/// Rows in one query: what waits is read page by page, and never held all at once.
const AT_ONCE: u64 = 500;

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
    let counted = match campaign {
        Some(campaign) => store.counts_of(campaign).await?,
        None => store.counts().await?,
    };
    for (id, status, n) in counted {
        counts.entry(id).or_default().add(status, n);
    }
    let mut summaries = Vec::new();
    for plan in store.plans().await?.into_iter().filter(|plan| campaign.is_none_or(|id| *id == plan.campaign)) {
        let counts = counts.remove(&plan.campaign).unwrap_or_default();
        let mut needs_attention = Needs::default();
        let mut pages = Pages::of(&plan, &counts, calendar, now);
        while let Some(page) = pages.next(store).await? {
            page.iter().for_each(|one| needs_attention.add(one));
        }
        summaries.push(CampaignSummary {
            next_due: store.next_due(&plan.campaign).await?,
            counts,
            needs_attention,
            files_changed: plan.files_changed,
            campaign: plan.campaign,
        });
    }
    Ok(summaries)
}

/// All letters of one campaign that need a person, page by page. Uncertain ones first: they may be letters that arrived, or letters
/// that did not.
#[derive(Debug)]
pub struct Pages {
    campaign: CampaignId,
    zone: Zone,
    now: Instant,
    /// Still to be gone through, the next one last.
    lists: Vec<Waiting>,
    after: Option<Standing>,
}

impl Pages {
    /// Lists of which `counts` has no letter are not asked for.
    pub fn of(plan: &PlanRecord, counts: &Counts, calendar: &Calendar, now: Instant) -> Self {
        let some = |statuses: &[Status]| statuses.iter().any(|status| counts.of(*status) > 0);
        let mut lists: Vec<Waiting> =
            [Status::Uncertain, Status::Refused, Status::Bounced, Status::Held, Status::Missed]
                .into_iter()
                .filter(|status| some(&[*status]))
                .map(Waiting::Stopped)
                .collect();
        let due_by = soon(now, plan.zone, calendar);
        let late = [
            (Waiting::Unapproved { due_by }, some(&[Status::Planned])),
            (Waiting::ToLeave { before: now }, some(&[Status::Approved, Status::Deferred])),
            (Waiting::Remarked, some(&[Status::Sent])),
        ];
        lists.extend(late.into_iter().filter_map(|(list, some)| some.then_some(list)));
        lists.reverse();
        Self { campaign: plan.campaign.clone(), zone: plan.zone, now, lists, after: None }
    }

    /// The next page, which may be empty; `None` after the last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next(&mut self, store: &Store) -> Result<Option<Vec<Attention>>, StoreError> {
        let Some(list) = self.lists.last().copied() else { return Ok(None) };
        let page = store.waiting(&self.campaign, list, self.after.as_ref(), AT_ONCE).await?;
        let told = page.iter().filter_map(|one| self.told(list, one)).collect();
        self.after = if (page.len() as u64) < AT_ONCE { None } else { page.into_iter().next_back() };
        if self.after.is_none() {
            self.lists.pop();
        }
        Ok(Some(told))
    }

    fn told(&self, list: Waiting, one: &Standing) -> Option<Attention> {
        match list {
            Waiting::Stopped(_) | Waiting::Remarked => Some(attention(one, "")),
            Waiting::Unapproved { .. } => {
                Some(attention(one, &format!("due {} and not approved", self.zone.show(one.due))))
            }
            // Up to `late_by` it leaves as usual.
            Waiting::ToLeave { .. } => (one.next_at.plus(one.late_by) < self.now)
                .then(|| attention(one, &format!("due {}, and no worker has taken it", self.zone.show(one.next_at)))),
        }
    }
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
