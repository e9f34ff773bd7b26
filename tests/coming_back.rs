//! Letters that were out (in a courier's hand, uncertain, or in a file only) and come back: what changed or was decided
//! meanwhile holds before they may leave again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;

use std::collections::BTreeMap;

use coalition::{
    CAMPAIGN, CAMPAIGN_FILE, CONTACTS, Files, approve_all, at, everything, file, only, plan_and_approve, plan_it,
    status, the,
};
use demarche::adapters::journal::Journal;
use demarche::adapters::store::{DispatchFilter, Outcome, Store};
use demarche::delivery::conclusion::{Attempt, conclude};
use demarche::delivery::{Phase, Reply, Verdict};
use demarche::outbox::{Status, Via};
use demarche::steps::approve::{approver, propose, revoke};
use demarche::steps::decide::{Decided, Decider, Decision, decide};
use demarche::steps::dispatch::{InHand, Policy, TurnInput, turn};
use demarche::steps::reconcile::{compare, reconcile};
use demarche::vocabulary::{Instant, Zone};

fn on_time() -> Instant {
    at("2018-03-20T08:30:00Z")
}

async fn planned() -> (Store, Files) {
    let (store, files) = (Store::in_memory().await.unwrap(), Files::new());
    plan_and_approve(&store, &files).await;
    (store, files)
}

async fn turned(store: &Store, via: Via, outcomes: &[Outcome], free: usize) -> Vec<InHand> {
    let policy = Policy {
        worker: "w".to_owned(),
        via,
        ceilings: None,
        min_days_between: 3,
        real_server: false,
        lease: chrono::Duration::days(1),
        mailbox: None,
    };
    let zones = BTreeMap::from([(CAMPAIGN.parse().unwrap(), Zone::GENEVA)]);
    let input = TurnInput {
        now: on_time(),
        outcomes,
        free,
        blocked: &[],
        renew: true,
        after_failed_commit: None,
        zones: &zones,
    };
    turn(store, &policy, &input).await.unwrap().letters
}

/// All five letters are in hand.
async fn in_hand(store: &Store, via: Via) -> Vec<InHand> {
    turned(store, via, &[], 10).await
}

async fn answered(store: &Store, via: Via, letters: &[InHand], verdict: &Verdict) {
    let outcome = |letter: &InHand| {
        let dispatch = &letter.claim.dispatch;
        let attempt = Attempt {
            id: &dispatch.id,
            number: letter.attempt,
            tried_since: on_time(),
            give_up: dispatch.rules.give_up,
            class_before: None,
            now: on_time(),
        };
        let conclusion = conclude(&attempt, verdict);
        Outcome {
            id: dispatch.id.clone(),
            key: dispatch.key,
            fence: letter.claim.fence,
            verdict: verdict.clone(),
            event: conclusion.event,
            reason: conclusion.reason,
            next_at: conclusion.next_at,
            at: on_time(),
        }
    };
    let outcomes: Vec<Outcome> = letters.iter().map(outcome).collect();
    turned(store, via, &outcomes, 0).await;
}

fn taken() -> Verdict {
    Verdict::Taken { reply: None, recipients: vec![] }
}

fn put_off() -> Verdict {
    Verdict::NotNow { phase: Phase::RcptTo, reply: Reply::new(450, "4.2.0 later"), recipients: vec![] }
}

fn silence() -> Verdict {
    Verdict::Unknown { why: "no answer".to_owned(), recipients: vec![] }
}

async fn decided(store: &Store, filter: &DispatchFilter, decision: Decision) -> Decided {
    let who = Decider { by: "tests", now: on_time(), reason: Some("for the test") };
    decide(store, filter, decision, &who).await.unwrap()
}

fn correct_france(files: &mut Files) {
    files.edit(CONTACTS, "mission@fra.mission.example", "right@fra.mission.example");
}

/// What was corrected while it was out is planned anew, and only then approved; the others go on as they were approved.
async fn is_planned_again(store: &Store, files: &Files) {
    assert_eq!(status(store, "letter", "FRA").await, Status::Planned);
    let workspace = files.workspace();
    let campaign = &file(&workspace, CAMPAIGN).campaign;
    let proposal = propose(
        store,
        &only("letter", "FRA"),
        approver(campaign, "Ada").unwrap(),
        &demarche::campaign::Doubts::default(),
    )
    .await
    .unwrap();
    assert_eq!((proposal.dispatches.len(), proposal.to_be_planned), (0, 1), "its old bytes cannot be approved");
    plan_it(store, files).await;
    approve_all(store, files, CAMPAIGN).await;
    let france = the(store, "letter", "FRA").await;
    assert_eq!(france.status, Status::Approved);
    assert_eq!(france.recipients.to[0].to_string(), "right@fra.mission.example");
}

#[tokio::test]
async fn a_letter_corrected_after_it_went_to_a_file_is_not_sent_as_it_was() {
    let (store, mut files) = planned().await;
    let letters = in_hand(&store, Via::Files).await;
    answered(&store, Via::Files, &letters, &taken()).await;
    correct_france(&mut files);
    let changes = plan_it(&store, &files).await.changes;
    assert!(changes.iter().any(|c| c.id.to_string() == "spring/letter/FRA"), "the plan says that it differs");
    decided(&store, &everything(), Decision::Restart).await;
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved);
    is_planned_again(&store, &files).await;
}

#[tokio::test]
async fn a_letter_corrected_while_it_was_uncertain_is_not_sent_as_it_was() {
    let (store, mut files) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    answered(&store, Via::Smtp, &letters, &silence()).await;
    correct_france(&mut files);
    plan_it(&store, &files).await;
    decided(&store, &everything(), Decision::SettleNotSent).await;
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved);
    is_planned_again(&store, &files).await;
}

#[tokio::test]
async fn a_letter_corrected_while_it_was_in_hand_is_not_tried_again_as_it_was() {
    let (store, mut files) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    correct_france(&mut files);
    plan_it(&store, &files).await;
    answered(&store, Via::Smtp, &letters, &put_off()).await;
    assert_eq!(status(&store, "letter", "DEU").await, Status::Deferred);
    is_planned_again(&store, &files).await;
}

#[tokio::test]
async fn a_correction_that_was_put_back_leaves_the_letter_as_it_was_approved() {
    let (store, mut files) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    correct_france(&mut files);
    plan_it(&store, &files).await;
    answered(&store, Via::Smtp, &letters, &put_off()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
    files.edit(CONTACTS, "right@fra.mission.example", "mission@fra.mission.example");
    plan_it(&store, &files).await;
    let france = the(&store, "letter", "FRA").await;
    assert_eq!(france.status, Status::Approved, "its approvals are of these bytes");
    assert!(france.wish.is_empty());
    assert!(plan_it(&store, &files).await.changes.is_empty(), "and a second plan changes nothing");
}

#[tokio::test]
async fn who_stops_a_letter_in_hand_stops_it_before_its_next_try() {
    let (store, _) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    let later = decided(&store, &only("letter", "FRA"), Decision::Cancel).await.later;
    assert_eq!(later.len(), 1);
    decided(&store, &only("letter", "DEU"), Decision::Hold).await;
    let taken_back = revoke(&store, &only("letter", "ESP"), "Ada", 2, "Ada", on_time()).await.unwrap().approvals;
    assert_eq!(taken_back, 1);
    answered(&store, Via::Smtp, &letters, &put_off()).await;
    for (state, wanted) in
        [("FRA", Status::Cancelled), ("DEU", Status::Held), ("ESP", Status::Planned), ("GHA", Status::Deferred)]
    {
        assert_eq!(status(&store, "letter", state).await, wanted, "{state}");
    }
}

#[tokio::test]
async fn a_letter_in_hand_that_the_server_took_is_sent_whatever_was_wished() {
    let (store, _) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    decided(&store, &everything(), Decision::Cancel).await;
    answered(&store, Via::Smtp, &letters, &taken()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Sent, "the log never flatters");
    assert!(the(&store, "letter", "FRA").await.wish.is_empty());
}

#[tokio::test]
async fn the_message_id_stays_for_the_dispatch_s_life_and_reminders_thread_under_it() {
    let (store, mut files) = planned().await;
    let letters = in_hand(&store, Via::Smtp).await;
    answered(&store, Via::Smtp, &letters, &taken()).await;
    let sent = the(&store, "letter", "FRA").await.message_id;
    files.edit(CAMPAIGN_FILE, "outreach@coalition.example", "outreach@other.example");
    plan_it(&store, &files).await;
    assert_eq!(the(&store, "letter", "FRA").await.message_id, sent);
    let reminder = the(&store, "reminder", "FRA").await;
    let bytes = String::from_utf8(store.message(reminder.digest).await.unwrap().unwrap()).unwrap();
    assert!(bytes.contains(&format!("In-Reply-To: {sent}")), "{bytes}");
    assert!(bytes.contains(&format!("Message-ID: {}", reminder.message_id)), "{bytes}");
}

#[tokio::test]
async fn what_the_journal_remembers_is_marked_whatever_the_restored_database_says() {
    let (store, _) = planned().await;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "secret").unwrap();
    let letters = in_hand(&store, Via::Smtp).await;
    answered(&store, Via::Smtp, &letters[..1], &taken()).await;
    decided(&store, &only("reminder", "FRA"), Decision::Cancel).await;
    let reminder = the(&store, "reminder", "FRA").await;
    // The backup knew of one claim each, the journal of two.
    let notes: Vec<_> = letters.iter().map(|l| (&l.letter.dispatch, "<1@x.example>", l.claim.fence + 1)).collect();
    journal.note(notes, on_time()).unwrap();
    journal.note([(&reminder.id, "<2@x.example>", 1)], on_time()).unwrap();
    let found = compare(&store, &journal, false).await.unwrap();
    assert_eq!(found.forgotten.len(), 6);
    reconcile(&store, &mut journal, &found, &[], "tests", on_time()).await.unwrap();
    assert_eq!(status(&store, "letter", "DEU").await, Status::Uncertain);
    assert_eq!(status(&store, "letter", "FRA").await, Status::Uncertain);
    assert_eq!(status(&store, "reminder", "FRA").await, Status::Cancelled, "what a person ended stays ended");
    assert!(!compare(&store, &journal, true).await.unwrap().needs_a_person(), "and nothing is asked twice");
}
