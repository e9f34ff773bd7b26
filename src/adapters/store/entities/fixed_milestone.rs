//! The table `fixed_milestones`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fixed_milestones")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub milestone: String,
    pub fixed_as: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
