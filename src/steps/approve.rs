//! Approval of exact bytes, and taking it back.

use std::collections::BTreeSet;

use crate::adapters::store::{DispatchFilter, Move, NewApproval, Store, StoreError};
use crate::campaign::{Approver, Campaign, Doubts};
use crate::outbox::approval::{Approval, holds, manifest, organisations};
use crate::outbox::{Dispatch, Event, Status, Stop, Via};
use crate::steps::doubtful::{Doubtful, set_aside};
use crate::vocabulary::{Digest, Instant, hint};

/// What an approver is about to approve.
#[derive(Debug)]
pub struct Proposal {
    pub approver: Approver,
    /// Planned dispatches that this approver has not approved as they are.
    pub dispatches: Vec<Dispatch>,
    /// Those that this approver approved already.
    pub already: usize,
    /// Those whose bytes are not what the files say now: a new plan comes first.
    pub to_be_planned: usize,
    /// Those of the selection that are not `planned`, and so need no approval.
    pub not_planned: usize,
    /// Those whose domain a person must look at: left out, unless their delegation is named alone.
    pub doubtful: Vec<Doubtful>,
    /// Over all dispatches of the selection that wait for approval and are not doubtful, whoever has approved.
    pub manifest: Digest,
}

/// What an approval did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approved {
    pub given: usize,
    /// Now approved by as many organisations as it takes.
    pub complete: usize,
    /// Given, but another approver of the same organisation had approved before: it does not count twice.
    pub same_organisation: usize,
}

/// The approver of that name.
///
/// # Errors
/// One clause that names the nearest.
pub fn approver<'a>(campaign: &'a Campaign, name: &str) -> Result<&'a Approver, String> {
    if let Some(found) = campaign.approvers.iter().find(|a| a.name == name) {
        return Ok(found);
    }
    let names = campaign.approvers.iter().map(|a| a.name.as_str());
    Err(match hint::nearest(name, names.clone()) {
        Some(near) => format!("`{name}` is no approver of {}; did you mean \"{near}\"?", campaign.id),
        None => format!(
            "`{name}` is no approver of {}; its approvers are {}",
            campaign.id,
            names.collect::<Vec<_>>().join(", ")
        ),
    })
}

/// The digest over the dispatches that wait for approval, in order.
pub fn manifest_of(dispatches: &[Dispatch]) -> Digest {
    let rows: Vec<(String, String)> = dispatches
        .iter()
        .filter(|d| d.status == Status::Planned)
        .map(|d| (d.id.to_string(), d.seal.to_string()))
        .collect();
    manifest(rows.iter().map(|(id, seal)| (id.as_str(), seal.as_str())))
}

/// Looks up what there is to approve.
///
/// # Errors
/// When the database refuses.
pub async fn propose(
    store: &Store,
    filter: &DispatchFilter,
    approver: &Approver,
    doubts: &Doubts,
) -> Result<Proposal, StoreError> {
    let (all, doubtful) = set_aside(store.dispatches(filter).await?, doubts, filter);
    let manifest = manifest_of(&all);
    let (planned, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| d.status == Status::Planned);
    let (stale, planned): (Vec<_>, Vec<_>) = planned.into_iter().partition(|d| d.wish.plan_again);
    let keys: Vec<i64> = planned.iter().map(|d| d.key).collect();
    let approvals = store.approvals(&keys).await?;
    let mine = |d: &Dispatch| {
        let seal = d.seal.to_string();
        approvals
            .get(&d.key)
            .is_some_and(|all| all.iter().any(|a| !a.revoked && a.seal == seal && a.approver == approver.name))
    };
    let (already, open): (Vec<_>, Vec<_>) = planned.into_iter().partition(mine);
    Ok(Proposal {
        approver: approver.clone(),
        dispatches: open,
        already: already.len(),
        to_be_planned: stale.len(),
        not_planned: others.len(),
        doubtful,
        manifest,
    })
}

/// Approves exactly what was proposed; what has changed since is refused.
///
/// # Errors
/// [`StoreError::Changed`] when a letter is no longer what was shown; then nothing is approved.
pub async fn approve(
    store: &Store,
    proposal: &Proposal,
    wanted: usize,
    by: &str,
    evidence: Option<&[u8]>,
    now: Instant,
) -> Result<Approved, StoreError> {
    let tx = store.begin().await?;
    let keys: BTreeSet<i64> = proposal.dispatches.iter().map(|d| d.key).collect();
    let Some(campaign) = proposal.dispatches.first().map(|d| d.id.campaign.clone()) else {
        return Ok(Approved { given: 0, complete: 0, same_organisation: 0 });
    };
    let filter = DispatchFilter { campaign: Some(campaign), ..DispatchFilter::default() };
    let current: Vec<Dispatch> = tx.dispatches(&filter).await?.into_iter().filter(|d| keys.contains(&d.key)).collect();
    for shown in &proposal.dispatches {
        let now_there = current.iter().find(|d| d.key == shown.key);
        if !now_there.is_some_and(|d| d.seal == shown.seal && d.status == Status::Planned && !d.wish.plan_again) {
            return Err(StoreError::Changed(shown.id.to_string()));
        }
    }
    let keys: Vec<i64> = keys.into_iter().collect();
    let before = tx.approvals(&keys).await?;
    let new: Vec<NewApproval<'_>> = current
        .iter()
        .map(|d| NewApproval {
            dispatch: d.key,
            seal: d.seal,
            digest: d.digest,
            approver: &proposal.approver.name,
            organisation: &proposal.approver.organisation,
            by,
            evidence,
        })
        .collect();
    tx.add_approvals(&new, now).await?;
    let after = tx.approvals(&keys).await?;
    let mut done = Approved { given: new.len(), complete: 0, same_organisation: 0 };
    let none: Vec<Approval> = Vec::new();
    for dispatch in &current {
        let seal = dispatch.seal.to_string();
        let earlier = organisations(before.get(&dispatch.key).unwrap_or(&none), &seal);
        done.same_organisation += usize::from(earlier.contains(proposal.approver.organisation.as_str()));
        if holds(after.get(&dispatch.key).unwrap_or(&none), &seal, wanted) {
            tx.apply(&Move::new(dispatch, Event::Approve, &proposal.approver.name, now)).await?;
            done.complete += 1;
        } else {
            tx.remark(dispatch.key, now, "approval", dispatch.status, &proposal.approver.name, None).await?;
        }
    }
    tx.commit().await?;
    Ok(done)
}

/// Takes back an approver's approvals. Letters that then lack one go back to `planned`; what has left has left.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(
    store: &Store,
    filter: &DispatchFilter,
    approver: &str,
    wanted: usize,
    by: &str,
    now: Instant,
) -> Result<(u64, usize), StoreError> {
    let tx = store.begin().await?;
    // What is out may come back: uncertain, in hand, or in a file only.
    let open = |d: &Dispatch| {
        d.status.is_open()
            || matches!(d.status, Status::Sending | Status::Uncertain)
            || (d.status == Status::Sent && d.via == Some(Via::Files))
    };
    let open: Vec<Dispatch> = tx.dispatches(filter).await?.into_iter().filter(open).collect();
    let keys: Vec<i64> = open.iter().map(|d| d.key).collect();
    let taken_back = tx.revoke_approvals(&keys, approver, now).await?;
    let left = tx.approvals(&keys).await?;
    let mut unapproved = 0;
    let leaving = |d: &&Dispatch| matches!(d.status, Status::Approved | Status::Deferred | Status::Sending);
    for dispatch in open.iter().filter(leaving) {
        let approvals = left.get(&dispatch.key).map(Vec::as_slice).unwrap_or_default();
        if !holds(approvals, &dispatch.seal.to_string(), wanted) {
            let why = format!("{approver} took the approval back");
            if dispatch.status == Status::Sending {
                let mut wish = dispatch.wish.clone();
                wish.stop(Stop::Unapprove, by, &why);
                tx.set_wish(dispatch.key, &wish).await?;
            } else {
                tx.apply(&Move::new(dispatch, Event::Unapprove, by, now).because(why)).await?;
            }
            unapproved += 1;
        }
    }
    tx.commit().await?;
    Ok((taken_back, unapproved))
}
