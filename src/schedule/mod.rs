//! WHEN: the calendar, the day a letter is due, and how fast letters may follow one another.

pub mod calendar;
pub mod clock_trust;
pub mod contradictions;
pub mod deadline;
pub mod due;
pub mod entries;
pub mod error;
pub mod membership;
pub mod milestone;
mod ordinal;
pub mod pace;
pub mod reviews;
#[cfg(test)]
pub(crate) mod sample;
pub mod slots;
pub mod working_days;

pub use calendar::{Calendar, Corrections, HrcCorrection, UprSessionCorrection};
pub use clock_trust::{Anchor, ClockTrust, Doubt, Reading};
pub use contradictions::Contradiction;
pub use deadline::Deadline;
pub use due::{Due, due, names_days_off};
pub use entries::{Custom, Dated, Holiday, HolidayKind, HrcSession, Origin, Sure, UprReview, UprSession};
pub use error::ScheduleError;
pub use membership::{Membership, Memberships};
pub use milestone::Milestone;
pub use ordinal::english_ordinal;
pub use pace::{Ceilings, MayStart, Window};
pub use slots::Slots;
pub use working_days::DayOff;
