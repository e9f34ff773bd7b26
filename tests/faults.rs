//! Faults injected at the system calls of a worker, one after the other: killed, or the disk full from there on. Whatever the
//! moment, nobody is written to twice, nothing is lost, and what the server took is known or uncertain; each answer is read once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/office_box.rs"]
#[allow(dead_code, reason = "only its letters of missions are needed here")]
mod office_box;
mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use office_box::{a_bounce, a_reply, crlf};
use support::office::Office;
use support::smtp_server::{Script, SmtpServer, Taken};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];

/// `None`, with a named skip, where there is no strace or it may not trace; a failure in continuous integration.
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn strace(test: &str) -> Option<()> {
    let works = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if works.is_ok_and(|status| status.success()) {
        return Some(());
    }
    assert!(std::env::var("CI").is_err(), "{test}: strace does not work here");
    eprintln!("SKIPPED {test}: strace does not work here; install it");
    None
}

/// The program under a fault. Returns whether it ran to its end as if nothing had been.
fn run_with(office: &Office, words: &[&str], calls: &str, fault: &str) -> bool {
    let inject = format!("inject={calls}:{fault}");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject, "--"])
        .arg(env!("CARGO_BIN_EXE_demarche"))
        .args(words)
        .current_dir(office.path(""))
        // One thread for all tasks, so that the calls are counted in one row.
        .env("TOKIO_WORKER_THREADS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // Needing a person is an end like another.
    matches!(status.code(), Some(0 | 4))
}

/// What must hold after every fault, once another worker has run without one.
fn holds(office: &Office, taken: &[Taken], at: &str) {
    let mut arrived: HashMap<&str, usize> = HashMap::new();
    for state in STATES {
        let domain = format!("@{}.mission.example", state.to_lowercase());
        arrived.insert(state, taken.iter().filter(|t| t.to.iter().any(|to| to.ends_with(&domain))).count());
    }
    let statuses = office.statuses();
    assert_eq!(statuses.len(), STATES.len(), "{at}: a letter is lost");
    for state in STATES {
        match (statuses[state].as_str(), arrived[state]) {
            ("sent", 1) | ("uncertain", 0 | 1) => {}
            (status, times) => panic!("{at}: {state} is {status}, and arrived {times} times"),
        }
    }
    let uncertain = statuses.values().filter(|status| *status == "uncertain").count();
    assert!(uncertain <= 1, "{at}: {uncertain} uncertain, on one connection");
}

/// Injects `fault` at every `step`th call, until the worker runs through unhurt or `last` is reached.
fn sweep(calls: &str, step: usize, last: usize, fault: impl Fn(usize) -> String) -> usize {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    let approved = office.memory();
    let mut rounds = 0;
    for call in (1..=last).step_by(step) {
        office.remember(&approved);
        let before = server.messages().len();
        let unhurt = run_with(&office, &["run", "--until-idle"], calls, &fault(call));
        office.done(&["run", "--until-idle"]);
        holds(&office, &server.messages()[before..], &format!("{} at call {call}", fault(call)));
        rounds += 1;
        if unhurt {
            break;
        }
    }
    rounds
}

#[test]
fn a_worker_killed_at_any_system_call_sends_nothing_twice_and_loses_nothing() {
    if strace("a_worker_killed_at_any_system_call_sends_nothing_twice_and_loses_nothing").is_none() {
        return;
    }
    let calls = "write,pwrite64,sendto,sendmsg,writev,fsync,fdatasync,rename,unlink,connect,recvfrom";
    // Every third call: a prime to the handful of calls that repeat for each letter, so that each kind is met.
    let rounds = sweep(calls, 3, 400, |call| format!("signal=KILL:when={call}"));
    assert!(rounds > 20, "only {rounds} rounds: the calls were not counted");
}

#[test]
fn a_disk_that_is_full_from_any_write_on_lets_no_letter_leave_that_cannot_be_recorded() {
    if strace("a_disk_that_is_full_from_any_write_on_lets_no_letter_leave_that_cannot_be_recorded").is_none() {
        return;
    }
    // Each round waits out the worker's patience with its database, so only a few points: before the claim, in it, and after.
    let rounds = sweep("pwrite64,fsync,fdatasync", 13, 40, |call| format!("error=ENOSPC:when={call}+"));
    assert!(rounds > 2, "only {rounds} rounds");
}

/// One answer, one letter that came back, and one message of which nobody knows whose it is.
fn put_mail(office: &Office, server: &SmtpServer) -> usize {
    let rows = office.dispatches();
    let id = |state: &str| rows[state]["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
    let address = |state: &str| {
        let domain = format!("@{}.mission.example", state.to_lowercase());
        server.messages().iter().flat_map(|taken| taken.to.clone()).find(|to| to.ends_with(&domain)).unwrap()
    };
    let mail = [
        a_reply(&address("FRA"), "1@fra.example", &id("FRA"), "Re: your letter", "We thank you."),
        a_bounce(&id("DEU"), &address("DEU"), "failed", "5.1.1"),
        a_reply("clerk@private.example", "3@private.example", "", "Hello", "I write to you."),
    ];
    std::fs::create_dir(office.path("mail")).unwrap();
    for (number, text) in mail.iter().enumerate() {
        std::fs::write(office.path(&format!("mail/{number}.eml")), crlf(text)).unwrap();
    }
    mail.len()
}

/// Messages on the shelf; what a killed reader left half-written lies beside it, and is swept away in a day.
fn kept(shelf: &Path) -> usize {
    let entries =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let folders = entries(shelf).into_iter().filter(|path| !path.ends_with("spool"));
    folders.map(|folder| entries(&folder).len()).sum()
}

#[test]
fn mail_is_filed_once_at_whatever_system_call_its_reader_is_killed() {
    if strace("mail_is_filed_once_at_whatever_system_call_its_reader_is_killed").is_none() {
        return;
    }
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    office.done(&["run", "--until-idle"]);
    let messages = put_mail(&office, &server);
    let before = office.memory();
    let calls = "write,pwrite64,fsync,fdatasync,rename,unlink,openat";
    let mut rounds = 0;
    for call in (1..=600).step_by(3) {
        office.remember(&before);
        if rounds > 0 {
            std::fs::remove_dir_all(office.path("var/mail")).unwrap_or_default();
        }
        let fault = format!("signal=KILL:when={call}");
        let unhurt = run_with(&office, &["collect", "--from", "mail"], calls, &fault);
        office.run(&["collect", "--from", "mail"]);
        let log: Vec<serde_json::Value> = serde_json::from_str(&office.done(&["log", "--json"])).unwrap();
        assert_eq!(log.len(), messages, "at call {call}: {log:#?}");
        assert_eq!(kept(&office.path("var/mail")), messages, "at call {call}");
        let statuses = office.statuses();
        assert_eq!((statuses["FRA"].as_str(), statuses["DEU"].as_str()), ("sent", "bounced"), "at call {call}");
        rounds += 1;
        if unhurt {
            break;
        }
    }
    assert!(rounds > 20, "only {rounds} rounds: the calls were not counted");
}
