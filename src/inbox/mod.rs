//! ANSWERED: what comes back, and what counts as an answer.

pub mod bounced;
pub mod fingerprint;
pub mod html_text;
pub mod kind;
pub mod matching;
pub mod own_words;
pub mod reading;

pub use kind::Kind;
pub use reading::{CalendarAnswer, Correspondent, Enclosure, MailKind, Participation, Reading, Returned};
