//! Sending pauses while the mail server refuses us: for all workers, and over restarts.

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

/// At most one row for each way of sending; none until something was amiss. It pauses where `since` is set and `ended_at` is not.
const STATEMENTS: [&str; 1] = ["CREATE TABLE sending_pauses (
        via TEXT PRIMARY KEY,                   -- files or smtp
        suspects TEXT NOT NULL,                 -- letters refused perhaps for our sake since the last one taken: {key, fence, delegation}
        class TEXT,                             -- authentication, policy, connection …
        words TEXT,                             -- what the server said last
        since BIGINT,
        resumes_at BIGINT,                      -- then one letter is tried
        waits INTEGER NOT NULL,                 -- so far; each is longer
        trial_dispatch BIGINT,                  -- the letter that is tried, by row and fence
        trial_fence BIGINT,
        trial_until BIGINT,                     -- then another may be
        ended_at BIGINT
    )"];
