//! HANDED OVER: what a mail server's answers mean, and when to try again.

pub mod conclusion;
pub mod envelope;
pub mod remembrance;
pub mod retry;
pub mod verdict;
pub mod wire;

pub use verdict::{Phase, RecipientResult, Reply, Role, Verdict};
pub use wire::{WireError, check_wire};
