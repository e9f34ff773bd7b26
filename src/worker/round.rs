//! A round: turns at the outbox until nothing more can leave now.

use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

use chrono::Duration;
use tokio::task::{JoinError, JoinSet};

use super::clock_watch::ClockWatch;
use super::files_watch::{self, Files};
use super::stop::Stop;
use crate::adapters::journal::{Answered, Journal};
use crate::adapters::store::{Outcome, Store, StoreError};
use crate::delivery::conclusion::{Attempt, conclude};
use crate::delivery::remembrance::Ended;
use crate::delivery::{Class, Pause, Verdict};
use crate::outbox::Status;
use crate::ports::{Clock, Courier, Mailer};
use crate::steps::dispatch::{InHand, Moved, Policy, Turn, TurnInput, turn};
use crate::vocabulary::{CampaignId, Digest, DispatchId, Instant, Zone};

/// How long letters in hand may take once somebody has asked to stop (contract, section 8).
const GRACE: StdDuration = StdDuration::from_secs(10);

/// How often the files are looked at again within one round.
const LOOK_AT_FILES: i64 = 5;

/// Moves that a report names one by one; of what comes after, how many.
const REMEMBERED: usize = 10_000;

/// How often the machine's clock is looked at while letters wait for the pace. Unit: seconds.
const LOOK_AT_CLOCK: i64 = 15;

/// How often leases are made longer, whatever else a turn does: a quarter of what they last.
const RENEW_LEASES: StdDuration = StdDuration::from_secs(15);

/// How long the database may be out of reach before a round ends.
const PATIENCE: i64 = 30;

/// Sends what is due. One worker has at most as many letters in hand as it has couriers.
#[derive(Debug)]
pub struct Worker<C, M: Mailer, F> {
    pub store: Store,
    pub clock: C,
    pub mailer: M,
    pub files: F,
    /// `config/demarche.toml` as it was when the worker started.
    pub settings: Option<Digest>,
    /// Where letters go to a mail server: what was handed over, remembered beside the database.
    pub journal: Option<Journal>,
    pub policy: Policy,
    /// Couriers, and so letters in hand, at once.
    pub connections: usize,
    pub stop: Stop,
    /// Told of every dispatch that moves, as it moves.
    pub on_move: OnMove,
    pub state: State,
}

/// A listener to moves.
pub struct OnMove(pub Box<dyn Fn(&Moved) + Send + Sync>);

impl std::fmt::Debug for OnMove {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnMove")
    }
}

/// What a worker remembers from round to round; the truth is in the database.
#[derive(Debug, Default)]
pub struct State {
    /// Since when sending pauses, as far as has been told.
    paused_since: Option<Instant>,
    /// Outcomes that a round which ended in an error could not store. Without them the next round would take their letters
    /// for claims that nobody handed over, and send them again.
    unrecorded: Vec<Outcome>,
    /// Whether that round's last commit went unanswered.
    commit_failed: bool,
    /// Answers that the journal does not hold yet.
    pub(super) unwritten: Vec<Answered>,
    watch: ClockWatch,
}

impl State {
    /// Of a worker whose clock is judged by what `watch` remembers.
    pub fn watching(watch: ClockWatch) -> Self {
        Self { watch, ..Self::default() }
    }
}

/// What a round did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The first that moved, in their order: a worker that runs for a year remembers no more of them than one that runs for a day.
    pub moved: Vec<Moved>,
    /// How many moved to each status, all of them.
    pub counts: BTreeMap<Status, usize>,
    /// Campaigns that sent nothing because their files changed, and which file.
    pub blocked: BTreeMap<CampaignId, String>,
    /// Outcomes that came when the claim was no longer ours.
    pub too_late: Vec<DispatchId>,
    /// Sending pauses: the mail server refuses us.
    pub pause: Option<Pause>,
    /// Letters wait for the mailbox to be read.
    pub read_mail: bool,
    /// Why the clock is in doubt, and nothing leaves, if it is.
    pub clock: Option<String>,
}

impl Report {
    pub fn count(&self, status: Status) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// How many moved.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    fn note(&mut self, moved: &[Moved]) {
        for one in moved {
            *self.counts.entry(one.to).or_default() += 1;
        }
        let room = REMEMBERED.saturating_sub(self.moved.len());
        self.moved.extend(moved.iter().take(room).cloned());
    }

    /// What another round did, behind what this one says.
    pub fn add(&mut self, round: Self) {
        for (status, n) in round.counts {
            *self.counts.entry(status).or_default() += n;
        }
        let room = REMEMBERED.saturating_sub(self.moved.len());
        self.moved.extend(round.moved.into_iter().take(room));
        self.too_late.extend(round.too_late);
        self.blocked = round.blocked;
        self.pause = round.pause;
        self.read_mail = round.read_mail;
        self.clock = round.clock;
    }
}

/// What goes on while a round lasts.
struct Desk<M: Mailer> {
    idle: Vec<M::Courier>,
    out: JoinSet<Returned<M::Courier>>,
    /// By the task that carries it, so that a task that dies is not a letter that is forgotten.
    in_hand: BTreeMap<tokio::task::Id, InHand>,
    outcomes: Vec<Outcome>,
    commit_failed: bool,
    /// How long the last turn took, its commit included.
    turn_took: StdDuration,
    /// When leases were last made longer.
    renewed: tokio::time::Instant,
    looked_at_files: Option<Instant>,
    blocked: Vec<CampaignId>,
}

struct Returned<K> {
    courier: K,
    verdict: Verdict,
}

impl<C: Clock, M: Mailer, F: Files> Worker<C, M, F> {
    /// Letters in hand of workers that are gone become uncertain. Call it before the first round, with the lock held.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn recover(&self) -> Result<Vec<DispatchId>, StoreError> {
        let tx = self.store.begin().await?;
        let at = tx.take_turn(self.clock.now()).await?;
        let lost = tx.lose_abandoned(&self.policy.worker, at).await?;
        tx.forget_old_pace(at).await?;
        tx.commit().await?;
        for id in &lost {
            tracing::warn!(dispatch = %id, "uncertain: the worker that had it in hand is gone; settle it with `demarche settle`");
        }
        Ok(lost)
    }

    /// Sends until nothing more can leave now: letters wait for the pace within the round, for retries outside of it.
    ///
    /// # Errors
    /// When the database stays out of reach. What became of letters in hand is then stored by the next round; should there be
    /// none, they are `sending`, and uncertain at the next start.
    pub async fn round(&mut self) -> Result<Report, StoreError> {
        self.trust().await?;
        let mut report = Report::default();
        let zones: BTreeMap<CampaignId, Zone> =
            self.store.plans().await?.into_iter().map(|plan| (plan.campaign, plan.zone)).collect();
        let mut desk = Desk::<M> {
            idle: Vec::new(),
            out: JoinSet::new(),
            in_hand: BTreeMap::new(),
            outcomes: std::mem::take(&mut self.state.unrecorded),
            commit_failed: std::mem::take(&mut self.state.commit_failed),
            turn_took: StdDuration::ZERO,
            renewed: tokio::time::Instant::now(),
            looked_at_files: None,
            blocked: Vec::new(),
        };
        let mut trouble_since: Option<Instant> = None;
        loop {
            match self.one_turn(&mut desk, &zones, &mut report).await {
                Ok(done) => {
                    trouble_since = None;
                    if !self.go_on(&mut desk, &done).await? {
                        break;
                    }
                }
                Err(error) => {
                    // Cannot record means cannot send: nothing is handed out, and what came back is kept until it is stored.
                    desk.commit_failed = true;
                    let now = self.clock.now();
                    let since = *trouble_since.get_or_insert(now);
                    if now.since(since) >= Duration::seconds(PATIENCE) || self.stop.is_asked() {
                        self.give_up(desk, &zones, &error).await?;
                        return Err(error);
                    }
                    if since == now {
                        tracing::error!(cause = %error.root(), "the database refuses; nothing is sent meanwhile");
                    }
                    self.wait_until_or_stop(now.plus(Duration::seconds(1))).await;
                }
            }
        }
        for mut courier in desk.idle {
            courier.close().await;
        }
        self.tell_how_far().await;
        Ok(report)
    }

    async fn one_turn(
        &mut self,
        desk: &mut Desk<M>,
        zones: &BTreeMap<CampaignId, Zone>,
        report: &mut Report,
    ) -> Result<Turn, StoreError> {
        // Whether the database is there or not.
        let flush = self.note_answers()?;
        let begun = tokio::time::Instant::now();
        let done = self.take_turn(desk, zones, report).await;
        self.noted(flush).await?;
        let done = done?;
        desk.turn_took = begun.elapsed();
        self.hand_on(desk, report, done, begun)
    }

    /// Stores what came back and claims what may leave.
    async fn take_turn(
        &mut self,
        desk: &mut Desk<M>,
        zones: &BTreeMap<CampaignId, Zone>,
        report: &mut Report,
    ) -> Result<(Instant, Turn), StoreError> {
        if desk.commit_failed {
            self.trust().await?;
        }
        report.clock = self.state.watch.look(&self.clock, &self.store).await?;
        let now = self.clock.now();
        let stopping = self.stop.is_asked();
        if !stopping && desk.looked_at_files.is_none_or(|at| now.since(at) >= Duration::seconds(LOOK_AT_FILES)) {
            let changed = files_watch::changed_campaigns(&self.store, &self.files, self.settings).await?;
            desk.blocked = changed.keys().cloned().collect();
            report.blocked = changed;
            desk.looked_at_files = Some(now);
        }
        let in_hand: Vec<(i64, i64)> = desk.in_hand.values().map(|l| (l.claim.dispatch.key, l.claim.fence)).collect();
        let free =
            if stopping || report.clock.is_some() { 0 } else { self.connections.saturating_sub(desk.in_hand.len()) };
        let input = TurnInput {
            now,
            outcomes: &desk.outcomes,
            free,
            blocked: &desk.blocked,
            renew: desk.renewed.elapsed() >= RENEW_LEASES,
            after_failed_commit: desk.commit_failed.then_some(in_hand.as_slice()),
            zones,
        };
        Ok((now, turn(&self.store, &self.policy, &input).await?))
    }

    /// The turn is durable: tells of it, and hands out the letters that it claimed.
    fn hand_on(
        &mut self,
        desk: &mut Desk<M>,
        report: &mut Report,
        (now, done): (Instant, Turn),
        begun: tokio::time::Instant,
    ) -> Result<Turn, StoreError> {
        desk.outcomes.clear();
        desk.commit_failed = false;
        if begun.duration_since(desk.renewed) >= RENEW_LEASES {
            desk.renewed = begun;
        }
        for moved in &done.moved {
            (self.on_move.0)(moved);
        }
        report.note(&done.moved);
        report.too_late.extend(done.too_late.iter().cloned());
        report.read_mail = done.read_mail;
        report.pause.clone_from(&done.pause);
        self.tell_of_a_pause(done.pause.as_ref());
        self.note_claims(&done.letters).inspect_err(|_| desk.commit_failed = true)?;
        // A machine that slept, or a worker that was frozen, between the claim and here may have lost its claims: they are not
        // handed over, and the next turn gives back those that are still ours. The hour may have been set back meanwhile.
        let lease = self.policy.lease;
        if self.clock.now() >= now.plus(lease) || Duration::from_std(begun.elapsed()).is_ok_and(|took| took >= lease) {
            desk.commit_failed = true;
        } else {
            self.hand_out(desk, &done.letters);
        }
        Ok(done)
    }

    fn hand_out(&self, desk: &mut Desk<M>, letters: &[InHand]) {
        for letter in letters {
            let mut courier = desk.idle.pop().unwrap_or_else(|| self.mailer.courier());
            let outgoing = letter.letter.clone();
            let task = desk.out.spawn(async move {
                let verdict = courier.hand_over(&outgoing).await;
                Returned { courier, verdict }
            });
            desk.in_hand.insert(task.id(), letter.clone());
        }
    }

    /// Waits for what the turn showed to come next. `false`: the round is over.
    async fn go_on(&mut self, desk: &mut Desk<M>, done: &Turn) -> Result<bool, StoreError> {
        if desk.in_hand.is_empty() {
            if !desk.outcomes.is_empty() || desk.commit_failed {
                return Ok(true);
            }
            if self.stop.is_asked() {
                return Ok(false);
            }
            return Ok(match done.wait_until {
                Some(at) => {
                    // The clock of a machine may be set meanwhile: the next turn looks at it.
                    let look = self.clock.up().map(|_| self.clock.now().plus(Duration::seconds(LOOK_AT_CLOCK)));
                    self.wait_until_or_stop(look.map_or(at, |look| look.min(at))).await;
                    true
                }
                // What was held or put off made room: others may be due behind it.
                None => !done.moved.is_empty(),
            });
        }
        if self.stop.is_asked() {
            self.finish_what_is_in_hand(desk).await?;
            return Ok(!desk.outcomes.is_empty());
        }
        tokio::select! {
            () = self.stop.asked() => {}
            // Leases are renewed by the next turn, whatever it does besides.
            () = tokio::time::sleep_until(desk.renewed + RENEW_LEASES) => {}
            returned = desk.out.join_next_with_id() => {
                if let Some(returned) = returned {
                    self.take_back(desk, returned);
                }
            }
        }
        self.gather(desk).await;
        Ok(true)
    }

    /// Answers that come close together are stored in one turn: a turn costs more than a letter, and its flush more than both. Nobody
    /// is waited for longer than half of what the last turn took.
    async fn gather(&mut self, desk: &mut Desk<M>) {
        const SHORT: StdDuration = StdDuration::from_millis(1);
        let until = tokio::time::Instant::now() + (desk.turn_took / 2).clamp(SHORT, SHORT * 20);
        loop {
            while let Some(returned) = desk.out.try_join_next_with_id() {
                self.take_back(desk, returned);
            }
            if desk.in_hand.is_empty() {
                return;
            }
            match tokio::time::timeout_at(until, desk.out.join_next_with_id()).await {
                Ok(Some(returned)) => self.take_back(desk, returned),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// The round ends in an error: answers that come within the grace are kept until a later round stores them.
    async fn give_up(
        &mut self,
        mut desk: Desk<M>,
        zones: &BTreeMap<CampaignId, Zone>,
        error: &StoreError,
    ) -> Result<(), StoreError> {
        self.finish_what_is_in_hand(&mut desk).await?;
        // Where only the journal refuses, the database still takes what is known: what was answered, and that nobody was told of
        // the rest. Else a person would have to settle it.
        if matches!(error, StoreError::Journal(_)) && self.store_what_is_known(&desk, zones).await.is_ok() {
            desk.outcomes.clear();
        }
        self.state.unrecorded = desk.outcomes;
        self.state.commit_failed = true;
        for mut courier in desk.idle {
            courier.close().await;
        }
        Ok(())
    }

    /// The outcomes that have come, and which letters were claimed but handed to nobody.
    async fn store_what_is_known(&self, desk: &Desk<M>, zones: &BTreeMap<CampaignId, Zone>) -> Result<(), StoreError> {
        let input = TurnInput {
            now: self.clock.now(),
            outcomes: &desk.outcomes,
            free: 0,
            blocked: &desk.blocked,
            renew: false,
            after_failed_commit: Some(&[]),
            zones,
        };
        for moved in &turn(&self.store, &self.policy, &input).await?.moved {
            (self.on_move.0)(moved);
        }
        Ok(())
    }

    /// What has an answer is stored; what has none within the grace is uncertain.
    async fn finish_what_is_in_hand(&mut self, desk: &mut Desk<M>) -> Result<(), StoreError> {
        let deadline = tokio::time::Instant::now() + GRACE;
        while !desk.in_hand.is_empty() {
            match tokio::time::timeout_at(deadline, desk.out.join_next_with_id()).await {
                Ok(Some(returned)) => self.take_back(desk, returned),
                Ok(None) | Err(_) => break,
            }
        }
        if desk.in_hand.is_empty() {
            return Ok(());
        }
        desk.out.abort_all();
        let at = self.clock.now();
        let unanswered = std::mem::take(&mut desk.in_hand);
        for letter in unanswered.into_values() {
            let cause =
                if self.stop.is_asked() { "the worker was asked to stop" } else { "the database was out of reach" };
            let why = format!("{cause}, and no answer came within 10 s");
            desk.outcomes.push(self.outcome(&letter, Verdict::Unknown { why, recipients: Vec::new() }, at));
        }
        Ok(())
    }

    fn take_back(&mut self, desk: &mut Desk<M>, returned: Result<(tokio::task::Id, Returned<M::Courier>), JoinError>) {
        let (id, verdict) = match returned {
            Ok((id, Returned { courier, verdict })) => {
                desk.idle.push(courier);
                (id, verdict)
            }
            // A courier that died may have said anything before.
            Err(died) => {
                (died.id(), Verdict::Unknown { why: "the courier died on the way".to_owned(), recipients: Vec::new() })
            }
        };
        let Some(letter) = desk.in_hand.remove(&id) else { return };
        let at = self.clock.now();
        desk.outcomes.push(self.outcome(&letter, verdict, at));
    }

    fn outcome(&mut self, letter: &InHand, verdict: Verdict, at: Instant) -> Outcome {
        let dispatch = &letter.claim.dispatch;
        self.state.unwritten.push(Answered {
            dispatch: dispatch.id.clone(),
            message_id: dispatch.message_id.clone(),
            fence: letter.claim.fence,
            ended: Ended::of(&verdict, at),
        });
        let attempt = Attempt {
            id: &dispatch.id,
            number: letter.attempt,
            tried_since: dispatch.tried_since.unwrap_or(at),
            give_up: dispatch.rules.give_up,
            class_before: dispatch.reason.as_deref().and_then(Class::of_reason),
            now: at,
        };
        let conclusion = conclude(&attempt, &verdict);
        Outcome {
            id: dispatch.id.clone(),
            key: dispatch.key,
            fence: letter.claim.fence,
            verdict,
            event: conclusion.event,
            reason: conclusion.reason,
            next_at: conclusion.next_at,
            at,
        }
    }

    /// Once when it begins, and once when it is over.
    fn tell_of_a_pause(&mut self, pause: Option<&Pause>) {
        let since = pause.map(|pause| pause.since);
        if self.state.paused_since == since {
            return;
        }
        match pause {
            Some(Pause { class, words, until, .. }) => {
                tracing::error!(%class, why = %words, %until, "the mail server refuses us: sending pauses");
            }
            None => tracing::info!("the mail server takes letters: sending goes on"),
        }
        self.state.paused_since = since;
    }

    async fn wait_until_or_stop(&self, until: Instant) {
        tokio::select! {
            () = self.stop.asked() => {}
            () = self.clock.wait_until(until) => {}
        }
    }
}
