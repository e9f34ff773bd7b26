//! The table `planned_files`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "planned_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub file: String,
    pub digest: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
