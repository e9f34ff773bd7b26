//! `collect`: a mailbox is read, each message once, and the mailbox itself is not changed.
//!
//! Bytes first: a message is on the disk and in the book before anybody tries to understand it. Killed at any moment, the next
//! `collect` goes on where this one ended.

use std::collections::HashSet;

use crate::adapters::store::{NewMessage, NotedPlace, Store, StoreError};
use crate::ports::{Clock, Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use crate::steps::filing::{Clerk, FiledMail, file_new};
use crate::steps::let_go::let_go;
use crate::vocabulary::{Day, DispatchId, Instant};

/// Messages stored in one transaction.
const BATCH: usize = 256;

/// Bytes from which on no more are fetched before what is here is stored.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// Places at fault that are asked for again each time; which ones, chance decides.
const ASKED_AGAIN: u64 = 20;

/// What came of it.
#[derive(Debug, Default)]
pub struct Collected {
    pub mailbox: String,
    /// The mailbox was read for the first time, from this day on.
    pub first_since: Option<Day>,
    pub new: u64,
    /// Copies of messages that are here already.
    pub doubles: u64,
    pub mail: FiledMail,
    /// Messages that could not be had: their place, and why.
    pub faults: Vec<(String, String)>,
    /// Letters that had waited for the mail.
    pub let_go: Vec<DispatchId>,
}

/// Why it ended early. What was stored before stays stored.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error(transparent)]
    Mailbox(#[from] MailboxFault),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a mailbox is read.
#[derive(Debug)]
pub struct CollectRequest<'a> {
    pub clerk: &'a Clerk,
    /// From when on, the first time; `None` is from the beginning.
    pub since: Option<Day>,
    /// The mailbox that answers are read from, where this is it or another: letters wait for that one.
    pub watched: Option<&'a str>,
}

/// Reads what is new in `mailbox`, stores it, and files it.
///
/// # Errors
/// When the mailbox, the database or the disk refuses; the next time goes on.
pub async fn collect<M: Mailbox>(
    store: &Store,
    mailbox: &mut M,
    clock: &impl Clock,
    request: &CollectRequest<'_>,
    collected: &mut Collected,
    progress: impl Fn(u64, usize),
) -> Result<(), CollectError> {
    let name = mailbox.name();
    collected.mailbox.clone_from(&name);
    // What an earlier run stored and did not come to read.
    file_new(store, request.clerk, clock.now(), &mut collected.mail).await?;
    let began = clock.now();
    let opened = mailbox.open().await?;
    let places = new_places(store, mailbox, &name, &opened, request, began, collected).await?;
    let all = places.len();
    let mut rest = &places[..];
    let mut fetched = fetch(mailbox, request.clerk, rest, clock.now()).await?;
    while let Some(batch) = fetched {
        rest = &rest[batch.asked_for..];
        // While one batch is stored and filed, the next one is on its way.
        let next = fetch(mailbox, request.clerk, if batch.ended_by.is_none() { rest } else { &[] }, clock.now());
        let stored = async {
            save(store, request.clerk, &name, &opened, &batch, clock.now(), collected).await?;
            progress(collected.new + collected.doubles, all);
            Ok::<_, CollectError>(file_new(store, request.clerk, clock.now(), &mut collected.mail).await?)
        };
        let (next, stored) = tokio::join!(next, stored);
        stored?;
        if let Some(fault) = batch.ended_by {
            return Err(fault.into());
        }
        fetched = next?;
    }
    let tx = store.begin().await?;
    // Mail that came while we read is not among what was read.
    tx.note_mailbox_read(&name, began, request.watched == Some(name.as_str())).await?;
    tx.commit().await?;
    let moved = let_go(store, request.watched, &request.clerk.by, clock.now()).await?;
    collected.let_go.extend(moved.into_iter().map(|(id, _)| id));
    mailbox.close().await;
    Ok(())
}

async fn new_places<M: Mailbox>(
    store: &Store,
    mailbox: &mut M,
    name: &str,
    opened: &Opened,
    request: &CollectRequest<'_>,
    now: Instant,
    collected: &mut Collected,
) -> Result<Vec<Place>, CollectError> {
    let record = store.mailbox(name).await?;
    let since = record.as_ref().map_or(request.since, |known| known.since);
    if record.is_none() {
        collected.first_since = since;
    }
    if record.as_ref().is_none_or(|known| known.validity != opened.validity) {
        let tx = store.begin().await?;
        tx.note_mailbox(name, opened.validity, since).await?;
        tx.commit().await?;
    }
    let after = store.last_place(name, opened.validity).await?;
    let listed = mailbox.places(&Wanted { after, since }).await?;
    // Mail is read at whole minutes, so that only the fractions of a second go through all turns.
    let turn = now.millis().unsigned_abs();
    let mut places = store.places_at_fault(name, opened.validity, ASKED_AGAIN, turn).await?;
    places.extend(store.unknown_places(name, opened.validity, listed).await?);
    // Each place once, whatever the mailbox lists.
    let mut seen = HashSet::new();
    places.retain(|place| seen.insert(place.name.clone()));
    Ok(places)
}

/// A message that lies on the shelf, not yet in the book.
struct Shelved {
    place: Place,
    raw: String,
    fingerprint: String,
    bytes: u64,
    arrived_at: Instant,
}

impl Shelved {
    fn record(&self, source: &str) -> NewMessage {
        NewMessage {
            fingerprint: self.fingerprint.clone(),
            raw: self.raw.clone(),
            bytes: self.bytes,
            arrived_at: self.arrived_at,
            source: source.to_owned(),
        }
    }
}

#[derive(Default)]
struct Batch {
    /// Of so many places something is known now.
    asked_for: usize,
    shelved: Vec<Shelved>,
    faults: Vec<(Place, String)>,
    gone: Vec<Place>,
    /// The mailbox went away in the middle.
    ended_by: Option<MailboxFault>,
}

/// As many as are stored at once; `None` where no place is left.
async fn fetch<M: Mailbox>(
    mailbox: &mut M,
    clerk: &Clerk,
    places: &[Place],
    now: Instant,
) -> Result<Option<Batch>, CollectError> {
    if places.is_empty() {
        return Ok(None);
    }
    let mut batch = Batch::default();
    let spool = clerk.shelf.spool();
    let mut bytes = 0;
    for place in places.iter().take(BATCH) {
        if bytes >= BATCH_BYTES {
            break;
        }
        match mailbox.fetch(place, &spool).await {
            Ok(Some(fetched)) => {
                bytes += fetched.bytes;
                batch.shelved.push(shelve(clerk, place, fetched, now)?);
            }
            // Moved or removed by somebody meanwhile: there is nothing to ask for again.
            Ok(None) => batch.gone.push(place.clone()),
            Err(MailboxFault::Message { what }) => batch.faults.push((place.clone(), what)),
            Err(fault) => {
                batch.ended_by = Some(fault);
                break;
            }
        }
        batch.asked_for += 1;
    }
    Ok(Some(batch))
}

fn shelve(clerk: &Clerk, place: &Place, fetched: Fetched, now: Instant) -> Result<Shelved, StoreError> {
    let kept = clerk.shelf.keep(&fetched.file).map_err(StoreError::Shelf)?;
    Ok(Shelved {
        place: place.clone(),
        raw: kept.raw,
        fingerprint: kept.fingerprint,
        bytes: kept.bytes,
        // A clock that runs ahead puts nothing into the future.
        arrived_at: fetched.received.map_or(now, |at| at.min(now)),
    })
}

async fn save(
    store: &Store,
    clerk: &Clerk,
    name: &str,
    opened: &Opened,
    batch: &Batch,
    now: Instant,
    collected: &mut Collected,
) -> Result<(), CollectError> {
    let raws: Vec<&str> = batch.shelved.iter().map(|message| message.raw.as_str()).collect();
    clerk.shelf.flush(&raws).map_err(StoreError::Shelf)?;
    let new: Vec<NewMessage> = batch.shelved.iter().map(|message| message.record(name)).collect();
    let tx = store.begin().await?;
    let kept = tx.store_messages(&new, now).await?;
    let mut places = Vec::new();
    let (mut fresh, mut doubles) = (0, 0);
    for (message, kept) in batch.shelved.iter().zip(&kept) {
        places.push(NotedPlace { place: &message.place, message: Some(kept.key), fault: None });
        if kept.is_new {
            fresh += 1;
            continue;
        }
        doubles += 1;
        // Of two copies the first is kept, and none of what somebody asked to erase. Before the commit: should the program end
        // here, the copy is fetched again, and nothing is left that no book knows.
        if kept.raw != message.raw || kept.erased {
            clerk.shelf.remove(&message.raw).map_err(StoreError::Shelf)?;
        }
    }
    places.extend(batch.faults.iter().map(|(place, why)| NotedPlace { place, message: None, fault: Some(why) }));
    places.extend(batch.gone.iter().map(|place| NotedPlace { place, message: None, fault: None }));
    tx.note_places(name, opened.validity, &places).await?;
    tx.commit().await?;
    collected.new += fresh;
    collected.doubles += doubles;
    collected.faults.extend(batch.faults.iter().map(|(place, why)| (place.name.clone(), why.clone())));
    Ok(())
}
