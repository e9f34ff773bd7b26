//! DECIDED: one step to one delegation, from its planning to its end.

pub mod approval;
pub mod comparison;
pub mod dispatch;
pub mod gate;
pub mod neighbours;
pub mod objections;
pub mod recipients;
pub mod revision;
pub mod status;
pub mod token;
pub mod transition;
pub mod wish;

pub use dispatch::{Dispatch, Draft, Guard, SendingRules, Via};
pub use gate::Outage;
pub use recipients::Recipients;
pub use status::Status;
pub use token::Token;
pub use transition::{Event, Impossible};
pub use wish::{Stop, Wish};
