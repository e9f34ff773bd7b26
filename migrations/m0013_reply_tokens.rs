//! The token by which an answer names its letter, whether its address carries it or not.

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

/// Empty until `plan` has run: it comes from the database's secret, which SQL does not read.
const STATEMENTS: [&str; 2] = [
    "ALTER TABLE dispatches ADD COLUMN reply_token TEXT",
    "CREATE UNIQUE INDEX dispatches_by_reply_token ON dispatches (reply_token) WHERE reply_token IS NOT NULL",
];
