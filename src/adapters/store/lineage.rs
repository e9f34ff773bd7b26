//! Which server's history the database is. A PostgreSQL that failed over, or was restored, goes on under another timeline, and may
//! have lost its last changes.

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, DbErr, RuntimeErr, Statement, Value};

use super::dialect::Dialect;
use super::{Store, StoreError, Tx};
use crate::delivery::remembrance::Lineage;

/// The timeline that changes are written to now, from the name of the file that they go to. The control file's own column
/// follows a promotion only with the next checkpoint, which may be minutes later.
pub(super) const TIMELINE: &str = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

impl Store {
    /// As the server says now; `None` on SQLite. What its functions do not tell an ordinary user, or a service's own PostgreSQL
    /// not at all, is left empty: that cannot be checked then.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn lineage(&self) -> Result<Option<Lineage>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let system = self.word("SELECT system_identifier::text AS word FROM pg_control_system()").await?;
        let timeline = self.word(&format!("SELECT {TIMELINE} AS word")).await?;
        Ok(Some(Lineage { system, timeline }))
    }

    async fn word(&self, sql: &str) -> Result<Option<String>, StoreError> {
        match self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await {
            Ok(row) => Ok(row.map(|row| row.try_get("", "word")).transpose()?),
            Err(error) if is_not_told(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As it was at the last comparison.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remembered_lineage(&self) -> Result<Option<Lineage>, StoreError> {
        let sql = "SELECT system_id, timeline FROM lineage";
        let row = self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Lineage { system: row.try_get("", "system_id")?, timeline: row.try_get("", "timeline")? }))
    }

    /// From now on each turn at the outbox asks whether the server still writes to this timeline, and ends in an error if not.
    #[must_use]
    pub fn on_timeline_of(mut self, lineage: Option<&Lineage>) -> Self {
        self.timeline = lineage.and_then(|lineage| lineage.timeline.as_deref()).map(Arc::from);
        self
    }
}

impl Tx {
    /// # Errors
    /// When the database refuses.
    pub async fn note_lineage(&self, lineage: &Lineage) -> Result<(), StoreError> {
        let sql = "INSERT INTO lineage (id, system_id, timeline) VALUES (1, $1, $2) \
                   ON CONFLICT (id) DO UPDATE SET system_id = $1, timeline = $2";
        let values: Vec<Value> = vec![lineage.system.clone().into(), lineage.timeline.clone().into()];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }
}

/// No right to ask (42501), no such function (42883), not offered (0A000).
fn is_not_told(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["42501", "42883", "0A000"].contains(&code.as_ref()))
}
