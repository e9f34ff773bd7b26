//! Backups restored, databases moved and journals lost, through the binary: nothing leaves twice, and a person is asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;

use std::fs;

use postgres_server::OwnDatabase;
use serde_json::Value;
use support::office::{Office, text};
use support::smtp_server::{Act, Script, SmtpServer, Step};

const STATES: [&str; 2] = ["FRA", "DEU"];
const LIVE: &str = "sqlite://var/demarche.db";

fn use_database(office: &Office, url: &str) {
    let file = office.path("config/demarche.toml");
    let settings = fs::read_to_string(&file).unwrap();
    let rest = settings.split_once("[delivery]").unwrap().1;
    fs::write(&file, format!("[database]\nurl = \"{url}\"\n\n[delivery]{rest}")).unwrap();
}

fn remove_the_database(office: &Office) {
    for name in ["var/demarche.db", "var/demarche.db-wal", "var/demarche.db-shm"] {
        // Whatever of them there is makes way.
        let _gone = fs::remove_file(office.path(name));
    }
}

#[track_caller]
fn refuses(office: &Office, words: &[&str], code: i32, says: &str) -> String {
    let output = office.run(words);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(says), "{said}");
    said
}

/// What a person does, and what must hold, once a backup from before the letters left is live again.
fn restored(office: &Office, server: &SmtpServer) {
    assert_eq!(server.messages().len(), 2);
    refuses(office, &["run", "--until-idle"], 1, "database reconcile");
    refuses(office, &["run", "--until-idle"], 1, "database reconcile");
    refuses(office, &["database", "reconcile"], 1, "nobody is there to answer");
    refuses(office, &["run", "--until-idle"], 1, "database reconcile");
    let output = office.run(&["database", "reconcile", "--yes", "--json"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("taken: 250"), "the journal's answer is shown: {}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["marked"], 2);
    assert_eq!(told["letters"][0]["outcome"], "taken");
    assert!(office.statuses().values().all(|status| status == "uncertain"));
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2, "nothing left twice");
    for state in STATES {
        let shown = office.done(&["show", &format!("hrc37-china/letter/{state}")]);
        assert!(shown.contains("taken: 250"), "{shown}");
    }
    let letters = STATES.map(|state| format!("hrc37-china/letter/{state}"));
    office.done(&["settle", &letters[0], &letters[1], "--as", "sent", "--yes"]);
    assert!(office.statuses().values().all(|status| status == "sent"));
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2);
}

#[test]
fn a_backup_restored_on_sqlite_sends_nothing_until_a_person_has_looked() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    office.done(&["database", "copy", LIVE, "sqlite://backup.db"]);
    office.done(&["run", "--until-idle"]);
    remove_the_database(&office);
    office.done(&["database", "copy", "sqlite://backup.db", LIVE]);
    restored(&office, &server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_restored_on_postgresql_sends_nothing_until_a_person_has_looked() {
    let Some(live) = OwnDatabase::create("a_backup_restored_on_postgresql").await else { return };
    let Some(again) = OwnDatabase::create("a_backup_restored_on_postgresql").await else { return };
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server);
    use_database(&office, &live.url());
    let office = office.planned_and_approved();
    office.done(&["database", "copy", &live.url(), "sqlite://backup.db"]);
    office.done(&["run", "--until-idle"]);
    office.done(&["database", "copy", "sqlite://backup.db", &again.url()]);
    use_database(&office, &again.url());
    restored(&office, &server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_move_to_postgresql_the_journal_protects_as_before() {
    let Some(database) = OwnDatabase::create("after_the_move_to_postgresql").await else { return };
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    office.done(&["hold", "hrc37-china", "--delegation", "DEU", "--reason", "for the test"]);
    office.done(&["run", "--until-idle"]);
    office.done(&["database", "copy", LIVE, &database.url()]);
    use_database(&office, &database.url());
    assert_eq!(office.statuses()["FRA"], "sent");
    office.done(&["release", "hrc37-china", "--delegation", "DEU", "--reason", "for the test"]);
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2, "the other one leaves from there, without a question");
    // Somebody goes back to the database from before.
    use_database(&office, LIVE);
    office.done(&["release", "hrc37-china", "--delegation", "DEU", "--reason", "for the test"]);
    refuses(&office, &["run", "--until-idle"], 1, "database reconcile");
    assert_eq!(server.messages().len(), 2);
}

#[test]
fn a_journal_that_is_gone_is_missed_and_a_new_one_begins_once_a_person_says_so() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    office.done(&["run", "--until-idle"]);
    fs::remove_file(office.path("var/sent.journal")).unwrap();
    for _ in 0..2 {
        refuses(&office, &["run", "--until-idle"], 1, "the journal of what was sent is not here any more");
    }
    let waits = "NOTHING IS SENT until `demarche database reconcile` has run: the journal of what was sent is not here";
    let status = office.run(&["status"]);
    assert_eq!(status.status.code(), Some(4));
    assert!(text(&status.stdout).starts_with(waits), "{}", text(&status.stdout));
    let output = office.run(&["database", "reconcile", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("Sent folder"), "{}", text(&output.stderr));
    assert!(!office.done(&["status"]).contains("NOTHING IS SENT"));
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2);
}

#[test]
fn a_letter_that_was_only_put_off_before_the_restore_leaves_once() {
    let later = Act::Reply("450 4.2.0 later".to_owned());
    let server = SmtpServer::start(Script::plain().on(Step::Rcpt, later).times(1));
    let office = Office::with_server(&["FRA"], &server).planned_and_approved();
    office.done(&["database", "copy", LIVE, "sqlite://backup.db"]);
    office.done(&["run", "--until-idle"]);
    assert_eq!(office.statuses()["FRA"], "deferred");
    remove_the_database(&office);
    office.done(&["database", "copy", "sqlite://backup.db", LIVE]);
    refuses(&office, &["run", "--until-idle"], 1, "database reconcile");
    office.done(&["database", "reconcile", "--yes"]);
    assert_eq!(office.statuses()["FRA"], "approved", "provably not taken");
    office.done(&["run", "--until-idle"]);
    assert_eq!((office.statuses()["FRA"].as_str(), server.messages().len()), ("sent", 1));
}

#[test]
fn where_the_journal_cannot_be_written_nothing_leaves() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&["FRA"], &server).planned_and_approved();
    fs::create_dir_all(office.path("var/sent.journal")).unwrap();
    refuses(&office, &["run", "--until-idle"], 3, "journal");
    fs::remove_dir(office.path("var/sent.journal")).unwrap();
    std::os::unix::fs::symlink("/dev/full", office.path("var/sent.journal")).unwrap();
    refuses(&office, &["run", "--until-idle"], 3, "journal");
    assert_eq!(server.messages().len(), 0);
    fs::remove_file(office.path("var/sent.journal")).unwrap();
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 1);
}
