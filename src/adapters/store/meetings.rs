//! The book of meetings: a row says how a meeting stands, its events how it came to that.

use chrono::Duration;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, NotSet, QueryFilter as _, QueryOrder as _, Set,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};

use super::entities::{entry, installation, meeting, meeting_event};
use super::{Store, StoreError, Tx, rows};
use crate::inbox::CalendarAnswer;
use crate::responses::meeting::uid;
use crate::responses::{Arrangement, Happening, Meeting, MeetingState, NewMeeting};
use crate::vocabulary::{CampaignId, Instant, StateCode};

/// Which meetings are wanted; empty means all.
#[derive(Debug, Clone, Default)]
pub struct MeetingFilter {
    pub campaign: Option<CampaignId>,
    pub delegation: Option<StateCode>,
    pub id: Option<i64>,
}

/// One line of a meeting's history.
#[derive(Debug, Clone)]
pub struct MeetingEvent {
    pub at: Instant,
    pub event: String,
    pub before: Option<Arrangement>,
    pub after: Option<Arrangement>,
    /// The mission's answer, or the minutes.
    pub entry: Option<i64>,
    pub by: String,
    pub reason: Option<String>,
}

/// What happens to a meeting: who does it, when and why.
#[derive(Debug, Clone)]
pub struct MeetingMove<'a> {
    pub what: Happening,
    pub by: &'a str,
    pub reason: Option<&'a str>,
    pub entry: Option<i64>,
    pub now: Instant,
}

#[derive(Debug, Serialize, Deserialize)]
struct ArrangementJson {
    /// Unit: milliseconds, as in every column.
    at: i64,
    minutes: i64,
    place: String,
}

fn arrangement_json(arranged: &Arrangement) -> String {
    let Arrangement { at, lasts, place } = arranged;
    rows::json(&ArrangementJson { at: at.millis(), minutes: lasts.num_minutes(), place: place.clone() })
}

fn arrangement(text: &str, row: i64) -> Result<Arrangement, StoreError> {
    let read: ArrangementJson =
        serde_json::from_str(text).map_err(|e| StoreError::row("meeting_events", row, e.to_string()))?;
    let lasts = Duration::try_minutes(read.minutes)
        .ok_or_else(|| StoreError::row("meeting_events", row, "a length beyond measure"))?;
    Ok(Arrangement { at: Instant::from_millis(read.at), lasts, place: read.place })
}

impl Tx {
    /// Adds a meeting with the first line of its history, and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_meeting(&self, new: &NewMeeting, now: Instant) -> Result<i64, StoreError> {
        let row = meeting::ActiveModel {
            key: NotSet,
            campaign: Set(new.campaign.to_string()),
            delegation: Set(new.delegation.to_string()),
            at: Set(new.arranged.at.millis()),
            place: Set(new.arranged.place.clone()),
            attendees: Set(rows::json(&new.theirs)),
            agenda: Set(new.agenda.clone()),
            state: Set(MeetingState::Agreed.as_str().to_owned()),
            created_at: Set(now.millis()),
            created_by: Set(new.by.clone()),
            minutes_long: Set(new.arranged.lasts.num_minutes()),
            ours: Set(rows::json(&new.ours)),
            sequence: Set(0),
            changed_at: Set(Some(now.millis())),
            confirmed: Set(None),
            entry: Set(None),
        };
        let id = meeting::Entity::insert(row).exec(&self.tx).await?.last_insert_id;
        let agreed = MeetingMove { what: Happening::Agreed, by: &new.by, reason: None, entry: None, now };
        self.add_event(id, None, Some(&new.arranged), &agreed).await?;
        Ok(id)
    }

    /// The meeting as it stands within this transaction.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn meeting(&self, id: i64) -> Result<Option<Meeting>, StoreError> {
        Ok(meetings(&self.tx, &MeetingFilter { id: Some(id), ..MeetingFilter::default() }).await?.pop())
    }

    /// As [`Store::meetings`], within this transaction.
    ///
    /// # Errors
    /// As there.
    pub async fn meetings(&self, filter: &MeetingFilter) -> Result<Vec<Meeting>, StoreError> {
        meetings(&self.tx, filter).await
    }

    /// Stores what has become of a meeting, with the line of its history.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_meeting(
        &self,
        before: &Meeting,
        after: &Meeting,
        how: &MeetingMove<'_>,
    ) -> Result<(), StoreError> {
        use meeting::Column as C;
        meeting::Entity::update_many()
            .col_expr(C::At, Expr::value(after.arranged.at.millis()))
            .col_expr(C::MinutesLong, Expr::value(after.arranged.lasts.num_minutes()))
            .col_expr(C::Place, Expr::value(after.arranged.place.clone()))
            .col_expr(C::State, Expr::value(after.state.as_str()))
            .col_expr(C::Sequence, Expr::value(i64::from(after.sequence)))
            .col_expr(C::ChangedAt, Expr::value(after.changed_at.millis()))
            .col_expr(C::Confirmed, Expr::value(after.confirmed.map(i64::from)))
            .col_expr(C::Entry, Expr::value(after.entry))
            .filter(C::Key.eq(before.id))
            .exec(&self.tx)
            .await?;
        let moved = before.arranged != after.arranged;
        let (from, to) = (moved.then_some(&before.arranged), moved.then_some(&after.arranged));
        self.add_event(before.id, from, to, how).await
    }

    async fn add_event(
        &self,
        meeting: i64,
        before: Option<&Arrangement>,
        after: Option<&Arrangement>,
        how: &MeetingMove<'_>,
    ) -> Result<(), StoreError> {
        let row = meeting_event::ActiveModel {
            key: NotSet,
            meeting: Set(meeting),
            at: Set(how.now.millis()),
            event: Set(how.what.as_str().to_owned()),
            before: Set(before.map(arrangement_json)),
            after: Set(after.map(arrangement_json)),
            entry: Set(how.entry),
            by_whom: Set(how.by.to_owned()),
            reason: Set(how.reason.map(str::to_owned)),
        };
        meeting_event::Entity::insert(row).exec(&self.tx).await?;
        Ok(())
    }
}

impl Store {
    /// By the time at which they begin.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn meetings(&self, filter: &MeetingFilter) -> Result<Vec<Meeting>, StoreError> {
        meetings(&self.db, filter).await
    }

    /// The meeting with that number.
    ///
    /// # Errors
    /// As [`Store::meetings`].
    pub async fn meeting(&self, id: i64) -> Result<Option<Meeting>, StoreError> {
        Ok(self.meetings(&MeetingFilter { id: Some(id), ..MeetingFilter::default() }).await?.pop())
    }

    /// The meeting that goes by that name in calendars: which an answer to an invitation is about.
    ///
    /// # Errors
    /// As [`Store::meetings`].
    pub async fn meeting_called(&self, uid: &str) -> Result<Option<Meeting>, StoreError> {
        // Names are made, not stored, and no office has thousands of meetings.
        let all = self.meetings(&MeetingFilter::default()).await?;
        Ok(all.into_iter().find(|meeting| meeting.uid == uid))
    }

    /// A meeting's history, oldest first. That of a meeting noted by an older program begins with its first change.
    ///
    /// # Errors
    /// As [`Store::meetings`].
    pub async fn meeting_events(&self, meeting: i64) -> Result<Vec<MeetingEvent>, StoreError> {
        use meeting_event::Column as C;
        let found = meeting_event::Entity::find().filter(C::Meeting.eq(meeting)).order_by_asc(C::Key).all(&self.db);
        let event = |row: meeting_event::Model| {
            Ok(MeetingEvent {
                at: Instant::from_millis(row.at),
                event: row.event,
                before: row.before.as_deref().map(|text| arrangement(text, row.key)).transpose()?,
                after: row.after.as_deref().map(|text| arrangement(text, row.key)).transpose()?,
                entry: row.entry,
                by: row.by_whom,
                reason: row.reason,
            })
        };
        found.await?.into_iter().map(event).collect()
    }
}

impl Store {
    /// What an entry of the kind `calendar-reply` answers, as it was read when it was filed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn calendar_answer(&self, id: i64) -> Result<Option<CalendarAnswer>, StoreError> {
        let message = match entry::Entity::find_by_id(id).one(&self.db).await?.and_then(|row| row.message) {
            Some(key) => self.incoming(key).await?,
            None => None,
        };
        Ok(message.and_then(|message| message.details.calendar()))
    }
}

async fn meetings(db: &impl ConnectionTrait, filter: &MeetingFilter) -> Result<Vec<Meeting>, StoreError> {
    use meeting::Column as C;
    let mut query = meeting::Entity::find();
    if let Some(campaign) = &filter.campaign {
        query = query.filter(C::Campaign.eq(campaign.as_str()));
    }
    if let Some(delegation) = filter.delegation {
        query = query.filter(C::Delegation.eq(delegation.as_str()));
    }
    if let Some(id) = filter.id {
        query = query.filter(C::Key.eq(id));
    }
    let rows = query.order_by_asc(C::At).order_by_asc(C::Key).all(db).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // There is one: nothing is agreed before the first plan.
    let secret = installation::Entity::find().one(db).await?.map(|row| row.secret).unwrap_or_default();
    rows.into_iter().map(|row| stored(row, &secret)).collect()
}

fn stored(row: meeting::Model, secret: &str) -> Result<Meeting, StoreError> {
    let wrong = |what: String| StoreError::row("meetings", row.key, what);
    let number = |n: i64| u32::try_from(n).map_err(|e| wrong(e.to_string()));
    let lasts = Duration::try_minutes(row.minutes_long).ok_or_else(|| wrong("a length beyond measure".to_owned()))?;
    Ok(Meeting {
        id: row.key,
        campaign: row.campaign.parse().map_err(|e| wrong(format!("{e}")))?,
        delegation: row.delegation.parse().map_err(|e| wrong(format!("{e}")))?,
        theirs: serde_json::from_str(&row.attendees).map_err(|e| wrong(e.to_string()))?,
        ours: serde_json::from_str(&row.ours).map_err(|e| wrong(e.to_string()))?,
        state: row.state.parse().map_err(wrong)?,
        uid: uid(secret, row.key),
        sequence: number(row.sequence)?,
        changed_at: Instant::from_millis(row.changed_at.unwrap_or(row.created_at)),
        confirmed: row.confirmed.map(number).transpose()?,
        entry: row.entry,
        arranged: Arrangement { at: Instant::from_millis(row.at), lasts, place: row.place },
        agenda: row.agenda,
        by: row.created_by,
    })
}
