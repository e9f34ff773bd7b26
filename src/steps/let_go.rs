//! Letters that waited for the pen or for the mailbox, once nothing is left to wait for.

use crate::adapters::store::{Move, Store, StoreError, Tx};
use crate::outbox::gate::MAIL_IS_FRESH;
use crate::outbox::{Event, Guard, Status};
use crate::steps::decide::still_approved;
use crate::vocabulary::{DispatchId, Instant};

/// Lets go what waited for mail that has been read or filed since. `mailbox`: the one that answers are read from.
///
/// # Errors
/// When the database refuses; then nothing moves.
pub async fn let_go(
    store: &Store,
    mailbox: Option<&str>,
    by: &str,
    now: Instant,
) -> Result<Vec<(DispatchId, Status)>, StoreError> {
    let tx = store.begin().await?;
    let moved = let_go_in(&tx, mailbox, by, now).await?;
    tx.commit().await?;
    Ok(moved)
}

async fn let_go_in(
    tx: &Tx,
    mailbox: Option<&str>,
    by: &str,
    now: Instant,
) -> Result<Vec<(DispatchId, Status)>, StoreError> {
    let held = tx.held_by(&[Guard::Pen, Guard::Unread]).await?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let in_pen = tx.missions_in_pen().await?;
    let read_at = match mailbox {
        Some(name) => tx.mailbox_read(name).await?.at,
        None => None,
    };
    let is_fresh = mailbox.is_none() || read_at.is_some_and(|at| now.since(at) <= MAIL_IS_FRESH);
    let keys: Vec<i64> = held.iter().map(|dispatch| dispatch.key).collect();
    let (approvals, wanted) = (tx.approvals(&keys).await?, tx.approvals_wanted().await?);
    let mut moved = Vec::new();
    for dispatch in &held {
        let why = match dispatch.reason.as_deref().and_then(Guard::of_reason) {
            Some(Guard::Pen) if !in_pen.contains(&dispatch.id.delegation) => {
                "the pen holds nothing more that may be its answer"
            }
            Some(Guard::Unread) if is_fresh => "the mailbox has been read",
            _ => continue,
        };
        let approved = still_approved(dispatch, &approvals, &wanted);
        let status = tx.apply(&Move::new(dispatch, Event::Release { approved }, by, now).because(why)).await?;
        moved.push((dispatch.id.clone(), status));
    }
    Ok(moved)
}
