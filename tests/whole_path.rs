//! A letter travels the whole way, through the binary: files, plan, approval, worker, mail server. And what happens on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use demarche::vocabulary::Digest;
use serde_json::Value;
use support::office::{Office, text};
use support::real_server::{PASSWORD, RealServer, USER};
use support::smtp_server::{Act, Script, SmtpServer, Step, Taken};

/// What was approved: all but the first line, which is `Date`.
fn without_date(message: &[u8]) -> &[u8] {
    assert!(message.starts_with(b"Date: "), "{}", text(&message[..80.min(message.len())]));
    let end = message.windows(2).position(|pair| pair == b"\r\n").unwrap();
    &message[end + 2..]
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}

fn letters_to<'a>(taken: &'a [Taken], state: &str) -> Vec<&'a Taken> {
    let domain = format!("@{}.mission.example", state.to_lowercase());
    taken.iter().filter(|t| t.to.iter().any(|to| to.ends_with(&domain))).collect()
}

#[test]
fn every_delegation_but_china_gets_its_approved_bytes_over_a_real_server() {
    let Some(server) = RealServer::start("every_delegation_but_china_gets_its_approved_bytes_over_a_real_server")
    else {
        return;
    };
    let settings = format!(
        "host = \"localhost\"\nport = {}\nsecurity = \"starttls\"\nusername = \"{USER}\"\npassword = {{ env = \"DEMARCHE_SMTP_PASSWORD\" }}\nconnections = 4\nca_file = \"{}\"\n",
        server.port,
        server.certificate.display()
    );
    let office = Office::new(None, &settings).planned_and_approved();
    office.done(&["run", "--until-idle"]);
    let stored = server.stored();
    assert_eq!(stored.len(), 192);
    let mut by_digest: HashMap<String, Vec<String>> = HashMap::new();
    for letter in &stored {
        assert_eq!(letter.envelope["encrypted"], true);
        assert_eq!(letter.envelope["signed_in"], true);
        assert_eq!(letter.envelope["hello"], "coalition.example");
        let to: Vec<String> = serde_json::from_value(letter.envelope["to"].clone()).unwrap();
        let twice = by_digest.insert(Digest::of(without_date(&letter.data)).to_string(), to);
        assert!(twice.is_none(), "the same letter arrived twice");
    }
    let plan: Value = serde_json::from_str(&office.done(&["plan", "hrc37-china", "--dry-run", "--json"])).unwrap();
    let recipients: HashMap<&str, Vec<&str>> = plan["dispatches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| {
            let both = d["to"].as_array().unwrap().iter().chain(d["cc"].as_array().unwrap());
            (d["delegation"].as_str().unwrap(), both.map(|a| a.as_str().unwrap()).collect())
        })
        .collect();
    let rows = office.dispatches();
    assert_eq!(rows.len(), 192);
    assert!(!rows.contains_key("CHN"));
    for (state, row) in rows {
        assert_eq!(row["status"], "sent", "{state}");
        assert_eq!(row["via"], "smtp", "{state}");
        let reached =
            by_digest.get(row["digest"].as_str().unwrap()).unwrap_or_else(|| panic!("{state}'s bytes did not arrive"));
        assert_eq!(reached, &recipients[state.as_str()], "{state}");
    }
}

#[test]
fn a_worker_killed_after_the_letter_was_taken_leaves_it_uncertain_and_the_next_one_sends_the_others() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(60))).times(1));
    let states = ["FRA", "DEU", "SWE"];
    let office = Office::with_server(&states, &server).planned_and_approved();
    let mut worker = office.worker();
    wait_until("the server has taken one letter and not answered", || server.messages().len() == 1);
    worker.kill().unwrap();
    worker.wait().unwrap();
    office.done(&["run", "--until-idle"]);
    let taken = server.messages();
    assert_eq!(taken.len(), 3, "each letter once");
    let uncertain: Vec<String> =
        office.statuses().into_iter().filter(|(_, status)| status == "uncertain").map(|(state, _)| state).collect();
    assert_eq!(uncertain.len(), 1);
    for state in states {
        assert_eq!(letters_to(&taken, state).len(), 1, "{state}");
    }
    assert_eq!(office.run(&["status"]).status.code(), Some(4), "an uncertain letter needs a person");
    // It never leaves again by itself; a person settles it.
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 3);
    office.done(&["settle", &format!("hrc37-china/letter/{}", uncertain[0]), "--as", "sent", "--yes"]);
    assert!(office.statuses().values().all(|status| status == "sent"));
}

#[test]
fn a_letter_settled_as_not_sent_leaves_exactly_once_more() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Drop).times(1));
    let office = Office::with_server(&["FRA"], &server).planned_and_approved();
    office.done(&["run", "--until-idle"]);
    assert_eq!(office.statuses()["FRA"], "uncertain");
    assert_eq!(server.messages().len(), 0, "the server dropped it");
    office.done(&["settle", "hrc37-china/letter/FRA", "--as", "not-sent", "--yes"]);
    office.done(&["run", "--until-idle"]);
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 1);
    assert_eq!(office.statuses()["FRA"], "sent");
}

#[test]
fn asked_to_stop_the_worker_waits_for_the_answer_to_the_letter_in_hand() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(2))).times(1));
    let office = Office::with_server(&["FRA", "DEU", "SWE"], &server).planned_and_approved();
    let mut worker = office.worker();
    wait_until("a letter is in hand", || server.messages().len() == 1);
    let told = Command::new("kill").args(["-TERM", &worker.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(worker.wait().unwrap().code(), Some(0));
    let statuses = office.statuses();
    assert_eq!(statuses.values().filter(|s| *s == "sent").count(), 1, "{statuses:?}");
    assert_eq!(statuses.values().filter(|s| *s == "approved").count(), 2, "{statuses:?}");
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn a_database_restored_from_a_backup_sends_nothing_until_a_person_has_looked() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&["FRA", "DEU"], &server).planned_and_approved();
    let backup: Vec<(PathBuf, Vec<u8>)> = ["var/demarche.db", "var/demarche.db-wal"]
        .iter()
        .map(|name| office.path(name))
        .filter(|path| path.exists())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2);
    for name in ["var/demarche.db", "var/demarche.db-wal", "var/demarche.db-shm"] {
        // Whatever of them there is makes way for the backup.
        let _gone = fs::remove_file(office.path(name));
    }
    for (path, bytes) in &backup {
        fs::write(path, bytes).unwrap();
    }
    let refused = office.run(&["run", "--until-idle"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("database reconcile"), "{}", text(&refused.stderr));
    assert_eq!(office.run(&["database", "reconcile", "--yes"]).status.code(), Some(4));
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 2, "nothing left twice");
    assert!(office.statuses().values().all(|status| status == "uncertain"));
}

#[test]
fn bytes_changed_after_the_approval_in_the_database_itself_never_leave() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&["FRA"], &server).planned_and_approved();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use sea_orm::ConnectionTrait as _;
        let url = format!("sqlite://{}", office.path("var/demarche.db").display());
        let db = sea_orm::Database::connect(url).await.unwrap();
        db.execute_unprepared("UPDATE letters SET message = CAST(message AS BLOB) || x'0D0A'").await.unwrap();
    });
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 0);
    assert_eq!(office.statuses()["FRA"], "held");
}

#[test]
fn no_password_shows_in_any_output_log_or_file() {
    let server = SmtpServer::start(Script::plain());
    let office = Office::new(
        Some(&["FRA"]),
        &format!(
            "host = \"localhost\"\nport = {}\nsecurity = \"starttls\"\nusername = \"{USER}\"\npassword = {{ env = \"DEMARCHE_SMTP_PASSWORD\" }}\n",
            server.port()
        ),
    )
    .planned_and_approved();
    // The server offers no STARTTLS: the letter waits, and the password is never said.
    let output = office.run(&["-vv", "run", "--until-idle"]);
    assert_eq!(output.status.code(), Some(3));
    let said = format!("{}{}{}", text(&output.stdout), text(&output.stderr), server.transcript().join("\n"));
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(office.statuses()["FRA"], "deferred");
    for name in ["demarche.db", "demarche.db-wal", "sent.journal"] {
        let bytes = fs::read(office.path("var").join(name)).unwrap_or_default();
        assert!(!bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()), "{name}");
    }
}
