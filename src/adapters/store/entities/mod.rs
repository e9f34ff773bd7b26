//! One file a table.

pub mod approval;
pub mod approval_mail;
pub mod attempt;
pub mod correspondent;
pub mod dispatch;
pub mod doubtful_address;
pub mod entry;
pub mod fixed_milestone;
pub mod followup;
pub mod followup_event;
pub mod guess;
pub mod history;
pub mod installation;
pub mod letter;
pub mod mail_place;
pub mod mailbox;
pub mod meeting;
pub mod meeting_event;
pub mod message;
pub mod pace;
pub mod plan;
pub mod planned_file;
pub mod remembered_sender;
pub mod sending_pause;
pub mod slot;
