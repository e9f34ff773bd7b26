//! What the guards found in a letter's words, and what a person let pass of it.

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

/// Both are lists of sentences. A person lets exact words pass, so `accepted` holds the sentences and not the guard's name.
const STATEMENTS: [&str; 2] = [
    "ALTER TABLE dispatches ADD COLUMN objections TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE dispatches ADD COLUMN accepted TEXT NOT NULL DEFAULT '[]'",
];
