//! The table `guesses`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guesses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub message: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    pub delegation: String,
    pub campaign: Option<String>,
    pub dispatch: Option<i64>,
    pub because: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
