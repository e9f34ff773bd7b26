//! The world's answers: clocks, mail servers, folders, databases.

pub mod clock;
pub mod files;
pub mod smtp;
