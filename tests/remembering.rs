//! A database that has forgotten letters (a restored backup, a failover) sends nothing until a person has looked; the worker's
//! journal tells what it has forgotten. On SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;
#[path = "support/home.rs"]
#[macro_use]
mod home;
#[path = "support/postgres.rs"]
mod postgres_server;

use std::collections::BTreeMap;
use std::path::Path;

use coalition::{CAMPAIGN, Files, at, everything, only, plan_and_approve, plan_it, status, the};
use demarche::adapters::journal::{Answered, Journal};
use demarche::adapters::store::{Dialect, Location, Store, StoreError};
use demarche::delivery::remembrance::{Doubt, Ended, Lineage};
use demarche::delivery::{Phase, Reply, Verdict};
use demarche::outbox::{Status, Via};
use demarche::steps::decide::{Decider, Decision, decide};
use demarche::steps::dispatch::{InHand, Policy, TurnInput, turn};
use demarche::steps::reconcile::{
    Comparison, Remembered, agree, compare, compare_since, reconcile, still_remembers, warn_others,
};
use demarche::vocabulary::{DispatchId, Instant, Zone};
use home::Home;
use postgres_server::OwnDatabase;

on_both_databases![
    what_was_forgotten_is_marked_with_what_the_journal_knows_of_it,
    a_letter_that_a_restored_database_has_not_planned_is_uncertain_as_soon_as_it_has,
    a_start_reads_only_what_is_new,
    a_journal_of_many_lines_is_compared_in_batches,
    a_database_that_was_put_back_is_noticed_though_it_forgot_no_letter_of_this_workspace,
    a_workspace_that_joins_sends_at_once_and_one_that_lost_its_journal_does_not,
    the_workspaces_that_share_a_database_wait_until_each_has_compared_its_journal,
    a_journal_that_was_cut_is_noticed,
    an_answer_that_only_the_journal_heard_is_shown_to_whoever_settles,
    a_server_of_another_history_is_noticed_at_the_start_and_at_every_turn,
    a_worker_that_starts_while_another_one_of_its_workspace_tells_the_database_more_is_not_alarmed,
    how_far_a_journal_was_compared_never_falls_whoever_comes_last,
    workers_that_share_a_journal_start_and_send_at_once_without_a_false_alarm,
];

fn on_time() -> Instant {
    at("2018-03-20T08:30:00Z")
}

fn id(state: &str) -> DispatchId {
    format!("{CAMPAIGN}/letter/{state}").parse().unwrap()
}

async fn planned(home: &Home) -> Store {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    store
}

fn journal(folder: &Path) -> Journal {
    Journal::open(folder, "secret").unwrap()
}

fn claimed(journal: &mut Journal, state: &str, fence: i64) {
    journal.claimed([(&id(state), "<1@x.example>", fence)], on_time()).unwrap();
}

fn answered(journal: &mut Journal, state: &str, fence: i64, verdict: &Verdict) {
    let ended = Ended::of(verdict, on_time().plus(chrono::Duration::seconds(2)));
    let answer = Answered { dispatch: id(state), message_id: "<1@x.example>".into(), fence, ended };
    journal.ended(&[answer]).unwrap();
    journal.flush().unwrap();
}

fn taken() -> Verdict {
    Verdict::Taken { reply: Some(Reply::new(250, "2.0.0 Ok: queued as 4F2")), recipients: vec![] }
}

fn refused(code: u16) -> Verdict {
    let reply = Reply::new(code, "<mission@x.example> not now");
    let recipients = vec![];
    if code < 500 {
        Verdict::NotNow { phase: Phase::RcptTo, reply, recipients }
    } else {
        Verdict::Refused { phase: Phase::RcptTo, reply, recipients }
    }
}

async fn compared(store: &Store, journal: &Journal) -> Comparison {
    compare(store, journal, false).await.unwrap()
}

/// As `run` does where nothing is amiss.
async fn agreed(store: &Store, journal: &mut Journal) {
    let comparison = compared(store, journal).await;
    assert!(!comparison.needs_a_person(), "{comparison:?}");
    agree(store, journal, &comparison, on_time()).await.unwrap();
}

/// As `database reconcile` does after a yes.
async fn reconciled(store: &Store, journal: &mut Journal) {
    let comparison = compare(store, journal, true).await.unwrap();
    reconcile(store, journal, &comparison, &[], "Ada", on_time()).await.unwrap();
}

async fn turned(store: &Store, free: usize) -> Result<Vec<InHand>, StoreError> {
    let policy = Policy {
        worker: "w1".to_owned(),
        via: Via::Smtp,
        ceilings: None,
        min_days_between: 3,
        real_server: false,
        lease: chrono::Duration::milliseconds(1),
        mailbox: None,
    };
    let zones = BTreeMap::from([(CAMPAIGN.parse().unwrap(), Zone::GENEVA)]);
    let input = TurnInput {
        now: on_time(),
        outcomes: &[],
        free,
        blocked: &[],
        renew: true,
        after_failed_commit: None,
        zones: &zones,
    };
    turn(store, &policy, &input).await.map(|done| done.letters)
}

async fn what_was_forgotten_is_marked_with_what_the_journal_knows_of_it(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    agreed(&store, &mut journal).await;
    for state in ["FRA", "DEU", "ESP", "GHA"] {
        claimed(&mut journal, state, 1);
    }
    answered(&mut journal, "FRA", 1, &refused(450));
    answered(&mut journal, "ESP", 1, &refused(450));
    answered(&mut journal, "GHA", 1, &refused(550));
    claimed(&mut journal, "FRA", 2);
    answered(&mut journal, "FRA", 2, &taken());
    let found = compared(&store, &journal).await;
    assert!(found.needs_a_person() && found.doubts.is_empty());
    assert_eq!(found.forgotten.len(), 4);
    let done = reconcile(&store, &mut journal, &found, &[], "Ada", on_time()).await.unwrap();
    assert_eq!(done.uncertain, [id("DEU"), id("FRA"), id("GHA")]);
    assert_eq!(done.unmoved, [id("ESP")]);
    let reason = |state: &'static str| {
        let store = store.clone();
        async move { the(&store, "letter", state).await.reason.unwrap_or_default() }
    };
    assert!(reason("FRA").await.ends_with("taken: 250 2.0.0 Ok: queued as 4F2"), "{}", reason("FRA").await);
    assert!(reason("DEU").await.ends_with("it was in hand, without an answer"), "{}", reason("DEU").await);
    assert!(reason("GHA").await.contains("refused for good at RCPT TO: 550 (address)"), "{}", reason("GHA").await);
    let spain = the(&store, "letter", "ESP").await;
    assert_eq!((spain.status, spain.fence, spain.attempts), (Status::Approved, 1, 1), "provably not taken");
    assert!(!compare(&store, &journal, true).await.unwrap().needs_a_person(), "nothing is asked twice");
    // What leaves by itself now: Spain, and Peru, which nobody had tried.
    let letters = turned(&store, 10).await.unwrap();
    let leaving: Vec<_> = letters.iter().map(|letter| letter.letter.dispatch.clone()).collect();
    assert_eq!(leaving, [id("ESP"), id("PER")]);
    let who = Decider { by: "Ada", now: at("2018-03-25T12:00:00Z"), reason: None };
    decide(&store, &only("letter", "FRA"), Decision::SettleSent, &who).await.unwrap();
    let france = the(&store, "letter", "FRA").await;
    assert_eq!(
        (france.status, france.sent_at),
        (Status::Sent, Some(on_time())),
        "when it left, not when it was settled"
    );
    let attempts = store.attempts(&[france.key]).await.unwrap();
    assert_eq!(attempts[0].late_evidence.as_deref(), Some("taken: 250 2.0.0 Ok: queued as 4F2"));
}

async fn a_letter_that_a_restored_database_has_not_planned_is_uncertain_as_soon_as_it_has(home: Home) {
    let store = home.open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    claimed(&mut journal, "FRA", 3);
    answered(&mut journal, "FRA", 3, &taken());
    let found = compared(&store, &journal).await;
    assert_eq!(found.forgotten.iter().map(|one| one.key).collect::<Vec<_>>(), [None]);
    let done = reconcile(&store, &mut journal, &found, &[], "Ada", on_time()).await.unwrap();
    assert_eq!(done.unplanned, [id("FRA")]);
    assert!(!compare(&store, &journal, false).await.unwrap().needs_a_person());
    plan_and_approve(&store, &Files::new()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Uncertain);
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved);
    assert!(plan_it(&store, &Files::new()).await.changes.is_empty(), "and a second plan changes nothing");
    assert!(!compare(&store, &journal, true).await.unwrap().needs_a_person());
}

async fn a_start_reads_only_what_is_new(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    claimed(&mut journal, "FRA", 1);
    reconciled(&store, &mut journal).await;
    // Should a start read what was compared before, it would find this.
    let text = std::fs::read_to_string(journal.path()).unwrap();
    std::fs::write(journal.path(), text.replace("\"fence\":1", "\"fence\":9")).unwrap();
    assert!(!compared(&store, &journal).await.needs_a_person());
    assert_eq!(compare(&store, &journal, true).await.unwrap().forgotten.len(), 1, "a person's comparison reads it all");
    claimed(&mut journal, "DEU", 1);
    let found = compared(&store, &journal).await;
    assert_eq!(found.forgotten.iter().map(|one| &one.id).collect::<Vec<_>>(), [&id("DEU")]);
}

async fn a_journal_of_many_lines_is_compared_in_batches(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    let states = ["FRA", "DEU", "ESP", "GHA", "PER"].map(id);
    for batch in 0..4 {
        // More than a statement's worth of names, most of them of letters that are long gone.
        let other: Vec<DispatchId> = (0..300).map(|n| format!("c{batch}/s{n}/FRA").parse().unwrap()).collect();
        journal.claimed(other.iter().chain(&states).map(|id| (id, "<1@x.example>", batch)), on_time()).unwrap();
    }
    assert_eq!(compared(&store, &journal).await.forgotten.len(), 4 * 300 + 5);
    reconciled(&store, &mut journal).await;
    assert_eq!(the(&store, "letter", "FRA").await.fence, 3);
    assert!(!compare(&store, &journal, true).await.unwrap().forgotten.iter().any(|one| one.key.is_some()));
}

async fn a_database_that_was_put_back_is_noticed_though_it_forgot_no_letter_of_this_workspace(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    agreed(&store, &mut journal).await;
    still_remembers(&store, &journal).await.unwrap();
    home.execute("UPDATE journals SET checked = checked - 1").await;
    let running = still_remembers(&store, &journal).await;
    assert!(matches!(running, Err(StoreError::Forgetful(_))), "{running:?}");
    let found = compared(&store, &journal).await;
    assert!(matches!(found.doubts[..], [Doubt::PutBack { .. }]), "{found:?}");
    // Put back to before this journal was known at all.
    home.execute("DELETE FROM journals").await;
    assert!(matches!(compared(&store, &journal).await.doubts[..], [Doubt::PutBack { checked: 0, .. }]));
    reconciled(&store, &mut journal).await;
    agreed(&store, &mut journal).await;
    still_remembers(&store, &journal).await.unwrap();
}

async fn a_workspace_that_joins_sends_at_once_and_one_that_lost_its_journal_does_not(home: Home) {
    let store = planned(&home).await;
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut first = journal(here.path());
    agreed(&store, &mut first).await;
    let mut second = journal(elsewhere.path());
    if store.dialect() == Dialect::Postgres {
        agreed(&store, &mut second).await;
    } else {
        // On SQLite one workspace sends: it has lost its journal, or the database came from elsewhere.
        assert!(matches!(compared(&store, &second).await.doubts[..], [Doubt::Gone { .. }]));
    }
    std::fs::remove_file(first.path()).unwrap();
    let mut made_anew = journal(here.path());
    let found = compared(&store, &made_anew).await;
    assert!(matches!(&found.doubts[..], [Doubt::Gone { id, .. }] if id == first.id()), "{found:?}");
    reconciled(&store, &mut made_anew).await;
    assert!(store.journal(first.id()).await.unwrap().is_none());
    if store.dialect() == Dialect::Postgres {
        assert_eq!(compared(&store, &made_anew).await.others.len(), 1, "the other one may have sent meanwhile");
        reconciled(&store, &mut second).await;
    }
    agreed(&store, &mut made_anew).await;
}

async fn the_workspaces_that_share_a_database_wait_until_each_has_compared_its_journal(home: Home) {
    let store = planned(&home).await;
    if store.dialect() == Dialect::Sqlite {
        return;
    }
    let (here, elsewhere, far) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut first, mut second, mut third) = (journal(here.path()), journal(elsewhere.path()), journal(far.path()));
    for journal in [&mut first, &mut second, &mut third] {
        agreed(&store, journal).await;
    }
    // The database lost a claim of the first; what it lost of the second's is for the second to find.
    claimed(&mut first, "FRA", 1);
    claimed(&mut second, "DEU", 1);
    let found = compared(&store, &first).await;
    warn_others(&store, &found).await.unwrap();
    let running = still_remembers(&store, &second).await;
    assert!(matches!(running, Err(StoreError::Forgetful(_))), "a worker that runs stops: {running:?}");
    assert!(matches!(compared(&store, &third).await.doubts[..], [Doubt::Called { .. }]));
    reconciled(&store, &mut first).await;
    let waits = compared(&store, &first).await;
    assert_eq!((waits.doubts.len(), waits.forgotten.len(), waits.others.len()), (0, 0, 2));
    reconciled(&store, &mut second).await;
    assert_eq!(status(&store, "letter", "DEU").await, Status::Uncertain);
    let waits = compared(&store, &first).await;
    assert_eq!((waits.doubts.len(), waits.others.len()), (0, 1), "nobody is asked twice");
    // The third workspace is gone for good.
    let comparison = compare(&store, &first, true).await.unwrap();
    reconcile(&store, &mut first, &comparison, &[third.id().to_owned()], "Ada", on_time()).await.unwrap();
    agreed(&store, &mut first).await;
    agreed(&store, &mut second).await;
}

async fn a_journal_that_was_cut_is_noticed(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut whole = journal(folder.path());
    let first_line = whole.length().unwrap();
    claimed(&mut whole, "FRA", 1);
    reconciled(&store, &mut whole).await;
    let file = std::fs::OpenOptions::new().write(true).open(whole.path()).unwrap();
    file.set_len(first_line + 20).unwrap();
    let mut cut = journal(folder.path());
    assert!(matches!(compared(&store, &cut).await.doubts[..], [Doubt::Shorter { .. }]));
    reconciled(&store, &mut cut).await;
    agreed(&store, &mut cut).await;
    claimed(&mut cut, "DEU", 1);
    assert_eq!(compared(&store, &cut).await.forgotten.len(), 1, "it is read from its new end");
}

async fn an_answer_that_only_the_journal_heard_is_shown_to_whoever_settles(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    agreed(&store, &mut journal).await;
    let letters = turned(&store, 2).await.unwrap();
    let (france, other) = (&letters[0].claim, &letters[1].claim);
    let state = france.dispatch.id.delegation.as_str().to_owned();
    claimed(&mut journal, &state, france.fence);
    claimed(&mut journal, other.dispatch.id.delegation.as_str(), other.fence);
    answered(&mut journal, &state, france.fence, &taken());
    // Killed here: the answer is in the journal, the outcome in no database.
    let found = compared(&store, &journal).await;
    assert!(!found.needs_a_person(), "nothing was forgotten");
    assert_eq!(store.keep_journal_s_evidence(&found.answered).await.unwrap(), 0, "not while it is in hand");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let tx = store.begin().await.unwrap();
    let now = tx.take_turn(on_time()).await.unwrap();
    assert_eq!(tx.lose_abandoned("w2", now).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
    assert_eq!(store.keep_journal_s_evidence(&found.answered).await.unwrap(), 1);
    let attempts = store.attempts(&[france.dispatch.key, other.dispatch.key]).await.unwrap();
    let evidence: Vec<Option<&str>> = attempts.iter().map(|attempt| attempt.late_evidence.as_deref()).collect();
    assert_eq!(evidence, [Some("taken: 250 2.0.0 Ok: queued as 4F2"), None]);
    assert_eq!(store.keep_journal_s_evidence(&found.answered).await.unwrap(), 0, "once");
}

async fn a_server_of_another_history_is_noticed_at_the_start_and_at_every_turn(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    agreed(&store, &mut journal).await;
    let Some(now) = store.lineage().await.unwrap() else {
        assert_eq!(store.dialect(), Dialect::Sqlite);
        return;
    };
    assert_eq!(now.timeline.as_deref().map(str::len), Some(8), "{now}");
    assert!(now.system.is_some(), "{now}");
    let sound = store.clone().on_timeline_of(Some(&now));
    assert!(turned(&sound, 0).await.is_ok());
    let before = Lineage { timeline: Some("0000000F".into()), ..now.clone() };
    let failed_over = store.clone().on_timeline_of(Some(&before));
    let turn = turned(&failed_over, 1).await;
    assert!(matches!(turn, Err(StoreError::Forgetful(_))), "{turn:?}");
    assert!(store.dispatches(&everything()).await.unwrap().iter().all(|d| d.fence == 0), "nothing was claimed");
    home.execute("UPDATE lineage SET timeline = '0000000F'").await;
    let found = compared(&store, &journal).await;
    assert_eq!(found.doubts, [Doubt::Lineage { before, now }]);
    reconciled(&store, &mut journal).await;
    agreed(&store, &mut journal).await;
}

/// As a worker does once its round is over.
async fn told_how_far(store: &Store, journal: &mut Journal) {
    if let Some(upto) = journal.news().unwrap()
        && store.advance_journal(journal.id(), upto, on_time()).await.unwrap()
    {
        journal.told(upto, on_time()).unwrap();
    }
}

async fn a_worker_that_starts_while_another_one_of_its_workspace_tells_the_database_more_is_not_alarmed(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (journal(folder.path()), journal(folder.path()));
    assert_eq!(first.id(), second.id());
    // Both are started together: the first is done in between.
    let before = Remembered::by(&store).await.unwrap();
    agreed(&store, &mut first).await;
    let found = compare_since(before, &store, &second, false).await.unwrap();
    assert!(!found.needs_a_person(), "{found:?}");
    // And again: it has even sent a letter, and told the database.
    let before = Remembered::by(&store).await.unwrap();
    let letters = turned(&store, 1).await.unwrap();
    claimed(&mut first, letters[0].letter.dispatch.delegation.as_str(), letters[0].claim.fence);
    told_how_far(&store, &mut first).await;
    let found = compare_since(before, &store, &second, false).await.unwrap();
    assert!(!found.needs_a_person(), "{found:?}");
    agree(&store, &mut second, &found, on_time()).await.unwrap();
    for journal in [&first, &second] {
        still_remembers(&store, journal).await.unwrap();
    }
    // What is amiss is noticed as before.
    home.execute("UPDATE journals SET checked = 1").await;
    assert!(matches!(compared(&store, &second).await.doubts[..], [Doubt::PutBack { checked: 1, .. }]));
}

async fn how_far_a_journal_was_compared_never_falls_whoever_comes_last(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (journal(folder.path()), journal(folder.path()));
    agreed(&store, &mut first).await;
    let slow = compared(&store, &second).await;
    let slow_person = compare(&store, &second, true).await.unwrap();
    let short = second.length().unwrap();
    claimed(&mut first, "FRA", 0);
    told_how_far(&store, &mut first).await;
    let checked = || async { store.journal(first.id()).await.unwrap().unwrap().checked };
    let furthest = checked().await;
    assert!(furthest > short);
    assert!(!store.advance_journal(first.id(), short, on_time()).await.unwrap(), "then nothing is told either");
    assert_eq!(checked().await, furthest);
    agree(&store, &mut second, &slow, on_time()).await.unwrap();
    assert_eq!(checked().await, furthest);
    reconcile(&store, &mut second, &slow_person, &[], "Ada", on_time()).await.unwrap();
    assert_eq!(checked().await, furthest);
    still_remembers(&store, &first).await.unwrap();
}

async fn workers_that_share_a_journal_start_and_send_at_once_without_a_false_alarm(home: Home) {
    let store = planned(&home).await;
    let folder = tempfile::tempdir().unwrap();
    let workers: Vec<_> = (0..6)
        .map(|_| {
            let (store, path) = (store.clone(), folder.path().to_owned());
            tokio::spawn(async move {
                for _ in 0..8 {
                    let mut journal = journal(&path);
                    agreed(&store, &mut journal).await;
                    // A claim that the database knows.
                    claimed(&mut journal, "FRA", 0);
                    still_remembers(&store, &journal).await.unwrap();
                    told_how_far(&store, &mut journal).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(!compare(&store, &journal(folder.path()), true).await.unwrap().needs_a_person());
}

#[tokio::test]
async fn where_nobody_may_ask_for_the_server_s_history_letters_still_leave() {
    let Some(database) = OwnDatabase::create("where_nobody_may_ask").await else { return };
    let url = database.url();
    let address = url.split('?').next().unwrap();
    let name = address.rsplit_once('/').unwrap().1.to_owned();
    let Some((_, rest)) = url.split_once("postgres@") else {
        eprintln!("SKIPPED where_nobody_may_ask: the server's user is not postgres");
        return;
    };
    let plain = format!("postgres://{name}_plain@{rest}");
    for sql in [
        format!("CREATE ROLE {name}_plain LOGIN"),
        format!("ALTER DATABASE {name} OWNER TO {name}_plain"),
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC".to_owned(),
        "REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC".to_owned(),
    ] {
        postgres_server::execute(&url, &sql).await.unwrap();
    }
    let store = Store::open(&Location::Postgres { url: plain, password: None }).await.unwrap();
    assert_eq!(store.lineage().await.unwrap(), Some(Lineage::default()));
    plan_and_approve(&store, &Files::new()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path());
    agreed(&store, &mut journal).await;
    agreed(&store, &mut journal).await;
    let store = store.on_timeline_of(Some(&Lineage::default()));
    assert_eq!(turned(&store, 1).await.unwrap().len(), 1);
}
