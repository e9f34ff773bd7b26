//! ANSWERED: what comes back, and what counts as an answer.

pub mod bounced;
pub mod fingerprint;
pub mod kind;
pub mod matching;
pub mod reading;

pub use kind::Kind;
pub use reading::{CalendarAnswer, Correspondent, Enclosure, MailKind, Participation, Reading, Returned};
