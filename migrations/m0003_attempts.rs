//! Each time a letter was handed over, or was to be.

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
    "CREATE TABLE attempts (
        key {key},
        dispatch BIGINT NOT NULL REFERENCES dispatches (key),
        fence BIGINT NOT NULL,
        worker TEXT NOT NULL,
        via TEXT NOT NULL,
        claimed_at BIGINT NOT NULL,
        ended_at BIGINT,                        -- empty while it is in hand; the pace counts from here
        outcome TEXT,                           -- the words of delivery::Verdict
        detail TEXT,                            -- the words of the server, or ours
        recipients TEXT NOT NULL,               -- [{address, role, code, text}]
        domains TEXT NOT NULL,                  -- the receiving domains, for the pace
        late_evidence TEXT,                     -- an answer that came when the claim was void already
        CONSTRAINT attempt_once_per_claim UNIQUE (dispatch, fence)
    )",
    "CREATE INDEX attempts_in_hand ON attempts (key) WHERE ended_at IS NULL",
    "CREATE INDEX attempts_by_end ON attempts (ended_at)",
];
