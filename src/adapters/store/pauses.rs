//! What is remembered of the mail server: whether sending pauses, for all workers and over restarts.

use sea_orm::{EntityTrait as _, QuerySelect as _, Set};
use serde::{Deserialize, Serialize};

use super::entities::sending_pause::{ActiveModel, Column, Entity, Model};
use super::{Store, StoreError, Tx, rows};
use crate::delivery::breaker::{Breaker, Hand, Pause, Suspect, Trial};
use crate::outbox::{Outage, Via};
use crate::vocabulary::Instant;

#[derive(Debug, Serialize, Deserialize)]
struct SuspectJson {
    key: i64,
    fence: i64,
    delegation: String,
}

impl Tx {
    /// What is remembered of that way of sending, to be changed: no other worker changes it until this transaction ends.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn breaker_to_change(&self, via: Via) -> Result<Breaker, StoreError> {
        // There must be a row for a lock to be on.
        Entity::insert(row(via, &Breaker::default()))
            .on_conflict_do_nothing_on([Column::Via])
            .exec_without_returning(&self.tx)
            .await?;
        let row = Entity::find_by_id(via.as_str()).lock_exclusive().one(&self.tx).await?;
        row.as_ref().map_or_else(|| Ok(Breaker::default()), breaker)
    }

    /// # Errors
    /// When the database refuses.
    pub async fn keep_breaker(&self, via: Via, breaker: &Breaker) -> Result<(), StoreError> {
        Entity::update(row(via, breaker)).exec(&self.tx).await?;
        Ok(())
    }
}

impl Store {
    /// Whether, and why, sending by that way pauses now.
    ///
    /// # Errors
    /// As [`Tx::breaker_to_change`].
    pub async fn pause(&self, via: Via) -> Result<Option<Pause>, StoreError> {
        let row = Entity::find_by_id(via.as_str()).one(&self.db).await?;
        Ok(row.as_ref().map(breaker).transpose()?.and_then(|breaker| breaker.pause))
    }
}

fn row(via: Via, breaker: &Breaker) -> ActiveModel {
    let suspect = |suspect: &Suspect| SuspectJson {
        key: suspect.hand.key,
        fence: suspect.hand.fence,
        delegation: suspect.delegation.to_string(),
    };
    let pause = breaker.pause.as_ref();
    let trial = pause.and_then(|pause| pause.trial);
    let outage = breaker.outage();
    ActiveModel {
        via: Set(via.as_str().to_owned()),
        suspects: Set(rows::json(&breaker.row.iter().map(suspect).collect::<Vec<_>>())),
        class: Set(pause.map(|pause| pause.class.to_string())),
        words: Set(pause.map(|pause| pause.words.clone())),
        since: Set(outage.map(|outage| outage.since.millis())),
        resumes_at: Set(pause.map(|pause| pause.until.millis())),
        waits: Set(pause.map_or(0, |pause| i32::try_from(pause.waits).unwrap_or(i32::MAX))),
        trial_dispatch: Set(trial.map(|trial| trial.hand.key)),
        trial_fence: Set(trial.map(|trial| trial.hand.fence)),
        trial_until: Set(trial.map(|trial| trial.until.millis())),
        ended_at: Set(outage.and_then(|outage| outage.ended).map(Instant::millis)),
    }
}

/// # Errors
/// When this program did not write the row.
pub(super) fn breaker(row: &Model) -> Result<Breaker, StoreError> {
    let wrong = |what: String| StoreError::row("sending_pauses", &row.via, what);
    let suspects: Vec<SuspectJson> = serde_json::from_str(&row.suspects).map_err(|e| wrong(e.to_string()))?;
    let suspect = |one: SuspectJson| {
        let delegation = one.delegation.parse().map_err(|e| wrong(format!("{:?}: {e}", one.delegation)))?;
        Ok(Suspect { hand: Hand { key: one.key, fence: one.fence }, delegation })
    };
    let suspects = suspects.into_iter().map(suspect).collect::<Result<_, StoreError>>()?;
    let since = row.since.map(Instant::from_millis);
    if let Some(ended) = row.ended_at {
        let over = since.map(|since| Outage { since, ended: Some(Instant::from_millis(ended)) });
        return Ok(Breaker { row: suspects, pause: None, over });
    }
    let Some(since) = since else { return Ok(Breaker { row: suspects, ..Breaker::default() }) };
    let (Some(class), Some(until)) = (&row.class, row.resumes_at) else {
        return Err(wrong("a pause without its class or its end".to_owned()));
    };
    let trial = match (row.trial_dispatch, row.trial_fence, row.trial_until) {
        (Some(key), Some(fence), Some(until)) => {
            Some(Trial { hand: Hand { key, fence }, until: Instant::from_millis(until) })
        }
        _ => None,
    };
    let pause = Pause {
        class: class.parse().map_err(wrong)?,
        words: row.words.clone().unwrap_or_default(),
        since,
        until: Instant::from_millis(until),
        waits: u32::try_from(row.waits).unwrap_or_default(),
        trial,
    };
    Ok(Breaker { row: suspects, pause: Some(pause), over: None })
}
