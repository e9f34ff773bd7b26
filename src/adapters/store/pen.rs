//! The guesses for mail that waits in the pen.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde_json::{Value, json};

use super::entities::{entry, guess};
use super::{Store, StoreError, Tx};
use crate::vocabulary::{CampaignId, StateCode};

/// A mission that a message may come from.
#[derive(Debug, Clone)]
pub struct Guessed {
    pub message: i64,
    pub delegation: StateCode,
    pub campaign: Option<CampaignId>,
    /// The row of the dispatch that it may answer.
    pub letter: Option<i64>,
    pub because: String,
}

impl Guessed {
    /// ` in hrc37-china`, or nothing.
    pub fn under(&self) -> String {
        self.campaign.as_ref().map(|campaign| format!(" in {campaign}")).unwrap_or_default()
    }

    pub fn value(&self) -> Value {
        json!({ "delegation": self.delegation, "campaign": self.campaign, "because": self.because })
    }
}

impl Store {
    /// The guesses for these messages, the best of each first.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn guesses(&self, messages: &[i64]) -> Result<Vec<Guessed>, StoreError> {
        let mut all = Vec::new();
        for batch in messages.chunks(500) {
            let rows = guess::Entity::find()
                .filter(guess::Column::Message.is_in(batch.iter().copied()))
                .order_by_asc(guess::Column::Message)
                .order_by_asc(guess::Column::Place)
                .all(&self.db)
                .await?;
            for row in rows {
                let wrong = |what: String| StoreError::row("guesses", row.message, what);
                all.push(Guessed {
                    message: row.message,
                    delegation: row.delegation.parse().map_err(|e| wrong(format!("{e}")))?,
                    campaign: row
                        .campaign
                        .as_deref()
                        .map(|c| c.parse().map_err(|e| wrong(format!("{e}"))))
                        .transpose()?,
                    letter: row.dispatch,
                    because: row.because,
                });
            }
        }
        Ok(all)
    }
}

impl Tx {
    /// The last entry that was made of a message.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn entry_of_message(&self, message: i64) -> Result<Option<i64>, StoreError> {
        let found = entry::Entity::find()
            .select_only()
            .column(entry::Column::Key)
            .filter(entry::Column::Message.eq(message))
            .order_by_desc(entry::Column::Key)
            .limit(1)
            .into_tuple()
            .one(&self.tx)
            .await?;
        Ok(found)
    }
}
