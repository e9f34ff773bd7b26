//! HANDED OVER: what a mail server's answers mean, and when to try again.

pub mod envelope;
pub mod retry;
pub mod verdict;

pub use verdict::{Phase, RecipientResult, Reply, Role, Verdict};
