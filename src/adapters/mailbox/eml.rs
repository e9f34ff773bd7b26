//! One .eml file, or a folder of them: mail that somebody saved by hand.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::blocking::{aside, shown, unreadable, unreadable_message};
use super::maildir::{arrived_since, copy_open, open, received};
use crate::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use crate::vocabulary::Instant;

#[derive(Debug)]
pub struct Letters {
    path: PathBuf,
    whole_folder: bool,
    /// The file of each place, as the folder was last read.
    files: HashMap<String, PathBuf>,
}

/// When it was written, the place, and where it is.
type Found = (Option<Instant>, String, PathBuf);

impl Letters {
    pub fn one(path: &Path) -> Self {
        Self { path: path.to_owned(), whole_folder: false, files: HashMap::new() }
    }

    /// Files of a folder whose names end in `.eml`; not those of folders within.
    pub fn folder(path: &Path) -> Self {
        Self { path: path.to_owned(), whole_folder: true, files: HashMap::new() }
    }

    async fn list(&mut self) -> Result<Vec<Found>, MailboxFault> {
        let (path, whole_folder) = (self.path.clone(), self.whole_folder);
        let found = aside(move || scan(&path, whole_folder)).await?;
        self.files = found.iter().map(|(_, name, path)| (name.clone(), path.clone())).collect();
        Ok(found)
    }
}

impl Mailbox for Letters {
    fn name(&self) -> String {
        shown(&self.path)
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        self.list().await?;
        // Places are for ever: they name the file's state, not only the file.
        Ok(Opened { validity: 1 })
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        let mut found = self.list().await?;
        found.retain(|(at, ..)| wanted.since.is_none_or(|since| at.is_none_or(|at| arrived_since(at, since))));
        found.sort();
        Ok(found.into_iter().map(|(_, name, _)| Place { name }).collect())
    }

    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        if self.files.is_empty() {
            self.list().await?;
        }
        let Some(path) = self.files.get(&place.name).cloned() else { return Ok(None) };
        let (spool, wanted) = (spool.to_owned(), place.name.clone());
        aside(move || match open(&path) {
            // Another message has taken the name since: it has a place of its own.
            Ok((_, meta)) if place_of(&path, &meta) != wanted => Ok(None),
            Ok((file, meta)) => copy_open(&path, file, &meta, &spool).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable_message(&path, &error)),
        })
        .await
    }

    async fn close(&mut self) {}
}

/// People save every message as `message.eml`: the name alone would take the second for the first.
fn place_of(path: &Path, meta: &Metadata) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name} {} {}", meta.len(), received(meta).map_or(0, Instant::millis))
}

fn scan(path: &Path, whole_folder: bool) -> Result<Vec<Found>, MailboxFault> {
    let found = |file: PathBuf, meta: &Metadata| (received(meta), place_of(&file, meta), file);
    if !whole_folder {
        let meta = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        return Ok(vec![found(path.to_owned(), &meta)]);
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| unreadable(path, &e))? {
        let file = entry.map_err(|e| unreadable(path, &e))?.path();
        let is_letter = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("eml"));
        // A link may lead out of the folder, to any file that this account can read.
        let Ok(meta) = fs::symlink_metadata(&file) else { continue };
        if is_letter && meta.is_file() {
            all.push(found(file, &meta));
        }
    }
    if all.is_empty() {
        return Err(MailboxFault::Settings {
            what: format!("the folder {} holds no mail: neither cur/ and new/, nor files in .eml", shown(path)),
            help: "name a Maildir, an mbox, an .eml file or a folder of .eml files".to_owned(),
        });
    }
    Ok(all)
}
