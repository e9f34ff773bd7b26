//! The files of a workspace, read once and looked at by everybody.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::config::workspace::Snapshot;

/// The largest file that is read: a list of 200,000 contacts has about 30 MB.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Folders inside `templates/` that are looked into, at most so deep; letters lie two deep.
const DEEPEST: usize = 4;

/// Reads `config/` (but for `config/un/`, which is compiled in) and `templates/`.
///
/// What cannot be read is part of the answer: a letter must not leave because its template was unreadable.
pub fn read(workspace: &Path) -> Snapshot {
    let mut snapshot = Snapshot { root: workspace.to_owned(), ..Snapshot::default() };
    if !workspace.join("config").is_dir() {
        snapshot.unreadable.insert("config".to_owned(), "there is no such folder".to_owned());
    }
    walk(workspace, Path::new("config"), 0, &mut snapshot);
    walk(workspace, Path::new("templates"), 0, &mut snapshot);
    snapshot
}

fn walk(workspace: &Path, folder: &Path, depth: usize, snapshot: &mut Snapshot) {
    let Ok(entries) = fs::read_dir(workspace.join(folder)) else {
        if depth > 0 || workspace.join(folder).exists() {
            snapshot.unreadable.insert(name(folder), "the folder cannot be read".to_owned());
        }
        return;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| folder.join(entry.file_name())).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        // What an editor leaves beside a file is not the file.
        let leftover = path.to_string_lossy().ends_with('~');
        if hidden || leftover || path == Path::new("config/un") {
            continue;
        }
        let whole = workspace.join(&path);
        if whole.is_dir() {
            if depth < DEEPEST {
                walk(workspace, &path, depth + 1, snapshot);
            }
            continue;
        }
        match contents(&whole) {
            Ok(bytes) => drop(snapshot.files.insert(name(&path), bytes)),
            Err(e) => drop(snapshot.unreadable.insert(name(&path), e.to_string())),
        }
    }
}

/// Only plain files are read: a device or a pipe in their place would never end.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("this is not a plain file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(LARGEST)).unwrap_or(0));
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("the file is larger than 64 MiB"));
    }
    Ok(bytes)
}

fn name(path: &Path) -> String {
    path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}
