//! An office whose books are on SQLite or on PostgreSQL, its workers as processes, and what the mail server's ledger says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, Statement};

use super::postgres_server::OwnDatabase;
use super::support::office::{Office, text};
use super::support::smtp_server::SmtpServer;

/// Which database an office keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// How the office sends.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// `None`: every delegation.
    pub states: Option<&'a [&'a str]>,
    /// Letters to each delegation, all due at once.
    pub steps: usize,
    pub connections: usize,
    pub per_minute: u32,
    pub per_domain_per_minute: u32,
    pub final_timeout: &'a str,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self {
            states: None,
            steps: 1,
            connections: 1,
            per_minute: 100_000,
            per_domain_per_minute: 100_000,
            final_timeout: "60s",
        }
    }
}

pub struct Books {
    pub office: Office,
    /// Where PostgreSQL is; `None`: SQLite.
    url: Option<String>,
    database: Option<OwnDatabase>,
}

/// What both databases and the folder beside them held at one moment.
pub struct Memory {
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// What was found of one letter.
#[derive(Debug, Clone)]
pub struct Letter {
    pub id: String,
    pub status: String,
    pub message_id: String,
}

impl Books {
    /// Planned and approved. `None`, with a named skip, where there is no PostgreSQL.
    pub fn approved(test: &str, kind: Kind, plan: &Plan<'_>, server: &SmtpServer) -> Option<Self> {
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(wait_for(OwnDatabase::create(test))?),
        };
        let url = database.as_ref().map(OwnDatabase::url);
        Some(Self { office: office(plan, server, url.as_deref()).planned_and_approved(), url, database })
    }

    /// Nothing is planned, and there are no tables yet.
    pub fn empty(test: &str, kind: Kind, server: &SmtpServer) -> Option<Self> {
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(wait_for(OwnDatabase::create(test))?),
        };
        let url = database.as_ref().map(OwnDatabase::url);
        Some(Self { office: office(&Plan::default(), server, url.as_deref()), url, database })
    }

    /// Planned and approved, in a database that the test has made by itself; the programs reach it over another address.
    pub fn behind(url: &str, straight: &str, plan: &Plan<'_>, server: &SmtpServer) -> Self {
        let office = office(plan, server, Some(url)).planned_and_approved();
        Self { office, url: Some(straight.to_owned()), database: None }
    }

    pub fn kind(&self) -> Kind {
        if self.url.is_some() { Kind::Postgres } else { Kind::Sqlite }
    }

    /// Rows of texts, asked as another program would ask.
    pub fn ask(&self, sql: &str) -> Vec<String> {
        wait_for(ask(&self.url(), sql))
    }

    fn url(&self) -> String {
        let file = self.office.path("var/demarche.db");
        self.url.clone().unwrap_or_else(|| format!("sqlite:{}", file.display()))
    }

    pub fn execute(&self, sql: &str) {
        wait_for(super::postgres_server::execute(&self.url(), sql)).unwrap();
    }

    /// What time would do: leases that nobody renews run out.
    pub fn let_leases_run_out(&self) {
        if self.url.is_none() {
            return;
        }
        // A server finishes what a killed worker asked of it last, be it a commit.
        let others = "SELECT COUNT(*)::text FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()";
        wait_until("the dead worker's connections are gone", || self.ask(others) == ["0"]);
        self.execute("UPDATE dispatches SET lease_until = 0 WHERE status = 'sending'");
    }

    /// What time would do: letters that wait for their next try are due.
    pub fn let_retries_fall_due(&self) {
        self.execute("UPDATE dispatches SET next_at = 0 WHERE status = 'deferred'");
        // Three missions in a row that met the server's troubles, and sending pauses: the wait passes, too.
        self.execute("UPDATE sending_pauses SET resumes_at = 0 WHERE resumes_at IS NOT NULL");
    }

    /// Ids of the letters that a process has in hand: a worker's name says its process.
    pub fn in_hand_of(&self, process: u32) -> Vec<String> {
        self.ask(&format!(
            "SELECT campaign || '/' || step || '/' || delegation FROM dispatches WHERE status = 'sending' AND holder LIKE 'worker-{process}-%'"
        ))
    }

    pub fn letters(&self) -> Vec<Letter> {
        let rows = self.ask(
            "SELECT campaign || '/' || step || '/' || delegation || ' ' || status || ' ' || message_id FROM dispatches",
        );
        let letter = |row: &String| {
            let mut words = row.split(' ').map(ToOwned::to_owned);
            let mut next = || words.next().unwrap();
            Letter { id: next(), status: next(), message_id: next() }
        };
        rows.iter().map(letter).collect()
    }

    pub fn counts(&self) -> BTreeMap<String, usize> {
        let rows = self.ask("SELECT status || ' ' || COUNT(*) FROM dispatches GROUP BY status");
        let counted = rows.iter().map(|row| row.split_once(' ').unwrap());
        counted.map(|(status, n)| (status.to_owned(), n.parse().unwrap())).collect()
    }

    /// A worker that goes on until it is told to stop.
    pub fn worker(&self) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.office.path("worker.log")).unwrap();
        self.office.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// What the workers said on standard error.
    pub fn said(&self) -> String {
        fs::read_to_string(self.office.path("worker.log")).unwrap_or_default()
    }

    pub fn memory(&self) -> Memory {
        if let Some(database) = &self.database {
            wait_for(database.keep());
        }
        fs::create_dir_all(self.office.path("var")).unwrap();
        Memory { files: self.office.memory() }
    }

    pub fn remember(&self, memory: &Memory) {
        if let Some(database) = &self.database {
            wait_for(database.restore());
        }
        self.office.remember(&memory.files);
    }
}

fn office(plan: &Plan<'_>, server: &SmtpServer, url: Option<&str>) -> Office {
    let mut smtp = format!(
        "host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nconnections = {}\ntimeout = \"5s\"\nfinal_timeout = \"{}\"\n\
         [worker]\nsend = \"* * * * * *\"\n",
        server.port(),
        plan.connections,
        plan.final_timeout
    );
    if let Some(url) = url {
        smtp.push_str(&format!("[database]\nurl = \"{url}\"\n"));
    }
    let office = Office::new(plan.states, &smtp);
    let settings = office.path("config/demarche.toml");
    let pace = format!("per_minute = {}\nper_domain_per_minute = {}\n", plan.per_minute, plan.per_domain_per_minute);
    let usual = "per_minute = 100000\nper_domain_per_minute = 100000\n";
    let written = fs::read_to_string(&settings).unwrap();
    assert!(written.contains(usual));
    fs::write(&settings, written.replace(usual, &pace)).unwrap();
    write_steps(&office, plan.steps);
    office
}

/// The first letter again and again, without its printed form: what is asked here is not how it looks.
fn write_steps(office: &Office, steps: usize) {
    let path = office.path("config/campaigns/hrc37-china.toml");
    let campaign = fs::read_to_string(&path).unwrap();
    let (before, step) = campaign.rsplit_once("[[step]]").unwrap();
    let step: String =
        step.lines().filter(|line| !line.starts_with("attach")).map(|line| format!("{line}\n")).collect();
    let mut written = before.to_owned();
    for number in 0..steps {
        let id = if number == 0 { "\"letter\"".to_owned() } else { format!("\"letter-{number}\"") };
        written.push_str(&format!("[[step]]{}\n", step.replacen("\"letter\"", &id, 1)));
    }
    fs::write(path, written).unwrap();
}

/// Asks again and again, half a minute long.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "not within half a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs one question to its end, from a test that waits for nothing else.
pub fn wait_for<T>(question: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(question)
}

/// The first column of each row, over a connection of its own that is closed again.
pub async fn ask(url: &str, sql: &str) -> Vec<String> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let found = rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    db.close().await.unwrap();
    found
}

/// Sends a signal by its name.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "no signal {name}");
}

/// Ends a worker at once, and waits until it is gone.
pub fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What must hold between the books and the ledger at any moment: nobody twice, nothing
/// lost, what is sent has arrived, what has arrived is sent or uncertain. Returns every violation.
pub fn violations(letters: &[Letter], server: &SmtpServer, since: usize, planned: usize) -> Vec<String> {
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for heard in server.heard().into_iter().skip(since).filter(|heard| heard.taken) {
        *arrived.entry(heard.message_id).or_default() += 1;
    }
    let mut wrong = Vec::new();
    if letters.len() != planned {
        wrong.push(format!("{} of {planned} letters are in the books", letters.len()));
    }
    for Letter { id, status, message_id } in letters {
        match (status.as_str(), arrived.remove(message_id).unwrap_or(0)) {
            ("sent", 1) | ("uncertain" | "sending", 0 | 1) | ("approved" | "deferred" | "refused", 0) => {}
            (status, times) => wrong.push(format!("{id} is {status}, and arrived {times} times")),
        }
    }
    wrong.extend(arrived.keys().map(|id| format!("{id} arrived, and the books do not know it")));
    wrong
}

/// Ids of the letters of one status.
pub fn of_status(letters: &[Letter], status: &str) -> BTreeSet<String> {
    letters.iter().filter(|letter| letter.status == status).map(|letter| letter.id.clone()).collect()
}

/// A command that must do what it is for.
pub fn must(output: &std::process::Output, what: &str) {
    assert!(output.status.success(), "{what}: {}\n{}", text(&output.stdout), text(&output.stderr));
}
