//! The table `lost_letters`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lost_letters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub step: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub delegation: String,
    pub message_id: String,
    pub fence: i64,
    pub handed_over_at: i64,
    pub outcome: Option<String>,
    pub words: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
