//! ISO 3166-1 alpha-3 codes, as the UN's own lists use them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Three capital letters. Whether such a State exists is for [`crate::campaign::states::States`] to say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateCode([u8; 3]);

impl StateCode {
    pub fn as_str(&self) -> &str {
        // Only ASCII capitals get in, see `from_str`.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

/// Why a text is no State code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a State is written with the three capital letters of ISO 3166-1, as in FRA")]
pub struct StateCodeError;

impl FromStr for StateCode {
    type Err = StateCodeError;
    fn from_str(text: &str) -> Result<Self, StateCodeError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(StateCodeError),
        }
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StateCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
