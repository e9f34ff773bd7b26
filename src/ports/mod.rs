//! What we ask of the world: a trait only where the world has two real answers.

pub mod clock;
pub mod mailer;

pub use clock::Clock;
pub use mailer::{Courier, Mailer, Outgoing, Via};
