//! SQLite's connection, held for one transaction of many statements.
//!
//! SQLite runs in a thread of its own. A way to it and back costs as much as writing ten rows, so a script of statements goes in
//! one. The driver's own transactions want a way for each statement, and one each for the beginning and for the end.

use futures_util::TryStreamExt as _;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::sqlite::SqliteQueryResult;
use sea_orm::sqlx::{self, AssertSqlSafe, Either, Executor as _, Sqlite};
use sea_orm::{DatabaseConnection, DbErr, QueryResult, RuntimeErr, Value};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Mutex;

/// What one statement answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub rows: Vec<QueryResult>,
    /// What a writing statement has changed.
    pub done: SqliteQueryResult,
}

/// Dropped before it is over, it closes the connection, with which SQLite rolls back: another one is opened for whoever comes next.
#[derive(Debug)]
pub(super) struct Held(Mutex<Connection>);

#[derive(Debug)]
struct Connection {
    line: PoolConnection<Sqlite>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `BEGIN` goes with the first statement.
    NotBegun,
    Open,
    /// A statement was refused, or its answer was not waited for.
    Broken,
    Over,
}

impl Held {
    /// # Errors
    /// When no connection can be had.
    pub async fn hold(db: &DatabaseConnection) -> Result<Self, DbErr> {
        let line = db.get_sqlite_connection_pool().acquire().await.map_err(conn)?;
        Ok(Self(Mutex::new(Connection { line, state: State::NotBegun })))
    }

    /// # Errors
    /// When another program keeps the database to itself for too long.
    pub async fn begin(&self) -> Result<(), DbErr> {
        let mut connection = self.0.lock().await;
        if connection.state == State::NotBegun {
            connection.run(&[], Vec::new()).await?;
        }
        Ok(())
    }

    /// Runs a script, whose statements share `values`, and gives what each of them answered.
    ///
    /// # Errors
    /// When the database refuses one of them: nothing of the transaction is kept then.
    pub async fn run(&self, script: &[&str], values: Vec<Value>) -> Result<Vec<Answer>, DbErr> {
        self.0.lock().await.run(script, values).await
    }

    /// As [`Held::run`], and makes everything durable.
    ///
    /// # Errors
    /// As there. Whether it was made durable is then unknown.
    pub async fn commit(self, script: &[&str], values: Vec<Value>) -> Result<Vec<Answer>, DbErr> {
        let mut connection = self.0.lock().await;
        if script.is_empty() && connection.state == State::NotBegun {
            return Ok(Vec::new());
        }
        let script: Vec<&str> = script.iter().copied().chain(["COMMIT"]).collect();
        let mut answers = connection.run(&script, values).await?;
        connection.state = State::Over;
        answers.pop();
        Ok(answers)
    }
}

impl Connection {
    async fn run(&mut self, script: &[&str], values: Vec<Value>) -> Result<Vec<Answer>, DbErr> {
        let begin = match self.state {
            State::NotBegun => Some("BEGIN IMMEDIATE"),
            State::Open => None,
            State::Broken | State::Over => return Err(DbErr::Custom("the transaction is over".to_owned())),
        };
        // Until all of it has been answered, nobody knows what was done.
        self.state = State::Broken;
        let sql: Vec<&str> = begin.into_iter().chain(script.iter().copied()).collect();
        let mut answers = self.answers(&sql.join(";\n"), values).await.map_err(exec)?;
        // Should the thread that owns the database die, its answers just end.
        if answers.len() < sql.len() {
            return Err(exec(sqlx::Error::WorkerCrashed));
        }
        answers.drain(..usize::from(begin.is_some()));
        self.state = State::Open;
        Ok(answers)
    }

    async fn answers(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Answer>, sqlx::Error> {
        let values = SqlxValues(sea_orm::sea_query::Values(values));
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), values);
        let mut answers = Vec::new();
        let mut rows = Vec::new();
        let mut stream = (&mut *self.line).fetch_many(query);
        while let Some(heard) = stream.try_next().await? {
            match heard {
                Either::Right(row) => rows.push(QueryResult::from(row)),
                Either::Left(done) => {
                    answers.push(Answer { rows: std::mem::take(&mut rows), done });
                }
            }
        }
        Ok(answers)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let connection = self.0.get_mut();
        if matches!(connection.state, State::Open | State::Broken) {
            connection.line.close_on_drop();
        }
    }
}

fn conn(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

fn exec(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::{Location, Store};

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&Location::Sqlite(folder.path().join("demarche.db"))).await.unwrap()
    }

    async fn mailboxes(store: &Store) -> Vec<String> {
        let mut found = Vec::new();
        for name in ["one", "two"] {
            let tx = store.begin().await.unwrap();
            if tx.mailbox_read(name).await.unwrap().at.is_some() {
                found.push(name.to_owned());
            }
        }
        found
    }

    fn noted(name: &str) -> String {
        format!("INSERT INTO mailboxes (name, validity, read_at, watched) VALUES ('{name}', 0, 1, 0)")
    }

    #[tokio::test]
    async fn a_script_is_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let refused = Held::hold(store.db.plain()).await.unwrap();
        let (one, two) = (noted("one"), noted("two"));
        assert!(refused.run(&[&one, "no SQL", &two], Vec::new()).await.is_err());
        assert!(refused.run(&[&two], Vec::new()).await.is_err(), "after a failure nothing more is written");
        assert!(refused.commit(&[], Vec::new()).await.is_err());
        assert_eq!(mailboxes(&store).await, Vec::<String>::new());
        let held = Held::hold(store.db.plain()).await.unwrap();
        held.run(&[&one], Vec::new()).await.unwrap();
        held.commit(&[&two], Vec::new()).await.unwrap();
        assert_eq!(mailboxes(&store).await, ["one", "two"]);
    }

    #[tokio::test]
    async fn what_is_dropped_leaves_nothing_behind_and_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let held = Held::hold(store.db.plain()).await.unwrap();
        held.run(&[&noted("one")], Vec::new()).await.unwrap();
        drop(held);
        assert_eq!(mailboxes(&store).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_commit_that_the_database_s_thread_did_not_live_to_see_is_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let held = Held::hold(store.db.plain()).await.unwrap();
        // The driver panics over a place with the number 0.
        let ended = held.commit(&[&noted("one"), "SELECT $0", &noted("two")], vec![Value::from(1)]).await;
        assert!(ended.is_err(), "{ended:?}");
        assert_eq!(mailboxes(&store).await, Vec::<String>::new());
    }
}
