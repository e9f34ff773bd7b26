//! Every move of every dispatch: who, when, why. Rows are only ever added.

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
    "CREATE TABLE history (
        key {key},
        dispatch BIGINT NOT NULL REFERENCES dispatches (key),
        at BIGINT NOT NULL,
        event TEXT NOT NULL,
        before TEXT,                            -- status
        after TEXT NOT NULL,                    -- status
        by_whom TEXT NOT NULL,
        reason TEXT
    )",
    "CREATE INDEX history_by_dispatch ON history (dispatch, key)",
];
