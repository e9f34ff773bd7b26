//! Next actions: promised, done, overdue.

use crate::adapters::store::{Store, StoreError};
use crate::responses::{Followup, NewFollowup, followup};
use crate::vocabulary::{Day, Instant};

/// Why an action was not noted as done.
#[derive(Debug, thiserror::Error)]
pub enum FollowupRefused {
    #[error("there is no action {0}")]
    Unknown(i64),
    /// By whom.
    #[error("action {0} is done already: {1} has noted it")]
    Done(i64, String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds an action.
///
/// # Errors
/// When the database refuses.
pub async fn add_followup(store: &Store, new: &NewFollowup, now: Instant) -> Result<i64, StoreError> {
    let tx = store.begin().await?;
    let id = tx.add_followup(new, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// Notes that an action is done.
///
/// # Errors
/// When there is none with that number, or it is done already.
pub async fn finish_followup(
    store: &Store,
    id: i64,
    note: Option<&str>,
    by: &str,
    now: Instant,
) -> Result<Followup, FollowupRefused> {
    let tx = store.begin().await?;
    let known = tx.followups().await?.into_iter().find(|f| f.id == id).ok_or(FollowupRefused::Unknown(id))?;
    if let Some(done) = &known.done {
        return Err(FollowupRefused::Done(id, done.by.clone()));
    }
    tx.finish_followup(id, note, by, now).await?;
    tx.commit().await?;
    let done = followup::Step { at: now, by: by.to_owned(), note: note.map(str::to_owned) };
    Ok(Followup { done: Some(done), ..known })
}

/// What is overdue on `today`, the longest first: for the digest.
///
/// # Errors
/// When the database refuses.
pub async fn overdue_followups(store: &Store, today: Day) -> Result<Vec<Followup>, StoreError> {
    Ok(followup::overdue(&store.overdue_followups(today).await?, today))
}
