//! What a PostgreSQL server, or a pooler in front of it, does to workers while they send: faults 25 and 27 of the catalogue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/books.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod books;
#[path = "support/cut_line.rs"]
mod cut_line;
#[path = "support/postgres_own.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_own;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use books::{Books, Kind, Plan, must, signal, violations, wait_until};
use cut_line::{Cut, CutLine};
use postgres_own::{OwnServer, Pooler};
use support::office::text;
use support::smtp_server::{Act, Script, SmtpServer};

const STATES: [&str; 10] = ["FRA", "DEU", "SWE", "PER", "NOR", "ESP", "ITA", "AUT", "BEL", "BRA"];

const STEPS: usize = 8;

const LETTERS: usize = STATES.len() * STEPS;

fn plan() -> Plan<'static> {
    Plan { states: Some(&STATES), steps: STEPS, connections: 2, ..Plan::default() }
}

fn slow(millis: u64) -> Script {
    Script::plain().judging(move |_, _| Some(Act::Delay(Duration::from_millis(millis))))
}

/// A database of its own on a server of its own.
fn own_books(server: &OwnServer, smtp: &SmtpServer) -> Books {
    server.execute("postgres", "CREATE DATABASE outreach");
    let url = server.url("postgres", "outreach");
    Books::behind(&url, &url, &plan(), smtp)
}

fn until_idle(books: &Books) -> Child {
    let mut command = books.office.command(&["run", "--until-idle"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whatever happened to the database, every answer of the mail server was stored in the end.
#[track_caller]
fn all_sent_once(books: &Books, smtp: &SmtpServer) {
    let wrong = violations(&books.letters(), smtp, 0, LETTERS);
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), books.said());
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), LETTERS)]), "{}", books.said());
}

fn stop(mut workers: Vec<Child>, books: &Books) {
    for worker in &mut workers {
        signal(worker, "TERM");
        assert!(worker.wait().unwrap().success(), "{}", books.said());
    }
}

fn nothing_is_left(books: &Books) -> bool {
    let counts = books.counts();
    ["planned", "approved", "deferred", "sending"].iter().all(|status| !counts.contains_key(*status))
}

#[test]
fn workers_outlive_a_server_that_is_stopped_at_once_and_started_again_and_again() {
    let test = "workers_outlive_a_server_that_is_stopped_at_once_and_started_again_and_again";
    let Some(server) = OwnServer::start(test, "") else { return };
    let smtp = SmtpServer::start(slow(90));
    let books = own_books(&server, &smtp);
    let workers: Vec<Child> = (0..2).map(|_| books.worker()).collect();
    for (round, mode) in ["immediate", "fast", "immediate", "immediate"].into_iter().enumerate() {
        let wanted = (round + 1) * LETTERS / 6;
        wait_until("letters leave", || smtp.heard().len() >= wanted);
        server.restart(mode);
    }
    wait_until("all is sent", || nothing_is_left(&books));
    stop(workers, &books);
    all_sent_once(&books, &smtp);
}

#[test]
fn a_server_that_is_away_for_seconds_keeps_letters_back_and_loses_no_answer() {
    let test = "a_server_that_is_away_for_seconds_keeps_letters_back_and_loses_no_answer";
    let Some(server) = OwnServer::start(test, "") else { return };
    let smtp = SmtpServer::start(slow(90));
    let books = own_books(&server, &smtp);
    let workers: Vec<Child> = (0..2).map(|_| books.worker()).collect();
    wait_until("letters leave", || smtp.heard().len() >= 20);
    server.stop("immediate");
    std::thread::sleep(Duration::from_millis(500));
    let heard = smtp.heard().len();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(smtp.heard().len(), heard, "a letter left that could not be recorded");
    server.start_again();
    wait_until("all is sent", || nothing_is_left(&books));
    stop(workers, &books);
    all_sent_once(&books, &smtp);
}

#[test]
fn workers_outlive_the_end_of_their_connections_in_every_phase() {
    let test = "workers_outlive_the_end_of_their_connections_in_every_phase";
    let smtp = SmtpServer::start(slow(30));
    let Some(books) = Books::approved(test, Kind::Postgres, &plan(), &smtp) else { return };
    let workers: Vec<Child> = (0..2).map(|_| books.worker()).collect();
    // One that cannot even start says so and ends.
    wait_until("both are at work", || books.said().matches("sending as").count() == 2);
    let mut ended = 0;
    let began = Instant::now();
    // At no fixed moment of what they do: it lasts now a little longer, now a little less.
    while began.elapsed() < Duration::from_secs(8) && !nothing_is_left(&books) {
        ended += books
            .ask(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                 WHERE datname = current_database() AND application_name LIKE 'demarche%'",
            )
            .len();
        std::thread::sleep(Duration::from_millis(40 + ended as u64 * 37 % 300));
    }
    wait_until("all is sent", || nothing_is_left(&books));
    stop(workers, &books);
    all_sent_once(&books, &smtp);
    assert!(ended > 10, "{ended} connections were ended");
}

/// Whether a commit was done is not known when its answer is lost: the worker looks before it hands over anything.
#[test]
fn a_commit_whose_answer_is_lost_is_looked_up_before_anything_else() {
    let test = "a_commit_whose_answer_is_lost_is_looked_up_before_anything_else";
    let Some(server) = OwnServer::start(test, "") else { return };
    server.execute("postgres", "CREATE DATABASE outreach");
    let folder = tempfile::tempdir().unwrap();
    let armed = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&armed);
    let line = CutLine::to(server.folder(), folder.path(), move |commit| {
        // Each third commit, by turns before the server hears of it and after.
        match commit % 6 {
            2 if switch.load(Ordering::SeqCst) => Cut::After,
            5 if switch.load(Ordering::SeqCst) => Cut::Before,
            _ => Cut::No,
        }
    });
    let smtp = SmtpServer::start(slow(100));
    let states = ["FRA", "DEU", "SWE", "PER", "NOR"];
    let small = Plan { states: Some(&states), steps: 4, connections: 2, ..Plan::default() };
    let books = Books::behind(&line.url("outreach"), &server.url("postgres", "outreach"), &small, &smtp);
    let began = Instant::now();
    let worker = until_idle(&books);
    wait_until("letters leave", || smtp.heard().len() > 1);
    armed.store(true, Ordering::SeqCst);
    let output = worker.wait_with_output().unwrap();
    eprintln!("{} of {} commits were cut, in {} ms", line.cuts(), line.commits(), began.elapsed().as_millis());
    must(&output, "the worker");
    let wrong = violations(&books.letters(), &smtp, 0, 20);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 20)]));
    assert!(line.cuts() > 4, "{} cuts", line.cuts());
}

#[test]
fn no_transaction_and_no_lock_is_open_while_the_mail_server_talks() {
    let test = "no_transaction_and_no_lock_is_open_while_the_mail_server_talks";
    let smtp = SmtpServer::start(slow(1_500));
    let states = ["FRA", "DEU"];
    let small = Plan { states: Some(&states), connections: 2, ..Plan::default() };
    let Some(books) = Books::approved(test, Kind::Postgres, &small, &smtp) else { return };
    let worker = until_idle(&books);
    wait_until("both letters are in hand", || smtp.heard().len() == 2);
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..10 {
        let open = books.ask(
            "SELECT state || ': ' || query FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'demarche%' AND xact_start IS NOT NULL",
        );
        assert_eq!(open, Vec::<String>::new());
        let locks = books.ask(
            "SELECT l.locktype || ' ' || l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE a.datname = current_database() AND a.application_name LIKE 'demarche%'",
        );
        assert_eq!(locks, Vec::<String>::new());
        std::thread::sleep(Duration::from_millis(70));
    }
    must(&worker.wait_with_output().unwrap(), "the worker");
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 2)]));
}

#[test]
fn short_limits_of_the_server_for_transactions_and_statements_stop_no_worker() {
    let test = "short_limits_of_the_server_for_transactions_and_statements_stop_no_worker";
    let smtp = SmtpServer::start(slow(400));
    let states = ["FRA", "DEU", "SWE", "PER", "NOR"];
    let small = Plan { states: Some(&states), connections: 1, ..Plan::default() };
    let Some(books) = Books::approved(test, Kind::Postgres, &small, &smtp) else { return };
    let name = books.ask("SELECT current_database()::text").remove(0);
    // Far shorter than a letter takes.
    for limit in ["idle_in_transaction_session_timeout = 200", "idle_session_timeout = 300", "statement_timeout = 2000"]
    {
        books.execute(&format!("ALTER DATABASE {name} SET {limit}"));
    }
    let output = until_idle(&books).wait_with_output().unwrap();
    must(&output, "the worker");
    let wrong = violations(&books.letters(), &smtp, 0, states.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 5)]));
}

#[test]
fn more_workers_than_the_server_has_connections_send_each_letter_once() {
    let test = "more_workers_than_the_server_has_connections_send_each_letter_once";
    let Some(server) = OwnServer::start(test, "max_connections = 9\nsuperuser_reserved_connections = 3") else {
        return;
    };
    server.execute("postgres", "CREATE ROLE staff LOGIN");
    server.execute("postgres", "CREATE DATABASE outreach OWNER staff");
    let smtp = SmtpServer::start(slow(10));
    let (staff, witness) = (server.url("staff", "outreach"), server.url("postgres", "outreach"));
    let books = Books::behind(&staff, &witness, &plan(), &smtp);
    let workers: Vec<Child> = (0..12).map(|_| until_idle(&books)).collect();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => {}
            // It was not let in, and says so.
            Some(3) => assert!(text(&output.stderr).contains("help: "), "{}", text(&output.stderr)),
            code => panic!("{code:?}: {}", text(&output.stderr)),
        }
    }
    // In the throng it may be that none was let in for long enough. Whatever they did: who comes later finds the rest.
    must(&until_idle(&books).wait_with_output().unwrap(), "the worker that came later");
    all_sent_once(&books, &smtp);
}

// A pooler.

fn behind_a_pooler(test: &str, more: &str) {
    let Some(server) = OwnServer::start(test, "") else { return };
    // Fewer connections than workers, so that none finds the one that it had.
    let Some(pooler) = Pooler::start(test, &server, 3, more) else { return };
    server.execute("postgres", "CREATE DATABASE outreach");
    let smtp = SmtpServer::start(slow(5));
    let books = Books::behind(&pooler.url("outreach"), &server.url("postgres", "outreach"), &plan(), &smtp);
    let workers: Vec<Child> = (0..4).map(|_| until_idle(&books)).collect();
    let mut looked = 0;
    while !nothing_is_left(&books) {
        for words in [&["status"][..], &["dispatches", "--json"], &["log"], &["why", "hrc37-china", "FRA"]] {
            let output = books.office.run(words);
            assert!(matches!(output.status.code(), Some(0 | 4)), "{words:?}: {}", text(&output.stderr));
        }
        looked += 1;
    }
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        must(&output, &pooler.log());
        assert_eq!(text(&output.stderr), "");
    }
    all_sent_once(&books, &smtp);
    assert!(looked > 0);
    for words in [
        &["hold", "hrc37-china", "--reason", "a test", "--by", "M"][..],
        &["plan", "hrc37-china"],
        &["log", "add", "--delegation", "FRA", "--kind", "note", "--text", "seen", "--by", "M"],
        &["database", "migrate"],
    ] {
        let output = books.office.run(words);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{words:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("prepared"), "{words:?}: {}", text(&output.stderr));
    }
}

#[test]
fn workers_behind_a_transaction_pooler_send_each_letter_once() {
    behind_a_pooler("workers_behind_a_transaction_pooler_send_each_letter_once", "");
}

#[test]
fn workers_behind_a_pooler_that_lets_any_setting_pass_send_each_letter_once() {
    behind_a_pooler(
        "workers_behind_a_pooler_that_lets_any_setting_pass_send_each_letter_once",
        "ignore_startup_parameters = extra_float_digits,options",
    );
}

#[test]
fn a_pooler_that_goes_away_while_letters_leave_costs_no_answer() {
    let test = "a_pooler_that_goes_away_while_letters_leave_costs_no_answer";
    let Some(server) = OwnServer::start(test, "") else { return };
    let Some(pooler) = Pooler::start(test, &server, 2, "") else { return };
    server.execute("postgres", "CREATE DATABASE outreach");
    let smtp = SmtpServer::start(slow(40));
    let books = Books::behind(&pooler.url("outreach"), &server.url("postgres", "outreach"), &plan(), &smtp);
    let workers: Vec<Child> = (0..3).map(|_| books.worker()).collect();
    wait_until("letters leave", || smtp.heard().len() >= 20);
    drop(pooler);
    std::thread::sleep(Duration::from_millis(700));
    std::fs::remove_dir_all(server.folder().join("pooler")).unwrap();
    let _pooler = Pooler::start(test, &server, 2, "").unwrap();
    wait_until("all is sent", || nothing_is_left(&books));
    stop(workers, &books);
    all_sent_once(&books, &smtp);
}
