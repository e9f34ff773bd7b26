//! Meetings that move and end, each change remembered, and what somebody has promised to do next.

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

/// A row of `meetings` is how the meeting stands now; `meeting_events` holds how it came to that. Rows of before have no event: their
/// `created_at` and `created_by` say all that is known of them.
const STATEMENTS: [&str; 12] = [
    "ALTER TABLE meetings ADD COLUMN minutes_long BIGINT NOT NULL DEFAULT 60",
    // The column `attendees` holds theirs.
    "ALTER TABLE meetings ADD COLUMN ours TEXT NOT NULL DEFAULT '[]'",
    // RFC 5545, 3.8.7.4: grows with each move and with the cancellation.
    "ALTER TABLE meetings ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0",
    // When it was agreed, moved or cancelled last; null in rows of before, whose `created_at` it is.
    "ALTER TABLE meetings ADD COLUMN changed_at BIGINT",
    // The sequence that the mission has accepted, as a person noted.
    "ALTER TABLE meetings ADD COLUMN confirmed BIGINT",
    // The entry of the log that has the minutes.
    "ALTER TABLE meetings ADD COLUMN entry BIGINT REFERENCES entries (key)",
    "CREATE TABLE meeting_events (
        key {key},
        meeting BIGINT NOT NULL REFERENCES meetings (key),
        at BIGINT NOT NULL,
        event TEXT NOT NULL,                    -- agreed, moved, cancelled, held, accepted, declined …
        before TEXT,                            -- {at, minutes, place}, where they changed
        after TEXT,
        entry BIGINT REFERENCES entries (key),  -- the mission's answer, or the minutes
        by_whom TEXT NOT NULL,
        reason TEXT
    )",
    "CREATE INDEX meeting_events_by_meeting ON meeting_events (meeting, key)",
    // Never changed: that it is done is an event.
    "CREATE TABLE followups (
        key {key},
        campaign TEXT NOT NULL,
        delegation TEXT NOT NULL,
        what TEXT NOT NULL,
        owner TEXT NOT NULL,
        due TEXT NOT NULL,                      -- a day in Geneva
        counted TEXT NOT NULL,                  -- how it was counted: a list of sentences
        meeting BIGINT REFERENCES meetings (key),
        entry BIGINT REFERENCES entries (key)
    )",
    "CREATE INDEX followups_by_due ON followups (due)",
    "CREATE TABLE followup_events (
        key {key},
        followup BIGINT NOT NULL REFERENCES followups (key),
        at BIGINT NOT NULL,
        event TEXT NOT NULL,                    -- added or done
        by_whom TEXT NOT NULL,
        note TEXT,
        CONSTRAINT followup_event_once UNIQUE (followup, event)
    )",
    "CREATE INDEX followup_events_by_followup ON followup_events (followup, key)",
];
