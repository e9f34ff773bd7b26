//! The world's answers: clocks, mail servers, folders, databases.

pub mod clock;
pub mod files;
pub mod lock;
pub mod private;
pub mod smtp;
pub mod store;
pub mod workspace;
