//! The doors between rooms: load, decide, save. Each is short; what is decided, the rooms decide.

pub mod addressing;
pub mod approve;
pub mod changed;
pub mod correct;
pub mod decide;
pub mod digest;
pub mod dispatch;
pub mod doubtful;
pub mod draft;
mod drafting;
pub mod finish;
pub mod guarding;
pub mod neighbours;
mod one_step;
pub mod plan;
pub mod positions;
pub mod presses;
pub mod reconcile;
pub mod record;
pub mod since_approval;
pub mod summary;
