//! Jobs that are done once a slot, over all workers.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, &STATEMENTS).await
    }
}

/// Whoever adds the row has the slot. A row that is not done is tried again, by whomever, once its `leased_until` has passed.
const STATEMENTS: [&str; 1] = ["CREATE TABLE slots (
        job TEXT NOT NULL,
        slot BIGINT NOT NULL,                   -- when it was to begin
        holder TEXT NOT NULL,
        leased_until BIGINT NOT NULL,
        tries INTEGER NOT NULL,
        failed TEXT,                            -- why the last try did
        done_at BIGINT,
        PRIMARY KEY (job, slot)
    )"];
