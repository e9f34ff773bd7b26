//! The worker's own memory of what it handed over and what came of it, beside the database: an append-only file. A database
//! restored from yesterday's backup, or one that failed over and lost its last changes, has forgotten that letters have left; the
//! journal has not, and the worker refuses to send until a person has looked.
//!
//! A claim is written before the server hears anything, without a flush: a killed worker loses nothing of it, and after a power cut
//! the database, which was flushed, knows it. An answer is flushed with the database's own record of it.

mod identity;
mod line;
mod reading;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use line::Line;

use super::private;
use crate::delivery::remembrance::Ended;
use crate::vocabulary::{Digest, DispatchId, Instant};

pub use reading::{Noted, Reading};

/// The file's name in `var/`.
pub const NAME: &str = "sent.journal";

/// One letter that is about to be handed over: its dispatch, its Message-ID, the number of its claim.
pub type Claimed<'a> = (&'a DispatchId, &'a str, i64);

/// What became of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub dispatch: DispatchId,
    pub message_id: String,
    pub fence: i64,
    pub ended: Ended,
}

/// The open journal of one database.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    id: String,
    place: String,
    /// Which database's letters are meant: another one's are none of this one's business.
    database: String,
    end: Arc<End>,
    /// Letters were written since the database was last told how far the journal goes.
    news: bool,
    /// The last that the database was told: bytes.
    told: u64,
}

/// The end of the file, at which several workers may write.
#[derive(Debug)]
struct End {
    file: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Written since the last flush that succeeded.
    unflushed: Vec<u8>,
    /// A flush failed: the system may have thrown away what it could not write, and the next flush would not say so.
    lost: bool,
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
        let id = identity::of(&file, &path)?;
        let place = identity::place(&path);
        let database = Digest::of(secret.as_bytes()).short();
        let end = Arc::new(End { file, state: Mutex::default() });
        Ok(Self { path, id, place, database, end, news: false, told: 0 })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// As its first line has it: random, so that no two journals are taken for one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Machine and path, for people.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Notes letters that are about to be handed over. It survives the end of this program, not a power cut.
    ///
    /// # Errors
    /// When it cannot be written. Then none of them may be handed over.
    pub fn claimed<'a>(&mut self, letters: impl IntoIterator<Item = Claimed<'a>>, at: Instant) -> io::Result<()> {
        let line = |(dispatch, message_id, fence)| Line::claimed(&self.database, dispatch, message_id, fence, at);
        let lines: Vec<Line> = letters.into_iter().map(line).collect();
        if lines.is_empty() {
            return Ok(());
        }
        identity::is_in_place(&self.end.file, &self.path)?;
        self.write(&lines)
    }

    /// Notes what became of letters; durable once [`Journal::flush`] or [`Journal::flusher`] has said so. Writing the same
    /// twice changes nothing.
    ///
    /// # Errors
    /// When it cannot be written. Then no other letter may be handed over.
    pub fn ended(&mut self, letters: &[Answered]) -> io::Result<()> {
        let lines: Vec<Line> = letters.iter().map(|letter| Line::ended(&self.database, letter)).collect();
        self.write(&lines)
    }

    /// Makes durable what was noted.
    ///
    /// # Errors
    /// When the disk cannot promise it. The next call writes it anew, since a failed flush is never made good by another one.
    pub fn flush(&self) -> io::Result<()> {
        self.end.flush()
    }

    /// The same as a piece of work for another thread, beside the database's commit.
    pub fn flusher(&self) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        let end = Arc::clone(&self.end);
        move || end.flush()
    }

    /// Notes letters that are about to be handed over, durably.
    ///
    /// # Errors
    /// As [`Journal::claimed`] and [`Journal::flush`].
    pub fn note<'a>(&mut self, letters: impl IntoIterator<Item = Claimed<'a>>, at: Instant) -> io::Result<()> {
        self.claimed(letters, at)?;
        self.flush()
    }

    /// Makes durable what stands in the file, whichever worker wrote it: a database that remembers more of it than a power cut has
    /// left would miss its end.
    ///
    /// # Errors
    /// As [`Journal::flush`].
    pub fn settle(&self) -> io::Result<()> {
        self.end.sync(&mut self.end.state())
    }

    /// Up to which byte whole lines stand in the file, durably, if any were added that the database was not told of.
    ///
    /// # Errors
    /// When the file cannot be read, or the disk cannot promise it.
    pub fn news(&self) -> io::Result<Option<u64>> {
        if !self.news {
            return Ok(None);
        }
        let upto = self.length()?;
        self.settle()?;
        Ok(Some(upto))
    }

    /// Bytes up to the end of the last whole line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn length(&self) -> io::Result<u64> {
        reading::whole_lines(&self.path)
    }

    /// The database has noted, durably, that nothing up to `upto` is unknown to it. Should it say less one day, it was put back:
    /// so this is never written before the database has said that it has done so, nor where its answer was lost.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn told(&mut self, upto: u64, at: Instant) -> io::Result<()> {
        self.write(&[Line::told(&self.database, upto, at)])?;
        self.knows(upto);
        self.news = false;
        Ok(())
    }

    /// The database remembers the journal durably up to there.
    pub fn knows(&mut self, upto: u64) {
        self.told = self.told.max(upto);
    }

    /// What the database must remember at least.
    pub fn known(&self) -> u64 {
        self.told
    }

    /// The lines of this database behind the byte `from`, in batches.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, from: u64) -> io::Result<Reading> {
        Reading::open(&self.path, from, &self.database)
    }

    /// All of them in one write, which begins on a line of its own: whatever half line a full disk, a power cut or another worker
    /// has left before, it spoils only itself.
    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = String::from("\n");
        for line in lines {
            text.push_str(&serde_json::to_string(line).map_err(io::Error::other)?);
            text.push('\n');
        }
        self.end.append(text.as_bytes())?;
        self.news = true;
        Ok(())
    }
}

impl End {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done where a thread could have died.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        self.write_again_what_was_lost(&mut state)?;
        self.write_at_once(text)?;
        state.unflushed.extend_from_slice(text);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.unflushed.is_empty() { Ok(()) } else { self.sync(&mut state) }
    }

    fn sync(&self, state: &mut State) -> io::Result<()> {
        self.write_again_what_was_lost(state)?;
        let flushed = self.file.sync_data();
        match &flushed {
            Ok(()) => state.unflushed.clear(),
            Err(_) => state.lost = true,
        }
        flushed
    }

    fn write_again_what_was_lost(&self, state: &mut State) -> io::Result<()> {
        if state.lost {
            self.write_at_once(&state.unflushed)?;
            state.lost = false;
        }
        Ok(())
    }

    /// In one call, since another worker's lines may come between two. What was written in part is written once more as a whole.
    fn write_at_once(&self, text: &[u8]) -> io::Result<()> {
        loop {
            match (&self.file).write(text) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) if written == text.len() => return Ok(()),
                // Should the disk be full, the next call says so.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
