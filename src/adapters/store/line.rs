//! The line to the database: straight, or through a pooler that gives every transaction another of its connections.
//!
//! The driver prepares each statement under a name and runs it in a second step. A transaction pooler (`PgBouncer` with
//! `pool_mode = transaction`) may lead the two steps to two connections of the server, where the name is unknown, or is another
//! client's. So behind one everything happens inside transactions, and each begins by forgetting whatever names were left on
//! the connection that it was given. That costs a few round trips a question; a straight line does without them.

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions, TransactionTrait as _,
};

use super::transaction::Transaction;

/// Leaves no name behind that the driver could meet again. `PgBouncer` 1.21.0 with `max_prepared_statements` does not
/// understand it; the versions before and after do.
const FORGET_NAMES: &str = "DEALLOCATE ALL";

#[derive(Debug, Clone)]
pub(super) struct Line {
    db: DatabaseConnection,
    pooled: bool,
    /// SQLite in a file: a database in memory is gone with its connection.
    may_be_held: bool,
}

impl Line {
    pub(super) fn straight(db: DatabaseConnection) -> Self {
        Self { db, pooled: false, may_be_held: false }
    }

    pub(super) fn to_a_file(db: DatabaseConnection) -> Self {
        Self { db, pooled: false, may_be_held: true }
    }

    pub(super) fn pooled(db: DatabaseConnection) -> Self {
        Self { db, pooled: true, may_be_held: false }
    }

    pub(super) async fn begin_with_options(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let tx = self.db.begin_with_options(options).await?;
        if self.pooled {
            tx.execute_unprepared(FORGET_NAMES).await?;
        }
        Ok(tx)
    }

    #[cfg(test)]
    pub(super) fn plain(&self) -> &DatabaseConnection {
        &self.db
    }

    /// A transaction in which a script goes in one, where there is a connection for it.
    pub(super) async fn held(&self) -> Result<Option<Transaction>, DbErr> {
        if self.may_be_held { Transaction::hold(&self.db).await.map(Some) } else { Ok(None) }
    }

    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }
}

#[async_trait]
impl ConnectionTrait for Line {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        if !self.pooled {
            return self.db.execute_raw(statement).await;
        }
        let tx = self.begin().await?;
        let done = tx.execute_raw(statement).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// One step without a name, whatever lies between.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.db.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        if !self.pooled {
            return self.db.query_one_raw(statement).await;
        }
        let tx = self.begin().await?;
        let row = tx.query_one_raw(statement).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if !self.pooled {
            return self.db.query_all_raw(statement).await;
        }
        let tx = self.begin().await?;
        let rows = tx.query_all_raw(statement).await?;
        tx.commit().await?;
        Ok(rows)
    }
}
