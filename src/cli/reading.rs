//! How raw mail becomes what the log says of it.

use std::sync::Arc;

use crate::adapters::mail;
use crate::inbox::{Reading, authenticity, understand as understood};
use crate::steps::erase::Read;
use crate::steps::filing::{Understand, Understood};

/// The reader that `collect` works with. `receiving_server`: whose word on a sender's authenticity is believed.
pub fn understand(receiving_server: Option<String>) -> Understand {
    Understand(Arc::new(move |bytes: &[u8]| {
        let message = mail::parse(bytes);
        let authenticity = authenticity::judge(&message, receiving_server.as_deref());
        Understood { reading: understood(&message), authenticity }
    }))
}

/// The reader that `erase` looks into messages with.
pub fn for_erasure() -> Read {
    Read(Arc::new(read))
}

/// One message, understood.
pub fn read(bytes: &[u8]) -> Reading {
    understood(&mail::parse(bytes))
}

/// The bytes of one of its files.
pub fn enclosure(bytes: &[u8], part: usize) -> Option<Vec<u8>> {
    mail::enclosed(bytes, part)
}
