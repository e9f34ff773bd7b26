//! Both servers, the coalition's office between them, and the missions: what tests of the whole way begin with.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::dovecot::{Dovecot, PASSWORD, USER};
use crate::support::missions::{Answer, Letter, Post};
use crate::support::postfix::{FULL, Postfix, REFUSES};
use crate::workspace::{ANNA, BORIS, CAMPAIGN, CONTACTS, INSTALLATION, Workspace};

/// Nobody has it: what goes there comes back.
pub const UNKNOWN: &str = "mission@gha.example";

const CONFIRMATION: &str = "
[[step]]
id     = \"confirmation\"
letter = \"meeting-confirmation\"
when   = \"meeting\"
attach = [\"meeting.ics\"]
";

/// Both servers, the coalition's office, and the way back to it.
pub struct World {
    pub workspace: Workspace,
    pub post: Post,
    pub postfix: Postfix,
    pub dovecot: Dovecot,
}

impl World {
    /// The first letter has left to these missions. `None`: a server is missing.
    pub fn after_the_letter(test: &str, states: &[&str]) -> Option<Self> {
        Self::with_settings(test, states, |_| {})
    }

    pub fn with_settings(test: &str, states: &[&str], change: impl FnOnce(&Workspace)) -> Option<Self> {
        let dovecot = Dovecot::start(test)?;
        let domains: Vec<String> = states.iter().map(|state| format!("{}.example", state.to_lowercase())).collect();
        let mailboxes: Vec<String> = domains.iter().map(|domain| format!("mission@{domain}")).collect();
        let mut mailboxes: Vec<&str> =
            mailboxes.iter().map(String::as_str).filter(|one| ![UNKNOWN, FULL, REFUSES].contains(one)).collect();
        mailboxes.push("office@gha.example");
        let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
        let postfix = Postfix::start(test, &dovecot, &domains, &mailboxes)?;
        dovecot.make_folder("Sent");
        let post = Post::to(&postfix, &dovecot);
        let world = Self { workspace: office(&dovecot, &postfix, states), post, postfix, dovecot };
        change(&world.workspace);
        world.workspace.run("check --online").ends_with_code(0);
        world.workspace.run("plan spring").ends_with_code(0);
        world.approve("letter");
        world.workspace.run("run --until-idle").ends_with_code(0);
        world.delivered_to_missions(mailboxes.len() - 1);
        assert_eq!(world.handed_over(), states.len());
        Some(world)
    }

    #[track_caller]
    pub fn approve(&self, step: &str) {
        for who in [ANNA, BORIS] {
            self.workspace.args(&["approve", "spring", "--step", step, "--yes", "--as", who]).ends_with_code(0);
        }
    }

    /// How many letters we have handed over. Nobody else may send as we do: the server asks Dovecot for the password.
    pub fn handed_over(&self) -> usize {
        let signed_in = format!("sasl_method=PLAIN, sasl_username={USER}");
        self.postfix.log().lines().filter(|line| line.contains(&signed_in)).count()
    }

    /// Waits until so many messages lie in mailboxes of missions.
    pub fn delivered_to_missions(&self, count: usize) {
        let theirs = |line: &&str| line.contains("status=sent") && !line.contains("@coalition.example>");
        let delivered = || self.postfix.log().lines().filter(theirs).count();
        self.wait_until(&format!("{count} letters are delivered"), || delivered() == count);
    }

    fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}\n{}", self.postfix.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until so many messages lie in our mailbox.
    pub fn arrived(&self, count: usize) {
        self.wait_until(&format!("{count} messages for us"), || files(&self.dovecot.maildir("INBOX")).len() == count);
    }

    /// What lies in a mission's mailbox.
    pub fn letters(&self, address: &str) -> Vec<Letter> {
        self.postfix.delivered(address).iter().map(|raw| Letter::read(raw)).collect()
    }

    #[track_caller]
    pub fn letter(&self, state: &str) -> Letter {
        let mut letters = self.letters(&mailbox(state));
        assert_eq!(letters.len(), 1, "{state}");
        letters.pop().unwrap()
    }

    pub fn json(&self, words: &str) -> Vec<Value> {
        self.workspace.run(&format!("{words} --json")).json().as_array().unwrap().clone()
    }

    /// `FRA reply in-reply-to certain` of each entry that is filed.
    pub fn filed(&self) -> BTreeSet<String> {
        let rows = self.json("log");
        let filed = rows.iter().filter(|row| !row["delegation"].is_null());
        let words = |row: &Value| {
            let word = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("no {key} in {row}")).to_owned();
            ["delegation", "kind", "matched_by", "confidence"].map(word).join(" ")
        };
        filed.map(words).collect()
    }

    #[track_caller]
    pub fn entry(&self, state: &str, kind: &str) -> Value {
        let rows = self.json(&format!("log --delegation {state} --kind {kind}"));
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    }

    pub fn statuses(&self, step: &str) -> BTreeMap<String, String> {
        let of_step = format!("spring/{step}/");
        let all = self.workspace.statuses().into_iter();
        all.filter_map(|(id, status)| Some((id.strip_prefix(&of_step)?.to_owned(), status))).collect()
    }
}

pub fn mailbox(state: &str) -> String {
    format!("mission@{}.example", state.to_lowercase())
}

fn office(dovecot: &Dovecot, postfix: &Postfix, states: &[&str]) -> Workspace {
    let workspace = Workspace::small();
    let header = "state,post,rank,name,gender,email,send,language,as_of,source,tags\n";
    let mut rows = header.to_owned();
    for state in states {
        rows.push_str(&format!("{state},mission,,,,{},to,en,2026-01-05,invented,\n", mailbox(state)));
    }
    if states.contains(&"FIN") {
        rows.push_str("FIN,human-rights,,,,rights@fin.example,cc,en,2026-01-05,invented,\n");
    }
    workspace.write(CONTACTS, rows);
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"custom:jubilee\", offset = \"0 days\"",
        "{ milestone = \"custom:launch\", offset = \"5 working days\"",
    );
    let campaign = String::from_utf8(workspace.read(CAMPAIGN)).unwrap();
    workspace.write(CAMPAIGN, format!("{campaign}late_by = \"36500 days\"\n{CONFIRMATION}"));
    let confirmation = include_str!("../../templates/letters/meeting-confirmation/en.md");
    workspace.write("templates/letters/meeting-confirmation/en.md", confirmation);
    workspace.write("password", PASSWORD);
    std::fs::set_permissions(workspace.path("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let [_, _, authority] = dovecot.identity();
    let account =
        format!("username = \"{USER}\"\npassword = {{ file = \"password\" }}\nca_file = \"{}\"", authority.display());
    let (smtp, imap) = (postfix.port, dovecot.tls_port);
    workspace.write(
        INSTALLATION,
        format!(
            "[database]
url = \"sqlite://var/demarche.db\"

[delivery]
mode = \"smtp\"

[delivery.smtp]
host = \"localhost\"
port = {smtp}
security = \"starttls\"
sent_folder = \"Sent\"
{account}

[delivery.pace]
per_minute = 100000
per_domain_per_minute = 100000

[inbox]
mode = \"imap\"

[inbox.imap]
host = \"localhost\"
port = {imap}
{account}

[contacts]
warn_after = \"36500 days\"
"
        ),
    );
    workspace
}

/// Every message of a Maildir with its name, of which flags are a part, and its bytes.
pub fn files(maildir: &Path) -> BTreeMap<String, Vec<u8>> {
    let of = |folder: &str| {
        let entries = std::fs::read_dir(maildir.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect::<Vec<_>>()
    };
    ["new", "cur"].into_iter().flat_map(of).collect()
}

pub fn subject_of(letter: &Letter) -> String {
    format!("Re: {}", letter.subject)
}

/// From the mission's mailbox, with the letter below.
pub fn a_reply(world: &World, state: &str, words: &str) -> Answer {
    let letter = world.letter(state);
    let text = format!("{words}\n\n{}", letter.quoted());
    Answer::from(&mailbox(state), &subject_of(&letter), &text).in_reply_to(&letter)
}
