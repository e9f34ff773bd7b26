//! Letters that were approved or have left, and that the files would now make otherwise.

use std::collections::HashMap;

use serde::Serialize;

use crate::adapters::store::{DispatchFilter, Store, StoreError};
use crate::config::workspace::Workspace;
use crate::outbox::revision::{Revision, revise};
use crate::outbox::{Dispatch, Draft, Status};
use crate::steps::draft::{Drafting, Wanted, draft_only};
use crate::steps::meetings::agreed_meetings;
use crate::steps::plan::overrides;
use crate::vocabulary::{Address, DispatchId, Instant};

/// One letter, and what is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub id: DispatchId,
    pub status: Status,
    /// `to`, `text`, `due` …
    pub what: Vec<&'static str>,
    /// Whether the next `plan` takes its approval back. `false`: it has left, and nothing changes any more.
    pub planned_again: bool,
}

/// Drafts every planned campaign again, in memory, and compares what each letter holds with what was approved or sent.
///
/// A letter that the files no longer ask for, or cannot make, is not among them: `plan` and `check` tell of those.
///
/// # Errors
/// When the database refuses.
pub async fn changed(store: &Store, workspace: &Workspace, now: Instant) -> Result<Vec<Changed>, StoreError> {
    let mut found = Vec::new();
    for file in &workspace.campaigns {
        let campaign = &file.campaign;
        let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() };
        let stored = store.dispatches(&filter).await?;
        let may_be_approved = |d: &&Dispatch| d.status.is_open();
        let keys: Vec<i64> = stored.iter().filter(may_be_approved).map(|d| d.key).collect();
        let approvals = store.approvals(&keys).await?;
        let approved = |d: &Dispatch| {
            let seal = d.seal.to_string();
            approvals.get(&d.key).is_some_and(|given| given.iter().any(|a| !a.revoked && a.seal == seal))
        };
        // What nobody has approved may change freely; what a person ended interests nobody.
        let looked_at = |d: &&Dispatch| {
            if d.status.is_open() { approved(d) } else { d.status != Status::Cancelled }
        };
        let by_id: HashMap<&DispatchId, &Dispatch> = stored.iter().filter(looked_at).map(|d| (&d.id, d)).collect();
        if by_id.is_empty() {
            continue;
        }
        let secret = store.secret(now).await?;
        let fixed = store.fixed_milestones(&campaign.id).await?;
        let known = overrides(&stored);
        let meetings = agreed_meetings(store, &campaign.id).await?;
        let drafting =
            Drafting { workspace, file, secret: &secret, fixed: &fixed, meetings: &meetings, overrides: &known };
        let only = |id: &DispatchId| by_id.contains_key(id);
        draft_only(&drafting, &Wanted::only(&only), |letter| {
            found.extend(by_id.get(&letter.draft.id).and_then(|row| difference(row, &letter.draft)));
        });
    }
    Ok(found)
}

/// What differs between a letter as it was approved or sent, and as the files make it now.
fn difference(stored: &Dispatch, draft: &Draft) -> Option<Changed> {
    if stored.seal == draft.seal() {
        return None;
    }
    let changed = |what: Vec<&'static str>, planned_again| Changed {
        id: stored.id.clone(),
        status: stored.status,
        what,
        planned_again,
    };
    if let Revision::Rewrite { differences, .. } = revise(stored, draft) {
        let what: Vec<&'static str> = differences.iter().map(|difference| difference.what).collect();
        return (!what.is_empty()).then(|| changed(what, true));
    }
    // It has left: its text is history, but whether it went to an address that is still the mission's is worth knowing.
    let differ = |a: &[Address], b: &[Address]| a != b;
    let what: Vec<&'static str> = [
        ("to", differ(&stored.recipients.to, &draft.recipients.to)),
        ("cc", differ(&stored.recipients.cc, &draft.recipients.cc)),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect();
    (!what.is_empty()).then(|| changed(what, false))
}
