//! `config/demarche.toml`: the installation.

use std::ops::Range;

use chrono::Duration;

use super::inbox::{self, Account, Inbox};
use super::server::{SecretSource, Security, is_host, is_loopback, secret};
use crate::config::reader::{Document, Table};
use crate::config::source::Source;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, Zone, time};

/// What config/demarche.toml says, checked. No secret is in it, only where one is to be found.
#[derive(Debug, Clone)]
pub struct Installation {
    pub database: Database,
    pub delivery: Delivery,
    pub inbox: Inbox,
    pub worker: Worker,
    /// Age of `as_of` from which a row of contacts.csv is warned of.
    pub warn_after: Duration,
    /// A folder with fonts for scripts that the built-in ones lack; relative to the workspace.
    pub fonts: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Database {
    pub url: DatabaseUrl,
    pub password: Option<SecretSource>,
}

/// Where the database is. A password is never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file, relative to the workspace unless it begins with `/`.
    Sqlite(String),
    /// `postgres://user@host:5432/name?options`, without a password.
    Postgres(String),
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "a database is written sqlite://PATH or postgres://USER@HOST:PORT/NAME".to_owned();
        if let Some(path) = text.strip_prefix("sqlite://") {
            let named =
                !path.is_empty() && !path.contains(['?', '#']) && !path.contains(":memory:") && !path.ends_with('/');
            return if named { Ok(Self::Sqlite(path.to_owned())) } else { Err(wrong) };
        }
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            let authority = rest.split(['/', '?']).next().unwrap_or("");
            let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
            if user.contains(':') || rest.contains("password=") {
                return Err("a password does not belong in the address of a database".to_owned());
            }
            return if rest.contains('/') { Ok(Self::Postgres(format!("postgres://{rest}"))) } else { Err(wrong) };
        }
        Err(wrong)
    }
}

#[derive(Debug, Clone)]
pub struct Delivery {
    pub mode: Mode,
    /// Where .eml files go in `files` mode; relative to the workspace.
    pub directory: String,
    /// Present when `[delivery.smtp]` is, whatever the mode.
    pub smtp: Option<Smtp>,
    pub pace: Pace,
    /// Days that lie at least between letters of two campaigns to one mission.
    pub min_days_between: u32,
}

/// How letters leave. There is no way to send by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Files,
    Smtp,
}

#[derive(Debug, Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub username: Option<String>,
    pub password: Option<SecretSource>,
    /// Connections, and so letters in hand, at once.
    pub connections: usize,
    /// For each step before the final dot.
    pub timeout: Duration,
    /// For the answer after the final dot (RFC 5321, 4.5.3.2.6: 10 minutes).
    pub final_timeout: Duration,
    /// An extra root certificate (PEM); relative to the workspace.
    pub ca_file: Option<String>,
    /// Where a copy of each sent letter is filed, over the account of `[inbox.imap]`.
    pub sent_folder: Option<String>,
}

/// Hard ceilings over all workers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub per_minute: u32,
    pub per_domain_per_minute: u32,
}

#[derive(Debug, Clone)]
pub struct Worker {
    /// In which the cron expressions are read.
    pub zone: Zone,
    pub send: Cron,
    pub collect: Cron,
    pub digest: Cron,
    pub digest_from: Option<Address>,
    pub digest_to: Vec<Address>,
}

/// A cron expression of six fields: second minute hour day month weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron(String);

impl Cron {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Cron {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() != 6 {
            return Err("a schedule has six fields: second minute hour day month weekday".to_owned());
        }
        // The same options as the scheduler's own, so that both take or refuse an expression.
        let parser =
            croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Required).dom_and_dow(true).build();
        let cron = parser.parse(text).map_err(|e| format!("not a schedule: {e}"))?;
        let from = chrono::DateTime::UNIX_EPOCH;
        cron.find_next_occurrence(&from, false).map_err(|_| "this schedule never comes".to_owned())?;
        Ok(Self(text.to_owned()))
    }
}

/// Reads config/demarche.toml. `None` when something in it is wrong; every mistake is among the problems.
pub fn read(source: &Source) -> (Option<Installation>, Vec<Problem>) {
    let document = Document::parse(source);
    let root = document.root();
    let database = database(&root);
    let (inbox, account) = inbox::read(&root);
    let delivery = delivery(&root, account);
    let worker = worker(&root);
    let warn_after = root.table("contacts").and_then(|contacts| {
        let age = contacts.read_with("warn_after", "write a length of time, as in \"180 days\"", |t| {
            time::span(t).map_err(|e| e.to_string())
        });
        contacts.finish();
        age.map(|at| at.value)
    });
    let fonts = root.table("letters").and_then(|letters| {
        let folder = letters.text("fonts").map(|at| at.value.to_owned());
        if folder.as_deref() == Some("") {
            letters.wrong("fonts", "the folder has no name", "name the folder, or leave the line out");
        }
        letters.finish();
        folder
    });
    root.finish();
    let problems = document.into_problems();
    if problems.iter().any(Problem::is_error) {
        return (None, problems);
    }
    let installation = Installation {
        database,
        delivery,
        inbox,
        worker,
        warn_after: warn_after.unwrap_or(Duration::days(180)),
        fonts,
    };
    (Some(installation), problems)
}

fn database(root: &Table<'_>) -> Database {
    let default = DatabaseUrl::Sqlite("var/demarche.db".to_owned());
    let Some(section) = root.table("database") else {
        return Database { url: default, password: None };
    };
    let url = section.read::<DatabaseUrl>("url", "write `url = \"sqlite://var/demarche.db\"`, or postgres://user@host:5432/name with `password = { env = \"…\" }` on a line of its own");
    let password = secret(&section);
    section.finish();
    Database { url: url.map_or(default, |at| at.value), password }
}

fn delivery(root: &Table<'_>, account: Account) -> Delivery {
    let mut delivery = Delivery {
        mode: Mode::Files,
        directory: "var/outgoing".to_owned(),
        smtp: None,
        pace: Pace { per_minute: 30, per_domain_per_minute: 6 },
        min_days_between: 3,
    };
    let Some(section) = root.table("delivery") else { return delivery };
    if let Some(mode) = section.choice("mode", &[("files", Mode::Files), ("smtp", Mode::Smtp)]) {
        delivery.mode = mode;
    }
    if let Some(directory) = section.text("directory") {
        delivery.directory = directory.value.to_owned();
    }
    if let Some(days) = section.number("min_days_between", 0, 365) {
        delivery.min_days_between = days;
    }
    if let Some(pace) = section.table("pace") {
        if let Some(n) = pace.number("per_minute", 1, 1_000_000) {
            delivery.pace.per_minute = n;
        }
        if let Some(n) = pace.number("per_domain_per_minute", 1, 1_000_000) {
            delivery.pace.per_domain_per_minute = n;
        }
        pace.finish();
    }
    let has_smtp = section.has("smtp");
    delivery.smtp = section.table("smtp").and_then(|table| smtp(table, account));
    if delivery.mode == Mode::Smtp && !has_smtp {
        section.wrong(
            "mode",
            "mode is \"smtp\", but no server is named",
            "add a section [delivery.smtp] with at least host, port and security",
        );
    }
    section.finish();
    delivery
}

fn smtp(table: Table<'_>, account: Account) -> Option<Smtp> {
    let host = table.required_text("host", "\"mail.coalition.example\"").map(|at| at.value.to_owned());
    if host.as_deref().is_some_and(|host| !is_host(host)) {
        table.wrong(
            "host",
            "this is no host name",
            "write a name such as \"mail.coalition.example\", or an IP address",
        );
    }
    let security =
        table.choice("security", &[("tls", Security::Tls), ("starttls", Security::Starttls), ("none", Security::None)]);
    let security = security.unwrap_or(Security::Starttls);
    let port = table.number("port", 1, 65_535).and_then(|n| u16::try_from(n).ok());
    let username = table.text("username").map(|at| at.value.to_owned());
    let password = secret(&table);
    let connections = table.number("connections", 1, 64).unwrap_or(4);
    let span = |key, default| {
        let help = "write a length of time, as in \"60s\" or \"10m\"";
        let read = table.read_with(key, help, |t| time::span(t).map_err(|e| e.to_string()));
        match read {
            Some(at) if at.value < Duration::seconds(1) => {
                table.wrong(key, format!("`{key}` is shorter than a second"), help);
                default
            }
            Some(at) => at.value,
            None => default,
        }
    };
    let timeout = span("timeout", Duration::seconds(60));
    let final_timeout = span("final_timeout", Duration::minutes(10));
    let ca_file = table.text("ca_file").map(|at| at.value.to_owned());
    let sent_folder = table.text("sent_folder").map(|at| at.value.to_owned());
    if sent_folder.as_deref().is_some_and(|name| !inbox::is_folder(name)) {
        table.wrong("sent_folder", "this is no name of a mail folder", "write it as the mail program shows it");
    }
    if sent_folder.is_some() && account == Account::Missing {
        table.wrong(
            "sent_folder",
            "it is not said over which account letters are filed",
            "add a section [inbox.imap] with at least host, username and password; the inbox's mode may stay as it is",
        );
    }
    if security == Security::None {
        if host.as_deref().is_some_and(|host| !is_loopback(host)) {
            table.wrong(
                "security",
                "letters and passwords would cross the network in plain text",
                "write `security = \"starttls\"` or `\"tls\"`; \"none\" is for a server on this machine",
            );
        }
        if username.is_some() || password.is_some() {
            table.wrong(
                "security",
                "a password is not sent without TLS",
                "write `security = \"starttls\"` or `\"tls\"`, or leave out username and password",
            );
        }
    }
    if username.is_some() != password.is_some() {
        let key = if username.is_some() { "username" } else { "password" };
        table.wrong(key, "username and password go together", "give both, or neither");
    }
    let default_port = if security == Security::Tls { 465 } else { 587 };
    table.finish();
    Some(Smtp {
        host: host?,
        port: port.unwrap_or(default_port),
        security,
        username,
        password,
        connections: usize::try_from(connections).unwrap_or(4),
        timeout,
        final_timeout,
        ca_file,
        sent_folder,
    })
}

fn worker(root: &Table<'_>) -> Worker {
    let cron = |text: &str| Cron(text.to_owned());
    let mut worker = Worker {
        zone: Zone::GENEVA,
        send: cron("*/15 * * * * *"),
        collect: cron("0 */2 * * * *"),
        digest: cron("0 0 8 * * Mon-Fri"),
        digest_from: None,
        digest_to: Vec::new(),
    };
    let Some(section) = root.table("worker") else { return worker };
    if let Some(zone) = section.read::<Zone>("time_zone", "write a name of the IANA list, as in \"Europe/Zurich\"") {
        worker.zone = zone.value;
    }
    for (key, place) in [("send", &mut worker.send), ("collect", &mut worker.collect), ("digest", &mut worker.digest)] {
        if let Some(at) = section
            .read::<Cron>(key, "write six fields, as in \"*/15 * * * * *\": second minute hour day month weekday")
        {
            *place = at.value;
        }
    }
    worker.digest_from = section.read::<Address>("digest_from", "write one address").map(|at| at.value);
    for At { value, span } in section.texts("digest_to").unwrap_or_default() {
        match value.parse::<Address>() {
            Ok(address) => worker.digest_to.push(address),
            Err(e) => section.document().report_at(
                span,
                format!("`worker.digest_to`: {e}"),
                "write one address in each pair of quotes",
            ),
        }
    }
    if section.has("digest_to") && !section.has("digest_from") {
        section.wrong("digest_to", "the digest has no sender", "add `digest_from = \"outreach@coalition.example\"`");
    }
    section.finish();
    worker
}

use crate::config::reader::At;

/// Where a byte range of the file is the installation's own head, for problems of the whole.
pub const WHOLE: Range<usize> = 0..0;

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<Problem> {
        read(&Source::new("config/demarche.toml", text).with_secrets()).1
    }

    fn check(text: &str, line: usize, fragment: &str) {
        let found = problems(text);
        let hit =
            found.iter().any(|p| p.message.contains(fragment) && p.place.as_ref().is_some_and(|at| at.line == line));
        assert!(hit, "no problem with {fragment:?} in line {line} of {text:?}: {found:#?}");
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let (installation, problems) = read(&Source::new("config/demarche.toml", "").with_secrets());
        assert!(problems.is_empty());
        let installation = installation.unwrap();
        assert_eq!(installation.delivery.mode, Mode::Files);
        assert_eq!(installation.delivery.pace, Pace { per_minute: 30, per_domain_per_minute: 6 });
        assert_eq!(installation.warn_after, Duration::days(180));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let found = problems("[delivery.pace]\nper_minut = 3\n");
        assert_eq!(found[0].help.as_deref(), Some("did you mean `per_minute`?"));
    }

    #[test]
    fn all_mistakes_are_found_at_once() {
        let text = "[database]\nurl = \"mysql://x\"\n[delivery]\nmode = \"send\"\n[delivery.pace]\nper_minute = 0\n[worker]\nsend = \"* * * * *\"\ntime_zone = \"Europe/Zurch\"\n";
        let lines: Vec<usize> = problems(text).iter().filter_map(|p| p.place.as_ref()).map(|p| p.line).collect();
        for line in [2, 4, 6, 8, 9] {
            assert!(lines.contains(&line), "line {line} in {lines:?}");
        }
    }

    #[test]
    fn a_literal_password_is_refused_and_not_repeated() {
        for text in [
            "[delivery.smtp]\nhost = \"m.example\"\npassword = \"hunter2\"\n",
            "[database]\nurl = \"postgres://u:hunter2@h/x\"\n",
            "[delivery.smtp]\nhost = \"m.example\"\npassword = hunter2\n",
            "[delivery.smtp]\npassword = { file = \"a\", literal = \"hunter2\" }\n",
        ] {
            let found = problems(text);
            assert!(found.iter().any(Problem::is_error), "{text}");
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
    }

    #[test]
    fn plain_text_over_the_network_is_refused() {
        check("[delivery.smtp]\nhost = \"mail.example\"\nsecurity = \"none\"\n", 3, "plain text");
        check(
            "[delivery.smtp]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\nusername = \"u\"\npassword = { env = \"P\" }\n",
            3,
            "without TLS",
        );
        assert!(problems("[delivery.smtp]\nhost = \"127.0.0.1\"\nport = 2525\nsecurity = \"none\"\n").is_empty());
    }

    #[test]
    fn a_schedule_that_never_comes_is_refused() {
        check("[worker]\nsend = \"0 0 0 30 2 *\"\n", 2, "never comes");
        check("[worker]\nsend = \"0 0 0 1 1 * 2030\"\n", 2, "six fields");
    }
}
