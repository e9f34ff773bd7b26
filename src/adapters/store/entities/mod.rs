//! One file a table.

pub mod approval;
pub mod approval_mail;
pub mod attempt;
pub mod dispatch;
pub mod entry;
pub mod fixed_milestone;
pub mod history;
pub mod installation;
pub mod letter;
pub mod meeting;
pub mod plan;
pub mod planned_file;
pub mod slot;
