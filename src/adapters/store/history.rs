//! The history of every dispatch, and its attempts: only ever added to.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Value};
use serde::{Deserialize, Serialize};

use super::entities::{attempt, history};
use super::transaction::Transaction;
use super::{Store, StoreError, Tx};
use crate::delivery::{RecipientResult, Role};
use crate::outbox::{Event, Status};
use crate::vocabulary::Instant;

/// One line of a dispatch's history.
#[derive(Debug, Clone)]
pub struct HistoryRecord {
    pub at: Instant,
    pub event: String,
    pub before: Option<String>,
    pub after: String,
    pub by: String,
    pub reason: Option<String>,
}

/// One attempt as it is stored.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    pub dispatch: i64,
    pub at: Instant,
    pub ended_at: Option<Instant>,
    pub via: String,
    pub worker: String,
    pub outcome: Option<String>,
    pub detail: Option<String>,
    pub recipients: Vec<StoredRecipient>,
    pub late_evidence: Option<String>,
}

/// `{address, role, code, text}`: what the server said of one recipient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRecipient {
    pub address: String,
    pub role: Role,
    pub code: Option<u16>,
    pub text: Option<String>,
}

impl From<&RecipientResult> for StoredRecipient {
    fn from(result: &RecipientResult) -> Self {
        Self {
            address: result.address.to_string(),
            role: result.role,
            code: result.reply.as_ref().map(|r| r.code),
            text: result.reply.as_ref().map(|r| r.text.clone()),
        }
    }
}

/// A line that is to be added.
#[derive(Debug)]
pub(super) struct Line {
    dispatch: i64,
    at: Instant,
    event: String,
    before: Option<Status>,
    after: Status,
    by: String,
    reason: Option<String>,
}

pub(super) fn line(
    dispatch: i64,
    at: Instant,
    event: Event,
    before: Option<Status>,
    after: Status,
    by: &str,
    reason: Option<&str>,
) -> Line {
    line_named(dispatch, at, word(event), before, after, by, reason)
}

pub(super) fn line_named(
    dispatch: i64,
    at: Instant,
    event: &str,
    before: Option<Status>,
    after: Status,
    by: &str,
    reason: Option<&str>,
) -> Line {
    let reason = reason.map(ToOwned::to_owned);
    Line { dispatch, at, event: event.to_owned(), before, after, by: by.to_owned(), reason }
}

fn word(event: Event) -> &'static str {
    match event {
        Event::Approve => "approve",
        Event::Unapprove => "unapprove",
        Event::Claim => "claim",
        Event::Taken => "taken",
        Event::PutOff => "put-off",
        Event::Refuse => "refuse",
        Event::Block => "block",
        Event::Lose => "lose",
        Event::Unclaim { .. } => "unclaim",
        Event::Hold => "hold",
        Event::Object => "guard",
        Event::Clear => "guard-clear",
        Event::Skip => "skip",
        Event::Miss => "miss",
        Event::Cancel => "cancel",
        Event::Release { .. } => "release",
        Event::Retry { .. } => "retry",
        Event::SettleSent | Event::SettleNotSent { .. } => "settle",
        Event::Bounce => "bounce",
        Event::Restart { .. } => "restart",
        Event::Redate => "redate",
        Event::Remember => "remember",
    }
}

pub(super) async fn add(tx: &Transaction, lines: Vec<Line>) -> Result<(), StoreError> {
    add_later(tx, lines);
    tx.flush().await
}

/// As [`add`], together with other statements.
pub(super) fn add_later(tx: &Transaction, lines: Vec<Line>) {
    tx.later("history", lines.len(), |bound| {
        let rows = bound.rows(lines.into_iter().map(|line| {
            [
                Value::from(line.dispatch),
                line.at.millis().into(),
                line.event.into(),
                line.before.map(Status::as_str).into(),
                line.after.as_str().into(),
                line.by.into(),
                line.reason.into(),
            ]
        }));
        format!("INSERT INTO history (dispatch, at, event, before, after, by_whom, reason) VALUES {rows}")
    });
}

impl Tx {
    /// Adds a line that is no move: an approval, a correction, evidence that came late.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remark(
        &self,
        dispatch: i64,
        at: Instant,
        event: &str,
        status: Status,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        add(&self.tx, vec![line_named(dispatch, at, event, Some(status), status, by, reason)]).await
    }
}

impl Store {
    /// Oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn history(&self, dispatch: i64) -> Result<Vec<HistoryRecord>, StoreError> {
        let rows = history::Entity::find()
            .filter(history::Column::Dispatch.eq(dispatch))
            .order_by_asc(history::Column::Key)
            .all(&self.db)
            .await?;
        let record = |row: history::Model| HistoryRecord {
            at: Instant::from_millis(row.at),
            event: row.event,
            before: row.before,
            after: row.after,
            by: row.by_whom,
            reason: row.reason,
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// The attempts of these dispatches, oldest first, in one query a few hundred.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn attempts(&self, dispatches: &[i64]) -> Result<Vec<AttemptRecord>, StoreError> {
        let mut records = Vec::new();
        for batch in dispatches.chunks(500) {
            let rows = attempt::Entity::find()
                .filter(attempt::Column::Dispatch.is_in(batch.iter().copied()))
                .order_by_asc(attempt::Column::Key)
                .all(&self.db)
                .await?;
            for row in rows {
                let recipients =
                    serde_json::from_str(&row.recipients).map_err(|e| StoreError::row("attempts", row.key, e))?;
                records.push(AttemptRecord {
                    dispatch: row.dispatch,
                    at: Instant::from_millis(row.claimed_at),
                    ended_at: row.ended_at.map(Instant::from_millis),
                    via: row.via,
                    worker: row.worker,
                    outcome: row.outcome,
                    detail: row.detail,
                    recipients,
                    late_evidence: row.late_evidence,
                });
            }
        }
        Ok(records)
    }
}
