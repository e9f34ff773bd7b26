//! One worker at a time on SQLite: a lock that the operating system takes away when its holder dies.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::private;

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// `holder`: what the other wrote into the file, its process number.
    #[error("another worker runs on this database{}", holder.as_deref().map(|h| format!(" (process {h})")).unwrap_or_default())]
    Held { holder: Option<String> },
    #[error("the lock {} cannot be taken", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The lock, for as long as it lives.
#[derive(Debug)]
pub struct WorkerLock {
    _file: File,
}

impl WorkerLock {
    /// Takes the lock beside the database: `demarche.db` has `demarche.db.worker`.
    ///
    /// # Errors
    /// [`LockError::Held`] at once when another worker has it.
    pub fn take(database: &Path) -> Result<Self, LockError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".worker");
        let path = PathBuf::from(name);
        let failed = |source| LockError::Io { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(failed)?;
        }
        let mut file = private::file(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder).is_ok() && holder.trim().parse::<u32>().is_ok();
                return Err(LockError::Held { holder: read.then(|| holder.trim().to_owned()) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}
