//! Finding a letter by the token that an answer's address carries.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::entities::dispatch::{ActiveModel, Column, Entity};
use super::{Store, StoreError, Tx, rows};
use crate::outbox::Token;
use crate::vocabulary::{CampaignId, DispatchId};

impl Store {
    /// The dispatch of that token, with its row's number.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn dispatch_of_token(&self, token: &Token) -> Result<Option<(i64, DispatchId)>, StoreError> {
        let row = Entity::find().filter(Column::ReplyToken.eq(token.as_str())).one(&self.db).await?;
        row.map(|row| Ok((row.key, rows::id(&row)?))).transpose()
    }
}

impl Tx {
    /// Gives letters that were planned before there were tokens their own.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn give_tokens(
        &self,
        campaign: &CampaignId,
        token: impl Fn(&DispatchId) -> Token,
    ) -> Result<(), StoreError> {
        let without =
            Entity::find().filter(Column::Campaign.eq(campaign.as_str())).filter(Column::ReplyToken.is_null());
        for row in without.all(&self.tx).await? {
            let change = ActiveModel {
                reply_token: Set(Some(token(&rows::id(&row)?).as_str().to_owned())),
                ..Default::default()
            };
            Entity::update_many().set(change).filter(Column::Key.eq(row.key)).exec(&self.tx).await?;
        }
        Ok(())
    }
}
