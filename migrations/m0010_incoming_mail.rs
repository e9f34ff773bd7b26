//! Incoming mail: what was read where, each message once, the guesses of the pen, and whose address is whose.

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

const STATEMENTS: [&str; 21] = [
    "CREATE TABLE mailboxes (
        name TEXT PRIMARY KEY,                  -- where it is, without a password
        validity BIGINT NOT NULL,               -- UIDVALIDITY; places of another one mean nothing
        since TEXT,                             -- the day that bounds the first reading
        read_at BIGINT,                         -- when it was last read to its end
        watched BOOLEAN NOT NULL                -- it is the one that answers are read from
    )",
    "CREATE TABLE messages (
        key {key},
        fingerprint TEXT NOT NULL,              -- of what the sender sent, without the trace of its delivery
        raw TEXT NOT NULL,                      -- SHA-256 of its bytes, which are in var/mail
        bytes BIGINT NOT NULL,
        arrived_at BIGINT NOT NULL,             -- when the mailbox received it
        stored_at BIGINT NOT NULL,
        source TEXT NOT NULL,                   -- the mailbox
        state TEXT NOT NULL,                    -- new, filed, pen, aside
        tries INTEGER NOT NULL,                 -- how often it was begun to be read
        kind TEXT,
        message_id TEXT,
        from_whom TEXT,
        from_address TEXT,
        subject TEXT,
        why TEXT,                               -- where it is filed, and why
        authenticity TEXT,                      -- verified, unverified, suspicious
        authenticity_why TEXT,
        reading TEXT NOT NULL,                  -- what else was understood
        erased_at BIGINT,
        CONSTRAINT message_once UNIQUE (fingerprint)
    )",
    "CREATE INDEX messages_to_read ON messages (key) WHERE state = 'new'",
    "CREATE INDEX messages_by_state ON messages (state, arrived_at)",
    "CREATE INDEX messages_by_sender ON messages (from_address)",
    "CREATE TABLE mail_places (
        mailbox TEXT NOT NULL,
        validity BIGINT NOT NULL,
        place TEXT NOT NULL,                    -- a UID, a file's name, an offset
        number BIGINT,                          -- the place, where it is a number
        message BIGINT REFERENCES messages (key), -- none: it could not be had
        fault TEXT,
        PRIMARY KEY (mailbox, validity, place)
    )",
    "CREATE INDEX mail_places_by_number ON mail_places (mailbox, validity, number)",
    "CREATE INDEX mail_places_at_fault ON mail_places (mailbox) WHERE message IS NULL",
    "CREATE TABLE guesses (
        message BIGINT NOT NULL REFERENCES messages (key),
        place INTEGER NOT NULL,                 -- 0 is the best
        delegation TEXT NOT NULL,
        campaign TEXT,
        dispatch BIGINT REFERENCES dispatches (key),
        because TEXT NOT NULL,
        PRIMARY KEY (message, place)
    )",
    "CREATE INDEX guesses_by_delegation ON guesses (delegation, message)",
    // As the contact lists of all plans have them: whom an answer may come from. Rows stay when a contact goes.
    "CREATE TABLE correspondents (
        address TEXT NOT NULL,                  -- in small letters
        delegation TEXT NOT NULL,
        domain TEXT NOT NULL,
        PRIMARY KEY (address, delegation)
    )",
    "CREATE INDEX correspondents_by_domain ON correspondents (domain, delegation)",
    "CREATE INDEX correspondents_by_delegation ON correspondents (delegation)",
    // What a person filed from the pen, for the sender's next mail.
    "CREATE TABLE remembered_senders (
        address TEXT PRIMARY KEY,
        delegation TEXT NOT NULL,
        noted_at BIGINT NOT NULL,
        noted_by TEXT NOT NULL
    )",
    "CREATE TABLE doubtful_addresses (
        address TEXT PRIMARY KEY,
        since BIGINT NOT NULL,
        status TEXT,                            -- RFC 3463
        words TEXT NOT NULL,
        message BIGINT REFERENCES messages (key)
    )",
    "ALTER TABLE entries ADD COLUMN message BIGINT REFERENCES messages (key)",
    "CREATE INDEX entries_by_message ON entries (message) WHERE message IS NOT NULL",
    "CREATE INDEX entries_unread ON entries (key) WHERE stance = 'unread'",
    // When a copy of the letter was filed in the account's own folder, where the settings ask for one.
    "ALTER TABLE attempts ADD COLUMN filed_at BIGINT",
    "CREATE INDEX attempts_to_file ON attempts (ended_at) WHERE filed_at IS NULL AND outcome = 'taken' AND via = 'smtp'",
    "CREATE INDEX dispatches_by_message_id ON dispatches (message_id)",
];
