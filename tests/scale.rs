//! Long lists: the tally is what is there, pages leave nothing out, and a reader who has read enough ends the command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;
#[path = "support/home.rs"]
#[macro_use]
mod home;
#[path = "support/million.rs"]
mod million;
#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "cli/workspace.rs"]
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::process::Stdio;

use chrono::Duration;
use coalition::*;
use demarche::adapters::store::{Dialect, DispatchFilter, EntryFilter, Outcome, Store};
use demarche::delivery::{Phase, Reply, Verdict};
use demarche::inbox::Kind;
use demarche::outbox::{Event, Status, Via};
use demarche::report::Counts;
use demarche::responses::{NewEntry, Stance};
use demarche::steps::decide::{Decider, Decision, decide};
use demarche::steps::dispatch::{InHand, Policy, TurnInput, turn};
use demarche::steps::record::{Reading, add_entry, correct_entry};
use demarche::steps::summary::{Pages, summaries};
use demarche::vocabulary::Instant;
use home::Home;
use migrations::{Migrator, MigratorTrait as _};
use million::Size;
use sea_orm::{ConnectionTrait as _, Statement};
use workspace::{Workspace, program};

on_both_databases![
    the_tally_is_the_count_of_the_rows_whatever_moved,
    the_tally_counts_what_an_older_program_left,
    answers_that_nobody_has_classified_are_counted_as_they_come_and_go,
    pages_of_letters_leave_none_out_and_repeat_none,
    pages_of_the_log_leave_none_out_and_repeat_none,
    what_needs_a_person_is_told_in_full_and_in_groups,
];

fn on_time() -> Instant {
    at("2018-03-20T08:45:00Z")
}

/// Counted row by row, beside the program.
async fn counted(home: &Home) -> BTreeMap<(String, String), u64> {
    let db = million::connect(&home.location()).await;
    let sql = "SELECT campaign, status, COUNT(*) AS n FROM dispatches GROUP BY campaign, status";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get::<String>("", column).unwrap();
    let n = |row: &sea_orm::QueryResult| u64::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap();
    rows.iter().map(|row| ((text(row, "campaign"), text(row, "status")), n(row))).collect()
}

async fn tallied(store: &Store) -> BTreeMap<(String, String), u64> {
    let counts = store.counts().await.unwrap();
    counts.into_iter().map(|(campaign, status, n)| ((campaign.to_string(), status.to_string()), n)).collect()
}

fn policy(worker: &str) -> Policy {
    Policy {
        worker: worker.to_owned(),
        via: Via::Smtp,
        ceilings: None,
        min_days_between: 0,
        real_server: false,
        lease: Duration::minutes(1),
        mailbox: None,
    }
}

/// One worker's letters, each with another end.
async fn work(store: Store, name: String) -> usize {
    let policy = policy(&name);
    let (mut outcomes, mut sent) = (Vec::new(), 0);
    loop {
        let input = TurnInput {
            now: on_time(),
            outcomes: &outcomes,
            free: 3,
            blocked: &[],
            // A turn that gives back what it does not know is as good a test of the tally as any.
            renew: true,
            after_failed_commit: None,
            zones: &BTreeMap::new(),
        };
        let done = turn(&store, &policy, &input).await.unwrap();
        outcomes = done.letters.iter().map(ended).collect();
        sent += done.letters.len();
        if done.letters.is_empty() {
            return sent;
        }
    }
}

fn ended(letter: &InHand) -> Outcome {
    let dispatch = &letter.claim.dispatch;
    let (event, verdict) = match dispatch.key % 5 {
        0 => (
            Event::Refuse,
            Verdict::Refused { phase: Phase::RcptTo, reply: Reply::new(550, "5.1.1 unknown"), recipients: vec![] },
        ),
        1 => (Event::PutOff, Verdict::Unknown { why: "4.2.0 later".to_owned(), recipients: vec![] }),
        2 => (Event::Lose, Verdict::Unknown { why: "the line broke".to_owned(), recipients: vec![] }),
        _ => (Event::Taken, Verdict::Taken { reply: Some(Reply::new(250, "2.0.0 Ok")), recipients: vec![] }),
    };
    Outcome {
        id: dispatch.id.clone(),
        key: dispatch.key,
        fence: letter.claim.fence,
        verdict,
        event,
        reason: None,
        next_at: Some(at("2018-03-20T12:00:00Z")),
        at: on_time(),
    }
}

async fn the_tally_is_the_count_of_the_rows_whatever_moved(home: Home) {
    let store = home.open().await;
    let files = Files::with_missions(60, |state, _| format!("mission@{state}.example"));
    plan_and_approve(&store, &files).await;
    assert_eq!(tallied(&store).await, BTreeMap::from([((CAMPAIGN.to_owned(), "approved".to_owned()), 60)]));
    let who = Decider { by: "Ada", now: on_time(), reason: Some("they called") };
    let everyone = store.dispatches(&everything()).await.unwrap();
    let of = |range: std::ops::Range<usize>| DispatchFilter {
        campaign: Some(CAMPAIGN.parse().unwrap()),
        delegations: everyone[range].iter().map(|d| d.id.delegation).collect(),
        ..everything()
    };
    decide(&store, &of(0..9), Decision::Hold, &who).await.unwrap();
    decide(&store, &of(3..6), Decision::Release, &who).await.unwrap();
    decide(&store, &of(6..9), Decision::Cancel, &who).await.unwrap();
    let mut workers = Vec::new();
    for n in 0..4 {
        workers.push(tokio::spawn(work(home.open().await, format!("w{n}"))));
    }
    let mut sent = 0;
    for worker in workers {
        sent += worker.await.unwrap();
    }
    assert_eq!(sent, 54);
    decide(&store, &of(9..60), Decision::SettleNotSent, &who).await.unwrap();
    assert_eq!(tallied(&store).await, counted(&home).await);
    // Claimed, and given back; claimed, and lost.
    let later = at("2018-03-20T12:30:00Z");
    for in_hand in [None, Some([].as_slice()), None] {
        let input = TurnInput {
            now: later,
            outcomes: &[],
            free: usize::from(in_hand.is_none()) * 2,
            blocked: &[],
            renew: true,
            after_failed_commit: in_hand,
            zones: &BTreeMap::new(),
        };
        turn(&store, &policy("w5"), &input).await.unwrap();
        assert_eq!(tallied(&store).await, counted(&home).await);
    }
    let tx = store.begin().await.unwrap();
    tx.lose_own("w5", later, "it stopped").await.unwrap();
    tx.commit().await.unwrap();
    // What is rolled back was never counted.
    let tx = store.begin().await.unwrap();
    tx.remove_dispatches(&store_rows(&tx).await).await.unwrap();
    drop(tx);
    assert_eq!(tallied(&store).await, counted(&home).await);
    let tx = store.begin().await.unwrap();
    tx.remove_dispatches(&store_rows(&tx).await[..20]).await.unwrap();
    tx.commit().await.unwrap();
    let told = tallied(&store).await;
    assert_eq!(told, counted(&home).await);
    assert_eq!(told.values().sum::<u64>(), 40);
    let only: u64 = store.counts_of(&CAMPAIGN.parse().unwrap()).await.unwrap().iter().map(|(_, _, n)| n).sum();
    assert_eq!(only, 40);
    assert!(store.counts_of(&"autumn".parse().unwrap()).await.unwrap().is_empty());
}

async fn store_rows(tx: &demarche::adapters::store::Tx) -> Vec<demarche::outbox::Dispatch> {
    tx.dispatches(&everything()).await.unwrap()
}

async fn the_tally_counts_what_an_older_program_left(home: Home) {
    let db = match home.location() {
        demarche::adapters::store::Location::Sqlite(path) => {
            std::fs::File::create(&path).unwrap();
            million::connect(&home.location()).await
        }
        _ => million::connect(&home.location()).await,
    };
    let names: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let before = names.iter().position(|name| name == "m0015_scale").unwrap();
    Migrator::up(&db, u32::try_from(before).ok()).await.unwrap();
    db.close().await.unwrap();
    let size = Size { dispatches: 1_000, entries: 3_000, due: 5, now: on_time() };
    million::fill_rows(&home.location(), size).await;
    let store = home.open().await;
    assert_eq!(tallied(&store).await, counted(&home).await);
    assert_eq!(store.unread_answers().await.unwrap(), 3);
    assert_eq!(store.dialect() == Dialect::Sqlite, matches!(home, Home::Sqlite(_)));
}

async fn answers_that_nobody_has_classified_are_counted_as_they_come_and_go(home: Home) {
    let store = home.open().await;
    plan_it(&store, &Files::new()).await;
    let answer = |delegation: Option<&str>, stance| NewEntry {
        at: on_time(),
        campaign: CAMPAIGN.parse().ok(),
        delegation: delegation.map(|code| code.parse().unwrap()),
        dispatch: None,
        kind: Kind::Reply,
        stance,
        ask: None,
        from: None,
        subject: None,
        text: None,
        matched_by: "by-hand",
        confidence: "certain",
        attachments: Vec::new(),
        message: None,
        corrects: None,
        by: "officer".to_owned(),
    };
    let (first, _) = add_entry(&store, answer(Some("FRA"), Some(Stance::Unread)), on_time()).await.unwrap();
    add_entry(&store, answer(Some("DEU"), Some(Stance::Unread)), on_time()).await.unwrap();
    // In the pen, and read already.
    add_entry(&store, answer(None, Some(Stance::Unread)), on_time()).await.unwrap();
    add_entry(&store, answer(Some("PER"), Some(Stance::WillSupport)), on_time()).await.unwrap();
    assert_eq!(store.unread_answers().await.unwrap(), 2);
    let reading = Reading { stance: Some(Stance::WillSupport), ..Reading::default() };
    correct_entry(&store, first, &reading, "officer", on_time()).await.unwrap();
    assert_eq!(store.unread_answers().await.unwrap(), 1);
    let unread = EntryFilter { stance: Some(Stance::Unread), in_force: true, ..EntryFilter::default() };
    assert_eq!(store.entries(&unread).await.unwrap().len(), 2, "the list has what waits in the pen too");
}

async fn pages_of_letters_leave_none_out_and_repeat_none(home: Home) {
    let size = Size { dispatches: 6_000, entries: 0, due: 10, now: on_time() };
    million::fill(&home.location(), size).await;
    let store = home.open().await;
    let all = store.dispatches(&everything()).await.unwrap();
    assert_eq!(all.len(), 6_000);
    let statuses = Status::ALL.into_iter().map(|status| DispatchFilter { status: Some(status), ..everything() });
    let france = DispatchFilter { delegations: vec!["FRA".parse().unwrap()], ..everything() };
    let one = DispatchFilter { campaign: "campaign-00001".parse().ok(), ..everything() };
    for filter in statuses.chain([everything(), france, one]) {
        let whole: Vec<i64> = store.dispatches(&filter).await.unwrap().iter().map(|d| d.key).collect();
        let (mut paged, mut last) = (Vec::new(), None);
        loop {
            let page = store.dispatches_after(&filter, last.as_ref(), 97).await.unwrap();
            paged.extend(page.iter().map(|d| d.key));
            last = page.into_iter().next_back();
            if last.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole, "{filter:?}");
        if let Some(status) = filter.status {
            let same: Vec<i64> = all.iter().filter(|d| d.status == status).map(|d| d.key).collect();
            assert_eq!(whole, same, "{status}");
        }
    }
    for dispatch in all.iter().step_by(997) {
        assert_eq!(store.dispatch(&dispatch.id).await.unwrap().map(|d| d.key), Some(dispatch.key));
    }
}

async fn pages_of_the_log_leave_none_out_and_repeat_none(home: Home) {
    let size = Size { dispatches: 500, entries: 3_000, due: 0, now: on_time() };
    million::fill(&home.location(), size).await;
    let store = home.open().await;
    // Many at one time, as a batch of mail is filed.
    home.execute("UPDATE entries SET at = 0 WHERE key % 3 = 0").await;
    let filters = [
        EntryFilter::default(),
        EntryFilter { in_force: true, ..EntryFilter::default() },
        EntryFilter { kind: Some(Kind::Reply), in_force: true, ..EntryFilter::default() },
        EntryFilter { stance: Some(Stance::Unread), in_force: true, ..EntryFilter::default() },
        EntryFilter { delegation: "FRA".parse().ok(), ..EntryFilter::default() },
        EntryFilter { words: Some("LETTER 1".to_owned()), ..EntryFilter::default() },
    ];
    for filter in filters {
        let whole: Vec<i64> = store.entries(&filter).await.unwrap().iter().map(|e| e.id).collect();
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let (page, more) = store.entries_after(&filter, after, 61).await.unwrap();
            assert!(page.iter().all(|e| e.dispatch.is_some()));
            paged.extend(page.iter().map(|e| e.id));
            after = more;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole, "{filter:?}");
        assert!(!whole.is_empty(), "{filter:?}");
    }
    let in_force = store.entries(&EntryFilter { in_force: true, ..EntryFilter::default() }).await.unwrap();
    assert_eq!(in_force.len(), 3_000 - 297, "one in ten is corrected, but for three");
}

async fn what_needs_a_person_is_told_in_full_and_in_groups(home: Home) {
    let size = Size { dispatches: 6_000, entries: 0, due: 700, now: on_time() };
    million::fill(&home.location(), size).await;
    // Due for longer than it may be late.
    home.execute("UPDATE dispatches SET next_at = next_at - 86400000 WHERE key <= 600").await;
    let store = home.open().await;
    let workspace = Files::new().workspace();
    let (calendar, now) = (&workspace.calendar, on_time());
    let all = store.dispatches(&everything()).await.unwrap();
    let told = summaries(&store, None, calendar, now).await.unwrap();
    assert_eq!(told.len(), 2);
    for (summary, plan) in told.iter().zip(store.plans().await.unwrap()) {
        assert_eq!(summary.campaign, plan.campaign);
        let own = || all.iter().filter(|d| d.id.campaign == plan.campaign);
        let mut counts = Counts::default();
        own().for_each(|d| counts.add(d.status, 1));
        assert_eq!(summary.counts, counts);
        let moves = own().filter(|d| matches!(d.status, Status::Planned | Status::Approved | Status::Deferred));
        assert_eq!(summary.next_due, moves.map(|d| d.next_at).min());
        let soon = at("2018-03-22T23:00:00Z");
        let needs = own().filter(|d| match d.status {
            Status::Uncertain | Status::Refused | Status::Bounced | Status::Held | Status::Missed => true,
            Status::Planned => d.due <= soon,
            Status::Approved | Status::Deferred => d.next_at.plus(d.rules.late_by) < now,
            Status::Sent => d.reason.is_some(),
            _ => false,
        });
        let needs: BTreeSet<String> = needs.map(|d| d.id.to_string()).collect();
        let (mut listed, mut pages) = (Vec::new(), Pages::of(&plan, &summary.counts, calendar, now));
        while let Some(page) = pages.next(&store).await.unwrap() {
            listed.extend(page.into_iter().map(|one| one.id.to_string()));
        }
        assert_eq!(listed.len(), needs.len(), "none is told twice");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), needs);
        assert_eq!(summary.needs_attention.letters(), needs.len() as u64);
    }
}

// The commands.

/// A small workspace whose database is a long one.
async fn long_workspace() -> Workspace {
    let place = Workspace::small();
    std::fs::create_dir_all(place.path("var")).unwrap();
    let location = demarche::adapters::store::Location::Sqlite(place.path("var/demarche.db"));
    million::fill(&location, Size { dispatches: 1_200, entries: 1_300, due: 0, now: on_time() }).await;
    place
}

#[tokio::test]
async fn a_long_list_is_one_document_and_its_parts_are_the_whole() {
    let place = long_workspace().await;
    let whole = place.run("dispatches --json").ends_with_code(0).json();
    let rows = whole.as_array().unwrap();
    assert_eq!(rows.len(), 1_200);
    let pretty = format!("{}\n", serde_json::to_string_pretty(&whole).unwrap());
    assert_eq!(pretty, place.run("dispatches --json").out, "as if it had been printed at once");
    let after = rows[699]["id"].as_str().unwrap();
    let part = place.run(&format!("dispatches --json --limit 300 --after {after}")).ends_with_code(0).json();
    assert_eq!(part.as_array().unwrap().as_slice(), &rows[700..1_000]);
    place.run("dispatches").ends_with_code(0).says("1200 letters");
    place.run("dispatches --after spring/letter/FRA").ends_with_code(1).complains("there is no dispatch");

    let whole = place.run("log --json").ends_with_code(0).json();
    assert_eq!(whole.as_array().unwrap().len(), 1_300);
    let part = place.run("log --json --limit 2 --after 1298").ends_with_code(0).json();
    assert_eq!(part.as_array().unwrap().as_slice(), &whole.as_array().unwrap()[1_298..]);
    let found = place.run("log --limit 3 --search study").ends_with_code(0);
    found.says("3 entries");
    assert_eq!(place.run("log --csv").ends_with_code(0).out.matches("\r\n").count(), 1_301);

    let status = place.run("status --json").json();
    let pretty = format!("{}\n", serde_json::to_string_pretty(&status).unwrap());
    assert_eq!(pretty, place.run("status --json").out);
    let campaign = &status["campaigns"][0];
    let counts: u64 = campaign["counts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!((campaign["total"].as_u64(), counts), (Some(1_200), 1_200));
    assert!(campaign["needs_attention"].as_array().unwrap().len() > 1);
}

#[tokio::test]
async fn a_reader_who_has_read_enough_ends_the_command() {
    let place = long_workspace().await;
    for words in ["dispatches", "dispatches --json", "log", "log --csv", "status --json"] {
        let mut command = program();
        command.current_dir(place.folder()).args(words.split(' '));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(matches!(done.status.code(), Some(0 | 4)), "{words}: {done:?}");
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{words}");
    }
}
