//! One step to one delegation: what is to leave, when, and how far it has come.

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

const STATEMENTS: [&str; 5] = [
    "CREATE TABLE installation (
        id INTEGER PRIMARY KEY CHECK (id = 1),  -- there is one
        secret TEXT NOT NULL,                   -- 64 hex digits; Message-IDs are made from it, so that nobody can guess them
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE dispatches (
        key {key},
        campaign TEXT NOT NULL,
        step TEXT NOT NULL,
        delegation TEXT NOT NULL,               -- ISO 3166-1 alpha-3
        position INTEGER NOT NULL,              -- the place of the step in its campaign
        status TEXT NOT NULL,                   -- the words of outbox::Status
        reason TEXT,
        via TEXT,                               -- files or smtp, once it has left
        due BIGINT NOT NULL,
        next_at BIGINT NOT NULL,                -- the earliest instant of the next attempt
        milestone TEXT NOT NULL,
        milestone_day TEXT NOT NULL,
        provisional BOOLEAN NOT NULL,
        language TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipients TEXT NOT NULL,               -- {\"to\":[],\"cc\":[]}
        domain TEXT NOT NULL,                   -- the first receiving domain: the pace asks for it
        subject TEXT NOT NULL,
        digest TEXT NOT NULL,                   -- of the message; its bytes are in letters
        seal TEXT NOT NULL,                     -- of all that an approval covers
        message_id TEXT NOT NULL,
        follows TEXT,                           -- the step that it is threaded under
        rules TEXT NOT NULL,                    -- what is judged at the moment of sending
        why TEXT NOT NULL,
        waived TEXT NOT NULL,                   -- guards that a person has waived
        due_override BIGINT,
        only_to TEXT NOT NULL,                  -- after a bounce: the corrected addresses alone
        wish TEXT,                              -- what is to happen should it come back, where it is out
        attempts INTEGER NOT NULL,
        tried_since BIGINT,                     -- opens the window of give_up
        claimed_from TEXT,                      -- its status before the claim
        holder TEXT,                            -- the worker that has it in hand
        lease_until BIGINT,                     -- PostgreSQL: after it, the claim is void
        fence BIGINT NOT NULL,                  -- grows with each claim; an outcome must name it
        sent_at BIGINT,
        updated_at BIGINT NOT NULL,
        -- the reason why nobody is written to twice
        CONSTRAINT dispatch_once_per_step_and_delegation UNIQUE (campaign, step, delegation)
    )",
    // The claim asks only this one: it holds what can still leave by itself, however long the list of what has left.
    "CREATE INDEX dispatches_due ON dispatches (next_at, key) WHERE status IN ('approved', 'deferred')",
    "CREATE INDEX dispatches_in_hand ON dispatches (lease_until) WHERE status = 'sending'",
    "CREATE INDEX dispatches_by_delegation ON dispatches (delegation, sent_at)",
];
