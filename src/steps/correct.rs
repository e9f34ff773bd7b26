//! After a correction: letters rendered again, for `retry` and for `release --at`.

use std::collections::{HashMap, HashSet};

use super::decide::{approvals_wanted, still_approved};
use super::draft::{Drafting, Letter, Override, Wanted, draft_only};
use super::plan::overrides;
use crate::adapters::store::{DispatchFilter, Move, Store, StoreError};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::{Dispatch, Draft, Event, Guard, Status};
use crate::steps::meetings::agreed_meetings;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, DispatchId, Instant};

/// Why nothing was corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    #[error("the files are at fault")]
    Problems(Vec<Problem>),
    /// One clause about a dispatch, and what to do.
    #[error("{0}")]
    Refused(String, String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be done with the letters named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Refused or bounced ones leave again: at once where their bytes are the same, else after a new approval.
    Retry,
    /// Held, skipped or missed ones get a new due time.
    ReleaseAt(Instant),
}

/// What a correction starts from.
#[derive(Debug)]
pub struct CorrectRequest<'a> {
    pub workspace: &'a Workspace,
    pub file: &'a CampaignFile,
    pub by: &'a str,
    pub now: Instant,
    pub reason: Option<&'a str>,
}

/// What became of one dispatch.
#[derive(Debug, Clone)]
pub struct Corrected {
    pub id: DispatchId,
    pub status: Status,
    /// Why its guards hold it now, where they do.
    pub reason: Option<String>,
    pub to: Vec<Address>,
    pub same_bytes: bool,
}

/// Renders the dispatches again and moves them on, all or none.
///
/// # Errors
/// When one of them cannot be moved, or its letter cannot be rendered; then none is.
pub async fn correct(
    store: &Store,
    request: &CorrectRequest<'_>,
    dispatches: &[Dispatch],
    correction: Correction,
) -> Result<Vec<Corrected>, CorrectError> {
    let campaign = &request.file.campaign;
    let all =
        store.dispatches(&DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() }).await?;
    let mut decided = overrides(&all);
    for dispatch in dispatches {
        let entry = decided.entry(dispatch.id.clone()).or_default();
        match correction {
            Correction::Retry if dispatch.status == Status::Bounced => {
                entry.only_to = corrected_addresses(request, dispatch)?
            }
            Correction::Retry if !entry.only_to.is_empty() => {
                // It was corrected before, and perhaps wrongly: what the list no longer has is corrected anew.
                let current = request.workspace.mission(dispatch.id.delegation).map(|m| m.to()).unwrap_or_default();
                entry.only_to.retain(|address| current.contains(address));
                if entry.only_to.is_empty() {
                    entry.only_to = corrected_addresses(request, dispatch)?;
                }
            }
            Correction::Retry => {}
            Correction::ReleaseAt(at) => entry.due = Some(at),
        }
    }
    let drafts = drafts(store, request, dispatches, &decided).await?;
    let wanted = approvals_wanted(store).await?;
    let tx = store.begin().await?;
    let keys: Vec<i64> = dispatches.iter().map(|d| d.key).collect();
    let approvals = tx.approvals(&keys).await?;
    let mut done = Vec::with_capacity(dispatches.len());
    for dispatch in dispatches {
        let Some(new) = drafts.get(&dispatch.id) else {
            let why = format!("{} is no longer asked for by the files", dispatch.id);
            return Err(CorrectError::Refused(why, "put its step, contact or selector back".to_owned()));
        };
        let same_bytes = new.digest == dispatch.digest;
        // Releasing what the guards hold lets pass what they said of it, and nothing that is new.
        let guard = dispatch.reason.as_deref().and_then(Guard::of_reason);
        let accept = if guard == Some(Guard::Words) { dispatch.objections.clone() } else { Vec::new() };
        let looked_at = Dispatch { accepted: [dispatch.accepted.as_slice(), &accept].concat(), ..dispatch.clone() };
        let rewritten = looked_at.rewritten(new);
        let approved = still_approved(&rewritten, &approvals, &wanted);
        let event = match correction {
            Correction::Retry => Event::Retry { approved },
            Correction::ReleaseAt(_) => Event::Release { approved },
        };
        // What a person waived was said of the old time; `rewrite` forgets it too.
        let waived = if new.due == dispatch.due { dispatch.waived.clone() } else { Vec::new() };
        let rewritten = Dispatch { waived, ..rewritten };
        let mut moves = Move::new(&rewritten, event, request.by, request.now);
        moves.reason = request.reason.map(ToOwned::to_owned);
        moves.accept = rewritten.accepted.clone();
        if correction == Correction::Retry {
            moves.next_at = Some(request.now);
            moves.reset_window = true;
        } else {
            moves.waive = guard.filter(|guard| !matches!(guard, Guard::Late | Guard::Words));
        }
        tx.rewrite(dispatch, new, request.now).await?;
        if let Some(Override { due, only_to, .. }) = decided.get(&dispatch.id) {
            tx.set_overrides(dispatch.key, *due, only_to).await?;
        }
        let status = match tx.apply(&moves).await {
            Err(StoreError::Impossible(why)) => {
                return Err(CorrectError::Refused(
                    format!("{}: {why}", dispatch.id),
                    "look at it with `demarche show`".to_owned(),
                ));
            }
            other => other?,
        };
        let reason = rewritten.objection().filter(|_| status == Status::Held);
        done.push(Corrected { id: dispatch.id.clone(), status, reason, to: new.recipients.to.clone(), same_bytes });
    }
    tx.commit().await?;
    Ok(done)
}

/// The addresses that the contact list has now and that the returned letter did not go to.
fn corrected_addresses(request: &CorrectRequest<'_>, dispatch: &Dispatch) -> Result<Vec<Address>, CorrectError> {
    let Some(mission) = request.workspace.mission(dispatch.id.delegation) else { return Ok(Vec::new()) };
    let old: Vec<&Address> = dispatch.recipients.to.iter().chain(&dispatch.recipients.cc).collect();
    let new: Vec<Address> = mission.to().into_iter().filter(|address| !old.contains(&address)).collect();
    if new.is_empty() {
        let why = format!("{} was returned, and no address of this mission has been corrected since", dispatch.id);
        return Err(CorrectError::Refused(why, "correct its row in config/contacts.csv first".to_owned()));
    }
    Ok(new)
}

async fn drafts(
    store: &Store,
    request: &CorrectRequest<'_>,
    dispatches: &[Dispatch],
    decided: &HashMap<DispatchId, Override>,
) -> Result<HashMap<DispatchId, Draft>, CorrectError> {
    let secret = store.secret(request.now).await?;
    let fixed = store.fixed_milestones(&request.file.campaign.id).await?;
    let meetings = agreed_meetings(store, &request.file.campaign.id).await?;
    let drafting = Drafting {
        workspace: request.workspace,
        file: request.file,
        secret: &secret,
        fixed: &fixed,
        meetings: &meetings,
        overrides: decided,
    };
    let mut drafts = HashMap::new();
    let named: HashSet<&DispatchId> = dispatches.iter().map(|d| &d.id).collect();
    let only = |id: &DispatchId| named.contains(id);
    let drafted = draft_only(&drafting, &Wanted::only(&only), |letter: Letter| {
        drafts.insert(letter.draft.id.clone(), letter.draft);
    });
    if drafted.problems.iter().any(Problem::is_error) {
        return Err(CorrectError::Problems(drafted.problems));
    }
    Ok(drafts)
}
