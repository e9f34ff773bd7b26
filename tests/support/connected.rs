//! A workspace whose letters leave over TLS with a password, whose answers are read so too, and whose sent letters are filed.
#![allow(dead_code, reason = "each test file uses a part")]

use std::process::Command;

use super::support::imap_server::{Cover, ImapServer};
use super::support::smtp_server::{Identity, Script, SmtpServer};
use super::workspace::{INSTALLATION, Said, Workspace, say};

pub const SMTP_SECRET: &str = "cAnArY smtp 4417";
pub const IMAP_SECRET: &str = super::support::imap_server::PASSWORD;
pub const COLLEAGUE: &str = "colleague@coalition.example";

pub struct Connected {
    pub workspace: Workspace,
    pub smtp: SmtpServer,
    pub imap: ImapServer,
}

impl Connected {
    pub fn start() -> Self {
        Self::with(|script| script)
    }

    /// `security` is named nowhere: TLS is what there is without asking.
    pub fn with(script: impl FnOnce(Script) -> Script) -> Self {
        let identity = Identity::for_host("localhost");
        let smtp = SmtpServer::start(script(Script::starttls(&identity).account("outreach", SMTP_SECRET)));
        let imap = ImapServer::start(Cover::Implicit);
        let workspace = Workspace::small();
        workspace.write("smtp.pem", &identity.certificate_pem);
        workspace.write("imap.pem", &imap.identity.certificate_pem);
        let delivery = format!(
            "mode = \"smtp\"\n\n[delivery.smtp]\nhost = \"localhost\"\nport = {}\nusername = \"outreach\"\nconnections = 1\n\
             password = {{ env = \"SMTP_PASSWORD\" }}\nca_file = \"smtp.pem\"\nsent_folder = \"Sent\"\n\
             timeout = \"5s\"\n\n[delivery.pace]\nper_minute = 100000\nper_domain_per_minute = 100000\n\n\
             [inbox]\nmode = \"imap\"\n\n[inbox.imap]\nhost = \"localhost\"\nport = {}\nusername = \"outreach\"\n\
             password = {{ env = \"IMAP_PASSWORD\" }}\nca_file = \"imap.pem\"\n\n\
             [worker]\ndigest_from = \"outreach@coalition.example\"\ndigest_to = [\"{COLLEAGUE}\"]\n",
            smtp.port(),
            imap.addr.port()
        );
        workspace.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"\n", &delivery);
        Self { workspace, smtp, imap }
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = self.workspace.command(&words.split_whitespace().collect::<Vec<_>>());
        command.env("SMTP_PASSWORD", SMTP_SECRET).env("IMAP_PASSWORD", IMAP_SECRET);
        command
    }

    pub fn run(&self, words: &str) -> Said {
        say(&mut self.command(words))
    }

    pub fn approved(self) -> Self {
        self.run("plan spring").ends_with_code(0);
        self.workspace.approve(super::workspace::ANNA);
        self.workspace.approve(super::workspace::BORIS);
        self
    }
}
