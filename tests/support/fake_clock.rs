//! A machine's clock that a test sets while the program runs, by libfaketime. What the program counts since the machine's start
//! stays as it is, as when somebody sets the clock.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The hour of one test's programs.
pub struct FakeClock {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl FakeClock {
    /// `None`, with a named skip, where there is no libfaketime; a failure in continuous integration.
    #[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
    pub fn at(test: &str, hour: &str) -> Option<Self> {
        let Some(library) = library() else {
            assert!(std::env::var("CI").is_err(), "{test}: there is no libfaketime");
            eprintln!("SKIPPED {test}: there is no libfaketime; install faketime");
            return None;
        };
        let clock = Self { folder: tempfile::tempdir().unwrap(), library };
        clock.set(hour);
        Some(clock)
    }

    /// From now on it is this hour, and time goes on from there.
    #[expect(clippy::disallowed_methods, reason = "the offset is counted from the machine's own clock")]
    pub fn set(&self, hour: &str) {
        let wanted = chrono::DateTime::parse_from_rfc3339(hour).unwrap();
        let offset = wanted.timestamp() - chrono::Utc::now().timestamp();
        // Whole or not at all: the program may be reading it.
        let (part, file) = (self.folder.path().join("part"), self.file());
        fs::write(&part, format!("{offset:+}")).unwrap();
        fs::rename(part, file).unwrap();
    }

    pub fn on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hour")
    }
}

/// Where Debian and others put it.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path().join("faketime"));
    folders.map(|folder| folder.join("libfaketimeMT.so.1")).find(|library| library.is_file())
}
