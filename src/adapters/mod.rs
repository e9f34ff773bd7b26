//! The world's answers to what `ports` ask, and the database.

pub mod private;
pub mod store;
pub mod workspace;
