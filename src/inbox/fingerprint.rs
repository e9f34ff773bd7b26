//! What makes two copies of one message the same.

use crate::vocabulary::Digest;

/// Of what the sender sent.
pub fn of(message: &[u8]) -> String {
    Digest::of(message).to_string()
}
