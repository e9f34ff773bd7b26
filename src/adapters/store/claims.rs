//! The claim: committed before the server hears anything.

use sea_orm::{ConnectionTrait as _, Value};

use super::dialect::{self, Dialect};
use super::transaction::Transaction;
use super::{StoreError, Tx, history};
use crate::outbox::gate::MailboxRead;
use crate::outbox::{Dispatch, Event, Via, transition};
use crate::vocabulary::Instant;

/// A letter that this worker now has in hand, and nobody else.
#[derive(Debug, Clone)]
pub struct Claim {
    /// As it was before the claim.
    pub dispatch: Dispatch,
    /// An outcome must name it: after another claim, or a lease that ran out, it is void.
    pub fence: i64,
}

fn open_attempts(tx: &Transaction, due: &[Dispatch], worker: &str, via: Via, at: Instant) {
    tx.later("attempts", due.len(), |bound| {
        let rows = bound.rows(due.iter().map(|d| {
            let domains = d.recipients.domains().join(" ");
            let way = Value::from(via.as_str());
            [d.key.into(), (d.fence + 1).into(), worker.into(), way, at.millis().into(), "[]".into(), domains.into()]
        }));
        format!("INSERT INTO attempts (dispatch, fence, worker, via, claimed_at, recipients, domains) VALUES {rows}")
    });
}

impl Tx {
    /// The time for leases and outcomes: on PostgreSQL the database's, because the workers' clocks may differ.
    ///
    /// # Errors
    /// When the database refuses; [`StoreError::Forgetful`] when its server is not the one any more that it was.
    pub async fn time(&self, now: Instant) -> Result<Instant, StoreError> {
        dialect::time(&self.tx, self.dialect, now, self.timeline.as_deref()).await
    }

    /// As [`Tx::time`]. From here on other workers that want to count and to claim wait until this transaction ends, so that
    /// ceilings hold over all of them together. Take it late: they may store outcomes meanwhile.
    ///
    /// # Errors
    /// As [`Tx::time`].
    pub async fn take_turn(&self, now: Instant) -> Result<Instant, StoreError> {
        dialect::claim_turn(&self.tx, self.dialect, now, self.timeline.as_deref()).await
    }

    /// Claims letters for `worker`. Nothing may be said to any server before this transaction has been committed, which fails with
    /// [`StoreError::Changed`] when one of them is no longer free.
    ///
    /// # Errors
    /// When one of them cannot be claimed by what it is.
    pub fn claim(
        &self,
        due: &[Dispatch],
        worker: &str,
        via: Via,
        lease_until: Instant,
        at: Instant,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut lines = Vec::with_capacity(due.len());
        for one in due {
            let to = transition::next(one.status, Event::Claim)?;
            lines.push(history::line(one.key, at, Event::Claim, Some(one.status), to, worker, None));
        }
        self.tx.later("dispatches", due.len(), |bound| {
            let (now, holder) = (bound.one(at.millis()), bound.one(worker));
            let (lease, way) = (bound.one(lease_until.millis()), bound.one(via.as_str()));
            let keys = bound.list(due.iter().map(|d| d.key));
            format!(
                "UPDATE dispatches SET status = 'sending', claimed_from = status, reason = NULL, fence = fence + 1, \
                 attempts = attempts + 1, tried_since = COALESCE(tried_since, {now}), holder = {holder}, lease_until = {lease}, \
                 via = {way}, updated_at = {now} WHERE key IN ({keys}) AND status IN ('approved', 'deferred')"
            )
        });
        open_attempts(&self.tx, due, worker, via, at);
        history::add_later(&self.tx, lines);
        Ok(due.iter().map(|d| Claim { dispatch: d.clone(), fence: d.fence + 1 }).collect())
    }

    /// When the mailbox of that name was last read to its end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mailbox_read(&self, name: &str) -> Result<MailboxRead, StoreError> {
        use super::entities::mailbox;
        use sea_orm::EntityTrait as _;
        let row = mailbox::Entity::find_by_id(name).one(&self.tx).await?;
        Ok(MailboxRead { at: row.and_then(|row| row.read_at).map(Instant::from_millis) })
    }

    /// Lengthens the leases of all that `worker` has in hand. SQLite needs none: there the lock on the file is the lease.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn renew_leases(&self, worker: &str, until: Instant) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            let sql = "UPDATE dispatches SET lease_until = $1 WHERE holder = $2 AND status = 'sending'";
            let values = vec![until.millis().into(), worker.into()];
            self.tx.execute_raw(self.statement(sql, values)).await?;
        }
        Ok(())
    }
}
