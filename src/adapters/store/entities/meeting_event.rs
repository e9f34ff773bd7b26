//! The table `meeting_events`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub meeting: i64,
    pub at: i64,
    pub event: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub entry: Option<i64>,
    pub by_whom: String,
    pub reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
