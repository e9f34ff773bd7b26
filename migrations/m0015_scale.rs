//! What keeps reading as fast with a million letters and answers as with a hundred: a tally, and indexes for every list that is read.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(Debug, DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, &STATEMENTS).await?;
        match manager.get_database_backend() {
            DbBackend::Postgres => super::run(manager, &POSTGRES).await,
            _ => super::run(manager, &SQLITE).await,
        }
    }
}

/// A partial index costs the letters on their way out nearly nothing while they are not in it; what they are in is named at each. Its
/// condition is asked at each move: SQLite makes a table of every `IN` with more than two values, which costs tens of microseconds a
/// letter, and of `OR` none.
const STATEMENTS: [&str; 19] = [
    // Triggers keep it, in the transaction that moves a letter: no path past them can be forgotten, and what another program of
    // before writes is counted too. The sum over all shards counts; one shard alone may be below zero.
    "CREATE TABLE tally (
        campaign TEXT NOT NULL,
        status TEXT NOT NULL,
        shard INTEGER NOT NULL,                 -- PostgreSQL: writers at the same time have each their own, so that none waits
        n BIGINT NOT NULL,
        PRIMARY KEY (campaign, status, shard)
    )",
    "INSERT INTO tally (campaign, status, shard, n) SELECT campaign, status, 0, COUNT(*) FROM dispatches GROUP BY campaign, status",
    // Answers that nobody has classified: what waits, and not what ever came.
    "CREATE TABLE unread_answers (entry BIGINT PRIMARY KEY)",
    "INSERT INTO unread_answers (entry) SELECT e.key FROM entries e WHERE e.stance = 'unread' AND e.delegation IS NOT NULL \
       AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.corrects = e.key)",
    // The order in which letters are listed.
    "CREATE INDEX dispatches_in_order ON dispatches (campaign, position, delegation, key)",
    // When each campaign goes on. A letter leaves it with its claim.
    "CREATE INDEX dispatches_to_leave ON dispatches (campaign, next_at, delegation, key) \
       WHERE status = 'planned' OR status = 'approved' OR status = 'deferred'",
    "CREATE INDEX dispatches_unapproved ON dispatches (campaign, due, delegation, key) WHERE status = 'planned'",
    // What needs a person, or ended otherwise than sent.
    "CREATE INDEX dispatches_aside ON dispatches (status, campaign, position, delegation, key) \
       WHERE status = 'deferred' OR status = 'refused' OR status = 'uncertain' OR status = 'bounced' OR status = 'held' \
         OR status = 'skipped' OR status = 'missed' OR status = 'cancelled'",
    "CREATE INDEX dispatches_remarked ON dispatches (campaign, position, delegation, key) WHERE status = 'sent' AND reason IS NOT NULL",
    // For the digest, and for the days between two campaigns. A letter enters it once, at the end.
    "CREATE INDEX dispatches_by_sent ON dispatches (sent_at) WHERE sent_at IS NOT NULL",
    // Empty where letters go to a mail server.
    "CREATE INDEX dispatches_in_files ON dispatches (campaign) WHERE status = 'sent' AND via = 'files'",
    "CREATE INDEX entries_by_campaign ON entries (campaign, at, key)",
    "CREATE INDEX entries_by_mission ON entries (delegation, at, key)",
    "CREATE INDEX entries_by_kind ON entries (kind, at, key)",
    "CREATE INDEX entries_by_stance ON entries (stance, at, key) WHERE stance IS NOT NULL",
    "CREATE INDEX entries_by_recording ON entries (recorded_at)",
    // Also for the databases' own check of references, when a dispatch that was never attempted goes.
    "CREATE INDEX entries_by_dispatch ON entries (dispatch) WHERE dispatch IS NOT NULL",
    "CREATE INDEX guesses_by_dispatch ON guesses (dispatch) WHERE dispatch IS NOT NULL",
    // The index above holds these too, in their order.
    "DROP INDEX entries_unread",
];

/// SQLite has one writer: one shard.
const SQLITE: [&str; 5] = [
    "CREATE TRIGGER dispatches_counted_in AFTER INSERT ON dispatches BEGIN
        INSERT INTO tally (campaign, status, shard, n) VALUES (NEW.campaign, NEW.status, 0, 1)
            ON CONFLICT (campaign, status, shard) DO UPDATE SET n = n + 1;
    END",
    "CREATE TRIGGER dispatches_counted_out AFTER DELETE ON dispatches BEGIN
        INSERT INTO tally (campaign, status, shard, n) VALUES (OLD.campaign, OLD.status, 0, -1)
            ON CONFLICT (campaign, status, shard) DO UPDATE SET n = n - 1;
    END",
    "CREATE TRIGGER dispatches_counted_over AFTER UPDATE OF status, campaign ON dispatches
     WHEN OLD.status <> NEW.status OR OLD.campaign <> NEW.campaign BEGIN
        INSERT INTO tally (campaign, status, shard, n) VALUES (OLD.campaign, OLD.status, 0, -1)
            ON CONFLICT (campaign, status, shard) DO UPDATE SET n = n - 1;
        INSERT INTO tally (campaign, status, shard, n) VALUES (NEW.campaign, NEW.status, 0, 1)
            ON CONFLICT (campaign, status, shard) DO UPDATE SET n = n + 1;
    END",
    "CREATE TRIGGER entries_unread_in AFTER INSERT ON entries WHEN NEW.stance = 'unread' AND NEW.delegation IS NOT NULL BEGIN
        INSERT INTO unread_answers (entry) VALUES (NEW.key);
    END",
    "CREATE TRIGGER entries_unread_out AFTER INSERT ON entries WHEN NEW.corrects IS NOT NULL BEGIN
        DELETE FROM unread_answers WHERE entry = NEW.corrects;
    END",
];

/// One run of a trigger for each statement, however many letters it moves.
///
/// A transaction takes the first of 16 shards that nobody else has, and keeps it to its end: workers that commit at the same time
/// never wait for each other's tally, and cannot lock each other out. The lock ends with the transaction, so a pooler may stand in
/// between. The first number of the lock has no meaning but to be ours.
const POSTGRES: [&str; 8] = [
    // Many updates of few rows: room for them on their own page.
    "ALTER TABLE tally SET (fillfactor = 25)",
    "CREATE FUNCTION demarche_shard() RETURNS INTEGER LANGUAGE plpgsql AS $$
     DECLARE
        first CONSTANT INTEGER := pg_backend_pid() % 16;
     BEGIN
        FOR i IN 0..15 LOOP
            IF pg_try_advisory_xact_lock(64201802, (first + i) % 16) THEN
                RETURN (first + i) % 16;
            END IF;
        END LOOP;
        PERFORM pg_advisory_xact_lock(64201802, first);
        RETURN first;
     END $$",
    "CREATE FUNCTION demarche_count() RETURNS TRIGGER LANGUAGE plpgsql AS $$
     BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO tally AS t (campaign, status, shard, n)
                SELECT m.campaign, m.status, demarche_shard(), COUNT(*) FROM added m GROUP BY m.campaign, m.status
                ON CONFLICT (campaign, status, shard) DO UPDATE SET n = t.n + EXCLUDED.n;
        ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO tally AS t (campaign, status, shard, n)
                SELECT m.campaign, m.status, demarche_shard(), -COUNT(*) FROM removed m GROUP BY m.campaign, m.status
                ON CONFLICT (campaign, status, shard) DO UPDATE SET n = t.n + EXCLUDED.n;
        ELSE
            INSERT INTO tally AS t (campaign, status, shard, n)
                SELECT m.campaign, m.status, demarche_shard(), SUM(m.n) FROM (
                    SELECT campaign, status, 1 AS n FROM added UNION ALL SELECT campaign, status, -1 FROM removed
                ) m GROUP BY m.campaign, m.status HAVING SUM(m.n) <> 0
                ON CONFLICT (campaign, status, shard) DO UPDATE SET n = t.n + EXCLUDED.n;
        END IF;
        RETURN NULL;
     END $$",
    "CREATE TRIGGER dispatches_counted_in AFTER INSERT ON dispatches REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION demarche_count()",
    "CREATE TRIGGER dispatches_counted_out AFTER DELETE ON dispatches REFERENCING OLD TABLE AS removed
        FOR EACH STATEMENT EXECUTE FUNCTION demarche_count()",
    "CREATE TRIGGER dispatches_counted_over AFTER UPDATE ON dispatches REFERENCING OLD TABLE AS removed NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION demarche_count()",
    "CREATE FUNCTION demarche_unread() RETURNS TRIGGER LANGUAGE plpgsql AS $$
     BEGIN
        INSERT INTO unread_answers (entry) SELECT e.key FROM added e WHERE e.stance = 'unread' AND e.delegation IS NOT NULL;
        DELETE FROM unread_answers u USING added e WHERE u.entry = e.corrects;
        RETURN NULL;
     END $$",
    "CREATE TRIGGER entries_unread AFTER INSERT ON entries REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION demarche_unread()",
];
