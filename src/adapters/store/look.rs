//! What a turn must know before it writes: asked for together.

use std::collections::HashSet;

use sea_orm::{FromQueryResult as _, IdenStatic as _, Iterable as _};

use super::entities::sending_pause;
use super::outcomes::held_by_claims;
use super::{Outcome, StoreError, Tx, dialect, pauses};
use crate::delivery::breaker::Breaker;
use crate::outbox::Via;
use crate::vocabulary::Instant;

/// At the beginning of a turn.
#[derive(Debug)]
pub struct Look {
    /// The time for leases and outcomes: on PostgreSQL the database's, because the workers' clocks may differ.
    pub at: Instant,
    /// What is remembered of this way of sending.
    pub breaker: Breaker,
    /// The outcomes whose claims still hold.
    pub ours: HashSet<(i64, i64)>,
}

impl Tx {
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write; [`StoreError::Forgetful`] when its server is not
    /// the one any more that it was.
    pub async fn look(&self, via: Via, outcomes: &[Outcome], now: Instant) -> Result<Look, StoreError> {
        let timeline = self.timeline.as_deref();
        let found = self
            .tx
            .ask(|bound| {
                let clock = dialect::clock(self.dialect, timeline);
                let ours = if outcomes.is_empty() {
                    "0".to_owned()
                } else {
                    format!("(SELECT COUNT(*) FROM {})", held_by_claims(bound, outcomes))
                };
                // By name: a newer program may have added one meanwhile.
                let pause: Vec<String> = sending_pause::Column::iter().map(|c| format!("p.{}", c.as_str())).collect();
                let pause = pause.join(", ");
                let way = bound.one(via.as_str());
                format!(
                    "SELECT {clock}, {ours} AS ours, {pause} FROM (SELECT 1 AS one) AS o LEFT JOIN sending_pauses p ON p.via = {way}"
                )
            })
            .await?;
        let Some(row) = found.first() else {
            return Err(StoreError::row("sending_pauses", via.as_str(), "the database gave no answer"));
        };
        let at = dialect::read_clock(row, self.dialect, now, timeline)?;
        let remembered: Option<String> = row.try_get("", "via")?;
        let breaker = match remembered {
            Some(_) => pauses::breaker(&sending_pause::Model::from_query_result(row, "")?)?,
            None => Breaker::default(),
        };
        // Nearly always all are: then they need not be named.
        let held: i64 = if outcomes.is_empty() { 0 } else { row.try_get("", "ours")? };
        let ours = if usize::try_from(held).is_ok_and(|held| held == outcomes.len()) {
            outcomes.iter().map(Outcome::claim).collect()
        } else {
            self.still_ours(outcomes).await?
        };
        Ok(Look { at, breaker, ours })
    }
}
