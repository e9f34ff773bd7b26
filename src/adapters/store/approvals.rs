//! The book of approvals.

use std::collections::HashMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, NotSet, QueryFilter as _, QueryOrder as _, Set};

use super::entities::approval;
use super::{Store, StoreError, Tx};
use crate::outbox::approval::Approval;
use crate::vocabulary::{Digest, Instant};

/// An approval to be stored.
#[derive(Debug, Clone)]
pub struct NewApproval<'a> {
    pub dispatch: i64,
    pub seal: Digest,
    pub digest: Digest,
    pub approver: &'a str,
    pub organisation: &'a str,
    pub by: &'a str,
    /// The mail in which a colleague approved.
    pub evidence: Option<&'a [u8]>,
}

fn gathered(rows: Vec<approval::Model>) -> HashMap<i64, Vec<Approval>> {
    let mut by_dispatch: HashMap<i64, Vec<Approval>> = HashMap::new();
    for row in rows {
        by_dispatch.entry(row.dispatch).or_default().push(Approval {
            seal: row.seal,
            approver: row.approver,
            organisation: row.organisation,
            revoked: row.revoked_at.is_some(),
        });
    }
    by_dispatch
}

impl Tx {
    /// All approvals of these dispatches, by dispatch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn approvals(&self, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Approval>>, StoreError> {
        let mut rows = Vec::new();
        for batch in dispatches.chunks(500) {
            let found = approval::Entity::find().filter(approval::Column::Dispatch.is_in(batch.iter().copied()));
            rows.extend(found.order_by_asc(approval::Column::Key).all(&self.tx).await?);
        }
        Ok(gathered(rows))
    }

    /// Stores approvals. One that this approver gave before for the same seal, and took back, is given again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_approvals(&self, approvals: &[NewApproval<'_>], at: Instant) -> Result<(), StoreError> {
        use approval::Column as C;
        for batch in approvals.chunks(200) {
            let rows = batch.iter().map(|new| approval::ActiveModel {
                key: NotSet,
                dispatch: Set(new.dispatch),
                seal: Set(new.seal.to_string()),
                digest: Set(new.digest.to_string()),
                approver: Set(new.approver.to_owned()),
                organisation: Set(new.organisation.to_owned()),
                approved_at: Set(at.millis()),
                entered_by: Set(new.by.to_owned()),
                evidence: Set(new.evidence.map(<[u8]>::to_vec)),
                revoked_at: Set(None),
            });
            let again = sea_orm::sea_query::OnConflict::columns([C::Dispatch, C::Seal, C::Approver])
                .update_columns([C::Organisation, C::ApprovedAt, C::EnteredBy, C::Evidence, C::RevokedAt])
                .to_owned();
            approval::Entity::insert_many(rows).on_conflict(again).exec_without_returning(&self.tx).await?;
        }
        Ok(())
    }

    /// Takes back this approver's approvals of these dispatches. Returns how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_approvals(&self, dispatches: &[i64], approver: &str, at: Instant) -> Result<u64, StoreError> {
        use approval::Column as C;
        let mut taken_back = 0;
        for batch in dispatches.chunks(500) {
            let change = approval::ActiveModel { revoked_at: Set(Some(at.millis())), ..Default::default() };
            let done = approval::Entity::update_many()
                .set(change)
                .filter(C::Dispatch.is_in(batch.iter().copied()))
                .filter(C::Approver.eq(approver))
                .filter(C::RevokedAt.is_null())
                .exec(&self.tx)
                .await?;
            taken_back += done.rows_affected;
        }
        Ok(taken_back)
    }
}

impl Store {
    /// As [`Tx::approvals`], for reading commands.
    ///
    /// # Errors
    /// As there.
    pub async fn approvals(&self, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Approval>>, StoreError> {
        let mut rows = Vec::new();
        for batch in dispatches.chunks(500) {
            let found = approval::Entity::find().filter(approval::Column::Dispatch.is_in(batch.iter().copied()));
            rows.extend(found.order_by_asc(approval::Column::Key).all(&self.db).await?);
        }
        Ok(gathered(rows))
    }
}
