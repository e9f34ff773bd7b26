//! One message on its way from a mailbox into a file of ours.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::adapters::private;
use crate::ports::{Fetched, MailboxFault};
use crate::vocabulary::Instant;

/// A longer message is not taken: it is told, and stays where it is. Unit: octets, 50 MiB.
pub const LARGEST: u64 = 50 * 1024 * 1024;

/// A file of the spool folder (0600) that vanishes unless it is finished.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Spool {
    /// Under a name of its own: what a message or a server says never becomes a file's name.
    pub fn begin(folder: &Path) -> Result<Self, MailboxFault> {
        let mut random = [0_u8; 12];
        getrandom::fill(&mut random).map_err(|e| MailboxFault::Away {
            what: format!("the machine has no random numbers: {e}"),
            help: "look at /dev/urandom".to_owned(),
        })?;
        let name: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let path = folder.join(format!("{name}.eml"));
        let file = private::folder(folder).and_then(|()| private::fresh(&path)).map_err(|e| unwritable(&e))?;
        Ok(Self { path, file: Some(BufWriter::new(file)), bytes: 0 })
    }

    /// Octets written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn write(&mut self, piece: &[u8]) -> Result<(), MailboxFault> {
        self.bytes = self.bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.bytes > LARGEST {
            return Err(too_large(self.bytes));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(piece).map_err(|e| unwritable(&e))
    }

    /// The whole message, in a file that stays. It is on the disk for good once the caller has seen to it.
    pub fn finish(mut self, received: Option<Instant>) -> Result<Fetched, MailboxFault> {
        if let Some(mut file) = self.file.take()
            && let Err(error) = file.flush()
        {
            remove(&self.path);
            return Err(unwritable(&error));
        }
        Ok(Fetched { file: std::mem::take(&mut self.path), bytes: self.bytes, received })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            remove(&self.path);
        }
    }
}

/// Half a message is of no use; what cannot be removed is overwritten by nobody, for every name is new.
fn remove(path: &Path) {
    let _of_no_consequence = std::fs::remove_file(path);
}

pub(super) fn too_large(bytes: u64) -> MailboxFault {
    let mebi = |n: u64| n.div_ceil(1024 * 1024);
    MailboxFault::Message {
        what: format!("the message has {} MiB, and no more than {} MiB are taken", mebi(bytes), mebi(LARGEST)),
    }
}

fn unwritable(error: &io::Error) -> MailboxFault {
    MailboxFault::Away {
        what: format!("incoming mail cannot be written to the disk: {error}"),
        help: "look at the space on the disk and the rights of var/; nothing was lost".to_owned(),
    }
}
