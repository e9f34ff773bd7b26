//! The table `dispatches`; its columns are explained in migrations/.

use sea_orm::entity::prelude::*;
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Deserialize)]
#[sea_orm(table_name = "dispatches")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub campaign: String,
    pub step: String,
    pub delegation: String,
    pub position: i32,
    pub status: String,
    pub reason: Option<String>,
    pub via: Option<String>,
    pub due: i64,
    pub next_at: i64,
    pub milestone: String,
    pub milestone_day: String,
    pub provisional: bool,
    pub language: String,
    pub sender: String,
    pub recipients: String,
    pub domain: String,
    pub subject: String,
    pub digest: String,
    pub seal: String,
    pub message_id: String,
    pub reply_token: Option<String>,
    pub follows: Option<String>,
    pub rules: String,
    pub why: String,
    pub objections: String,
    pub accepted: String,
    pub waived: String,
    pub due_override: Option<i64>,
    pub only_to: String,
    pub wish: Option<String>,
    pub attempts: i32,
    pub tried_since: Option<i64>,
    pub claimed_from: Option<String>,
    pub holder: Option<String>,
    pub lease_until: Option<i64>,
    pub fence: i64,
    pub sent_at: Option<i64>,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
