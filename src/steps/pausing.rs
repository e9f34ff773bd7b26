//! The server's verdicts are weighed where they are stored: it may refuse us, and then nobody is to try.

use std::borrow::Cow;

use chrono::Duration;

use crate::adapters::store::{Claim, DispatchFilter, Outcome, Store, StoreError, Tx};
use crate::config::sections::installation::Mode;
use crate::config::workspace::Workspace;
use crate::delivery::breaker::{Breaker, Gate, Hand, Met, Pause};
use crate::delivery::conclusion::{Conclusion, spare};
use crate::delivery::retry::Window;
use crate::outbox::{Event, Outage, Via};
use crate::report::PauseNotice;
use crate::vocabulary::Instant;

/// How long one letter may be on trial before another may be: longer than a server may take for its last answer, which is 10 minutes
/// (RFC 5321, 4.5.3.2.6).
const TRIAL: Duration = Duration::minutes(15);

/// Whether letters may leave in this turn.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The turn's outcomes, as they are to be stored: none is refused for good for our sake.
    pub outcomes: Cow<'a, [Outcome]>,
    via: Via,
    gate: Gate,
    breaker: Breaker,
}

/// Weighs the outcomes that have come back, in the transaction that stores them, by the breaker as it was found.
///
/// # Errors
/// When the database refuses.
pub async fn weigh<'a>(
    tx: &Tx,
    via: Via,
    mut breaker: Breaker,
    outcomes: &'a [Outcome],
    at: Instant,
) -> Result<Sending<'a>, StoreError> {
    let nothing_amiss = breaker.row.is_empty() && breaker.pause.is_none() && outcomes.iter().all(is_taken);
    let mut outcomes = Cow::Borrowed(outcomes);
    if !nothing_amiss {
        breaker = tx.breaker_to_change(via).await?;
        let before = breaker.clone();
        for outcome in outcomes.iter() {
            breaker.note(&met(outcome), at);
        }
        if breaker != before {
            tx.keep_breaker(via, &breaker).await?;
        }
        outcomes = spared(tx, &breaker, outcomes, at).await?;
    }
    Ok(Sending { outcomes, via, gate: breaker.gate(at), breaker })
}

fn is_taken(outcome: &Outcome) -> bool {
    outcome.event == Event::Taken
}

fn met(outcome: &Outcome) -> Met<'_> {
    Met {
        hand: Hand { key: outcome.key, fence: outcome.fence },
        delegation: outcome.id.delegation,
        verdict: &outcome.verdict,
    }
}

/// What would be refused for good, though the server refuses us, is not.
async fn spared<'a>(
    tx: &Tx,
    breaker: &Breaker,
    outcomes: Cow<'a, [Outcome]>,
    at: Instant,
) -> Result<Cow<'a, [Outcome]>, StoreError> {
    let Some(pause) = &breaker.pause else { return Ok(outcomes) };
    let ours = |outcome: &Outcome| outcome.event == Event::Refuse && breaker.blames_us(&outcome.verdict);
    let keys: Vec<i64> = outcomes.iter().filter(|outcome| ours(outcome)).map(|outcome| outcome.key).collect();
    if keys.is_empty() {
        return Ok(outcomes);
    }
    let rows = tx.dispatches(&DispatchFilter { keys: Some(keys), ..DispatchFilter::default() }).await?;
    let mut outcomes = outcomes.into_owned();
    for outcome in outcomes.iter_mut().filter(|outcome| ours(outcome)) {
        let Some(row) = rows.iter().find(|row| row.key == outcome.key) else { continue };
        let window = Window { since: row.tried_since.unwrap_or(outcome.at), give_up: row.rules.give_up };
        // The pause is counted by the clock of all workers, the letter's next try by this one's.
        let again = outcome.at.plus(pause.until.since(at));
        let Conclusion { event, reason, next_at } = spare(&outcome.verdict, &window, again);
        (outcome.event, outcome.reason, outcome.next_at) = (event, reason, next_at);
    }
    Ok(Cow::Owned(outcomes))
}

impl Sending<'_> {
    /// How many letters may leave now, where `free` could be carried.
    pub fn free(&self, free: usize) -> usize {
        match self.gate {
            Gate::All => free,
            Gate::One => free.min(1),
            Gate::Nobody => 0,
        }
    }

    /// Once one worker at a time claims: another one may have sent out the letter that is to be tried.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look_again(&mut self, tx: &Tx, at: Instant) -> Result<(), StoreError> {
        if self.gate == Gate::One {
            self.breaker = tx.breaker_to_change(self.via).await?;
            self.gate = self.breaker.gate(at);
        }
        Ok(())
    }

    /// While sending pauses, the letter that has been claimed is the one that is tried.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_claims(&mut self, tx: &Tx, claims: &[Claim], at: Instant) -> Result<(), StoreError> {
        if let (Gate::One, Some(claim)) = (self.gate, claims.first()) {
            self.breaker.begin_trial(Hand { key: claim.dispatch.key, fence: claim.fence }, at.plus(TRIAL));
            tx.keep_breaker(self.via, &self.breaker).await?;
        }
        Ok(())
    }

    pub fn outage(&self) -> Option<Outage> {
        self.breaker.outage()
    }

    pub fn into_pause(self) -> Option<Pause> {
        self.breaker.pause
    }
}

/// Whether, and why, sending pauses now, by the way that the installation sends.
///
/// # Errors
/// When the database refuses.
pub async fn pause_of(store: &Store, workspace: &Workspace) -> Result<Option<PauseNotice>, StoreError> {
    let Some(installation) = &workspace.installation else { return Ok(None) };
    let via = match installation.delivery.mode {
        Mode::Files => Via::Files,
        Mode::Smtp => Via::Smtp,
    };
    Ok(store.pause(via).await?.as_ref().map(PauseNotice::of))
}

/// A person has looked, and wants the next letter tried without waiting. Whether there was a wait.
///
/// # Errors
/// When the database refuses.
pub async fn try_now(store: &Store, via: Via, now: Instant) -> Result<bool, StoreError> {
    if store.pause(via).await?.is_none() {
        return Ok(false);
    }
    let tx = store.begin().await?;
    let at = tx.time(now).await?;
    let mut breaker = tx.breaker_to_change(via).await?;
    let waited = breaker.try_now(at);
    if waited {
        tx.keep_breaker(via, &breaker).await?;
    }
    tx.commit().await?;
    Ok(waited)
}
