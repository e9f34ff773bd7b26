//! A folder that holds exactly one preview: what an earlier one wrote there goes, what anybody else put there stays.
//!
//! The list file names what was written and with which digest. A file that is on no list, or was changed since, is somebody's
//! work: then the folder is refused, and nothing in it is touched.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::answer::CliError;
use super::context::shown;
use crate::adapters::private;
use crate::vocabulary::{Digest, safe_text};

/// Hidden, so that nobody takes it for a letter.
const LIST: &str = ".demarche-preview";

/// What desktops leave in every folder that is looked at. Names that begin with a dot are passed over as well.
const OF_THE_DESKTOP: [&str; 3] = ["Thumbs.db", "desktop.ini", "Icon\r"];

/// Writes the files, in place of those of the preview before.
///
/// # Errors
/// When the folder holds something that no preview wrote; then nothing is changed. When the disk or the rights do not allow it.
pub fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
    private::folder(folder).map_err(|e| failed(folder, &e))?;
    let before = listed(folder)?;
    let (foreign, changed) = strangers(folder, &before)?;
    let refused = |what: &str, names: &[String]| {
        let named: Vec<String> = names.iter().take(3).map(|name| safe_text::line(name).into_owned()).collect();
        let more = if names.len() > named.len() { ", …" } else { "" };
        CliError::request(
            format!("{} holds {what}: {}{more}", shown(folder), named.join(", ")),
            "name a new or empty folder, or move them away; nothing was written",
        )
    };
    if !foreign.is_empty() {
        return Err(refused("files that no preview wrote", &foreign));
    }
    if !changed.is_empty() {
        return Err(refused("files of an earlier preview that somebody has changed", &changed));
    }
    for name in before.keys() {
        match fs::remove_file(folder.join(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(&folder.join(name), &e)),
            _ => {}
        }
    }
    // The list first: a preview that was cut short is still known as ours.
    let list: String = files.iter().map(|(name, bytes)| format!("{} {name}\n", Digest::of(bytes))).collect();
    put(folder, LIST, list.as_bytes())?;
    files.iter().try_for_each(|(name, bytes)| put(folder, name, bytes))
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::world(
        format!("{} cannot be written: {error}", shown(path)),
        "look at the rights of the folder, and whether the disk is full",
    )
}

/// The names and digests of what the last preview wrote. Nothing where there was none.
fn listed(folder: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let path = folder.join(LIST);
    let text = match fs::read_to_string(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        read => read.map_err(|e| failed(&path, &e))?,
    };
    let row = |line: &str| {
        let (digest, name) = line.split_once(' ')?;
        // A name that leads elsewhere was not written by us.
        let plain = !name.contains(['/', '\\']) && !name.starts_with('.');
        plain.then(|| (name.to_owned(), digest.to_owned()))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// Files that are on no list, and files that are no longer what the list says.
fn strangers(folder: &Path, listed: &BTreeMap<String, String>) -> Result<(Vec<String>, Vec<String>), CliError> {
    let (mut foreign, mut changed) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(|e| failed(folder, &e))? {
        let entry = entry.map_err(|e| failed(folder, &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || OF_THE_DESKTOP.contains(&name.as_str()) {
            continue;
        }
        let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        match listed.get(&name).filter(|_| plain) {
            None => foreign.push(name),
            Some(digest) => {
                let bytes = fs::read(entry.path()).map_err(|e| failed(&entry.path(), &e))?;
                if Digest::of(&bytes).to_string() != *digest {
                    changed.push(name);
                }
            }
        }
    }
    foreign.sort();
    changed.sort();
    Ok((foreign, changed))
}

/// Whole or not at all, and for its owner's eyes only.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), CliError> {
    let (path, part) = (folder.join(name), folder.join(format!(".{name}.part")));
    let written = fs::remove_file(&part)
        .or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
        .and_then(|()| private::file(&part))
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&part, &path));
    written.map_err(|e| {
        // Best effort: it is hidden, and the next preview replaces it.
        let _left_behind = fs::remove_file(&part);
        failed(&path, &e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != LIST);
        names.sort();
        names
    }

    fn of(names: &[&str]) -> Vec<(String, Vec<u8>)> {
        names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_folder_holds_the_last_preview_and_nothing_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/letters");
        write(&folder, &of(&["a.txt", "b.txt", "index.html"])).unwrap();
        write(&folder, &of(&["b.txt", "c.html"])).unwrap();
        assert_eq!(names(&folder), ["b.txt", "c.html"]);
        fs::remove_file(folder.join("b.txt")).unwrap();
        fs::write(folder.join(".DS_Store"), "x").unwrap();
        write(&folder, &of(&["c.html"])).unwrap();
        assert_eq!(names(&folder), [".DS_Store", "c.html"]);
    }

    #[test]
    fn what_somebody_else_put_there_or_changed_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &of(&["a.txt"])).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert!(write(folder.path(), &of(&["b.txt"])).is_err());
        assert_eq!(names(folder.path()), ["a.txt", "notes.txt"]);
        fs::remove_file(folder.path().join("notes.txt")).unwrap();
        fs::write(folder.path().join("a.txt"), "with my remarks").unwrap();
        assert!(write(folder.path(), &of(&["a.txt"])).is_err());
        assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"with my remarks");
    }

    #[test]
    fn a_list_that_points_elsewhere_deletes_nothing_there() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::write(folder.path().join("keep.txt"), "keep").unwrap();
        fs::write(inside.join(LIST), format!("{} ../keep.txt\n", Digest::of(b"keep"))).unwrap();
        write(&inside, &of(&["a.txt"])).unwrap();
        assert!(folder.path().join("keep.txt").exists());
        std::os::unix::fs::symlink(folder.path().join("keep.txt"), inside.join("b.txt")).unwrap();
        assert!(write(&inside, &of(&["b.txt"])).is_err(), "a link is no file of ours");
    }
}
