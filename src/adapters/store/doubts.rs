//! Addresses that a later server refused for good, and letters that wait for the mail.

use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, Value};

use super::entities::{dispatch, doubtful_address};
use super::{Store, StoreError, Tx, rows};
use crate::inbox::bounced::Doubt;
use crate::outbox::{Dispatch, Guard, Status};
use crate::vocabulary::{Instant, StateCode};

/// An address of which a letter came back.
#[derive(Debug, Clone)]
pub struct DoubtfulAddress {
    /// In small letters.
    pub address: String,
    pub since: Instant,
    /// RFC 3463.
    pub status: Option<String>,
    pub words: String,
}

impl Store {
    /// # Errors
    /// When the database refuses.
    pub async fn doubtful_addresses(&self) -> Result<Vec<DoubtfulAddress>, StoreError> {
        let rows =
            doubtful_address::Entity::find().order_by_asc(doubtful_address::Column::Address).all(&self.db).await?;
        let one = |row: doubtful_address::Model| DoubtfulAddress {
            address: row.address,
            since: Instant::from_millis(row.since),
            status: row.status,
            words: row.words,
        };
        Ok(rows.into_iter().map(one).collect())
    }
}

impl Tx {
    /// Marks an address as doubtful; it stays in the contact list, and a later refusal takes the place of an earlier one.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn doubt_address(&self, doubt: &Doubt, message: i64, at: Instant) -> Result<(), StoreError> {
        let sql = "INSERT INTO doubtful_addresses (address, since, status, words, message) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (address) DO UPDATE SET since = EXCLUDED.since, status = EXCLUDED.status, \
                   words = EXCLUDED.words, message = EXCLUDED.message";
        let values: Vec<Value> = vec![
            doubt.address.to_lowercase().into(),
            at.millis().into(),
            doubt.status.clone().into(),
            doubt.words.as_str().into(),
            message.into(),
        ];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Letters that are held by one of these guards.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn held_by(&self, guards: &[Guard]) -> Result<Vec<Dispatch>, StoreError> {
        use dispatch::Column as C;
        let mut by_one = sea_orm::Condition::any();
        for guard in guards {
            by_one = by_one.add(C::Reason.starts_with(format!("{}: ", guard.as_str())));
        }
        let rows = dispatch::Entity::find().filter(C::Status.eq(Status::Held.as_str())).filter(by_one);
        rows.all(&self.tx).await?.iter().map(rows::dispatch).collect()
    }

    /// Missions that mail in the pen may come from.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn missions_in_pen(&self) -> Result<Vec<StateCode>, StoreError> {
        let sql =
            "SELECT DISTINCT g.delegation FROM guesses g JOIN messages m ON m.key = g.message WHERE m.state = 'pen'";
        let mut states = Vec::new();
        for row in self.tx.query_all_raw(self.statement(sql, vec![])).await? {
            let delegation: String = row.try_get("", "delegation")?;
            states.push(delegation.parse().map_err(|e| StoreError::row("guesses", &delegation, format!("{e}")))?);
        }
        Ok(states)
    }
}
