//! The bytes that approvers approve, and their approvals.

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
    "CREATE TABLE letters (
        digest TEXT PRIMARY KEY,
        message {bytes} NOT NULL                -- all but Date, which is added when it leaves
    )",
    "CREATE TABLE approvals (
        key {key},
        dispatch BIGINT NOT NULL REFERENCES dispatches (key),
        seal TEXT NOT NULL,                     -- the approval holds while the dispatch has this seal
        digest TEXT NOT NULL,
        approver TEXT NOT NULL,
        organisation TEXT NOT NULL,
        approved_at BIGINT NOT NULL,
        entered_by TEXT NOT NULL,
        evidence {bytes},                       -- the mail in which a colleague approved
        revoked_at BIGINT,
        CONSTRAINT approval_once_per_approver UNIQUE (dispatch, seal, approver)
    )",
    "CREATE INDEX approvals_by_dispatch ON approvals (dispatch)",
];
