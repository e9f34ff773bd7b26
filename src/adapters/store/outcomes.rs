//! What became of a claim. Every write of an outcome says "and still mine".

use std::collections::{BTreeSet, HashSet};

use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, Value};

use super::bound::Bound;
use super::dialect::Dialect;
use super::entities::{attempt, dispatch};
use super::history::{self, StoredRecipient};
use super::transaction::Transaction;
use super::{Store, StoreError, Tx, pace, rows};
use crate::delivery::Verdict;
use crate::outbox::{Event, Status, transition};
use crate::vocabulary::{DispatchId, Instant};

/// The end of one claim, ready to be stored.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub id: DispatchId,
    pub key: i64,
    pub fence: i64,
    pub verdict: Verdict,
    pub event: Event,
    /// Stored with the dispatch: why it was refused, deferred, left without a `cc` …
    pub reason: Option<String>,
    pub next_at: Option<Instant>,
    pub at: Instant,
}

impl Outcome {
    /// Row and fence: a dispatch may come back under an old claim and under a new one at once.
    pub fn claim(&self) -> (i64, i64) {
        (self.key, self.fence)
    }
}

fn end_attempts(tx: &Transaction, outcomes: &[&Outcome], ended_at: Instant) {
    tx.later_if_there("attempts", outcomes.len(), |bound| {
        let ended = bound.one(ended_at.millis());
        let rows = bound.rows(outcomes.iter().map(|outcome| {
            let verdict = &outcome.verdict;
            let recipients: Vec<StoredRecipient> = verdict.recipients().iter().map(StoredRecipient::from).collect();
            [
                Value::from(outcome.key),
                outcome.fence.into(),
                verdict.word().into(),
                verdict.summary().into(),
                rows::json(&recipients).into(),
            ]
        }));
        format!(
            "UPDATE attempts SET ended_at = {ended}, outcome = v.column3, detail = v.column4, recipients = v.column5 \
             FROM (VALUES {rows}) AS v WHERE dispatch = v.column1 AND fence = v.column2"
        )
    });
}

/// In SQL, the dispatches `d` that are still in hand under these outcomes' claims.
pub(super) fn held_by_claims(bound: &mut Bound, outcomes: &[Outcome]) -> String {
    let rows = bound.rows(outcomes.iter().map(|outcome| [Value::from(outcome.key), outcome.fence.into()]));
    format!(
        "(VALUES {rows}) AS v JOIN dispatches d ON d.key = v.column1 AND d.fence = v.column2 AND d.status = 'sending'"
    )
}

impl Tx {
    /// Stores an outcome if the claim is still this worker's. When it is not, the answer is kept as evidence for `settle`.
    ///
    /// Storing the same outcome twice changes nothing: a commit whose answer got lost may be repeated.
    ///
    /// # Errors
    /// When the database refuses. Nothing is then known to be stored, and no further letter may leave.
    pub async fn record(&self, outcome: &Outcome, worker: &str) -> Result<bool, StoreError> {
        Ok(self.record_all(std::slice::from_ref(outcome), worker, outcome.at).await?.contains(&outcome.claim()))
    }

    /// As [`Tx::record`], for many at once: a statement costs what it costs, whether it writes one row or ten. Returns the claims
    /// that were still this worker's. `ended_at`, by the clock of [`Tx::time`], is from when on the pace counts them.
    ///
    /// # Errors
    /// As there.
    pub async fn record_all(
        &self,
        outcomes: &[Outcome],
        worker: &str,
        ended_at: Instant,
    ) -> Result<HashSet<(i64, i64)>, StoreError> {
        let ours = self.still_ours(outcomes).await?;
        self.record_ours(outcomes, &ours, worker, ended_at).await?;
        Ok(ours)
    }

    /// As [`Tx::record_all`], where it is known which of them are still this worker's.
    ///
    /// # Errors
    /// As there; what is not ours after all fails with [`StoreError::Changed`], at the latest when it is committed.
    pub async fn record_ours(
        &self,
        outcomes: &[Outcome],
        ours: &HashSet<(i64, i64)>,
        worker: &str,
        ended_at: Instant,
    ) -> Result<(), StoreError> {
        // Told twice, it moves once.
        let mut seen = HashSet::new();
        let (moved, late): (Vec<&Outcome>, Vec<&Outcome>) =
            outcomes.iter().partition(|outcome| ours.contains(&outcome.claim()) && seen.insert(outcome.claim()));
        let paced = self.paced(&moved).await?;
        self.move_on(&moved)?;
        end_attempts(&self.tx, &moved, ended_at);
        pace::count_ended(&self.tx, &paced, worker, ended_at);
        let mut lines = Vec::with_capacity(moved.len());
        let mut back = Vec::new();
        for outcome in &moved {
            let to = transition::next(Status::Sending, outcome.event)?;
            let why = outcome.reason.as_deref();
            lines.push(history::line(outcome.key, outcome.at, outcome.event, Some(Status::Sending), to, worker, why));
            if to == Status::Deferred {
                back.push(*outcome);
            }
        }
        history::add_later(&self.tx, lines);
        self.fulfil_wishes(&back).await?;
        for outcome in late {
            self.keep_evidence(outcome).await?;
        }
        Ok(())
    }

    /// Moves the dispatches on.
    fn move_on(&self, outcomes: &[&Outcome]) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let to = transition::next(Status::Sending, outcome.event)?;
            let at = outcome.at.millis();
            rows.push([
                Value::from(outcome.key),
                outcome.fence.into(),
                to.as_str().into(),
                outcome.reason.clone().into(),
                outcome.next_at.map(Instant::millis).into(),
                (to == Status::Sent).then_some(at).into(),
                at.into(),
            ]);
        }
        self.tx.later("dispatches", rows.len(), |bound| {
            let rows = bound.rows(rows);
            // What has left for good needs no wish any more, and of what is refused a person must look anyhow.
            format!(
                "UPDATE dispatches SET status = v.column3, reason = v.column4, next_at = COALESCE(v.column5, next_at), \
                 sent_at = COALESCE(v.column6, sent_at), wish = CASE WHEN v.column3 IN ('sent', 'refused') THEN NULL ELSE wish END, \
                 holder = NULL, lease_until = NULL, claimed_from = NULL, updated_at = v.column7 \
                 FROM (VALUES {rows}) AS v WHERE key = v.column1 AND fence = v.column2 AND status = 'sending'"
            )
        });
        Ok(())
    }

    /// Whose claims still hold.
    pub(super) async fn still_ours(&self, outcomes: &[Outcome]) -> Result<HashSet<(i64, i64)>, StoreError> {
        if outcomes.is_empty() {
            return Ok(HashSet::new());
        }
        let found = self
            .tx
            .ask(|bound| {
                let rows = held_by_claims(bound, outcomes);
                format!("SELECT d.key, d.fence FROM {rows}")
            })
            .await?;
        found.iter().map(|row| Ok((row.try_get("", "key")?, row.try_get("", "fence")?))).collect()
    }

    /// The receiving domains of each letter, for the pace. One that was never on its way to anybody counts as its claim did.
    async fn paced(&self, outcomes: &[&Outcome]) -> Result<Vec<Vec<String>>, StoreError> {
        let mut letters = Vec::with_capacity(outcomes.len());
        let mut unnamed = Vec::new();
        for outcome in outcomes {
            let recipients = outcome.verdict.recipients();
            if recipients.is_empty() {
                unnamed.push(*outcome);
            } else {
                let domains: BTreeSet<&str> = recipients.iter().map(|recipient| recipient.address.domain()).collect();
                letters.push(domains.into_iter().map(ToOwned::to_owned).collect());
            }
        }
        if !unnamed.is_empty() {
            let mut bound = Bound::default();
            let rows = bound.rows(unnamed.iter().map(|outcome| [Value::from(outcome.key), outcome.fence.into()]));
            let sql = format!(
                "SELECT a.domains FROM (VALUES {rows}) AS v \
                 JOIN attempts a ON a.dispatch = v.column1 AND a.fence = v.column2"
            );
            for row in self.tx.query_all_raw(bound.statement(self.tx.get_database_backend(), sql)).await? {
                let domains: String = row.try_get("", "domains")?;
                letters.push(domains.split(' ').map(ToOwned::to_owned).collect());
            }
        }
        Ok(letters)
    }

    /// Those that come back: what was wished of them meanwhile happens now.
    async fn fulfil_wishes(&self, back: &[&Outcome]) -> Result<(), StoreError> {
        if back.is_empty() {
            return Ok(());
        }
        let found = dispatch::Entity::find()
            .filter(dispatch::Column::Key.is_in(back.iter().map(|outcome| outcome.key)))
            .filter(dispatch::Column::Wish.is_not_null())
            .all(&self.tx)
            .await?;
        for row in found {
            let at = back.iter().find(|outcome| outcome.key == row.key).map(|outcome| outcome.at);
            let (wish, at) = (rows::dispatch(&row)?.wish, at.unwrap_or(Instant::from_millis(row.updated_at)));
            self.fulfil(row.key, Status::Deferred, &wish, at).await?;
        }
        Ok(())
    }

    async fn keep_evidence(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let sql = "UPDATE attempts SET late_evidence = $1 WHERE dispatch = $2 AND fence = $3 AND late_evidence IS NULL \
                   AND (detail IS NULL OR detail <> $1)";
        let values: Vec<Value> = vec![outcome.verdict.summary().into(), outcome.key.into(), outcome.fence.into()];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Letters in hand of workers that are gone become `uncertain`. On SQLite the caller holds the lock, so every holder but
    /// itself is gone; on PostgreSQL those are, whose lease has run out by the database's time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lose_abandoned(&self, by: &str, at: Instant) -> Result<Vec<DispatchId>, StoreError> {
        let mut query = dispatch::Entity::find()
            .filter(dispatch::Column::Status.eq(Status::Sending.as_str()))
            // What became of its own it knows itself, however late it comes to store it.
            .filter(dispatch::Column::Holder.ne(by));
        if self.dialect == Dialect::Postgres {
            query = query.filter(dispatch::Column::LeaseUntil.lt(at.millis()));
        }
        self.lose(query.all(&self.tx).await?, by, at, "the worker that had it in hand is gone").await
    }

    /// What this worker still has in hand becomes `uncertain`: it stops, and has waited long enough.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lose_own(&self, worker: &str, at: Instant, why: &str) -> Result<Vec<DispatchId>, StoreError> {
        let query = dispatch::Entity::find()
            .filter(dispatch::Column::Status.eq(Status::Sending.as_str()))
            .filter(dispatch::Column::Holder.eq(worker));
        self.lose(query.all(&self.tx).await?, worker, at, why).await
    }

    async fn lose(
        &self,
        rows: Vec<dispatch::Model>,
        by: &str,
        at: Instant,
        why: &str,
    ) -> Result<Vec<DispatchId>, StoreError> {
        let outcome = |row: &dispatch::Model| {
            Ok::<_, StoreError>(Outcome {
                id: rows::id(row)?,
                key: row.key,
                fence: row.fence,
                verdict: Verdict::Unknown { why: why.to_owned(), recipients: Vec::new() },
                event: Event::Lose,
                reason: Some(why.to_owned()),
                next_at: None,
                at,
            })
        };
        let outcomes = rows.iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
        let lost = self.record_all(&outcomes, by, at).await?;
        Ok(outcomes.into_iter().filter(|outcome| lost.contains(&outcome.claim())).map(|outcome| outcome.id).collect())
    }

    /// Gives back what a claim took whose commit was never confirmed: `worker` holds it, but handed it to nobody.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn give_back_orphans(
        &self,
        worker: &str,
        in_hand: &[(i64, i64)],
        at: Instant,
    ) -> Result<usize, StoreError> {
        let held = dispatch::Entity::find()
            .filter(dispatch::Column::Status.eq(Status::Sending.as_str()))
            .filter(dispatch::Column::Holder.eq(worker))
            .all(&self.tx)
            .await?;
        let mut given_back = 0;
        for row in held.iter().filter(|row| !in_hand.contains(&(row.key, row.fence))) {
            let deferred = row.claimed_from.as_deref() == Some(Status::Deferred.as_str());
            let event = Event::Unclaim { deferred };
            let to = transition::next(Status::Sending, event)?;
            let sql = "UPDATE dispatches SET status = $1, holder = NULL, lease_until = NULL, claimed_from = NULL, \
                       attempts = attempts - 1, tried_since = CASE WHEN attempts <= 1 THEN NULL ELSE tried_since END \
                       WHERE key = $2 AND fence = $3 AND status = 'sending'";
            let values: Vec<Value> = vec![to.as_str().into(), row.key.into(), row.fence.into()];
            self.tx.execute_raw(self.statement(sql, values)).await?;
            attempt::Entity::delete_many()
                .filter(attempt::Column::Dispatch.eq(row.key))
                .filter(attempt::Column::Fence.eq(row.fence))
                .exec(&self.tx)
                .await?;
            let line = history::line(
                row.key,
                at,
                event,
                Some(Status::Sending),
                to,
                worker,
                Some("claimed, but not handed over"),
            );
            history::add(&self.tx, vec![line]).await?;
            self.fulfil(row.key, to, &rows::dispatch(row)?.wish, at).await?;
            given_back += 1;
        }
        Ok(given_back)
    }
}

impl Store {
    /// Whether any letter is in some worker's hand.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn anything_in_hand(&self) -> Result<bool, StoreError> {
        let row = dispatch::Entity::find()
            .filter(dispatch::Column::Status.eq(Status::Sending.as_str()))
            .one(&self.db)
            .await?;
        Ok(row.is_some())
    }
}
