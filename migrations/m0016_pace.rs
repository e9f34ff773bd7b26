//! What the ceilings count, by receiving domain and second: a claim reads a minute of it, however fast letters leave. And indexes for
//! what a claim asks of other letters and of the log, so that it costs the batch, not the table.

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

const STATEMENTS: [&str; 6] = [
    "CREATE TABLE pace (
        domain TEXT NOT NULL,                   -- a receiving domain, or * for all
        second BIGINT NOT NULL,                 -- of 1970 UTC, in which the answers came
        worker TEXT NOT NULL,                   -- each writes its own rows, so that none waits for another
        letters BIGINT NOT NULL,
        PRIMARY KEY (domain, second, worker)
    )",
    // The last minute before the change still counts; of a letter to several domains, its first.
    "INSERT INTO pace SELECT '*', ended_at / 1000, worker, COUNT(*) FROM attempts
        WHERE ended_at > (SELECT MAX(ended_at) FROM attempts) - 61000
        GROUP BY ended_at / 1000, worker",
    "INSERT INTO pace SELECT d.domain, a.ended_at / 1000, a.worker, COUNT(*)
        FROM attempts a JOIN dispatches d ON d.key = a.dispatch
        WHERE a.ended_at > (SELECT MAX(ended_at) FROM attempts) - 61000
        GROUP BY d.domain, a.ended_at / 1000, a.worker",
    "DROP INDEX attempts_by_end",
    "CREATE INDEX dispatches_left ON dispatches (delegation, (COALESCE(sent_at, updated_at)), campaign)
        WHERE status = 'sent' OR status = 'sending' OR status = 'uncertain' OR status = 'bounced'",
    "CREATE INDEX entries_of_mission ON entries (campaign, delegation, at)",
];
