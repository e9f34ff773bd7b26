//! Which letters are due, and what is known of each at that moment.

use sea_orm::QueryResult;

use super::bound::Bound;
use super::entities::dispatch;
use super::neighbours::{HAS_LEFT, LEFT_AT};
use super::{StoreError, Tx, dialect, pace, rows};
use crate::outbox::Dispatch;
use crate::outbox::gate::{Circumstances, MailboxRead};
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
    /// Only those behind this one, by the time of the next try and by row: the turn has looked at the others already.
    pub after: Option<(Instant, i64)>,
    /// The floor between letters of two campaigns to one mission begins here.
    pub neighbours_since: Instant,
    /// The mailbox that answers are read from, by its name; `None` where they are entered by hand.
    pub mailbox: Option<&'a str>,
    /// The instant of which the letters that count towards the ceiling over all are wanted, if they are.
    pub counted_at: Option<Instant>,
}

/// What is due, and how it stands with the ceiling over all.
#[derive(Debug, Default)]
pub struct DueNow {
    pub letters: Vec<Due>,
    /// How many letters count towards the ceiling over all: those that ended in the last minute, and those in hand. Told where it
    /// was asked for and something is due.
    pub counted: Option<usize>,
}

/// A due letter and what is known at the moment of sending.
#[derive(Debug, Clone)]
pub struct Due {
    pub dispatch: Dispatch,
    pub circumstances: Circumstances,
    /// Its bytes as they are stored; `None` where they are missing.
    pub message: Option<Vec<u8>>,
    /// How many organisations have approved what its seal covers, and how many must.
    pub approvals: usize,
    pub approvals_wanted: Option<usize>,
}

impl Tx {
    /// Due letters, the longest due first, each with all that is asked before it leaves, in one query. What a letter does not ask
    /// for is not looked up: whether somebody answered matters to reminders alone. A row comes as one JSON text, because each
    /// column of its own costs as much as the whole.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn due(&self, query: &DueQuery<'_>) -> Result<DueNow, StoreError> {
        let rows = self.tx.ask(|bound| self.due_sql(query, bound)).await?;
        let mut due = DueNow::default();
        for row in rows {
            due.letters.push(read(&row, query)?);
            let counted: Option<i64> = row.try_get("", "counted")?;
            due.counted = counted.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        }
        Ok(due)
    }

    fn due_sql(&self, query: &DueQuery<'_>, bound: &mut Bound) -> String {
        let (now, since) = (bound.one(query.now.millis()), bound.one(query.neighbours_since.millis()));
        let asks = rows::ASKS_FOR_NO_ANSWER;
        let columns = dialect::json_of_columns::<dispatch::Column>(self.dialect, "d");
        let counted = query.counted_at.map_or_else(|| "NULL".to_owned(), |at| pace::counted(bound, at));
        let read_at = query.mailbox.map_or_else(
            || "NULL".to_owned(),
            |name| format!("(SELECT read_at FROM mailboxes WHERE name = {})", bound.one(name)),
        );
        let mut sql = format!(
            "SELECT {counted} AS counted, {read_at} AS read_at, {columns} AS dispatch, \
             (SELECT l.message FROM letters l WHERE l.digest = d.digest) AS message, \
             (SELECT COUNT(DISTINCT a.organisation) FROM approvals a \
               WHERE a.dispatch = d.key AND a.seal = d.seal AND a.revoked_at IS NULL) AS approvals, \
             (SELECT p.approvals_wanted FROM plans p WHERE p.campaign = d.campaign) AS approvals_wanted, \
             CASE WHEN d.follows IS NOT NULL THEN (SELECT f.status || ' ' || f.next_at FROM dispatches f \
               WHERE f.campaign = d.campaign AND f.step = d.follows AND f.delegation = d.delegation) END AS followed, \
             CASE WHEN {asks} THEN (SELECT e.at FROM entries e WHERE e.campaign = d.campaign AND e.delegation = d.delegation \
               AND e.kind IN ('reply', 'call', 'meeting', 'letter') \
               AND NOT EXISTS (SELECT 1 FROM entries c WHERE c.corrects = e.key) ORDER BY e.at LIMIT 1) END AS answered_at, \
             CASE WHEN {asks} THEN (SELECT MAX(e.key) FROM guesses g JOIN messages m ON m.key = g.message \
               JOIN entries e ON e.message = m.key WHERE g.delegation = d.delegation AND m.state = 'pen') END AS in_pen, \
             (SELECT o.campaign || ' ' || {LEFT_AT} FROM dispatches o WHERE o.delegation = d.delegation \
               AND o.campaign <> d.campaign AND {HAS_LEFT} AND {LEFT_AT} > {since} ORDER BY {LEFT_AT} DESC LIMIT 1) AS neighbour \
             FROM dispatches d WHERE d.status IN ('approved', 'deferred') AND d.next_at <= {now}",
        );
        if !query.blocked.is_empty() {
            let campaigns = bound.list(query.blocked.iter().map(CampaignId::as_str));
            sql.push_str(&format!(" AND d.campaign NOT IN ({campaigns})"));
        }
        if !query.full_domains.is_empty() {
            let domains = bound.list(query.full_domains.iter().map(String::as_str));
            sql.push_str(&format!(" AND d.domain NOT IN ({domains})"));
        }
        if let Some((next_at, key)) = query.after {
            let last = bound.list([next_at.millis(), key]);
            sql.push_str(&format!(" AND (d.next_at, d.key) > ({last})"));
        }
        // A number, and no place for a value: SQLite plans by it, and would plan anew each time that it is given.
        let limit = query.limit;
        sql.push_str(&format!(" ORDER BY d.next_at, d.key LIMIT {limit}"));
        sql.push_str(dialect::skip_locked(self.dialect));
        sql
    }
}

fn read(row: &QueryResult, query: &DueQuery<'_>) -> Result<Due, StoreError> {
    let columns: String = row.try_get("", "dispatch")?;
    let model: dispatch::Model =
        serde_json::from_str(&columns).map_err(|e| StoreError::row("dispatches", number(&columns), e))?;
    let wrong = |what: String| StoreError::row("dispatches", model.key, what);
    let followed: Option<String> = row.try_get("", "followed")?;
    let (followed, followed_next) = word_and_instant(followed.as_deref()).map_err(wrong)?.unzip();
    let neighbour: Option<String> = row.try_get("", "neighbour")?;
    let neighbour = word_and_instant(neighbour.as_deref()).map_err(wrong)?;
    let answered: Option<i64> = row.try_get("", "answered_at")?;
    let read_at: Option<i64> = row.try_get("", "read_at")?;
    let circumstances = Circumstances {
        followed: followed.map(str::parse).transpose().map_err(wrong)?,
        followed_is_due: followed_next.is_some_and(|at| at <= query.now),
        answered: answered.map(Instant::from_millis),
        in_pen: row.try_get("", "in_pen")?,
        mailbox: query.mailbox.map(|_| MailboxRead { at: read_at.map(Instant::from_millis) }),
        neighbour: neighbour.map(|(campaign, at)| (campaign.to_owned(), at)),
        real_server: false,
        outage: None,
    };
    let approvals: i64 = row.try_get("", "approvals")?;
    let wanted: Option<i32> = row.try_get("", "approvals_wanted")?;
    Ok(Due {
        dispatch: rows::dispatch(&model)?,
        circumstances,
        message: row.try_get("", "message")?,
        approvals: usize::try_from(approvals).unwrap_or(0),
        approvals_wanted: wanted.and_then(|n| usize::try_from(n).ok()),
    })
}

/// The row's number, its first column: errors name no addresses.
fn number(columns: &str) -> &str {
    columns.trim_start_matches(['[', ' ']).split(',').next().unwrap_or_default()
}

/// `sent 1520000000000`: two columns of a subquery that may find nothing.
fn word_and_instant(pair: Option<&str>) -> Result<Option<(&str, Instant)>, String> {
    let Some(pair) = pair else { return Ok(None) };
    let parts = pair.split_once(' ').and_then(|(word, at)| Some((word, Instant::from_millis(at.parse().ok()?))));
    parts.map(Some).ok_or_else(|| format!("{pair:?} is no word and no instant"))
}
