//! What a transaction says to its database, in as few ways there and back as may be.
//!
//! Writes whose answers nobody needs at once wait here, and go along with the next question, or with the commit. How many rows each
//! must change is said beforehand: if a claim is not ours any more, the transaction fails, whenever that comes to light.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

use super::StoreError;
use super::bound::Bound;
use super::held::{Answer, Held};

#[derive(Debug)]
pub(super) struct Transaction {
    line: Line,
    waiting: Mutex<Vec<Script>>,
}

#[derive(Debug)]
enum Line {
    /// The driver's own: a way for each statement.
    Own(DatabaseTransaction),
    /// SQLite's: a way for each script.
    Held(Held),
}

/// Writes that go together, and share their values.
#[derive(Debug, Default)]
struct Script {
    writes: Vec<Write>,
    bound: Bound,
}

#[derive(Debug)]
struct Write {
    table: &'static str,
    sql: String,
    /// How many it must change, or may change at most.
    rows: usize,
    exactly: bool,
}

impl Transaction {
    pub fn of(tx: DatabaseTransaction) -> Self {
        Self { line: Line::Own(tx), waiting: Mutex::default() }
    }

    /// On SQLite, for a turn.
    pub async fn hold(db: &DatabaseConnection) -> Result<Self, DbErr> {
        Ok(Self { line: Line::Held(Held::hold(db).await?), waiting: Mutex::default() })
    }

    /// Begins in fact, which else is left to the first question.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin(&self) -> Result<(), DbErr> {
        match &self.line {
            Line::Own(_) => Ok(()),
            Line::Held(held) => held.begin().await,
        }
    }

    /// Adds the statement that `write` makes with its values. It must change `rows` rows of `table`; where there are none it is
    /// left out.
    pub fn later(&self, table: &'static str, rows: usize, write: impl FnOnce(&mut Bound) -> String) {
        self.add(table, rows, true, write);
    }

    /// As [`Transaction::later`], for rows that may be missing.
    pub fn later_if_there(&self, table: &'static str, rows: usize, write: impl FnOnce(&mut Bound) -> String) {
        self.add(table, rows, false, write);
    }

    fn add(&self, table: &'static str, rows: usize, exactly: bool, write: impl FnOnce(&mut Bound) -> String) {
        if rows == 0 {
            return;
        }
        let mut waiting = self.waiting();
        // PostgreSQL runs a script as one statement, in which no row can be changed twice.
        let apart = |script: &Script| self.is_postgres() && script.writes.iter().any(|write| write.table == table);
        if waiting.last().is_none_or(apart) {
            waiting.push(Script::default());
        }
        if let Some(script) = waiting.last_mut() {
            let sql = write(&mut script.bound);
            script.writes.push(Write { table, sql, rows, exactly });
        }
    }

    /// Asks the question that `question` makes with its values, behind all that waits.
    ///
    /// # Errors
    /// When the database refuses, or something that waited did not change what it had to.
    pub async fn ask(&self, question: impl FnOnce(&mut Bound) -> String) -> Result<Vec<QueryResult>, StoreError> {
        let Line::Held(held) = &self.line else {
            self.flush().await?;
            let mut bound = Bound::default();
            let sql = question(&mut bound);
            return Ok(self.query_all_raw(bound.statement(self.get_database_backend(), sql)).await?);
        };
        let mut script = self.take().pop().unwrap_or_default();
        let question = question(&mut script.bound);
        let values = script.bound.take();
        let mut sql = script.sql();
        sql.push(&question);
        let mut answers = held.run(&sql, values).await?;
        let answer = answers.pop().unwrap_or_default();
        script.check(answers.iter().map(|answer| answer.done.rows_affected()))?;
        Ok(answer.rows)
    }

    /// Makes everything durable, with all that waits.
    ///
    /// # Errors
    /// When the database cannot promise it, or something that waited did not change what it had to. Whether it happened is then
    /// unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        let mut waiting = self.take();
        match self.line {
            Line::Held(held) => {
                let mut script = waiting.pop().unwrap_or_default();
                let values = script.bound.take();
                let answers = held.commit(&script.sql(), values).await?;
                script.check(answers.iter().map(|answer| answer.done.rows_affected()))
            }
            Line::Own(tx) => {
                for script in waiting {
                    script.run(&tx).await?;
                }
                Ok(tx.commit().await?)
            }
        }
    }

    /// Runs what waits.
    ///
    /// # Errors
    /// As [`Transaction::ask`].
    pub async fn flush(&self) -> Result<(), StoreError> {
        for mut script in self.take() {
            match &self.line {
                Line::Own(tx) => script.run(tx).await?,
                Line::Held(held) => {
                    let values = script.bound.take();
                    let answers = held.run(&script.sql(), values).await?;
                    script.check(answers.iter().map(|answer| answer.done.rows_affected()))?;
                }
            }
        }
        Ok(())
    }

    fn is_postgres(&self) -> bool {
        self.get_database_backend() == DbBackend::Postgres
    }

    fn take(&self) -> Vec<Script> {
        std::mem::take(&mut *self.waiting())
    }

    /// Whoever died with it has left it whole: a statement is added when its values are.
    fn waiting(&self) -> MutexGuard<'_, Vec<Script>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn sql(&self) -> Vec<&str> {
        self.writes.iter().map(|write| write.sql.as_str()).collect()
    }

    fn check(&self, changed: impl Iterator<Item = u64>) -> Result<(), StoreError> {
        let amiss = |write: &Write, changed: u64| match write.exactly {
            true => changed != write.rows as u64,
            false => changed > write.rows as u64,
        };
        match changed.zip(&self.writes).find(|(changed, write)| amiss(write, *changed)) {
            None => Ok(()),
            Some((changed, Write { table, rows, .. })) => {
                Err(StoreError::Changed(format!("a row of {table} ({changed} of {rows} were as they had been read)")))
            }
        }
    }

    /// In one statement, by the driver's own transaction.
    async fn run(mut self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        let backend = tx.get_database_backend();
        if backend != DbBackend::Postgres {
            // In memory: here the driver tells of all statements together.
            let statement = self.bound.statement(backend, self.sql().join(";\n"));
            let changed = tx.execute_raw(statement).await?.rows_affected();
            let all = |exactly_only: bool| {
                self.writes.iter().filter(|w| w.exactly || !exactly_only).map(|w| w.rows as u64).sum::<u64>()
            };
            return match (all(true)..=all(false)).contains(&changed) {
                true => Ok(()),
                false => Err(StoreError::Changed("a row".to_owned())),
            };
        }
        let (mut parts, mut counts) = (Vec::new(), Vec::new());
        for (n, write) in self.writes.iter().enumerate() {
            parts.push(format!("w{n} AS ({} RETURNING 1)", write.sql));
            counts.push(format!("(SELECT COUNT(*) FROM w{n}) AS w{n}"));
        }
        let sql = format!("WITH {} SELECT {}", parts.join(", "), counts.join(", "));
        let row = tx.query_one_raw(self.bound.statement(backend, sql)).await?;
        let row = row.ok_or_else(|| StoreError::Changed("a row".to_owned()))?;
        let changed = (0..self.writes.len()).map(|n| Ok(row.try_get::<i64>("", &format!("w{n}"))?.cast_unsigned()));
        self.check(changed.collect::<Result<Vec<u64>, DbErr>>()?.into_iter())
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match &self.line {
            Line::Own(tx) => tx.get_database_backend(),
            Line::Held(_) => DbBackend::Sqlite,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.flush().await.map_err(as_db)?;
        match &self.line {
            Line::Own(tx) => tx.execute_raw(statement).await,
            Line::Held(held) => Ok(one(held, statement).await?.done.into()),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.flush().await.map_err(as_db)?;
        match &self.line {
            Line::Own(tx) => tx.execute_unprepared(sql).await,
            Line::Held(held) => Ok(one(held, Statement::from_string(DbBackend::Sqlite, sql)).await?.done.into()),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.flush().await.map_err(as_db)?;
        match &self.line {
            Line::Own(tx) => tx.query_one_raw(statement).await,
            Line::Held(held) => Ok(one(held, statement).await?.rows.into_iter().next()),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.flush().await.map_err(as_db)?;
        match &self.line {
            Line::Own(tx) => tx.query_all_raw(statement).await,
            Line::Held(held) => Ok(one(held, statement).await?.rows),
        }
    }
}

/// What the driver's own traits can carry.
fn as_db(error: StoreError) -> DbErr {
    match error {
        StoreError::Db(error) => error,
        other => DbErr::Custom(other.to_string()),
    }
}

/// A statement of somebody else's making, by itself: it numbers its values its own way.
async fn one(held: &Held, statement: Statement) -> Result<Answer, DbErr> {
    let values = statement.values.map_or_else(Vec::new, |values| values.0);
    let mut answers = held.run(&[&statement.sql], values).await?;
    Ok(answers.pop().unwrap_or_default())
}
