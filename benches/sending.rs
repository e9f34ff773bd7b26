//! What sending costs: `cargo bench --bench sending [-- LETTERS]`.
//!
//! A worker's rounds in this process, durable as in production: a database of SQLite that flushes each turn, the journal beside it,
//! and couriers that speak to a mail server on the loopback interface. On the disk on which the program is built, and in memory
//! where the system has a folder for that; over 1, 4 and 10 connections. Every letter must have come once.
//!
//! The bar, which `benches/compare.sh` measures beside other programs: half the letters/s of `smtp-source` in memory, and on a disk
//! eight letters for each flush that the disk can do.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and ends where it cannot go on"
)]

#[path = "../tests/support/coalition.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with test programs")]
mod coalition;
#[path = "sending/sink.rs"]
mod sink;

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use coalition::{CAMPAIGN, CAMPAIGN_FILE, Files, LETTER, campaign, everything, plan_and_approve};
use demarche::adapters::clock::SystemClock;
use demarche::adapters::journal::Journal;
use demarche::adapters::smtp::{Security, Settings, SmtpMailer};
use demarche::adapters::store::{Location, Store};
use demarche::config::workspace::Snapshot;
use demarche::outbox::{Status, Via};
use demarche::ports::Clock as _;
use demarche::schedule::pace::Ceilings;
use demarche::steps::dispatch::Policy;
use demarche::steps::reconcile::{agree, compare};
use demarche::worker::files_watch;
use demarche::worker::round::{OnMove, State};
use demarche::worker::{Stop, Worker};
use sink::Sink;

const MISSIONS: usize = 193;

fn main() {
    let wanted: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let files = due_letters(wanted.div_ceil(MISSIONS));
    for (name, place) in [("disk", env!("CARGO_TARGET_TMPDIR")), ("memory", "/dev/shm")] {
        if !Path::new(place).is_dir() {
            println!("{name}: no {place} here");
            continue;
        }
        for connections in [1, 4, 10] {
            let folder = tempfile::tempdir_in(place).unwrap();
            let before = flushes_a_second(folder.path());
            let sent = runtime.block_on(send_all(folder.path(), &files, connections));
            let after = flushes_a_second(folder.path());
            println!(
                "{name}, {connections:>2} connections: {:.0} letters/s ({} letters of {} bytes in {:.2} s), {:.1} for each flush that \
                 it can do ({before:.0}/s before, {after:.0}/s after)",
                sent.per_second(),
                sent.letters,
                sent.bytes,
                sent.took.as_secs_f64(),
                2.0 * sent.per_second() / (before + after),
            );
        }
    }
}

/// A letter of about 5 KB as text and HTML, in so many steps, each to every mission, all due long ago.
fn due_letters(steps: usize) -> Files {
    let mut files = Files::with_missions(MISSIONS, |state, _| format!("mission@{state}.mission.example"));
    let mut written = String::new();
    for n in 0..steps {
        let (hour, minute) = (8 + n / 60, n % 60);
        let at = format!("at = \"{hour:02}:{minute:02}\"");
        let when = format!("when = {{ milestone = \"custom:launch\", offset = \"0 days\", {at} }}");
        write!(written, "[[step]]\nid = \"letter-{n}\"\nletter = \"first\"\n{when}\nlate_by = \"30000 days\"\n\n")
            .unwrap();
    }
    files.put(CAMPAIGN_FILE, &campaign(CAMPAIGN, &written));
    let paragraph =
        "We ask that your delegation raise the cases named in this letter in its national statement. ".repeat(4);
    let body = format!("{}\n\n", paragraph.trim()).repeat(4);
    files.put(
        LETTER,
        &format!(
            "---\nsubject: Joint letter\n---\n{{{{salutation}}}}\n\n{body}{{{{closing}}}}\n\n{{{{signatories}}}}\n"
        ),
    );
    files
}

struct Sent {
    letters: usize,
    /// Of one message, on the average.
    bytes: usize,
    took: Duration,
}

impl Sent {
    fn per_second(&self) -> f64 {
        self.letters as f64 / self.took.as_secs_f64()
    }
}

/// The files as they are: nobody edits them meanwhile.
struct Unchanged(Snapshot);

impl files_watch::Files for Unchanged {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.0.clone())
    }
}

async fn send_all(folder: &Path, files: &Files, connections: usize) -> Sent {
    let store = Store::open(&Location::Sqlite(folder.join("demarche.db"))).await.unwrap();
    plan_and_approve(&store, files).await;
    let letters = store.dispatches(&everything()).await.unwrap();
    assert!(letters.iter().all(|letter| letter.status == Status::Approved));
    let sink = Sink::start();
    let settings =
        Settings::new(&sink.address.ip().to_string(), sink.address.port(), Security::None, "coalition.example");
    let unchanged = Unchanged(files.0.clone());
    let mut journal = Journal::open(&folder.join("var"), &store.secret(SystemClock.now()).await.unwrap()).unwrap();
    let comparison = compare(&store, &journal, false).await.unwrap();
    agree(&store, &mut journal, &comparison, SystemClock.now()).await.unwrap();
    let mut worker = Worker {
        store: store.clone(),
        clock: SystemClock,
        mailer: SmtpMailer::new(settings).unwrap(),
        settings: files_watch::settings(&unchanged),
        files: unchanged,
        journal: Some(journal),
        policy: Policy {
            worker: "bench".to_owned(),
            via: Via::Smtp,
            // Out of the way, but counted.
            ceilings: Some(Ceilings { per_minute: 1_000_000, per_domain_per_minute: 1_000_000 }),
            min_days_between: 0,
            real_server: false,
            lease: chrono::Duration::minutes(2),
            mailbox: None,
        },
        connections,
        stop: Stop::default(),
        on_move: OnMove(Box::new(|_| {})),
        state: State::default(),
    };
    worker.recover().await.unwrap();
    let started = Instant::now();
    let report = worker.round().await.unwrap();
    let took = started.elapsed();
    assert_eq!(report.count(Status::Sent), letters.len(), "not every letter was taken");
    assert_eq!(sink.taken(), (letters.len(), 0), "the mail server does not have every letter once");
    let bytes = store.message(letters[0].digest).await.unwrap().map_or(0, |message| message.len());
    Sent { letters: letters.len(), bytes, took }
}

/// 4 KB appended and flushed, again and again, for a second.
fn flushes_a_second(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("probe")).unwrap();
    let started = Instant::now();
    let mut flushes = 0_u32;
    while started.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        flushes += 1;
    }
    f64::from(flushes) / started.elapsed().as_secs_f64()
}
