//! What is written is for its owner's eyes alone, whatever the umask says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/smtp_server.rs"]
#[allow(dead_code, reason = "this file uses a part")]
mod smtp_server;
#[path = "cli/workspace.rs"]
mod workspace;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use smtp_server::{Act, Script, SmtpServer, Step};
use workspace::{ANNA, BORIS, INSTALLATION, Said, Workspace, say};

/// The program under a umask that hides nothing.
fn open_handed(workspace: &Workspace, words: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "umask 0000 && exec \"$0\" \"$@\""]).arg(assert_cmd::cargo::cargo_bin!("demarche")).args(words);
    command.current_dir(workspace.folder()).env_clear().env("LOGNAME", "officer").stdin(Stdio::null());
    command
}

fn run(workspace: &Workspace, words: &str) -> Said {
    say(&mut open_handed(workspace, &words.split_whitespace().collect::<Vec<_>>()))
}

/// Everything below `path`, itself included, with its rights.
fn rights(path: &Path, found: &mut Vec<(PathBuf, u32)>) {
    let meta = std::fs::symlink_metadata(path).unwrap();
    found.push((path.to_owned(), meta.permissions().mode() & 0o7777));
    if meta.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            rights(&entry.unwrap().path(), found);
        }
    }
}

#[track_caller]
fn check_private(workspace: &Workspace, name: &str, wanted: &[&str]) {
    let mut found = Vec::new();
    rights(&workspace.path(name), &mut found);
    check_all(&found, wanted);
}

#[track_caller]
fn check_all(found: &[(PathBuf, u32)], wanted: &[&str]) {
    for (path, mode) in found {
        let right = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(*mode, right, "{} has the rights {mode:o}", path.display());
    }
    for part in wanted {
        let there = found.iter().any(|(path, _)| path.to_string_lossy().contains(part));
        assert!(there, "no {part} in {found:?}");
    }
}

const ANSWER: &str = "From: mission@fra.example\nTo: outreach@coalition.example\nSubject: Re: Appeal\nMessage-ID: <a@fra.example>\n\
    MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWe thank you.\n\
    --b\nContent-Type: application/pdf; name=\"note.pdf\"\nContent-Disposition: attachment; filename=\"note.pdf\"\n\
    Content-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b--\n";

#[test]
fn what_a_workspace_remembers_and_exports_is_its_owners_alone_whatever_the_umask() {
    let workspace = Workspace::small();
    run(&workspace, "plan spring").ends_with_code(0);
    for approver in [ANNA, BORIS] {
        say(&mut open_handed(&workspace, &["approve", "spring", "--yes", "--as", approver])).ends_with_code(0);
    }
    run(&workspace, "run --until-idle").ends_with_code(0);
    workspace.write("answer.eml", ANSWER);
    run(&workspace, "collect --from answer.eml");
    let entry = run(&workspace, "log --json").json()[0]["id"].to_string();
    run(&workspace, &format!("log show {entry} --save saved")).ends_with_code(0);
    run(&workspace, "preview spring --all --out letters").ends_with_code(0);
    run(&workspace, "calendar export --out dates.ics").ends_with_code(0);
    run(&workspace, "rehearse spring --out played").ends_with_code(0);
    check_private(&workspace, "var", &["demarche.db", "outgoing", ".eml", "mail/", "demarche.db.worker"]);
    check_private(&workspace, "saved", &["note"]);
    check_private(&workspace, "letters", &["index.html"]);
    check_private(&workspace, "dates.ics", &[]);
    check_private(&workspace, "played", &["transcript.txt", "outgoing"]);
}

#[test]
fn a_rehearsal_into_a_folder_that_others_may_enter_is_still_not_for_them() {
    let workspace = Workspace::small();
    std::fs::create_dir(workspace.path("open")).unwrap();
    std::fs::set_permissions(workspace.path("open"), std::fs::Permissions::from_mode(0o755)).unwrap();
    run(&workspace, "rehearse spring --out open").ends_with_code(0);
    for entry in std::fs::read_dir(workspace.path("open")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has the rights {mode:o}", entry.path().display());
    }
}

#[test]
fn the_journal_and_the_files_beside_an_open_database_are_private_too() {
    let server = SmtpServer::start(Script::plain().on(Step::Data, Act::Delay(Duration::from_secs(60))));
    let workspace = Workspace::small();
    let smtp = format!(
        "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nconnections = 1",
        server.port()
    );
    workspace.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", &smtp);
    run(&workspace, "plan spring").ends_with_code(0);
    for approver in [ANNA, BORIS] {
        say(&mut open_handed(&workspace, &["approve", "spring", "--yes", "--as", approver])).ends_with_code(0);
    }
    let mut worker =
        open_handed(&workspace, &["run", "--until-idle"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // A letter is in hand: database, journal and lock are all open.
    for _ in 0..600 {
        if server.transcript().iter().any(|line| line == "DATA") {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut found = Vec::new();
    rights(&workspace.path("var"), &mut found);
    worker.kill().unwrap();
    worker.wait().unwrap();
    check_all(&found, &["demarche.db-wal", "demarche.db-shm", "sent.journal"]);
}
