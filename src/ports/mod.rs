//! What we ask of the world: a trait only where the world has two real answers.

pub mod clock;
pub mod mailbox;
pub mod mailer;

pub use clock::Clock;
pub use mailbox::{Archive, Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
pub use mailer::{Courier, Mailer, Outgoing, Via};
