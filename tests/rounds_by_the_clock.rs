//! Rounds of a worker whose machine sleeps, or whose clock is set, or that finds very much to do: by a clock of two hands, the hour
//! and the time since the machine's start.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::Duration;
use coalition::*;
use demarche::adapters::store::{Location, Store};
use demarche::config::workspace::Snapshot;
use demarche::delivery::{Reply, Verdict};
use demarche::outbox::Status;
use demarche::ports::{Clock, Courier, Mailer, Outgoing, Via};
use demarche::schedule::Ceilings;
use demarche::steps::dispatch::Policy;
use demarche::vocabulary::Instant;
use demarche::worker::round::{OnMove, State};
use demarche::worker::{Report, Stop, Worker, files_watch};

#[derive(Clone)]
struct TwoHands(Arc<Mutex<(Instant, Duration)>>);

impl TwoHands {
    fn starting_at(hour: Instant) -> Self {
        Self(Arc::new(Mutex::new((hour, Duration::hours(1)))))
    }

    /// Time goes by, awake or asleep.
    fn pass(&self, span: Duration) {
        let mut hands = self.0.lock().unwrap();
        *hands = (hands.0.plus(span), hands.1 + span);
    }

    /// Somebody sets the clock.
    fn set(&self, by: Duration) {
        let mut hands = self.0.lock().unwrap();
        hands.0 = hands.0.plus(by);
    }
}

impl Clock for TwoHands {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().0
    }

    fn up(&self) -> Option<Duration> {
        Some(self.0.lock().unwrap().1)
    }

    async fn wait_until(&self, until: Instant) {
        tokio::task::yield_now().await;
        let rest = until.since(self.now());
        if rest > Duration::zero() {
            self.pass(rest);
        }
    }
}

/// Takes everything, and remembers when.
#[derive(Clone)]
struct Post {
    clock: TwoHands,
    taken: Arc<Mutex<Vec<(Instant, Outgoing)>>>,
}

impl Mailer for Post {
    type Courier = Self;

    fn via(&self) -> Via {
        Via::Smtp
    }

    fn courier(&self) -> Self {
        self.clone()
    }
}

impl Courier for Post {
    async fn hand_over(&mut self, letter: &Outgoing) -> Verdict {
        self.taken.lock().unwrap().push((self.clock.now(), letter.clone()));
        Verdict::Taken { reply: Some(Reply::new(250, "2.0.0 queued")), recipients: vec![] }
    }

    async fn close(&mut self) {}
}

#[derive(Clone)]
struct NoEdits;

impl files_watch::Files for NoEdits {
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }
}

struct Stage {
    _folder: tempfile::TempDir,
    store: Store,
    clock: TwoHands,
    post: Post,
    worker: Worker<TwoHands, Post, NoEdits>,
}

impl Stage {
    async fn set(files: &Files, now: &str, ceilings: Option<Ceilings>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("demarche.db"))).await.unwrap();
        plan_and_approve(&store, files).await;
        let clock = TwoHands::starting_at(at(now));
        let post = Post { clock: clock.clone(), taken: Arc::default() };
        let worker = Worker {
            store: store.clone(),
            clock: clock.clone(),
            mailer: post.clone(),
            files: NoEdits,
            settings: None,
            journal: None,
            policy: Policy {
                worker: "the worker".to_owned(),
                via: Via::Smtp,
                ceilings,
                min_days_between: 3,
                real_server: false,
                lease: Duration::days(30),
                mailbox: None,
            },
            connections: 2,
            stop: Stop::default(),
            on_move: OnMove(Box::new(|_| {})),
            state: State::default(),
        };
        Self { _folder: folder, store, clock, post, worker }
    }

    async fn round(&mut self) -> Report {
        self.worker.round().await.unwrap()
    }

    fn taken(&self) -> Vec<(Instant, Outgoing)> {
        self.post.taken.lock().unwrap().clone()
    }
}

/// Four and a half hours before the letters are due.
const BEFORE: &str = "2018-03-20T04:00:00Z";

#[tokio::test]
async fn a_clock_that_goes_five_hours_forward_makes_no_letter_leave_early_and_back_none_leave_twice() {
    let mut stage = Stage::set(&Files::new(), BEFORE, None).await;
    assert_eq!(stage.round().await.clock, None);
    stage.clock.set(Duration::hours(5));
    for _ in 0..3 {
        stage.clock.pass(Duration::minutes(20));
        let report = stage.round().await;
        assert!(report.clock.unwrap().contains("it was moved forward by 5 hours"));
        assert!(report.moved.is_empty(), "nothing is held or missed by a wrong clock either");
    }
    stage.clock.set(Duration::hours(-5));
    assert_eq!(stage.round().await.clock, None, "and then it makes sense again");
    assert!(stage.taken().is_empty());
    stage.clock.pass(Duration::minutes(210));
    assert_eq!(stage.round().await.count(Status::Sent), 5, "on time");
    for moved in [Duration::days(-1), Duration::days(-17_000), Duration::days(365)] {
        stage.clock.set(moved);
        assert!(stage.round().await.clock.is_some());
        stage.clock.set(-moved);
        assert_eq!(stage.round().await.clock, None);
    }
    assert_eq!(stage.taken().len(), 5, "each once");
}

#[tokio::test]
async fn a_machine_that_slept_for_three_days_is_believed_and_its_letters_are_late() {
    let mut stage = Stage::set(&Files::new(), BEFORE, None).await;
    stage.round().await;
    stage.clock.pass(Duration::days(3));
    let report = stage.round().await;
    assert_eq!((report.clock.clone(), report.count(Status::Held)), (None, 5), "{report:?}");
    assert!(stage.taken().is_empty(), "a person decides about each");
    let held = the(&stage.store, "letter", "FRA").await;
    assert!(held.reason.unwrap().starts_with("late: by 2 days"));
}

#[tokio::test]
async fn a_clock_that_is_corrected_slowly_stops_nothing() {
    let mut stage = Stage::set(&Files::new(), BEFORE, None).await;
    // Half an hour wrong, corrected at a twelfth of its pace while the letters fall due.
    for _ in 0..72 {
        stage.clock.pass(Duration::minutes(5));
        stage.clock.set(Duration::seconds(25));
        assert_eq!(stage.round().await.clock, None);
    }
    assert_eq!(stage.taken().len(), 5);
}

#[tokio::test]
async fn very_many_letters_due_at_once_leave_in_order_and_within_every_ceiling() {
    let count = 90;
    let mut files = Files::with_missions(count, |state, n| {
        format!("{state}@provider-{}.example", if n % 3 == 0 { "one" } else { "two" })
    });
    files.edit(CAMPAIGN_FILE, "letter = \"first\"", "letter = \"first\"\nlate_by = \"90 days\"");
    let ceilings = Ceilings { per_minute: 10, per_domain_per_minute: 6 };
    let mut stage = Stage::set(&files, BEFORE, Some(ceilings)).await;
    // Three days without a worker.
    stage.clock.pass(Duration::days(3));
    stage.round().await;
    let taken = stage.taken();
    assert_eq!(taken.len(), count, "none is lost");
    let minute = Duration::minutes(1);
    let most = |letters: &[Instant]| {
        letters
            .iter()
            .map(|from| letters.iter().filter(|at| *at >= from && at.since(*from) < minute).count())
            .max()
            .unwrap()
    };
    let all: Vec<Instant> = taken.iter().map(|(at, _)| *at).collect();
    assert!((9..=10).contains(&most(&all)), "{} in a minute", most(&all));
    let mut by_domain: BTreeMap<String, Vec<(Instant, String)>> = BTreeMap::new();
    for (at, letter) in &taken {
        let to = &letter.to[0];
        by_domain.entry(to.domain().to_owned()).or_default().push((*at, letter.dispatch.delegation.to_string()));
    }
    assert_eq!(by_domain.len(), 2);
    for (domain, letters) in by_domain {
        let hours: Vec<Instant> = letters.iter().map(|(at, _)| *at).collect();
        assert!(most(&hours) <= 6, "{} in a minute to {domain}", most(&hours));
        // The longest due first; of those due alike, in the order of the plan.
        let order: Vec<&String> = letters.iter().map(|(_, state)| state).collect();
        let mut planned = order.clone();
        planned.sort();
        assert_eq!(order, planned, "{domain}");
    }
    let took = all.last().unwrap().since(all[0]);
    assert!(took <= minute * 12, "the pace is used: {took}");
}

#[tokio::test]
async fn letters_whose_zone_changes_its_rules_are_planned_and_approved_anew_and_the_others_stay() {
    let mut files = Files::new();
    let stage = Stage::set(&files, BEFORE, None).await;
    let before = (the(&stage.store, "letter", "FRA").await, the(&stage.store, "reminder", "FRA").await);
    assert_eq!(before.0.due, at("2018-03-20T08:30:00Z"));
    assert_eq!(before.1.due, at("2018-03-27T07:30:00Z"), "summer time");
    // As if Switzerland had given up summer time: Algiers has the same hour in winter, and keeps it.
    files.edit(CAMPAIGN_FILE, "Europe/Zurich", "Africa/Algiers");
    plan_it(&stage.store, &files).await;
    let after = (the(&stage.store, "letter", "FRA").await, the(&stage.store, "reminder", "FRA").await);
    assert_eq!((after.0.due, after.0.status), (before.0.due, Status::Approved));
    assert_eq!((after.1.due, after.1.status), (at("2018-03-27T08:30:00Z"), Status::Planned));
    let stored = stage.store.plan(&CAMPAIGN.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.zone.to_string(), "Africa/Algiers", "the zone is kept beside the instants");
}
