//! A worker killed at one system call after the other while it sends, on SQLite and on PostgreSQL. The mail server's ledger is the
//! witness: nobody is written to twice, nothing is lost, what is sent has arrived, what has arrived is sent or uncertain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so, and the long sweep what it did")]

#[path = "support/books.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod books;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
#[path = "support/strace.rs"]
mod strace;
mod support;

use books::{Books, Kind, Memory, Plan, must, of_status, violations};
use support::smtp_server::{Script, SmtpServer};

const STATES: [&str; 8] = ["FRA", "DEU", "SWE", "PER", "NOR", "ESP", "ITA", "AUT"];

const CONNECTIONS: usize = 2;

/// The calls by which a worker speaks to its disk, its database and its mail server, or learns what they said. strace counts each
/// by itself, and in each thread.
const CALLS: [&str; 14] = [
    "pwrite64",
    "write",
    "sendto",
    "writev",
    "fsync",
    "fdatasync",
    "recvfrom",
    "read",
    "connect",
    "epoll_wait",
    "unlink",
    "close",
    "openat",
    "pread64",
];

struct Sweep {
    books: Books,
    server: SmtpServer,
    approved: Memory,
    points: usize,
    violations: Vec<String>,
}

impl Sweep {
    fn prepare(test: &str, kind: Kind) -> Option<Self> {
        strace::works(test)?;
        let server = SmtpServer::start(Script::plain());
        let plan = Plan { states: Some(&STATES), connections: CONNECTIONS, ..Plan::default() };
        let books = Books::approved(test, kind, &plan, &server)?;
        let approved = books.memory();
        Some(Self { books, server, approved, points: 0, violations: Vec::new() })
    }

    /// Kills at every `step`th of one kind of call, until the worker runs through unhurt.
    fn through(&mut self, call: &str, step: usize) {
        for nth in (1..=2_000).step_by(step) {
            if self.at(call, nth) {
                return;
            }
        }
    }

    /// Whether the worker ran through, because there are fewer calls.
    fn at(&mut self, call: &str, nth: usize) -> bool {
        self.books.remember(&self.approved);
        let before = self.server.heard().len();
        let fault = format!("signal=KILL:when={nth}");
        let output = strace::with(&self.books.office, &["run", "--until-idle"], call, &fault);
        let unhurt = output.status.success();
        self.points += usize::from(!unhurt);
        self.books.let_leases_run_out();
        let at = format!("{call} {nth}");
        must(&self.books.office.run(&["run", "--until-idle"]), &at);
        let letters = self.books.letters();
        let mut wrong = violations(&letters, &self.server, before, STATES.len());
        let uncertain = of_status(&letters, "uncertain").len();
        let at_most = if unhurt { 0 } else { CONNECTIONS };
        if uncertain > at_most {
            wrong.push(format!("{uncertain} uncertain, on {CONNECTIONS} connections"));
        }
        if of_status(&letters, "sent").len() + uncertain != STATES.len() {
            wrong.push(format!("after the recovery: {:?}", self.books.counts()));
        }
        self.violations.extend(wrong.into_iter().map(|what| format!("killed at {at}: {what}")));
        unhurt
    }

    fn end(self, at_least: usize) {
        let Self { points, violations, .. } = self;
        eprintln!("{:?}: {points} points, {} violations", self.books.kind(), violations.len());
        assert!(violations.is_empty(), "{}", violations.join("\n"));
        assert!(points >= at_least, "only {points} points: the calls were not counted");
    }
}

fn short(test: &str, kind: Kind) {
    let Some(mut sweep) = Sweep::prepare(test, kind) else { return };
    let steps: &[(&str, usize)] = match kind {
        Kind::Sqlite => &[("pwrite64", 17), ("fsync", 2), ("fdatasync", 2), ("epoll_wait", 13), ("write", 9)],
        Kind::Postgres => &[("sendto", 11), ("recvfrom", 53), ("fdatasync", 2), ("epoll_wait", 53), ("write", 9)],
    };
    for (call, step) in steps {
        sweep.through(call, *step);
    }
    sweep.end(15);
}

fn long(test: &str, kind: Kind) {
    let Some(mut sweep) = Sweep::prepare(test, kind) else { return };
    for call in CALLS {
        // Files are opened and read mostly before anything is sent.
        let step = if matches!(call, "close" | "openat" | "read" | "pread64") { 3 } else { 1 };
        sweep.through(call, step);
        eprintln!("{call}: {} points so far, {} violations", sweep.points, sweep.violations.len());
    }
    sweep.end(400);
}

#[test]
fn a_worker_killed_on_sqlite_writes_to_nobody_twice_and_loses_nothing() {
    short("a_worker_killed_on_sqlite_writes_to_nobody_twice_and_loses_nothing", Kind::Sqlite);
}

#[test]
fn a_worker_killed_on_postgresql_writes_to_nobody_twice_and_loses_nothing() {
    short("a_worker_killed_on_postgresql_writes_to_nobody_twice_and_loses_nothing", Kind::Postgres);
}

#[test]
#[ignore = "minutes: every call, where the pipeline takes some"]
fn a_worker_killed_at_every_single_call_on_sqlite_writes_to_nobody_twice() {
    long("a_worker_killed_at_every_single_call_on_sqlite_writes_to_nobody_twice", Kind::Sqlite);
}

#[test]
#[ignore = "minutes: every call, where the pipeline takes some"]
fn a_worker_killed_at_every_single_call_on_postgresql_writes_to_nobody_twice() {
    long("a_worker_killed_at_every_single_call_on_postgresql_writes_to_nobody_twice", Kind::Postgres);
}
