//! The table `entries`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub at: i64,
    pub recorded_at: i64,
    pub campaign: Option<String>,
    pub delegation: Option<String>,
    pub dispatch: Option<i64>,
    pub kind: String,
    pub stance: Option<String>,
    pub ask: Option<String>,
    pub from_whom: Option<String>,
    pub subject: Option<String>,
    pub body: Option<String>,
    pub matched_by: String,
    pub confidence: String,
    pub attachments: String,
    pub corrects: Option<i64>,
    pub by_whom: String,
    pub erased_at: Option<i64>,
    pub message: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
