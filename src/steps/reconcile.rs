//! Before a worker sends: does the database remember all that was handed over? And after a restored backup or a failover: what a
//! person decides about letters that have left, and that the database has forgotten.

use std::collections::BTreeMap;

use crate::adapters::journal::{Journal, Noted};
use crate::adapters::store::{ClaimedAs, Dialect, Move, Store, StoreError, Tx};
use crate::delivery::remembrance::{Doubt, Fate, HandedOver, Here, KnownJournal, Lineage, doubts};
use crate::outbox::{Dispatch, Event, Status};
use crate::vocabulary::{CampaignId, DispatchId, Instant};

pub use crate::delivery::remembrance::Forgotten;

/// Lines that are compared at once: two queries each, however long the journal.
const LINES_AT_ONCE: usize = 500;

/// What comparing the database with this worker's journal has brought.
#[derive(Debug)]
pub struct Comparison {
    pub doubts: Vec<Doubt>,
    /// Letters whose last claim in the journal is later than the database's, or that it does not know at all.
    pub forgotten: Vec<Forgotten>,
    /// Journals of other workspaces that a person must compare there.
    pub others: Vec<KnownJournal>,
    /// Answers that the journal knows of letters which are in hand or uncertain here, by row.
    pub answered: Vec<(i64, HandedOver)>,
    /// The server's history as it is now; `None` on SQLite.
    pub lineage: Option<Lineage>,
    /// Bytes of the journal that were compared.
    checked: u64,
    own: Option<KnownJournal>,
    known_lineage: Option<Lineage>,
}

impl Comparison {
    /// Nobody may send until a person has looked.
    pub fn needs_a_person(&self) -> bool {
        !self.doubts.is_empty() || !self.forgotten.is_empty() || !self.others.is_empty()
    }

    /// Something that the workspaces which share the database do not know yet. Why, in one clause.
    fn news(&self) -> Option<String> {
        if self.own.as_ref().is_some_and(|own| own.suspect.is_some()) {
            // They were told when this one was.
            return None;
        }
        let doubt = self.doubts.iter().find(|doubt| doubt.is_news()).map(ToString::to_string);
        doubt.or_else(|| self.forgotten.first().map(|first| format!("{} was handed over", first.id)))
    }

    fn was_cut(&self) -> bool {
        self.doubts.iter().any(|doubt| matches!(doubt, Doubt::Shorter { .. }))
    }

    /// Journals that the database knows of here, and that are gone.
    fn gone(&self) -> impl Iterator<Item = &str> {
        self.doubts.iter().filter_map(|doubt| if let Doubt::Gone { id, .. } = doubt { Some(id.as_str()) } else { None })
    }
}

/// Compares what the journal has added since the last comparison; all of it where there is any doubt, or `whole`. Writes nothing.
///
/// # Errors
/// When the database or the journal cannot be read.
pub async fn compare(store: &Store, journal: &Journal, whole: bool) -> Result<Comparison, StoreError> {
    let before = Remembered::by(store).await?;
    compare_since(before, store, journal, whole).await
}

/// What the database remembers, asked before the journal is read.
#[derive(Debug)]
pub struct Remembered {
    journals: Vec<KnownJournal>,
    lineage: Option<Lineage>,
    known_lineage: Option<Lineage>,
}

impl Remembered {
    /// # Errors
    /// When the database refuses.
    pub async fn by(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            journals: store.journals().await?,
            lineage: store.lineage().await?,
            known_lineage: store.remembered_lineage().await?,
        })
    }
}

/// The second half of [`compare`]. Other workers of this workspace go on meanwhile: the journal grows, and with it what the database
/// remembers of it. What is asked first can therefore only be too small: the database before the journal's length, the
/// journal's lines before what the database knows of them.
///
/// # Errors
/// As [`compare`].
pub async fn compare_since(
    before: Remembered,
    store: &Store,
    journal: &Journal,
    whole: bool,
) -> Result<Comparison, StoreError> {
    let Remembered { journals: known, lineage, known_lineage } = before;
    let here = Here {
        id: journal.id(),
        place: journal.place(),
        length: journal.length().map_err(StoreError::Journal)?,
        alone: store.dialect() == Dialect::Sqlite,
    };
    let doubts = doubts(&known, here, known_lineage.as_ref().zip(lineage.as_ref()));
    let own = known.iter().find(|known| known.id == journal.id()).cloned();
    let checked = own.as_ref().map_or(0, |own| own.checked);
    let is_gone = |other: &KnownJournal| doubts.iter().any(|d| matches!(d, Doubt::Gone { id, .. } if *id == other.id));
    let others = known
        .iter()
        .filter(|other| other.id != journal.id() && other.suspect.is_some() && !is_gone(other))
        .cloned()
        .collect();
    let from = if whole || !doubts.is_empty() { 0 } else { checked };
    let mut reading = journal.read(from).map_err(StoreError::Journal)?;
    let mut weighed = Weighed::default();
    loop {
        let lines = reading.next_batch(LINES_AT_ONCE).map_err(StoreError::Journal)?;
        if lines.is_empty() {
            break;
        }
        weighed.weigh(store, lines).await?;
    }
    let mut comparison = Comparison {
        doubts,
        forgotten: weighed.forgotten.into_values().collect(),
        others,
        answered: weighed.answered.into_iter().collect(),
        lineage,
        checked: reading.offset(),
        own,
        known_lineage,
    };
    if weighed.told > checked {
        // Another worker may have told it since.
        let checked = store.journal(journal.id()).await?.map_or(0, |own| own.checked);
        if weighed.told > checked {
            comparison.doubts.push(Doubt::PutBack { told: weighed.told, checked });
        }
    }
    Ok(comparison)
}

/// Lines seen so far. Of letters that the database knows as well as the journal nothing is kept.
#[derive(Debug, Default)]
struct Weighed {
    forgotten: BTreeMap<DispatchId, Forgotten>,
    answered: BTreeMap<i64, HandedOver>,
    told: u64,
}

impl Weighed {
    async fn weigh(&mut self, store: &Store, lines: Vec<Noted>) -> Result<(), StoreError> {
        let mut last: BTreeMap<DispatchId, HandedOver> = BTreeMap::new();
        for line in lines {
            let (id, handed_over) = match line {
                Noted::Told(upto) => {
                    self.told = self.told.max(upto);
                    continue;
                }
                Noted::Claimed { dispatch, message_id, fence, at } => {
                    (dispatch, HandedOver { at, message_id, fence, ended: None })
                }
                Noted::Ended(answer) => {
                    let at = answer.ended.at;
                    let (message_id, fence) = (answer.message_id, answer.fence);
                    (answer.dispatch, HandedOver { at, message_id, fence, ended: Some(answer.ended) })
                }
            };
            if let Some(forgotten) = self.forgotten.get_mut(&id) {
                later(&mut forgotten.handed_over, handed_over);
            } else if let Some(known) = last.get_mut(&id) {
                later(known, handed_over);
            } else {
                last.insert(id, handed_over);
            }
        }
        let ids: Vec<DispatchId> = last.keys().cloned().collect();
        let found = store.claimed_as(&ids).await?;
        let rows: BTreeMap<&DispatchId, &ClaimedAs> = found.iter().map(|row| (&row.id, row)).collect();
        for (id, handed_over) in last {
            match rows.get(&id) {
                Some(row) if row.fence > handed_over.fence => {}
                Some(row) if row.fence == handed_over.fence => {
                    if matches!(row.status, Status::Sending | Status::Uncertain) && handed_over.ended.is_some() {
                        self.answered.insert(row.key, handed_over);
                    }
                }
                row => {
                    let (key, status) = (row.map(|row| row.key), row.map(|row| row.status));
                    self.forgotten.insert(id.clone(), Forgotten { id, handed_over, key, status });
                }
            }
        }
        Ok(())
    }
}

/// The later claim counts; of one claim, its answer, and the moment of its hand-over.
fn later(known: &mut HandedOver, line: HandedOver) {
    if line.fence > known.fence {
        *known = line;
    } else if line.fence == known.fence && line.ended.is_some() {
        known.ended = line.ended;
    }
}

/// Nothing is amiss: the database remembers how far the journal was compared, and which server's history this is.
///
/// # Errors
/// When the database or the journal cannot be written.
pub async fn agree(
    store: &Store,
    journal: &mut Journal,
    comparison: &Comparison,
    now: Instant,
) -> Result<(), StoreError> {
    let same_place = |own: &KnownJournal| own.checked == comparison.checked && own.place == journal.place();
    if comparison.own.as_ref().is_some_and(same_place) && comparison.known_lineage == comparison.lineage {
        journal.knows(comparison.checked);
        return Ok(());
    }
    // The lines may be another worker's, and not on the disk yet.
    journal.settle().map_err(StoreError::Journal)?;
    let tx = store.begin().await?;
    tx.note_journal(journal.id(), journal.place(), comparison.checked, now).await?;
    if let Some(lineage) = &comparison.lineage {
        tx.note_lineage(lineage).await?;
    }
    tx.commit().await?;
    journal.told(comparison.checked, now).map_err(StoreError::Journal)
}

/// Something is amiss: nobody else who shares the database may send either.
///
/// # Errors
/// When the database refuses.
pub async fn warn_others(store: &Store, comparison: &Comparison) -> Result<(), StoreError> {
    if let Some(why) = comparison.news() {
        let tx = store.begin().await?;
        tx.suspect_journals(&why).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// What a person said yes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Uncertain now: a person settles each.
    pub uncertain: Vec<DispatchId>,
    /// Provably not taken: they stay as they are.
    pub unmoved: Vec<DispatchId>,
    /// Not planned here; uncertain as soon as they are.
    pub unplanned: Vec<DispatchId>,
}

/// Marks what was forgotten as uncertain, so that none leaves twice, and lets this workspace send again. `abandoned`: journals that
/// nobody can compare any more.
///
/// # Errors
/// When the database refuses, or knows no such journal; then nothing is marked.
pub async fn reconcile(
    store: &Store,
    journal: &mut Journal,
    comparison: &Comparison,
    abandoned: &[String],
    by: &str,
    now: Instant,
) -> Result<Reconciled, StoreError> {
    let mut done = Reconciled::default();
    journal.settle().map_err(StoreError::Journal)?;
    let tx = store.begin().await?;
    if let Some(why) = comparison.news() {
        tx.suspect_journals(&why).await?;
    }
    for one in &comparison.forgotten {
        let dispatch = match one.key {
            Some(key) => tx.dispatch_by_key(key).await?,
            None => None,
        };
        match dispatch {
            Some(dispatch) if dispatch.fence >= one.handed_over.fence => {}
            Some(dispatch) => remember(&tx, &dispatch, &one.handed_over, by, now, &mut done).await?,
            None => {
                tx.keep_lost_letter(one).await?;
                done.unplanned.push(one.id.clone());
            }
        }
    }
    for id in comparison.gone() {
        tx.forget_journal(id).await?;
    }
    for id in abandoned {
        if !tx.forget_journal(id).await? {
            return Err(StoreError::Changed(format!("the journal {id}")));
        }
    }
    if comparison.was_cut() {
        tx.shorten_journal(journal.id(), comparison.checked).await?;
    }
    tx.trust_journal(journal.id(), journal.place(), comparison.checked, now).await?;
    if let Some(lineage) = &comparison.lineage {
        tx.note_lineage(lineage).await?;
    }
    tx.commit().await?;
    journal.told(comparison.checked, now).map_err(StoreError::Journal)?;
    store.keep_journal_s_evidence(&comparison.answered).await?;
    Ok(done)
}

async fn remember(
    tx: &Tx,
    dispatch: &Dispatch,
    handed_over: &HandedOver,
    by: &str,
    now: Instant,
    done: &mut Reconciled,
) -> Result<(), StoreError> {
    let told = handed_over.told();
    let at = handed_over.at;
    match handed_over.fate() {
        Fate::Uncertain => {
            let why = format!("handed over on {at}, which the database had forgotten; the journal says: {told}");
            let mut moves = Move::new(dispatch, Event::Remember, by, now).because(why);
            moves.fence = Some(handed_over.fence);
            tx.apply(&moves).await?;
            done.uncertain.push(dispatch.id.clone());
        }
        Fate::MayLeaveAgain => {
            tx.bring_up_claim(dispatch, handed_over.fence, now).await?;
            let why =
                format!("tried on {at} and not taken, which the database had forgotten; the journal says: {told}");
            tx.remark(dispatch.key, now, "remember", dispatch.status, by, Some(&why)).await?;
            done.unmoved.push(dispatch.id.clone());
        }
    }
    tx.remember_attempt(dispatch, handed_over, by).await
}

/// Letters of a campaign that a journal knew before they were planned here are uncertain, from their first moment on.
///
/// # Errors
/// When the database refuses.
pub async fn remember_lost(tx: &Tx, campaign: &CampaignId, by: &str, now: Instant) -> Result<bool, StoreError> {
    let lost = tx.lost_letters(campaign).await?;
    if lost.is_empty() {
        return Ok(false);
    }
    let filter = crate::adapters::store::DispatchFilter { campaign: Some(campaign.clone()), ..Default::default() };
    let stored = tx.dispatches(&filter).await?;
    for one in &lost {
        if let Some(dispatch) = stored.iter().find(|d| d.id == one.id && d.fence < one.handed_over.fence) {
            remember(tx, dispatch, &one.handed_over, by, now, &mut Reconciled::default()).await?;
        }
    }
    Ok(true)
}

/// While a worker runs: the database still remembers what it was told, and nobody has doubted it.
///
/// # Errors
/// [`StoreError::Forgetful`] if not; also when the database refuses.
pub async fn still_remembers(store: &Store, journal: &Journal) -> Result<(), StoreError> {
    match store.journal(journal.id()).await? {
        Some(own) if own.suspect.is_some() => Err(StoreError::Forgetful(own.suspect.unwrap_or_default())),
        Some(own) if own.checked >= journal.known() => Ok(()),
        _ => Err(StoreError::Forgetful("it is older than it was when this worker started".to_owned())),
    }
}
