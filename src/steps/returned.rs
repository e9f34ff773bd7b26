//! A letter that came back before anybody knew that it had left: once it is settled as sent, its bounce counts.

use crate::adapters::store::{Asked, EntryFilter, Store, StoreError};
use crate::inbox::{Kind, MailKind, Reading};
use crate::outbox::Dispatch;
use crate::steps::filing::bounce;
use crate::vocabulary::{DispatchId, Instant};

/// Weighs the bounces in the log that return these letters, which are sent by now. Returns those that are `bounced`.
///
/// # Errors
/// When the database refuses.
pub async fn weigh_bounces(
    store: &Store,
    letters: &[Dispatch],
    by: &str,
    now: Instant,
) -> Result<Vec<DispatchId>, StoreError> {
    let mut bounced = Vec::new();
    for dispatch in letters {
        let filter = EntryFilter {
            dispatch: Some(dispatch.key),
            kind: Some(Kind::Bounce),
            in_force: true,
            ..EntryFilter::default()
        };
        for key in store.entries(&filter).await?.into_iter().filter_map(|entry| entry.message) {
            let Some(message) = store.incoming(key).await? else { continue };
            let tx = store.begin().await?;
            let known = tx.known(&Asked { states: [dispatch.id.delegation].into(), ..Asked::default() }).await?;
            if let Some(letter) = known.letters_to(dispatch.id.delegation).iter().find(|l| l.key == dispatch.key) {
                let reading = Reading { returned: message.details.returned(), ..Reading::nothing(MailKind::Bounce) };
                bounced.extend(bounce(&tx, &reading, letter, key, by, now).await?);
            }
            tx.commit().await?;
        }
    }
    Ok(bounced)
}
