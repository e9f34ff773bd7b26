//! The worker: rounds of sending, woken by the clock, stopped with care.

pub mod bell;
pub mod clock_watch;
pub mod collector;
pub mod digest;
pub mod files_watch;
mod memory;
pub mod round;
pub mod stop;

pub use clock_watch::ClockWatch;
pub use collector::{Collector, MailWanted};
pub use digest::DigestDesk;
pub use round::{Report, Worker};
pub use stop::Stop;
