//! ANSWERED: what comes back, and what counts as an answer.

pub mod addresses;
pub mod authenticity;
pub mod automatic;
pub mod bounce;
pub mod bounced;
pub mod calendar_reply;
pub mod fingerprint;
pub mod html_text;
pub mod incoming;
pub mod kind;
pub mod matching;
pub mod own_words;
pub mod phrases;
pub mod reading;
pub mod understand;
pub mod visible;

pub use authenticity::{Authenticity, Standing};
pub use fingerprint::fingerprint;
pub use incoming::{Content, Incoming};
pub use kind::Kind;
pub use reading::{CalendarAnswer, Correspondent, Enclosure, MailKind, Participation, Reading, Returned};
pub use understand::understand;
