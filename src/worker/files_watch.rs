//! Files edited after `plan`: their campaign sends nothing until `plan` has run again.

use std::collections::BTreeMap;

use crate::adapters::store::{Store, StoreError};
use crate::config::workspace::Snapshot;
use crate::vocabulary::CampaignId;

/// Where the files are looked at: the workspace's folder, or nowhere for a rehearsal, whose files nobody edits.
pub trait Files: Send + Sync + 'static {
    fn snapshot(&self) -> Option<Snapshot>;
}

/// Compares the files with what each campaign's plan read, and notes the answer where `status` finds it.
///
/// # Errors
/// When the database refuses.
pub async fn changed_campaigns(store: &Store, files: &impl Files) -> Result<BTreeMap<CampaignId, String>, StoreError> {
    let Some(snapshot) = files.snapshot() else { return Ok(BTreeMap::new()) };
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
        if let Some(why) = why {
            changed.insert(plan.campaign, why);
        }
    }
    Ok(changed)
}
