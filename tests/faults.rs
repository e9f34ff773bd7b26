//! Faults injected at the system calls of a worker, one after the other: killed, or the disk full from there on. Whatever the
//! moment, nobody is written to twice, nothing is lost, and what the server took is known or uncertain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/strace.rs"]
mod strace;
mod support;

use std::collections::HashMap;

use support::office::Office;
use support::smtp_server::{Script, SmtpServer, Taken};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];

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
        let unhurt = strace::with(&office, &["run", "--until-idle"], calls, &fault(call)).status.success();
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
    if strace::works("a_worker_killed_at_any_system_call_sends_nothing_twice_and_loses_nothing").is_none() {
        return;
    }
    let calls = "write,pwrite64,sendto,sendmsg,writev,fsync,fdatasync,rename,unlink,connect,recvfrom";
    // Every third call: a prime to the handful of calls that repeat for each letter, so that each kind is met.
    let rounds = sweep(calls, 3, 400, |call| format!("signal=KILL:when={call}"));
    assert!(rounds > 20, "only {rounds} rounds: the calls were not counted");
}

#[test]
fn a_disk_that_is_full_from_any_write_on_lets_no_letter_leave_that_cannot_be_recorded() {
    if strace::works("a_disk_that_is_full_from_any_write_on_lets_no_letter_leave_that_cannot_be_recorded").is_none() {
        return;
    }
    // Each round waits out the worker's patience with its database, so only a few points: before the claim, in it, and after.
    let rounds = sweep("pwrite64,fsync,fdatasync", 13, 40, |call| format!("error=ENOSPC:when={call}+"));
    assert!(rounds > 2, "only {rounds} rounds");
}
