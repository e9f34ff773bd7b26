//! A Maildir, as a mail server of this machine fills it: one file a message, in `new/` and `cur/`.
//!
//! Nothing is moved from `new/` to `cur/`, and no flag is set: another program may read the same mail. What is still being
//! written stands in `tmp/`, which is not looked at.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::blocking::{aside, shown, unreadable, unreadable_message};
use super::spool::Spool;
use crate::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use crate::vocabulary::{Day, Instant, Zone};

const FOLDERS: [&str; 2] = ["new", "cur"];

#[derive(Debug)]
pub struct Maildir {
    path: PathBuf,
    /// Where each message was when the folders were last read: a name changes when a mail program sets a flag.
    files: HashMap<String, PathBuf>,
}

/// One file of a folder, before it is opened.
struct Found {
    name: String,
    path: PathBuf,
    received: Option<Instant>,
}

impl Maildir {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), files: HashMap::new() }
    }

    /// Reads the folders; each message once, also when it moves from one to the other meanwhile.
    async fn list(&mut self) -> Result<Vec<Found>, MailboxFault> {
        let path = self.path.clone();
        let found = aside(move || scan(&path)).await?;
        self.files = found.iter().map(|one| (one.name.clone(), one.path.clone())).collect();
        Ok(found)
    }
}

impl Mailbox for Maildir {
    fn name(&self) -> String {
        shown(&self.path)
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        let path = self.path.clone();
        aside(move || check(&path)).await?;
        // A message's unique name is never given a second time.
        Ok(Opened { validity: 1 })
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        let mut found = self.list().await?;
        found.retain(|one| wanted.since.is_none_or(|since| one.received.is_none_or(|at| arrived_since(at, since))));
        found.sort_by(|a, b| (a.received, &a.name).cmp(&(b.received, &b.name)));
        let mut places: Vec<Place> = found.into_iter().map(|one| Place { name: one.name }).collect();
        places.dedup();
        Ok(places)
    }

    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        // As it was listed; and, where it moved meanwhile, as it is called now.
        for look_again in [false, true] {
            if look_again {
                self.list().await?;
            }
            let Some(path) = self.files.get(&place.name).cloned() else { continue };
            let spool = spool.to_owned();
            if let Some(fetched) = aside(move || copy(&path, &spool)).await? {
                return Ok(Some(fetched));
            }
        }
        Ok(None)
    }

    async fn close(&mut self) {}
}

/// Both folders are there, and are no links to another place.
fn check(path: &Path) -> Result<(), MailboxFault> {
    fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    for folder in FOLDERS {
        if !fs::symlink_metadata(path.join(folder)).is_ok_and(|meta| meta.is_dir()) {
            return Err(MailboxFault::Settings {
                what: format!("{} is no Maildir: it has no folder {folder}/ of its own", shown(path)),
                help: "name a folder that holds cur/, new/ and tmp/".to_owned(),
            });
        }
    }
    Ok(())
}

fn scan(path: &Path) -> Result<Vec<Found>, MailboxFault> {
    check(path)?;
    let mut found = Vec::new();
    // `new/` first: what moves to `cur/` meanwhile is seen twice rather than not at all.
    for folder in FOLDERS {
        let folder = path.join(folder);
        for entry in fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
            let entry = entry.map_err(|e| unreadable(&folder, &e))?;
            let file = entry.file_name();
            let file = file.to_string_lossy();
            // `:2,` and what follows are flags, which change.
            let name = file.split_once(':').map_or(&*file, |(unique, _flags)| unique);
            if name.is_empty() || name.starts_with('.') {
                continue;
            }
            // Not followed: a link may lead out of the mailbox, to any file that this account can read.
            let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
            if meta.is_file() {
                found.push(Found { name: name.to_owned(), path: entry.path(), received: received(&meta) });
            }
        }
    }
    Ok(found)
}

/// `None`: no such file any more.
fn copy(path: &Path, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
    match open(path) {
        Ok((file, meta)) => copy_open(path, file, &meta, spool).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable_message(path, &error)),
    }
}

/// Opens a file that is one: neither a link nor a pipe, also when somebody exchanges it between look and touch.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let before = fs::symlink_metadata(path)?;
    let no_file = || io::Error::new(io::ErrorKind::InvalidInput, "it is no file");
    if !before.is_file() {
        return Err(no_file());
    }
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if (meta.dev(), meta.ino()) != (before.dev(), before.ino()) {
        return Err(no_file());
    }
    Ok((file, meta))
}

pub(super) fn copy_open(path: &Path, file: File, meta: &Metadata, spool: &Path) -> Result<Fetched, MailboxFault> {
    if meta.len() > super::LARGEST {
        return Err(super::spool::too_large(meta.len()));
    }
    let mut file = file;
    let mut copy = Spool::begin(spool)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(|e| unreadable_message(path, &e))?;
        if read == 0 {
            return copy.finish(received(meta));
        }
        copy.write(&piece[..read])?;
    }
}

/// A message's file is written once, when it arrives.
pub(super) fn received(meta: &Metadata) -> Option<Instant> {
    let since_1970 = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_millis()).ok().map(Instant::from_millis)
}

/// Days are those of UTC: a bound on the first reading needs no more.
pub(super) fn arrived_since(at: Instant, since: Day) -> bool {
    Zone::UTC.day_of(at) >= since
}
