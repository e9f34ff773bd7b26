//! What has happened since the last digest.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, Statement,
};

use super::entities::mailbox::{Column, Entity};
use super::{Store, StoreError};
use crate::report::digest::News;
use crate::vocabulary::{CampaignId, Instant, StepId};

impl Store {
    /// How many letters of each step have left since.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn sent_since(&self, since: Instant) -> Result<Vec<(CampaignId, StepId, u64)>, StoreError> {
        // Gathered under names of their own, so that SQLite reads what was sent since, and not all letters in the order of their names.
        let sql = "SELECT campaign || '' AS of_campaign, step || '' AS of_step, COUNT(*) AS n FROM dispatches WHERE sent_at > $1 \
                   GROUP BY of_campaign, of_step ORDER BY of_campaign, of_step";
        let values = [since.millis().into()];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        let rows = self.db.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| {
                let (campaign, step): (String, String) = (row.try_get("", "of_campaign")?, row.try_get("", "of_step")?);
                let wrong = |why: String| StoreError::row("dispatches", format!("{campaign}/{step}"), why);
                Ok((
                    campaign.parse().map_err(|e| wrong(format!("{e}")))?,
                    step.parse().map_err(|e| wrong(format!("{e}")))?,
                    u64::try_from(row.try_get::<i64>("", "n")?).unwrap_or(0),
                ))
            })
            .collect()
    }

    /// Answers that nobody has classified or corrected since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unread_answers(&self) -> Result<u64, StoreError> {
        // Kept by triggers: what waits, and not what ever came.
        let sql = "SELECT COUNT(*) AS n FROM unread_answers";
        let row = self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await?;
        let n: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    /// When the mailbox that answers are read from was last read to its end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mail_last_read(&self) -> Result<Option<Instant>, StoreError> {
        let last: Option<Option<i64>> = Entity::find()
            .filter(Column::Watched.eq(true))
            .select_only()
            .column_as(Column::ReadAt.max(), "last")
            .into_tuple()
            .one(&self.db)
            .await?;
        Ok(last.flatten().map(Instant::from_millis))
    }

    /// Answers and bounces that were recorded since, or filed from the pen since, by number, each as its last correction says: no
    /// notes, no machine's replies and receipts, and nothing that is filed under no delegation yet.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn news_since(&self, since: Instant) -> Result<Vec<News>, StoreError> {
        let sql = "WITH RECURSIVE chain(first, key) AS ( \
                     SELECT e.key, e.key FROM entries e WHERE e.recorded_at > $1 AND e.delegation IS NOT NULL \
                       AND e.kind NOT IN ('auto-reply', 'receipt', 'note') AND (e.corrects IS NULL OR EXISTS \
                         (SELECT 1 FROM entries p WHERE p.key = e.corrects AND p.delegation IS NULL)) \
                     UNION SELECT chain.first, c.key FROM chain JOIN entries c ON c.corrects = chain.key) \
                   SELECT l.first AS key, e.campaign, e.delegation, e.kind, e.stance, e.subject \
                   FROM (SELECT first, MAX(key) AS last FROM chain GROUP BY first) l JOIN entries e ON e.key = l.last \
                   ORDER BY l.first";
        let values = [since.millis().into()];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        let rows = self.db.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| {
                let entry: i64 = row.try_get("", "key")?;
                let wrong = |why: String| StoreError::row("entries", entry, why);
                let campaign: Option<String> = row.try_get("", "campaign")?;
                let stance: Option<String> = row.try_get("", "stance")?;
                Ok(News {
                    entry,
                    delegation: row.try_get::<String>("", "delegation")?.parse().map_err(|e| wrong(format!("{e}")))?,
                    campaign: campaign.map(|id| id.parse().map_err(|e| wrong(format!("{e}")))).transpose()?,
                    kind: row.try_get::<String>("", "kind")?.parse().map_err(wrong)?,
                    stance: stance.map(|stance| stance.parse().map_err(wrong)).transpose()?,
                    subject: row.try_get("", "subject")?,
                })
            })
            .collect()
    }
}
