//! What is remembered: sea-orm over SQLite or PostgreSQL. Everything that differs between the two is in `dialect`.

mod alike;
mod approvals;
mod bound;
mod claims;
mod copy;
mod dialect;
mod doubts;
mod due;
mod entities;
mod erasure;
mod error;
mod followups;
mod held;
mod history;
mod hours;
mod journals;
mod known;
mod ledger;
mod letters;
mod line;
mod lineage;
mod log;
mod look;
mod mail;
mod mail_details;
mod meetings;
mod neighbours;
mod news;
mod outbox;
mod outcomes;
mod pace;
mod pauses;
mod pen;
mod plans;
mod postgres;
mod rows;
mod sent_copies;
mod slots;
mod soundness;
mod standing;
mod tokens;
mod transaction;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use secrecy::SecretString;

pub use approvals::{ApprovalMail, NewApproval};
pub use claims::Claim;
pub use copy::Copied;
use dialect::Access;
pub use dialect::Dialect;
pub use doubts::DoubtfulAddress;
pub use due::{Due, DueNow, DueQuery};
pub use erasure::Erased;
pub use error::StoreError;
pub use history::{AttemptRecord, HistoryRecord};
pub use journals::ClaimedAs;
pub use known::Asked;
pub use ledger::StanceFact;
pub use log::{EntryFilter, StoredEntry};
pub use look::Look;
pub use mail::{Kept, MailState, MailboxRecord, NewMessage, NotedPlace, ReadMessage, StoredMessage};
pub use mail_details::{MailDetails, shown};
pub use meetings::{MeetingEvent, MeetingFilter, MeetingMove};
pub use outbox::{DispatchFilter, Move};
pub use outcomes::Outcome;
pub use pen::Guessed;
pub use plans::PlanRecord;
pub use sent_copies::Unfiled;
pub use slots::Slot;
pub use standing::{Standing, Waiting};
use transaction::Transaction;

/// Where the database is, ready to be opened.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file. Its folder is made (0700) when it is missing, the file too (0600).
    Sqlite(PathBuf),
    Postgres {
        url: String,
        password: Option<SecretString>,
    },
}

impl Location {
    /// For messages; holds no password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres { url, .. } => url.clone(),
        }
    }
}

/// An open database with an up-to-date schema.
#[derive(Debug, Clone)]
pub struct Store {
    db: line::Line,
    dialect: Dialect,
    /// The server's timeline that turns must still be on; `None`: it is not asked.
    timeline: Option<Arc<str>>,
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    tx: Transaction,
    dialect: Dialect,
    timeline: Option<Arc<str>>,
}

impl Store {
    /// Opens the database, makes it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer program has changed the schema; else what kept it from being opened.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        Self::open_as(location, dialect::PROGRAM).await
    }

    /// As [`Store::open`], under a name by which [`Store::copy_to`] knows a worker.
    ///
    /// # Errors
    /// As there.
    pub async fn open_for_worker(location: &Location) -> Result<Self, StoreError> {
        match location {
            // A missing file is made: a worker may be started before the first plan. One of 0 bytes is refused.
            Location::Sqlite(path) if path.exists() && soundness::is_empty(path).await => Err(StoreError::empty()),
            _ => Self::open_as(location, dialect::WORKER).await,
        }
    }

    async fn open_as(location: &Location, name: &'static str) -> Result<Self, StoreError> {
        let (db, dialect) = dialect::connect(location, name, Access::Write).await?;
        let store = Self { db, dialect, timeline: None };
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database if it is there: reading commands do not make one, and can do with a file that may only be read.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_existing(location: &Location) -> Result<Option<Self>, StoreError> {
        match location {
            Location::Sqlite(path) if !path.exists() => Ok(None),
            Location::Sqlite(path) if soundness::is_empty(path).await => Err(StoreError::empty()),
            _ => {
                let (db, dialect) = dialect::connect(location, dialect::PROGRAM, Access::ReadAtLeast).await?;
                let store = Self { db, dialect, timeline: None };
                store.migrate().await?;
                Ok(Some(store))
            }
        }
    }

    /// A database in memory, for rehearsals and tests: SQLite is its own test double.
    ///
    /// # Errors
    /// When memory runs out.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let (db, dialect) = dialect::connect_memory().await?;
        let store = Self { db, dialect, timeline: None };
        store.migrate().await?;
        Ok(store)
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Runs what is missing of the schema's changes, all or nothing, behind a lock. Returns how many were run.
    ///
    /// # Errors
    /// [`StoreError::Newer`] before anything is touched.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        let known: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
        let applied = dialect::applied_changes(&self.db, self.dialect).await?;
        if let Some(unknown) = applied.iter().find(|name| !known.contains(name)) {
            return Err(StoreError::Newer(unknown.clone()));
        }
        if applied.len() == known.len() {
            return Ok(0);
        }
        let tx = dialect::begin(&self.db, dialect::Company::Alone).await?;
        dialect::lock_schema(&tx, self.dialect).await?;
        Migrator::up(&tx, None).await?;
        tx.commit().await?;
        Ok(known.len() - applied.len())
    }

    /// Begins a writing transaction: on SQLite `BEGIN IMMEDIATE`, so that it never fails half-way for a lock.
    ///
    /// # Errors
    /// When the database cannot be reached or stays locked.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let tx = dialect::begin(&self.db, dialect::Company::Alone).await?;
        Ok(self.transaction(Transaction::of(tx)))
    }

    /// Begins the transaction of a worker's turn. It keeps out [`Store::begin`], but not the turns of other workers.
    ///
    /// # Errors
    /// As [`Store::begin`].
    pub async fn begin_turn(&self) -> Result<Tx, StoreError> {
        let tx = match self.db.held().await? {
            Some(tx) => tx,
            None => Transaction::of(dialect::begin(&self.db, dialect::Company::OtherTurns).await?),
        };
        Ok(self.transaction(tx))
    }

    fn transaction(&self, tx: Transaction) -> Tx {
        Tx { tx, dialect: self.dialect, timeline: self.timeline.clone() }
    }

    /// The secret from which Message-IDs are made; made at the first call.
    ///
    /// # Errors
    /// When the database refuses, or the machine has no random numbers.
    pub async fn secret(&self, now: crate::vocabulary::Instant) -> Result<String, StoreError> {
        use entities::installation::{ActiveModel, Column, Entity};
        use sea_orm::Set;
        if let Some(row) = Entity::find().one(&self.db).await? {
            return Ok(row.secret);
        }
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| StoreError::row("installation", 1, e))?;
        let secret: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let row = ActiveModel { id: Set(1), secret: Set(secret), created_at: Set(now.millis()) };
        // Two that start together both try; the first one's secret stands.
        Entity::insert(row).on_conflict_do_nothing_on([Column::Id]).exec_without_returning(&self.db).await?;
        let row = Entity::find().one(&self.db).await?;
        row.map(|row| row.secret).ok_or_else(|| StoreError::row("installation", 1, "it is missing"))
    }

    /// Sets the secret of a database that holds no dispatch yet: a rehearsal's letters are the same every time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_secret(&self, secret: &str, now: crate::vocabulary::Instant) -> Result<(), StoreError> {
        use entities::installation::{ActiveModel, Entity};
        use sea_orm::Set;
        let row = ActiveModel { id: Set(1), secret: Set(secret.to_owned()), created_at: Set(now.millis()) };
        Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }
}

impl Tx {
    /// Makes everything since [`Store::begin`] durable, at once.
    ///
    /// # Errors
    /// When the database cannot promise it. Whether it happened is then unknown, and must be looked up.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await
    }

    fn statement(&self, sql: &str, values: Vec<sea_orm::Value>) -> sea_orm::Statement {
        sea_orm::Statement::from_sql_and_values(self.tx.get_database_backend(), sql, values)
    }
}

/// Makes the folder of a database file, readable by its owner alone.
fn private_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) else { return Ok(()) };
    crate::adapters::private::folder(folder)
        .map_err(|source| StoreError::Open { path: folder.display().to_string(), source })
}
