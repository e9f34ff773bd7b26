//! New mail is read, matched and filed: one transaction a batch, with all that follows from it.

use std::collections::HashSet;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use crate::adapters::shelf::{READ_AT_MOST, Shelf};
use crate::adapters::store::{
    Asked, DispatchFilter, MailDetails, MailState, Move, ReadMessage, Store, StoreError, StoredMessage, Tx, shown,
};
use crate::inbox::matching::{self, Filed, Filing, Guess, Known, MatchedBy};
use crate::inbox::{Authenticity, MailKind, Reading, Standing, bounced};
use crate::outbox::Event;
use crate::outbox::token::Token;
use crate::responses::{Attachment, NewEntry, Stance};
use crate::vocabulary::{CampaignId, DispatchId, Instant, StateCode};

/// Messages read in one transaction.
const BATCH: u64 = 256;

/// Bytes of messages that are read for one transaction, unless a single one is larger: what is read of them is in memory together.
const BATCH_BYTES: u64 = 2 * 1024 * 1024;

/// Fewer messages than so many are read before another thread has begun.
const WORTH_A_THREAD: usize = 8;

/// Of an entry, until all of its batch are added together.
const NO_NUMBER: i64 = 0;

/// A message that was begun to be read so often, and never finished, ended the program each time. Fewer could be chance: a program that
/// is ended from outside five times, each time at the same message, has not been seen.
pub const TRIES: i32 = 5;

/// A `Date` may lie so long before the message arrived, and still be when it was written.
const DATE_BELIEVED_DAYS: i64 = 60;

/// Raw bytes as they are understood.
#[derive(Debug, Clone)]
pub struct Understood {
    pub reading: Reading,
    pub authenticity: Authenticity,
}

impl Understood {
    /// Says so where only the beginning was read. `whole`: bytes of the message.
    #[must_use]
    pub fn of(mut self, whole: u64) -> Self {
        if whole > READ_AT_MOST {
            let said = self.reading.cut_off.take();
            let said = said.unwrap_or_else(|| "not read to its end".to_owned());
            let mebi = |bytes: u64| bytes.div_ceil(1024 * 1024);
            self.reading.cut_off = Some(format!("{said}; of {} MiB the first {}", mebi(whole), mebi(READ_AT_MOST)));
        }
        self
    }
}

type Reader = dyn Fn(&[u8]) -> Understood + Send + Sync;

/// How raw bytes are understood; never panics, and takes bounded time.
#[derive(Clone)]
pub struct Understand(pub Arc<Reader>);

impl fmt::Debug for Understand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Understand")
    }
}

/// What filing needs besides the books.
#[derive(Debug)]
pub struct Clerk {
    pub shelf: Shelf,
    pub understand: Understand,
    /// Our own addresses, in small letters.
    pub own: HashSet<String>,
    pub by: String,
}

/// One message that was entered in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered {
    pub entry: i64,
    pub kind: MailKind,
    /// `None`: it waits in the pen.
    pub under: Option<(CampaignId, StateCode)>,
    pub why: String,
}

/// What came of new mail.
#[derive(Debug, Default)]
pub struct FiledMail {
    pub entered: Vec<Entered>,
    pub aside: u64,
    /// Bounces of letters that are in hand: read again at the next time.
    pub later: u64,
    pub bounced: Vec<DispatchId>,
    /// Entries of a batch, which are added together at its end.
    waiting: Vec<NewEntry>,
}

impl FiledMail {
    fn add(&mut self, more: Self) {
        self.entered.extend(more.entered);
        self.aside += more.aside;
        self.later += more.later;
        self.bounced.extend(more.bounced);
    }
}

/// Reads and files what is new, until nothing is.
///
/// # Errors
/// When the database or the disk refuses. What was filed before stays filed; the rest is new still.
pub async fn file_new(store: &Store, clerk: &Clerk, now: Instant, done: &mut FiledMail) -> Result<(), StoreError> {
    let mut after = 0;
    // Whatever was put off before is met again.
    done.later = 0;
    loop {
        let tx = store.begin().await?;
        let batch = tx.begin_reading(after, BATCH, BATCH_BYTES).await?;
        tx.commit().await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.key;
        let keys: Vec<i64> = batch.iter().map(|message| message.key).collect();
        let filed = match understand(clerk, batch).await {
            Ok(Ok(read)) => file(store, clerk, &read, now).await,
            Ok(Err(error)) => Err(StoreError::Shelf(error)),
            // Reading itself has ended: the try counts.
            Err(error) => return Err(StoreError::Shelf(std::io::Error::other(error))),
        };
        match filed {
            Ok(filed) => done.add(filed),
            Err(error) => {
                give_back(store, &keys).await;
                return Err(error);
            }
        }
    }
}

/// One batch, understood already: what is told of it is stored.
async fn file(
    store: &Store,
    clerk: &Clerk,
    read: &[(StoredMessage, Option<Understood>)],
    now: Instant,
) -> Result<FiledMail, StoreError> {
    let mut filed = FiledMail::default();
    let tx = store.begin().await?;
    let known = tx.known(&asked(read)).await?;
    let known = Known { own: clerk.own.clone(), ..known };
    for (message, understood) in read {
        one(&tx, clerk, message, understood, &known, now, &mut filed).await?;
    }
    let numbers = tx.add_entries(&filed.waiting, now).await?;
    filed.entered.iter_mut().zip(numbers).for_each(|(entered, number)| entered.entry = number);
    tx.commit().await?;
    Ok(filed)
}

/// A disk or a database that refuses is no message's fault. Where it refuses this too, a later try finds the messages one by one.
async fn give_back(store: &Store, keys: &[i64]) {
    let given = async {
        let tx = store.begin().await?;
        tx.read_later(keys).await?;
        tx.commit().await
    };
    let _refused_as_before = given.await;
}

type Read = Vec<(StoredMessage, Option<Understood>)>;

/// Reading takes a processor, and so happens aside from the threads that wait for others.
async fn understand(clerk: &Clerk, batch: Vec<StoredMessage>) -> Result<std::io::Result<Read>, tokio::task::JoinError> {
    let (shelf, understand) = (clerk.shelf.clone(), clerk.understand.clone());
    tokio::task::spawn_blocking(move || on_all_processors(&shelf, &understand, batch)).await
}

fn on_all_processors(shelf: &Shelf, understand: &Understand, batch: Vec<StoredMessage>) -> std::io::Result<Read> {
    // What ended the program each time is not opened once more.
    let read = |message: &StoredMessage| match message.tries < TRIES {
        true => shelf.read(&message.raw).map(|bytes| Some((understand.0)(&bytes).of(message.bytes))),
        false => Ok(None),
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let share = batch.len().div_ceil(processors).max(WORTH_A_THREAD);
    let all = thread::scope(|scope| {
        let shares = batch.chunks(share).map(|some| scope.spawn(move || some.iter().map(read).collect::<Vec<_>>()));
        let shares: Vec<_> = shares.collect();
        let joined = shares.into_iter().map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect::<std::io::Result<Vec<_>>>()
    })?;
    Ok(batch.into_iter().zip(all).collect())
}

fn asked(read: &[(StoredMessage, Option<Understood>)]) -> Asked {
    let mut asked = Asked::default();
    for understood in read.iter().filter_map(|(_, understood)| understood.as_ref()) {
        ask_for(&mut asked, &understood.reading);
    }
    asked
}

/// What our books are asked for a message.
fn ask_for(asked: &mut Asked, reading: &Reading) {
    asked.ids.extend(reading.originals.iter().cloned());
    asked.tokens.extend(tokens(reading));
    let mut ask = |address: &str| {
        asked.addresses.insert(address.to_lowercase());
    };
    ask(&reading.from.address);
    reading.reply_to.iter().for_each(|who| ask(&who.address));
    reading.addressed_to.iter().for_each(|address| ask(address));
    reading.returned.iter().for_each(|returned| ask(&returned.address));
    matching::addresses_in(&reading.whole).iter().for_each(|address| ask(address));
}

/// Reply tokens among the addresses that a message was sent to.
fn tokens(reading: &Reading) -> Vec<String> {
    let token = |address: &String| Token::in_address(&address.parse().ok()?).map(|token| token.as_str().to_owned());
    reading.addressed_to.iter().filter_map(token).collect()
}

async fn one(
    tx: &Tx,
    clerk: &Clerk,
    message: &StoredMessage,
    understood: &Option<Understood>,
    known: &Known,
    now: Instant,
    done: &mut FiledMail,
) -> Result<(), StoreError> {
    let Some(understood) = understood else {
        return unreadable(tx, clerk, message, done).await;
    };
    let reading = &understood.reading;
    let at = happened(reading, message.arrived_at);
    let filing = matching::file(&mail(understood, at, &tokens(reading)), known);
    let (state, why, guesses): (MailState, &str, &[Guess]) = match &filing {
        Filing::Filed(filed) => (MailState::Filed, &filed.because, &[]),
        Filing::Pen { why, guesses } => (MailState::Pen, why, guesses),
        Filing::Aside { why } => (MailState::Aside, why, &[]),
        Filing::Later => {
            done.later += 1;
            return tx.read_later(&[message.key]).await;
        }
    };
    let noted = ReadMessage {
        key: message.key,
        state,
        kind: Some(reading.kind),
        message_id: reading.message_id.as_deref(),
        from: shown(&reading.from),
        from_address: &reading.from.address,
        subject: &reading.subject,
        why,
        authenticity: understood.authenticity.standing.as_str(),
        authenticity_why: &understood.authenticity.reason,
        details: MailDetails::of(reading),
        guesses,
    };
    if !tx.note_reading(&noted).await? {
        // Another worker has read it meanwhile.
        return Ok(());
    }
    let under = match &filing {
        Filing::Filed(filed) => Some(filed),
        Filing::Pen { .. } => None,
        Filing::Aside { .. } | Filing::Later => {
            done.aside += 1;
            return Ok(());
        }
    };
    done.waiting.push(entry(message.key, reading, at, under, &clerk.by));
    if let Some(filed) = under
        && reading.kind == MailKind::Bounce
        && let Some(letter) = known.letters.values().find(|letter| letter.key == filed.letter)
    {
        done.bounced.extend(bounce(tx, reading, letter, message.key, &clerk.by, now).await?);
    }
    done.entered.push(Entered {
        entry: NO_NUMBER,
        kind: reading.kind,
        under: under.map(|filed| (filed.campaign.clone(), filed.delegation)),
        why: why.to_owned(),
    });
    Ok(())
}

/// Where a message would be filed now; nothing is stored.
///
/// # Errors
/// When the database refuses.
pub async fn explain(
    store: &Store,
    understood: &Understood,
    own: HashSet<String>,
    now: Instant,
) -> Result<Filing, StoreError> {
    let tx = store.begin().await?;
    let mut wanted = Asked::default();
    ask_for(&mut wanted, &understood.reading);
    let known = Known { own, ..tx.known(&wanted).await? };
    Ok(matching::file(&mail(understood, happened(&understood.reading, now), &tokens(&understood.reading)), &known))
}

/// A message as matching looks at it.
fn mail<'a>(understood: &'a Understood, at: Instant, tokens: &'a [String]) -> matching::Incoming<'a> {
    let authenticity = &understood.authenticity;
    let suspicious = (authenticity.standing == Standing::Suspicious).then_some(authenticity.reason.as_str());
    matching::Incoming { reading: &understood.reading, suspicious, tokens, at }
}

/// When it happened: when the writer's program says, unless it arrived before that or much later.
fn happened(reading: &Reading, arrived: Instant) -> Instant {
    let believed =
        |date: &Instant| *date <= arrived && arrived.since(*date) <= chrono::Duration::days(DATE_BELIEVED_DAYS);
    reading.date.filter(believed).unwrap_or(arrived)
}

/// A message as an entry of the log. Nobody has read it yet.
pub fn entry(message: i64, reading: &Reading, at: Instant, under: Option<&Filed>, by: &str) -> NewEntry {
    let kind = reading.kind.entry();
    let attachments = reading.enclosures.iter().map(|file| Attachment {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
        sha256: None,
        part: Some(file.part),
    });
    NewEntry {
        at,
        campaign: under.map(|filed| filed.campaign.clone()),
        delegation: under.map(|filed| filed.delegation),
        dispatch: under.map(|filed| filed.letter),
        kind,
        stance: kind.is_answer().then_some(Stance::Unread),
        ask: None,
        from: Some(shown(&reading.from)).filter(|who| !who.is_empty()),
        subject: Some(reading.subject.clone()),
        text: Some(reading.text.clone()),
        matched_by: under.map_or(MatchedBy::Nothing, |filed| filed.matched_by).as_str(),
        confidence: under.map_or(matching::Confidence::Unsure, |filed| filed.confidence).as_str(),
        attachments: attachments.collect(),
        message: Some(message),
        corrects: None,
        by: by.to_owned(),
    }
}

/// What follows from a bounce that is surely of `letter`: the dispatch is `bounced`, the address doubtful.
///
/// # Errors
/// When the database refuses.
pub async fn bounce(
    tx: &Tx,
    reading: &Reading,
    letter: &matching::Written,
    message: i64,
    by: &str,
    now: Instant,
) -> Result<Option<DispatchId>, StoreError> {
    let keys = DispatchFilter { keys: Some(vec![letter.key]), ..DispatchFilter::default() };
    let Some(dispatch) = tx.dispatches(&keys).await?.pop() else { return Ok(None) };
    // Another message of the same batch may have moved it already.
    let letter = matching::Written { status: dispatch.status, ..letter.clone() };
    let consequence = bounced::consequence(reading, &letter);
    for doubt in &consequence.doubtful {
        tx.doubt_address(doubt, message, now).await?;
    }
    let Some(why) = consequence.bounced else { return Ok(None) };
    tx.apply(&Move::new(&dispatch, Event::Bounce, by, now).because(why)).await?;
    Ok(Some(dispatch.id))
}

/// A message that cannot be read is shown to a person as it is.
async fn unreadable(tx: &Tx, clerk: &Clerk, message: &StoredMessage, done: &mut FiledMail) -> Result<(), StoreError> {
    let why = "it could not be read: each try ended the program; its bytes are kept";
    let noted = ReadMessage {
        key: message.key,
        state: MailState::Pen,
        kind: Some(MailKind::Other),
        message_id: None,
        from: String::new(),
        from_address: "",
        subject: "",
        why,
        authenticity: "unverified",
        authenticity_why: "it was not read",
        details: MailDetails::default(),
        guesses: &[],
    };
    if !tx.note_reading(&noted).await? {
        return Ok(());
    }
    let entry = NewEntry {
        at: message.arrived_at,
        campaign: None,
        delegation: None,
        dispatch: None,
        kind: MailKind::Other.entry(),
        stance: Some(Stance::Unread),
        ask: None,
        from: None,
        subject: None,
        text: Some(why.to_owned()),
        matched_by: MatchedBy::Nothing.as_str(),
        confidence: matching::Confidence::Unsure.as_str(),
        attachments: Vec::new(),
        message: Some(message.key),
        corrects: None,
        by: clerk.by.clone(),
    };
    done.waiting.push(entry);
    done.entered.push(Entered { entry: NO_NUMBER, kind: MailKind::Other, under: None, why: why.to_owned() });
    Ok(())
}
