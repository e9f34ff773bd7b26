//! The table `attempts`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub dispatch: i64,
    pub fence: i64,
    pub worker: String,
    pub via: String,
    pub claimed_at: i64,
    pub ended_at: Option<i64>,
    pub outcome: Option<String>,
    pub detail: Option<String>,
    pub recipients: String,
    pub domains: String,
    pub late_evidence: Option<String>,
    pub filed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
