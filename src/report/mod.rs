//! TOLD: what staff see, as one value that is then shown as a table or as JSON.

pub mod agenda;
pub mod csv;
pub mod digest;
pub mod pause;
pub mod positions;
pub mod summary;

pub use csv::Csv;
pub use pause::PauseNotice;
pub use summary::{Attention, CampaignSummary, Counts, Needs};
