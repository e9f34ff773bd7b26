//! The bytes that are to leave, each kept once by its digest.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set,
};

use super::entities::{approval, dispatch, letter};
use super::{Store, StoreError, Tx};
use crate::outbox::Dispatch;
use crate::vocabulary::{CampaignId, Digest, DispatchId};

/// Rows in one statement: some hundred kilobytes.
const AT_ONCE: usize = 200;

impl Store {
    /// Keeps bytes before the plan that needs them is stored: a campaign of ten thousand letters would fill the memory, and one
    /// transaction for all of them stop every worker. A plan that then fails forgets them with [`Store::forget_letters`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_ahead(&self, letters: &[(Digest, Vec<u8>)]) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        let letters: Vec<(Digest, &Vec<u8>)> = letters.iter().map(|(digest, bytes)| (*digest, bytes)).collect();
        tx.keep_letters(&letters).await?;
        tx.commit().await
    }

    /// Forgets those of these bytes that no dispatch has and nobody has approved.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_letters(&self, digests: &[Digest]) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        tx.forget_letters(digests).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Keeps bytes; those that are kept already are left as they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_letters(&self, letters: &[(Digest, &Vec<u8>)]) -> Result<(), StoreError> {
        for batch in letters.chunks(AT_ONCE) {
            let rows = batch.iter().map(|(digest, bytes)| letter::ActiveModel {
                digest: Set(digest.to_string()),
                message: Set((*bytes).clone()),
            });
            letter::Entity::insert_many(rows)
                .on_conflict_do_nothing_on([letter::Column::Digest])
                .exec_without_returning(&self.tx)
                .await?;
        }
        Ok(())
    }

    /// Forgets those of these bytes that nobody has approved and no dispatch has: it looks through all dispatches, so it is for the
    /// plan that failed.
    ///
    /// # Errors
    /// When the database refuses.
    async fn forget_letters(&self, digests: &[Digest]) -> Result<(), StoreError> {
        for batch in digests.chunks(AT_ONCE) {
            let names: Vec<String> = batch.iter().map(ToString::to_string).collect();
            let planned = dispatch::Entity::find()
                .select_only()
                .column(dispatch::Column::Digest)
                .filter(dispatch::Column::Digest.is_in(names.clone()))
                .into_query();
            let approved = approval::Entity::find()
                .select_only()
                .column(approval::Column::Digest)
                .filter(approval::Column::Digest.is_in(names.clone()))
                .into_query();
            letter::Entity::delete_many()
                .filter(letter::Column::Digest.is_in(names))
                .filter(letter::Column::Digest.not_in_subquery(planned))
                .filter(letter::Column::Digest.not_in_subquery(approved))
                .exec(&self.tx)
                .await?;
        }
        Ok(())
    }

    /// Forgets bytes that nobody has approved and the dispatch no longer has; what was approved once stays, for comparison. A message
    /// names its dispatch in its Message-ID, so that no other dispatch can have the same bytes, and none other is asked.
    pub(super) async fn forget_letter(&self, of: &Dispatch) -> Result<(), StoreError> {
        let sql = "DELETE FROM letters WHERE digest = $1 \
                   AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.dispatch = $2 AND a.digest = $1) \
                   AND NOT EXISTS (SELECT 1 FROM dispatches d WHERE d.campaign = $3 AND d.step = $4 AND d.delegation = $5 AND d.digest = $1)";
        let DispatchId { campaign, step, delegation } = &of.id;
        let values = vec![
            of.digest.to_string().into(),
            of.key.into(),
            campaign.as_str().into(),
            step.as_str().into(),
            delegation.as_str().into(),
        ];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Forgets all bytes that no dispatch has and nobody has approved: what a plan that was killed had kept ahead. Another plan that
    /// keeps letters ahead at this moment finds in [`Tx::without_bytes`] that they are gone, and stores nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_unnamed_letters(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM letters WHERE digest NOT IN (SELECT digest FROM dispatches) \
                   AND digest NOT IN (SELECT digest FROM approvals)";
        self.tx.execute_raw(self.statement(sql, Vec::new())).await?;
        Ok(())
    }

    /// A letter of the campaign whose bytes are not there: another plan failed meanwhile, and forgot what both had kept.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn without_bytes(&self, campaign: &CampaignId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT d.digest FROM dispatches d WHERE d.campaign = $1 \
                   AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.digest = d.digest) LIMIT 1";
        let found = self.tx.query_one_raw(self.statement(sql, vec![campaign.as_str().into()])).await?;
        Ok(found.map(|row| row.try_get("", "digest")).transpose()?)
    }
}
