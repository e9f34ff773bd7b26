//! Which journal a file is: a random word in its first line, so that another file under the same name is noticed.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::vocabulary::Digest;

/// Bytes in which the first line must end.
const LOOK_AT: u64 = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct FirstLine {
    /// 32 hexadecimal digits.
    journal: String,
}

/// Reads the first line, and writes it where the file has none yet. Of several that open it at once, one does so.
pub(super) fn of(file: &File, path: &Path) -> io::Result<String> {
    let lock = File::open(path)?;
    // Where the file system knows no locks, one worker makes the file before others join.
    let _locked_or_not = lock.lock();
    if let Some(line) = first_line(path)? {
        // Journals of the first versions begin with a letter; that line never changes either.
        let named = serde_json::from_slice::<FirstLine>(&line).map(|first| first.journal);
        return Ok(named.unwrap_or_else(|_| hexadecimal(&Digest::of(&line).bytes()[..16])));
    }
    // Nothing, or half a first line: nobody has written behind it.
    file.set_len(0)?;
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|e| io::Error::other(e.to_string()))?;
    let first = FirstLine { journal: hexadecimal(&random) };
    let mut text = serde_json::to_string(&first).map_err(io::Error::other)?;
    text.push('\n');
    (&mut &*file).write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        // Its name, too, must outlive a power cut.
        File::open(folder)?.sync_all()?;
    }
    Ok(first.journal)
}

/// The first line that is not empty, without its end; `None` where there is no whole line.
fn first_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut reader = BufReader::new(File::open(path)?.take(LOOK_AT));
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        if !line.is_empty() {
            return Ok(Some(line));
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Machine and path: which workspace is meant, where several share a database.
pub(super) fn place(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    #[cfg(unix)]
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let machine = String::new();
    format!("{machine}:{}", whole.display())
}

/// What is written into a file without a name is gone with this program, and would remind nobody.
#[cfg(unix)]
pub(super) fn is_in_place(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let same = |there: &std::fs::Metadata| {
        file.metadata().map(|here| (here.dev(), here.ino()) == (there.dev(), there.ino())).unwrap_or(false)
    };
    match std::fs::metadata(path) {
        Ok(there) if same(&there) => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "the file was taken away while it was in use")),
    }
}

#[cfg(not(unix))]
pub(super) fn is_in_place(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
