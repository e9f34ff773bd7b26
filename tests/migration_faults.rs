//! A change of the schema that is killed half-way, made by several at once, or newer than the program: fault 28 of the catalogue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so, and the long sweep what it did")]

#[path = "support/books.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod books;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod strace;
mod support;

use std::process::{Child, Stdio};

use books::{Books, Kind, Plan, must};
use support::office::text;
use support::smtp_server::{Script, SmtpServer};

const MIGRATE: [&str; 2] = ["database", "migrate"];

/// All that makes the schema, and which changes it has seen.
fn schema(books: &Books) -> Vec<String> {
    let questions: &[&str] = match books.kind() {
        Kind::Sqlite => {
            &["SELECT name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1", "PRAGMA integrity_check"]
        }
        Kind::Postgres => &[
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') \
             FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1",
            "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = current_schema()::regnamespace ORDER BY 1",
        ],
    };
    let seen = "SELECT version FROM seaql_migrations ORDER BY 1";
    questions.iter().copied().chain([seen]).flat_map(|question| books.ask(question)).collect()
}

struct Sweep {
    books: Books,
    nothing: books::Memory,
    whole: Vec<String>,
    points: usize,
}

impl Sweep {
    fn prepare(test: &str, kind: Kind) -> Option<Self> {
        strace::works(test)?;
        let server = SmtpServer::start(Script::plain());
        let books = Books::empty(test, kind, &server)?;
        let nothing = books.memory();
        must(&books.office.run(&MIGRATE), "the first");
        let whole = schema(&books);
        Some(Self { books, nothing, whole, points: 0 })
    }

    fn through(&mut self, call: &str, step: usize) {
        for nth in (1..=4_000).step_by(step) {
            self.books.remember(&self.nothing);
            let fault = format!("signal=KILL:when={nth}");
            let unhurt = strace::with(&self.books.office, &MIGRATE, call, &fault).status.success();
            // At once, as somebody would who sees it die.
            must(&self.books.office.run(&MIGRATE), &format!("after {call} {nth}"));
            assert_eq!(schema(&self.books), self.whole, "killed at {call} {nth}");
            if unhurt {
                return;
            }
            self.points += 1;
        }
    }
}

fn sweep(test: &str, kind: Kind, calls: &[(&str, usize)]) {
    let Some(mut sweep) = Sweep::prepare(test, kind) else { return };
    for (call, step) in calls {
        sweep.through(call, *step);
    }
    eprintln!("{kind:?}: killed at {} points, each time the schema was whole after the next try", sweep.points);
    assert!(sweep.points > 8, "only {} points", sweep.points);
}

#[test]
fn a_killed_migration_is_made_again_from_the_start_on_sqlite() {
    let calls = [("pwrite64", 47), ("fdatasync", 2), ("fsync", 2), ("epoll_wait", 11), ("unlink", 1)];
    sweep("a_killed_migration_is_made_again_from_the_start_on_sqlite", Kind::Sqlite, &calls);
}

#[test]
fn a_killed_migration_is_made_again_from_the_start_on_postgresql() {
    let calls = [("sendto", 19), ("recvfrom", 41), ("epoll_wait", 41)];
    sweep("a_killed_migration_is_made_again_from_the_start_on_postgresql", Kind::Postgres, &calls);
}

#[test]
#[ignore = "minutes: every call, where the pipeline takes some"]
fn a_migration_killed_at_every_single_call_is_made_again_on_sqlite() {
    let calls = [
        ("pwrite64", 3),
        ("fdatasync", 1),
        ("fsync", 1),
        ("epoll_wait", 1),
        ("unlink", 1),
        ("write", 1),
        ("pread64", 7),
    ];
    sweep("a_migration_killed_at_every_single_call_is_made_again_on_sqlite", Kind::Sqlite, &calls);
}

#[test]
#[ignore = "minutes: every call, where the pipeline takes some"]
fn a_migration_killed_at_every_single_call_is_made_again_on_postgresql() {
    let calls = [("sendto", 1), ("recvfrom", 3), ("epoll_wait", 3), ("connect", 1)];
    sweep("a_migration_killed_at_every_single_call_is_made_again_on_postgresql", Kind::Postgres, &calls);
}

fn together(kind: Kind, test: &str) {
    let server = SmtpServer::start(Script::plain());
    for programs in [2, 4] {
        let Some(books) = Books::empty(test, kind, &server) else { return };
        let start = |_| -> Child {
            let mut command = books.office.command(&MIGRATE);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let all: Vec<Child> = (0..programs).map(start).collect();
        for program in all {
            must(&program.wait_with_output().unwrap(), "one among several");
        }
        let once = schema(&books);
        let Some(alone) = Books::empty(test, kind, &server) else { return };
        must(&alone.office.run(&MIGRATE), "alone");
        assert_eq!(once, schema(&alone));
    }
}

#[test]
fn several_programs_that_change_the_schema_at_once_change_it_once_on_sqlite() {
    together(Kind::Sqlite, "");
}

#[test]
fn several_programs_that_change_the_schema_at_once_change_it_once_on_postgresql() {
    together(Kind::Postgres, "several_programs_that_change_the_schema_at_once_change_it_once_on_postgresql");
}

fn newer(kind: Kind, test: &str) {
    let server = SmtpServer::start(Script::plain());
    let states = ["FRA", "DEU"];
    let plan = Plan { states: Some(&states), ..Plan::default() };
    let Some(books) = Books::approved(test, kind, &plan, &server) else { return };
    books.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_tomorrow', 0)");
    let (schema_before, letters_before) = (schema(&books), books.counts());
    for words in [
        &["run", "--until-idle"][..],
        &["status"],
        &["dispatches"],
        &["plan", "hrc37-china"],
        &["database", "migrate"],
        &["hold", "hrc37-china", "--reason", "a test", "--by", "M"],
        &["collect", "--from", "config"],
    ] {
        let output = books.office.run(words);
        assert!(matches!(output.status.code(), Some(1 | 3)), "{words:?}: {:?} {}", output.status, text(&output.stderr));
        assert!(text(&output.stderr).contains("newer"), "{words:?}: {}", text(&output.stderr));
    }
    assert_eq!((schema(&books), books.counts()), (schema_before, letters_before));
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_as_it_is_on_sqlite() {
    newer(Kind::Sqlite, "");
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_as_it_is_on_postgresql() {
    newer(Kind::Postgres, "a_database_of_a_newer_program_is_refused_and_left_as_it_is_on_postgresql");
}
