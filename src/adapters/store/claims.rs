//! The claim: committed before the server hears anything.

use sea_orm::{ConnectionTrait as _, FromQueryResult as _, Value};

use super::dialect::{self, Dialect};
use super::entities::dispatch;
use super::neighbours::{HAS_LEFT, LEFT_AT};
use super::{StoreError, Tx, history, rows};
use crate::outbox::gate::{Circumstances, MailboxRead};
use crate::outbox::{Dispatch, Event, Via, transition};
use crate::vocabulary::{CampaignId, Instant};

/// Which due letters a worker wants to look at.
#[derive(Debug)]
pub struct DueQuery<'a> {
    pub now: Instant,
    pub limit: u64,
    /// Campaigns that send nothing for now.
    pub blocked: &'a [CampaignId],
    /// Receiving domains that are at their ceiling.
    pub full_domains: &'a [String],
    /// The floor between letters of two campaigns to one mission begins here.
    pub neighbours_since: Instant,
    /// When the mailbox was last read; `None` where answers are entered by hand.
    pub mailbox: Option<MailboxRead>,
}

/// A due letter and what is known at the moment of sending.
#[derive(Debug, Clone)]
pub struct Due {
    pub dispatch: Dispatch,
    pub circumstances: Circumstances,
}

/// A letter that this worker now has in hand, and nobody else.
#[derive(Debug, Clone)]
pub struct Claim {
    /// As it was before the claim.
    pub dispatch: Dispatch,
    /// An outcome must name it: after another claim, or a lease that ran out, it is void.
    pub fence: i64,
}

impl Tx {
    /// The time for leases and ceilings. Other workers wait until this transaction ends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_turn(&self, now: Instant) -> Result<Instant, StoreError> {
        Ok(dialect::claim_turn(&self.tx, self.dialect, now).await?)
    }

    /// Due letters, the longest due first, each with its circumstances, in one query.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn due(&self, query: &DueQuery<'_>) -> Result<Vec<Due>, StoreError> {
        let mut values: Vec<Value> = vec![query.now.millis().into(), query.neighbours_since.millis().into()];
        let mut place = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut sql = format!(
            "SELECT d.*, \
             (SELECT f.status FROM dispatches f WHERE f.campaign = d.campaign AND f.step = d.follows AND f.delegation = d.delegation) \
               AS followed_status, \
             (SELECT f.next_at FROM dispatches f WHERE f.campaign = d.campaign AND f.step = d.follows AND f.delegation = d.delegation) \
               AS followed_next, \
             (SELECT MIN(e.at) FROM entries e WHERE e.campaign = d.campaign AND e.delegation = d.delegation \
               AND e.kind IN ('reply', 'call', 'meeting', 'letter') \
               AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.corrects = e.key)) AS answered_at, \
             (SELECT MAX(e.key) FROM guesses g JOIN messages m ON m.key = g.message JOIN entries e ON e.message = m.key \
               WHERE g.delegation = d.delegation AND m.state = 'pen') AS in_pen, \
             (SELECT o.campaign FROM dispatches o WHERE o.delegation = d.delegation AND o.campaign <> d.campaign \
               AND {HAS_LEFT} AND {LEFT_AT} > $2 ORDER BY {LEFT_AT} DESC LIMIT 1) AS neighbour, \
             (SELECT MAX({LEFT_AT}) FROM dispatches o WHERE o.delegation = d.delegation AND o.campaign <> d.campaign \
               AND {HAS_LEFT} AND {LEFT_AT} > $2) AS neighbour_at \
             FROM dispatches d WHERE d.status IN ('approved', 'deferred') AND d.next_at <= $1",
        );
        for (column, list) in [
            ("campaign", query.blocked.iter().map(ToString::to_string).collect::<Vec<_>>()),
            ("domain", query.full_domains.to_vec()),
        ] {
            if !list.is_empty() {
                let places: Vec<String> = list.into_iter().map(|name| place(name.into())).collect();
                sql.push_str(&format!(" AND d.{column} NOT IN ({})", places.join(", ")));
            }
        }
        let limit = place(Value::from(query.limit.cast_signed()));
        sql.push_str(&format!(" ORDER BY d.next_at, d.key LIMIT {limit}"));
        sql.push_str(dialect::skip_locked(self.dialect));
        let mut due = Vec::new();
        for row in self.tx.query_all_raw(self.statement(&sql, values)).await? {
            let model = dispatch::Model::from_query_result(&row, "")?;
            let followed: Option<String> = row.try_get("", "followed_status")?;
            let followed_next: Option<i64> = row.try_get("", "followed_next")?;
            let answered: Option<i64> = row.try_get("", "answered_at")?;
            let in_pen: Option<i64> = row.try_get("", "in_pen")?;
            let neighbour: Option<String> = row.try_get("", "neighbour")?;
            let neighbour_at: Option<i64> = row.try_get("", "neighbour_at")?;
            let circumstances = Circumstances {
                followed: followed
                    .map(|s| s.parse().map_err(|e| StoreError::row("dispatches", model.key, e)))
                    .transpose()?,
                followed_is_due: followed_next.is_some_and(|at| at <= query.now.millis()),
                answered: answered.map(Instant::from_millis),
                in_pen,
                mailbox: query.mailbox,
                neighbour: neighbour.zip(neighbour_at.map(Instant::from_millis)),
                real_server: false,
            };
            due.push(Due { dispatch: rows::dispatch(&model)?, circumstances });
        }
        Ok(due)
    }

    /// Claims letters for `worker`. Nothing may be said to any server before this transaction has been committed.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when one of them is no longer free; then none is claimed.
    pub async fn claim(
        &self,
        due: &[Dispatch],
        worker: &str,
        via: Via,
        lease_until: Instant,
        at: Instant,
    ) -> Result<Vec<Claim>, StoreError> {
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut lines = Vec::with_capacity(due.len());
        for one in due {
            let to = transition::next(one.status, Event::Claim)?;
            lines.push(history::line(one.key, at, Event::Claim, Some(one.status), to, worker, None));
        }
        let keys = due.iter().map(|d| d.key.to_string()).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "UPDATE dispatches SET status = 'sending', claimed_from = status, reason = NULL, fence = fence + 1, \
             attempts = attempts + 1, tried_since = COALESCE(tried_since, $1), holder = $2, lease_until = $3, via = $4, \
             updated_at = $1 WHERE key IN ({keys}) AND status IN ('approved', 'deferred')"
        );
        let values: Vec<Value> =
            vec![at.millis().into(), worker.into(), lease_until.millis().into(), via.as_str().into()];
        let written = self.tx.execute_raw(self.statement(&sql, values)).await?;
        if written.rows_affected() != due.len() as u64 {
            return Err(StoreError::Changed("a due letter".to_owned()));
        }
        self.open_attempts(due, worker, via, at).await?;
        history::add(&self.tx, lines).await?;
        Ok(due.iter().map(|d| Claim { dispatch: d.clone(), fence: d.fence + 1 }).collect())
    }

    async fn open_attempts(&self, due: &[Dispatch], worker: &str, via: Via, at: Instant) -> Result<(), StoreError> {
        use super::entities::attempt;
        use sea_orm::{EntityTrait as _, NotSet, Set};
        let rows = due.iter().map(|d| attempt::ActiveModel {
            key: NotSet,
            dispatch: Set(d.key),
            fence: Set(d.fence + 1),
            worker: Set(worker.to_owned()),
            via: Set(via.as_str().to_owned()),
            claimed_at: Set(at.millis()),
            ended_at: Set(None),
            outcome: Set(None),
            detail: Set(None),
            recipients: Set("[]".to_owned()),
            domains: Set(d.recipients.domains().join(" ")),
            late_evidence: Set(None),
            filed_at: Set(None),
        });
        attempt::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// What the ceilings count: the receiving domains of each letter handed over since `since`, and when that ended.
    /// A letter still in hand has no end yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn handed_over_since(&self, since: Instant) -> Result<Vec<(Vec<String>, Option<Instant>)>, StoreError> {
        let sql = "SELECT domains, ended_at FROM attempts WHERE ended_at > $1 \
                   UNION ALL SELECT domains, ended_at FROM attempts WHERE ended_at IS NULL";
        let mut handed = Vec::new();
        for row in self.tx.query_all_raw(self.statement(sql, vec![since.millis().into()])).await? {
            let domains: String = row.try_get("", "domains")?;
            let ended: Option<i64> = row.try_get("", "ended_at")?;
            handed.push((domains.split(' ').map(ToOwned::to_owned).collect(), ended.map(Instant::from_millis)));
        }
        Ok(handed)
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

    /// Lengthens the leases of what `worker` has in hand. SQLite needs none: there the lock on the file is the lease.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn renew_leases(&self, worker: &str, until: Instant) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            let sql = "UPDATE dispatches SET lease_until = $1 WHERE holder = $2 AND status = 'sending'";
            self.tx.execute_raw(self.statement(sql, vec![until.millis().into(), worker.into()])).await?;
        }
        Ok(())
    }
}
