//! How raw mail becomes what the log says of it.

use std::sync::Arc;

use crate::inbox::{MailKind, Reading};
use crate::steps::filing::{Understand, Understood};

/// The reader that `collect` works with. `receiving_server`: whose word on a sender's authenticity is believed.
pub fn understand(receiving_server: Option<String>) -> Understand {
    Understand(Arc::new(move |bytes: &[u8]| Understood {
        reading: read(bytes),
        authenticity: "unverified",
        authenticity_why: receiving_server.clone().unwrap_or_default(),
    }))
}

/// One message, understood.
pub fn read(_bytes: &[u8]) -> Reading {
    Reading::nothing(MailKind::Other)
}

/// The bytes of one of its files.
pub fn enclosure(_bytes: &[u8], _part: usize) -> Option<Vec<u8>> {
    None
}
