//! A large database, made by the database itself: many campaigns of 26 steps to 193 missions, what became of each letter, and a log of answers.

use demarche::adapters::store::{Location, Store};
use demarche::config::un;
use demarche::vocabulary::Instant;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend};

/// How large it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub dispatches: u64,
    pub entries: u64,
    /// Of the dispatches, the oldest, that are approved and due at `now`; they stand first.
    pub due: u64,
    /// From which its times are counted, backwards and a little ahead.
    pub now: Instant,
}

const MISSIONS: u64 = 193;
const STEPS: u64 = 26;
/// Between two steps, whatever their campaign.
const SIX_HOURS: i64 = 6 * 3_600_000;
/// Rows in one statement.
const AT_ONCE: u64 = 50_000;

/// Makes the schema and fills it. Rows are numbered from 1.
pub async fn fill(location: &Location, size: Size) {
    drop(Store::open(location).await.unwrap());
    fill_rows(location, size).await;
}

/// Fills a schema that is there.
pub async fn fill_rows(location: &Location, size: Size) {
    let db = connect(location).await;
    db.execute_unprepared(&campaigns(size)).await.unwrap();
    for from in (0..size.dispatches).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let until = (from + AT_ONCE).min(size.dispatches);
        db.execute_unprepared(&dispatches(size, from, until)).await.unwrap();
        db.execute_unprepared(&attempts(from, until)).await.unwrap();
        db.execute_unprepared(&history(from, until)).await.unwrap();
    }
    for from in (0..size.entries).step_by(usize::try_from(AT_ONCE).unwrap()) {
        db.execute_unprepared(&entries(size, from, (from + AT_ONCE).min(size.entries))).await.unwrap();
    }
    if db.get_database_backend() == DbBackend::Postgres {
        for table in ["dispatches", "attempts", "history", "entries"] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'key'), (SELECT COALESCE(MAX(key), 0) + 1 FROM {table}), false)"
            );
            db.execute_unprepared(&next).await.unwrap();
        }
        // What the server does by itself within a minute.
        db.execute_unprepared("VACUUM ANALYZE").await.unwrap();
    }
    db.close().await.unwrap();
}

/// A connection beside the store's, for statements that no part of the program makes.
pub async fn connect(location: &Location) -> DatabaseConnection {
    let url = match location {
        Location::Sqlite(path) => format!("sqlite://{}", path.display()),
        Location::Postgres { url, .. } => url.clone(),
    };
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

fn numbers(from: u64, until: u64) -> String {
    format!(
        "WITH RECURSIVE numbers (i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {until})"
    )
}

fn campaigns(size: Size) -> String {
    let count = size.dispatches.div_ceil(STEPS * MISSIONS);
    format!(
        "{} INSERT INTO plans (campaign, planned_at, planned_by, approvals_wanted, time_zone, title) \
         SELECT 'campaign-' || substr(CAST(100000 + i AS TEXT), 2), {}, 'officer', 2, 'Europe/Zurich', 'A campaign' FROM numbers",
        numbers(0, count),
        size.now.millis(),
    )
}

fn dispatches(size: Size, from: u64, until: u64) -> String {
    let states: Vec<String> = un::states()
        .iter()
        .filter(|state| state.is_member())
        .enumerate()
        .map(|(n, state)| format!("({n}, '{}')", state.code))
        .collect();
    let now = size.now.millis();
    // One step in fifty is still to come.
    let groups = size.dispatches.div_ceil(MISSIONS);
    let ahead = groups - groups.div_ceil(50);
    let due = size.due;
    format!(
        "{numbers}, states (n, code) AS (VALUES {states}), letters AS ( \
           SELECT i, i / {MISSIONS} AS nth, i / {of_campaign} AS c, i / {MISSIONS} % {STEPS} AS s, code, \
             {now} + (i / {MISSIONS} - {ahead}) * {SIX_HOURS} AS at, substr(CAST(10000000000000 + i AS TEXT), 2) AS name, \
             CASE WHEN i < {due} THEN 'approved' \
               WHEN i / {MISSIONS} >= {ahead} THEN CASE WHEN i / {MISSIONS} % 2 = 0 THEN 'approved' ELSE 'planned' END \
               WHEN i % 997 = 1 THEN 'bounced' WHEN i % 1009 = 2 THEN 'refused' WHEN i % 503 = 3 THEN 'held' \
               WHEN i % 211 = 4 THEN 'skipped' WHEN i % 809 = 5 THEN 'cancelled' WHEN i % 4001 = 6 THEN 'missed' \
               WHEN i % 50021 = 7 THEN 'uncertain' WHEN i % 1501 = 8 THEN 'deferred' ELSE 'sent' END AS status \
           FROM numbers JOIN states ON n = i % {MISSIONS}) \
         INSERT INTO dispatches (key, campaign, step, delegation, position, status, reason, via, due, next_at, milestone, \
           milestone_day, provisional, language, sender, recipients, domain, subject, digest, seal, message_id, reply_token, \
           follows, rules, why, waived, only_to, attempts, fence, sent_at, updated_at) \
         SELECT i + 1, 'campaign-' || substr(CAST(100000 + c AS TEXT), 2), 'step-' || substr(CAST(100 + s AS TEXT), 2), code, s, status, \
           CASE WHEN status IN ('bounced', 'refused', 'held', 'skipped', 'cancelled', 'missed', 'uncertain', 'deferred') \
             THEN 'reason ' || CAST(i % 7 AS TEXT) WHEN status = 'sent' AND i % 2003 = 9 THEN 'left without a copy' END, \
           CASE WHEN status IN ('planned', 'approved', 'held', 'skipped', 'missed', 'cancelled') THEN NULL ELSE 'smtp' END, \
           CASE WHEN i < {due} THEN {now} - 60000 ELSE at END, \
           CASE WHEN i < {due} THEN {now} - 60000 WHEN status = 'deferred' THEN {now} + 3600000 ELSE at END, \
           'custom:launch', '2018-03-20', FALSE, 'en', 'outreach@coalition.example', \
           '{{\"to\":[\"mission@' || code || '.mission.example\"],\"cc\":[]}}', code || '.mission.example', \
           'Joint letter ' || CAST(s AS TEXT), 'sha256:' || substr(name || name || name || name || name, 1, 64), \
           'sha256:' || substr(name || name || name || name || name, 2, 64), \
           '<' || substr(name || name || name, 1, 32) || '@coalition.example>', 'token' || name, NULL, \
           '{{\"no_answer\":false,\"skip_when_late\":false,\"late_by_ms\":14400000,\"give_up_ms\":172800000,\"send_when_provisional\":false}}', \
           '[\"custom:launch is 2018-03-20.\"]', '[]', '[]', \
           CASE WHEN status IN ('sent', 'bounced', 'refused', 'uncertain', 'deferred') THEN 1 ELSE 0 END, \
           CASE WHEN status IN ('sent', 'bounced', 'refused', 'uncertain', 'deferred') THEN 1 ELSE 0 END, \
           CASE WHEN status IN ('sent', 'bounced') THEN at + 1000 END, at FROM letters",
        numbers = numbers(from, until),
        states = states.join(", "),
        of_campaign = STEPS * MISSIONS,
    )
}

fn attempts(from: u64, until: u64) -> String {
    format!(
        "INSERT INTO attempts (dispatch, fence, worker, via, claimed_at, ended_at, outcome, detail, recipients, domains, filed_at) \
         SELECT key, 1, 'worker-1', 'smtp', due, due + 1000, CASE WHEN status = 'uncertain' THEN 'unknown' WHEN status = 'refused' \
           THEN 'refused' WHEN status = 'deferred' THEN 'put-off' ELSE 'taken' END, '250 2.0.0 Ok: queued as ' || CAST(key AS TEXT), \
           '[]', domain, due + 2000 FROM dispatches WHERE key > {from} AND key <= {until} AND attempts > 0"
    )
}

fn history(from: u64, until: u64) -> String {
    format!(
        "INSERT INTO history (dispatch, at, event, before, after, by_whom, reason) \
         SELECT key, due - 864000000, 'plan', NULL, 'planned', 'officer', NULL FROM dispatches WHERE key > {from} AND key <= {until} \
         UNION ALL \
         SELECT key, due, 'taken', 'sending', status, 'worker-1', reason FROM dispatches \
           WHERE key > {from} AND key <= {until} AND attempts > 0"
    )
}

/// Of ten entries one is an answer that came unread, and the next one its classification; one in a hundred of those is missing.
fn entries(size: Size, from: u64, until: u64) -> String {
    let (all, now) = (size.entries, size.now.millis());
    format!(
        "{numbers} INSERT INTO entries (key, at, recorded_at, campaign, delegation, dispatch, kind, stance, ask, from_whom, subject, \
           body, matched_by, confidence, attachments, corrects, by_whom) \
         SELECT i + 1, {now} - ({all} - i) * 60000, {now} - ({all} - i) * 60000 + 5000, d.campaign, d.delegation, d.key, \
           CASE WHEN i % 10 < 2 THEN 'reply' WHEN i % 10 < 5 THEN 'auto-reply' WHEN i % 10 < 6 THEN 'bounce' WHEN i % 10 < 7 THEN 'receipt' \
             WHEN i % 10 < 8 THEN 'call' ELSE 'note' END, \
           CASE WHEN i % 10 = 0 THEN 'unread' WHEN i % 10 = 1 THEN 'will-support' WHEN i % 10 = 7 THEN 'considering' END, \
           CASE WHEN i % 10 = 1 OR i % 10 = 7 THEN 'statement' END, 'mission@' || d.delegation || '.mission.example', \
           'Re: ' || d.subject, 'We thank you for your letter of this month and will study it with care.', 'message-id', 'certain', '[]', \
           CASE WHEN i % 10 = 1 AND i % 1000 <> 1 THEN i END, 'collect' \
         FROM numbers JOIN dispatches d ON d.key = (CASE WHEN i % 10 = 1 THEN i - 1 ELSE i END) * 7919 % {letters} + 1",
        numbers = numbers(from, until),
        letters = size.dispatches,
    )
}
