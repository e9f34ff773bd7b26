//! The response log. Entries are only ever added; a correction points at the entry that it corrects.

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

const STATEMENTS: [&str; 4] = [
    "CREATE TABLE entries (
        key {key},
        at BIGINT NOT NULL,                     -- when it happened
        recorded_at BIGINT NOT NULL,
        campaign TEXT,
        delegation TEXT,
        dispatch BIGINT REFERENCES dispatches (key),
        kind TEXT NOT NULL,
        stance TEXT,
        ask TEXT,
        from_whom TEXT,
        subject TEXT,
        body TEXT,
        matched_by TEXT NOT NULL,
        confidence TEXT NOT NULL,
        attachments TEXT NOT NULL,              -- [{name, type, bytes, sha256}]
        corrects BIGINT REFERENCES entries (key),
        by_whom TEXT NOT NULL,
        erased_at BIGINT
    )",
    "CREATE INDEX entries_by_delegation ON entries (campaign, delegation, kind)",
    "CREATE INDEX entries_by_time ON entries (at, key)",
    "CREATE INDEX entries_by_corrected ON entries (corrects) WHERE corrects IS NOT NULL",
];
