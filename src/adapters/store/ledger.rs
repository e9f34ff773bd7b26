//! What the ledger is folded from: the entries that carry a stance, and how far each delegation was reached.

use sea_orm::{ConnectionTrait as _, QueryResult, Statement};

use super::neighbours::HAS_LEFT;
use super::{Store, StoreError};
use crate::inbox::Kind;
use crate::report::positions::Reached;
use crate::responses::{EntrySource, Stance};
use crate::vocabulary::{AskId, CampaignId, Instant, StateCode};

/// An entry of the log, as far as it says how a delegation stands.
#[derive(Debug, Clone)]
pub struct StanceFact {
    pub campaign: Option<CampaignId>,
    pub delegation: StateCode,
    pub ask: Option<AskId>,
    pub stance: Stance,
    pub at: Instant,
    pub source: EntrySource,
}

impl Store {
    /// Entries that carry a stance and are filed under a delegation, by number; corrected ones too, but none that nobody has read: those
    /// say nothing, and are many. A page of them: what comes after the entry of that number, which 0 is before all.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn stances_after(&self, entry: i64, limit: u64) -> Result<Vec<StanceFact>, StoreError> {
        let sql = "SELECT e.key, e.at, e.campaign, e.delegation, e.kind, e.stance, e.ask, e.corrects, e.by_whom, e.erased_at, \
                     (SELECT MIN(c.key) FROM entries c WHERE c.corrects = e.key) AS corrected_by \
                   FROM entries e WHERE e.stance IS NOT NULL AND e.stance <> 'unread' AND e.delegation IS NOT NULL AND e.key > $1 \
                   ORDER BY e.key LIMIT $2";
        let values = vec![entry.into(), limit.cast_signed().into()];
        let rows = self.db.query_all_raw(self.statement(sql, values)).await?;
        rows.iter().map(fact).collect()
    }

    /// For each campaign and delegation how far its letters have come. One query.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn reached(&self) -> Result<Vec<(CampaignId, StateCode, Reached)>, StoreError> {
        let answers = Kind::ALL.iter().filter(|kind| kind.is_answer()).map(|kind| format!("'{kind}'"));
        let answers = answers.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT d.campaign, d.delegation, d.has_left, \
               CASE WHEN EXISTS (SELECT 1 FROM entries e WHERE e.campaign = d.campaign AND e.delegation = d.delegation \
                 AND e.kind IN ({answers}) AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.corrects = e.key)) \
               THEN 1 ELSE 0 END AS answered \
             FROM (SELECT o.campaign, o.delegation, MAX(CASE WHEN {HAS_LEFT} THEN 1 ELSE 0 END) AS has_left \
               FROM dispatches o GROUP BY o.campaign, o.delegation) AS d ORDER BY d.campaign, d.delegation"
        );
        let rows = self.db.query_all_raw(Statement::from_string(self.db.get_database_backend(), sql)).await?;
        rows.iter()
            .map(|row| {
                let (campaign, delegation): (String, String) =
                    (row.try_get("", "campaign")?, row.try_get("", "delegation")?);
                let reached = match (row.try_get::<i32>("", "has_left")?, row.try_get::<i32>("", "answered")?) {
                    (_, 1) => Reached::Answered,
                    (1, _) => Reached::Written,
                    _ => Reached::NotWritten,
                };
                let wrong = |why: String| StoreError::row("dispatches", format!("{campaign}/{delegation}"), why);
                Ok((
                    campaign.parse().map_err(|e| wrong(format!("{e}")))?,
                    delegation.parse().map_err(|e| wrong(format!("{e}")))?,
                    reached,
                ))
            })
            .collect()
    }
}

fn fact(row: &QueryResult) -> Result<StanceFact, StoreError> {
    let id: i64 = row.try_get("", "key")?;
    let text = |column: &str| row.try_get::<Option<String>>("", column);
    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(id: i64, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|e| StoreError::row("entries", id, format!("{text:?}: {e}")))
    }
    Ok(StanceFact {
        campaign: text("campaign")?.map(|text| read(id, &text)).transpose()?,
        delegation: read(id, &row.try_get::<String>("", "delegation")?)?,
        ask: text("ask")?.map(|text| read(id, &text)).transpose()?,
        stance: read(id, &row.try_get::<String>("", "stance")?)?,
        at: Instant::from_millis(row.try_get("", "at")?),
        source: EntrySource {
            id,
            kind: read(id, &row.try_get::<String>("", "kind")?)?,
            by: row.try_get("", "by_whom")?,
            corrects: row.try_get("", "corrects")?,
            corrected_by: row.try_get("", "corrected_by")?,
            erased: row.try_get::<Option<i64>>("", "erased_at")?.is_some(),
        },
    })
}
