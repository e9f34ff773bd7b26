//! One file a table.

pub mod approval;
pub mod approval_mail;
pub mod attempt;
pub mod dispatch;
pub mod entry;
pub mod fixed_milestone;
pub mod followup;
pub mod followup_event;
pub mod history;
pub mod installation;
pub mod letter;
pub mod meeting;
pub mod meeting_event;
pub mod plan;
pub mod planned_file;
