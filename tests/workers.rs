//! Several workers at one outbox: faults 12, 13 and 18 of the catalogue, and the pace, measured at the mail server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

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

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use books::{Books, Kind, Plan, kill, must, signal, violations, wait_until};
use support::office::text;
use support::smtp_server::{Act, Heard, Script, SmtpServer, Step};

fn slow(millis: u64) -> Script {
    Script::plain().judging(move |_, _| Some(Act::Delay(Duration::from_millis(millis))))
}

/// A worker that ends when nothing is left; what it says is kept.
fn until_idle(books: &Books) -> Child {
    let mut command = books.office.command(&["run", "--until-idle"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(worker: Child) -> Output {
    worker.wait_with_output().unwrap()
}

#[track_caller]
fn each_was_sent_once(books: &Books, server: &SmtpServer, planned: usize) {
    let wrong = violations(&books.letters(), server, 0, planned);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), planned)]));
}

const FEW: [&str; 10] = ["FRA", "DEU", "SWE", "PER", "NOR", "ESP", "ITA", "AUT", "BEL", "BRA"];

#[test]
fn two_four_and_eight_workers_share_one_outbox() {
    for workers in [2, 4, 8] {
        let server = SmtpServer::start(slow(5));
        let plan = Plan { states: Some(&FEW), steps: 6, connections: 2, ..Plan::default() };
        let Some(books) =
            Books::approved("two_four_and_eight_workers_share_one_outbox", Kind::Postgres, &plan, &server)
        else {
            return;
        };
        let all: Vec<Child> = (0..workers).map(|_| until_idle(&books)).collect();
        let mut helped = 0;
        for worker in all {
            let output = ended(worker);
            must(&output, "a worker among others");
            assert_eq!(text(&output.stderr), "", "{workers} workers");
            helped += usize::from(text(&output.stdout).contains("sent"));
        }
        each_was_sent_once(&books, &server, 60);
        assert!(helped > 1, "{helped} of {workers} workers sent anything");
    }
}

#[test]
fn of_eight_workers_on_sqlite_one_sends_and_the_others_are_told_why_they_may_not() {
    let server = SmtpServer::start(slow(20));
    let plan = Plan { states: Some(&FEW), steps: 10, connections: 1, ..Plan::default() };
    let books = Books::approved("", Kind::Sqlite, &plan, &server).unwrap();
    let all: Vec<Child> = (0..8).map(|_| until_idle(&books)).collect();
    let outputs: Vec<Output> = all.into_iter().map(ended).collect();
    let sent = outputs.iter().filter(|output| output.status.success()).count();
    assert_eq!(sent, 1);
    for output in outputs.iter().filter(|output| !output.status.success()) {
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("on SQLite one worker sends"), "{}", text(&output.stderr));
    }
    each_was_sent_once(&books, &server, 100);
}

#[test]
fn a_frozen_worker_that_wakes_after_its_lease_starts_no_further_letter_and_its_late_answer_is_evidence() {
    let test = "a_frozen_worker_that_wakes_after_its_lease_starts_no_further_letter_and_its_late_answer_is_evidence";
    let server = SmtpServer::start(slow(1_500));
    let Some(books) = Books::approved(test, Kind::Postgres, &Plan { states: Some(&FEW), ..Plan::default() }, &server)
    else {
        return;
    };
    let frozen = until_idle(&books);
    wait_until("a letter is in hand", || server.heard().len() == 1);
    signal(&frozen, "STOP");
    server.set_script(Script::plain());
    books.let_leases_run_out();
    must(&books.office.run(&["run", "--until-idle"]), "the second worker");
    let sessions = server.sessions().len();
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 9), ("uncertain".to_owned(), 1)]));
    std::thread::sleep(Duration::from_millis(1_500));
    signal(&frozen, "CONT");
    must(&ended(frozen), "the worker that was frozen");
    assert_eq!(server.heard().len(), 10, "it started a letter");
    assert_eq!(server.sessions().len(), sessions);
    let wrong = violations(&books.letters(), &server, 0, FEW.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 9), ("uncertain".to_owned(), 1)]));
    let evidence = books.ask("SELECT late_evidence FROM attempts WHERE late_evidence IS NOT NULL");
    assert!(evidence.len() == 1 && evidence[0].contains("250"), "{evidence:?}");
}

#[test]
#[ignore = "a minute: a lease that runs out by itself"]
fn a_worker_frozen_between_its_claim_and_the_server_for_longer_than_its_lease_starts_nothing() {
    let test = "a_worker_frozen_between_its_claim_and_the_server_for_longer_than_its_lease_starts_nothing";
    if strace::works(test).is_none() {
        return;
    }
    let server = SmtpServer::start(Script::plain());
    let states = ["FRA"];
    let Some(books) =
        Books::approved(test, Kind::Postgres, &Plan { states: Some(&states), ..Plan::default() }, &server)
    else {
        return;
    };
    // What a worker writes third into its journal is the claim, after the name of the journal and what the database knows of it:
    // the claim is durable, and the server has heard nothing.
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "-e", "inject=write:signal=STOP:when=3"]);
    traced.arg("-P").arg(books.office.path("var/sent.journal")).env("TOKIO_WORKER_THREADS", "1");
    traced.arg(env!("CARGO_BIN_EXE_demarche")).args(["run", "--until-idle"]).current_dir(books.office.path(""));
    let frozen = traced.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it has claimed", || books.counts().contains_key("sending"));
    std::thread::sleep(Duration::from_secs(62));
    must(&books.office.run(&["run", "--until-idle"]), "the second worker");
    assert_eq!(books.counts(), BTreeMap::from([("uncertain".to_owned(), 1)]));
    let children = Command::new("ps").args(["-o", "pid=", "--ppid", &frozen.id().to_string()]).output().unwrap();
    let worker = text(&children.stdout).trim().to_owned();
    assert!(Command::new("kill").args(["-CONT", &worker]).status().unwrap().success());
    must(&ended(frozen), "the worker that was frozen");
    assert_eq!(server.heard().len(), 0, "it handed over a letter whose lease had run out");
}

// The pace.

const PACED: [&str; 4] = ["FRA", "DEU", "SWE", "PER"];

const PER_MINUTE: usize = 9;

const PER_DOMAIN: usize = 3;

/// Letters to four missions with a domain each, over several workers of which one is killed every 2 s.
fn paced(test: &str, kind: Kind, workers: usize, lasts: Duration) -> Option<Vec<Heard>> {
    let server = SmtpServer::start(slow(50));
    let plan = Plan {
        states: Some(&PACED),
        steps: 8,
        connections: 2,
        per_minute: u32::try_from(PER_MINUTE).unwrap(),
        per_domain_per_minute: u32::try_from(PER_DOMAIN).unwrap(),
        ..Plan::default()
    };
    let books = Books::approved(test, kind, &plan, &server)?;
    let mut all: Vec<Child> = (0..workers).map(|_| books.worker()).collect();
    wait_until("the first minute's letters are sent", || server.heard().len() == PER_MINUTE);
    let began = Instant::now();
    while began.elapsed() < lasts {
        std::thread::sleep(Duration::from_secs(2));
        let mut oldest = all.remove(0);
        kill(&mut oldest);
        all.push(books.worker());
    }
    all.iter_mut().for_each(kill);
    let wrong = violations(&books.letters(), &server, 0, PACED.len() * 8);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Some(server.heard())
}

/// No minute of the ledger holds more, whenever it begins.
fn check_pace(heard: &[Heard]) {
    let minute = Duration::from_secs(60);
    for first in heard {
        let within = |h: &&Heard| h.at >= first.at && h.at < first.at + minute;
        let all = heard.iter().filter(within).count();
        assert!(all <= PER_MINUTE, "{all} in a minute");
        let domain = |h: &Heard| h.to[0].rsplit('@').next().unwrap().to_owned();
        let to_one = heard.iter().filter(within).filter(|h| domain(h) == domain(first)).count();
        assert!(to_one <= PER_DOMAIN, "{to_one} to {} in a minute", domain(first));
    }
}

#[test]
fn the_pace_holds_over_several_workers_and_their_restarts() {
    let test = "the_pace_holds_over_several_workers_and_their_restarts";
    let Some(heard) = paced(test, Kind::Postgres, 3, Duration::from_secs(9)) else { return };
    check_pace(&heard);
    assert_eq!(heard.len(), PER_MINUTE, "the pace is used up");
}

#[test]
fn the_pace_holds_over_the_restarts_of_a_worker_on_sqlite() {
    let heard = paced("", Kind::Sqlite, 1, Duration::from_secs(9)).unwrap();
    check_pace(&heard);
    assert_eq!(heard.len(), PER_MINUTE, "the pace is used up");
}

#[test]
#[ignore = "three minutes: minutes of the pace that pass by themselves"]
fn the_pace_holds_over_minutes_and_lets_the_next_letters_go_when_a_minute_is_over() {
    let test = "the_pace_holds_over_minutes_and_lets_the_next_letters_go_when_a_minute_is_over";
    let (sqlite, postgres) = std::thread::scope(|scope| {
        let sqlite = scope.spawn(|| paced("", Kind::Sqlite, 1, Duration::from_secs(140)));
        let postgres = scope.spawn(|| paced(test, Kind::Postgres, 4, Duration::from_secs(140)));
        (sqlite.join().unwrap().unwrap(), postgres.join().unwrap())
    });
    for heard in std::iter::once(sqlite).chain(postgres) {
        check_pace(&heard);
        // What a killed worker had in hand uses the pace until it is looked after: after its lease.
        assert!(heard.len() >= 2 * PER_MINUTE, "{} letters in 140 s", heard.len());
        eprintln!("{} letters in 140 s, at most {PER_MINUTE} a minute", heard.len());
    }
}

// Clocks.

/// `None`, with a named skip, where faketime is not installed; a failure in continuous integration.
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn faketime_works(test: &str) -> Option<()> {
    if Command::new("faketime").args(["-f", "+1h", "true"]).status().is_ok_and(|status| status.success()) {
        return Some(());
    }
    assert!(std::env::var("CI").is_err(), "{test}: faketime does not work here");
    eprintln!("SKIPPED {test}: faketime does not work here; install it");
    None
}

fn with_clock(books: &Books, off: &str, words: &[&str]) -> Child {
    let mut command = Command::new("faketime");
    command.args(["-f", off]).arg(env!("CARGO_BIN_EXE_demarche")).args(words);
    command.current_dir(books.office.path("")).env("NO_COLOR", "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn two_workers_whose_clocks_are_hours_apart_send_each_letter_once_and_lose_no_lease() {
    let test = "two_workers_whose_clocks_are_hours_apart_send_each_letter_once_and_lose_no_lease";
    if faketime_works(test).is_none() {
        return;
    }
    for off in ["+5h", "-5h"] {
        let server = SmtpServer::start(slow(40));
        let plan = Plan { states: Some(&FEW), steps: 8, connections: 2, ..Plan::default() };
        let Some(books) = Books::approved(test, Kind::Postgres, &plan, &server) else { return };
        let (right, wrong) = (until_idle(&books), with_clock(&books, off, &["run", "--until-idle"]));
        must(&ended(right), "the worker with the right clock");
        // It may refuse to work with such a clock; what it may not do is break a promise.
        let told = ended(wrong);
        assert!(matches!(told.status.code(), Some(0 | 3)), "{off}: {}", text(&told.stderr));
        each_was_sent_once(&books, &server, 80);
    }
}

#[test]
fn a_worker_whose_clock_is_hours_ahead_sends_nothing_early() {
    let test = "a_worker_whose_clock_is_hours_ahead_sends_nothing_early";
    if faketime_works(test).is_none() {
        return;
    }
    let server = SmtpServer::start(Script::plain());
    let plan = Plan { states: Some(&FEW), ..Plan::default() };
    let Some(books) = Books::approved(test, Kind::Postgres, &plan, &server) else { return };
    // Due in three hours, by the database's clock.
    books.execute(
        "UPDATE dispatches SET next_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 3 * 3600 * 1000 \
         WHERE delegation = 'FRA'",
    );
    let told = ended(with_clock(&books, "+5h", &["run", "--until-idle"]));
    assert!(matches!(told.status.code(), Some(0 | 3)), "{}", text(&told.stderr));
    let early = server.heard().iter().filter(|h| h.to.iter().any(|to| to.contains("fra.mission"))).count();
    assert_eq!(early, 0, "a letter left three hours before its time");
}

#[test]
fn a_letter_that_was_put_off_by_a_worker_whose_clock_is_hours_behind_is_not_tried_again_at_once() {
    let test = "a_letter_that_was_put_off_by_a_worker_whose_clock_is_hours_behind_is_not_tried_again_at_once";
    if faketime_works(test).is_none() {
        return;
    }
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Reply("451 4.3.0 not now".to_owned())));
    let states = ["FRA"];
    let plan = Plan { states: Some(&states), ..Plan::default() };
    let Some(books) = Books::approved(test, Kind::Postgres, &plan, &server) else { return };
    let told = ended(with_clock(&books, "-5h", &["run", "--until-idle"]));
    assert!(matches!(told.status.code(), Some(0 | 3)), "{}", text(&told.stderr));
    let tried = server.heard().len();
    must(&books.office.run(&["run", "--until-idle"]), "the worker with the right clock");
    assert!(server.heard().len() <= tried.max(1), "tried again at once");
}

#[test]
fn a_worker_frozen_before_the_first_byte_of_a_letter_starts_no_other_when_it_wakes() {
    let test = "a_worker_frozen_before_the_first_byte_of_a_letter_starts_no_other_when_it_wakes";
    let script = Script::plain().on(Step::Mail, Act::Delay(Duration::from_millis(1_500))).times(1);
    let server = SmtpServer::start(script);
    let Some(books) = Books::approved(test, Kind::Postgres, &Plan { states: Some(&FEW), ..Plan::default() }, &server)
    else {
        return;
    };
    let frozen = until_idle(&books);
    wait_until("it has begun", || server.transcript().iter().any(|line| line.starts_with("MAIL")));
    signal(&frozen, "STOP");
    books.let_leases_run_out();
    must(&books.office.run(&["run", "--until-idle"]), "the second worker");
    signal(&frozen, "CONT");
    must(&ended(frozen), "the worker that was frozen");
    let wrong = violations(&books.letters(), &server, 0, FEW.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(books.counts(), BTreeMap::from([("sent".to_owned(), 9), ("uncertain".to_owned(), 1)]));
}
