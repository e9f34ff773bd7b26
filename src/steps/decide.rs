//! What people decide about a selection of dispatches: hold, release, cancel, settle, restart.

use std::collections::HashMap;

use crate::adapters::store::{DispatchFilter, Move, Store, StoreError};
use crate::outbox::approval::{Approval, holds};
use crate::outbox::{Dispatch, Event, Guard, Status, Stop};
use crate::vocabulary::{CampaignId, DispatchId, Instant};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Hold,
    Release,
    Cancel,
    /// The server took it.
    SettleSent,
    /// The server did not take it: it leaves again, if its approvals hold.
    SettleNotSent,
    /// It went to a file, and is to be sent for real.
    Restart,
}

/// What became of a selection.
#[derive(Debug, Default)]
pub struct Decided {
    pub moved: Vec<(DispatchId, Status)>,
    /// Those that their guards hold now, and why: what held them before said nothing of that.
    pub guarded: Vec<(DispatchId, String)>,
    /// Those that are out now: it happens should they come back.
    pub later: Vec<DispatchId>,
    /// Those that the decision does not apply to, and why.
    pub untouched: Vec<(DispatchId, String)>,
}

/// What the guards found is let pass by somebody who has read it, one delegation at a time.
pub const ALONE: &str = "its guards hold it for its words: read it, then release it alone, with --delegation";

/// Who decides, when, and why.
#[derive(Debug)]
pub struct Decider<'a> {
    pub by: &'a str,
    pub now: Instant,
    pub reason: Option<&'a str>,
}

/// How many approvals each campaign wants, by its last plan.
pub type Wanted = HashMap<CampaignId, usize>;

/// # Errors
/// When the database refuses.
pub async fn approvals_wanted(store: &Store) -> Result<Wanted, StoreError> {
    Ok(store.plans().await?.into_iter().map(|plan| (plan.campaign, plan.approvals_wanted)).collect())
}

/// Whether what the dispatch is now has been approved by enough organisations.
pub fn still_approved(dispatch: &Dispatch, approvals: &HashMap<i64, Vec<Approval>>, wanted: &Wanted) -> bool {
    let given = approvals.get(&dispatch.key).map(Vec::as_slice).unwrap_or_default();
    let wanted = wanted.get(&dispatch.id.campaign).copied().unwrap_or(usize::MAX);
    !dispatch.wish.plan_again
        && dispatch.open_objections().is_empty()
        && holds(given, &dispatch.seal.to_string(), wanted)
}

/// Applies a decision to whatever of a selection it fits, all in one transaction. It is in force before the next message: the
/// worker claims only what is approved or deferred at that moment.
///
/// # Errors
/// When the database refuses; then nothing is decided.
pub async fn decide(
    store: &Store,
    filter: &DispatchFilter,
    decision: Decision,
    who: &Decider<'_>,
) -> Result<Decided, StoreError> {
    let wanted = approvals_wanted(store).await?;
    let handed_over = match decision {
        Decision::SettleSent => last_attempts(store, filter).await?,
        _ => HashMap::new(),
    };
    let tx = store.begin().await?;
    let selection = tx.dispatches(filter).await?;
    let keys: Vec<i64> = selection.iter().map(|d| d.key).collect();
    let approvals = tx.approvals(&keys).await?;
    let mut decided = Decided::default();
    for dispatch in &selection {
        if decision == Decision::Restart && dispatch.via != Some(crate::outbox::Via::Files) {
            decided.untouched.push((dispatch.id.clone(), "it did not go to a file".to_owned()));
            continue;
        }
        if let (Some(stop), Status::Sending | Status::Uncertain) = (stop(decision), dispatch.status) {
            let mut wish = dispatch.wish.clone();
            wish.stop(stop, who.by, who.reason.unwrap_or(""));
            tx.set_wish(dispatch.key, &wish).await?;
            decided.later.push(dispatch.id.clone());
            continue;
        }
        let words = decision == Decision::Release
            && dispatch.reason.as_deref().and_then(Guard::of_reason) == Some(Guard::Words);
        if words && filter.delegations.len() != 1 {
            decided.untouched.push((dispatch.id.clone(), ALONE.to_owned()));
            continue;
        }
        let accept = if words { dispatch.objections.clone() } else { Vec::new() };
        let looked_at = Dispatch { accepted: [dispatch.accepted.as_slice(), &accept].concat(), ..dispatch.clone() };
        let approved = still_approved(&looked_at, &approvals, &wanted);
        let mut moves = Move::new(dispatch, event(decision, approved), who.by, who.now);
        moves.reason = who.reason.map(by_a_person);
        match decision {
            Decision::Release if words => moves.accept = accept,
            Decision::Release => moves.waive = dispatch.reason.as_deref().and_then(Guard::of_reason),
            Decision::SettleSent => moves.sent_at = Some(handed_over.get(&dispatch.key).copied().unwrap_or(who.now)),
            Decision::SettleNotSent => {
                moves.next_at = Some(who.now);
                moves.reset_window = true;
            }
            Decision::Restart => {
                moves.start_over = true;
                moves.reset_window = true;
                moves.next_at = Some(dispatch.due);
            }
            Decision::Hold | Decision::Cancel => {}
        }
        match tx.apply(&moves).await {
            Ok(Status::Held) if decision != Decision::Hold => {
                decided.guarded.push((dispatch.id.clone(), dispatch.objection().unwrap_or_default()));
            }
            Ok(status) => decided.moved.push((dispatch.id.clone(), status)),
            Err(StoreError::Impossible(why)) => decided.untouched.push((dispatch.id.clone(), why.to_string())),
            Err(other) => return Err(other),
        }
    }
    tx.commit().await?;
    Ok(decided)
}

/// A person's reason must not read as a guard's: `release` would waive that guard for good.
fn by_a_person(reason: &str) -> String {
    if Guard::of_reason(reason).is_some() { format!("by hand: {reason}") } else { reason.to_owned() }
}

/// What a decision means for a letter that is out.
fn stop(decision: Decision) -> Option<Stop> {
    match decision {
        Decision::Hold => Some(Stop::Hold),
        Decision::Cancel => Some(Stop::Cancel),
        _ => None,
    }
}

fn event(decision: Decision, approved: bool) -> Event {
    match decision {
        Decision::Hold => Event::Hold,
        Decision::Release => Event::Release { approved },
        Decision::Cancel => Event::Cancel,
        Decision::SettleSent => Event::SettleSent,
        Decision::SettleNotSent => Event::SettleNotSent { approved },
        Decision::Restart => Event::Restart { approved },
    }
}

async fn last_attempts(store: &Store, filter: &DispatchFilter) -> Result<HashMap<i64, Instant>, StoreError> {
    let keys: Vec<i64> = store.dispatches(filter).await?.iter().map(|d| d.key).collect();
    Ok(store.attempts(&keys).await?.into_iter().map(|attempt| (attempt.dispatch, attempt.at)).collect())
}
