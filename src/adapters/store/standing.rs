//! How far everything is: counts from the tally, and what waits, page by page, however many letters there are.
//!
//! Statuses stand in the statements' text and not among their values: only so do both databases know that an index which holds
//! those statuses alone has all the rows that are asked for.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement, Value};

use super::dialect::{self, Dialect};
use super::{Store, StoreError, rows};
use crate::outbox::Status;
use crate::vocabulary::{CampaignId, DispatchId, Instant};

/// As much of a dispatch as says where it stands.
#[derive(Debug, Clone)]
pub struct Standing {
    pub id: DispatchId,
    pub status: Status,
    pub reason: Option<String>,
    pub due: Instant,
    pub next_at: Instant,
    pub late_by: chrono::Duration,
    key: i64,
    /// Where it stands in its list: before the delegation and the row.
    place: i64,
}

/// One of the lists that `status` goes through, of one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Uncertain, refused, bounced, held or missed, in the order of step and delegation.
    Stopped(Status),
    /// Nobody has approved them, and they are due by then; in the order of their due time.
    Unapproved { due_by: Instant },
    /// They could have left before then; in the order of that time.
    ToLeave { before: Instant },
    /// Sent, with a remark; in the order of step and delegation.
    Remarked,
}

#[derive(Debug, FromQueryResult)]
struct StandingRow {
    key: i64,
    campaign: String,
    step: String,
    delegation: String,
    status: String,
    reason: Option<String>,
    due: i64,
    next_at: i64,
    rules: String,
    place: i64,
}

impl StandingRow {
    fn read(self) -> Result<Standing, StoreError> {
        let name = format!("{}/{}/{}", self.campaign, self.step, self.delegation);
        Ok(Standing {
            id: name.parse().map_err(|e| StoreError::row("dispatches", &name, e))?,
            status: self.status.parse().map_err(|e| StoreError::row("dispatches", &name, e))?,
            reason: self.reason,
            due: Instant::from_millis(self.due),
            next_at: Instant::from_millis(self.next_at),
            late_by: rows::late_by(&self.rules).map_err(|e| StoreError::row("dispatches", &name, e))?,
            key: self.key,
            place: self.place,
        })
    }
}

/// The condition of the index `dispatches_to_leave`, word by word as it has it.
pub(super) const TO_LEAVE: &str = "(status = 'planned' OR status = 'approved' OR status = 'deferred')";

/// Asks for one status, in words from which both databases see which index holds all of it.
pub(super) fn is(status: Status) -> String {
    format!("status = '{status}'")
}

impl Waiting {
    /// The condition, its value, and the column by which it is in order before the delegation.
    fn sql(self) -> (String, Option<i64>, &'static str) {
        match self {
            Self::Stopped(status) => (is(status), None, "position"),
            Self::Remarked => ("status = 'sent' AND reason IS NOT NULL".to_owned(), None, "position"),
            Self::Unapproved { due_by } => {
                ("status = 'planned' AND due <= $2".to_owned(), Some(due_by.millis()), "due")
            }
            Self::ToLeave { before } => {
                let holds = format!("status IN ('approved', 'deferred') AND {TO_LEAVE} AND next_at < $2");
                (holds, Some(before.millis()), "next_at")
            }
        }
    }
}

impl Store {
    /// How many dispatches each campaign has in each status.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn counts(&self) -> Result<Vec<(CampaignId, Status, u64)>, StoreError> {
        self.counted("", Vec::new()).await
    }

    /// As [`Store::counts`], of one campaign.
    ///
    /// # Errors
    /// As there.
    pub async fn counts_of(&self, campaign: &CampaignId) -> Result<Vec<(CampaignId, Status, u64)>, StoreError> {
        self.counted("WHERE s.campaign = $1", vec![campaign.as_str().into()]).await
    }

    async fn counted(&self, which: &str, values: Vec<Value>) -> Result<Vec<(CampaignId, Status, u64)>, StoreError> {
        // One row a campaign, `sent 12,refused 1`: a row costs more than what is in it.
        let statuses = dialect::joined(self.dialect, "s.status || ' ' || s.n");
        let sums = match self.dialect {
            // Its one writer has one row for each; several are summed up below.
            Dialect::Sqlite => "tally",
            Dialect::Postgres => {
                "(SELECT campaign, status, CAST(SUM(n) AS BIGINT) AS n FROM tally GROUP BY campaign, status)"
            }
        };
        let sql = format!(
            "SELECT s.campaign, {statuses} AS statuses FROM {sums} AS s {which} GROUP BY s.campaign ORDER BY s.campaign"
        );
        let mut counts = Vec::new();
        for row in self.db.query_all_raw(self.statement(&sql, values)).await? {
            let (campaign, statuses): (String, String) = (row.try_get("", "campaign")?, row.try_get("", "statuses")?);
            let wrong = |what: String| StoreError::row("tally", &campaign, what);
            let id: CampaignId = campaign.parse().map_err(|e| wrong(format!("{e}")))?;
            let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
            for one in statuses.split(',') {
                let pair = one.split_once(' ').and_then(|(status, n)| Some((status, n.parse::<i64>().ok()?)));
                let (status, n) = pair.ok_or_else(|| wrong(format!("{one:?} is no status and no number")))?;
                *sums.entry(status).or_default() += n;
            }
            for (status, n) in sums.into_iter().filter(|(_, n)| *n != 0) {
                counts.push((id.clone(), status.parse().map_err(wrong)?, u64::try_from(n).unwrap_or(0)));
            }
        }
        Ok(counts)
    }

    /// A page of one of the lists: what stands after `after`, the last of the page before.
    ///
    /// # Errors
    /// As [`Store::counts`].
    pub async fn waiting(
        &self,
        campaign: &CampaignId,
        list: Waiting,
        after: Option<&Standing>,
        limit: u64,
    ) -> Result<Vec<Standing>, StoreError> {
        let (holds, value, first) = list.sql();
        let mut values: Vec<Value> = vec![campaign.as_str().into()];
        values.extend(value.map(Value::from));
        let mut place = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let later = after.map_or_else(String::new, |after| {
            let marks =
                [place(after.place.into()), place(after.id.delegation.as_str().into()), place(after.key.into())];
            format!(" AND ({first}, delegation, key) > ({})", marks.join(", "))
        });
        let limit = place(Value::from(limit.cast_signed()));
        let sql = format!(
            "SELECT key, campaign, step, delegation, status, reason, due, next_at, rules, CAST({first} AS BIGINT) AS place \
             FROM dispatches WHERE campaign = $1 AND {holds}{later} ORDER BY {first}, delegation, key LIMIT {limit}"
        );
        let found = self.db.query_all_raw(self.statement(&sql, values)).await?;
        found.iter().map(|row| StandingRow::from_query_result(row, "")?.read()).collect()
    }

    /// When a campaign's next letter is to leave, whether it is approved or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_due(&self, campaign: &CampaignId) -> Result<Option<Instant>, StoreError> {
        let sql = format!("SELECT MIN(next_at) AS at FROM dispatches WHERE campaign = $1 AND {TO_LEAVE}");
        self.instant(&sql, vec![campaign.as_str().into()]).await
    }

    /// The first time after `now` at which an approved letter may leave.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_leaving(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let sql = "SELECT MIN(next_at) AS at FROM dispatches WHERE status IN ('approved', 'deferred') AND next_at > $1";
        self.instant(sql, vec![now.millis().into()]).await
    }

    async fn instant(&self, sql: &str, values: Vec<Value>) -> Result<Option<Instant>, StoreError> {
        let row = self.db.query_one_raw(self.statement(sql, values)).await?;
        let at: Option<i64> = row.map_or(Ok(None), |row| row.try_get("", "at"))?;
        Ok(at.map(Instant::from_millis))
    }

    pub(super) fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }
}
