//! The table `meetings`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meetings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub campaign: String,
    pub delegation: String,
    pub at: i64,
    pub place: String,
    pub attendees: String,
    pub agenda: Option<String>,
    pub state: String,
    pub created_at: i64,
    pub created_by: String,
    pub minutes_long: i64,
    pub ours: String,
    pub sequence: i64,
    pub changed_at: Option<i64>,
    pub confirmed: Option<i64>,
    pub entry: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
