//! The pen: what matched nothing for sure is filed by a person, and the choice is remembered for its sender.

use std::collections::HashSet;

use crate::adapters::store::{Asked, DispatchFilter, EntryFilter, MailState, Store, StoreError, StoredMessage, Tx};
use crate::campaign::Condition;
use crate::inbox::matching::known::is_own;
use crate::inbox::matching::{Known, Source, Written};
use crate::inbox::{Kind, MailKind, Reading, bounced};
use crate::outbox::{Dispatch, Status};
use crate::responses::{NewEntry, Stance};
use crate::steps::filing::bounce;
use crate::steps::let_go::let_go;
use crate::steps::record::{CorrectionError, again, in_force};
use crate::vocabulary::{CampaignId, DispatchId, Instant, StateCode};

/// Where a person files an entry.
#[derive(Debug)]
pub struct Assignment {
    pub delegation: StateCode,
    /// `None`: that of the guess, else the one that wrote last to this mission.
    pub campaign: Option<CampaignId>,
    /// Our own addresses, in small letters: nobody's sender to remember.
    pub own: HashSet<String>,
    /// The mailbox that answers are read from.
    pub mailbox: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Assigned {
    pub entry: i64,
    /// The sender whose next mail will be filed there.
    pub remembered: Option<String>,
    pub bounced: Option<DispatchId>,
    pub let_go: Vec<DispatchId>,
    /// Where the mission that it was filed under before has now answered nothing: its letters that were skipped.
    pub skipped: Vec<DispatchId>,
}

/// Files an entry under a delegation.
///
/// # Errors
/// When there is no such entry, a later one has taken its place, or the database refuses.
pub async fn assign(
    store: &Store,
    id: i64,
    to: &Assignment,
    by: &str,
    now: Instant,
) -> Result<Assigned, CorrectionError> {
    let old = in_force(store, id).await?;
    let message = match old.message {
        Some(key) => store.incoming(key).await?,
        None => None,
    };
    let letter = letter(store, message.as_ref(), to).await?;
    let mut entry = again(&old, by);
    entry.delegation = Some(to.delegation);
    entry.campaign = to.campaign.clone().or(letter.as_ref().map(|l| l.id.campaign.clone())).or(entry.campaign);
    entry.dispatch = letter.as_ref().map(|l| l.key);
    if entry.kind.is_answer() && message.is_some() {
        entry.stance = entry.stance.or(Some(Stance::Unread));
    }
    let tx = store.begin().await?;
    let number = tx.add_entry(&entry, now).await?;
    let mut done = Assigned { entry: number, remembered: None, bounced: None, let_go: Vec::new(), skipped: Vec::new() };
    if let Some(message) = &message {
        let why = format!("{by} filed it under {}", to.delegation);
        // From wherever it was: what somebody dismissed, or filed elsewhere, is now filed here.
        for from in [MailState::Pen, MailState::Aside, MailState::Filed] {
            if tx.move_message(message.key, from, MailState::Filed, &why).await? {
                break;
            }
        }
        done.remembered = remember(&tx, message, to, by, now).await?;
        if let (Kind::Bounce, Some(letter)) = (entry.kind, &letter) {
            done.bounced = returned(&tx, message, letter, by, now).await?;
        }
    }
    tx.commit().await?;
    let moved = let_go(store, to.mailbox.as_deref(), by, now).await?;
    done.let_go = moved.into_iter().map(|(id, _)| id).collect();
    if let (Some(campaign), Some(delegation), true) = (&old.campaign, old.delegation, old.kind.is_answer()) {
        done.skipped = skipped_for_no_answer(store, campaign, delegation).await?;
    }
    Ok(done)
}

/// Letters that leave only where nobody answers and were skipped, where by now nobody has.
async fn skipped_for_no_answer(
    store: &Store,
    campaign: &CampaignId,
    delegation: StateCode,
) -> Result<Vec<DispatchId>, StoreError> {
    let (campaign, delegations) = (Some(campaign.clone()), vec![delegation]);
    let entries = EntryFilter {
        campaign: campaign.clone(),
        delegation: Some(delegation),
        in_force: true,
        ..EntryFilter::default()
    };
    if store.entries(&entries).await?.iter().any(|entry| entry.kind.is_answer()) {
        return Ok(Vec::new());
    }
    let letters = store.dispatches(&DispatchFilter { campaign, delegations, ..DispatchFilter::default() }).await?;
    let waits = |d: &Dispatch| d.status == Status::Skipped && d.rules.only_if == Some(Condition::NoAnswer);
    Ok(letters.into_iter().filter(waits).map(|letter| letter.id).collect())
}

/// The letter that it answers: of the guesses for this delegation the first, else the last letter to it.
async fn letter(
    store: &Store,
    message: Option<&StoredMessage>,
    to: &Assignment,
) -> Result<Option<Written>, StoreError> {
    let guessed = match message {
        Some(message) => store.guesses(&[message.key]).await?,
        None => Vec::new(),
    };
    let fits = |campaign: Option<&CampaignId>| to.campaign.is_none() || campaign == to.campaign.as_ref();
    let guess = guessed
        .iter()
        .find(|g| g.delegation == to.delegation && g.letter.is_some() && fits(g.campaign.as_ref()))
        .and_then(|g| g.letter);
    let asked = Asked { states: [to.delegation].into(), ..Asked::default() };
    let tx = store.begin().await?;
    let known: Known = tx.known(&asked).await?;
    let all = known.letters_to(to.delegation);
    let by_guess = all.iter().find(|letter| Some(letter.key) == guess);
    Ok(by_guess.or_else(|| all.iter().find(|letter| fits(Some(&letter.id.campaign)))).cloned())
}

/// A sender who may be forged is not remembered, nor is a machine or ourselves.
async fn remember(
    tx: &Tx,
    message: &StoredMessage,
    to: &Assignment,
    by: &str,
    now: Instant,
) -> Result<Option<String>, StoreError> {
    let Some(address) = message.from_address.as_deref().filter(|address| address.contains('@')) else {
        return Ok(None);
    };
    let person = matches!(message.kind, Some(MailKind::Reply | MailKind::AutoReply | MailKind::CalendarReply));
    if !person || message.authenticity.as_deref() == Some("suspicious") || is_own(&to.own, address) {
        return Ok(None);
    }
    // What the contact list says of an address is not undone by one message.
    let asked = Asked { addresses: [address.to_owned()].into(), ..Asked::default() };
    let known = tx.known(&asked).await?;
    let listed = known.addresses.get(address).map(Vec::as_slice).unwrap_or_default();
    let theirs = |state: StateCode| listed.contains(&(state, Source::List));
    if listed.iter().any(|(state, source)| *source == Source::List && *state != to.delegation) && !theirs(to.delegation)
    {
        return Ok(None);
    }
    tx.remember_sender(address, to.delegation, by, now).await?;
    Ok(Some(address.to_owned()))
}

/// A person says that this bounce is of that letter: it counts, if it names an address that the letter went to.
async fn returned(
    tx: &Tx,
    message: &StoredMessage,
    letter: &Written,
    by: &str,
    now: Instant,
) -> Result<Option<DispatchId>, StoreError> {
    let reading = Reading { returned: message.details.returned(), ..Reading::nothing(MailKind::Bounce) };
    if bounced::addresses(&reading, letter).is_empty() {
        return Ok(None);
    }
    bounce(tx, &reading, letter, message.key, by, now).await
}

/// Why an entry was not taken out of the pen, or put into it.
#[derive(Debug, thiserror::Error)]
pub enum PenError {
    #[error("entry {0} does not wait in the pen")]
    NotInPen(i64),
    #[error("there is no message {0} that was set aside")]
    NotAside(i64),
    #[error(transparent)]
    Correction(#[from] CorrectionError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes entries out of the pen without filing them, all or none. They stay in the log, under nobody.
///
/// # Errors
/// When one of them does not wait in the pen.
pub async fn dismiss(
    store: &Store,
    entries: &[i64],
    reason: &str,
    mailbox: Option<&str>,
    by: &str,
    now: Instant,
) -> Result<Vec<DispatchId>, PenError> {
    let mut messages = Vec::new();
    for id in entries {
        let entry = in_force(store, *id).await?;
        messages.push(entry.message.ok_or(PenError::NotInPen(*id))?);
    }
    let tx = store.begin().await?;
    for (id, message) in entries.iter().zip(messages) {
        let why = format!("{by} dismissed it: {reason}");
        if !tx.move_message(message, MailState::Pen, MailState::Aside, &why).await? {
            return Err(PenError::NotInPen(*id));
        }
    }
    tx.commit().await?;
    Ok(let_go(store, mailbox, by, now).await?.into_iter().map(|(id, _)| id).collect())
}

/// Enters a message that was set aside in the log, in the pen. Its text is read by the caller, from its bytes.
///
/// # Errors
/// When there is no such message, or it is in the log already.
pub async fn take(store: &Store, key: i64, entry: NewEntry, now: Instant) -> Result<i64, PenError> {
    let tx = store.begin().await?;
    let why = format!("{} took it into the pen", entry.by);
    if !tx.move_message(key, MailState::Aside, MailState::Pen, &why).await? {
        return Err(PenError::NotAside(key));
    }
    let known = tx.entry_of_message(key).await?;
    let number = match known {
        Some(number) => number,
        None => tx.add_entry(&entry, now).await?,
    };
    tx.commit().await?;
    Ok(number)
}
