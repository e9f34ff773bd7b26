//! The worker's own memory of what it handed over, beside the database: an append-only file, flushed before the server hears
//! anything. A database restored from yesterday's backup, or one that failed over and lost its last changes, has forgotten that
//! letters have left; the journal has not, and the worker refuses to send until a person has looked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::private;
use crate::vocabulary::{Digest, DispatchId, Instant};

/// The file's name in `var/`.
pub const NAME: &str = "sent.journal";

/// One line: a letter that was about to be handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    at: i64,
    dispatch: String,
    message_id: String,
    fence: i64,
    /// Which database it came from: another database's letters are none of this one's business.
    database: String,
}

/// A letter that left by this worker's hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    pub at: Instant,
    pub message_id: String,
    pub fence: i64,
}

/// The open journal of one database.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    database: String,
    /// The last line may be torn: the next record begins on a line of its own.
    torn: bool,
}

impl Journal {
    /// Opens the journal in `folder`, made when it is missing. `secret` is the database's own; only its digest is written.
    ///
    /// # Errors
    /// When the disk or the rights do not allow it.
    pub fn open(folder: &Path, secret: &str) -> io::Result<Self> {
        private::folder(folder)?;
        let path = folder.join(NAME);
        // Several workers on PostgreSQL may share a workspace, and so its journal.
        let file = private::appending(&path)?;
        // A power cut may have left half a line; what is added to it would be lost with it.
        Ok(Self { path, file, database: Digest::of(secret.as_bytes()).short(), torn: true })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes letters that are about to be handed over, durably.
    ///
    /// # Errors
    /// When the disk cannot promise it. Then none of them may be handed over.
    pub fn note<'a>(
        &mut self,
        letters: impl IntoIterator<Item = (&'a DispatchId, &'a str, i64)>,
        at: Instant,
    ) -> io::Result<()> {
        let mut text = if self.torn { "\n".to_owned() } else { String::new() };
        let begun = text.len();
        for (dispatch, message_id, fence) in letters {
            let line = Line {
                at: at.millis(),
                dispatch: dispatch.to_string(),
                message_id: message_id.to_owned(),
                fence,
                database: self.database.clone(),
            };
            text.push_str(&serde_json::to_string(&line).map_err(io::Error::other)?);
            text.push('\n');
        }
        if text.len() == begun {
            return Ok(());
        }
        self.torn = true;
        self.file.write_all(text.as_bytes())?;
        self.torn = false;
        self.file.sync_data()
    }

    /// The last hand-over of each dispatch of this database. A line that a power cut left half written is passed over: its
    /// letter was never handed over, because the flush had not returned.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn handed_over(&self) -> io::Result<BTreeMap<DispatchId, HandedOver>> {
        let mut last: BTreeMap<DispatchId, HandedOver> = BTreeMap::new();
        for line in BufReader::new(File::open(&self.path)?).split(b'\n') {
            let Ok(line) = serde_json::from_slice::<Line>(&line?) else { continue };
            let Ok(id) = line.dispatch.parse::<DispatchId>() else { continue };
            if line.database != self.database {
                continue;
            }
            let handed =
                HandedOver { at: Instant::from_millis(line.at), message_id: line.message_id, fence: line.fence };
            match last.get(&id) {
                Some(known) if known.fence >= handed.fence => {}
                _ => drop(last.insert(id, handed)),
            }
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_is_remembered_for_its_own_database_only() {
        let folder = tempfile::tempdir().unwrap();
        let id: DispatchId = "c/s/FRA".parse().unwrap();
        let at = Instant::from_millis(5);
        let mut journal = Journal::open(folder.path(), "secret").unwrap();
        journal.note([(&id, "<1@x.example>", 1)], at).unwrap();
        journal.note([(&id, "<1@x.example>", 2)], at).unwrap();
        std::fs::OpenOptions::new().append(true).open(journal.path()).unwrap().write_all(b"{\"at\":5,\"disp").unwrap();
        let mut again = Journal::open(folder.path(), "secret").unwrap();
        again.note([(&id, "<1@x.example>", 3)], at).unwrap();
        assert_eq!(again.handed_over().unwrap().get(&id).map(|h| h.fence), Some(3));
        let other = Journal::open(folder.path(), "another").unwrap();
        assert!(other.handed_over().unwrap().is_empty());
    }
}
