//! Incoming mail: its bytes → [`crate::inbox::incoming::Incoming`].
//!
//! How a message is built of parts we find out ourselves, in one pass and within limits, because a message may hold a hundred
//! thousand parts, or one in another five thousand times; mail-parser reads charsets, `Content-Type` and dates.

mod addresses;
mod charsets;
mod fields;
mod limits;
pub mod parse;
mod structure;
pub(super) mod transfer;

pub use limits::LONGEST;
pub use parse::{enclosed, parse};
