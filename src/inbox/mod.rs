//! ANSWERED: what comes back, and what counts as an answer.

pub mod incoming;
pub mod kind;
pub mod reading;

pub use incoming::Incoming;
pub use kind::Kind;
pub use reading::{CalendarAnswer, Correspondent, Enclosure, MailKind, Participation, Reading, Returned};
