//! The book of meetings.

use sea_orm::{ColumnTrait as _, EntityTrait as _, NotSet, QueryFilter as _, QueryOrder as _, Set};

use super::entities::meeting;
use super::{Store, StoreError, Tx, rows};
use crate::responses::NewMeeting;
use crate::vocabulary::{CampaignId, Instant, StateCode};

/// A meeting as it is stored.
#[derive(Debug, Clone)]
pub struct StoredMeeting {
    pub id: i64,
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub at: Instant,
    pub place: String,
    pub attendees: Vec<String>,
    pub agenda: Option<String>,
    /// `agreed`, `held` or `cancelled`.
    pub state: String,
    pub by: String,
}

impl Tx {
    /// Adds a meeting and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_meeting(&self, new: &NewMeeting, now: Instant) -> Result<i64, StoreError> {
        let row = meeting::ActiveModel {
            key: NotSet,
            campaign: Set(new.campaign.to_string()),
            delegation: Set(new.delegation.to_string()),
            at: Set(new.at.millis()),
            place: Set(new.place.clone()),
            attendees: Set(rows::json(&new.attendees)),
            agenda: Set(new.agenda.clone()),
            state: Set("agreed".to_owned()),
            created_at: Set(now.millis()),
            created_by: Set(new.by.clone()),
        };
        Ok(meeting::Entity::insert(row).exec(&self.tx).await?.last_insert_id)
    }
}

impl Store {
    /// The next one first.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn meetings(
        &self,
        campaign: Option<&CampaignId>,
        delegation: Option<StateCode>,
    ) -> Result<Vec<StoredMeeting>, StoreError> {
        use meeting::Column as C;
        let mut query = meeting::Entity::find();
        if let Some(campaign) = campaign {
            query = query.filter(C::Campaign.eq(campaign.as_str()));
        }
        if let Some(delegation) = delegation {
            query = query.filter(C::Delegation.eq(delegation.as_str()));
        }
        let rows = query.order_by_asc(C::At).order_by_asc(C::Key).all(&self.db).await?;
        rows.into_iter()
            .map(|row| {
                let wrong = |what: String| StoreError::row("meetings", row.key, what);
                Ok(StoredMeeting {
                    id: row.key,
                    campaign: row.campaign.parse().map_err(|e| wrong(format!("{e}")))?,
                    delegation: row.delegation.parse().map_err(|e| wrong(format!("{e}")))?,
                    at: Instant::from_millis(row.at),
                    attendees: serde_json::from_str(&row.attendees).map_err(|e| wrong(e.to_string()))?,
                    place: row.place,
                    agenda: row.agenda,
                    state: row.state,
                    by: row.created_by,
                })
            })
            .collect()
    }
}
