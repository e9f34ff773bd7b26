//! When other campaigns write, or wrote, to the same missions.

use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::{Store, StoreError};
use crate::outbox::neighbours::Timed;
use crate::vocabulary::{CampaignId, Instant};

/// Letters `o` that a mission may have got, but for those that confirm a meeting with it. The gate and the plan mean the same ones.
pub(super) const HAS_LEFT: &str = "(o.status = 'sent' OR o.status = 'sending' OR o.status = 'uncertain' OR o.status = 'bounced') \
     AND o.milestone NOT LIKE 'meeting:%'";
/// When that was.
pub(super) const LEFT_AT: &str = "COALESCE(o.sent_at, o.updated_at)";

impl Store {
    /// Letters of all other campaigns that left, or are to leave, after `from` and before `until`: one query, however many
    /// missions and campaigns.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn neighbours(
        &self,
        campaign: &CampaignId,
        from: Instant,
        until: Instant,
    ) -> Result<Vec<Timed>, StoreError> {
        // Each part has its index; what is asked for costs what it finds, however long the list is. What has left and has no time of
        // sending is in hand, or came to no good end.
        let other = "o.campaign <> $1 AND o.milestone NOT LIKE 'meeting:%'";
        let row = "SELECT o.campaign, o.step, o.delegation, o.status";
        let to_leave = super::standing::TO_LEAVE;
        let untimed = ["sending", "uncertain", "bounced"].map(|status| {
            format!(
                "{row}, o.updated_at AS at FROM dispatches o WHERE {other} AND o.sent_at IS NULL AND o.status = '{status}' \
                 UNION ALL "
            )
        });
        let untimed = untimed.concat();
        let sql = format!(
            "SELECT campaign, step, delegation, status, at FROM (\
               {row}, o.sent_at AS at FROM dispatches o WHERE {other} AND {HAS_LEFT} AND o.sent_at > $2 AND o.sent_at < $3 \
               UNION ALL \
               {untimed}\
               {row}, o.next_at AS at FROM plans p CROSS JOIN dispatches o WHERE o.campaign = p.campaign AND {other} \
                 AND {to_leave} AND o.next_at > $2 AND o.next_at < $3) AS neighbours \
             WHERE at > $2 AND at < $3 ORDER BY at, campaign, step, delegation"
        );
        let values: Vec<Value> = vec![campaign.as_str().into(), from.millis().into(), until.millis().into()];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        let rows = self.db.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| {
                let text = |column: &str| row.try_get::<String>("", column);
                let id = format!("{}/{}/{}", text("campaign")?, text("step")?, text("delegation")?);
                let wrong = |why: String| StoreError::row("dispatches", &id, why);
                Ok(Timed {
                    status: text("status")?.parse().map_err(wrong)?,
                    at: Instant::from_millis(row.try_get("", "at")?),
                    id: id.parse().map_err(wrong)?,
                })
            })
            .collect()
    }
}
