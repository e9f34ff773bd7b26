//! The table `messages`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub fingerprint: String,
    pub raw: String,
    pub bytes: i64,
    pub arrived_at: i64,
    pub stored_at: i64,
    pub source: String,
    pub state: String,
    pub tries: i32,
    pub kind: Option<String>,
    pub message_id: Option<String>,
    pub from_whom: Option<String>,
    pub from_address: Option<String>,
    pub subject: Option<String>,
    pub why: Option<String>,
    pub authenticity: Option<String>,
    pub authenticity_why: Option<String>,
    pub reading: String,
    pub erased_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
