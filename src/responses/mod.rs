//! REMEMBERED: the response log and the meetings.

pub mod entry;
pub mod ledger;
pub mod meeting;
pub mod stance;

pub use entry::{Attachment, NewEntry};
pub use ledger::{EntrySource, Evidence, Ledger};
pub use meeting::NewMeeting;
pub use stance::Stance;
