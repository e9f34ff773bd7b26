//! The table `followups`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "followups")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub campaign: String,
    pub delegation: String,
    pub what: String,
    pub owner: String,
    pub due: String,
    pub counted: String,
    pub meeting: Option<i64>,
    pub entry: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
