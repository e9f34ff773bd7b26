//! Files edited after `plan`: their campaign sends nothing until `plan` has run again.

use std::collections::BTreeMap;

use crate::adapters::store::{Store, StoreError};
use crate::config::workspace::{INSTALLATION, Snapshot};
use crate::vocabulary::{CampaignId, Digest};

/// Where the files are looked at: the workspace's folder, or nowhere for a rehearsal, whose files nobody edits.
pub trait Files: Send + Sync + 'static {
    fn snapshot(&self) -> Option<Snapshot>;
}

/// The digest of the installation's settings as a worker read them at its start; `None` where there are none.
pub fn settings(files: &impl Files) -> Option<Digest> {
    files.snapshot()?.files.get(INSTALLATION).map(|bytes| Digest::of(bytes))
}

/// Compares the files with what each campaign's plan read, and notes the answer where `status` finds it.
///
/// # Errors
/// When the database refuses.
pub async fn changed_campaigns(
    store: &Store,
    files: &impl Files,
    at_start: Option<Digest>,
) -> Result<BTreeMap<CampaignId, String>, StoreError> {
    let Some(snapshot) = files.snapshot() else { return Ok(BTreeMap::new()) };
    let settings = snapshot.files.get(INSTALLATION).map(|bytes| Digest::of(bytes));
    let planned = store.planned_files().await?;
    let mut changed = BTreeMap::new();
    for plan in store.plans().await? {
        let why = match planned.get(&plan.campaign) {
            Some(files) => snapshot.difference(&plan.campaign, files),
            None => Some("nothing is known of the files that it was planned from".to_owned()),
        };
        if why != plan.files_changed {
            store.note_changed_files(&plan.campaign, why.as_deref()).await?;
        }
        // Pace, server and mode are read once: a worker does not go on under settings that are no longer there. Nothing of it
        // is noted with the plan, which has no part in it.
        let other_settings = (settings != at_start)
            .then(|| format!("{INSTALLATION} was changed since the worker started: start it again"));
        if let Some(why) = why.or(other_settings) {
            changed.insert(plan.campaign, why);
        }
    }
    Ok(changed)
}
