//! What the ceilings count, kept where all workers see it: sums by receiving domain and second.
//!
//! A minute of them is read in a few rows, however fast letters leave. A letter counts from the end of the second in which it
//! ended: never earlier than it was on the wire, and at most a second late.

use std::collections::BTreeMap;

use chrono::Duration;
use sea_orm::{ConnectionTrait as _, Value};

use super::bound::Bound;
use super::transaction::Transaction;
use super::{StoreError, Tx};
use crate::schedule::pace::Window;
use crate::vocabulary::Instant;

/// Stands for all domains together; no domain can be called so.
const ALL: &str = "*";

/// Counts letters that ended at `at`, each by its receiving domains.
pub(super) fn count_ended(tx: &Transaction, letters: &[Vec<String>], worker: &str, at: Instant) {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for domains in letters {
        for domain in domains.iter().map(String::as_str).chain([ALL]) {
            *sums.entry(domain).or_default() += 1;
        }
    }
    let second = at.millis().div_euclid(1000);
    tx.later("pace", sums.len(), |bound| {
        let rows = bound
            .rows(sums.into_iter().map(|(domain, n)| [Value::from(domain), second.into(), worker.into(), n.into()]));
        format!(
            "INSERT INTO pace (domain, second, worker, letters) VALUES {rows} \
             ON CONFLICT (domain, second, worker) DO UPDATE SET letters = pace.letters + excluded.letters"
        )
    });
}

/// In SQL, how many letters count towards the ceiling over all at `at`: those that ended in the last minute, and those in hand.
pub(super) fn counted(bound: &mut Bound, at: Instant) -> String {
    let since = bound.one(second_before_minute(at));
    format!(
        "CAST((SELECT COALESCE(SUM(letters), 0) FROM pace WHERE domain = '{ALL}' AND second >= {since}) \
         + (SELECT COUNT(*) FROM attempts WHERE ended_at IS NULL) AS BIGINT)"
    )
}

fn second_before_minute(at: Instant) -> i64 {
    Window::reaches_back_to(at).millis().div_euclid(1000)
}

impl Tx {
    /// Fills `window` with what ended in the last minute before `at`: over all, and at each of `domains`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_minute(
        &self,
        window: &mut Window,
        domains: &[String],
        over_all: bool,
        at: Instant,
    ) -> Result<(), StoreError> {
        if domains.is_empty() && !over_all {
            return Ok(());
        }
        let mut bound = Bound::default();
        let since = bound.one(second_before_minute(at));
        let lanes = bound.list(domains.iter().map(String::as_str).chain(over_all.then_some(ALL)));
        let sql = format!(
            "SELECT domain, second, CAST(SUM(letters) AS BIGINT) AS letters FROM pace \
             WHERE domain IN ({lanes}) AND second >= {since} GROUP BY domain, second"
        );
        for row in self.tx.query_all_raw(bound.statement(self.tx.get_database_backend(), sql)).await? {
            let (domain, second): (String, i64) = (row.try_get("", "domain")?, row.try_get("", "second")?);
            let letters: i64 = row.try_get("", "letters")?;
            // A clock that was set back must not make yesterday's letters tomorrow's.
            let ended = Instant::from_millis(second * 1000 + 999).min(at);
            let lane = (domain != ALL).then_some(domain.as_str());
            window.add_ended(lane, ended, usize::try_from(letters).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    /// Adds what all workers have in hand to `window`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_in_hand(&self, window: &mut Window) -> Result<(), StoreError> {
        let sql = "SELECT domains FROM attempts WHERE ended_at IS NULL";
        for row in self.tx.query_all_raw(self.statement(sql, Vec::new())).await? {
            let domains: String = row.try_get("", "domains")?;
            window.add(domains.split(' '), None);
        }
        Ok(())
    }

    /// Forgets what no ceiling can count any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_old_pace(&self, at: Instant) -> Result<(), StoreError> {
        // A worker whose clock is ahead must not forget what the others still count.
        let before = second_before_minute(at.minus(Duration::minutes(10)));
        self.tx.execute_raw(self.statement("DELETE FROM pace WHERE second < $1", vec![before.into()])).await?;
        Ok(())
    }
}
