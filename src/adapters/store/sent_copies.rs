//! Sent letters of which the account's own folder has no copy yet.

use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::{Store, StoreError};
use crate::vocabulary::{CampaignId, Digest, Instant};

/// A sent letter without a copy.
#[derive(Debug, Clone)]
pub struct Unfiled {
    /// The row of the attempt.
    pub attempt: i64,
    pub campaign: CampaignId,
    pub message_id: String,
    pub digest: Digest,
    /// By which its `Date` was made.
    pub claimed_at: Instant,
}

impl Store {
    /// Letters that a server took after `since`, the oldest first. Their bytes are those of their last attempt.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn unfiled(&self, since: Instant, limit: u32) -> Result<Vec<Unfiled>, StoreError> {
        let sql = "SELECT a.key, a.claimed_at, d.campaign, d.message_id, d.digest FROM attempts a JOIN dispatches d ON d.key = a.dispatch \
                   WHERE a.filed_at IS NULL AND a.outcome = 'taken' AND a.via = 'smtp' AND a.ended_at > $1 AND a.fence = d.fence AND d.status IN ('sent', 'bounced') \
                   ORDER BY a.ended_at, a.key LIMIT $2";
        let values: Vec<Value> = vec![since.millis().into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        let mut found = Vec::new();
        for row in self.db.query_all_raw(statement).await? {
            let attempt: i64 = row.try_get("", "key")?;
            let text = |column| row.try_get::<String>("", column);
            let wrong = |what: String| StoreError::row("attempts", attempt, what);
            found.push(Unfiled {
                attempt,
                campaign: text("campaign")?.parse().map_err(|e| wrong(format!("{e}")))?,
                message_id: text("message_id")?,
                digest: text("digest")?.parse().map_err(|e| wrong(format!("{e}")))?,
                claimed_at: Instant::from_millis(row.try_get("", "claimed_at")?),
            });
        }
        Ok(found)
    }

    /// Notes that a letter's copy is filed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_filed(&self, attempt: i64, at: Instant) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        let sql = "UPDATE attempts SET filed_at = $1 WHERE key = $2";
        tx.tx.execute_raw(tx.statement(sql, vec![at.millis().into(), attempt.into()])).await?;
        tx.commit().await
    }
}
