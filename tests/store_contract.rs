//! What the store promises, on SQLite and on PostgreSQL alike.
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

use std::collections::{BTreeMap, HashSet};

use chrono::Duration;
use coalition::*;
use demarche::adapters::mail;
use demarche::adapters::shelf::Shelf;
use demarche::adapters::store::{
    Claim, Dialect, DispatchFilter, DueQuery, EntryFilter, MailDetails, MailState, MeetingFilter, Move, NewApproval,
    NewMessage, NotedPlace, Outcome, ReadMessage, Slot, Store, StoreError,
};
use demarche::campaign::Doubts;
use demarche::delivery::remembrance::{Forgotten, HandedOver};
use demarche::delivery::{Reply, Verdict};
use demarche::inbox::bounced::Doubt;
use demarche::inbox::matching::Guess;
use demarche::inbox::{CalendarAnswer, Kind, MailKind, Participation, understand};
use demarche::outbox::token::token;
use demarche::outbox::{Dispatch, Event, Guard, Status, Via};
use demarche::ports::Place;
use demarche::report::positions::Reached;
use demarche::responses::meeting::USUAL_LENGTH;
use demarche::responses::{
    Action, Arrangement, Attachment, MeetingError, MeetingState, NewEntry, NewFollowup, NewMeeting, NoAnswer, Stance,
    Weighed,
};
use demarche::schedule::{Ceilings, Deadline};
use demarche::steps::approve::{approve, approver, propose, revoke};
use demarche::steps::correct::{CorrectError, CorrectRequest, Correction, correct};
use demarche::steps::decide::{Decided, Decider, Decision, decide};
use demarche::steps::dispatch::{Policy, Turn, TurnInput, turn};
use demarche::steps::erase::{Read, erase};
use demarche::steps::followups::{FollowupRefused, add_followup, finish_followup, overdue_followups};
use demarche::steps::meetings::{
    Change, MeetingRefused, Minutes, Relocation, add_meeting, cancel_meeting, confirm_meeting, hold_meeting,
    move_meeting,
};
use demarche::steps::plan::PlanError;
use demarche::steps::record::{CorrectionError, Reading, add_entry, correct_entry};
use demarche::vocabulary::{Digest, DispatchId, Instant};
use home::Home;
use postgres_server::OwnDatabase;

on_both_databases![
    a_step_to_a_delegation_is_planned_once,
    eight_workers_get_a_hundred_letters_each_once,
    two_turns_never_overlap,
    a_change_and_an_approval_at_the_same_time_wait_for_each_other,
    an_approval_while_the_files_are_planned_again_never_covers_other_bytes,
    an_outcome_with_an_old_fence_changes_nothing_and_is_kept_as_evidence,
    outcomes_of_an_old_and_of_a_new_claim_that_come_together_are_told_apart,
    an_outcome_stored_twice_is_stored_once,
    letters_of_a_worker_that_is_gone_become_uncertain_and_those_of_a_living_one_do_not,
    a_claim_that_nobody_handed_over_is_given_back_and_one_in_hand_is_not,
    approvals_of_two_organisations_are_needed,
    an_approval_taken_back_counts_no_longer_and_can_be_given_again,
    approvals_that_were_enough_are_not_once_the_campaign_wants_more,
    an_approval_of_other_bytes_is_refused,
    a_mail_that_approves_many_letters_is_kept_once_and_given_back,
    planning_twice_changes_nothing,
    what_a_killed_plan_kept_ahead_is_swept_and_nothing_else,
    letters_of_other_campaigns_are_found_by_when_they_left_or_will_leave,
    messages_that_can_never_be_had_keep_nobody_from_the_others,
    what_has_happened_since_is_told_without_corrections_and_notes,
    a_slot_is_done_by_one_of_many_and_a_failed_one_is_free_again,
    a_letter_is_found_by_its_token_and_old_letters_get_theirs_at_the_next_plan,
    stances_are_read_with_what_corrects_them_and_missions_with_how_far_they_were_reached,
    a_changed_contact_voids_the_approval_of_its_letter_only,
    a_letter_that_was_handed_over_cannot_vanish_from_the_files,
    a_letter_never_tried_may_go_and_comes_back_with_its_name,
    what_a_person_stops_stays_stopped_until_released,
    a_late_letter_leaves_once_a_person_releases_it,
    a_release_to_another_time_asks_for_new_approvals,
    a_release_to_another_time_forgets_what_was_waived_of_the_old_one,
    a_retry_of_the_same_bytes_leaves_at_once_and_one_of_others_waits_for_approval,
    an_uncertain_letter_is_settled_by_a_person,
    letters_written_to_files_are_restarted,
    a_restarted_letter_may_vanish_from_the_files,
    the_log_is_only_added_to,
    an_erased_person_leaves_no_word_and_others_keep_theirs,
    meetings_are_kept_in_order_of_time,
    every_change_of_a_meeting_stays_in_its_history,
    a_meeting_that_an_older_program_noted_is_kept_and_can_be_moved,
    an_accepted_invitation_confirms_the_meeting_as_it_stands_and_no_other,
    minutes_are_an_answer_and_bring_their_actions_along,
    an_action_is_done_once_and_what_is_overdue_is_told,
    a_copy_holds_the_same_as_the_original,
    a_copy_that_would_leave_something_behind_or_lies_is_not_made,
    migrations_run_once_whoever_runs_them,
    a_database_that_is_newer_is_refused,
    the_pace_holds_over_many_claims,
    the_pace_holds_for_a_worker_whose_clock_is_wrong,
];

fn minutes(count: i64) -> Duration {
    Duration::minutes(count)
}

/// A quarter past the first letter's time.
fn on_time() -> Instant {
    at("2018-03-20T08:45:00Z")
}

fn query(limit: u64) -> DueQuery<'static> {
    DueQuery {
        now: on_time(),
        limit,
        blocked: &[],
        full_domains: &[],
        after: None,
        neighbours_since: early(),
        mailbox: None,
        counted_at: None,
    }
}

/// Claims up to `limit` due letters, as a worker's turn does. Returns the claims and the store's time.
async fn claim(store: &Store, worker: &str, limit: u64, lease: Duration) -> (Vec<Claim>, Instant) {
    let tx = store.begin().await.unwrap();
    let now = tx.take_turn(on_time()).await.unwrap();
    let due: Vec<Dispatch> = tx.due(&query(limit)).await.unwrap().letters.into_iter().map(|due| due.dispatch).collect();
    let claims = tx.claim(&due, worker, Via::Smtp, now.plus(lease), now).unwrap();
    tx.commit().await.unwrap();
    (claims, now)
}

fn taken(claim: &Claim, words: &str) -> Outcome {
    outcome(claim, Event::Taken, Verdict::Taken { reply: Some(Reply::new(250, words)), recipients: vec![] })
}

fn outcome(claim: &Claim, event: Event, verdict: Verdict) -> Outcome {
    Outcome {
        id: claim.dispatch.id.clone(),
        key: claim.dispatch.key,
        fence: claim.fence,
        verdict,
        event,
        reason: None,
        next_at: None,
        at: on_time(),
    }
}

async fn record(store: &Store, outcome: &Outcome) -> bool {
    let tx = store.begin().await.unwrap();
    tx.take_turn(on_time()).await.unwrap();
    let ours = tx.record(outcome, "w1").await.unwrap();
    tx.commit().await.unwrap();
    ours
}

async fn decided(store: &Store, step: &str, state: &str, decision: Decision, reason: &str) -> Decided {
    let who = Decider { by: "Ada", now: on_time(), reason: Some(reason) };
    decide(store, &only(step, state), decision, &who).await.unwrap()
}

/// One claim of one State's letter and its outcome.
async fn ended(store: &Store, state: &str, event: Event, verdict: Verdict) {
    let (claims, _) = claim(store, "w1", 64, minutes(1)).await;
    let one = claims.iter().find(|claim| claim.dispatch.id.delegation.as_str() == state).unwrap();
    assert!(record(store, &outcome(one, event, verdict)).await);
    let tx = store.begin().await.unwrap();
    tx.give_back_orphans("w1", &[], on_time()).await.unwrap();
    tx.commit().await.unwrap();
}

fn unknown() -> Verdict {
    Verdict::Unknown { why: "the line broke".into(), recipients: vec![] }
}

fn refused() -> Verdict {
    Verdict::Refused {
        phase: demarche::delivery::Phase::RcptTo,
        reply: Reply::new(550, "5.1.1 unknown"),
        recipients: vec![],
    }
}

async fn a_step_to_a_delegation_is_planned_once(home: Home) {
    let store = home.open().await;
    let planned = plan_it(&store, &Files::new()).await;
    assert_eq!(planned.stored.len(), 10, "five missions, two steps");
    let tx = store.begin().await.unwrap();
    let again = tx.add_dispatches(&[&planned.drafts[0]], "tests", early()).await;
    assert!(matches!(again, Err(StoreError::AlreadyPlanned)), "{again:?}");
    drop(tx);
    assert_eq!(store.dispatches(&everything()).await.unwrap().len(), 10);
}

async fn eight_workers_get_a_hundred_letters_each_once(home: Home) {
    let store = home.open().await;
    let files = Files::with_missions(100, |state, _| format!("mission@{state}.example"));
    plan_and_approve(&store, &files).await;
    let workers = (0..8).map(|n| {
        let location = home.location();
        tokio::spawn(async move {
            let store = Store::open(&location).await.unwrap();
            let mut mine = Vec::new();
            loop {
                let (claims, _) = claim(&store, &format!("w{n}"), 3, minutes(1)).await;
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|claim| claim.dispatch.id));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    let different: HashSet<&DispatchId> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (100, 100));
    let held: HashSet<i64> = store.dispatches(&everything()).await.unwrap().iter().map(|d| d.fence).collect();
    assert_eq!(held, HashSet::from([1]), "each was claimed once");
}

async fn two_turns_never_overlap(home: Home) {
    let store = home.open().await;
    let other = home.open().await;
    let first = store.begin_turn().await.unwrap();
    first.take_turn(on_time()).await.unwrap();
    let second = tokio::spawn(async move {
        let tx = other.begin_turn().await.unwrap();
        tx.take_turn(on_time()).await.unwrap();
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!second.is_finished(), "both count the same letters for the pace");
    first.commit().await.unwrap();
    second.await.unwrap();
}

async fn a_change_and_an_approval_at_the_same_time_wait_for_each_other(home: Home) {
    let store = home.open().await;
    let other = home.open().await;
    let files = Files::new();
    plan_it(&store, &files).await;
    approve_as(&store, &files, CAMPAIGN, "Ada").await;
    let change = store.begin().await.unwrap();
    let approving = tokio::spawn(async move { approve_as(&other, &Files::new(), CAMPAIGN, "Ben").await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!approving.is_finished(), "the approval went through under a change that is being written");
    change.commit().await.unwrap();
    assert_eq!(approving.await.unwrap().complete, 10);
}

async fn an_approval_while_the_files_are_planned_again_never_covers_other_bytes(home: Home) {
    let store = home.open().await;
    let other = home.open().await;
    let mut files = Files::new();
    plan_it(&store, &files).await;
    for round in 0..6 {
        let before = files.clone();
        files.edit(LETTER, "We write to you.", &format!("We write to you.\n\nFor the {round} time."));
        approve_as(&store, &before, CAMPAIGN, "Ada").await;
        let workspace = before.workspace();
        let campaign = &file(&workspace, CAMPAIGN).campaign;
        let ben = approver(campaign, "Ben").unwrap();
        let proposal = propose(&other, &everything(), ben, &Doubts::default()).await.unwrap();
        let (approved, planned) =
            tokio::join!(approve(&other, &proposal, 2, "Ben", None, early()), try_plan(&store, &files, CAMPAIGN));
        planned.unwrap();
        assert!(approved.is_ok() || matches!(approved, Err(StoreError::Changed(_))), "{approved:?}");
        let now = store.dispatches(&everything()).await.unwrap();
        let keys: Vec<i64> = now.iter().map(|d| d.key).collect();
        let approvals = store.approvals(&keys).await.unwrap();
        for dispatch in now.iter().filter(|d| d.status == Status::Approved) {
            let given = approvals.get(&dispatch.key).cloned().unwrap_or_default();
            let covers = given.iter().filter(|a| a.seal == dispatch.seal.to_string()).count();
            assert_eq!(covers, 2, "{} is approved, but not as it is", dispatch.id);
        }
    }
}

async fn an_outcome_with_an_old_fence_changes_nothing_and_is_kept_as_evidence(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (claims, now) = claim(&store, "w1", 1, Duration::zero()).await;
    let tx = store.begin().await.unwrap();
    let lost = tx.lose_abandoned("w2", now.plus(minutes(2))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(lost, [claims[0].dispatch.id.clone()]);
    assert!(!record(&store, &taken(&claims[0], "2.0.0 queued")).await);
    let after = store.dispatch(&lost[0]).await.unwrap().unwrap();
    assert_eq!((after.status, after.sent_at), (Status::Uncertain, None));
    let attempts = store.attempts(&[after.key]).await.unwrap();
    assert_eq!(attempts[0].late_evidence.as_deref(), Some("taken: 250 2.0.0 queued"));
    assert_eq!(attempts[0].outcome.as_deref(), Some(unknown().word()));

    // Also while the letter is in another worker's hand.
    let decision = decided(&store, "letter", lost[0].delegation.as_str(), Decision::SettleNotSent, "we asked").await;
    assert_eq!(decision.moved, [(lost[0].clone(), Status::Approved)]);
    let (again, _) = claim(&store, "w3", 64, minutes(1)).await;
    let again = again.iter().find(|c| c.dispatch.id == lost[0]).unwrap();
    assert!(again.fence > claims[0].fence);
    assert!(!record(&store, &taken(&claims[0], "2.0.0 queued")).await);
    assert_eq!(store.dispatch(&lost[0]).await.unwrap().unwrap().status, Status::Sending);
}

async fn outcomes_of_an_old_and_of_a_new_claim_that_come_together_are_told_apart(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (old, now) = claim(&store, "w1", 1, Duration::zero()).await;
    let tx = store.begin().await.unwrap();
    tx.lose_abandoned("w2", now.plus(minutes(2))).await.unwrap();
    tx.commit().await.unwrap();
    let id = old[0].dispatch.id.clone();
    decided(&store, "letter", id.delegation.as_str(), Decision::SettleNotSent, "we asked").await;
    let (again, _) = claim(&store, "w1", 64, minutes(1)).await;
    let new = again.iter().find(|claim| claim.dispatch.id == id).unwrap();
    let tx = store.begin().await.unwrap();
    let both = [taken(&old[0], "first"), outcome(new, Event::Refuse, refused())];
    let ours = tx.record_all(&both, "w1", now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ours, HashSet::from([both[1].claim()]));
    let after = store.dispatch(&id).await.unwrap().unwrap();
    assert_eq!((after.status, after.sent_at), (Status::Refused, None));
    let attempts = store.attempts(&[after.key]).await.unwrap();
    let told: Vec<_> = attempts.iter().map(|a| (a.outcome.as_deref(), a.late_evidence.as_deref())).collect();
    assert_eq!(told, [(Some("unknown"), Some("taken: 250 first")), (Some("refused"), None)]);
    let lines = store.history(after.key).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.event == "taken").count(), 0, "{lines:?}");
}

async fn an_outcome_stored_twice_is_stored_once(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (claims, _) = claim(&store, "w1", 1, minutes(1)).await;
    let outcome = taken(&claims[0], "ok");
    assert!(record(&store, &outcome).await);
    let before = (store.fingerprints().await.unwrap(), store.history(claims[0].dispatch.key).await.unwrap().len());
    assert!(!record(&store, &outcome).await);
    let after = (store.fingerprints().await.unwrap(), store.history(claims[0].dispatch.key).await.unwrap().len());
    assert_eq!(before, after);
}

async fn letters_of_a_worker_that_is_gone_become_uncertain_and_those_of_a_living_one_do_not(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (short, now) = claim(&store, "w1", 1, minutes(1)).await;
    let (long, _) = claim(&store, "w2", 1, minutes(10)).await;
    let lose = async |by: &str, at: Instant| {
        let tx = store.begin().await.unwrap();
        let lost = tx.lose_abandoned(by, at).await.unwrap();
        tx.commit().await.unwrap();
        lost
    };
    let (first, second) = (short[0].dispatch.id.clone(), long[0].dispatch.id.clone());
    match store.dialect() {
        // The lock on the file says who lives: whoever asks.
        Dialect::Sqlite => {
            assert_eq!(lose("w2", now).await, [first]);
            assert_eq!(lose("w2", now.plus(minutes(60))).await, []);
            assert_eq!(lose("w3", now).await, [second]);
        }
        Dialect::Postgres => {
            assert_eq!(lose("w3", now).await, []);
            assert_eq!(lose("w1", now.plus(minutes(5))).await, [], "what became of its own it knows itself");
            assert_eq!(lose("w3", now.plus(minutes(5))).await, [first]);
            let tx = store.begin().await.unwrap();
            tx.renew_leases("w2", now.plus(minutes(30))).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(lose("w3", now.plus(minutes(20))).await, [], "the lease was renewed");
            assert_eq!(lose("w3", now.plus(minutes(31))).await, [second]);
        }
    }
}

async fn a_claim_that_nobody_handed_over_is_given_back_and_one_in_hand_is_not(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (claims, now) = claim(&store, "w1", 2, minutes(1)).await;
    claim(&store, "w2", 1, minutes(1)).await;
    let (in_hand, orphan) = (&claims[0], &claims[1]);
    let tx = store.begin().await.unwrap();
    let hands = [(in_hand.dispatch.key, in_hand.fence)];
    assert_eq!(tx.give_back_orphans("w1", &hands, now).await.unwrap(), 1, "not what another worker holds");
    tx.commit().await.unwrap();
    let back = store.dispatch(&orphan.dispatch.id).await.unwrap().unwrap();
    assert_eq!((back.status, back.attempts, back.tried_since), (Status::Approved, 0, None));
    assert_eq!(back.fence, orphan.fence, "the number of a claim is never used again");
    assert!(store.attempts(&[back.key]).await.unwrap().is_empty(), "nobody spoke to any server");
    assert!(!record(&store, &taken(orphan, "ok")).await);
    assert!(record(&store, &taken(in_hand, "ok")).await);
}

async fn approvals_of_two_organisations_are_needed(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_it(&store, &files).await;
    let first = approve_as(&store, &files, CAMPAIGN, "Ada").await;
    assert_eq!((first.given, first.complete, first.same_organisation), (10, 0, 0));
    let colleague = approve_as(&store, &files, CAMPAIGN, "Cleo").await;
    assert_eq!((colleague.given, colleague.complete, colleague.same_organisation), (10, 0, 10));
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
    let other = approve_as(&store, &files, CAMPAIGN, "Ben").await;
    assert_eq!((other.given, other.complete), (10, 10));
    assert_eq!(status(&store, "letter", "FRA").await, Status::Approved);
}

async fn an_approval_taken_back_counts_no_longer_and_can_be_given_again(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    let taken_back = revoke(&store, &only("letter", "FRA"), "Ben", 2, "Ben", early()).await.unwrap();
    assert_eq!((taken_back.approvals, taken_back.planned_again.len()), (1, 1));
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved);
    let again = revoke(&store, &only("letter", "FRA"), "Ben", 2, "Ben", early()).await.unwrap();
    assert_eq!((again.approvals, again.planned_again.len()), (0, 0));
    assert_eq!(approve_as(&store, &files, CAMPAIGN, "Ben").await.complete, 1);
    assert_eq!(status(&store, "letter", "FRA").await, Status::Approved);
    let key = the(&store, "letter", "FRA").await.key;
    assert_eq!(store.approvals(&[key]).await.unwrap()[&key].len(), 2, "given again, not twice");
}

async fn approvals_that_were_enough_are_not_once_the_campaign_wants_more(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    files.edit(CAMPAIGN_FILE, "approvals = 2", "approvals = 1");
    plan_it(&store, &files).await;
    assert_eq!(approve_as(&store, &files, CAMPAIGN, "Ada").await.complete, 10);
    files.edit(CAMPAIGN_FILE, "approvals = 1", "approvals = 2");
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
    assert_eq!(approve_as(&store, &files, CAMPAIGN, "Ben").await.complete, 10, "the first one still counts");
}

async fn an_approval_of_other_bytes_is_refused(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_it(&store, &files).await;
    let workspace = files.workspace();
    let ada = approver(&file(&workspace, CAMPAIGN).campaign, "Ada").unwrap();
    let shown = propose(&store, &everything(), ada, &Doubts::default()).await.unwrap();
    files.edit(CONTACTS, "mission@fra.", "embassy@fra.");
    plan_it(&store, &files).await;
    let refused = approve(&store, &shown, 2, "Ada", None, early()).await;
    assert!(matches!(refused, Err(StoreError::Changed(ref id)) if id.contains("FRA")), "{refused:?}");
    let key = the(&store, "letter", "DEU").await.key;
    assert!(store.approvals(&[key]).await.unwrap().is_empty(), "all or none");

    // An approval for another seal is stored, and does not count.
    let france = the(&store, "letter", "FRA").await;
    let tx = store.begin().await.unwrap();
    let old = Digest::of(b"old");
    for (name, organisation) in [("Ada", "PEN"), ("Ben", "Swedish PEN")] {
        let new = NewApproval {
            dispatch: france.key,
            seal: old,
            digest: france.digest,
            due: france.due,
            approver: name,
            organisation,
            by: name,
            evidence: Some(b"mail"),
        };
        tx.add_approvals(&[new], early()).await.unwrap();
    }
    tx.commit().await.unwrap();
    approve_as(&store, &files, CAMPAIGN, "Ada").await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
}

async fn letters_of_other_campaigns_are_found_by_when_they_left_or_will_leave(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    files.put("config/campaigns/autumn.toml", &campaign("autumn", LETTER_STEP));
    plan_and_approve(&store, &files).await;
    try_plan(&store, &files, "autumn").await.unwrap();
    let (claims, left) = claim(&store, "w1", 1, minutes(5)).await;
    let (out, autumn) = (claims[0].dispatch.id.delegation, "autumn".parse().unwrap());
    let found = async |from: Instant, until: Instant| {
        let found = store.neighbours(&autumn, from, until).await.unwrap();
        assert!(found.iter().all(|one| one.id.campaign.as_str() == CAMPAIGN && one.id.step.as_str() == "letter"));
        found
    };
    let due = claims[0].dispatch.due;
    let waiting = found(due.minus(minutes(1)), due.plus(minutes(1))).await;
    assert_eq!(waiting.len(), 4, "{waiting:?}");
    assert!(waiting.iter().all(|one| (one.status, one.at) == (Status::Approved, due)));
    let gone = found(left.minus(minutes(1)), left.plus(minutes(1))).await;
    let told: Vec<_> = gone.iter().map(|one| (one.id.delegation, one.status, one.at)).collect();
    assert_eq!(told, [(out, Status::Sending, left)], "what has left counts from when it did");
    assert_eq!(found(due, due.plus(minutes(1))).await, [], "the bounds themselves are far enough");
    assert_eq!(found(due.minus(minutes(1)), due).await, []);
}

async fn a_slot_is_done_by_one_of_many_and_a_failed_one_is_free_again(home: Home) {
    let store = home.open().await;
    let slot = Slot { job: "digest", at: on_time() };
    let after = |n: i64| on_time().plus(minutes(n));
    assert!(!store.knows_job("digest").await.unwrap());
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = home.open().await;
        tries.spawn(async move {
            let (at, worker) = (on_time(), format!("w{n}"));
            let slot = Slot { job: "digest", at };
            store.take_slot(slot, &worker, at, minutes(20)).await.unwrap().then_some(worker)
        });
    }
    let winners: Vec<String> = tries.join_all().await.into_iter().flatten().collect();
    let [holder] = winners.as_slice() else { panic!("{winners:?} took it") };
    assert!(store.knows_job("digest").await.unwrap() && !store.knows_job("other").await.unwrap());
    assert_eq!(store.last_done("digest").await.unwrap(), None);
    store.fail_slot(slot, "somebody else", "no", after(0)).await.unwrap();
    assert!(!store.take_slot(slot, "w9", after(19), minutes(20)).await.unwrap(), "it is in hand");
    store.fail_slot(slot, holder, "the server is away", after(5)).await.unwrap();
    assert!(!store.take_slot(slot, "w9", after(4), minutes(20)).await.unwrap(), "it rests");
    let failure = store.last_failure("digest").await.unwrap();
    assert_eq!(failure, Some((on_time(), "the server is away".to_owned())));
    assert!(store.take_slot(slot, "w9", after(5), minutes(20)).await.unwrap());
    store.finish_slot(slot, "w9", after(5)).await.unwrap();
    assert!(!store.take_slot(slot, "w1", after(100), minutes(20)).await.unwrap(), "it is done");
    assert_eq!(store.last_done("digest").await.unwrap(), Some(after(5)));
    assert_eq!(store.last_failure("digest").await.unwrap(), None);
    assert!(store.take_slot(Slot { at: after(60), ..slot }, "w1", after(60), minutes(20)).await.unwrap());
}

async fn messages_that_can_never_be_had_keep_nobody_from_the_others(home: Home) {
    let store = home.open().await;
    let tx = store.begin().await.unwrap();
    tx.note_mailbox("box", 1, None).await.unwrap();
    let places: Vec<Place> = (0..25).map(|n| Place { name: format!("m{n:02}") }).collect();
    let noted = places.iter().map(|place| NotedPlace { place, message: None, fault: Some("too large") });
    tx.note_places("box", 1, &noted.collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let mut asked = std::collections::BTreeSet::new();
    for turn in 0..3 {
        let places = store.places_at_fault("box", 1, 10, turn).await.unwrap();
        assert!(places.len() <= 10);
        asked.extend(places.into_iter().map(|place| place.name));
    }
    assert_eq!(asked.len(), 25);
}

async fn what_has_happened_since_is_told_without_corrections_and_notes(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (before, after) = (early(), on_time().plus(Duration::days(3)));
    ended(&store, "FRA", Event::Taken, taken_verdict()).await;
    ended(&store, "DEU", Event::Taken, taken_verdict()).await;
    assert_eq!(store.sent_since(before).await.unwrap(), [(CAMPAIGN.parse().unwrap(), "letter".parse().unwrap(), 2)]);
    assert!(store.sent_since(after).await.unwrap().is_empty());
    let (reply, _) = add_entry(&store, entry("FRA", Kind::Reply, "thank you"), on_time()).await.unwrap();
    add_entry(&store, entry("FRA", Kind::Note, "a note"), on_time()).await.unwrap();
    add_entry(&store, entry("DEU", Kind::AutoReply, "away"), on_time()).await.unwrap();
    let reading = Reading { stance: Some(Stance::Considering), ..Reading::default() };
    correct_entry(&store, reply, &reading, "Ben", on_time()).await.unwrap();
    let news = store.news_since(before).await.unwrap();
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!((news[0].entry, news[0].stance), (reply, Some(Stance::Considering)));
    assert!(store.news_since(on_time()).await.unwrap().is_empty());
    // What waited in the pen is news once somebody has filed it, however long it waited, and as it is read now.
    let unfiled = NewEntry { campaign: None, delegation: None, ..entry("DEU", Kind::Reply, "from elsewhere") };
    let (waits, _) = add_entry(&store, unfiled, before).await.unwrap();
    assert_eq!(store.news_since(before).await.unwrap().len(), 1, "it is under nobody yet");
    let under = Reading { delegation: Some("DEU".parse().unwrap()), ..Reading::default() };
    let filed = correct_entry(&store, waits, &under, "Ben", on_time().plus(minutes(1))).await.unwrap();
    let first = Reading { stance: Some(Stance::Declined), ..Reading::default() };
    let read = correct_entry(&store, filed, &first, "Ben", on_time().plus(minutes(2))).await.unwrap();
    let better = Reading { stance: Some(Stance::Joined), ..Reading::default() };
    correct_entry(&store, read, &better, "Ben", on_time().plus(minutes(3))).await.unwrap();
    let news = store.news_since(on_time()).await.unwrap();
    let told: Vec<_> = news.iter().map(|n| (n.entry, n.delegation.to_string(), n.stance)).collect();
    assert_eq!(told, [(filed, "DEU".to_owned(), Some(Stance::Joined))]);
}

async fn a_letter_is_found_by_its_token_and_old_letters_get_theirs_at_the_next_plan(home: Home) {
    let store = home.open().await;
    plan_it(&store, &Files::new()).await;
    let secret = store.secret(early()).await.unwrap();
    let france = the(&store, "letter", "FRA").await;
    let own = token(&secret, &france.id);
    assert_eq!(store.dispatch_of_token(&own).await.unwrap(), Some((france.key, france.id.clone())));
    let strange = token("another secret", &france.id);
    assert_eq!(store.dispatch_of_token(&strange).await.unwrap(), None);
    home.execute("UPDATE dispatches SET reply_token = NULL").await;
    assert_eq!(store.dispatch_of_token(&own).await.unwrap(), None);
    assert!(plan_it(&store, &Files::new()).await.changes.is_empty());
    assert_eq!(store.dispatch_of_token(&own).await.unwrap(), Some((france.key, france.id)));
}

async fn stances_are_read_with_what_corrects_them_and_missions_with_how_far_they_were_reached(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    ended(&store, "FRA", Event::Taken, taken_verdict()).await;
    ended(&store, "DEU", Event::Taken, taken_verdict()).await;
    let call = |state: &str, stance| NewEntry { stance, ..entry(state, Kind::Call, "they called") };
    let (first, _) = add_entry(&store, call("FRA", Some(Stance::WillSupport)), on_time()).await.unwrap();
    add_entry(&store, entry("DEU", Kind::Note, "nothing yet"), on_time()).await.unwrap();
    let reading =
        Reading { stance: Some(Stance::Considering), ask: Some("statement".parse().unwrap()), ..Reading::default() };
    let second = correct_entry(&store, first, &reading, "Ben", on_time()).await.unwrap();
    let facts = store.stances_after(0, 100).await.unwrap();
    let told: Vec<_> =
        facts.iter().map(|f| (f.source.id, f.stance, f.source.corrects, f.source.corrected_by)).collect();
    let both = [(first, Stance::WillSupport, None, Some(second)), (second, Stance::Considering, Some(first), None)];
    assert_eq!(told, both);
    assert_eq!(
        (facts[0].ask.as_ref(), facts[1].ask.as_ref().map(ToString::to_string)),
        (None, Some("statement".to_owned()))
    );
    assert_eq!((facts[1].at, facts[1].source.by.as_str()), (on_time(), "Ben"));
    let reached = store.reached().await.unwrap();
    let told: Vec<(String, Reached)> =
        reached.iter().map(|(_, state, reached)| (state.to_string(), *reached)).collect();
    let of = |state: &str| told.iter().find(|(of, _)| of == state).unwrap().1;
    assert_eq!(told.len(), 5, "one for each mission, however many steps");
    assert_eq!((of("DEU"), of("FRA"), of("GHA")), (Reached::Written, Reached::Answered, Reached::NotWritten));
    let moved = Reading { delegation: Some("GHA".parse().unwrap()), ..Reading::default() };
    correct_entry(&store, second, &moved, "Ben", on_time()).await.unwrap();
    let reached = store.reached().await.unwrap();
    let of = |state: &str| reached.iter().find(|(_, of, _)| of.to_string() == state).unwrap().2;
    assert_eq!((of("FRA"), of("GHA")), (Reached::Written, Reached::Answered), "it was filed under the wrong mission");
}

async fn mails(store: &Store, dispatch: i64) -> Vec<(String, Vec<u8>)> {
    let mails = store.approval_mails(dispatch).await.unwrap();
    mails.into_iter().map(|mail| (mail.approver, mail.message)).collect()
}

async fn a_mail_that_approves_many_letters_is_kept_once_and_given_back(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_it(&store, &files).await;
    let workspace = files.workspace();
    let ada = approver(&file(&workspace, CAMPAIGN).campaign, "Ada").unwrap();
    let shown = propose(&store, &everything(), ada, &Doubts::default()).await.unwrap();
    approve(&store, &shown, 2, "officer", Some(b"Subject: yes\r\n\r\nYes.\r\n"), early()).await.unwrap();
    for dispatch in store.dispatches(&everything()).await.unwrap() {
        let mails = mails(&store, dispatch.key).await;
        assert_eq!(mails, [("Ada".to_owned(), b"Subject: yes\r\n\r\nYes.\r\n".to_vec())]);
        let given = &store.approvals_given(&[dispatch.key]).await.unwrap()[&dispatch.key];
        assert_eq!(given.len(), 1);
        assert!(given[0].by_mail);
        assert_eq!(
            (given[0].by.as_str(), given[0].due, given[0].digest),
            ("officer", Some(dispatch.due), dispatch.digest)
        );
    }
    let kept = store.fingerprints().await.unwrap().into_iter().find(|t| t.table == "approval_mails").unwrap();
    assert_eq!(kept.rows, 1);

    // As the first version stored it: in the row itself.
    let key = the(&store, "letter", "FRA").await.key;
    let bytes = if store.dialect() == Dialect::Postgres { "'\\x6f6b'" } else { "X'6f6b'" };
    home.execute(&format!("UPDATE approvals SET mail = NULL, evidence = {bytes}, due = NULL WHERE dispatch = {key}"))
        .await;
    assert_eq!(mails(&store, key).await, [("Ada".to_owned(), b"ok".to_vec())]);
    assert!(store.approvals_given(&[key]).await.unwrap()[&key][0].by_mail);

    home.execute("UPDATE approval_mails SET message = ''").await;
    let other = the(&store, "letter", "DEU").await.key;
    assert!(store.approval_mails(other).await.is_err(), "a changed mail is given back as if it were the one");
}

async fn planning_twice_changes_nothing(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    let first = plan_it(&store, &files).await;
    assert!(first.changes.iter().all(|change| change.what == "new"));
    approve_all(&store, &files, CAMPAIGN).await;
    let before = store.fingerprints().await.unwrap();
    let again = plan_it(&store, &files).await;
    assert!(again.changes.is_empty(), "{:?}", again.changes);
    assert_eq!(store.fingerprints().await.unwrap(), before);
}

async fn what_a_killed_plan_kept_ahead_is_swept_and_nothing_else(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_and_approve(&store, &files).await;
    let approved = the(&store, "letter", "FRA").await;
    files.edit(CONTACTS, "rights@fra.", "droits@fra.");
    plan_it(&store, &files).await;
    let planned = the(&store, "letter", "FRA").await;
    let alone = b"a letter that no plan ever named\r\n".to_vec();
    let digest = Digest::of(&alone);
    store.keep_ahead(&[(digest, alone)]).await.unwrap();
    assert!(store.message(digest).await.unwrap().is_some());
    let tx = store.begin().await.unwrap();
    tx.forget_unnamed_letters().await.unwrap();
    assert_eq!(tx.without_bytes(&planned.id.campaign).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert!(store.message(digest).await.unwrap().is_none());
    for kept in [approved.digest, planned.digest] {
        assert!(store.message(kept).await.unwrap().is_some(), "what a dispatch names or somebody approved stays");
    }
}

async fn a_changed_contact_voids_the_approval_of_its_letter_only(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_and_approve(&store, &files).await;
    let old = the(&store, "letter", "FRA").await;
    files.edit(CONTACTS, "rights@fra.", "droits@fra.");
    let planned = plan_it(&store, &files).await;
    let touched: HashSet<&str> = planned.changes.iter().map(|c| c.id.delegation.as_str()).collect();
    assert_eq!(touched, HashSet::from(["FRA"]));
    assert!(planned.changes.iter().any(|c| c.what == "cc" && c.after.contains("droits@fra.")));
    for dispatch in &planned.stored {
        let wanted = if dispatch.id.delegation.as_str() == "FRA" { Status::Planned } else { Status::Approved };
        assert_eq!(dispatch.status, wanted, "{}", dispatch.id);
    }
    let new = the(&store, "letter", "FRA").await;
    assert_eq!(new.message_id, old.message_id);
    assert_ne!(new.seal, old.seal);
    assert!(store.message(old.digest).await.unwrap().is_some(), "what was approved once is kept");
    // Back to the old bytes: what was approved is approved, but a person has to look again.
    files.edit(CONTACTS, "droits@fra.", "rights@fra.");
    plan_it(&store, &files).await;
    assert_eq!(the(&store, "letter", "FRA").await.seal, old.seal);
}

async fn a_letter_that_was_handed_over_cannot_vanish_from_the_files(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_and_approve(&store, &files).await;
    ended(&store, "FRA", Event::Taken, taken_verdict()).await;
    let before = store.fingerprints().await.unwrap();
    files.edit(CONTACTS, "FRA,mission,,,,mission@fra.mission.example,to,en,2018-01-05,invented,\n", "");
    files.edit(CONTACTS, "FRA,human-rights,,,,rights@fra.mission.example,cc,en,2018-01-05,invented,\n", "");
    let refused = try_plan(&store, &files, CAMPAIGN).await;
    let Err(PlanError::Problems(problems)) = refused else { panic!("{refused:?}") };
    assert!(problems.iter().any(|p| p.message.contains("spring/letter/FRA")), "{problems:?}");
    assert_eq!(store.fingerprints().await.unwrap(), before, "nothing is stored");
}

fn taken_verdict() -> Verdict {
    Verdict::Taken { reply: Some(Reply::new(250, "ok")), recipients: vec![] }
}

async fn a_letter_never_tried_may_go_and_comes_back_with_its_name(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    let before = the(&store, "letter", "GHA").await;
    let mut fewer = files.clone();
    fewer.edit(CONTACTS, "GHA,mission,,,,mission@gha.mission.example,to,en,2018-01-05,invented,\n", "");
    let planned = plan_it(&store, &fewer).await;
    assert_eq!(planned.changes.iter().filter(|c| c.what == "removed").count(), 2);
    assert!(store.dispatches(&only("letter", "GHA")).await.unwrap().is_empty());
    assert!(store.message(before.digest).await.unwrap().is_none(), "its bytes are gone with it");
    plan_it(&store, &files).await;
    let back = the(&store, "letter", "GHA").await;
    assert_eq!((back.message_id, back.digest), (before.message_id, before.digest));
    assert_eq!(back.status, Status::Planned, "its approvals went with it");
}

async fn what_a_person_stops_stays_stopped_until_released(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    let held = decided(&store, "letter", "FRA", Decision::Hold, "a new ambassador").await;
    assert_eq!(held.moved.len(), 1);
    assert_eq!(the(&store, "letter", "FRA").await.reason.as_deref(), Some("a new ambassador"));
    decided(&store, "letter", "PER", Decision::Cancel, "they asked us to").await;
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    let claimed: Vec<&str> = claims.iter().map(|c| c.dispatch.id.delegation.as_str()).collect();
    assert_eq!(claimed, ["DEU", "ESP", "GHA"]);
    let nothing = decided(&store, "letter", "PER", Decision::Release, "").await;
    assert!(nothing.moved.is_empty() && nothing.untouched[0].1.contains("cancelled"), "{nothing:?}");
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "PER").await, Status::Cancelled);
    let released = decided(&store, "letter", "FRA", Decision::Release, "met").await;
    assert_eq!(released.moved[0].1, Status::Approved);
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    assert_eq!(claims.len(), 1);
    let words: Vec<String> =
        store.history(claims[0].dispatch.key).await.unwrap().into_iter().map(|line| line.event).collect();
    assert_eq!(words, ["plan", "approval", "approve", "hold", "release", "claim"]);
}

struct Turns {
    policy: Policy,
    zones: BTreeMap<demarche::vocabulary::CampaignId, demarche::vocabulary::Zone>,
}

impl Turns {
    fn of(worker: &str, ceilings: Option<Ceilings>) -> Self {
        let policy = Policy {
            worker: worker.to_owned(),
            via: Via::Smtp,
            ceilings,
            min_days_between: 3,
            real_server: false,
            lease: minutes(1),
            mailbox: None,
        };
        Self { policy, zones: BTreeMap::new() }
    }

    async fn take(&self, store: &Store, now: Instant, outcomes: &[Outcome], free: usize) -> Turn {
        let input =
            TurnInput { now, outcomes, free, blocked: &[], renew: true, after_failed_commit: None, zones: &self.zones };
        turn(store, &self.policy, &input).await.unwrap()
    }
}

async fn a_late_letter_leaves_once_a_person_releases_it(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let turns = Turns::of("w1", None);
    let late = at("2018-03-20T14:00:00Z");
    let held = turns.take(&store, late, &[], 10).await;
    assert!(held.letters.is_empty());
    assert_eq!(held.moved.len(), 5);
    let france = the(&store, "letter", "FRA").await;
    assert_eq!((france.status, france.reason.as_deref()), (Status::Held, Some("late: by 5 hours")));
    decided(&store, "letter", "FRA", Decision::Release, "still useful").await;
    assert_eq!(the(&store, "letter", "FRA").await.waived, [Guard::Late]);
    let left = turns.take(&store, late, &[], 10).await;
    assert_eq!(left.letters.len(), 1);
    assert_eq!(left.letters[0].letter.dispatch, france.id);
}

async fn release_at(store: &Store, files: &Files, state: &str, when: Instant) {
    let workspace = files.workspace();
    let request = CorrectRequest {
        workspace: &workspace,
        file: file(&workspace, CAMPAIGN),
        by: "Ada",
        now: on_time(),
        reason: Some("later"),
    };
    let dispatch = the(store, "letter", state).await;
    correct(store, &request, &[dispatch], Correction::ReleaseAt(when)).await.unwrap();
}

async fn a_release_to_another_time_asks_for_new_approvals(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    decided(&store, "letter", "FRA", Decision::Hold, "wait").await;
    let later = at("2018-03-22T08:00:00Z");
    release_at(&store, &files, "FRA", later).await;
    let moved = the(&store, "letter", "FRA").await;
    assert_eq!((moved.status, moved.due, moved.next_at), (Status::Planned, later, later));
    // The decision outlives a plan, and the letter follows it once approved.
    let changed = plan_it(&store, &files).await.changes;
    assert!(
        changed.iter().all(|c| c.id.to_string() == "spring/reminder/FRA"),
        "it names the letter's date: {changed:?}"
    );
    assert_eq!(approve_as(&store, &files, CAMPAIGN, "Ada").await.given, 2);
    assert_eq!(approve_as(&store, &files, CAMPAIGN, "Ben").await.complete, 2);
    assert_eq!(the(&store, "letter", "FRA").await.due, later);
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    assert_eq!(claims.len(), 4, "not before its time");
}

async fn a_release_to_another_time_forgets_what_was_waived_of_the_old_one(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    let turns = Turns::of("w1", None);
    turns.take(&store, at("2018-03-20T14:00:00Z"), &[], 10).await;
    decided(&store, "letter", "FRA", Decision::Release, "late, but still").await;
    // A guard stops it once more, for another reason, and then a person chooses another time.
    let released = the(&store, "letter", "FRA").await;
    let tx = store.begin().await.unwrap();
    let guard = Move::new(&released, Event::Hold, "w1", at("2018-03-20T14:00:00Z"));
    tx.apply(&guard.because("neighbour: campaign autumn wrote")).await.unwrap();
    tx.commit().await.unwrap();
    release_at(&store, &files, "FRA", at("2018-03-22T08:00:00Z")).await;
    assert_eq!(the(&store, "letter", "FRA").await.waived, [Guard::Neighbour]);
}

async fn a_retry_of_the_same_bytes_leaves_at_once_and_one_of_others_waits_for_approval(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_and_approve(&store, &files).await;
    ended(&store, "FRA", Event::Refuse, refused()).await;
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    for one in &claims {
        let event = if one.dispatch.id.delegation.as_str() == "DEU" { Event::Refuse } else { Event::Taken };
        let verdict = if event == Event::Refuse { refused() } else { taken_verdict() };
        assert!(record(&store, &outcome(one, event, verdict)).await);
    }
    files.edit(CONTACTS, "mission@deu.", "embassy@deu.");
    let workspace = files.workspace();
    let request = CorrectRequest {
        workspace: &workspace,
        file: file(&workspace, CAMPAIGN),
        by: "Ada",
        now: on_time(),
        reason: None,
    };
    let both = [the(&store, "letter", "DEU").await, the(&store, "letter", "FRA").await];
    let done = correct(&store, &request, &both, Correction::Retry).await.unwrap();
    assert_eq!((done[0].status, done[0].same_bytes), (Status::Planned, false));
    assert_eq!((done[1].status, done[1].same_bytes), (Status::Approved, true));
    let germany = the(&store, "letter", "DEU").await;
    assert_eq!(germany.message_id, both[0].message_id);
    assert_eq!(germany.recipients.to[0].to_string(), "embassy@deu.mission.example");
    let france = the(&store, "letter", "FRA").await;
    assert_eq!((france.tried_since, france.next_at), (None, on_time()), "a new window for retries");
    let sent = the(&store, "letter", "ESP").await;
    let refused = correct(&store, &request, &[sent], Correction::Retry).await;
    assert!(matches!(refused, Err(CorrectError::Refused(..))), "{refused:?}");
    assert_eq!(status(&store, "letter", "ESP").await, Status::Sent);
}

async fn an_uncertain_letter_is_settled_by_a_person(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let (claims, now) = claim(&store, "w1", 64, minutes(1)).await;
    for one in &claims {
        assert!(record(&store, &outcome(one, Event::Lose, unknown())).await);
    }
    assert!(claim(&store, "w1", 64, minutes(1)).await.0.is_empty(), "never by itself");
    let who = Decider { by: "Ada", now: on_time().plus(Duration::days(1)), reason: Some("they have it") };
    decide(&store, &only("letter", "FRA"), Decision::SettleSent, &who).await.unwrap();
    let france = the(&store, "letter", "FRA").await;
    assert_eq!((france.status, france.sent_at), (Status::Sent, Some(now)), "when it was handed over");
    decided(&store, "letter", "DEU", Decision::SettleNotSent, "they have not").await;
    let germany = the(&store, "letter", "DEU").await;
    assert_eq!((germany.status, germany.tried_since), (Status::Approved, None));
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].dispatch.id, germany.id);
    let nothing = decided(&store, "letter", "FRA", Decision::SettleNotSent, "no").await;
    assert!(nothing.moved.is_empty(), "what is sent is settled");
}

/// Every letter of the first step, written to a file.
async fn written_to_files(store: &Store) {
    let mut turns = Turns::of("w1", None);
    turns.policy.via = Via::Files;
    let written = turns.take(store, on_time(), &[], 10).await;
    for one in &written.letters {
        assert!(record(store, &taken(&one.claim, "")).await);
    }
}

async fn letters_written_to_files_are_restarted(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    written_to_files(&store).await;
    assert_eq!(store.campaigns_written_to_files().await.unwrap(), [(CAMPAIGN.to_owned(), 5)]);
    let who = Decider { by: "Ada", now: on_time(), reason: None };
    let done = decide(&store, &everything(), Decision::Restart, &who).await.unwrap();
    assert_eq!((done.moved.len(), done.untouched.len()), (5, 5));
    assert!(done.moved.iter().all(|(_, status)| *status == Status::Approved));
    let france = the(&store, "letter", "FRA").await;
    assert_eq!((france.attempts, france.sent_at, france.via), (0, None, None));
    assert!(store.campaigns_written_to_files().await.unwrap().is_empty());
    let (claims, _) = claim(&store, "w1", 64, minutes(1)).await;
    assert_eq!(claims.len(), 5);
    for one in &claims {
        assert!(record(&store, &taken(one, "ok")).await);
    }
    let again = decide(&store, &everything(), Decision::Restart, &who).await.unwrap();
    assert!(again.moved.is_empty(), "what went to a server is not restarted: {:?}", again.moved);
}

async fn a_restarted_letter_may_vanish_from_the_files(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    plan_and_approve(&store, &files).await;
    written_to_files(&store).await;
    add_entry(&store, entry("GHA", Kind::Note, "a note on the rehearsed letter"), on_time()).await.unwrap();
    let who = Decider { by: "Ada", now: on_time(), reason: None };
    decide(&store, &everything(), Decision::Restart, &who).await.unwrap();
    files.edit(CONTACTS, "GHA,mission,,,,mission@gha.mission.example,to,en,2018-01-05,invented,\n", "");
    let planned = try_plan(&store, &files, CAMPAIGN).await.unwrap();
    assert_eq!(planned.changes.iter().filter(|c| c.what == "removed").count(), 2);
    let log = store.entries(&EntryFilter::default()).await.unwrap();
    assert_eq!(log[0].text.as_deref(), Some("a note on the rehearsed letter"), "the log forgets nothing");
    assert_eq!(log[0].dispatch, None);
}

fn entry(state: &str, kind: Kind, text: &str) -> NewEntry {
    NewEntry {
        at: on_time(),
        campaign: None,
        delegation: Some(state.parse().unwrap()),
        dispatch: None,
        kind,
        stance: None,
        ask: None,
        from: None,
        subject: None,
        text: Some(text.to_owned()),
        matched_by: "by-hand",
        confidence: "certain",
        attachments: vec![],
        message: None,
        corrects: None,
        by: "Ada".to_owned(),
    }
}

async fn the_log_is_only_added_to(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    ended(&store, "FRA", Event::Taken, taken_verdict()).await;
    let (first, campaign) = add_entry(&store, entry("FRA", Kind::Reply, "thank you"), on_time()).await.unwrap();
    assert_eq!(campaign.unwrap().as_str(), CAMPAIGN, "it answers the last letter to that mission");
    let (note, none) = add_entry(&store, entry("DEU", Kind::Note, "nothing yet"), on_time()).await.unwrap();
    assert_eq!(none, None);
    let reading = Reading { stance: Some(Stance::Joined), ..Reading::default() };
    let second = correct_entry(&store, first, &reading, "Ben", on_time()).await.unwrap();
    let again = correct_entry(&store, first, &reading, "Ben", on_time()).await;
    assert!(matches!(again, Err(CorrectionError::Superseded(a, b)) if (a, b) == (first, second)), "{again:?}");
    let unheard_of = correct_entry(&store, 999, &reading, "Ben", on_time()).await;
    assert!(matches!(unheard_of, Err(CorrectionError::Unknown(999))));
    let ids = async |filter: EntryFilter| -> Vec<i64> {
        store.entries(&filter).await.unwrap().iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids(EntryFilter::default()).await, [first, note, second], "the old one stays");
    assert_eq!(ids(EntryFilter { in_force: true, ..EntryFilter::default() }).await, [note, second]);
    let joined = store.entries(&EntryFilter { stance: Some(Stance::Joined), ..EntryFilter::default() }).await.unwrap();
    assert_eq!(joined.len(), 1);
    assert_eq!((joined[0].corrects, joined[0].text.as_deref()), (Some(first), Some("thank you")));
    assert_eq!(joined[0].dispatch.as_ref().map(ToString::to_string).as_deref(), Some("spring/letter/FRA"));
    assert_eq!(ids(EntryFilter { kind: Some(Kind::Note), ..EntryFilter::default() }).await, [note]);
    let elsewhere = EntryFilter { delegation: Some("PER".parse().unwrap()), ..EntryFilter::default() };
    assert_eq!(ids(elsewhere).await, Vec::<i64>::new());
    // A corrected reading of an answer is still an answer: the circumstances of the next letter know it.
    let moved = Reading { delegation: Some("GHA".parse().unwrap()), ..Reading::default() };
    correct_entry(&store, second, &moved, "Ben", on_time()).await.unwrap();
    let tx = store.begin().await.unwrap();
    let query = DueQuery { now: at("2018-03-28T00:00:00Z"), ..query(64) };
    let due = tx.due(&query).await.unwrap().letters;
    let answered = |state: &str| {
        let reminder = due.iter().find(|d| d.dispatch.id.to_string() == format!("spring/reminder/{state}")).unwrap();
        reminder.circumstances.answered.is_some()
    };
    assert!(!answered("FRA"), "the answer was filed under the wrong mission");
    assert!(!answered("DEU"), "a note is no answer");
    drop(tx);
}

async fn an_erased_person_leaves_no_word_and_others_keep_theirs(home: Home) {
    let store = home.open().await;
    let attachment = |sha: &str| Attachment {
        name: "scan.pdf".into(),
        media_type: "application/pdf".into(),
        bytes: 3,
        sha256: Some(sha.into()),
        part: None,
    };
    let from = |address: &str, text: &str, sha: &str| NewEntry {
        from: Some(format!("A. Person <{address}>")),
        subject: Some("Re: letter".into()),
        attachments: vec![attachment(sha)],
        stance: Some(Stance::Considering),
        ..entry("FRA", Kind::Reply, text)
    };
    for new in [
        from("a_b@fra.example", "one", "11"),
        from("axb@fra.example", "two", "22"),
        from("other@fra.example", "as A_B@FRA.example told us", "33"),
        from("a%b@fra.example", "four", "44"),
    ] {
        add_entry(&store, new, on_time()).await.unwrap();
    }
    let shelf_folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(shelf_folder.path()).unwrap();
    let read = Read(std::sync::Arc::new(|bytes: &[u8]| understand(&mail::parse(bytes))));
    let erased = erase(&store, &shelf, &read, "A_b@fra.example", on_time()).await.unwrap().erased;
    assert_eq!(
        (erased.entries, erased.attachments),
        (2, vec!["11".to_owned(), "33".to_owned()]),
        "`_` stands for itself alone"
    );
    let log = store.entries(&EntryFilter::default()).await.unwrap();
    for (entry, erased) in log.iter().zip([true, false, true, false]) {
        assert_eq!(entry.erased_at.is_some(), erased, "{entry:?}");
        assert_eq!(entry.from.is_none() && entry.text.is_none() && entry.subject.is_none(), erased);
        assert_eq!(entry.attachments.is_empty(), erased);
        assert_eq!((entry.kind, entry.stance), (Kind::Reply, Some(Stance::Considering)), "these stay");
    }
    let count = erase(&store, &shelf, &read, "a%b@fra.example", on_time()).await.unwrap().erased.entries;
    assert_eq!(count, 1);
    let corrected = correct_entry(&store, log[0].id, &Reading::default(), "Ada", on_time()).await;
    assert!(matches!(corrected, Err(CorrectionError::Erased(_))));
}

fn a_meeting(state: &str, when: &str) -> NewMeeting {
    NewMeeting {
        campaign: CAMPAIGN.parse().unwrap(),
        delegation: state.parse().unwrap(),
        arranged: Arrangement { at: at(when), lasts: USUAL_LENGTH, place: "Palais, bar Serpent".into() },
        theirs: vec!["Ada".into(), "Bén".into()],
        ours: vec!["Cleo".into()],
        agenda: None,
        by: "Ada".into(),
    }
}

fn by_ada(now: Instant) -> Change<'static> {
    Change { by: "Ada", now, reason: Some("the room is taken") }
}

async fn meetings_are_kept_in_order_of_time(home: Home) {
    let store = home.open().await;
    add_meeting(&store, &a_meeting("FRA", "2018-03-22T10:00:00Z"), on_time()).await.unwrap();
    add_meeting(&store, &a_meeting("DEU", "2018-03-21T10:00:00Z"), on_time()).await.unwrap();
    let all = store.meetings(&MeetingFilter::default()).await.unwrap();
    assert_eq!(all.iter().map(|m| m.delegation.to_string()).collect::<Vec<_>>(), ["DEU", "FRA"]);
    assert_eq!((all[1].theirs[1].as_str(), all[1].state), ("Bén", MeetingState::Agreed));
    assert_eq!((all[1].ours.as_slice(), all[1].sequence), (["Cleo".to_owned()].as_slice(), 0));
    let of = |campaign: Option<&str>, state: Option<&str>| MeetingFilter {
        campaign: campaign.map(|c| c.parse().unwrap()),
        delegation: state.map(|s| s.parse().unwrap()),
        id: None,
    };
    assert_eq!(store.meetings(&of(None, Some("FRA"))).await.unwrap().len(), 1);
    assert!(store.meetings(&of(Some("autumn"), None)).await.unwrap().is_empty());
}

async fn every_change_of_a_meeting_stays_in_its_history(home: Home) {
    let store = home.open().await;
    let id = add_meeting(&store, &a_meeting("FRA", "2018-03-22T10:00:00Z"), on_time()).await.unwrap();
    let name = store.meeting(id).await.unwrap().unwrap().uid;
    let to = Relocation { at: Some(at("2018-03-23T10:00:00Z")), ..Relocation::default() };
    let later = on_time().plus(minutes(1));
    let moved = move_meeting(&store, id, &to, by_ada(later)).await.unwrap().meeting;
    assert_eq!((moved.sequence, moved.changed_at, moved.uid.as_str()), (1, later, name.as_str()));
    let again = move_meeting(&store, id, &to, by_ada(later)).await;
    assert!(matches!(again, Err(MeetingRefused::Rule(MeetingError::AsItIs(_)))), "{again:?}");
    let cancelled = cancel_meeting(&store, id, by_ada(later)).await.unwrap().meeting;
    assert_eq!((cancelled.state, cancelled.sequence), (MeetingState::Cancelled, 2));
    assert_eq!(store.meeting(id).await.unwrap().unwrap(), cancelled, "as it was told, so it is stored");
    assert!(matches!(cancel_meeting(&store, id, by_ada(later)).await, Err(MeetingRefused::Rule(_))));
    assert!(matches!(cancel_meeting(&store, id + 1, by_ada(later)).await, Err(MeetingRefused::Unknown(_))));
    let events = store.meeting_events(id).await.unwrap();
    let told: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(told, ["agreed", "moved", "cancelled"], "what was refused leaves no line");
    assert_eq!(events[1].before.as_ref().unwrap().at, at("2018-03-22T10:00:00Z"));
    assert_eq!(events[1].after.as_ref().unwrap(), &moved.arranged);
    assert_eq!(events[2].reason.as_deref(), Some("the room is taken"));
}

async fn a_meeting_that_an_older_program_noted_is_kept_and_can_be_moved(home: Home) {
    let store = home.open().await;
    store.secret(early()).await.unwrap();
    home.execute(
        "INSERT INTO meetings (campaign, delegation, at, place, attendees, state, created_at, created_by) \
         VALUES ('spring', 'FRA', 1521712800000, 'Palais', '[]', 'agreed', 1519898400000, 'Ada')",
    )
    .await;
    let old = store.meetings(&MeetingFilter::default()).await.unwrap().pop().unwrap();
    assert_eq!((old.arranged.lasts, old.sequence, old.changed_at), (USUAL_LENGTH, 0, early()));
    assert!(store.meeting_events(old.id).await.unwrap().is_empty());
    let to = Relocation { place: Some("Mission".into()), ..Relocation::default() };
    assert_eq!(move_meeting(&store, old.id, &to, by_ada(on_time())).await.unwrap().meeting.uid, old.uid);
}

async fn an_accepted_invitation_confirms_the_meeting_as_it_stands_and_no_other(home: Home) {
    let store = home.open().await;
    let id = add_meeting(&store, &a_meeting("FRA", "2018-03-22T10:00:00Z"), on_time()).await.unwrap();
    let (entry, _) = add_entry(&store, entry("FRA", Kind::CalendarReply, "accepted"), on_time()).await.unwrap();
    let uid = store.meeting(id).await.unwrap().unwrap().uid;
    assert_eq!(store.meeting_called(&uid).await.unwrap().map(|meeting| meeting.id), Some(id));
    assert_eq!(store.meeting_called("meeting-1@demarche").await.unwrap(), None);
    let answer = |sequence, answer| CalendarAnswer {
        uid: uid.clone(),
        sequence: Some(sequence),
        answer,
        by: "mission@fra.mission.example".into(),
        proposes: None,
        comment: None,
    };
    let confirm = async |given: CalendarAnswer| confirm_meeting(&store, id, entry, &given, "Ada", on_time()).await;
    let (meeting, weighed) = confirm(answer(0, Participation::Accepted)).await.unwrap();
    assert!(weighed == Weighed::Accepted && meeting.is_confirmed());
    assert_eq!(store.meeting(id).await.unwrap().unwrap(), meeting, "as it was told, so it is stored");
    let to = Relocation { at: Some(at("2018-03-23T10:00:00Z")), ..Relocation::default() };
    move_meeting(&store, id, &to, by_ada(on_time())).await.unwrap();
    let (meeting, weighed) = confirm(answer(0, Participation::Accepted)).await.unwrap();
    assert!(matches!(weighed, Weighed::Outdated { answered: 0, stands: 1, .. }) && !meeting.is_confirmed());
    let (meeting, _) = confirm(answer(1, Participation::Accepted)).await.unwrap();
    assert!(meeting.is_confirmed());
    let (meeting, _) = confirm(answer(1, Participation::Declined)).await.unwrap();
    assert!(!meeting.is_confirmed(), "they have thought better of it");
    let forged =
        confirm(CalendarAnswer { uid: "meeting-1@demarche".into(), ..answer(1, Participation::Accepted) }).await;
    assert!(matches!(forged, Err(MeetingRefused::NoAnswer(NoAnswer::AnotherMeeting))), "{forged:?}");
    let events = store.meeting_events(id).await.unwrap();
    let told: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(told, ["agreed", "accepted", "moved", "accepted", "accepted", "declined"]);
    assert_eq!(events[3].reason.as_deref(), Some("it answers version 0 of the invitation"));
    assert_eq!(events[1].entry, Some(entry));
}

fn an_action(owner: &str, due: &str) -> Action {
    let due = Deadline { day: due.parse().unwrap(), counted: vec!["2018-03-24 is a Saturday".into()] };
    Action { what: "send the report".into(), owner: owner.into(), due }
}

async fn minutes_are_an_answer_and_bring_their_actions_along(home: Home) {
    let store = home.open().await;
    let files = Files::new();
    plan_and_approve(&store, &files).await;
    ended(&store, "FRA", Event::Taken, taken_verdict()).await;
    let id = add_meeting(&store, &a_meeting("FRA", "2018-03-22T10:00:00Z"), on_time()).await.unwrap();
    let minutes_said = Minutes {
        text: "They will speak.".into(),
        stance: Some(Stance::WillSupport),
        ask: None,
        actions: vec![an_action("Ada", "2018-03-23"), an_action("Ben", "2018-03-26")],
    };
    let hold = |now| hold_meeting(&store, id, &minutes_said, "Ada", now);
    let early = hold(at("2018-03-22T09:00:00Z")).await;
    assert!(matches!(early, Err(MeetingRefused::Rule(MeetingError::NotBegun(_)))), "{early:?}");
    assert!(store.entries(&EntryFilter::default()).await.unwrap().is_empty(), "nothing of it is kept");
    assert!(store.followups().await.unwrap().is_empty());
    let after = at("2018-03-22T11:00:00Z");
    let held = hold(after).await.unwrap();
    let entry = store.entries(&EntryFilter::default()).await.unwrap().pop().unwrap();
    assert_eq!((entry.id, entry.kind, entry.stance), (held.entry, Kind::Meeting, Some(Stance::WillSupport)));
    assert_eq!(entry.dispatch.map(|id| id.to_string()).as_deref(), Some("spring/letter/FRA"));
    assert_eq!((entry.at, entry.text.as_deref()), (at("2018-03-22T10:00:00Z"), Some("They will speak.")));
    let followups = store.followups().await.unwrap();
    assert_eq!(followups.iter().map(|f| f.id).collect::<Vec<_>>(), held.followups);
    assert_eq!((followups[0].meeting, followups[0].entry), (Some(id), Some(held.entry)));
    assert!(hold(after).await.is_err(), "held once");
    assert_eq!(store.entries(&EntryFilter::default()).await.unwrap().len(), 1);
    // The reminder is due, and does not leave.
    let reminder = the(&store, "reminder", "FRA").await;
    let tx = store.begin().await.unwrap();
    let query = DueQuery { now: reminder.due, ..query(50) };
    let due = tx.due(&query).await.unwrap().letters;
    let answered = |state: &str| due.iter().find(|d| d.dispatch.id.to_string() == format!("spring/reminder/{state}"));
    assert!(answered("FRA").is_some_and(|due| due.circumstances.answered.is_some()));
    assert!(answered("DEU").is_some_and(|due| due.circumstances.answered.is_none()));
}

async fn an_action_is_done_once_and_what_is_overdue_is_told(home: Home) {
    let store = home.open().await;
    let new = |owner: &str, due: &str| NewFollowup {
        campaign: CAMPAIGN.parse().unwrap(),
        delegation: "FRA".parse().unwrap(),
        action: an_action(owner, due),
        meeting: None,
        entry: None,
        by: "Ada".into(),
    };
    for (owner, due) in [("Ada", "2018-03-26"), ("Ben", "2018-03-23"), ("Cleo", "2018-03-22")] {
        add_followup(&store, &new(owner, due), on_time()).await.unwrap();
    }
    let ids: Vec<i64> = store.followups().await.unwrap().iter().map(|f| f.id).collect();
    let done = finish_followup(&store, ids[2], Some("sent"), "Cleo", on_time()).await.unwrap();
    assert_eq!(store.followups().await.unwrap()[2], done, "as it was told, so it is stored");
    let again = finish_followup(&store, ids[2], None, "Ada", on_time()).await;
    assert!(matches!(again, Err(FollowupRefused::Done(_, ref by)) if by == "Cleo"), "{again:?}");
    assert!(matches!(finish_followup(&store, 99, None, "Ada", on_time()).await, Err(FollowupRefused::Unknown(99))));
    let overdue = overdue_followups(&store, "2018-03-27".parse().unwrap()).await.unwrap();
    assert_eq!(overdue.iter().map(|f| f.owner.as_str()).collect::<Vec<_>>(), ["Ben", "Ada"]);
    assert_eq!(overdue[0].counted, ["2018-03-24 is a Saturday"]);
}

/// A database with something in every table.
async fn filled(store: &Store) -> Files {
    let mut files = Files::new();
    files.put("templates/letters/first/README", "The name sorts differently in other languages' orders.");
    for (id, step) in [("a_b", LETTER_STEP), ("a-b", LETTER_STEP), ("ab", LETTER_STEP)] {
        files.put(&format!("config/campaigns/{id}.toml"), &campaign(id, step));
        try_plan(store, &files, id).await.unwrap();
    }
    plan_and_approve(store, &files).await;
    let workspace = files.workspace();
    let cleo = approver(&file(&workspace, "ab").campaign, "Cleo").unwrap();
    let of_ab = DispatchFilter { campaign: Some("ab".parse().unwrap()), ..everything() };
    let shown = propose(store, &of_ab, cleo, &Doubts::default()).await.unwrap();
    approve(store, &shown, 2, "Cleo", Some(b"yes"), early()).await.unwrap();
    ended(store, "FRA", Event::Taken, taken_verdict()).await;
    add_entry(store, entry("FRA", Kind::Reply, "thank you"), on_time()).await.unwrap();
    let id = add_meeting(store, &a_meeting("FRA", "2018-03-20T08:00:00Z"), on_time()).await.unwrap();
    let said = Minutes { text: "Yes.".into(), stance: None, ask: None, actions: vec![an_action("Ada", "2018-03-23")] };
    hold_meeting(store, id, &said, "Ada", on_time()).await.unwrap();
    store.finish_slot(Slot { job: "digest", at: on_time() }, "w1", on_time()).await.unwrap();
    mail_waits(store).await;
    a_journal_knows_more(store).await;
    files
}

/// A journal, a letter that it knows and that is not planned here, and what the server's refusals are counted in.
async fn a_journal_knows_more(store: &Store) {
    let handed_over = HandedOver { at: on_time(), message_id: "<2@x.example>".into(), fence: 1, ended: None };
    let id = "lost/letter/FRA".parse().unwrap();
    let tx = store.begin().await.unwrap();
    tx.breaker_to_change(Via::Smtp).await.unwrap();
    tx.note_journal("j1", "here:/var/sent.journal", 70, on_time()).await.unwrap();
    tx.keep_lost_letter(&Forgotten { id, handed_over, key: None, status: None }).await.unwrap();
    tx.commit().await.unwrap();
}

/// One message in the pen, with a guess; a sender that was filed before, and an address that will not do.
async fn mail_waits(store: &Store) {
    let tx = store.begin().await.unwrap();
    let mailbox = "imaps://outreach@mail.coalition.example/INBOX";
    tx.note_mailbox(mailbox, 7, Some("2018-03-01".parse().unwrap())).await.unwrap();
    let new = NewMessage {
        fingerprint: "f".into(),
        raw: "r".into(),
        bytes: 3,
        arrived_at: on_time(),
        source: mailbox.into(),
    };
    let key = tx.store_messages(&[new], on_time()).await.unwrap()[0].key;
    let place = Place { name: "12".into() };
    tx.note_places(mailbox, 7, &[NotedPlace { place: &place, message: Some(key), fault: None }]).await.unwrap();
    let fra = "FRA".parse().unwrap();
    let guess = Guess { delegation: fra, campaign: None, letter: None, because: "its text names it".into() };
    let read = ReadMessage {
        key,
        state: MailState::Pen,
        kind: Some(MailKind::Reply),
        message_id: Some("1@x.example"),
        from: "Jean <jean@x.example>".into(),
        from_address: "jean@x.example",
        subject: "Re: Joint letter",
        why: "its sender is not known",
        authenticity: "unverified",
        authenticity_why: "no server is named",
        details: MailDetails::default(),
        guesses: &[guess],
    };
    assert!(tx.note_reading(&read).await.unwrap());
    tx.remember_sender("jean@x.example", fra, "Ada", on_time()).await.unwrap();
    let doubt = Doubt { address: "old@fra.example".into(), status: Some("5.1.1".into()), words: "no such user".into() };
    tx.doubt_address(&doubt, key, on_time()).await.unwrap();
    tx.note_mailbox_read(mailbox, on_time(), true).await.unwrap();
    tx.commit().await.unwrap();
}

async fn check_copy(from: &Store, files: &Files, to: &Store) {
    let copied = from.copy_to(to).await.unwrap();
    let empty: Vec<&str> = copied.iter().filter(|c| c.rows == 0).map(|c| c.table).collect();
    assert_eq!(empty, ["fixed_milestones"], "this campaign fixes none; all else was copied");
    assert_eq!(to.fingerprints().await.unwrap(), copied);
    let back = Home::sqlite();
    assert_eq!(to.copy_to(&back.open().await).await.unwrap(), copied, "there and back again");
    // The copy goes on where the original was: nothing new to plan, and new rows have new numbers.
    assert!(plan_it(to, files).await.changes.is_empty());
    let (id, _) = add_entry(to, entry("DEU", Kind::Note, "in the copy"), on_time()).await.unwrap();
    assert_eq!(to.entries(&EntryFilter::default()).await.unwrap().len(), 3);
    assert!(id > from.entries(&EntryFilter::default()).await.unwrap()[0].id);
    claim(to, "w9", 2, minutes(1)).await;
    let refused = from.copy_to(to).await;
    assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("not empty")), "{refused:?}");
}

async fn a_copy_that_would_leave_something_behind_or_lies_is_not_made(home: Home) {
    let (original, other) = (Home::sqlite(), Home::sqlite());
    let (from, elsewhere) = (home.open().await, original.open().await);
    filled(&from).await;
    home.execute("ALTER TABLE slots ADD COLUMN tomorrow TEXT").await;
    let refused = from.copy_to(&elsewhere).await;
    assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("slots.tomorrow")), "{refused:?}");
    home.execute("ALTER TABLE slots DROP COLUMN tomorrow").await;
    home.execute("CREATE TABLE tomorrow (name TEXT)").await;
    let refused = from.copy_to(&elsewhere).await;
    assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("tomorrow.name")), "{refused:?}");
    home.execute("DROP TABLE tomorrow").await;
    // Whatever changes a row on its way: the two sides are compared before anything is kept.
    let lying =
        "CREATE TRIGGER lying AFTER INSERT ON entries BEGIN UPDATE entries SET subject = 'x' WHERE key = new.key; END";
    original.execute(lying).await;
    let refused = from.copy_to(&elsewhere).await;
    assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("differs")), "{refused:?}");
    let empty = other.open().await;
    assert_eq!(elsewhere.fingerprints().await.unwrap(), empty.fingerprints().await.unwrap(), "nothing was kept");
    if let Home::Postgres(database) = &home {
        let worker = Store::open_for_worker(&database.location()).await.unwrap();
        let refused = from.copy_to(&empty).await;
        assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("a worker is connected")), "{refused:?}");
        drop(worker);
    }
}

async fn a_copy_holds_the_same_as_the_original(home: Home) {
    let original = Home::sqlite();
    let from = original.open().await;
    let files = filled(&from).await;
    check_copy(&from, &files, &home.open().await).await;
    claim(&from, "w1", 1, minutes(1)).await;
    let other = Home::sqlite();
    let refused = from.copy_to(&other.open().await).await;
    assert!(refused.as_ref().is_err_and(|e| e.to_string().contains("in hand")), "{refused:?}");
}

#[tokio::test]
async fn a_copy_holds_the_same_where_the_other_database_sorts_words_differently() {
    let options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'";
    let Some(database) = OwnDatabase::create_with("a copy to another order of words", options).await else { return };
    let original = Home::sqlite();
    let from = original.open().await;
    let files = filled(&from).await;
    check_copy(&from, &files, &Home::Postgres(database).open().await).await;
}

async fn migrations_run_once_whoever_runs_them(home: Home) {
    let openers: Vec<_> = (0..6)
        .map(|_| {
            let location = home.location();
            tokio::spawn(async move { Store::open(&location).await.map(drop) })
        })
        .collect();
    for opener in openers {
        opener.await.unwrap().unwrap();
    }
    let store = home.open().await;
    assert_eq!(store.migrate().await.unwrap(), 0);
    plan_it(&store, &Files::new()).await;
    drop(store);
    assert_eq!(home.open().await.dispatches(&everything()).await.unwrap().len(), 10);
    let secret = home.open().await.secret(early()).await.unwrap();
    assert_eq!(home.open().await.secret(on_time()).await.unwrap(), secret, "letters keep their names");
}

async fn a_database_that_is_newer_is_refused(home: Home) {
    home.open().await;
    home.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 1)").await;
    let refused = Store::open(&home.location()).await;
    assert!(matches!(refused, Err(StoreError::Newer(ref name)) if name == "m9999_tomorrow"), "{refused:?}");
}

/// The most letters in any 60 seconds, and the most to one domain, by when each was claimed.
fn busiest(claims: &[(Instant, String)]) -> (usize, usize) {
    let mut most = (0, 0);
    for (start, _) in claims {
        let within: Vec<&String> =
            claims.iter().filter(|(at, _)| at >= start && at.since(*start) < minutes(1)).map(|(_, d)| d).collect();
        let busiest = within.iter().map(|domain| within.iter().filter(|d| *d == domain).count()).max();
        most = (most.0.max(within.len()), most.1.max(busiest.unwrap_or(0)));
    }
    most
}

fn many_missions_at_few_providers() -> Files {
    Files::with_missions(60, |state, n| format!("{state}@provider-{}.example", if n % 3 == 0 { "one" } else { "two" }))
}

async fn the_pace_holds_over_many_claims(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &many_missions_at_few_providers()).await;
    if store.dialect() == Dialect::Postgres {
        // There the database's own clock counts: see the promise below.
        return;
    }
    let ceilings = Ceilings { per_minute: 10, per_domain_per_minute: 6 };
    let workers = [Turns::of("w1", Some(ceilings)), Turns::of("w2", Some(ceilings))];
    let mut now = on_time();
    let mut in_hand: Vec<(Instant, usize, Claim)> = Vec::new();
    let mut claims: Vec<(Instant, String)> = Vec::new();
    for round in 0.. {
        assert!(round < 5_000, "60 letters must leave; {} did", claims.len());
        let who = round % 2;
        // Some answers come at once, some after a while.
        let answered: Vec<Outcome> = in_hand
            .iter()
            .filter(|(since, w, claim)| *w == who && now.since(*since) >= Duration::seconds(claim.dispatch.key % 7))
            .map(|(_, _, claim)| Outcome { at: now, ..taken(claim, "ok") })
            .collect();
        in_hand.retain(|(_, _, claim)| !answered.iter().any(|o| o.key == claim.dispatch.key));
        let free = 4 - in_hand.iter().filter(|(_, w, _)| *w == who).count();
        let done = workers[who].take(&store, now, &answered, free).await;
        for letter in done.letters {
            claims.push((now, letter.letter.to[0].domain().to_owned()));
            in_hand.push((now, who, letter.claim));
        }
        if in_hand.is_empty() && claims.len() == 60 {
            break;
        }
        now = now.plus(Duration::milliseconds(700));
    }
    let (all, domain) = busiest(&claims);
    assert!(all <= 10 && domain <= 6, "{all} in a minute, {domain} to one domain");
    assert!(all >= 8, "and the pace is used");
}

async fn the_pace_holds_for_a_worker_whose_clock_is_wrong(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &many_missions_at_few_providers()).await;
    if store.dialect() == Dialect::Sqlite {
        // One machine, one clock.
        return;
    }
    let ceilings = Ceilings { per_minute: 5, per_domain_per_minute: 5 };
    let turns = Turns::of("w1", Some(ceilings));
    // Years behind the database's clock.
    let mut now = on_time();
    let first = turns.take(&store, now, &[], 10).await;
    assert_eq!(first.letters.len(), 5);
    now = now.plus(Duration::seconds(1));
    let outcomes: Vec<Outcome> = first.letters.iter().map(|l| Outcome { at: now, ..taken(&l.claim, "ok") }).collect();
    let second = turns.take(&store, now, &outcomes, 10).await;
    assert!(second.letters.is_empty(), "{} more in the same minute", second.letters.len());
    let wait = second.wait_until.unwrap().since(now);
    assert!(wait > Duration::seconds(50) && wait <= Duration::seconds(61), "the worker waits by its own clock: {wait}");
    assert_eq!(the(&store, "letter", first.letters[0].letter.dispatch.delegation.as_str()).await.sent_at, Some(now));
}
