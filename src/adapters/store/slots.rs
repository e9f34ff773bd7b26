//! Who does a job's slot, and whether it is done: once over all workers.

use chrono::Duration;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    Statement, Value,
};

use super::entities::slot::{ActiveModel, Column, Entity};
use super::{Store, StoreError};
use crate::vocabulary::Instant;

/// One slot of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    pub job: &'a str,
    pub at: Instant,
}

impl Store {
    /// Takes a slot that nobody has done and nobody holds. Of several who try, one gets it. Should its holder vanish, it is free
    /// again after `lease`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_slot(
        &self,
        slot: Slot<'_>,
        holder: &str,
        now: Instant,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO slots (job, slot, holder, leased_until, tries) VALUES ($1, $2, $3, $4, 1) \
                   ON CONFLICT (job, slot) DO UPDATE SET holder = $3, leased_until = $4, tries = slots.tries + 1 \
                   WHERE slots.done_at IS NULL AND slots.leased_until <= $5";
        let values: Vec<Value> = vec![
            slot.job.into(),
            slot.at.millis().into(),
            holder.into(),
            now.plus(lease).millis().into(),
            now.millis().into(),
        ];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        Ok(self.db.execute_raw(statement).await?.rows_affected() == 1)
    }

    /// Notes a slot as done, with everything up to `upto` told. It may be one that nobody took: a person who did the job.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_slot(&self, slot: Slot<'_>, holder: &str, upto: Instant) -> Result<(), StoreError> {
        let row = ActiveModel {
            job: Set(slot.job.to_owned()),
            slot: Set(slot.at.millis()),
            holder: Set(holder.to_owned()),
            leased_until: Set(upto.millis()),
            tries: Set(1),
            failed: Set(None),
            done_at: Set(Some(upto.millis())),
        };
        let again = sea_orm::sea_query::OnConflict::columns([Column::Job, Column::Slot])
            .update_columns([Column::DoneAt, Column::Failed])
            .to_owned();
        Entity::insert(row).on_conflict(again).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Notes why a slot could not be done, and from when it may be tried again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fail_slot(&self, slot: Slot<'_>, holder: &str, why: &str, again: Instant) -> Result<(), StoreError> {
        let change =
            ActiveModel { failed: Set(Some(why.to_owned())), leased_until: Set(again.millis()), ..Default::default() };
        Entity::update_many()
            .set(change)
            .filter(Column::Job.eq(slot.job))
            .filter(Column::Slot.eq(slot.at.millis()))
            .filter(Column::Holder.eq(holder))
            .filter(Column::DoneAt.is_null())
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Up to when the job's last slot told everything; `None` when it was never done.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_done(&self, job: &str) -> Result<Option<Instant>, StoreError> {
        let last: Option<Option<i64>> = Entity::find()
            .select_only()
            .column_as(Column::DoneAt.max(), "last")
            .filter(Column::Job.eq(job))
            .into_tuple()
            .one(&self.db)
            .await?;
        Ok(last.flatten().map(Instant::from_millis))
    }

    /// The job's newest slot and why it could not be done, if it was not done since.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_failure(&self, job: &str) -> Result<Option<(Instant, String)>, StoreError> {
        let newest = Entity::find().filter(Column::Job.eq(job)).order_by_desc(Column::Slot).one(&self.db).await?;
        Ok(newest
            .filter(|row| row.done_at.is_none())
            .and_then(|row| Some((Instant::from_millis(row.slot), row.failed?))))
    }

    /// Whether any slot of the job was ever taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn knows_job(&self, job: &str) -> Result<bool, StoreError> {
        Ok(Entity::find().filter(Column::Job.eq(job)).one(&self.db).await?.is_some())
    }
}
