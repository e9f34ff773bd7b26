//! One workspace on two machines: each has its own lock, and each would send every letter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::fs;

use serde_json::Value;
use support::office::{Office, text};
use support::smtp_server::{Script, SmtpServer};

const RUN: [&str; 2] = ["run", "--until-idle"];

#[test]
fn a_workspace_that_was_copied_to_another_machine_sends_nothing_there_until_somebody_says_that_it_was_moved() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&["FRA"], &server);
    // A worker is at home here before anything is due.
    office.done(&["plan", "hrc37-china"]);
    office.done(&RUN);
    let office = office.planned_and_approved();
    let memory = office.path("var/machine.json");
    let mut known: Value = serde_json::from_slice(&fs::read(&memory).unwrap()).unwrap();
    if known["machine"].is_null() {
        eprintln!("SKIPPED: this machine has no name of its own in /etc/machine-id");
        return;
    }
    // As another machine would have left it.
    known["machine"] = "another".into();
    fs::write(&memory, known.to_string()).unwrap();
    for _ in 0..2 {
        let refused = office.run(&RUN);
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("another machine was the last to send") && said.contains("--was-moved"), "{said}");
        assert_eq!(server.messages().len(), 0);
    }
    office.done(&["run", "--until-idle", "--was-moved"]);
    assert_eq!(server.messages().len(), 1);
    office.done(&RUN);
    assert_eq!(server.messages().len(), 1, "and from then on it is at home here");
}
