//! HANDED OVER: what a mail server's answers mean, when to try again, and when to try nobody.

pub mod breaker;
pub mod class;
pub mod conclusion;
pub mod enhanced;
pub mod envelope;
pub mod remembrance;
pub mod retry;
pub mod verdict;
pub mod wire;

pub use breaker::{Breaker, Gate, Pause};
pub use class::Class;
pub use verdict::{Phase, RecipientResult, Reply, Role, Verdict};
pub use wire::{WireError, check_wire};
