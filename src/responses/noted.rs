//! What a person takes note of when the mission's calendar has answered.

use crate::inbox::Participation;

/// What a person takes note of, in the meeting's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    Accepted,
    Declined,
    Tentative,
    Countered,
}

impl Noted {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "tentative",
            Self::Countered => "countered",
        }
    }
}

impl From<Participation> for Noted {
    fn from(answer: Participation) -> Self {
        match answer {
            Participation::Accepted => Self::Accepted,
            Participation::Declined => Self::Declined,
            Participation::Tentative => Self::Tentative,
            Participation::Counter => Self::Countered,
        }
    }
}
