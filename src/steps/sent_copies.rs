//! A copy of each sent letter goes into the account's own folder, once. A failure is told, and never a reason to send again.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::adapters::mime;
use crate::adapters::store::{Store, StoreError};
use crate::ports::{Archive, Clock, MailboxFault};
use crate::vocabulary::{CampaignId, Zone};

/// Copies filed at one time.
const AT_ONCE: u32 = 50;

/// What could not be filed for so long is no longer tried.
const TRIED_FOR_DAYS: i64 = 7;

/// What came of it.
#[derive(Debug, Default)]
pub struct Copies {
    pub filed: u64,
    /// Why the others wait.
    pub fault: Option<MailboxFault>,
}

/// Files what has left and has no copy yet.
///
/// # Errors
/// When the database refuses.
pub async fn file_copies<A: Archive>(store: &Store, archive: &mut A, clock: &impl Clock) -> Result<Copies, StoreError> {
    let zones: BTreeMap<CampaignId, Zone> =
        store.plans().await?.into_iter().map(|plan| (plan.campaign, plan.zone)).collect();
    let since = clock.now().minus(Duration::days(TRIED_FOR_DAYS));
    let mut copies = Copies::default();
    'all: loop {
        let batch = store.unfiled(since, AT_ONCE).await?;
        if batch.is_empty() {
            break;
        }
        for letter in batch {
            let Some(message) = store.message(letter.digest).await? else {
                // Its bytes are gone: there is nothing to file, now or later.
                store.note_filed(letter.attempt, clock.now()).await?;
                continue;
            };
            let zone = zones.get(&letter.campaign).copied().unwrap_or(Zone::GENEVA);
            let dated = mime::with_date(&message, letter.claimed_at, zone);
            if let Err(fault) = archive.file(&dated, &letter.message_id, letter.claimed_at).await {
                copies.fault = Some(fault);
                break 'all;
            }
            store.note_filed(letter.attempt, clock.now()).await?;
            copies.filed += 1;
        }
    }
    archive.close().await;
    Ok(copies)
}
