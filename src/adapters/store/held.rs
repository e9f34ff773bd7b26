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
            State::Over => return Err(DbErr::Custom("the transaction is over".to_owned())),
        };
        self.state = State::Open;
        let sql: Vec<&str> = begin.into_iter().chain(script.iter().copied()).collect();
        let answers = self.answers(&sql.join(";\n"), values, sql.len()).await;
        match answers {
            Ok(mut answers) => {
                answers.drain(..usize::from(begin.is_some()));
                Ok(answers)
            }
            Err(error) => {
                // Where SQLite has rolled back by itself this is refused, and the connection is closed to be sure.
                if sqlx::raw_sql("ROLLBACK").execute(&mut *self.line).await.is_ok() {
                    self.state = State::Over;
                }
                Err(exec(error))
            }
        }
    }

    async fn answers(&mut self, sql: &str, values: Vec<Value>, statements: usize) -> Result<Vec<Answer>, sqlx::Error> {
        let values = SqlxValues(sea_orm::sea_query::Values(values));
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), values);
        let mut answers = Vec::with_capacity(statements);
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
        if connection.state == State::Open {
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
