//! What can go wrong with the database, in words for the person in front of it.

use sea_orm::DbErr;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be opened: {path}")]
    Open { path: String, source: std::io::Error },
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the database is newer than this program: it knows the change `{0}`")]
    Newer(String),
    #[error("the database at {0} does not answer")]
    Unreachable(String, #[source] DbErr),
    /// A row that this program could not have written.
    #[error("row {key} of {table} holds something that this program did not write: {what}")]
    Row { table: &'static str, key: String, what: String },
    /// The dispatch exists already: `dispatch_once_per_step_and_delegation`.
    #[error("this step already has a dispatch for this delegation")]
    AlreadyPlanned,
    #[error(transparent)]
    Impossible(#[from] crate::outbox::Impossible),
    /// Somebody else changed the row between reading and writing.
    #[error("{0} was changed by somebody else at the same time")]
    Changed(String),
    /// A database to copy into that holds something, or one to copy from that is in use.
    #[error("{0}")]
    Copy(&'static str),
    /// The first of its tables that holds rows.
    #[error("the database to copy into is not empty: there is something in {0}")]
    CopyInto(&'static str),
    /// The worker's journal, in var/.
    #[error("the journal of what was sent cannot be written")]
    Journal(#[source] std::io::Error),
    /// It may have lost changes, so that it would send again what has left.
    #[error("the database may have forgotten letters that have left: {0}")]
    Forgetful(String),
    /// Raw incoming mail, in var/mail.
    #[error("incoming mail cannot be kept or read on the disk")]
    Shelf(#[source] std::io::Error),
    #[error("the database refused")]
    Db(#[from] DbErr),
}

impl StoreError {
    /// What to do next.
    pub fn help(&self) -> String {
        let text = self.root();
        if text.contains("disk is full") || text.contains("database or disk is full") || text.contains("No space left")
        {
            return "the disk is full: make room, nothing was sent meanwhile".to_owned();
        }
        if text.contains("disk I/O error") || text.contains("Input/output error") {
            return "the disk refused: look at it, and at the space on it; nothing is sent that cannot be recorded"
                .to_owned();
        }
        if text.contains("out of memory") {
            return "end other programs and try again; nothing was changed".to_owned();
        }
        if text.contains("unable to open database file") || text.contains("Too many open files") {
            return "look at the rights of the file and its folder, and at how many files a program may open (`ulimit -n`)"
                .to_owned();
        }
        if text.contains("locked") || text.contains("busy") || text.contains("lock timeout") {
            return "another program holds the database: end it, or wait and try again".to_owned();
        }
        if text.contains("malformed") || text.contains("not a database") || matches!(self, Self::Damaged(_)) {
            return "put the file aside, with -wal and -shm beside it, and restore a backup; nothing was changed, and \
                    nothing was sent from it. `sqlite3 FILE .recover` shows what is left"
                .to_owned();
        }
        let rights = ["readonly", "read-only", "Read-only", "attempt to write", "Permission denied"];
        if rights.iter().any(|words| text.contains(words)) {
            return "the database cannot be written to: look at the rights of the file and its folder".to_owned();
        }
        match self {
            Self::Newer(_) => "use the newer program, or restore the backup from before".to_owned(),
            Self::Open { .. } => "look at the path in [database] url and at the rights of its folder".to_owned(),
            Self::Unreachable(..) => "look at [database] url, and whether the server runs".to_owned(),
            Self::Copy(_) | Self::CopyInto(_) => {
                "name an empty database to copy into, and let no worker run meanwhile".to_owned()
            }
            Self::Forgetful(_) => {
                "nothing is sent: end this worker, run `demarche database reconcile`, and start it again".to_owned()
            }
            Self::Journal(_) => {
                "look at the disk and at the rights of var/sent.journal; what cannot be written there is not sent"
                    .to_owned()
            }
            Self::Shelf(_) => {
                "look at the disk and at the rights of var/mail: what was stored stays, and the next `collect` goes on"
                    .to_owned()
            }
            Self::Impossible(_) | Self::Changed(_) => "look at it with `demarche show`, and decide again".to_owned(),
            _ => "look at the database server's log; nothing is sent that cannot be recorded".to_owned(),
        }
    }

    /// The innermost cause's words.
    pub fn root(&self) -> String {
        let mut error: &dyn std::error::Error = self;
        while let Some(source) = error.source() {
            error = source;
        }
        error.to_string()
    }

    pub(super) fn empty() -> Self {
        Self::Damaged("it has 0 bytes".to_owned())
    }

    pub(super) fn row(table: &'static str, key: impl ToString, what: impl ToString) -> Self {
        Self::Row { table, key: key.to_string(), what: what.to_string() }
    }
}
