//! ANSWERED: what comes back, and what counts as an answer.

pub mod kind;

pub use kind::Kind;
