//! `check --online` with a mailbox: what it tries, what it says, and what it never says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

mod support;

use support::imap_server::{Act, Cover, ImapServer, PASSWORD, Step};
use workspace::{INSTALLATION, Said, Workspace, say};

/// The small workspace, whose inbox is the server's.
fn workspace(server: &ImapServer, more: &str) -> Workspace {
    let workspace = Workspace::small();
    workspace.write("ca.pem", &server.identity.certificate_pem);
    let inbox = format!(
        "\n[inbox]\nmode = \"imap\"\n\n[inbox.imap]\nhost = \"localhost\"\nport = {}\nusername = \"outreach\"\n\
         password = {{ env = \"MAIL_PASSWORD\" }}\nca_file = \"ca.pem\"\n{more}",
        server.addr.port()
    );
    let text = String::from_utf8(workspace.read(INSTALLATION)).unwrap();
    workspace.write(INSTALLATION, text + &inbox);
    workspace
}

fn check(workspace: &Workspace, password: &str) -> Said {
    // As much as anybody can have it say.
    let mut command = workspace.command(&["-vv", "check", "--online"]);
    command.env("MAIL_PASSWORD", password).env("DEMARCHE_LOG", "trace");
    say(&mut command)
}

#[test]
fn a_mailbox_that_can_be_read_is_said_to_be() {
    let server = ImapServer::start(Cover::Implicit);
    let workspace = workspace(&server, "");
    check(&workspace, PASSWORD).ends_with_code(0).says("the mailbox can be read");
    assert_eq!(server.commands(), ["LOGIN", "EXAMINE", "LOGOUT"]);
    assert!(!workspace.has_var());
}

#[test]
fn a_mailbox_that_cannot_be_read_is_told_with_the_reason() {
    let server = ImapServer::start(Cover::Starttls);
    let workspace = workspace(&server, "security = \"starttls\"\n");
    check(&workspace, "wrong").ends_with_code(1).complains("refuses the user name or the password: [AUTH");
    server.state().on(Step::Greeting, Act::SayAndDrop(b"* BYE \x1b[2Jclosed\r\n".to_vec()));
    check(&workspace, PASSWORD).ends_with_code(3).complains("it says good-bye: ?[2Jclosed");
}

#[test]
fn the_password_is_in_no_log_however_talkative() {
    let server = ImapServer::start(Cover::Implicit);
    let workspace = workspace(&server, "");
    for password in [PASSWORD, "cAnArY7 \"\\ secret", "cAnArY7 é"] {
        let said = check(&workspace, password);
        for part in ["correct horse", "cAnArY7", "Y0FuQXJZNy", "NBbkFyWTcg", "LOGIN"] {
            assert!(!said.err.contains(part) && !said.out.contains(part), "{part} in\n{}\n{}", said.err, said.out);
        }
    }
    assert!(server.state().lines.iter().any(|line| line.contains("cAnArY7")), "the canary flew");
}

#[test]
fn a_maildir_is_tried_too() {
    let workspace = Workspace::small();
    let text = String::from_utf8(workspace.read(INSTALLATION)).unwrap();
    let inbox = "\n[inbox]\nmode = \"maildir\"\n\n[inbox.maildir]\npath = \"mail\"\n";
    workspace.write(INSTALLATION, text + inbox);
    workspace.run("check --online").ends_with_code(1).complains("the mailbox ./mail cannot be read");
    for folder in ["new", "cur", "tmp"] {
        workspace.write(&format!("mail/{folder}/.keep"), "");
    }
    workspace.run("check --online").ends_with_code(0).says("the mailbox can be read");
}
