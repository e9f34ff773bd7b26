//! The table `sending_pauses`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sending_pauses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub via: String,
    pub suspects: String,
    pub class: Option<String>,
    pub words: Option<String>,
    pub since: Option<i64>,
    pub resumes_at: Option<i64>,
    pub waits: i32,
    pub trial_dispatch: Option<i64>,
    pub trial_fence: Option<i64>,
    pub trial_until: Option<i64>,
    pub ended_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
