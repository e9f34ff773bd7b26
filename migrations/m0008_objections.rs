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
const STATEMENTS: [&str; 3] = [
    "ALTER TABLE dispatches ADD COLUMN objections TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE dispatches ADD COLUMN accepted TEXT NOT NULL DEFAULT '[]'",
    // No guard has read what was planned before: nothing is approved or sent until `plan` has run again.
    "DELETE FROM planned_files",
];
