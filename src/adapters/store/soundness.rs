//! Whether a database file is whole, before a worker trusts it with anything.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Statement};

use super::{Dialect, Store, StoreError};

/// The largest file that is read as a whole, in bytes: 64 MiB take about a third of a second. Of a larger one each page is still
/// checked when it is used.
const READ_AS_A_WHOLE: i64 = 64 << 20;

impl Store {
    /// Reads a file of moderate size as a whole. A server looks after its own.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first thing found.
    pub async fn examine(&self) -> Result<(), StoreError> {
        if self.dialect != Dialect::Sqlite {
            return Ok(());
        }
        let ask = async |sql: &str| {
            let statement = Statement::from_string(self.db.get_database_backend(), sql);
            self.db.query_one_raw(statement).await
        };
        let size = "SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()";
        let size: i64 = ask(size).await?.map_or(Ok(0), |row| row.try_get("", "size"))?;
        if size > READ_AS_A_WHOLE {
            return Ok(());
        }
        let found: Option<String> =
            ask("PRAGMA quick_check(1)").await?.map(|row| row.try_get_by_index(0)).transpose()?;
        match found {
            Some(found) if found != "ok" => Err(StoreError::Damaged(found)),
            _ => Ok(()),
        }
    }
}

/// A file of 0 bytes where there was a database is no database without letters: to begin anew from it would be to forget what has
/// left. Another program may be making it in this moment, and is waited for.
pub(super) async fn is_empty(path: &Path) -> bool {
    let empty = || std::fs::metadata(path).is_ok_and(|meta| meta.len() == 0);
    for _ in 0..20 {
        if !empty() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    empty()
}
