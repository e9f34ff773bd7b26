//! `collect`: a mailbox is read, each message once, and the mailbox itself is not changed.
//!
//! Bytes first: a message is on the disk and in the book before anybody tries to understand it. Killed at any moment, the next
//! `collect` goes on where this one ended.

use crate::adapters::store::{NewMessage, Store, StoreError};
use crate::ports::{Clock, Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use crate::steps::filing::{Clerk, FiledMail, file_new};
use crate::steps::let_go::let_go;
use crate::vocabulary::{Day, DispatchId, Instant};

/// Messages stored in one transaction.
const BATCH: usize = 32;

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
    for batch in places.chunks(BATCH) {
        let outcome = fetch(mailbox, request.clerk, batch, clock.now()).await?;
        save(store, request.clerk, &name, &opened, &outcome, clock.now(), collected).await?;
        progress(collected.new + collected.doubles, all);
        file_new(store, request.clerk, clock.now(), &mut collected.mail).await?;
        if let Some(fault) = outcome.ended_by {
            return Err(fault.into());
        }
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

#[derive(Default)]
struct Batch {
    shelved: Vec<Shelved>,
    faults: Vec<(Place, String)>,
    gone: Vec<Place>,
    /// The mailbox went away in the middle.
    ended_by: Option<MailboxFault>,
}

async fn fetch<M: Mailbox>(
    mailbox: &mut M,
    clerk: &Clerk,
    places: &[Place],
    now: Instant,
) -> Result<Batch, CollectError> {
    let mut batch = Batch::default();
    let spool = clerk.shelf.spool();
    for place in places {
        match mailbox.fetch(place, &spool).await {
            Ok(Some(fetched)) => batch.shelved.push(shelve(clerk, place, fetched, now)?),
            // Moved or removed by somebody meanwhile: there is nothing to ask for again.
            Ok(None) => batch.gone.push(place.clone()),
            Err(MailboxFault::Message { what }) => batch.faults.push((place.clone(), what)),
            Err(fault) => {
                batch.ended_by = Some(fault);
                break;
            }
        }
    }
    Ok(batch)
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
    for message in &batch.shelved {
        clerk.shelf.flush(&message.raw).map_err(StoreError::Shelf)?;
    }
    let tx = store.begin().await?;
    let mut needless = Vec::new();
    for message in &batch.shelved {
        let new = NewMessage {
            fingerprint: message.fingerprint.clone(),
            raw: message.raw.clone(),
            bytes: message.bytes,
            arrived_at: message.arrived_at,
            source: name.to_owned(),
        };
        let stored = tx.store_message(&new, now).await?;
        tx.note_place(name, opened.validity, &message.place, Some(stored.key), None).await?;
        if stored.is_new {
            collected.new += 1;
        } else {
            collected.doubles += 1;
            // Of two copies the first is kept, and none of what somebody asked to erase.
            if stored.raw != message.raw || stored.erased {
                needless.push(&message.raw);
            }
        }
    }
    for (place, why) in &batch.faults {
        tx.note_place(name, opened.validity, place, None, Some(why)).await?;
        collected.faults.push((place.name.clone(), why.clone()));
    }
    for place in &batch.gone {
        tx.note_place(name, opened.validity, place, None, None).await?;
    }
    tx.commit().await?;
    for raw in needless {
        clerk.shelf.remove(raw).map_err(StoreError::Shelf)?;
    }
    Ok(())
}
