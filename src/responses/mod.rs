//! REMEMBERED: the response log, the meetings and the next actions.

pub mod confirming;
pub mod entry;
pub mod followup;
pub mod ledger;
pub mod meeting;
pub mod noted;
pub mod stance;

pub use confirming::{NoAnswer, Weighed};
pub use entry::{Attachment, NewEntry};
pub use followup::{Action, Followup, FollowupError, NewFollowup};
pub use ledger::{EntrySource, Evidence, Ledger};
pub use meeting::{Arrangement, Happening, Meeting, MeetingError, MeetingState, NewMeeting};
pub use noted::Noted;
pub use stance::Stance;
