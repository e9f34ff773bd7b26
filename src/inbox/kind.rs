//! The kinds of entry in the response log.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What an entry of the response log is (contract, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Reply,
    AutoReply,
    Bounce,
    Receipt,
    CalendarReply,
    Call,
    Meeting,
    /// By post, or a note verbale.
    Letter,
    Note,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Reply,
        Self::AutoReply,
        Self::Bounce,
        Self::Receipt,
        Self::CalendarReply,
        Self::Call,
        Self::Meeting,
        Self::Letter,
        Self::Note,
    ];

    /// Kinds that a person may enter by hand; the others come from incoming mail alone.
    pub const BY_HAND: [Self; 6] = [Self::Reply, Self::Call, Self::Meeting, Self::Letter, Self::Note, Self::AutoReply];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::AutoReply => "auto-reply",
            Self::Bounce => "bounce",
            Self::Receipt => "receipt",
            Self::CalendarReply => "calendar-reply",
            Self::Call => "call",
            Self::Meeting => "meeting",
            Self::Letter => "letter",
            Self::Note => "note",
        }
    }

    /// Whether the mission has answered, so that no reminder leaves. A machine's reply is no answer.
    pub fn is_answer(self) -> bool {
        matches!(self, Self::Reply | Self::Call | Self::Meeting | Self::Letter)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str);
            match crate::vocabulary::hint::nearest(text, all) {
                Some(near) => format!("no such kind of entry; did you mean {near}?"),
                None => format!("a kind of entry is one of {}", all.join(", ")),
            }
        })
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn replies_calls_meetings_and_letters_are_answers_and_nothing_else_is() {
        let answers: Vec<&str> = Kind::ALL.into_iter().filter(|k| k.is_answer()).map(Kind::as_str).collect();
        // The same words stand in the query that claims letters.
        assert_eq!(answers, ["reply", "call", "meeting", "letter"]);
    }
}
