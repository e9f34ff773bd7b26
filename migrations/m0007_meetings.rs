//! Follow-up meetings with delegations.

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

const STATEMENTS: [&str; 2] = [
    "CREATE TABLE meetings (
        key {key},
        campaign TEXT NOT NULL,
        delegation TEXT NOT NULL,
        at BIGINT NOT NULL,
        place TEXT NOT NULL,
        attendees TEXT NOT NULL,                -- a list
        agenda TEXT,
        state TEXT NOT NULL,                    -- agreed, held or cancelled
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL
    )",
    "CREATE INDEX meetings_by_time ON meetings (at)",
];
