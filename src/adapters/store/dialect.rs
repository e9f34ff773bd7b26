//! All that differs between SQLite and PostgreSQL.

use std::time::Duration;

use migrations::{Migrator, MigratorTrait as _};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection as _, SqliteConnection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbErr, IdenStatic, Iterable,
    QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
};

use super::line::Line;
use super::lineage::TIMELINE;
use super::transaction::Transaction;
use super::{Location, StoreError, postgres, private_folder};
use crate::vocabulary::Instant;

/// How long a statement waits for another program that holds the database.
const WAIT_FOR_LOCK: Duration = Duration::from_secs(20);

/// The name under which PostgreSQL shows a connection of this program, and of one that sends.
pub(super) const PROGRAM: &str = "demarche";
pub(super) const WORKER: &str = "demarche worker";

/// PostgreSQL's own clock, in milliseconds.
const HOUR: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Which of the two databases it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What the database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To be written; a file is made where there is none.
    Write,
    /// To be written if it may be, else to be read: the log must not be out of reach because a disk went read-only.
    ReadAtLeast,
}

pub(super) async fn connect(
    location: &Location,
    name: &'static str,
    access: Access,
) -> Result<(Line, Dialect), StoreError> {
    match location {
        Location::Sqlite(path) => {
            let shown = path.display().to_string();
            // Made here, and not by SQLite, so that its rights are right from the first byte; -wal and -shm take after it.
            let made = private_folder(path).and_then(|()| {
                crate::adapters::private::file(path).map_err(|source| StoreError::Open { path: shown, source })
            });
            let mut options = ConnectOptions::new("sqlite:");
            let file = path.clone();
            match made {
                Ok(_) => sqlite_options(&mut options, move |o| {
                    // Else a statement that changes many rows makes a file, to take itself back from. Where long lists are sorted
                    // a file is right.
                    let aside = if name == WORKER { "MEMORY" } else { "DEFAULT" };
                    o.filename(file.clone()).pragma("temp_store", aside)
                }),
                Err(error) if access == Access::ReadAtLeast && may_only_be_read(&error) => {
                    let nothing_beside = wal_is_empty(path);
                    sqlite_options(&mut options, move |o| {
                        // What waits in -wal is read along where there is any; else nothing may be made beside the file.
                        o.filename(file.clone()).create_if_missing(false).read_only(true).immutable(nothing_beside)
                    });
                }
                Err(error) => return Err(error),
            }
            Ok((Line::to_a_file(open_sqlite(&options).await?), Dialect::Sqlite))
        }
        Location::Postgres { url, password } => {
            let connected = postgres::connect(url, password.as_ref(), name).await;
            connected.map(|line| (line, Dialect::Postgres)).map_err(|e| StoreError::Unreachable(url.clone(), e))
        }
    }
}

fn may_only_be_read(error: &StoreError) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error, StoreError::Open { source, .. } if [PermissionDenied, ReadOnlyFilesystem].contains(&source.kind()))
}

fn wal_is_empty(path: &std::path::Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).map_or(true, |meta| meta.len() == 0)
}

/// Where several open a new file at once, the change of its journal is refused at once, and not after [`WAIT_FOR_LOCK`]: SQLite
/// asks nobody to wait where waiting could be for ever.
async fn open_sqlite(options: &ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    const PAUSE: Duration = Duration::from_millis(50);
    let tries = WAIT_FOR_LOCK.as_millis() / PAUSE.as_millis();
    for _ in 1..tries {
        match Database::connect(options.clone()).await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
            opened => return opened,
        }
    }
    Database::connect(options.clone()).await
}

/// SQLITE_BUSY, with any of its extended codes.
fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xFF == 5)
}

pub(super) async fn connect_memory() -> Result<(Line, Dialect), StoreError> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    sqlite_options(&mut options, |o| o);
    Ok((Line::straight(Database::connect(options).await?), Dialect::Sqlite))
}

/// `synchronous=FULL`: with less, a power cut could forget that a letter was sent. `secure_delete`: what is erased is gone.
fn sqlite_options(
    options: &mut ConnectOptions,
    also: impl Fn(sea_orm::sqlx::sqlite::SqliteConnectOptions) -> sea_orm::sqlx::sqlite::SqliteConnectOptions
    + Send
    + Sync
    + 'static,
) {
    options.max_connections(1).sqlx_logging(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    // It is in this very process: whether it still answers need not be asked each time.
    options.test_before_acquire(false);
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        Box::pin(std::future::ready(Ok(is_outside_of_transactions(connection))))
    });
    options.map_sqlx_sqlite_opts(move |o| {
        also(o.create_if_missing(true))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(WAIT_FOR_LOCK)
            .foreign_keys(true)
            // KiB, negative as SQLite wants it. With its own 2 MiB the indexes of a long list are read again in every turn.
            .pragma("cache_size", "-16384")
            .pragma("secure_delete", "ON")
    });
}

/// Whether the next `BEGIN` on this connection will be a real one; if not, the connection is closed and another one opened.
///
/// When a `COMMIT` fails, as on a full disk, SQLite may roll back by itself. The driver then still counts one transaction as
/// open, turns the next `BEGIN` into a savepoint inside of nothing, and reports its release as a commit that no disk ever saw: a
/// letter would leave that nobody remembers. Every system call of a send was made to fail to find this.
///
/// It is the driver's count of its own transactions; [`super::held`] sees to its own.
fn is_outside_of_transactions(connection: &SqliteConnection) -> bool {
    // What was still to be rolled back has been: the driver asks the connection something when it is given back.
    !connection.is_in_transaction()
}

/// The names of the schema's changes that the database has seen; none when it is new.
pub(super) async fn applied_changes(db: &Line, dialect: Dialect) -> Result<Vec<String>, DbErr> {
    let exists = match dialect {
        Dialect::Sqlite => "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
        Dialect::Postgres => {
            "SELECT COUNT(*) AS n FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
    };
    let backend = db.get_database_backend();
    let there: i64 = match db.query_one_raw(Statement::from_string(backend, exists)).await? {
        Some(row) => row.try_get("", "n")?,
        None => 0,
    };
    if there == 0 {
        return Ok(Vec::new());
    }
    let applied = Migrator::get_migration_models(db).await?;
    Ok(applied.into_iter().map(|m| m.version).collect())
}

/// Keeps two programs that start together from changing the schema twice. SQLite's writing transaction does that by itself.
pub(super) async fn lock_schema(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    if dialect == Dialect::Postgres {
        // The number has no meaning but to be ours; the lock ends with the transaction, so a pooler may stand in between.
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(6420180226)").await?;
    }
    Ok(())
}

/// What else may go on while a transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Nothing: what it has read is still so when it writes, as `BEGIN IMMEDIATE` makes it on SQLite. Else a plan could put other
    /// bytes under an approval that is given in the same moment.
    Alone,
    /// The turns of other workers: each writes of letters that it holds itself.
    OtherTurns,
}

pub(super) async fn begin(db: &Line, company: Company) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = db.begin_with_options(options).await?;
    if db.get_database_backend() == sea_orm::DbBackend::Postgres {
        // These locks end with the transaction, so a pooler may stand in between. And nobody waits for ever for a table that somebody
        // has locked: as long as on SQLite, [`WAIT_FOR_LOCK`].
        tx.execute_unprepared(match company {
            Company::Alone => "SET LOCAL lock_timeout = '20s'; SELECT pg_advisory_xact_lock(6420180227)",
            Company::OtherTurns => "SET LOCAL lock_timeout = '20s'; SELECT pg_advisory_xact_lock_shared(6420180227)",
        })
        .await?;
    }
    Ok(tx)
}

/// Says what time it is for leases and ceilings: on PostgreSQL the database's time, because the workers' clocks may differ.
/// With it comes the server's timeline, where it is asked for: on another one nobody sends.
pub(super) async fn time(
    tx: &Transaction,
    dialect: Dialect,
    now: Instant,
    timeline: Option<&str>,
) -> Result<Instant, StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(now);
    }
    let sql = format!("SELECT {}", clock(dialect, timeline));
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    row.map_or(Ok(now), |row| read_clock(&row, dialect, now, timeline))
}

/// In SQL, the columns that [`read_clock`] reads.
pub(super) fn clock(dialect: Dialect, timeline: Option<&str>) -> String {
    match (dialect, timeline) {
        (Dialect::Sqlite, _) => "NULL AS now".to_owned(),
        (Dialect::Postgres, None) => format!("{HOUR} AS now, NULL AS timeline"),
        (Dialect::Postgres, Some(_)) => format!("{HOUR} AS now, {TIMELINE} AS timeline"),
    }
}

/// As [`time`], from a row that was asked for other things, too.
pub(super) fn read_clock(
    row: &QueryResult,
    dialect: Dialect,
    now: Instant,
    timeline: Option<&str>,
) -> Result<Instant, StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(now);
    }
    let there: Option<String> = row.try_get("", "timeline")?;
    match (timeline, there) {
        (Some(before), Some(there)) if before != there => Err(StoreError::Forgetful(format!(
            "the server failed over or was restored (timeline {before}, now {there})"
        ))),
        _ => Ok(Instant::from_millis(row.try_get("", "now")?)),
    }
}

/// The hour by PostgreSQL's own clock.
pub(super) async fn server_hour(db: &impl ConnectionTrait) -> Result<Instant, DbErr> {
    let sql = format!("SELECT {HOUR} AS now");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the hour".to_owned()))?;
    Ok(Instant::from_millis(row.try_get("", "now")?))
}

/// As [`time`], once one worker at a time counts and claims, so that ceilings are kept over all of them together.
pub(super) async fn claim_turn(
    tx: &Transaction,
    dialect: Dialect,
    now: Instant,
    timeline: Option<&str>,
) -> Result<Instant, StoreError> {
    if dialect == Dialect::Sqlite {
        tx.begin().await?;
        return Ok(now);
    }
    // The clock is read when the lock has been given: a row of the first part is a row of the second.
    let sql = format!(
        "WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(6420180228)) SELECT {} FROM turn",
        clock(dialect, timeline)
    );
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    row.map_or(Ok(now), |row| read_clock(&row, dialect, now, timeline))
}

/// The texts of a group's rows, with commas in between, in any order.
pub(super) fn joined(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("group_concat({text}, ',')"),
        Dialect::Postgres => format!("string_agg({text}, ',')"),
    }
}

/// All columns of the table called `name`, as one JSON array in their order.
pub(super) fn json_of_columns<C: Iterable + IdenStatic>(dialect: Dialect, name: &str) -> String {
    let columns: Vec<String> = C::iter().map(|column| format!("{name}.{}", column.as_str())).collect();
    let columns = columns.join(", ");
    match dialect {
        // SQLite knows no true and no false.
        Dialect::Sqlite => {
            let columns = columns
                .replace(&format!("{name}.provisional"), &format!("json(iif({name}.provisional, 'true', 'false'))"));
            format!("json_array({columns})")
        }
        Dialect::Postgres => format!("json_build_array({columns})::text"),
    }
}

/// Rows that another worker is just deciding about are passed over; SQLite has one writer at a time anyhow.
pub(super) fn skip_locked(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE OF d SKIP LOCKED",
    }
}

/// Workers that are connected to this PostgreSQL database, as far as it shows them; on SQLite a lock on the file says so.
pub(super) async fn workers_connected(tx: &Transaction, dialect: Dialect) -> Result<i64, DbErr> {
    if dialect == Dialect::Sqlite {
        return Ok(0);
    }
    let sql = format!(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{WORKER}'"
    );
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// Every column of every table of ours, as the database has them.
pub(super) async fn columns(tx: &Transaction, dialect: Dialect) -> Result<Vec<(String, String)>, DbErr> {
    let sql = match dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS of_table, c.name AS of_column FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'"
        }
        Dialect::Postgres => {
            "SELECT table_name::text AS of_table, column_name::text AS of_column FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name <> 'seaql_migrations'"
        }
    };
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    rows.into_iter().map(|row| Ok((row.try_get("", "of_table")?, row.try_get("", "of_column")?))).collect()
}

/// Lets the numbers of new rows begin behind those that were copied. SQLite does so by itself.
pub(super) async fn number_on(tx: &Transaction, dialect: Dialect) -> Result<(), DbErr> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    let sql = "SELECT table_name::text AS of_table, column_name::text AS of_column FROM information_schema.columns \
               WHERE table_schema = current_schema() AND is_identity = 'YES'";
    for row in tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await? {
        let (table, column): (String, String) = (row.try_get("", "of_table")?, row.try_get("", "of_column")?);
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)"
        );
        tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    }
    Ok(())
}
