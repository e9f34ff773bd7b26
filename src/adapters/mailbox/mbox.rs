//! An mbox: one file of many messages, each after a line that begins with `From ` (RFC 4155).
//!
//! The file is read line by line, never whole, and `Content-Length` is not believed: whoever writes it wrongly, or on
//! purpose, would hide messages. A place is where the message begins together with a mark of its beginning, so that a file
//! that was packed or exchanged meanwhile has other places.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::blocking::{aside, shown, unreadable, unreadable_message};
use super::maildir::arrived_since;
use super::separator::Separator;
use super::spool::Spool;
use crate::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use crate::vocabulary::Day;

/// Octets of a line that are looked at together; what is longer is passed on in parts.
const PART: u64 = 16 * 1024;

/// Octets of a message that its mark covers: the separator, and enough of the header to hold a `Received`.
const MARKED: usize = 512;

#[derive(Debug)]
pub struct Mbox {
    path: PathBuf,
}

impl Mbox {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl Mailbox for Mbox {
    fn name(&self) -> String {
        shown(&self.path)
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        let path = self.path.clone();
        aside(move || {
            let mut begin = Vec::new();
            let file = File::open(&path).map_err(|e| unreadable(&path, &e))?;
            file.take(5).read_to_end(&mut begin).map_err(|e| unreadable(&path, &e))?;
            if begin == b"From " {
                return Ok(Opened { validity: 1 });
            }
            Err(MailboxFault::Settings {
                what: format!("{} is no mbox: it does not begin with `From `", shown(&path)),
                help: "name another file".to_owned(),
            })
        })
        .await
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        let (path, since) = (self.path.clone(), wanted.since);
        aside(move || {
            let file = File::open(&path).map_err(|e| unreadable(&path, &e))?;
            places(BufReader::new(file), since).map_err(|e| unreadable(&path, &e))
        })
        .await
    }

    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        let (path, place, spool) = (self.path.clone(), place.clone(), spool.to_owned());
        aside(move || {
            let Some(offset) = place.name.split_once('-').and_then(|(offset, _)| offset.parse::<u64>().ok()) else {
                return Ok(None);
            };
            let unreadable = |e: std::io::Error| unreadable_message(&path, &e);
            let mut file = BufReader::new(File::open(&path).map_err(unreadable)?);
            file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
            let begin = beginning(&mut file).map_err(unreadable)?;
            if name_of(offset, &begin) != place.name {
                return Ok(None);
            }
            file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
            copy(&mut file, &spool, unreadable).map(Some)
        })
        .await
    }

    async fn close(&mut self) {}
}

/// A line, or a part of a long one.
struct Part {
    begins_a_line: bool,
    /// Empty at the end of the file.
    octets: Vec<u8>,
}

/// Reads an mbox in parts that fit into memory, whatever the length of its lines.
struct Parts<R> {
    from: R,
    at_line_start: bool,
}

impl<R: BufRead> Parts<R> {
    fn next(&mut self) -> std::io::Result<Part> {
        let mut octets = Vec::new();
        self.from.by_ref().take(PART).read_until(b'\n', &mut octets)?;
        let begins_a_line = std::mem::replace(&mut self.at_line_start, octets.ends_with(b"\n"));
        Ok(Part { begins_a_line, octets })
    }
}

impl Part {
    fn separator(&self) -> Option<Separator> {
        if self.begins_a_line { Separator::read(&self.octets) } else { None }
    }
}

fn places<R: BufRead>(from: R, since: Option<Day>) -> std::io::Result<Vec<Place>> {
    let mut parts = Parts { from, at_line_start: true };
    let mut places = Vec::new();
    let mut offset = 0_u64;
    // The message that is being passed: where it begins, and its first octets as far as the mark covers them.
    let mut current: Option<(u64, Vec<u8>)> = None;
    let mut close = |current: Option<(u64, Vec<u8>)>| {
        places.extend(current.map(|(offset, begin)| Place { name: name_of(offset, &begin) }));
    };
    loop {
        let part = parts.next()?;
        let separator = part.separator();
        if part.octets.is_empty() || separator.is_some() {
            close(current.take());
        }
        if part.octets.is_empty() {
            return Ok(places);
        }
        // The file's first line is a separator whatever it says after `From `: else its message would be lost.
        if separator.is_some() || offset == 0 {
            let received = separator.and_then(|line| line.received);
            let wanted = since.is_none_or(|since| received.is_none_or(|at| arrived_since(at, since)));
            current = wanted.then(|| (offset, Vec::new()));
        }
        if let Some((_, begin)) = &mut current {
            let missing = MARKED - begin.len();
            begin.extend_from_slice(&part.octets[..part.octets.len().min(missing)]);
        }
        offset += part.octets.len() as u64;
    }
}

/// The octets that a message's mark covers, read from its separator on.
fn beginning<R: BufRead>(from: R) -> std::io::Result<Vec<u8>> {
    let mut parts = Parts { from, at_line_start: true };
    let mut begin = Vec::new();
    loop {
        let part = parts.next()?;
        let next_message = !begin.is_empty() && part.separator().is_some();
        if part.octets.is_empty() || next_message || begin.len() == MARKED {
            return Ok(begin);
        }
        begin.extend_from_slice(&part.octets[..part.octets.len().min(MARKED - begin.len())]);
    }
}

fn name_of(offset: u64, begin: &[u8]) -> String {
    let mark: String = Sha256::digest(begin).iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{offset}-{mark}")
}

/// Copies one message, its separator and the empty line before the next one left out, its quoting undone.
fn copy<R: BufRead>(
    from: R,
    spool: &Path,
    unreadable: impl Fn(std::io::Error) -> MailboxFault,
) -> Result<Fetched, MailboxFault> {
    let mut parts = Parts { from, at_line_start: true };
    // All of the separator, however long.
    let mut part = parts.next().map_err(&unreadable)?;
    let received = part.separator().and_then(|line| line.received);
    while !part.octets.is_empty() && !part.octets.ends_with(b"\n") {
        part = parts.next().map_err(&unreadable)?;
    }
    let mut copy = Spool::begin(spool)?;
    // An empty line is kept back until it is known not to be the last one.
    let mut kept_back: Vec<u8> = Vec::new();
    loop {
        part = parts.next().map_err(&unreadable)?;
        if part.octets.is_empty() || part.separator().is_some() {
            return copy.finish(received);
        }
        copy.write(&std::mem::take(&mut kept_back))?;
        let empty = part.begins_a_line && matches!(part.octets.as_slice(), b"\n" | b"\r\n");
        if empty {
            kept_back = part.octets;
        } else {
            copy.write(unquoted(&part))?;
        }
    }
}

/// `>From ` was `From `, and `>>From ` was `>From `.
fn unquoted(part: &Part) -> &[u8] {
    let quotes = part.octets.iter().take_while(|b| **b == b'>').count();
    let quoted = part.begins_a_line && quotes > 0 && part.octets[quotes..].starts_with(b"From ");
    if quoted { &part.octets[1..] } else { &part.octets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        places(text.as_bytes(), None).unwrap().into_iter().map(|place| place.name).collect()
    }

    fn message(text: &str, number: usize) -> String {
        let folder = tempfile::tempdir().unwrap();
        let name = names(text)[number].clone();
        let offset: usize = name.split_once('-').unwrap().0.parse().unwrap();
        let begin = &text.as_bytes()[offset..];
        assert_eq!(name_of(offset as u64, &beginning(begin).unwrap()), name, "found again by its place");
        let fetched = copy(begin, folder.path(), |e| unreadable_message(folder.path(), &e)).unwrap();
        std::fs::read_to_string(fetched.file).unwrap()
    }

    const TWO: &str = "From a@b.example Mon Feb  5 09:30:00 2018\nSubject: one\n\nFrom here on.\n>From there.\n>>From x\n\n\
        From - Tue Feb  6 09:30:00 2018\r\nSubject: two\r\n\r\nlast\r\n";

    #[test]
    fn a_file_of_two_messages_gives_both_without_what_belongs_to_the_file() {
        assert_eq!(names(TWO).len(), 2);
        assert_eq!(message(TWO, 0), "Subject: one\n\nFrom here on.\nFrom there.\n>From x\n");
        assert_eq!(message(TWO, 1), "Subject: two\r\n\r\nlast\r\n");
    }

    #[test]
    fn a_false_length_hides_no_message() {
        let text = TWO.replace("Subject: one", "Content-Length: 100000");
        assert_eq!(names(&text).len(), 2);
    }

    #[test]
    fn a_message_that_slid_forward_has_another_place() {
        let shorter = TWO.replace("Subject: one", "Subject: on");
        assert_ne!(names(TWO)[1], names(&shorter)[1]);
        assert_ne!(names(TWO)[0], names(&shorter)[0], "nor is another message at its place taken for it");
    }

    #[test]
    fn the_first_message_is_read_whatever_its_separator_says() {
        let text = "From somebody\nSubject: x\n\nx\n";
        assert_eq!(names(text).len(), 1);
        assert_eq!(message(text, 0), "Subject: x\n\nx\n");
    }

    #[test]
    fn lines_of_any_length_are_read_in_parts() {
        let long = "x".repeat(usize::try_from(3 * PART + 7).unwrap());
        let text =
            format!("From a Mon Feb  5 09:30:00 2018\nSubject: {long}\n\n{long}From b Mon Feb  5 09:30:00 2018\n");
        assert_eq!(names(&text).len(), 1);
        assert_eq!(message(&text, 0).len(), 2 * long.len() + "Subject: \n\nFrom b Mon Feb  5 09:30:00 2018\n".len());
    }

    #[test]
    fn a_day_bounds_what_is_read() {
        let since = |day: &str| places(TWO.as_bytes(), Some(day.parse().unwrap())).unwrap().len();
        assert_eq!([since("2018-02-05"), since("2018-02-06"), since("2018-02-07")], [2, 1, 0]);
    }
}
