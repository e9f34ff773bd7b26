//! An office with a workspace in a folder of its own: the example's first letter, due long ago and never too late.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::real_server::PASSWORD;
use super::smtp_server::SmtpServer;

pub struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    /// `smtp`: the lines of `[delivery.smtp]`. `None`: every delegation.
    pub fn new(states: Option<&[&str]>, smtp: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["config/contacts.csv", "templates"] {
            copy(&root.join(part), &folder.path().join(part));
        }
        let campaign = fs::read_to_string(root.join("config/campaigns/hrc37-china.toml")).unwrap();
        let (before, _) = campaign.split_once("id      = \"reminder\"").unwrap();
        let before = before.trim_end().trim_end_matches("[[step]]");
        let mut campaign = format!("{before}late_by = \"30000 days\"\n");
        if let Some(states) = states {
            let list = states.iter().map(|s| format!("\"state:{s}\"")).collect::<Vec<_>>().join(", ");
            campaign = campaign.replace("include = [\"all\"]", &format!("include = [{list}]"));
        }
        fs::create_dir_all(folder.path().join("config/campaigns")).unwrap();
        fs::write(folder.path().join("config/campaigns/hrc37-china.toml"), campaign).unwrap();
        let pace = "[delivery.pace]\nper_minute = 100000\nper_domain_per_minute = 100000\n";
        let settings = format!("[delivery]\nmode = \"smtp\"\n{pace}[delivery.smtp]\n{smtp}");
        fs::write(folder.path().join("config/demarche.toml"), settings).unwrap();
        Self { folder }
    }

    /// Against our own server, without TLS on this machine, one connection.
    pub fn with_server(states: &[&str], server: &SmtpServer) -> Self {
        let address = format!("host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n", server.port());
        Self::new(Some(states), &format!("{address}connections = 1\ntimeout = \"5s\"\nfinal_timeout = \"60s\"\n"))
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_demarche"));
        command.current_dir(self.folder.path()).args(words);
        command.env("DEMARCHE_SMTP_PASSWORD", PASSWORD).env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    pub fn planned_and_approved(self) -> Self {
        self.done(&["plan", "hrc37-china"]);
        for approver in ["Miriam Castellane", "Jonathan Pryce-Abara"] {
            self.done(&["approve", "hrc37-china", "--as", approver, "--yes"]);
        }
        self
    }

    pub fn dispatches(&self) -> HashMap<String, Value> {
        let rows: Vec<Value> = serde_json::from_str(&self.done(&["dispatches", "--json"])).unwrap();
        rows.into_iter().map(|row| (row["delegation"].as_str().unwrap().to_owned(), row)).collect()
    }

    pub fn statuses(&self) -> HashMap<String, String> {
        let status = |row: Value| row["status"].as_str().unwrap().to_owned();
        self.dispatches().into_iter().map(|(state, row)| (state, status(row))).collect()
    }

    pub fn worker(&self) -> Child {
        self.command(&["run", "--until-idle"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database and what lies beside it, byte for byte.
    pub fn memory(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.path("var")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
    }

    /// Puts back what [`Office::memory`] gave, and nothing else.
    pub fn remember(&self, memory: &[(PathBuf, Vec<u8>)]) {
        for (path, _) in self.memory() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in memory {
            fs::write(path, bytes).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
