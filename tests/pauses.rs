//! The mail server refuses us, and not a letter: sending pauses for all workers, no letter is at fault, and it goes on by itself.
//! And each class of trouble is tried again in its own time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;
#[path = "support/home.rs"]
#[macro_use]
#[allow(dead_code, reason = "shared with other test programs")]
mod home;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;

use std::collections::BTreeMap;

use chrono::Duration;
use coalition::{Files, at, everything, plan_and_approve, the};
use demarche::adapters::clock::SimulatedClock;
use demarche::adapters::smtp::{Security, Settings, SmtpMailer};
use demarche::adapters::store::{Outcome, Store};
use demarche::config::workspace::Snapshot;
use demarche::delivery::conclusion::{Attempt, conclude};
use demarche::delivery::{Class, Phase, Reply, Verdict};
use demarche::outbox::{Dispatch, Event, Status, Via};
use demarche::steps::dispatch::{InHand, Policy, Turn, TurnInput, turn};
use demarche::steps::pausing::try_now;
use demarche::vocabulary::Instant;
use demarche::worker::files_watch;
use demarche::worker::round::{OnMove, State};
use demarche::worker::{Report, Stop, Worker};
use home::Home;
use serde_json::Value;
use support::office::{Office, text};
use support::smtp_server::{Act, Identity, Script, SmtpServer, Step};

on_both_databases![
    a_pause_holds_for_every_worker_and_after_a_restart_and_touches_no_row,
    of_two_workers_one_tries_one_letter,
    what_is_refused_again_while_sending_pauses_waits_and_then_is_held,
    letters_of_one_row_are_counted_over_all_workers,
    a_server_that_refuses_every_letter_for_good_is_noticed_at_the_third,
];

fn on_time() -> Instant {
    at("2018-03-20T08:30:00Z")
}

fn policy(worker: &str) -> Policy {
    Policy {
        worker: worker.to_owned(),
        via: Via::Smtp,
        ceilings: None,
        min_days_between: 3,
        real_server: false,
        lease: Duration::days(30),
        mailbox: None,
    }
}

async fn take(store: &Store, worker: &str, outcomes: &[Outcome], free: usize) -> Turn {
    let zones = BTreeMap::new();
    let input = TurnInput {
        now: on_time(),
        outcomes,
        free,
        blocked: &[],
        renew: true,
        after_failed_commit: None,
        zones: &zones,
    };
    turn(store, &policy(worker), &input).await.unwrap()
}

/// What a worker makes of a verdict.
fn answered(letter: &InHand, verdict: &Verdict) -> Outcome {
    let dispatch = &letter.claim.dispatch;
    let attempt = Attempt {
        id: &dispatch.id,
        number: letter.attempt,
        tried_since: dispatch.tried_since.unwrap_or(on_time()),
        give_up: dispatch.rules.give_up,
        class_before: dispatch.reason.as_deref().and_then(Class::of_reason),
        now: on_time(),
    };
    let done = conclude(&attempt, verdict);
    Outcome {
        id: dispatch.id.clone(),
        key: dispatch.key,
        fence: letter.claim.fence,
        verdict: verdict.clone(),
        event: done.event,
        reason: done.reason,
        next_at: done.next_at,
        at: on_time(),
    }
}

fn wrong_password() -> Verdict {
    Verdict::Refused { phase: Phase::Auth, reply: Reply::new(535, "5.7.8 wrong name or password"), recipients: vec![] }
}

fn by_policy() -> Verdict {
    Verdict::Refused { phase: Phase::RcptTo, reply: Reply::new(550, "5.7.1 you are not welcome"), recipients: vec![] }
}

fn taken() -> Verdict {
    Verdict::Taken { reply: Some(Reply::new(250, "2.0.0 queued")), recipients: vec![] }
}

fn as_they_stand(dispatches: &[Dispatch]) -> Vec<String> {
    dispatches
        .iter()
        .map(|d| format!("{} {} {:?} {} {:?}", d.id, d.status, d.reason, d.next_at, d.tried_since))
        .collect()
}

async fn ready(home: &Home) -> Store {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    store
}

async fn a_pause_holds_for_every_worker_and_after_a_restart_and_touches_no_row(home: Home) {
    let store = ready(&home).await;
    let first = take(&store, "w1", &[], 1).await.letters;
    let paused = take(&store, "w1", &[answered(&first[0], &wrong_password())], 1).await;
    assert!(paused.letters.is_empty());
    assert_eq!(paused.pause.unwrap().class, Class::Authentication);
    let before = as_they_stand(&store.dispatches(&everything()).await.unwrap());
    drop(store);
    let store = home.open().await;
    let other = take(&store, "w2", &[], 4).await;
    assert!(other.letters.is_empty() && other.moved.is_empty(), "{other:?}");
    assert_eq!(as_they_stand(&store.dispatches(&everything()).await.unwrap()), before);
    assert!(before.iter().filter(|line| line.contains(" approved ")).count() >= 4, "{before:?}");
    let pause = store.pause(Via::Smtp).await.unwrap().unwrap();
    assert_eq!(pause.words, "refused for good at authentication: 535 5.7.8 wrong name or password");
    assert!(store.pause(Via::Files).await.unwrap().is_none(), "files are written all the same");
    assert!(store.doubtful_addresses().await.unwrap().is_empty());
}

async fn of_two_workers_one_tries_one_letter(home: Home) {
    let store = ready(&home).await;
    let first = take(&store, "w1", &[], 1).await.letters;
    take(&store, "w1", &[answered(&first[0], &wrong_password())], 4).await;
    assert!(try_now(&store, Via::Smtp, on_time()).await.unwrap());
    let (one, other) = tokio::join!(take(&store, "w1", &[], 4), take(&store, "w2", &[], 4));
    let trial: Vec<InHand> = one.letters.into_iter().chain(other.letters).collect();
    assert_eq!(trial.len(), 1);
    assert!(take(&store, "w3", &[], 4).await.letters.is_empty(), "nobody else while it is out");
    let rest = take(&store, "w1", &[answered(&trial[0], &taken())], 10).await;
    assert!(rest.pause.is_none());
    assert_eq!(rest.letters.len(), 3, "all that is due: five, less the first, which waits, and the one that was tried");
}

async fn what_is_refused_again_while_sending_pauses_waits_and_then_is_held(home: Home) {
    let store = ready(&home).await;
    let letters = take(&store, "w1", &[], 4).await.letters;
    // The fourth has met the same before, and would be refused for good.
    let mut outcomes: Vec<Outcome> = letters.iter().map(|letter| answered(letter, &by_policy())).collect();
    assert!(outcomes.iter().all(|outcome| outcome.event == Event::PutOff));
    outcomes[3].event = Event::Refuse;
    outcomes[3].next_at = None;
    take(&store, "w1", &outcomes, 0).await;
    let spared = store.dispatches(&everything()).await.unwrap().into_iter().find(|d| d.id == outcomes[3].id).unwrap();
    assert_eq!(spared.status, Status::Deferred);
    assert!(spared.reason.as_ref().unwrap().contains("the server refuses us, and not this letter"), "{spared:?}");
    assert!(spared.next_at > on_time());
    // Its window ended long ago: a person decides.
    try_now(&store, Via::Smtp, on_time()).await.unwrap();
    let trial = take(&store, "w1", &[], 1).await.letters.remove(0);
    home.execute(&format!("UPDATE dispatches SET tried_since = 0 WHERE key = {}", trial.claim.dispatch.key)).await;
    let refused = Outcome { event: Event::Refuse, next_at: None, ..answered(&trial, &by_policy()) };
    take(&store, "w1", &[refused], 0).await;
    let held = store.dispatches(&everything()).await.unwrap().into_iter().find(|d| d.id == trial.claim.dispatch.id);
    assert_eq!(held.unwrap().status, Status::Held);
    assert_eq!(store.pause(Via::Smtp).await.unwrap().unwrap().waits, 2);
}

async fn letters_of_one_row_are_counted_over_all_workers(home: Home) {
    let store = ready(&home).await;
    let mut letters = take(&store, "w1", &[], 2).await.letters;
    letters.extend(take(&store, "w2", &[], 1).await.letters);
    let outcome = |n: usize| answered(&letters[n], &by_policy());
    assert!(take(&store, "w1", &[outcome(0)], 0).await.pause.is_none());
    assert!(take(&store, "w1", &[outcome(1), outcome(1)], 0).await.pause.is_none(), "told twice counts once");
    assert_eq!(take(&store, "w2", &[outcome(2)], 0).await.pause.unwrap().class, Class::Policy);
}

async fn a_server_that_refuses_every_letter_for_good_is_noticed_at_the_third(home: Home) {
    let store = ready(&home).await;
    let every = Verdict::Refused {
        phase: Phase::Content,
        reply: Reply::new(554, "5.6.0 Transaction failed"),
        recipients: vec![],
    };
    let mut paused = None;
    for nth in 1..=3 {
        assert!(paused.is_none(), "letter {nth}");
        let letter = take(&store, "w1", &[], 1).await.letters.remove(0);
        paused = take(&store, "w1", &[answered(&letter, &every)], 0).await.pause;
    }
    assert_eq!(paused.unwrap().class, Class::Letter);
    let all = store.dispatches(&everything()).await.unwrap();
    let of = |status: Status| all.iter().filter(|d| d.status == status).count();
    assert_eq!(
        (of(Status::Refused), of(Status::Deferred)),
        (3, 0),
        "what is refused for good is not tried again by itself"
    );
    assert!(take(&store, "w2", &[], 4).await.letters.is_empty());
}

/// The files as they were planned.
#[derive(Clone)]
struct Desk(Files);

impl files_watch::Files for Desk {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.0.0.clone())
    }
}

/// A worker with a clock that we move, and a real line to a server of ours.
struct Stage {
    store: Store,
    clock: SimulatedClock,
    worker: Worker<SimulatedClock, SmtpMailer, Desk>,
}

impl Stage {
    async fn with(server: &SmtpServer, security: Security, identity: Option<&Identity>) -> Self {
        let (store, files) = (Store::in_memory().await.unwrap(), Files::new());
        plan_and_approve(&store, &files).await;
        let clock = SimulatedClock::starting_at(on_time());
        let mut settings = Settings::new("localhost", server.port(), security, "coalition.example");
        if let Some(identity) = identity {
            settings.credentials = Some(("outreach".into(), "correct horse".into()));
            settings.extra_roots = Some(identity.certificate_pem.clone().into_bytes());
        }
        let desk = Desk(files);
        let worker = Worker {
            store: store.clone(),
            clock: clock.clone(),
            mailer: SmtpMailer::new(settings).unwrap(),
            settings: files_watch::settings(&desk),
            files: desk,
            journal: None,
            policy: policy("w"),
            connections: 1,
            stop: Stop::default(),
            on_move: OnMove(Box::new(|_| {})),
            state: State::default(),
        };
        Self { store, clock, worker }
    }

    async fn round(&mut self, minutes_later: i64) -> Report {
        self.clock.advance_to(on_time().plus(Duration::minutes(minutes_later)));
        self.worker.round().await.unwrap()
    }

    async fn count(&self, status: Status) -> usize {
        let all = self.store.dispatches(&everything()).await.unwrap();
        all.iter().filter(|d| d.id.step.as_str() == "letter" && d.status == status).count()
    }
}

fn said(server: &SmtpServer, command: &str) -> usize {
    server.transcript().iter().filter(|line| line.starts_with(command)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greylisted_letter_goes_through_at_its_third_try_once_and_nothing_pauses() {
    let states = ["deu", "esp", "fra", "gha", "per"];
    let mut script = Script::plain();
    for state in states {
        script = script.on_rcpt(&format!("mission@{state}.mission.example"), "450 4.7.1 Greylisted").times(2);
    }
    let server = SmtpServer::start(script);
    let mut stage = Stage::with(&server, Security::None, None).await;
    assert!(stage.round(0).await.pause.is_none());
    let france = the(&stage.store, "letter", "FRA").await;
    assert!(france.reason.unwrap().starts_with("greylisting: refused for now at RCPT TO: 450 4.7.1 Greylisted"));
    assert!(france.next_at >= on_time().plus(Duration::minutes(5)));
    stage.round(4).await;
    assert_eq!(said(&server, "RCPT TO:<mission@fra"), 1, "not within five minutes");
    for minute in 5..40 {
        assert!(stage.round(minute).await.pause.is_none());
    }
    assert_eq!(stage.count(Status::Sent).await, 5);
    assert_eq!(server.messages().len(), 5, "one copy each");
    let tries = stage.store.attempts(&[france.key]).await.unwrap();
    assert_eq!(tries.len(), 3);
    assert!(tries.windows(2).all(|pair| pair[1].at.since(pair[0].at) >= Duration::minutes(5)), "{tries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_by_policy_for_all_the_sessions_stop_and_nobody_is_refused() {
    let no = Act::Reply("550 5.7.1 you are not welcome".to_owned());
    let server = SmtpServer::start(Script::plain().on(Step::Rcpt, no));
    let mut stage = Stage::with(&server, Security::None, None).await;
    let report = stage.round(0).await;
    assert!(report.pause.unwrap().words.contains("550 5.7.1 you are not welcome"));
    assert_eq!((said(&server, "MAIL"), stage.count(Status::Deferred).await), (3, 3), "three in a row tell");
    assert_eq!((stage.count(Status::Approved).await, stage.count(Status::Refused).await), (2, 0));
    for minute in 1..15 {
        stage.round(minute).await;
    }
    assert_eq!(said(&server, "MAIL"), 3, "nobody knocks meanwhile");
    // One letter is tried; the server has not changed its mind.
    stage.round(15).await;
    assert_eq!((said(&server, "MAIL"), stage.count(Status::Refused).await), (4, 0));
    stage.round(40).await;
    assert_eq!(said(&server, "MAIL"), 4, "the second wait is longer");
    server.set_script(Script::plain());
    assert!(stage.round(46).await.pause.is_none());
    stage.round(200).await;
    assert_eq!((stage.count(Status::Sent).await, server.messages().len()), (5, 5), "each once");
    assert!(stage.store.doubtful_addresses().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_by_policy_among_others_that_are_taken_it_is_that_letter_s_own_refusal() {
    let server =
        SmtpServer::start(Script::plain().on_rcpt("mission@fra.mission.example", "550 5.7.1 not from outside"));
    let mut stage = Stage::with(&server, Security::None, None).await;
    assert!(stage.round(0).await.pause.is_none());
    assert_eq!((stage.count(Status::Sent).await, stage.count(Status::Deferred).await), (4, 1));
    stage.round(20).await;
    let france = the(&stage.store, "letter", "FRA").await;
    assert_eq!((france.status, france.attempts), (Status::Refused, 2));
    stage.round(300).await;
    assert_eq!(said(&server, "RCPT TO:<mission@fra"), 2, "never again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_once_and_then_after_longer_and_longer_waits() {
    let identity = Identity::for_host("localhost");
    let server = SmtpServer::start(Script::starttls(&identity).account("outreach", "another"));
    let mut stage = Stage::with(&server, Security::Starttls, Some(&identity)).await;
    let pause = stage.round(0).await.pause.unwrap();
    assert_eq!((pause.class, server.sessions().len()), (Class::Authentication, 1));
    for minute in 1..120 {
        stage.round(minute).await;
    }
    assert_eq!(server.sessions().len(), 3, "after 15 minutes, and an hour");
    assert_eq!((stage.count(Status::Refused).await, stage.count(Status::Held).await), (0, 0));
    server.set_script(Script::starttls(&identity).account("outreach", "correct horse"));
    assert!(try_now(&stage.store, Via::Smtp, on_time().plus(Duration::minutes(120))).await.unwrap());
    assert!(stage.round(120).await.pause.is_none());
    stage.round(400).await;
    assert_eq!(server.messages().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_away_for_days_leaves_letters_held_and_none_refused() {
    let server = SmtpServer::start(Script::plain().on(Step::Connect, Act::ReplyAndDrop("421 4.3.2 closed".to_owned())));
    let mut stage = Stage::with(&server, Security::None, None).await;
    for hour in 0..24 * 5 {
        stage.round(hour * 60).await;
    }
    assert_eq!(stage.count(Status::Refused).await, 0);
    assert_eq!(stage.count(Status::Held).await, 5);
    assert!(server.sessions().len() < 70, "{} sessions", server.sessions().len());
}

const STATES: [&str; 6] = ["FRA", "DEU", "SWE", "NOR", "PER", "GHA"];

#[test]
fn staff_are_told_by_run_status_and_digest_and_a_check_lets_it_go_on() {
    let no = Act::Reply("550 5.7.1 your account is blocked".to_owned());
    let server = SmtpServer::start(Script::plain().on(Step::Rcpt, no));
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    let run = office.run(&["run", "--until-idle"]);
    assert_eq!(run.status.code(), Some(3));
    let told = |out: &[u8]| {
        let out = text(out);
        for words in ["SENDING PAUSES since", "(policy)", "550 5.7.1 your account is blocked", "ask the mail provider"]
        {
            assert!(out.contains(words), "{words}: {out}");
        }
    };
    told(&run.stdout);
    assert_eq!(said(&server, "MAIL"), 3);
    let status = office.run(&["status"]);
    assert_eq!(status.status.code(), Some(4));
    told(&status.stdout);
    let json: Value = serde_json::from_slice(&office.run(&["status", "--json"]).stdout).unwrap();
    assert_eq!(json["pause"]["class"], "policy");
    let digest = office.done(&["digest"]).replace("\n  ", " ");
    told(digest.as_bytes());
    // A restart keeps the pause.
    assert_eq!(office.run(&["run", "--until-idle"]).status.code(), Some(3));
    assert_eq!(said(&server, "MAIL"), 3);
    let mut statuses: Vec<String> = office.statuses().into_values().collect();
    statuses.sort();
    assert_eq!(statuses, ["approved", "approved", "approved", "deferred", "deferred", "deferred"]);
    server.set_script(Script::plain());
    let check = office.done(&["check", "--online"]);
    assert!(check.contains("the next letter is tried now"), "{check}");
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), 3, "those that are due now; the others at their own time");
    assert!(!text(&office.run(&["status"]).stdout).contains("SENDING PAUSES"));
}
