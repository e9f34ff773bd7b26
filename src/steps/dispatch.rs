//! One turn at the outbox: outcomes in, claims out, in one transaction.
//!
//! Durability is paid by the flush, not by the row: a turn stores all outcomes that have come back together with the claims of
//! the next letters, and only when it has been committed are those handed to couriers. After a crash at most the letters in
//! hand are uncertain, one a connection.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::Duration;

use crate::adapters::mime;
use crate::adapters::store::{Claim, Due, DueNow, DueQuery, Look, Move, Outcome, Store, StoreError, Tx};
use crate::delivery::{Pause, retry};
use crate::outbox::gate::{self, Ruling};
use crate::outbox::neighbours::Floor;
use crate::outbox::{Dispatch, Event, Guard, Status};
use crate::ports::{Outgoing, Via};
use crate::schedule::pace::{Ceilings, MayStart, Window};
use crate::steps::pausing::{Sending, weigh};
use crate::vocabulary::{CampaignId, Digest, DispatchId, Instant, StateCode, Zone};

/// How this worker sends.
#[derive(Debug, Clone)]
pub struct Policy {
    /// This worker's name: unique among all that ever ran.
    pub worker: String,
    pub via: Via,
    /// `None`: files cost nobody anything.
    pub ceilings: Option<Ceilings>,
    /// Days between letters of two campaigns to one mission.
    pub min_days_between: u32,
    /// Letters leave over a server that is not on this machine.
    pub real_server: bool,
    /// How long a claim is good without being renewed.
    pub lease: Duration,
    /// The mailbox that answers are read from, by its name; `None`: they are entered by hand.
    pub mailbox: Option<String>,
}

/// What a turn starts from.
#[derive(Debug)]
pub struct TurnInput<'a> {
    pub now: Instant,
    pub outcomes: &'a [Outcome],
    /// Couriers without a letter.
    pub free: usize,
    /// Campaigns that send nothing for now.
    pub blocked: &'a [CampaignId],
    /// Letters that couriers have in hand, by row and fence: given where an earlier commit went unanswered.
    pub after_failed_commit: Option<&'a [(i64, i64)]>,
    /// Leases are to be made longer: that costs a statement, and a lease lasts many turns.
    pub renew: bool,
    /// In which zone each campaign's `Date` is written.
    pub zones: &'a BTreeMap<CampaignId, Zone>,
}

/// A letter to be handed over now. Its claim is durable.
#[derive(Debug, Clone)]
pub struct InHand {
    pub claim: Claim,
    pub letter: Outgoing,
    /// Which attempt it is, from 1.
    pub attempt: u32,
}

/// A dispatch that a turn moved without handing it over, or whose outcome it stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    pub id: DispatchId,
    pub to: Status,
    pub reason: Option<String>,
}

/// What came of a turn.
#[derive(Debug, Default)]
pub struct Turn {
    pub letters: Vec<InHand>,
    pub moved: Vec<Moved>,
    /// Outcomes whose claim was no longer ours: kept as evidence.
    pub too_late: Vec<DispatchId>,
    /// Letters are due, but the pace lets none leave before this instant.
    pub wait_until: Option<Instant>,
    /// Letters are due, but must wait for one that is in hand.
    pub wait_for_one: bool,
    /// Letters are due that leave only where nobody has answered: the mailbox is to be read first.
    pub read_mail: bool,
    /// Why nobody may try now, or one letter only: the mail server refuses us.
    pub pause: Option<Pause>,
}

/// Rows looked at in one query; each that is held or skipped makes room for another query.
const LOOK_AT: u64 = 64;

/// Stores outcomes and claims the next letters.
///
/// # Errors
/// When the database refuses. Nothing was stored then, or it is unknown whether it was; no letter may be handed over.
pub async fn turn(store: &Store, policy: &Policy, input: &TurnInput<'_>) -> Result<Turn, StoreError> {
    let tx = store.begin_turn().await?;
    let mut turn = Turn::default();
    let Look { mut at, breaker, ours } = tx.look(policy.via, input.outcomes, input.now).await?;
    let mut sending = weigh(&tx, policy.via, breaker, input.outcomes, at).await?;
    store_outcomes(&tx, policy, &sending.outcomes, &ours, at, &mut turn).await?;
    if let Some(in_hand) = input.after_failed_commit {
        tx.give_back_orphans(&policy.worker, in_hand, at).await?;
    }
    if input.renew {
        tx.renew_leases(&policy.worker, at.plus(policy.lease)).await?;
    }
    let (mut claims, mut messages) = (Vec::new(), Vec::new());
    if sending.free(input.free) > 0 {
        at = tx.take_turn(input.now).await?;
        sending.look_again(&tx, at).await?;
        let (chosen, bytes): (Vec<Dispatch>, Vec<Vec<u8>>) =
            choose(&tx, policy, input, &sending, at, &mut turn).await?.into_iter().unzip();
        messages = bytes;
        // The pace was counted by the clock of all workers; this one waits by its own.
        turn.wait_until = turn.wait_until.map(|until| input.now.plus(until.since(at)));
        claims = tx.claim(&chosen, &policy.worker, policy.via, at.plus(policy.lease), at)?;
        sending.note_claims(&tx, &claims, at).await?;
    }
    turn.pause = sending.into_pause();
    tx.commit().await?;
    turn.letters = claims.into_iter().zip(messages).map(|(claim, bytes)| in_hand(claim, &bytes, input, at)).collect();
    Ok(turn)
}

/// The answers came at `outcome.at` by this worker's clock; the pace counts by the clock of all workers, from `at`.
async fn store_outcomes(
    tx: &Tx,
    policy: &Policy,
    outcomes: &[Outcome],
    ours: &HashSet<(i64, i64)>,
    at: Instant,
    turn: &mut Turn,
) -> Result<(), StoreError> {
    tx.record_ours(outcomes, ours, &policy.worker, at).await?;
    let mut told = HashSet::new();
    for outcome in outcomes.iter().filter(|outcome| told.insert(outcome.claim())) {
        if ours.contains(&outcome.claim()) {
            let to = crate::outbox::transition::next(Status::Sending, outcome.event)?;
            turn.moved.push(Moved { id: outcome.id.clone(), to, reason: outcome.reason.clone() });
        } else {
            turn.too_late.push(outcome.id.clone());
        }
    }
    Ok(())
}

/// Judges due letters until every free courier has one, or none may leave.
async fn choose(
    tx: &Tx,
    policy: &Policy,
    input: &TurnInput<'_>,
    sending: &Sending<'_>,
    at: Instant,
    turn: &mut Turn,
) -> Result<Vec<(Dispatch, Vec<u8>)>, StoreError> {
    // By whichever clock is behind: nothing leaves early.
    let now = input.now.min(at);
    let free = sending.free(input.free);
    if free == 0 {
        return Ok(Vec::new());
    }
    let mut window = None;
    let mut chosen: Vec<(Dispatch, Vec<u8>)> = Vec::new();
    let mut full_domains: Vec<String> = Vec::new();
    let mut after = None;
    // Nearly all leave, so that hardly more are read than can; where many may not, they are read by and by.
    let mut limit = free as u64;
    let mut missions: HashMap<StateCode, CampaignId> = HashMap::new();
    loop {
        let query = DueQuery {
            now,
            limit,
            blocked: input.blocked,
            full_domains: &full_domains,
            after,
            neighbours_since: Floor::days(policy.min_days_between).begins(now),
            mailbox: policy.mailbox.as_deref(),
            counted_at: policy.ceilings.filter(|_| after.is_none()).map(|_| at),
        };
        let DueNow { letters: due, counted } = tx.due(&query).await?;
        if let (Some(ceilings), Some(counted)) = (policy.ceilings, counted) {
            window = Minute::near_a_ceiling(tx, ceilings, counted, free, at).await?;
        }
        // Fewer than were asked for: there are no others.
        let last = (due.len() as u64) < limit;
        limit = LOOK_AT;
        after = due.last().map(|due| (due.dispatch.next_at, due.dispatch.key)).or(after);
        if let Some(window) = &mut window {
            window.look_at(tx, &due).await?;
        }
        for due in due {
            let id = &due.dispatch.id;
            // Two campaigns, one mission, one turn: the second is judged when the first has been stored.
            if missions.get(&id.delegation).is_some_and(|campaign| *campaign != id.campaign) {
                turn.wait_for_one = true;
                continue;
            }
            let mut circumstances = due.circumstances.clone();
            circumstances.real_server = policy.real_server;
            circumstances.outage = sending.outage();
            let ruling = gate::judge(&due.dispatch, &circumstances, now);
            if ruling == Ruling::Wait {
                turn.wait_for_one = true;
                continue;
            }
            if ruling == Ruling::ReadMail {
                turn.read_mail = true;
                continue;
            }
            if ruling != Ruling::Leave {
                stop_one(tx, policy, &due.dispatch, &ruling, at, turn).await?;
                continue;
            }
            if let Some(damage) = damage(&due) {
                let advice = "run `demarche plan`, and look at who else writes to the database, and at the disk";
                let ruling = Ruling::Hold(Guard::Damaged, format!("{damage}; {advice}"));
                stop_one(tx, policy, &due.dispatch, &ruling, at, turn).await?;
                continue;
            }
            let Due { dispatch, message: Some(message), .. } = due else { continue };
            match may_start(&mut window, &dispatch) {
                MayStart::Now => {
                    missions.insert(dispatch.id.delegation, dispatch.id.campaign.clone());
                    chosen.push((dispatch, message));
                    if chosen.len() == free {
                        return Ok(chosen);
                    }
                }
                MayStart::At(instant) => {
                    turn.wait_until = Some(turn.wait_until.map_or(instant, |earlier| earlier.min(instant)));
                    note_full(&window, &dispatch, &mut full_domains);
                }
                MayStart::WhenOneEnds => {
                    turn.wait_for_one = true;
                    note_full(&window, &dispatch, &mut full_domains);
                }
            }
            if window.as_ref().is_some_and(|minute| minute.window.may_start([]) != MayStart::Now) {
                // The ceiling over all: nobody else may start either.
                if let Some(MayStart::At(instant)) = window.as_ref().map(|minute| minute.window.may_start([])) {
                    turn.wait_until = Some(turn.wait_until.map_or(instant, |earlier| earlier.max(instant)));
                } else {
                    turn.wait_for_one = true;
                }
                return Ok(chosen);
            }
        }
        if last {
            return Ok(chosen);
        }
    }
}

/// In what a letter is not what was approved: by its bytes, its envelope, its time or its approvals.
fn damage(due: &Due) -> Option<&'static str> {
    let dispatch = &due.dispatch;
    let approved = due.approvals_wanted.is_some_and(|wanted| due.approvals >= wanted.max(1));
    if due.message.as_deref().is_none_or(|bytes| Digest::of(bytes) != dispatch.digest) {
        Some("the stored bytes are not those that were approved")
    } else if !dispatch.is_sealed() {
        Some("its stored recipients, sender or time are not those that were approved")
    } else if !approved || dispatch.wish.plan_again || !dispatch.open_objections().is_empty() {
        Some("its stored approvals are not enough")
    } else {
        None
    }
}

/// What the ceilings count, as far as it has been read: all letters, and those to the domains that were asked for.
struct Minute {
    window: Window,
    at: Instant,
    read: HashSet<String>,
}

impl Minute {
    /// `None` where even all the couriers' letters together, whatever their domains, would stay below every ceiling.
    async fn near_a_ceiling(
        tx: &Tx,
        ceilings: Ceilings,
        counted: usize,
        free: usize,
        at: Instant,
    ) -> Result<Option<Self>, StoreError> {
        let most = counted.saturating_add(free);
        let lowest = ceilings.per_minute.min(ceilings.per_domain_per_minute);
        if most <= usize::try_from(lowest).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        Self::new(tx, ceilings, at).await.map(Some)
    }

    async fn new(tx: &Tx, ceilings: Ceilings, at: Instant) -> Result<Self, StoreError> {
        let mut window = Window::new(ceilings, at);
        // In this order: what another worker ends in between is counted twice, and not left out.
        tx.count_in_hand(&mut window).await?;
        tx.count_minute(&mut window, &[], true, at).await?;
        Ok(Self { window, at, read: HashSet::new() })
    }

    /// Reads what counts towards the ceilings of these letters' domains.
    async fn look_at(&mut self, tx: &Tx, due: &[Due]) -> Result<(), StoreError> {
        let domains = due.iter().flat_map(|due| due.dispatch.recipients.domains());
        let unread: Vec<String> = domains.filter(|domain| self.read.insert(domain.clone())).collect();
        tx.count_minute(&mut self.window, &unread, false, self.at).await
    }
}

fn may_start(minute: &mut Option<Minute>, dispatch: &Dispatch) -> MayStart {
    let domains = dispatch.recipients.domains();
    match minute {
        Some(minute) => minute.window.claim(domains.iter().map(String::as_str)),
        None => MayStart::Now,
    }
}

/// Domains at their ceiling are left out of the next query, so that they hide nobody behind them.
fn note_full(minute: &Option<Minute>, dispatch: &Dispatch, full: &mut Vec<String>) {
    let Some(Minute { window, .. }) = minute else { return };
    for domain in dispatch.recipients.domains() {
        if window.may_start([domain.as_str()]) != MayStart::Now && !full.contains(&domain) {
            full.push(domain);
        }
    }
}

async fn stop_one(
    tx: &Tx,
    policy: &Policy,
    dispatch: &Dispatch,
    ruling: &Ruling,
    at: Instant,
    turn: &mut Turn,
) -> Result<(), StoreError> {
    let event = match ruling {
        Ruling::Hold(..) => Event::Hold,
        Ruling::Skip(_) => Event::Skip,
        Ruling::Miss(_) | Ruling::Leave | Ruling::Wait | Ruling::ReadMail => Event::Miss,
    };
    let mut moves = Move::new(dispatch, event, &policy.worker, at);
    moves.reason = ruling.reason();
    let reason = moves.reason.clone();
    let to = tx.apply(&moves).await?;
    turn.moved.push(Moved { id: dispatch.id.clone(), to, reason });
    Ok(())
}

/// `at` is the time of the claim, by which the copy of the letter is dated too.
fn in_hand(claim: Claim, message: &[u8], input: &TurnInput<'_>, at: Instant) -> InHand {
    let dispatch = &claim.dispatch;
    let attempt = dispatch.attempts + 1;
    let tried_since = dispatch.tried_since.unwrap_or(input.now);
    let zone = input.zones.get(&dispatch.id.campaign).copied().unwrap_or(Zone::GENEVA);
    let letter = Outgoing {
        dispatch: dispatch.id.clone(),
        sender: dispatch.sender.clone(),
        to: dispatch.recipients.to.clone(),
        cc: dispatch.recipients.cc.clone(),
        message: Arc::from(mime::with_date(message, at, zone)),
        last_try: retry::Window { since: tried_since, give_up: dispatch.rules.give_up }.is_last(attempt, input.now),
    };
    InHand { letter, attempt, claim }
}
