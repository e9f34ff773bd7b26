//! A small workspace in a folder of its own, and the program run in it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

pub const INSTALLATION: &str = "config/demarche.toml";
pub const CALENDAR: &str = "config/calendar.toml";
pub const CAMPAIGN: &str = "config/campaigns/spring.toml";
pub const CONTACTS: &str = "config/contacts.csv";
pub const POSITIONS: &str = "config/positions.toml";
pub const REHEARSAL: &str = "config/rehearsal.toml";
pub const LETTER: &str = "templates/letters/appeal/en.md";
pub const HTML_FRAME: &str = "templates/frames/letter.html.hbs";
pub const PDF_FRAME: &str = "templates/frames/letter.typ";
pub const TEXT_FRAME: &str = "templates/frames/letter.txt.hbs";

/// Three missions and two steps: `letter` is long due and may still leave, `reminder` is due in 2090.
const FILES: [(&str, &str); 11] = [
    (INSTALLATION, include_str!("small/demarche.toml")),
    (CALENDAR, include_str!("small/calendar.toml")),
    (CAMPAIGN, include_str!("small/spring.toml")),
    (CONTACTS, include_str!("small/contacts.csv")),
    (POSITIONS, include_str!("small/positions.toml")),
    (REHEARSAL, include_str!("small/rehearsal.toml")),
    (LETTER, include_str!("small/appeal.md")),
    ("templates/letters/reminder/en.md", include_str!("small/reminder.md")),
    (HTML_FRAME, include_str!("../../templates/frames/letter.html.hbs")),
    (TEXT_FRAME, include_str!("../../templates/frames/letter.txt.hbs")),
    (PDF_FRAME, include_str!("../../templates/frames/letter.typ")),
];

pub const ANNA: &str = "Anna Person";
pub const BORIS: &str = "Boris Person";
/// Of the same organisation as Boris.
pub const CLARA: &str = "Clara Person";

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn ends_with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.out.contains(words), "no {words:?} in\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn complains(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no {words:?} in\n--- stderr\n{}\n--- stdout\n{}", self.err, self.out);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }
}

/// The program, with nothing of the tester's own surroundings.
pub fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("demarche"));
    command.env_clear().env("LOGNAME", "officer").stdin(Stdio::null());
    command
}

pub fn say(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[derive(Debug)]
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn small() -> Self {
        let workspace = Self::empty();
        for (file, text) in FILES {
            workspace.write(file, text);
        }
        workspace
    }

    /// Planned, and approved by two organisations.
    pub fn approved() -> Self {
        let workspace = Self::small();
        workspace.run("plan spring").ends_with_code(0);
        workspace.approve(ANNA);
        workspace.approve(BORIS);
        workspace
    }

    /// The first letter written to files.
    pub fn sent() -> Self {
        let workspace = Self::approved();
        workspace.run("run --until-idle").ends_with_code(0);
        workspace
    }

    #[track_caller]
    pub fn approve(&self, who: &str) {
        self.args(&["approve", "spring", "--yes", "--as", who]).ends_with_code(0);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(file, text.replacen(from, to, 1));
    }

    pub fn has_var(&self) -> bool {
        self.path("var").exists()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.folder()).args(args);
        command
    }

    pub fn args(&self, args: &[&str]) -> Said {
        say(&mut self.command(args))
    }

    /// Words divided at spaces.
    pub fn run(&self, words: &str) -> Said {
        self.args(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// What a command writes to a file or a pipe, byte by byte.
    pub fn bytes(&self, words: &str) -> Vec<u8> {
        self.command(&words.split_whitespace().collect::<Vec<_>>()).output().unwrap().stdout
    }

    /// The worker, in the background.
    pub fn start(&self, words: &str) -> Child {
        let args: Vec<&str> = words.split_whitespace().collect();
        self.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Names in a folder, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every row's id and status.
    pub fn statuses(&self) -> Vec<(String, String)> {
        let rows = self.run("dispatches --json").json();
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.as_array().unwrap().iter().map(|row| (text(row, "id"), text(row, "status"))).collect()
    }

    #[track_caller]
    pub fn status_of(&self, id: &str) -> String {
        self.statuses().into_iter().find(|(row, _)| row == id).unwrap_or_else(|| panic!("no {id}")).1
    }
}
