//! Raw incoming mail: every message byte for byte, in a file that is named by its digest (0600), in folders of 0700.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::private;
use crate::inbox::fingerprint::Fingerprint;

/// How much of a message is read into memory at once to be understood. What lies behind stays in the file. Few servers take more;
/// and a message of 50 MiB, read so far, costs less than 64 MiB in all.
pub const READ_AT_MOST: u64 = 12 * 1024 * 1024;

/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;

/// Half-written files of a run that was ended are removed when nobody else has the shelf open, and else after so long.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// From so many files on the whole disk is flushed once, and not each file: a flush costs up to 4 ms, whatever it writes.
const MANY: usize = 8;

/// `var/mail`.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    /// The spool folder, locked together with others who write there. Opened before anything is written: what the disk could not
    /// write since then is told when it is flushed.
    spool: Arc<File>,
}

/// A message on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub raw: String,
    /// What makes two copies of one message the same.
    pub fingerprint: String,
    pub bytes: u64,
}

impl Shelf {
    /// Makes the folders where they are missing, and removes what a run that was ended left half-written.
    ///
    /// # Errors
    /// When the disk or the rights do not allow it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let spool = folder.join("spool");
        private::folder(&spool)?;
        let lock = File::open(&spool)?;
        // The system takes the lock away from whoever dies. Where it has none, age alone says what is left over.
        let alone = lock.try_lock().is_ok();
        for entry in fs::read_dir(&spool)? {
            let entry = entry?;
            let old = || entry.metadata().and_then(|meta| meta.modified()).is_ok_and(is_old);
            if alone || old() {
                removed(&entry.path())?;
            }
        }
        if alone {
            lock.unlock()?;
            lock.lock_shared()?;
        } else {
            let _no_locks_here = lock.try_lock_shared();
        }
        Ok(Self { folder: folder.to_owned(), spool: Arc::new(lock) })
    }

    /// Where messages are written before they are whole.
    pub fn spool(&self) -> PathBuf {
        self.folder.join("spool")
    }

    /// Moves a whole message from the spool to its place. It is on the disk when [`Shelf::flush`] has returned.
    ///
    /// # Errors
    /// When the disk or the rights do not allow it.
    pub fn keep(&self, file: &Path) -> io::Result<Shelved> {
        let shelved = digest(file)?;
        let place = self.place(&shelved.raw);
        if let Some(folder) = place.parent() {
            private::folder(folder)?;
        }
        fs::rename(file, &place)?;
        Ok(shelved)
    }

    /// Makes what was kept durable: each file, and its name in its folder.
    ///
    /// # Errors
    /// When the disk cannot promise it.
    pub fn flush(&self, raws: &[&str]) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if raws.len() >= MANY {
            return Ok(rustix::fs::syncfs(&*self.spool)?);
        }
        let mut folders = BTreeSet::from([self.folder.clone()]);
        for raw in raws {
            let place = self.place(raw);
            File::open(&place)?.sync_all()?;
            folders.extend(place.parent().map(Path::to_owned));
        }
        folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
    }

    /// The first [`READ_AT_MOST`] bytes of a message.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read(&self, raw: &str) -> io::Result<Vec<u8>> {
        beginning(&self.place(raw))
    }

    /// A message, whole.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn read_whole(&self, raw: &str) -> io::Result<Vec<u8>> {
        fs::read(self.place(raw))
    }

    /// Removes a message; one that is gone already is removed.
    ///
    /// # Errors
    /// When the disk or the rights do not allow it.
    pub fn remove(&self, raw: &str) -> io::Result<()> {
        removed(&self.place(raw))
    }

    /// Where the message of that digest is, or would be.
    pub fn place(&self, raw: &str) -> PathBuf {
        let (folder, name) = raw.split_at_checked(2).unwrap_or(("", raw));
        self.folder.join(folder).join(format!("{name}.eml"))
    }
}

/// The first [`READ_AT_MOST`] bytes of a file.
///
/// # Errors
/// When it is not there, or cannot be read.
pub fn beginning(file: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(file)?;
    let room = file.metadata()?.len().min(READ_AT_MOST);
    // Of the size that it will have: growing would for a moment hold it twice.
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0).saturating_add(1));
    file.take(READ_AT_MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What is gone already is removed.
fn removed(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_old(at: SystemTime) -> bool {
    at.elapsed().is_ok_and(|age| age > LEFT_OVER)
}

fn digest(file: &Path) -> io::Result<Shelved> {
    let mut file = File::open(file)?;
    let (mut hash, mut print, mut bytes) = (Sha256::new(), Fingerprint::default(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            n => {
                hash.update(&piece[..n]);
                print.take(&piece[..n]);
                bytes += n as u64;
            }
        }
    }
    let raw = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Shelved { raw, fingerprint: print.finish().to_string(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lies_on_the_shelf_byte_for_byte_under_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("mail")).unwrap();
        let spooled = shelf.spool().join("1");
        fs::write(&spooled, b"Subject: \xff\r\n\r\nbytes\n").unwrap();
        let shelved = shelf.keep(&spooled).unwrap();
        shelf.flush(&[&shelved.raw]).unwrap();
        shelf.flush(&[shelved.raw.as_str(); MANY]).unwrap();
        assert_eq!(shelf.read(&shelved.raw).unwrap(), b"Subject: \xff\r\n\r\nbytes\n");
        assert_eq!(shelved.bytes, 20);
        assert!(!spooled.exists());
        shelf.remove(&shelved.raw).unwrap();
        shelf.remove(&shelved.raw).unwrap();
        assert!(!shelf.place(&shelved.raw).exists());
    }

    #[test]
    fn what_a_run_left_half_written_is_removed_once_nobody_writes_there() {
        let folder = tempfile::tempdir().unwrap();
        let writing = Shelf::open(folder.path()).unwrap();
        let half = writing.spool().join("half");
        drop(private::file(&half).unwrap());
        let beside = Shelf::open(folder.path()).unwrap();
        assert!(half.exists(), "somebody may be writing it");
        drop((writing, beside));
        Shelf::open(folder.path()).unwrap();
        assert!(!half.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_into_the_shelf() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("mail")).unwrap();
        let spooled = shelf.spool().join("1");
        drop(private::file(&spooled).unwrap());
        let shelved = shelf.keep(&spooled).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&shelf.place(&shelved.raw)), 0o600);
        assert_eq!(mode(shelf.place(&shelved.raw).parent().unwrap()), 0o700);
    }
}
