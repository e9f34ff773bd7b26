//! After a restored backup or a failover: letters that have left, and that the database has forgotten.

use crate::adapters::journal::{HandedOver, Journal};
use crate::adapters::store::{DispatchFilter, Move, Store, StoreError};
use crate::outbox::{Dispatch, Event};
use crate::vocabulary::Instant;

/// A letter that the journal knows better than the database.
#[derive(Debug, Clone)]
pub struct Forgotten {
    pub dispatch: Dispatch,
    pub handed_over: HandedOver,
}

/// Dispatches whose last claim in the journal is later than the database's.
///
/// # Errors
/// When the database or the journal cannot be read.
pub async fn forgotten(store: &Store, journal: &Journal) -> Result<Vec<Forgotten>, StoreError> {
    let handed_over = journal.handed_over().map_err(StoreError::Journal)?;
    if handed_over.is_empty() {
        return Ok(Vec::new());
    }
    let all = store.dispatches(&DispatchFilter::default()).await?;
    let behind = all.into_iter().filter_map(|dispatch| {
        let known = handed_over.get(&dispatch.id).filter(|handed| handed.fence > dispatch.fence)?.clone();
        Some(Forgotten { dispatch, handed_over: known })
    });
    Ok(behind.collect())
}

/// Marks them as uncertain, so that none leaves twice: a person settles each.
///
/// # Errors
/// When the database refuses; then none is marked.
pub async fn remember(store: &Store, forgotten: &[Forgotten], by: &str, now: Instant) -> Result<usize, StoreError> {
    let tx = store.begin().await?;
    for one in forgotten {
        let at = one.handed_over.at;
        let why = format!("handed over at {at}, which the database had forgotten");
        let mut moves = Move::new(&one.dispatch, Event::Remember, by, now).because(why);
        moves.fence = Some(one.handed_over.fence);
        tx.apply(&moves).await?;
    }
    tx.commit().await?;
    Ok(forgotten.len())
}
