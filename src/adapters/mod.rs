//! The world's answers: clocks, mail servers, folders, databases; templates and the bytes of mail.

pub mod clock;
pub mod dial;
pub mod files;
pub mod ics;
pub mod journal;
pub mod lock;
pub mod machine;
pub mod mail;
pub mod mailbox;
pub mod mime;
pub mod private;
pub mod render;
pub mod shelf;
pub mod smtp;
pub mod store;
pub mod tls;
mod unsaid;
pub mod workspace;
