//! What a worker knew of its machine, kept in `var/` for the next one: which machine it was, and how its clock went on. A worker that
//! a timer starts anew every few minutes must notice, too, that somebody set the clock in between; and the copy of a whole
//! workspace must not send what the original sends.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::private;
use crate::schedule::Anchor;
use crate::vocabulary::{Digest, Instant};

/// The file's name in `var/`.
pub const NAME: &str = "machine.json";

/// What is kept. The hour is good for one start of the machine: the next one counts from zero, and who knows what its clock did
/// meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineMemory {
    /// Which machine it was, by a digest of the name that its system was given when it was installed.
    machine: Option<String>,
    /// Which start of the machine it was, by the kernel's own random name for it.
    boot: Option<String>,
    up_ms: i64,
    wall_ms: i64,
    /// A person has said that the clock is right, though the database had recorded this hour.
    right_ms: Option<i64>,
    /// Why nothing was sent when this was written.
    pub doubt: Option<String>,
}

impl MachineMemory {
    pub fn new(anchor: Option<Anchor>, right: Option<Instant>, doubt: Option<String>) -> Self {
        let hours = anchor.map_or((0, 0), |anchor| (anchor.up.num_milliseconds(), anchor.wall.millis()));
        Self {
            machine: machine(),
            boot: anchor.and_then(|_| boot()),
            up_ms: hours.0,
            wall_ms: hours.1,
            right_ms: right.map(Instant::millis),
            doubt,
        }
    }

    /// What an earlier run left in `folder`; nothing where there is none, or none that can be read.
    pub fn read(folder: &Path) -> Self {
        let kept = fs::read(folder.join(NAME)).ok();
        kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Not flushed: after a power cut it would be good for nothing.
    ///
    /// # Errors
    /// When the disk or the rights do not allow it.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        private::folder(folder)?;
        let (target, part) = (folder.join(NAME), folder.join(format!("{NAME}.part")));
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        let mut file = private::file(&part)?;
        file.set_len(0)?;
        file.write_all(&bytes)?;
        fs::rename(part, target)
    }

    /// If it is of this start of the machine.
    pub fn anchor(&self) -> Option<Anchor> {
        let ours = self.boot.is_some() && self.boot == boot();
        ours.then(|| Anchor { wall: Instant::from_millis(self.wall_ms), up: Duration::milliseconds(self.up_ms) })
    }

    /// Whether another machine has written it: the folder was moved, or copied.
    pub fn is_of_another_machine(&self) -> bool {
        self.machine.is_some() && machine().is_some_and(|ours| self.machine != Some(ours))
    }

    pub fn right(&self) -> Option<Instant> {
        self.right_ms.map(Instant::from_millis)
    }
}

/// `None` where the system has no name of its own, as in some containers. Programs are asked to keep the name itself to themselves
/// (machine-id(5)).
fn machine() -> Option<String> {
    let name = fs::read_to_string("/etc/machine-id").ok()?;
    let name = Some(name.trim()).filter(|name| !name.is_empty() && *name != "uninitialized")?;
    Some(Digest::of(format!("demarche {name}").as_bytes()).short())
}

/// `None` where the system gives its starts no names.
fn boot() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_known_is_kept_for_the_same_start_of_the_machine_only() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(MachineMemory::read(folder.path()), MachineMemory::default());
        let anchor = Anchor { wall: Instant::from_millis(5_000), up: Duration::milliseconds(7) };
        let memory = MachineMemory::new(Some(anchor), Some(Instant::from_millis(9)), None);
        memory.write(folder.path()).unwrap();
        let again = MachineMemory::read(folder.path());
        assert_eq!((again.right(), again.doubt.clone()), (Some(Instant::from_millis(9)), None));
        assert_eq!(again.anchor(), boot().map(|_| anchor));
        let other = MachineMemory { boot: Some("another".to_owned()), ..again };
        assert_eq!(other.anchor(), None);
        assert!(!other.is_of_another_machine());
        let copied = MachineMemory { machine: Some("another".to_owned()), ..other };
        assert_eq!(copied.is_of_another_machine(), machine().is_some());
        fs::write(folder.path().join(NAME), "{\"boot\": ").unwrap();
        assert_eq!(MachineMemory::read(folder.path()).anchor(), None, "half a file is none");
    }
}
