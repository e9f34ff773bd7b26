//! How a delegation stands to an ask.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The staff's reading of an answer (contract, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stance {
    Unread,
    Acknowledged,
    Considering,
    WillRaisePrivately,
    WillSupport,
    Joined,
    Declined,
    Opposed,
}

impl Stance {
    pub const ALL: [Self; 8] = [
        Self::Unread,
        Self::Acknowledged,
        Self::Considering,
        Self::WillRaisePrivately,
        Self::WillSupport,
        Self::Joined,
        Self::Declined,
        Self::Opposed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Acknowledged => "acknowledged",
            Self::Considering => "considering",
            Self::WillRaisePrivately => "will-raise-privately",
            Self::WillSupport => "will-support",
            Self::Joined => "joined",
            Self::Declined => "declined",
            Self::Opposed => "opposed",
        }
    }
}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Stance {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str);
            match crate::vocabulary::hint::nearest(text, all) {
                Some(near) => format!("no such stance; did you mean {near}?"),
                None => format!("a stance is one of {}", all.join(", ")),
            }
        })
    }
}

impl Serialize for Stance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
