//! Logs: they help to find a fault, they give nothing away, and nothing depends on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/connected.rs"]
mod connected;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;
#[path = "cli/workspace.rs"]
mod workspace;

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use connected::{COLLEAGUE, Connected, IMAP_SECRET, SMTP_SECRET};
use postgres_server::OwnDatabase;
use support::imap_server;
use support::smtp_server::{Act, Script, SmtpServer, Step};
use workspace::{INSTALLATION, Workspace};

/// As the wire has them: SASL PLAIN and LOGIN.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    out
}

/// The passwords in every form in which they are said to a server.
fn secrets() -> Vec<String> {
    let mut all = Vec::new();
    for password in [SMTP_SECRET, IMAP_SECRET] {
        all.extend([password.to_owned(), base64(password), base64(&format!("\0outreach\0{password}"))]);
    }
    all
}

#[track_caller]
fn check_silent(what: &str, octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    for secret in secrets() {
        assert!(!text.contains(&secret), "{what} holds `{secret}`:\n{text}");
    }
}

/// As much as anybody can have it say.
fn loud(command: &mut Command) -> &mut Command {
    command.env("DEMARCHE_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full")
}

fn everything_said(office: &Connected, words: &str) -> String {
    let output = loud(&mut office.command(words)).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    check_silent(words, &said);
    String::from_utf8_lossy(&said).into_owned()
}

fn check_folder(path: &std::path::Path) {
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() {
            check_folder(&entry);
        } else {
            check_silent(&entry.display().to_string(), &std::fs::read(&entry).unwrap());
        }
    }
}

const AFTERWARDS: [&str; 9] = [
    "-vv status",
    "-vv dispatches --json",
    "-vv show spring/letter/FRA",
    "-vv log --csv",
    "-vv digest",
    "-vv collect",
    "-vv check",
    "-vv why spring FRA",
    "-vv preview spring --all --out letters",
];

#[test]
fn no_password_is_in_any_log_answer_export_or_file() {
    let office = Connected::start().approved();
    office.imap.state().message(
        1,
        "05-Feb-2026",
        b"From: a@b.example\r\nSubject: x\r\nMessage-ID: <x@b.example>\r\n\r\nx\r\n",
    );
    for words in ["-vv check --online", "-vv run --until-idle", "-vv digest --send"] {
        everything_said(&office, words);
    }
    everything_said(&office, &format!("-vv test spring --to {COLLEAGUE}"));
    for words in AFTERWARDS {
        everything_said(&office, words);
    }
    check_folder(&office.workspace.path("var"));
    check_folder(&office.workspace.path("letters"));
    assert_eq!(office.smtp.messages().len(), 5, "three letters, a digest, a test");
    let heard = office.smtp.transcript().join("\n");
    assert!(secrets().iter().any(|secret| heard.contains(secret)), "the canary flew");
}

#[test]
fn a_server_that_repeats_the_password_has_it_repeated_by_nobody() {
    let said_back = format!(
        "535 5.7.8 refused: AUTH PLAIN {}==, that is {SMTP_SECRET}",
        base64(&format!("\0outreach\0{SMTP_SECRET}"))
    );
    let office = Connected::with(|script| script.on(Step::Auth, Act::Reply(said_back))).approved();
    let refusal = format!("TAG NO [AUTHENTICATIONFAILED] wrong: LOGIN outreach \"{IMAP_SECRET}\"\r\n");
    office.imap.state().on(imap_server::Step::SignIn, imap_server::Act::Say(refusal.into_bytes()));
    assert!(everything_said(&office, "-vv check --online").contains("5.7.8 refused: AUTH PLAIN ***"));
    everything_said(&office, "-vv run --until-idle");
    for words in AFTERWARDS {
        everything_said(&office, words);
    }
    check_folder(&office.workspace.path("var"));
    assert!(office.smtp.messages().is_empty());
    let mut only_the_mailbox = office.command("-vv collect");
    let output = loud(&mut only_the_mailbox).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("wrong: LOGIN outreach"), "{output:?}");
}

#[test]
fn the_process_list_shows_no_password() {
    let office = Connected::with(|script| script.on(Step::Mail, Act::Delay(Duration::from_secs(60)))).approved();
    let mut worker = office.command("run --until-idle").stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..600 {
        if office.smtp.transcript().iter().any(|line| line.starts_with("MAIL")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let line = std::fs::read(format!("/proc/{}/cmdline", worker.id())).unwrap();
    assert!(String::from_utf8_lossy(&line).contains("until-idle"));
    check_silent("the process list", &line);
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[tokio::test]
async fn the_databases_password_is_in_no_log_and_no_error() {
    const SECRET: &str = "cAnArY-postgres-9921";
    let refused = |office: &Workspace| {
        let mut command = office.command(&["-vv", "plan", "spring"]);
        let output = loud(command.env("PG_PASSWORD", SECRET)).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!said.contains(SECRET), "{said}");
        (output.status.code(), said)
    };
    let named = |url: &str| format!("url = \"{url}\"\npassword = {{ env = \"PG_PASSWORD\" }}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let office = Workspace::small();
    office.edit(INSTALLATION, "url = \"sqlite://var/demarche.db\"", &named(&format!("postgres://demarche@{nobody}/x")));
    assert_eq!(refused(&office).0, Some(3));
    // Nor one that somebody wrote where it does not belong.
    let office = Workspace::small();
    let inside = format!("url = \"postgres://demarche:{SECRET}@127.0.0.1:5432/x\"");
    office.edit(INSTALLATION, "url = \"sqlite://var/demarche.db\"", &inside);
    assert_eq!(refused(&office).0, Some(1));
    let mut copied =
        office.command(&["database", "copy", &format!("postgres://u:{SECRET}@127.0.0.1/x"), "sqlite://y.db"]);
    let output = loud(&mut copied).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains(SECRET), "{output:?}");

    let Some(database) = OwnDatabase::create("the_databases_password_is_in_no_log_and_no_error").await else { return };
    let office = Workspace::small();
    office.edit(INSTALLATION, "url = \"sqlite://var/demarche.db\"", &named(&database.url()));
    assert_eq!(refused(&office).0, Some(0));
}

// A log line is worth less than a letter.

fn with_plain_server(server: &SmtpServer) -> Workspace {
    let workspace = Workspace::approved();
    let smtp = format!(
        "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nconnections = 2",
        server.port()
    );
    workspace.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", &smtp);
    workspace
}

fn check_all_sent(workspace: &Workspace, server: &SmtpServer, what: &str) {
    assert_eq!(server.messages().len(), 3, "{what}");
    let letters: Vec<_> = workspace.statuses().into_iter().filter(|(id, _)| id.contains("/letter/")).collect();
    assert!(letters.iter().all(|(_, status)| status == "sent"), "{what}: {letters:?}");
}

#[test]
fn letters_leave_though_no_line_of_the_log_can_be_written() {
    type Log = fn() -> Stdio;
    let full: Log = || File::options().write(true).open("/dev/full").unwrap().into();
    let nobody_reads: Log = || {
        // Its reader is gone before the first line.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    };
    for (what, log) in [("the log's disk is full", full), ("nobody reads the log", nobody_reads)] {
        let server = SmtpServer::start(Script::plain());
        let workspace = with_plain_server(&server);
        let mut command = workspace.command(&["-vv", "run", "--until-idle"]);
        let output = loud(&mut command).stderr(log()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{what}: {output:?}");
        check_all_sent(&workspace, &server, what);
    }
}

#[test]
fn letters_leave_though_the_answer_cannot_be_written() {
    for (what, code) in [("/dev/full", 3), ("a closed pipe", 0)] {
        let server = SmtpServer::start(Script::plain());
        let workspace = with_plain_server(&server);
        let mut command = workspace.command(&["run", "--until-idle"]);
        let child = if what == "/dev/full" {
            command.stdout(File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped()).spawn()
        } else {
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
        };
        let mut child = child.unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        check_all_sent(&workspace, &server, what);
    }
}
