//! What the database knows of the time: its own hour, and the hour of what it has recorded.

use sea_orm::{ConnectionTrait as _, Statement};

use super::{Dialect, Store, StoreError, dialect};
use crate::vocabulary::Instant;

impl Store {
    /// The database server's clock; `None` where the database is a file and has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hour(&self) -> Result<Option<Instant>, StoreError> {
        Ok(match self.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(dialect::server_hour(&self.db).await?),
        })
    }

    /// The latest hour among the last thousand moves of dispatches; `None` where none ever moved. Not the last one's alone: what a
    /// worker notes while its clock is wrong must not make that clock right.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_recorded(&self) -> Result<Option<Instant>, StoreError> {
        let sql = "SELECT MAX(latest.at) AS at FROM (SELECT h.at FROM history h ORDER BY h.key DESC LIMIT 1000) latest";
        let row = self.db.query_one_raw(Statement::from_string(self.db.get_database_backend(), sql)).await?;
        let at: Option<i64> = row.map(|row| row.try_get("", "at")).transpose()?.flatten();
        Ok(at.map(Instant::from_millis))
    }
}
