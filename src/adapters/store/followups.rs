//! The book of next actions: rows are never changed, and that one is done is an event.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, NotSet, QueryFilter as _, QueryOrder as _, Select, Set};

use super::entities::{followup, followup_event};
use super::{Store, StoreError, Tx, rows};
use crate::responses::followup::Step;
use crate::responses::{Followup, NewFollowup};
use crate::vocabulary::{Day, Instant};

const ADDED: &str = "added";
const DONE: &str = "done";

impl Tx {
    /// Adds an action with the first line of its history, and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_followup(&self, new: &NewFollowup, now: Instant) -> Result<i64, StoreError> {
        let row = followup::ActiveModel {
            key: NotSet,
            campaign: Set(new.campaign.to_string()),
            delegation: Set(new.delegation.to_string()),
            what: Set(new.action.what.clone()),
            owner: Set(new.action.owner.clone()),
            due: Set(new.action.due.day.to_string()),
            counted: Set(rows::json(&new.action.due.counted)),
            meeting: Set(new.meeting),
            entry: Set(new.entry),
        };
        let id = followup::Entity::insert(row).exec(&self.tx).await?.last_insert_id;
        self.followup_event(id, ADDED, &new.by, None, now).await?;
        Ok(id)
    }

    /// Notes that an action is done. The caller has looked that it is not done yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_followup(&self, id: i64, note: Option<&str>, by: &str, now: Instant) -> Result<(), StoreError> {
        self.followup_event(id, DONE, by, note, now).await
    }

    async fn followup_event(
        &self,
        id: i64,
        event: &str,
        by: &str,
        note: Option<&str>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let row = followup_event::ActiveModel {
            key: NotSet,
            followup: Set(id),
            at: Set(now.millis()),
            event: Set(event.to_owned()),
            by_whom: Set(by.to_owned()),
            note: Set(note.map(str::to_owned)),
        };
        followup_event::Entity::insert(row).exec(&self.tx).await?;
        Ok(())
    }

    /// As [`Store::followups`], within this transaction.
    ///
    /// # Errors
    /// As there.
    pub async fn followups(&self) -> Result<Vec<Followup>, StoreError> {
        followups(&self.tx, followup::Entity::find()).await
    }
}

impl Store {
    /// All of them, in the order of their numbers.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn followups(&self) -> Result<Vec<Followup>, StoreError> {
        followups(&self.db, followup::Entity::find()).await
    }

    /// Those whose day has passed and that nobody has noted as done, in the order of their numbers; what is done is not read.
    ///
    /// # Errors
    /// As [`Store::followups`].
    pub async fn overdue_followups(&self, today: Day) -> Result<Vec<Followup>, StoreError> {
        let open = "NOT EXISTS (SELECT 1 FROM followup_events e WHERE e.followup = followups.key AND e.event = 'done')";
        let due = followup::Column::Due.lt(today.to_string());
        followups(&self.db, followup::Entity::find().filter(due).filter(Expr::cust(open))).await
    }
}

async fn followups(
    db: &impl sea_orm::ConnectionTrait,
    wanted: Select<followup::Entity>,
) -> Result<Vec<Followup>, StoreError> {
    use followup_event::Column as C;
    let rows = wanted.order_by_asc(followup::Column::Key).all(db).await?;
    let mut events: HashMap<(i64, &str), Step> = HashMap::new();
    for batch in rows.chunks(500) {
        let keys = || batch.iter().map(|row| row.key);
        for word in [ADDED, DONE] {
            let told = followup_event::Entity::find().filter(C::Event.eq(word)).filter(C::Followup.is_in(keys()));
            for row in told.all(db).await? {
                let step = Step { at: Instant::from_millis(row.at), by: row.by_whom, note: row.note };
                events.insert((row.followup, word), step);
            }
        }
    }
    rows.into_iter()
        .map(|row| {
            let wrong = |what: String| StoreError::row("followups", row.key, what);
            let added = events.remove(&(row.key, ADDED)).ok_or_else(|| wrong("it was never added".to_owned()))?;
            Ok(Followup {
                id: row.key,
                campaign: row.campaign.parse().map_err(|e| wrong(format!("{e}")))?,
                delegation: row.delegation.parse().map_err(|e| wrong(format!("{e}")))?,
                due: row.due.parse().map_err(|e| wrong(format!("{e}")))?,
                counted: serde_json::from_str(&row.counted).map_err(|e| wrong(e.to_string()))?,
                what: row.what,
                owner: row.owner,
                meeting: row.meeting,
                entry: row.entry,
                added,
                done: events.remove(&(row.key, DONE)),
            })
        })
        .collect()
}
