//! Words that every room shares: who, where, when, and how a thing is named.
//!
//! Nothing here reads a clock, a file or a database.

pub mod address;
pub mod digest;
pub mod hint;
pub mod ids;
pub mod language;
pub mod problem;
pub mod providers;
pub mod safe_text;
pub mod state_code;
pub mod time;

pub use address::{Address, Mailbox};
pub use digest::Digest;
pub use ids::{AskId, CampaignId, CustomId, DispatchId, LetterName, StatementId, StepId};
pub use language::Language;
pub use state_code::StateCode;
pub use time::{Day, Instant, TimeOfDay, Zone};
