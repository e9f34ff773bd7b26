//! Reading a journal from some byte on, in batches: as much memory for a million lines as for a few hundred.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::Answered;
use super::line::Line;
use crate::vocabulary::{DispatchId, Instant};

/// Bytes of one line: far more than any that is ever written.
const LONGEST: usize = 64 * 1024;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// It was about to be handed over.
    Claimed { dispatch: DispatchId, message_id: String, fence: i64, at: Instant },
    /// The server answered, or did not.
    Ended(Answered),
    /// The database had compared the journal up to that byte, and remembered it.
    Told(u64),
}

/// An open reading.
#[derive(Debug)]
pub struct Reading {
    file: BufReader<File>,
    database: String,
    /// Behind the last whole line.
    offset: u64,
    /// There was no further whole line. What is added later is for a later reading: this one has passed over half a line.
    ended: bool,
}

impl Reading {
    pub(super) fn open(path: &Path, from: u64, database: &str) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Self {
            file: BufReader::with_capacity(LONGEST, file),
            database: database.to_owned(),
            offset: from,
            ended: false,
        })
    }

    /// Behind the last whole line that was read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// At most `most` lines of this database; none: the end is reached. A line that is half written is passed over: its letter
    /// was not handed over, because writing it had failed, or its answer stands in the database.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_batch(&mut self, most: usize) -> io::Result<Vec<Noted>> {
        let mut batch = Vec::new();
        let mut line = Vec::new();
        while batch.len() < most && !self.ended && self.next_line(&mut line)? {
            batch.extend(Line::read(&line, &self.database));
        }
        Ok(batch)
    }

    /// `false`: no further whole line. One that is too long to be ours is given empty.
    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let mut length = 0;
        loop {
            let part = self.file.fill_buf()?;
            if part.is_empty() {
                self.ended = true;
                return Ok(false);
            }
            let (used, whole) = match part.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (part.len(), false),
            };
            length += used as u64;
            if line.len() + used <= LONGEST {
                line.extend_from_slice(&part[..used]);
            } else {
                line.clear();
            }
            self.file.consume(used);
            if whole {
                self.offset += length;
                return Ok(true);
            }
        }
    }
}

/// Bytes up to the end of the last whole line.
pub(super) fn whole_lines(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(LONGEST as u64);
    file.seek(SeekFrom::Start(begin))?;
    let mut tail = Vec::with_capacity(LONGEST);
    file.take(LONGEST as u64).read_to_end(&mut tail)?;
    let last = tail.iter().rposition(|byte| *byte == b'\n');
    Ok(last.map_or(begin, |at| begin + at as u64 + 1))
}
