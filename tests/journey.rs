//! One campaign from its files to its status, on a clock that we move and with a post office that does as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration as StdDuration, Instant as StdInstant};

use chrono::Duration;
use coalition::*;
use demarche::adapters::clock::SimulatedClock;
use demarche::adapters::store::{DispatchFilter, EntryFilter, Location, Store};
use demarche::config::workspace::Snapshot;
use demarche::delivery::{Phase, RecipientResult, Reply, Role, Verdict};
use demarche::inbox::Kind;
use demarche::outbox::{Guard, Status};
use demarche::ports::{Clock as _, Courier, Mailer, Outgoing, Via};
use demarche::report::CampaignSummary;
use demarche::responses::NewEntry;
use demarche::steps::decide::{Decider, Decision, decide};
use demarche::steps::dispatch::Policy;
use demarche::steps::record::add_entry;
use demarche::steps::summary::summaries;
use demarche::vocabulary::{Digest, Instant};
use demarche::worker::files_watch;
use demarche::worker::round::{OnMove, State};
use demarche::worker::{Report, Stop, Worker};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};

/// What the post office does with a letter.
#[derive(Clone)]
enum Act {
    Says(Verdict),
    /// Takes the letter and never answers.
    Silence,
}

/// Answers as told for each State, then takes whatever comes.
#[derive(Clone, Default)]
struct Post {
    script: Arc<Mutex<HashMap<String, VecDeque<Act>>>>,
    /// What was handed over, in order: taken, or on its way when the line broke.
    handed: Arc<Mutex<Vec<Outgoing>>>,
    /// Every try, also those that came to nothing.
    tried: Arc<Mutex<Vec<String>>>,
}

impl Post {
    fn tell(&self, state: &str, acts: impl IntoIterator<Item = Act>) {
        self.script.lock().unwrap().entry(state.to_owned()).or_default().extend(acts);
    }

    fn handed(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.handed.lock().unwrap().iter().map(|l| l.dispatch.to_string()).collect();
        ids.sort();
        ids
    }

    fn tried(&self, state: &str) -> usize {
        self.tried.lock().unwrap().iter().filter(|s| *s == state).count()
    }
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
        let state = letter.dispatch.delegation.to_string();
        let act = self.script.lock().unwrap().get_mut(&state).and_then(VecDeque::pop_front);
        self.tried.lock().unwrap().push(state);
        // As a network would: others have their turn meanwhile.
        tokio::task::yield_now().await;
        let act = act.unwrap_or_else(|| Act::Says(taken()));
        let on_its_way = matches!(act, Act::Silence | Act::Says(Verdict::Taken { .. } | Verdict::Unknown { .. }));
        if on_its_way {
            self.handed.lock().unwrap().push(letter.clone());
        }
        match act {
            Act::Says(verdict) => verdict,
            Act::Silence => std::future::pending().await,
        }
    }

    async fn close(&mut self) {}
}

fn taken() -> Verdict {
    Verdict::Taken { reply: Some(Reply::new(250, "2.0.0 queued")), recipients: vec![] }
}

fn not_now() -> Verdict {
    Verdict::NotNow { phase: Phase::RcptTo, reply: Reply::new(450, "4.2.0 greylisted"), recipients: vec![] }
}

fn away() -> Verdict {
    Verdict::Broken { phase: Phase::Connect, why: "connection refused".into() }
}

/// The files as an editor leaves them.
#[derive(Clone)]
struct Desk(Arc<Mutex<Files>>);

impl files_watch::Files for Desk {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.0.lock().unwrap().0.clone())
    }
}

/// One workspace with its database, its clock and its post office.
struct Stage {
    folder: tempfile::TempDir,
    store: Store,
    clock: SimulatedClock,
    post: Post,
    desk: Desk,
}

impl Stage {
    /// Planned and approved by two organisations.
    async fn set(files: Files) -> Self {
        let stage = Self::empty(files).await;
        plan_and_approve(&stage.store, &stage.files()).await;
        stage
    }

    async fn empty(files: Files) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("demarche.db"))).await.unwrap();
        let desk = Desk(Arc::new(Mutex::new(files)));
        Self { folder, store, clock: SimulatedClock::starting_at(early()), post: Post::default(), desk }
    }

    fn files(&self) -> Files {
        self.desk.0.lock().unwrap().clone()
    }

    fn worker(&self, name: &str) -> Worker<SimulatedClock, Post, Desk> {
        Worker {
            store: self.store.clone(),
            clock: self.clock.clone(),
            mailer: self.post.clone(),
            files: self.desk.clone(),
            settings: files_watch::settings(&self.desk),
            journal: None,
            policy: Policy {
                worker: name.to_owned(),
                via: Via::Smtp,
                ceilings: None,
                min_days_between: 3,
                real_server: false,
                // Our clock jumps; a lease is judged in tests/store_contract.rs.
                lease: Duration::days(30),
                mailbox: None,
            },
            connections: 2,
            stop: Stop::default(),
            on_move: OnMove(Box::new(|_| {})),
            state: State::default(),
        }
    }

    async fn round(&self, worker: &mut Worker<SimulatedClock, Post, Desk>, now: &str) -> Report {
        self.clock.advance_to(at(now));
        worker.round().await.unwrap()
    }

    /// A worker that starts, works one round and ends.
    async fn run(&self, now: &str) -> Report {
        let mut worker = self.worker(&format!("worker at {now}"));
        worker.recover().await.unwrap();
        self.round(&mut worker, now).await
    }

    async fn status(&self, step: &str, state: &str) -> Status {
        status(&self.store, step, state).await
    }

    async fn summary(&self) -> CampaignSummary {
        let calendar = self.files().workspace().calendar;
        let id = CAMPAIGN.parse().unwrap();
        summaries(&self.store, Some(&id), &calendar, self.clock.now()).await.unwrap().remove(0)
    }

    async fn decide(&self, step: &str, state: &str, decision: Decision) {
        let who = Decider { by: "Ada", now: self.clock.now(), reason: Some("said so") };
        let done = decide(&self.store, &only(step, state), decision, &who).await.unwrap();
        assert_eq!(done.moved.len(), 1, "{done:?}");
    }

    async fn heard(&self, state: &str, kind: Kind) {
        let entry = NewEntry {
            at: self.clock.now(),
            campaign: None,
            delegation: Some(state.parse().unwrap()),
            dispatch: None,
            kind,
            stance: None,
            ask: None,
            from: None,
            subject: None,
            text: Some("words".into()),
            matched_by: "by-hand",
            confidence: "certain",
            attachments: vec![],
            message: None,
            corrects: None,
            by: "Ada".into(),
        };
        add_entry(&self.store, entry, self.clock.now()).await.unwrap();
    }

    /// Another program at the same database.
    async fn intruder(&self) -> DatabaseConnection {
        let path = self.folder.path().join("demarche.db");
        let mut options = ConnectOptions::new(format!("sqlite:{}", path.display()));
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    }
}

const ON_TIME: &str = "2018-03-20T08:30:00Z";
const REMINDER: &str = "2018-03-27T07:30:00Z";

fn letters(step: &str, states: &[&str]) -> Vec<String> {
    states.iter().map(|state| format!("{CAMPAIGN}/{step}/{state}")).collect()
}

const ALL: [&str; 5] = ["DEU", "ESP", "FRA", "GHA", "PER"];

#[tokio::test]
async fn a_letter_on_time_leaves_once_and_as_it_was_approved() {
    let stage = Stage::set(Files::new()).await;
    let before = stage.run("2018-03-20T08:29:59Z").await;
    assert!(before.moved.is_empty() && stage.post.handed().is_empty(), "nothing leaves early");
    let report = stage.run(ON_TIME).await;
    assert_eq!(report.count(Status::Sent), 5);
    stage.run(ON_TIME).await;
    stage.run("2018-03-20T09:30:00Z").await;
    assert_eq!(stage.post.handed(), letters("letter", &ALL));
    let handed = stage.post.handed.lock().unwrap().clone();
    for letter in handed {
        let dispatch = stage.store.dispatch(&letter.dispatch).await.unwrap().unwrap();
        let text = String::from_utf8(letter.message.to_vec()).unwrap();
        let (date, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(date, "Date: Tue, 20 Mar 2018 09:30:00 +0100", "in the campaign's zone");
        assert_eq!(Digest::of(rest.as_bytes()), dispatch.digest);
        assert_eq!((letter.to, letter.cc), (dispatch.recipients.to, dispatch.recipients.cc));
        assert_eq!(dispatch.sent_at, Some(at(ON_TIME)));
    }
    let summary = stage.summary().await;
    assert_eq!((summary.counts.total(), summary.needs_attention.letters()), (10, 0));
    assert_eq!(summary.next_due, Some(at(REMINDER)));
}

#[tokio::test]
async fn nothing_leaves_that_was_not_approved() {
    let stage = Stage::empty(Files::new()).await;
    plan_it(&stage.store, &stage.files()).await;
    approve_as(&stage.store, &stage.files(), CAMPAIGN, "Ada").await;
    stage.run(ON_TIME).await;
    assert!(stage.post.tried.lock().unwrap().is_empty());
    let attention = stage.summary().await.needs_attention;
    assert_eq!(attention.letters(), 5, "due soon and not approved: {attention:?}");
}

#[tokio::test]
async fn a_crash_after_handing_over_leaves_the_letter_uncertain_and_sends_nothing_again() {
    let stage = Stage::set(Files::new()).await;
    stage.post.tell("DEU", [Act::Silence]);
    stage.post.tell("ESP", [Act::Silence]);
    stage.clock.advance_to(at(ON_TIME));
    let mut worker = stage.worker("first");
    // Both couriers wait for an answer that never comes; then the power fails.
    let crashed = tokio::time::timeout(StdDuration::from_millis(500), worker.round()).await;
    assert!(crashed.is_err());
    drop(worker);
    assert_eq!(stage.status("letter", "DEU").await, Status::Sending);
    let next = stage.worker("second");
    let lost: Vec<String> = next.recover().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lost, letters("letter", &["DEU", "ESP"]));
    stage.run(ON_TIME).await;
    stage.run(REMINDER).await;
    assert_eq!((stage.post.tried("DEU"), stage.post.tried("ESP")), (1, 1), "nor does the reminder follow it");
    assert_eq!(stage.status("letter", "DEU").await, Status::Uncertain);
    let reminder = the(&stage.store, "reminder", "DEU").await;
    assert_eq!(reminder.status, Status::Held);
    assert_eq!(Guard::of_reason(&reminder.reason.unwrap()), Some(Guard::Unsettled));
    // A person knows better, and then it leaves once.
    stage.decide("letter", "DEU", Decision::SettleNotSent).await;
    stage.decide("letter", "ESP", Decision::SettleSent).await;
    stage.run("2018-03-27T07:31:00Z").await;
    assert_eq!((stage.post.tried("DEU"), stage.post.tried("ESP")), (2, 1));
    assert_eq!(stage.status("letter", "DEU").await, Status::Sent);
}

#[tokio::test]
async fn a_reminder_leaves_only_to_those_that_have_not_answered() {
    let stage = Stage::set(Files::new()).await;
    let refused =
        Verdict::Refused { phase: Phase::RcptTo, reply: Reply::new(550, "5.1.1 unknown"), recipients: vec![] };
    stage.post.tell("PER", [Act::Says(refused)]);
    stage.run(ON_TIME).await;
    stage.clock.advance_to(at("2018-03-22T10:00:00Z"));
    stage.heard("DEU", Kind::Reply).await;
    stage.heard("ESP", Kind::Call).await;
    stage.heard("FRA", Kind::AutoReply).await;
    stage.heard("GHA", Kind::Receipt).await;
    stage.run(REMINDER).await;
    let reminded: Vec<String> = stage.post.handed().into_iter().filter(|id| id.contains("/reminder/")).collect();
    assert_eq!(reminded, letters("reminder", &["FRA", "GHA"]), "a machine's reply is no answer");
    let germany = the(&stage.store, "reminder", "DEU").await;
    assert_eq!(germany.reason.as_deref(), Some("condition: the mission answered on 2018-03-22"));
    let peru = the(&stage.store, "reminder", "PER").await;
    assert_eq!(peru.status, Status::Skipped);
    assert_eq!(peru.reason.as_deref(), Some("condition: the letter it follows, `letter`, is refused, not sent"));
    let handed = stage.post.handed.lock().unwrap().clone();
    let reminder = handed.iter().find(|l| l.dispatch.to_string() == "spring/reminder/FRA").unwrap();
    let first = the(&stage.store, "letter", "FRA").await.message_id;
    let text = String::from_utf8(reminder.message.to_vec()).unwrap();
    assert!(text.contains(&format!("In-Reply-To: {first}")), "it stands under the letter");
    assert_eq!(stage.store.entries(&EntryFilter::default()).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_late_letter_is_held_until_a_person_releases_it() {
    let stage = Stage::set(Files::new()).await;
    let report = stage.run("2018-03-20T13:00:00Z").await;
    assert_eq!((report.count(Status::Held), stage.post.handed().len()), (5, 0));
    let attention = stage.summary().await.needs_attention;
    let [late] = attention.groups() else { panic!("{attention:?}") };
    assert_eq!((late.letters, late.reason.as_str()), (5, "late: by 4 hours"));
    stage.decide("letter", "GHA", Decision::Release).await;
    stage.run("2018-03-20T13:10:00Z").await;
    stage.run("2018-03-20T13:20:00Z").await;
    assert_eq!(stage.post.handed(), letters("letter", &["GHA"]));
}

#[tokio::test]
async fn a_letter_that_is_worth_nothing_later_is_missed() {
    let mut files = Files::new();
    files.edit(CAMPAIGN_FILE, "letter = \"first\"", "letter = \"first\"\nlate = \"skip\"\nlate_by = \"1 hours\"");
    let stage = Stage::set(files).await;
    let report = stage.run("2018-03-20T09:31:00Z").await;
    assert_eq!((report.count(Status::Missed), stage.post.handed().len()), (5, 0));
    assert_eq!(stage.summary().await.needs_attention.letters(), 5);
    stage.decide("letter", "PER", Decision::Release).await;
    stage.run("2018-03-20T09:40:00Z").await;
    assert_eq!(stage.post.handed(), letters("letter", &["PER"]));
}

#[tokio::test]
async fn a_letter_of_a_provisional_date_is_held() {
    let mut files = Files::new();
    files.edit(CALENDAR, "date = 2018-03-20", "date = 2018-03-20\nstatus = \"provisional\"");
    let stage = Stage::set(files).await;
    let report = stage.run(ON_TIME).await;
    assert_eq!((report.count(Status::Held), stage.post.handed().len()), (5, 0));
    let reason = the(&stage.store, "letter", "FRA").await.reason.unwrap();
    assert_eq!(reason, "provisional: the date of custom:launch is provisional");
    stage.decide("letter", "FRA", Decision::Release).await;
    stage.run(ON_TIME).await;
    assert_eq!(stage.post.handed(), letters("letter", &["FRA"]));
}

#[tokio::test]
async fn a_letter_refused_for_now_is_tried_again_until_its_window_ends() {
    let mut files = Files::new();
    files.edit(CAMPAIGN_FILE, "letter = \"first\"", "letter = \"first\"\ngive_up = \"2 hours\"");
    let stage = Stage::set(files).await;
    stage.post.tell("FRA", vec![Act::Says(not_now()); 30]);
    stage.post.tell("GHA", vec![Act::Says(not_now()); 2]);
    let mut worker = stage.worker("w");
    let mut now = at(ON_TIME);
    let mut waits = Vec::new();
    stage.round(&mut worker, ON_TIME).await;
    while stage.status("letter", "FRA").await == Status::Deferred {
        let france = the(&stage.store, "letter", "FRA").await;
        assert!(france.reason.unwrap().contains("450 4.2.0 greylisted"));
        waits.push(france.next_at.since(now));
        let early = france.next_at.minus(Duration::seconds(1));
        let tries = stage.post.tried("FRA");
        stage.round(&mut worker, &early.to_string()).await;
        assert_eq!(stage.post.tried("FRA"), tries, "not before the time that status shows");
        now = france.next_at.plus(Duration::seconds(1));
        stage.round(&mut worker, &now.to_string()).await;
    }
    let france = the(&stage.store, "letter", "FRA").await;
    assert_eq!(france.status, Status::Refused);
    assert!(france.reason.as_ref().unwrap().starts_with("given up after 5 attempts"), "{:?}", france.reason);
    assert!(waits[0] >= Duration::minutes(5) && waits[0] <= Duration::minutes(6), "{waits:?}");
    assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "each wait is longer: {waits:?}");
    assert!(now.since(at(ON_TIME)) <= Duration::hours(2));
    assert_eq!(stage.status("letter", "GHA").await, Status::Sent);
    assert_eq!((stage.post.tried("GHA"), stage.post.handed().len()), (3, 4), "each once, France never");
    assert_eq!(stage.store.attempts(&[france.key]).await.unwrap().len(), 5, "every try is shown");
}

#[tokio::test]
async fn while_the_server_is_away_other_letters_wait_untried_and_leave_later() {
    let stage = Stage::set(Files::new()).await;
    for state in ["DEU", "ESP"] {
        stage.post.tell(state, vec![Act::Says(away()); 2]);
    }
    let mut worker = stage.worker("w");
    let report = stage.round(&mut worker, ON_TIME).await;
    assert!(report.pause.unwrap().words.contains("connection refused"));
    assert_eq!(report.moved.iter().filter(|m| m.to == Status::Deferred).count(), 2);
    assert!(stage.post.tried.lock().unwrap().len() <= 2, "at most one try for each connection");
    let peru = the(&stage.store, "letter", "PER").await;
    assert_eq!((peru.status, peru.attempts, peru.reason), (Status::Approved, 0, None));
    stage.round(&mut worker, "2018-03-20T08:31:00Z").await;
    assert!(stage.post.tried.lock().unwrap().len() <= 2, "nobody knocks meanwhile");
    for minute in 36..60 {
        stage.round(&mut worker, &format!("2018-03-20T08:{minute}:10Z")).await;
    }
    for minute in 10..40 {
        stage.round(&mut worker, &format!("2018-03-20T09:{minute}:10Z")).await;
    }
    assert_eq!(stage.post.handed(), letters("letter", &ALL), "all leave once it is back, each once");
}

#[tokio::test]
async fn a_letter_without_an_answer_is_never_sent_again_by_itself() {
    let stage = Stage::set(Files::new()).await;
    stage.post.tell("FRA", [Act::Says(Verdict::Unknown { why: "the line broke".into(), recipients: vec![] })]);
    for now in [ON_TIME, "2018-03-20T08:40:00Z", "2018-03-21T09:00:00Z", "2018-03-24T09:00:00Z"] {
        stage.run(now).await;
    }
    assert_eq!((stage.post.tried("FRA"), stage.status("letter", "FRA").await), (1, Status::Uncertain));
    let attention = stage.summary().await.needs_attention;
    assert_eq!(attention.groups()[0].status, Status::Uncertain);
    assert!(attention.groups()[0].reason.contains("the line broke"));
}

#[tokio::test]
async fn a_letter_that_left_without_its_cc_says_so_in_the_status() {
    let stage = Stage::set(Files::new()).await;
    let cc = "rights@fra.mission.example".parse().unwrap();
    let refused = RecipientResult { address: cc, role: Role::Cc, reply: Some(Reply::new(550, "5.1.1 no such user")) };
    let verdict = Verdict::Taken { reply: Some(Reply::new(250, "ok")), recipients: vec![refused] };
    stage.post.tell("FRA", [Act::Says(verdict)]);
    stage.run(ON_TIME).await;
    let summary = stage.summary().await;
    assert_eq!((summary.counts.total(), stage.status("letter", "FRA").await), (10, Status::Sent));
    let [remark] = summary.needs_attention.groups() else { panic!("{:?}", summary.needs_attention) };
    assert_eq!(remark.reason, "left without cc rights@fra.mission.example: 550 5.1.1 no such user");
}

#[tokio::test]
async fn of_two_campaigns_the_later_letter_to_a_mission_is_held_and_names_the_other() {
    let mut files = Files::new();
    files.edit(
        CALENDAR,
        "[[custom]]\nid = \"debate\"",
        "[[custom]]\nid = \"vote\"\ndate = 2018-03-22\n\n[[custom]]\nid = \"debate\"",
    );
    let step = "\n[[step]]\nid = \"letter\"\nletter = \"first\"\nwhen = { milestone = \"custom:vote\", offset = \"0 days\", at = \"09:30\" }\n";
    files.put("config/campaigns/autumn.toml", &campaign("autumn", step));
    let same_day = campaign("winter", LETTER_STEP);
    files.put("config/campaigns/winter.toml", &same_day);
    let stage = Stage::set(files.clone()).await;
    for other in ["autumn", "winter"] {
        try_plan(&stage.store, &files, other).await.unwrap();
        approve_all(&stage.store, &files, other).await;
    }
    stage.run(ON_TIME).await;
    assert_eq!(stage.post.handed(), letters("letter", &ALL), "one of two that are due together");
    let of = async |campaign: &str| {
        let filter = DispatchFilter { campaign: Some(campaign.parse().unwrap()), ..everything() };
        stage.store.dispatches(&filter).await.unwrap().remove(0)
    };
    let winter = of("winter").await;
    assert_eq!(
        (winter.status, winter.reason.as_deref()),
        (Status::Held, Some("neighbour: campaign spring wrote to this mission on 2018-03-20"))
    );
    stage.run("2018-03-22T08:30:00Z").await;
    let autumn = of("autumn").await;
    assert_eq!(
        (autumn.status, autumn.reason.as_deref()),
        (Status::Held, Some("neighbour: campaign spring wrote to this mission on 2018-03-20"))
    );
    stage.run(REMINDER).await;
    assert_eq!(stage.post.handed().len(), 10, "after the floor, the reminder leaves as planned");
}

#[tokio::test]
async fn files_edited_after_the_plan_stop_their_campaign_until_it_is_planned_again() {
    let stage = Stage::set(Files::new()).await;
    stage.desk.0.lock().unwrap().edit(LETTER, "We write to you.", "We write to you again.");
    let report = stage.run(ON_TIME).await;
    assert!(stage.post.tried.lock().unwrap().is_empty());
    let why = "templates/letters/first/en.md was changed since the last plan";
    assert_eq!(report.blocked.values().collect::<Vec<_>>(), [why]);
    assert_eq!(stage.summary().await.files_changed.as_deref(), Some(why));
    plan_it(&stage.store, &stage.files()).await;
    assert_eq!(stage.summary().await.files_changed, None);
    stage.run(ON_TIME).await;
    assert!(stage.post.tried.lock().unwrap().is_empty(), "other bytes: nobody has approved them");
    approve_all(&stage.store, &stage.files(), CAMPAIGN).await;
    stage.run(ON_TIME).await;
    assert_eq!(stage.post.handed(), letters("letter", &ALL));
}

#[tokio::test]
async fn files_edited_and_put_back_release_their_campaign_by_themselves() {
    let stage = Stage::set(Files::new()).await;
    let planned = stage.files();
    stage.desk.0.lock().unwrap().put(CONTACTS, "half a fi");
    stage.run(ON_TIME).await;
    assert!(stage.post.tried.lock().unwrap().is_empty());
    *stage.desk.0.lock().unwrap() = planned;
    stage.run("2018-03-20T08:31:00Z").await;
    assert_eq!(stage.post.handed().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_to_stop_waits_ten_seconds_for_answers_and_then_says_uncertain() {
    let stage = Stage::set(Files::new()).await;
    stage.post.tell("DEU", [Act::Silence]);
    stage.clock.advance_to(at(ON_TIME));
    let mut worker = stage.worker("w");
    let stop = worker.stop.clone();
    let round = tokio::spawn(async move { worker.round().await });
    tokio::time::sleep(StdDuration::from_millis(700)).await;
    let asked = StdInstant::now();
    stop.ask();
    let report = round.await.unwrap().unwrap();
    let took = asked.elapsed();
    assert!(took >= StdDuration::from_secs(9) && took < StdDuration::from_secs(13), "{took:?}");
    assert_eq!(stage.status("letter", "DEU").await, Status::Uncertain);
    assert!(the(&stage.store, "letter", "DEU").await.reason.unwrap().contains("asked to stop"));
    assert_eq!(report.count(Status::Uncertain), 1);
    assert!(!stage.store.anything_in_hand().await.unwrap());
}

#[tokio::test]
async fn who_is_asked_to_stop_takes_no_new_letter() {
    let stage = Stage::set(Files::new()).await;
    let mut worker = stage.worker("w");
    worker.stop.ask();
    stage.round(&mut worker, ON_TIME).await;
    assert!(stage.post.tried.lock().unwrap().is_empty());
    assert_eq!(stage.status("letter", "DEU").await, Status::Approved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_letter_leaves_while_another_program_holds_the_database() {
    let stage = Stage::set(Files::new()).await;
    stage.clock.advance_to(at(ON_TIME));
    let intruder = stage.intruder().await;
    intruder.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    let mut worker = stage.worker("w");
    let round = tokio::spawn(async move { worker.round().await });
    tokio::time::sleep(StdDuration::from_secs(2)).await;
    assert!(stage.post.tried.lock().unwrap().is_empty());
    intruder.execute_unprepared("COMMIT").await.unwrap();
    round.await.unwrap().unwrap();
    assert_eq!(stage.post.handed(), letters("letter", &ALL));
}

#[tokio::test]
async fn a_claim_that_cannot_be_recorded_sends_nothing() {
    let stage = Stage::set(Files::new()).await;
    let disk = stage.intruder().await;
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    disk.execute_unprepared(full).await.unwrap();
    stage.clock.advance_to(at(ON_TIME));
    let mut worker = stage.worker("w");
    let error = worker.round().await.unwrap_err();
    assert!(error.help().contains("make room"), "{error}");
    assert!(stage.post.tried.lock().unwrap().is_empty());
    assert_eq!(stage.status("letter", "DEU").await, Status::Approved);
    disk.execute_unprepared("DROP TRIGGER full").await.unwrap();
    worker.round().await.unwrap();
    assert_eq!(stage.post.handed(), letters("letter", &ALL));
}

/// The worker that goes on after a round that ended in an error, as `demarche run` does.
#[tokio::test]
async fn an_outcome_that_cannot_be_recorded_is_kept_and_its_letter_does_not_leave_again() {
    let stage = Stage::set(Files::new()).await;
    let disk = stage.intruder().await;
    let no_outcome = "CREATE TRIGGER full BEFORE UPDATE OF outcome ON attempts BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    disk.execute_unprepared(no_outcome).await.unwrap();
    stage.clock.advance_to(at(ON_TIME));
    let mut worker = stage.worker("w");
    worker.round().await.unwrap_err();
    let first = stage.post.handed();
    assert!(!first.is_empty() && first.len() <= 2, "no further letter: {first:?}");
    disk.execute_unprepared("DROP TRIGGER full").await.unwrap();
    // The next round fails for three seconds as well, at its claims, and then gets through.
    let room_is_made = stage.clock.now().plus(Duration::seconds(3)).millis();
    let no_claim = format!(
        "CREATE TRIGGER full BEFORE INSERT ON attempts WHEN NEW.claimed_at < {room_is_made} \
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    );
    disk.execute_unprepared(&no_claim).await.unwrap();
    worker.recover().await.unwrap();
    worker.round().await.unwrap();
    assert_eq!(stage.post.handed(), letters("letter", &ALL), "each once");
    for state in ALL {
        assert_eq!(stage.status("letter", state).await, Status::Sent, "{state}");
    }
}

/// The server answers, and the commit that says so gets no answer of its own: the worker ends meanwhile.
#[tokio::test]
async fn letters_whose_outcomes_were_lost_with_their_worker_are_uncertain() {
    let stage = Stage::set(Files::new()).await;
    let disk = stage.intruder().await;
    let no_outcome = "CREATE TRIGGER full BEFORE UPDATE OF outcome ON attempts BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    disk.execute_unprepared(no_outcome).await.unwrap();
    stage.clock.advance_to(at(ON_TIME));
    stage.worker("first").round().await.unwrap_err();
    let handed = stage.post.handed();
    disk.execute_unprepared("DROP TRIGGER full").await.unwrap();
    let lost: Vec<String> = stage.worker("second").recover().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lost, handed, "neither forgotten nor sent again");
}

/// Nobody reads the hour of the machine here.
#[test]
fn the_letter_s_time_is_half_past_nine_in_geneva() {
    assert_eq!(at(ON_TIME), Instant::from_millis(1_521_534_600_000));
}
