//! The table `followup_events`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "followup_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub followup: i64,
    pub at: i64,
    pub event: String,
    pub by_whom: String,
    pub note: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
