//! A PostgreSQL server that is promoted while a worker is connected: from then on it writes to another timeline, perhaps without its
//! last changes, and nothing is sent until a person has looked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use coalition::{CAMPAIGN, Files, at, everything, plan_and_approve};
use demarche::adapters::journal::Journal;
use demarche::adapters::store::{Location, Store, StoreError};
use demarche::delivery::remembrance::Doubt;
use demarche::outbox::Via;
use demarche::steps::dispatch::{Policy, TurnInput, turn};
use demarche::steps::reconcile::{agree, compare, reconcile};
use demarche::vocabulary::Zone;

/// PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// A server of this test's own, which it may stop and promote.
struct Server {
    binaries: PathBuf,
    folder: PathBuf,
    as_root: bool,
}

impl Server {
    fn start(test: &str) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.sort();
        let Some(binaries) = folders.into_iter().rev().find(|folder| folder.join("initdb").is_file()) else {
            assert!(std::env::var_os("CI").is_none(), "{test}: no PostgreSQL server is installed");
            eprintln!("SKIPPED {test}: no PostgreSQL server is installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("demarche-fo-").tempdir_in("/tmp").unwrap().keep();
        let as_root = std::fs::metadata(&folder).unwrap().uid() == 0;
        if as_root {
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let server = Self { binaries, folder, as_root };
        let data = server.data();
        server.run("initdb", &["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8", "-D", &data]);
        server.control("start");
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn run(&self, program: &str, words: &[&str]) {
        let mut command = Command::new(self.binaries.join(program));
        command.args(words).current_dir(&self.folder).stdout(std::process::Stdio::null());
        if self.as_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        assert!(command.status().unwrap().success(), "{program} {words:?}");
    }

    fn control(&self, what: &str) {
        let (data, log) = (self.data(), self.folder.join("log").display().to_string());
        let options = format!("-k {} -c listen_addresses= -c fsync=off", self.folder.display());
        self.run("pg_ctl", &["-w", "-s", "-D", &data, "-l", &log, "-o", &options, "-m", "fast", what]);
    }

    /// As its standby would be: it goes on where it was, on a timeline of its own.
    fn fail_over(&self) {
        self.control("stop");
        std::fs::write(Path::new(&self.data()).join("standby.signal"), "").unwrap();
        self.control("start");
        self.run("pg_ctl", &["-w", "-s", "-D", &self.data(), "promote"]);
    }

    fn location(&self) -> Location {
        let url = format!("postgres://postgres@localhost/postgres?host={}", self.folder.display());
        Location::Postgres { url, password: None }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stopping = Command::new(self.binaries.join("pg_ctl"));
        stopping.args(["-s", "-D", &self.data(), "-m", "immediate", "stop"]);
        if self.as_root {
            stopping.uid(NOBODY).gid(NOBODY);
        }
        let _stopped_or_gone = stopping.status();
        let _removed_or_left = std::fs::remove_dir_all(&self.folder);
    }
}

async fn a_turn(store: &Store) -> Result<usize, StoreError> {
    let policy = Policy {
        worker: "w1".to_owned(),
        via: Via::Smtp,
        ceilings: None,
        min_days_between: 3,
        real_server: false,
        lease: chrono::Duration::seconds(60),
        mailbox: None,
    };
    let zones = BTreeMap::from([(CAMPAIGN.parse().unwrap(), Zone::GENEVA)]);
    let input = TurnInput {
        now: at("2018-03-20T08:30:00Z"),
        outcomes: &[],
        free: 1,
        blocked: &[],
        renew: true,
        after_failed_commit: None,
        zones: &zones,
    };
    turn(store, &policy, &input).await.map(|done| done.letters.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_notices_a_failover_in_its_next_turn_and_at_its_next_start() {
    let Some(server) = Server::start("a_worker_notices_a_failover") else { return };
    let now = at("2018-03-20T08:30:00Z");
    let store = Store::open(&server.location()).await.unwrap();
    plan_and_approve(&store, &Files::new()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "secret").unwrap();
    let comparison = compare(&store, &journal, false).await.unwrap();
    agree(&store, &mut journal, &comparison, now).await.unwrap();
    let worker = store.clone().on_timeline_of(comparison.lineage.as_ref());
    assert_eq!(a_turn(&worker).await.unwrap(), 1);
    server.fail_over();
    // Connections that broke are told, or replaced without a word; either way nothing is claimed.
    let mut turns = Vec::new();
    for _ in 0..6 {
        turns.push(a_turn(&worker).await);
    }
    assert!(turns.iter().all(Result::is_err), "{turns:?}");
    assert!(matches!(turns.last(), Some(Err(StoreError::Forgetful(_)))), "{turns:?}");
    assert_eq!(store.dispatches(&everything()).await.unwrap().iter().filter(|d| d.fence > 0).count(), 1);
    let found = compare(&store, &journal, false).await.unwrap();
    assert!(matches!(found.doubts[..], [Doubt::Lineage { .. }]), "{found:?}");
    reconcile(&store, &mut journal, &found, &[], "Ada", now).await.unwrap();
    let again = compare(&store, &journal, false).await.unwrap();
    assert!(!again.needs_a_person(), "{again:?}");
    assert_eq!(a_turn(&store.on_timeline_of(again.lineage.as_ref())).await.unwrap(), 1);
}
