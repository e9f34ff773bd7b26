//! Up to where each worker's journal of what it sent has been compared, and which server's history this is.

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
    // A database from a backup knows the older offset, so the next start reads exactly what it has forgotten.
    "CREATE TABLE journals (
        id TEXT PRIMARY KEY,                    -- from the file's first line
        place TEXT NOT NULL,                    -- machine:path, where it was last
        checked BIGINT NOT NULL,                -- bytes from its beginning of which nothing is unknown here
        noted_at BIGINT NOT NULL,
        suspect TEXT                            -- why a person must compare it before anybody sends; empty: nothing is amiss
    )",
    // Not copied to another database: it is about the server, not about the letters.
    "CREATE TABLE lineage (
        id INTEGER PRIMARY KEY CHECK (id = 1),  -- there is one
        system_id TEXT,                         -- PostgreSQL's system identifier; empty where it may not be asked
        timeline TEXT                           -- eight hexadecimal digits; grows with each promotion and each recovery
    )",
    // Letters that a journal knows and a restored database has not even planned. Planned again, they are uncertain.
    "CREATE TABLE lost_letters (
        campaign TEXT NOT NULL,
        step TEXT NOT NULL,
        delegation TEXT NOT NULL,
        message_id TEXT NOT NULL,
        fence BIGINT NOT NULL,                  -- the number of its last claim
        handed_over_at BIGINT NOT NULL,
        outcome TEXT,                           -- the words of delivery::Verdict; empty: it was in hand
        words TEXT,                             -- the server's, in short
        PRIMARY KEY (campaign, step, delegation)
    )",
];
