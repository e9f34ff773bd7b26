//! What each plan read, and what it fixed.

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
    "CREATE TABLE plans (
        campaign TEXT PRIMARY KEY,
        planned_at BIGINT NOT NULL,
        planned_by TEXT NOT NULL,
        approvals_wanted INTEGER NOT NULL,
        time_zone TEXT NOT NULL,
        title TEXT NOT NULL,
        files_changed TEXT                      -- why the worker sends nothing until plan has run
    )",
    "CREATE TABLE planned_files (
        campaign TEXT NOT NULL,
        file TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (campaign, file)
    )",
    "CREATE TABLE fixed_milestones (
        campaign TEXT NOT NULL,
        milestone TEXT NOT NULL,                -- upr:next.STATE
        fixed_as TEXT NOT NULL,                 -- upr:N.STATE
        PRIMARY KEY (campaign, milestone)
    )",
];
