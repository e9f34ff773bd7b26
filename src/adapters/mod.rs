//! The world's answers: files, templates, bytes of mail.

pub mod mime;
pub mod render;
