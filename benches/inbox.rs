//! What a mailbox of answers costs: `cargo bench --bench inbox [-- MESSAGES]`.
//!
//! Read from a Maildir, parsed, matched and filed in a database on the disk that flushes as in production, 193 missions written to.
//! The bar: eight times the speed of Python's `email`, which only parses the same files, in the same run; and memory that does not
//! grow with the mailbox. Python is timed where there is a `python3`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and ends where it cannot go on"
)]

#[path = "inbox/answers.rs"]
mod answers;
#[path = "../tests/support/coalition.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with test programs")]
mod coalition;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use coalition::{CAMPAIGN, Files, at, everything, plan_and_approve};
use demarche::adapters::clock::SimulatedClock;
use demarche::adapters::mail;
use demarche::adapters::mailbox::Maildir;
use demarche::adapters::shelf::Shelf;
use demarche::adapters::store::{Location, Outcome, Store};
use demarche::delivery::{Reply, Verdict};
use demarche::inbox::{authenticity, understand};
use demarche::outbox::{Event, Via};
use demarche::steps::collect::{CollectRequest, Collected, collect};
use demarche::steps::dispatch::{Policy, TurnInput, turn};
use demarche::steps::filing::{Clerk, Understand, Understood};

const ON_TIME: &str = "2018-03-20T08:30:00Z";
const MISSIONS: usize = 193;

/// Parses each file and looks for the text that a person would read, as a program would that files answers.
const PYTHON: &str = "
import email, email.policy, os, sys, time
folder = sys.argv[1]
names = [os.path.join(folder, name) for name in os.listdir(folder)]
start = time.perf_counter()
for name in names:
    with open(name, 'rb') as file:
        message = email.message_from_bytes(file.read(), policy=email.policy.default)
    message['subject'], message['from'], message['in-reply-to']
    body = message.get_body(preferencelist=('plain', 'html'))
    body and body.get_content()
print(time.perf_counter() - start)
";

fn main() {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(wanted));
}

async fn measure(messages: usize) {
    // On the disk on which the program is built: a flush must cost what it costs.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("demarche.db"))).await.unwrap();
    plan_and_approve(&store, &Files::with_missions(MISSIONS, |state, _| format!("mission@{state}.mission.example")))
        .await;
    send(&store).await;
    let letters = store.dispatches(&everything()).await.unwrap();
    let maildir = folder.path().join("maildir");
    let bytes = answers::fill(&maildir, messages, &letters);
    println!("{messages} messages of {} bytes, {CAMPAIGN}: {} letters sent", bytes / messages, letters.len());
    drop(letters);
    let before = peak_memory();

    let clerk = Clerk {
        shelf: Shelf::open(&folder.path().join("mail")).unwrap(),
        understand: Understand(Arc::new(|bytes: &[u8]| {
            let message = mail::parse(bytes);
            let authenticity = authenticity::judge(&message, Some("mx.coalition.example"));
            Understood { reading: understand(&message), authenticity }
        })),
        own: ["outreach@coalition.example".to_owned()].into(),
        by: "bench".into(),
    };
    let request = CollectRequest { clerk: &clerk, since: None, watched: None };
    let clock = SimulatedClock::starting_at(at("2018-03-25T12:00:00Z"));
    let (mut mailbox, mut collected) = (Maildir::new(&maildir), Collected::default());
    let start = Instant::now();
    collect(&store, &mut mailbox, &clock, &request, &mut collected, |_, _| {}).await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let filed = collected.mail.entered.iter().filter(|entered| entered.under.is_some()).count();
    assert_eq!((collected.new, collected.faults.len()), (messages as u64, 0));
    println!(
        "collect: {:.0} messages/s, {:.1} MB/s, {seconds:.2} s; {filed} filed, {} bounced, {} in the pen",
        messages as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        collected.mail.bounced.len(),
        collected.mail.entered.len() - filed,
    );
    println!("peak memory: {} MB, {} MB before the first message", peak_memory() / 1000, before / 1000);
    match python(&maildir.join("new")) {
        Some(python) => println!(
            "Python's email, parsing alone: {:.0} messages/s, {:.1} MB/s; ratio {:.1}",
            messages as f64 / python,
            bytes as f64 / python / 1e6,
            python / seconds
        ),
        None => println!("no python3 here: no ratio"),
    }
}

/// Every letter is handed over and taken.
async fn send(store: &Store) {
    let policy = Policy {
        worker: "w1".into(),
        via: Via::Smtp,
        ceilings: None,
        min_days_between: 0,
        real_server: false,
        lease: chrono::Duration::days(1),
        mailbox: None,
    };
    loop {
        let input = TurnInput {
            now: at(ON_TIME),
            outcomes: &[],
            free: 50,
            blocked: &[],
            renew: true,
            after_failed_commit: None,
            zones: &std::collections::BTreeMap::new(),
        };
        let turn = turn(store, &policy, &input).await.unwrap();
        if turn.letters.is_empty() {
            return;
        }
        let tx = store.begin().await.unwrap();
        for letter in turn.letters {
            let outcome = Outcome {
                id: letter.claim.dispatch.id.clone(),
                key: letter.claim.dispatch.key,
                fence: letter.claim.fence,
                verdict: Verdict::Taken { reply: Some(Reply::new(250, "ok")), recipients: vec![] },
                event: Event::Taken,
                reason: None,
                next_at: None,
                at: at(ON_TIME),
            };
            assert!(tx.record(&outcome, "w1").await.unwrap());
        }
        tx.commit().await.unwrap();
    }
}

/// Unit: seconds, without the start of Python itself.
fn python(folder: &Path) -> Option<f64> {
    let output = Command::new("python3").args(["-c", PYTHON]).arg(folder).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Unit: kilobytes; 0 where the system does not say it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
