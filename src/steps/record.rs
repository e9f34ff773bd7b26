//! The response log: entries by hand, corrections, erasure.

use crate::adapters::store::{EntryFilter, Store, StoreError, StoredEntry};
use crate::responses::{NewEntry, Stance};
use crate::vocabulary::{AskId, CampaignId, Instant, StateCode};

/// Adds an entry to the log. Where the caller does not say which letter it answers, it is the last one to that mission.
///
/// # Errors
/// When the database refuses.
pub async fn add_entry(
    store: &Store,
    mut entry: NewEntry,
    now: Instant,
) -> Result<(i64, Option<CampaignId>), StoreError> {
    if let (Some(delegation), None) = (entry.delegation, entry.dispatch)
        && let Some((key, id)) = store.last_letter_to(delegation, entry.campaign.as_ref()).await?
    {
        entry.dispatch = Some(key);
        entry.campaign.get_or_insert(id.campaign);
    }
    let tx = store.begin().await?;
    let id = tx.add_entry(&entry, now).await?;
    tx.commit().await?;
    Ok((id, entry.campaign))
}

/// What a correction says anew.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    pub stance: Option<Stance>,
    pub ask: Option<AskId>,
    pub delegation: Option<StateCode>,
}

/// Why an entry was not corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    #[error("there is no entry {0}")]
    Unknown(i64),
    /// The entry that corrects it already.
    #[error("entry {0} has been corrected by entry {1} already")]
    Superseded(i64, i64),
    #[error("entry {0} has been erased")]
    Erased(i64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds an entry that says the same as an earlier one but for the staff's reading of it, and points at it.
///
/// # Errors
/// When there is no such entry, or a later one has taken its place.
pub async fn correct_entry(
    store: &Store,
    id: i64,
    reading: &Reading,
    by: &str,
    now: Instant,
) -> Result<i64, CorrectionError> {
    let old = in_force(store, id).await?;
    let mut entry = again(&old, by);
    entry.stance = reading.stance.or(entry.stance);
    entry.ask = reading.ask.clone().or(entry.ask);
    if let Some(delegation) = reading.delegation {
        entry.delegation = Some(delegation);
        let last = store.last_letter_to(delegation, entry.campaign.as_ref()).await?;
        entry.dispatch = last.as_ref().map(|(key, _)| *key);
        entry.campaign = entry.campaign.or(last.map(|(_, id)| id.campaign));
        entry.matched_by = "by-hand";
        entry.confidence = "certain";
    }
    let tx = store.begin().await?;
    let number = tx.add_entry(&entry, now).await?;
    tx.commit().await?;
    Ok(number)
}

/// The entry of that number, which nobody has corrected or erased.
///
/// # Errors
/// When there is none.
pub async fn in_force(store: &Store, id: i64) -> Result<StoredEntry, CorrectionError> {
    let named = EntryFilter { id: Some(id), ..EntryFilter::default() };
    let old = store.entries(&named).await?.pop().ok_or(CorrectionError::Unknown(id))?;
    let after = EntryFilter { corrects: Some(id), ..EntryFilter::default() };
    if let Some(newer) = store.entries(&after).await?.first() {
        return Err(CorrectionError::Superseded(id, newer.id));
    }
    if old.erased_at.is_some() { Err(CorrectionError::Erased(id)) } else { Ok(old) }
}

/// A correction of an entry that says the same so far.
pub fn again(old: &StoredEntry, by: &str) -> NewEntry {
    NewEntry {
        at: old.at,
        campaign: old.campaign.clone(),
        delegation: old.delegation,
        dispatch: old.dispatch_key,
        kind: old.kind,
        stance: old.stance,
        ask: old.ask.clone(),
        from: old.from.clone(),
        subject: old.subject.clone(),
        text: old.text.clone(),
        matched_by: "by-hand",
        confidence: "certain",
        attachments: old.attachments.clone(),
        message: old.message,
        corrects: Some(old.id),
        by: by.to_owned(),
    }
}
