//! A rehearsal: the whole campaign in simulated time, through the same planner, letters, outbox and worker, into a folder.

mod transcript;

use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::Duration;

use crate::adapters::clock::SimulatedClock;
use crate::adapters::files::FilesMailer;
use crate::adapters::store::{DispatchFilter, Location, Store, StoreError};
use crate::config::sections::campaign::CampaignFile;
use crate::config::sections::rehearsal::SampleAnswer;
use crate::config::workspace::{Snapshot, Workspace};
use crate::outbox::{Dispatch, Status, Via};
use crate::ports::Clock as _;
use crate::responses::NewEntry;
use crate::schedule::Ceilings;
use crate::steps::approve::{approve, propose};
use crate::steps::dispatch::{Moved, Policy};
use crate::steps::plan::{PlanError, PlanRequest, Planned, plan};
use crate::steps::record::add_entry;
use crate::vocabulary::{Day, Instant, TimeOfDay};
use crate::worker::files_watch::Files;
use crate::worker::round::{OnMove, State};
use crate::worker::{Stop, Worker};

pub use transcript::Event;

/// Made the same every time, so that two rehearsals of the same files write the same letters.
const SECRET: &str = "rehearsal";

/// The plan is made and approved that long before the first letter.
const BEFORE_THE_FIRST: i64 = 28;

/// What a rehearsal needs to know besides the campaign.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    pub workspace: &'a Workspace,
    pub file: &'a CampaignFile,
    /// An empty folder.
    pub out: &'a Path,
    pub ceilings: Ceilings,
    pub min_days_between: u32,
}

/// What a rehearsal showed.
#[derive(Debug)]
pub struct Rehearsed {
    pub transcript: String,
    pub dispatches: Vec<Dispatch>,
    pub events: usize,
}

/// Files of a rehearsal are read once.
#[derive(Debug)]
struct NoEdits;

impl Files for NoEdits {
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }
}

/// An answer that will come, once its letter has left.
struct Pending<'a> {
    answer: &'a SampleAnswer,
    at: Option<Instant>,
}

/// Plays the campaign from four weeks before its first letter to its last milestone.
///
/// # Errors
/// Problems of the files, or of the folder.
pub async fn rehearse(rehearsal: &Rehearsal<'_>, mut progress: impl FnMut(Day)) -> Result<Rehearsed, PlanError> {
    let campaign = &rehearsal.file.campaign;
    let store = Store::open(&Location::Sqlite(rehearsal.out.join("demarche.db"))).await?;
    let zone = campaign.zone;
    let (start, end) = first_and_last(rehearsal).await?;
    let clock = SimulatedClock::starting_at(start);
    store.set_secret(SECRET, start).await?;
    let mut events: Vec<(Instant, Event)> = Vec::new();

    let request =
        PlanRequest { workspace: rehearsal.workspace, file: rehearsal.file, by: "rehearsal", now: start, dry: false };
    let planned = plan(&store, &request).await?;
    events.push((start, Event::planned(&planned)));
    approve_all(rehearsal, &store, &clock, &mut events).await?;
    for (_, milestone, _) in &planned.drafted.dates {
        if let Some(at) = TimeOfDay::new(0, 0).and_then(|midnight| zone.instant(milestone.day, midnight).ok()) {
            let event = Event::Milestone { title: milestone.title.clone() };
            if !events.contains(&(at, event.clone())) {
                events.push((at, event));
            }
        }
    }

    let moves: Arc<Mutex<Vec<(Instant, Moved)>>> = Arc::default();
    let mut worker = worker(rehearsal, &store, &clock, Arc::clone(&moves));
    let mut pending: Vec<Pending<'_>> = sample_answers(rehearsal);
    while clock.now() <= end {
        worker.round().await?;
        schedule_answers(&store, &mut pending).await?;
        let due: Vec<usize> =
            (0..pending.len()).filter(|i| pending[*i].at.is_some_and(|at| at <= clock.now())).collect();
        for index in due.into_iter().rev() {
            let answer = pending.remove(index).answer;
            record(&store, answer, clock.now()).await?;
            events.push((clock.now(), Event::answered(answer)));
        }
        match next_event(&store, &pending, clock.now()).await? {
            Some(at) => clock.advance_to(at),
            None => break,
        }
        progress(zone.day_of(clock.now()));
    }
    if let Ok(moves) = moves.lock() {
        events.extend(moves.iter().map(|(at, moved)| (*at, Event::Moved(moved.clone()))));
    }
    let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() };
    let dispatches = store.dispatches(&filter).await?;
    let count = events.len();
    let transcript = transcript::write(rehearsal, &planned, events, &dispatches, (start, end));
    Ok(Rehearsed { transcript, dispatches, events: count })
}

/// When the play begins and ends. A dry plan says when the first letter leaves.
async fn first_and_last(rehearsal: &Rehearsal<'_>) -> Result<(Instant, Instant), PlanError> {
    let store = Store::in_memory().await?;
    let request = PlanRequest {
        workspace: rehearsal.workspace,
        file: rehearsal.file,
        by: "rehearsal",
        now: Instant::from_millis(0),
        dry: true,
    };
    let Planned { drafted, .. } = plan(&store, &request).await?;
    let first = drafted.dates.iter().map(|(_, _, due)| due.at).min().unwrap_or(Instant::from_millis(0));
    let start = first.minus(Duration::days(BEFORE_THE_FIRST));
    let last_due = drafted.dates.iter().map(|(_, _, due)| due.at).max().unwrap_or(first);
    let zone = rehearsal.file.campaign.zone;
    let last_day = drafted.dates.iter().map(|(_, milestone, _)| milestone.day).max();
    let evening = TimeOfDay::new(23, 59);
    let last_day = last_day.zip(evening).and_then(|(day, at)| zone.instant(day, at).ok()).unwrap_or(last_due);
    Ok((start, last_day.max(last_due.plus(Duration::days(7)))))
}

/// As many approvers of different organisations as the campaign asks for, an hour apart.
async fn approve_all(
    rehearsal: &Rehearsal<'_>,
    store: &Store,
    clock: &SimulatedClock,
    events: &mut Vec<(Instant, Event)>,
) -> Result<(), StoreError> {
    let campaign = &rehearsal.file.campaign;
    let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() };
    let mut organisations = Vec::new();
    for approver in &campaign.approvers {
        if organisations.len() == campaign.approvals || organisations.contains(&&approver.organisation) {
            continue;
        }
        organisations.push(&approver.organisation);
        clock.advance_to(clock.now().plus(Duration::hours(1)));
        let proposal = propose(store, &filter, approver, &crate::campaign::Doubts::default()).await?;
        let done = approve(store, &proposal, campaign.approvals, &approver.name, None, clock.now()).await?;
        events.push((
            clock.now(),
            Event::Approved { approver: approver.clone(), letters: done.given, complete: done.complete },
        ));
    }
    Ok(())
}

fn worker(
    rehearsal: &Rehearsal<'_>,
    store: &Store,
    clock: &SimulatedClock,
    moves: Arc<Mutex<Vec<(Instant, Moved)>>>,
) -> Worker<SimulatedClock, FilesMailer, NoEdits> {
    let told = clock.clone();
    let on_move = move |moved: &Moved| {
        if let Ok(mut moves) = moves.lock() {
            moves.push((told.now(), moved.clone()));
        }
    };
    Worker {
        store: store.clone(),
        clock: clock.clone(),
        mailer: FilesMailer { directory: rehearsal.out.join("outgoing") },
        files: NoEdits,
        settings: None,
        journal: None,
        policy: Policy {
            worker: "rehearsal-worker".to_owned(),
            via: Via::Files,
            // Time costs nothing here, so the pace is shown as it would be.
            ceilings: Some(rehearsal.ceilings),
            min_days_between: rehearsal.min_days_between,
            real_server: false,
            lease: Duration::days(1),
            mailbox: None,
        },
        connections: 4,
        stop: Stop::default(),
        on_move: OnMove(Box::new(on_move)),
        state: State::default(),
    }
}

fn sample_answers<'a>(rehearsal: &Rehearsal<'a>) -> Vec<Pending<'a>> {
    let own = rehearsal.workspace.sample_answers.iter().filter(|a| a.campaign == rehearsal.file.campaign.id);
    own.map(|answer| Pending { answer, at: None }).collect()
}

/// An answer comes so long after its letter was sent.
async fn schedule_answers(store: &Store, pending: &mut [Pending<'_>]) -> Result<(), StoreError> {
    for waiting in pending.iter_mut().filter(|p| p.at.is_none()) {
        let filter = DispatchFilter {
            campaign: Some(waiting.answer.campaign.clone()),
            step: Some(waiting.answer.step.clone()),
            delegations: vec![waiting.answer.delegation],
            status: Some(Status::Sent),
            keys: None,
        };
        let sent = store.dispatches(&filter).await?.first().and_then(|d| d.sent_at);
        waiting.at = sent.map(|at| at.plus(waiting.answer.after));
    }
    Ok(())
}

async fn record(store: &Store, answer: &SampleAnswer, now: Instant) -> Result<(), StoreError> {
    let entry = NewEntry {
        at: now,
        campaign: Some(answer.campaign.clone()),
        delegation: Some(answer.delegation),
        dispatch: None,
        kind: answer.kind,
        stance: answer.stance,
        ask: answer.ask.clone(),
        from: answer.from.clone(),
        subject: None,
        text: Some(answer.text.clone()),
        matched_by: "by-hand",
        confidence: "certain",
        attachments: Vec::new(),
        message: None,
        corrects: None,
        by: "rehearsal".to_owned(),
    };
    add_entry(store, entry, now).await.map(drop)
}

/// The next moment at which anything can happen.
async fn next_event(store: &Store, pending: &[Pending<'_>], now: Instant) -> Result<Option<Instant>, StoreError> {
    let letters = store.next_leaving(now).await?;
    let answers = pending.iter().filter_map(|p| p.at);
    Ok(letters.into_iter().chain(answers).filter(|at| *at > now).min())
}
