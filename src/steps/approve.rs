//! Approval of exact bytes, and taking it back.

use std::collections::{BTreeSet, HashMap};

use crate::adapters::store::{DispatchFilter, Move, NewApproval, Store, StoreError};
use crate::campaign::{Approver, Campaign, Doubts};
use crate::outbox::approval::{Approval, Given, holds, manifest, organisations};
use crate::outbox::{Dispatch, Event, Status, Stop, Via};
use crate::steps::doubtful::{Doubtful, set_aside};
use crate::vocabulary::{Digest, DispatchId, Instant, hint};

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
    /// Those of the selection that are not `planned`: held ones, and those past approval.
    pub others: Vec<Dispatch>,
    /// All approvals that were ever given of `dispatches`.
    pub given: HashMap<i64, Vec<Given>>,
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
    let given = store.approvals_given(&keys).await?;
    let mine = |d: &Dispatch| {
        let seal = d.seal.to_string();
        let yes = |g: &Given| !g.approval.revoked && g.approval.seal == seal && g.approval.approver == approver.name;
        given.get(&d.key).is_some_and(|all| all.iter().any(yes))
    };
    let (already, open): (Vec<_>, Vec<_>) = planned.into_iter().partition(mine);
    Ok(Proposal {
        approver: approver.clone(),
        dispatches: open,
        already: already.len(),
        to_be_planned: stale.len(),
        others,
        given,
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
    let by_key: HashMap<i64, &Dispatch> = current.iter().map(|d| (d.key, d)).collect();
    for shown in &proposal.dispatches {
        let now_there = by_key.get(&shown.key);
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
            due: d.due,
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
    let (mut moves, mut remarks) = (Vec::new(), Vec::new());
    for dispatch in &current {
        let seal = dispatch.seal.to_string();
        let earlier = organisations(before.get(&dispatch.key).unwrap_or(&none), &seal);
        done.same_organisation += usize::from(earlier.contains(proposal.approver.organisation.as_str()));
        if holds(after.get(&dispatch.key).unwrap_or(&none), &seal, wanted) {
            moves.push(Move::new(dispatch, Event::Approve, &proposal.approver.name, now));
        } else {
            remarks.push((dispatch.key, dispatch.status));
        }
    }
    tx.apply_all(&moves).await?;
    tx.remark_all(&remarks, now, "approval", &proposal.approver.name).await?;
    done.complete = moves.len();
    tx.commit().await?;
    Ok(done)
}

/// What taking back approvals did.
#[derive(Debug, Default)]
pub struct Revoked {
    pub approvals: u64,
    /// They lack an approval now, and do not leave.
    pub planned_again: Vec<DispatchId>,
    /// In a worker's hand, uncertain, or in a file only: should they come back they do not leave again without a new yes.
    pub out: Vec<DispatchId>,
    /// Others have approved them, as many as it takes: they leave all the same.
    pub still_approved: Vec<DispatchId>,
    /// They have left with this approver's yes, which stays on record.
    pub too_late: Vec<DispatchId>,
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
) -> Result<Revoked, StoreError> {
    let tx = store.begin().await?;
    let all = tx.dispatches(filter).await?;
    let every_key: Vec<i64> = all.iter().map(|d| d.key).collect();
    let before = tx.approvals(&every_key).await?;
    let approved_by_them = |d: &Dispatch| {
        let seal = d.seal.to_string();
        let yes = |a: &Approval| !a.revoked && a.seal == seal && a.approver == approver;
        before.get(&d.key).is_some_and(|all| all.iter().any(yes))
    };
    // What is out may come back: uncertain, in hand, or in a file only.
    let open = |d: &Dispatch| {
        d.status.is_open()
            || matches!(d.status, Status::Sending | Status::Uncertain)
            || (d.status == Status::Sent && d.via == Some(Via::Files))
    };
    let has_left = |d: &&Dispatch| matches!(d.status, Status::Sent | Status::Bounced) && !open(d);
    let too_late = all.iter().filter(has_left).filter(|d| approved_by_them(d)).map(|d| d.id.clone());
    let mut revoked = Revoked { too_late: too_late.collect(), ..Revoked::default() };
    let open: Vec<Dispatch> = all.into_iter().filter(open).collect();
    let keys: Vec<i64> = open.iter().map(|d| d.key).collect();
    revoked.approvals = tx.revoke_approvals(&keys, approver, now).await?;
    let left = tx.approvals(&keys).await?;
    for dispatch in open.iter().filter(|d| approved_by_them(d)) {
        let approvals = left.get(&dispatch.key).map(Vec::as_slice).unwrap_or_default();
        let enough = holds(approvals, &dispatch.seal.to_string(), wanted);
        let why = format!("{approver} took the approval back");
        match dispatch.status {
            Status::Approved | Status::Deferred if !enough => {
                tx.apply(&Move::new(dispatch, Event::Unapprove, by, now).because(why)).await?;
                revoked.planned_again.push(dispatch.id.clone());
                continue;
            }
            Status::Approved | Status::Deferred => revoked.still_approved.push(dispatch.id.clone()),
            Status::Sending if !enough => {
                let mut wish = dispatch.wish.clone();
                wish.stop(Stop::Unapprove, by, &why);
                tx.set_wish(dispatch.key, &wish).await?;
                revoked.out.push(dispatch.id.clone());
            }
            Status::Sending | Status::Uncertain | Status::Sent => revoked.out.push(dispatch.id.clone()),
            _ => {}
        }
        tx.remark(dispatch.key, now, "revoke", dispatch.status, by, Some(&why)).await?;
    }
    tx.commit().await?;
    Ok(revoked)
}

/// Approvers of this selection whose yes is in force, each once.
///
/// # Errors
/// When the database refuses.
pub async fn approvers_in_force(store: &Store, filter: &DispatchFilter) -> Result<Vec<String>, StoreError> {
    let all = store.dispatches(filter).await?;
    let keys: Vec<i64> = all.iter().map(|d| d.key).collect();
    let approvals = store.approvals(&keys).await?;
    let in_force = all.iter().flat_map(|d| {
        let seal = d.seal.to_string();
        approvals.get(&d.key).into_iter().flatten().filter(move |a| !a.revoked && a.seal == seal)
    });
    let names: BTreeSet<&str> = in_force.map(|a| a.approver.as_str()).collect();
    Ok(names.into_iter().map(ToOwned::to_owned).collect())
}
