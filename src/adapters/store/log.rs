//! The book of responses: only ever added to, but for `erase`.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, NotSet, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use super::entities::{dispatch, entry};
use super::{Store, StoreError, Tx, rows};
use crate::inbox::Kind;
use crate::responses::{Attachment, NewEntry, Stance};
use crate::vocabulary::{AskId, CampaignId, DispatchId, Instant, StateCode};

/// Rows in one statement: 18 columns each, far below both databases' limits of parameters.
const AT_ONCE: usize = 200;

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    pub id: i64,
    pub at: Instant,
    pub recorded_at: Instant,
    pub campaign: Option<CampaignId>,
    pub delegation: Option<StateCode>,
    pub dispatch: Option<DispatchId>,
    /// The dispatch's row.
    pub dispatch_key: Option<i64>,
    pub kind: Kind,
    pub stance: Option<Stance>,
    pub ask: Option<AskId>,
    pub from: Option<String>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub matched_by: String,
    pub confidence: String,
    pub attachments: Vec<Attachment>,
    /// The incoming message that it was made of.
    pub message: Option<i64>,
    pub corrects: Option<i64>,
    pub by: String,
    pub erased_at: Option<Instant>,
}

/// Which entries are wanted; empty means all.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    pub campaign: Option<CampaignId>,
    pub delegation: Option<StateCode>,
    pub kind: Option<Kind>,
    pub stance: Option<Stance>,
    pub since: Option<Instant>,
    pub id: Option<i64>,
    /// Only the entry that corrects this one.
    pub corrects: Option<i64>,
    /// Only entries that answer this dispatch, by its row.
    pub dispatch: Option<i64>,
    /// Only entries made of these messages.
    pub messages: Option<Vec<i64>>,
    /// Only entries whose writer, subject or text holds these words, whatever their case.
    pub words: Option<String>,
    /// Only entries that no later one corrects.
    pub in_force: bool,
}

fn select(filter: &EntryFilter) -> sea_orm::Select<entry::Entity> {
    use entry::Column as C;
    let mut wanted = Condition::all();
    if let Some(campaign) = &filter.campaign {
        wanted = wanted.add(C::Campaign.eq(campaign.as_str()));
    }
    if let Some(delegation) = filter.delegation {
        wanted = wanted.add(C::Delegation.eq(delegation.as_str()));
    }
    // One campaign's or one mission's entries are far fewer than those of one kind: then the index of kinds is not to be used.
    let narrow = filter.campaign.is_some() || filter.delegation.is_some();
    if let Some(kind) = filter.kind {
        wanted = wanted.add(if narrow {
            Expr::cust(format!("entries.kind || '' = '{kind}'"))
        } else {
            C::Kind.eq(kind.as_str())
        });
    }
    if let Some(stance) = filter.stance {
        let far = || Expr::cust(format!("entries.stance || '' = '{stance}'"));
        wanted = wanted.add(if narrow { far() } else { C::Stance.eq(stance.as_str()) });
    }
    if let Some(since) = filter.since {
        wanted = wanted.add(C::At.gte(since.millis()));
    }
    if let Some(id) = filter.id {
        wanted = wanted.add(C::Key.eq(id));
    }
    if let Some(corrected) = filter.corrects {
        wanted = wanted.add(C::Corrects.eq(corrected));
    }
    if let Some(dispatch) = filter.dispatch {
        wanted = wanted.add(C::Dispatch.eq(dispatch));
    }
    if let Some(messages) = &filter.messages {
        wanted = wanted.add(C::Message.is_in(messages.iter().copied()));
    }
    if filter.in_force {
        // Asked of each row that is shown, and not of the whole table.
        wanted = wanted.add(Expr::cust("NOT EXISTS (SELECT 1 FROM entries c WHERE c.corrects = entries.key)"));
        if filter.stance == Some(Stance::Unread) {
            wanted = wanted
                .add(Expr::cust("(entries.delegation IS NULL OR entries.key IN (SELECT entry FROM unread_answers))"));
        }
    }
    entry::Entity::find().filter(wanted).order_by_asc(C::At).order_by_asc(C::Key)
}

impl EntryFilter {
    /// Neither database folds the case of all scripts, so that the program does.
    fn finds(&self, row: &entry::Model) -> bool {
        let Some(words) = self.words.as_deref().map(str::to_lowercase) else { return true };
        let named = |text: &&Option<String>| text.as_deref().is_some_and(|t| t.to_lowercase().contains(&words));
        [&row.from_whom, &row.subject, &row.body].iter().any(named)
    }
}

impl Store {
    /// Oldest first.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<Vec<StoredEntry>, StoreError> {
        let rows = select(filter).all(&self.db).await?;
        self.stored(rows.into_iter().filter(|row| filter.finds(row)).collect()).await
    }

    /// A page of them: what comes after `after`, its time and its number. Also where the page behind begins; `None` after the last,
    /// for a search may leave out every row of a page.
    ///
    /// # Errors
    /// As [`Store::entries`].
    pub async fn entries_after(
        &self,
        filter: &EntryFilter,
        after: Option<(Instant, i64)>,
        limit: u64,
    ) -> Result<(Vec<StoredEntry>, Option<(Instant, i64)>), StoreError> {
        use entry::Column as C;
        let mut query = select(filter).limit(limit);
        if let Some((at, key)) = after {
            let place = Expr::tuple([Expr::col(C::At), Expr::col(C::Key)]);
            query = query.filter(place.gt(Expr::tuple([Expr::value(at.millis()), Expr::value(key)])));
        }
        let rows = query.all(&self.db).await?;
        let more = rows.last().filter(|_| rows.len() as u64 == limit);
        let more = more.map(|last| (Instant::from_millis(last.at), last.key));
        let found = self.stored(rows.into_iter().filter(|row| filter.finds(row)).collect()).await?;
        Ok((found, more))
    }

    async fn stored(&self, rows: Vec<entry::Model>) -> Result<Vec<StoredEntry>, StoreError> {
        let keys: Vec<i64> = rows.iter().filter_map(|row| row.dispatch).collect();
        let ids = self.dispatch_ids(&keys).await?;
        rows.into_iter()
            .map(|row| {
                let dispatch = row.dispatch.and_then(|key| ids.get(&key).cloned());
                stored(row, dispatch)
            })
            .collect()
    }

    async fn dispatch_ids(&self, keys: &[i64]) -> Result<HashMap<i64, DispatchId>, StoreError> {
        use dispatch::Column as C;
        let mut ids = HashMap::new();
        for batch in keys.chunks(500) {
            let found: Vec<(i64, String, String, String)> = dispatch::Entity::find()
                .select_only()
                .columns([C::Key, C::Campaign, C::Step, C::Delegation])
                .filter(C::Key.is_in(batch.iter().copied()))
                .into_tuple()
                .all(&self.db)
                .await?;
            for (key, campaign, step, delegation) in found {
                let name = format!("{campaign}/{step}/{delegation}");
                ids.insert(
                    key,
                    name.parse().map_err(|e| StoreError::row("dispatches", key, format!("{name:?}: {e}")))?,
                );
            }
        }
        Ok(ids)
    }

    /// The campaign that wrote last to this mission, and the dispatch with which it did.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_letter_to(
        &self,
        delegation: StateCode,
        campaign: Option<&CampaignId>,
    ) -> Result<Option<(i64, DispatchId)>, StoreError> {
        use dispatch::Column as C;
        let mut query =
            dispatch::Entity::find().filter(C::Delegation.eq(delegation.as_str())).filter(C::SentAt.is_not_null());
        if let Some(campaign) = campaign {
            query = query.filter(C::Campaign.eq(campaign.as_str()));
        }
        let row = query.order_by_desc(C::SentAt).limit(1).one(&self.db).await?;
        row.map(|row| Ok((row.key, rows::id(&row)?))).transpose()
    }
}

fn stored(row: entry::Model, dispatch: Option<DispatchId>) -> Result<StoredEntry, StoreError> {
    let wrong = |what: String| StoreError::row("entries", row.key, what);
    Ok(StoredEntry {
        id: row.key,
        at: Instant::from_millis(row.at),
        recorded_at: Instant::from_millis(row.recorded_at),
        campaign: row.campaign.as_deref().map(|c| c.parse().map_err(|e| wrong(format!("{e}")))).transpose()?,
        delegation: row.delegation.as_deref().map(|d| d.parse().map_err(|e| wrong(format!("{e}")))).transpose()?,
        dispatch,
        dispatch_key: row.dispatch,
        kind: row.kind.parse().map_err(wrong)?,
        stance: row.stance.as_deref().map(|s| s.parse().map_err(wrong)).transpose()?,
        ask: row.ask.as_deref().map(|a| a.parse().map_err(|e| wrong(format!("{e}")))).transpose()?,
        attachments: serde_json::from_str(&row.attachments).map_err(|e| wrong(e.to_string()))?,
        from: row.from_whom,
        subject: row.subject,
        text: row.body,
        matched_by: row.matched_by,
        confidence: row.confidence,
        message: row.message,
        corrects: row.corrects,
        by: row.by_whom,
        erased_at: row.erased_at.map(Instant::from_millis),
    })
}

/// A row that has no number yet.
fn row(new: &NewEntry, now: Instant) -> entry::ActiveModel {
    entry::ActiveModel {
        key: NotSet,
        at: Set(new.at.millis()),
        recorded_at: Set(now.millis()),
        campaign: Set(new.campaign.as_ref().map(ToString::to_string)),
        delegation: Set(new.delegation.map(|d| d.to_string())),
        dispatch: Set(new.dispatch),
        kind: Set(new.kind.as_str().to_owned()),
        stance: Set(new.stance.map(|s| s.as_str().to_owned())),
        ask: Set(new.ask.as_ref().map(ToString::to_string)),
        from_whom: Set(new.from.clone()),
        subject: Set(new.subject.clone()),
        body: Set(new.text.clone()),
        matched_by: Set(new.matched_by.to_owned()),
        confidence: Set(new.confidence.to_owned()),
        attachments: Set(rows::json(&new.attachments)),
        corrects: Set(new.corrects),
        by_whom: Set(new.by.clone()),
        erased_at: Set(None),
        message: Set(new.message),
    }
}

impl Tx {
    /// Adds an entry and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_entry(&self, new: &NewEntry, now: Instant) -> Result<i64, StoreError> {
        let done = entry::Entity::insert(row(new, now)).exec(&self.tx).await?;
        Ok(done.last_insert_id)
    }

    /// Adds entries, in their order; their numbers.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_entries(&self, all: &[NewEntry], now: Instant) -> Result<Vec<i64>, StoreError> {
        let mut numbers = Vec::with_capacity(all.len());
        for batch in all.chunks(AT_ONCE) {
            let rows = batch.iter().map(|new| row(new, now));
            numbers.extend(entry::Entity::insert_many(rows).exec_with_returning_keys(&self.tx).await?);
        }
        // One writer at a time: numbers rise in the order of rows, whatever the order in which they are told.
        numbers.sort_unstable();
        Ok(numbers)
    }
}
