//! What became of a claim. Every write of an outcome says "and still mine".

use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, Set, Value};

use super::dialect::Dialect;
use super::entities::{attempt, dispatch};
use super::history::{self, StoredRecipient};
use super::{Store, StoreError, Tx, rows};
use crate::delivery::Verdict;
use crate::outbox::{Event, Status, Wish, transition};
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

impl Tx {
    /// Stores an outcome if the claim is still this worker's. When it is not, the answer is kept as evidence for `settle`.
    ///
    /// Storing the same outcome twice changes nothing: a commit whose answer got lost may be repeated.
    ///
    /// # Errors
    /// When the database refuses. Nothing is then known to be stored, and no further letter may leave.
    pub async fn record(&self, outcome: &Outcome, worker: &str) -> Result<bool, StoreError> {
        self.record_at(outcome, worker, outcome.at).await
    }

    /// As [`Tx::record`]; `ended_at`, by the clock of [`Tx::take_turn`], is from when on the pace counts the letter.
    ///
    /// # Errors
    /// As there.
    pub async fn record_at(&self, outcome: &Outcome, worker: &str, ended_at: Instant) -> Result<bool, StoreError> {
        use dispatch::Column as C;
        let to = transition::next(Status::Sending, outcome.event)?;
        let wish = if to == Status::Deferred { self.wish(outcome.key).await? } else { Wish::default() };
        let mut change = dispatch::ActiveModel {
            status: Set(to.as_str().to_owned()),
            reason: Set(outcome.reason.clone()),
            holder: Set(None),
            lease_until: Set(None),
            claimed_from: Set(None),
            updated_at: Set(outcome.at.millis()),
            ..Default::default()
        };
        if let Some(at) = outcome.next_at {
            change.next_at = Set(at.millis());
        }
        if matches!(to, Status::Sent | Status::Refused) {
            // It has left for good, or a person must look anyhow.
            change.wish = Set(None);
        }
        if to == Status::Sent {
            change.sent_at = Set(Some(outcome.at.millis()));
        }
        let written = dispatch::Entity::update_many()
            .set(change)
            .filter(C::Key.eq(outcome.key))
            .filter(C::Fence.eq(outcome.fence))
            .filter(C::Status.eq(Status::Sending.as_str()))
            .exec(&self.tx)
            .await?;
        if written.rows_affected == 1 {
            self.end_attempt(outcome, ended_at).await?;
            let line = history::line(
                outcome.key,
                outcome.at,
                outcome.event,
                Some(Status::Sending),
                to,
                worker,
                outcome.reason.as_deref(),
            );
            history::add(&self.tx, vec![line]).await?;
            self.fulfil(outcome.key, to, &wish, outcome.at).await?;
            return Ok(true);
        }
        self.keep_evidence(outcome).await?;
        Ok(false)
    }

    async fn wish(&self, key: i64) -> Result<Wish, StoreError> {
        let row = dispatch::Entity::find_by_id(key).one(&self.tx).await?;
        row.map_or_else(|| Ok(Wish::default()), |row| Ok(rows::dispatch(&row)?.wish))
    }

    async fn end_attempt(&self, outcome: &Outcome, ended_at: Instant) -> Result<(), StoreError> {
        let recipients: Vec<StoredRecipient> = outcome.verdict.recipients().iter().map(StoredRecipient::from).collect();
        let change = attempt::ActiveModel {
            ended_at: Set(Some(ended_at.millis())),
            outcome: Set(Some(outcome.verdict.word().to_owned())),
            detail: Set(Some(outcome.verdict.summary())),
            recipients: Set(rows::json(&recipients)),
            ..Default::default()
        };
        attempt::Entity::update_many()
            .set(change)
            .filter(attempt::Column::Dispatch.eq(outcome.key))
            .filter(attempt::Column::Fence.eq(outcome.fence))
            .exec(&self.tx)
            .await?;
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
        let mut query = dispatch::Entity::find().filter(dispatch::Column::Status.eq(Status::Sending.as_str()));
        if self.dialect == Dialect::Postgres {
            query = query.filter(dispatch::Column::LeaseUntil.lt(at.millis()));
        } else {
            query = query.filter(dispatch::Column::Holder.ne(by));
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
        let mut lost = Vec::with_capacity(rows.len());
        for row in rows {
            let outcome = Outcome {
                id: rows::id(&row)?,
                key: row.key,
                fence: row.fence,
                verdict: Verdict::Unknown { why: why.to_owned(), recipients: Vec::new() },
                event: Event::Lose,
                reason: Some(why.to_owned()),
                next_at: None,
                at,
            };
            if self.record(&outcome, by).await? {
                lost.push(outcome.id);
            }
        }
        Ok(lost)
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
