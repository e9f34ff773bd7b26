//! What an approver saw besides the bytes, and mails of approval kept once, however many letters they approve.

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

const STATEMENTS: [&str; 3] = [
    "CREATE TABLE approval_mails (
        digest TEXT PRIMARY KEY,
        message {bytes} NOT NULL                -- as it was given, never opened
    )",
    // Null in rows of before: then the seal alone tells whether the time is another one.
    "ALTER TABLE approvals ADD COLUMN due BIGINT",
    // The column `evidence` holds the whole mail in rows of before, and nothing in new ones.
    "ALTER TABLE approvals ADD COLUMN mail TEXT REFERENCES approval_mails (digest)",
];
