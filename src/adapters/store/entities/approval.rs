//! The table `approvals`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "approvals")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub dispatch: i64,
    pub seal: String,
    pub digest: String,
    pub approver: String,
    pub organisation: String,
    pub approved_at: i64,
    pub entered_by: String,
    pub evidence: Option<Vec<u8>>,
    pub revoked_at: Option<i64>,
    pub due: Option<i64>,
    pub mail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
