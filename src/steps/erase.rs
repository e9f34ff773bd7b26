//! `erase`: what a person left in the log, in raw mail and in all that is remembered of their address.

use std::fmt;
use std::sync::Arc;

use crate::adapters::shelf::Shelf;
use crate::adapters::store::{Erased, Store, StoreError, StoredMessage};
use crate::inbox::Reading;
use crate::vocabulary::Instant;

/// Messages looked at in one query.
const BATCH: u64 = 200;

type Reader = dyn Fn(&[u8]) -> Reading + Send + Sync;

/// How raw bytes are read: an address may stand in an encoded part.
#[derive(Clone)]
pub struct Read(pub Arc<Reader>);

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

/// What was forgotten.
#[derive(Debug, Default)]
pub struct Forgotten {
    pub erased: Erased,
    /// Raw messages that are gone.
    pub messages: u64,
}

/// Empties what `address` left, in one transaction. The raw bytes go first: should that end half-way, the same command goes on.
///
/// # Errors
/// When the disk or the database refuses.
pub async fn erase(
    store: &Store,
    shelf: &Shelf,
    read: &Read,
    address: &str,
    now: Instant,
) -> Result<Forgotten, StoreError> {
    let mut named = Vec::new();
    let mut after = 0;
    loop {
        let batch = store.messages_after(after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.key;
        let (shelf, read, address) = (shelf.clone(), read.clone(), address.to_lowercase());
        let found = tokio::task::spawn_blocking(move || naming(&shelf, &read, &address, batch)).await;
        named.extend(found.map_err(|e| StoreError::Shelf(std::io::Error::other(e)))??);
    }
    for message in &named {
        shelf.remove(&message.raw).map_err(StoreError::Shelf)?;
    }
    let keys: Vec<i64> = named.iter().map(|message| message.key).collect();
    let tx = store.begin().await?;
    let erased = tx.erase(address, &keys, now).await?;
    tx.commit().await?;
    store.forget_for_good().await?;
    Ok(Forgotten { erased, messages: keys.len() as u64 })
}

/// The messages among these that name the address, in whatever part. One whose bytes are gone already is judged by its row.
fn naming(
    shelf: &Shelf,
    read: &Read,
    address: &str,
    batch: Vec<StoredMessage>,
) -> Result<Vec<StoredMessage>, StoreError> {
    let mut found = Vec::new();
    for message in batch {
        let by_row = [&message.from_address, &message.from, &message.subject]
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(address));
        let names = by_row
            || match shelf.read(&message.raw) {
                Ok(bytes) => holds(&bytes, address) || says(&(read.0)(&bytes), address),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
                Err(error) => return Err(StoreError::Shelf(error)),
            };
        if names {
            found.push(message);
        }
    }
    Ok(found)
}

/// Whether the bytes hold the address as it is written, whatever its case.
fn holds(bytes: &[u8], address: &str) -> bool {
    let small = bytes.to_ascii_lowercase();
    memchr::memmem::find(&small, address.as_bytes()).is_some()
}

fn says(reading: &Reading, address: &str) -> bool {
    let lists = reading.addressed_to.iter().chain(reading.returned.iter().map(|returned| &returned.address));
    let texts = [&reading.whole, &reading.subject, &reading.from.address, &reading.from.name];
    let reply_to = reading.reply_to.as_ref().map(|who| &who.address);
    lists.chain(texts).chain(reply_to).any(|text| text.to_lowercase().contains(address))
}
