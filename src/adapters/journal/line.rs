//! How one line of the journal is written.

use serde::{Deserialize, Serialize};

use super::Answered;
use super::reading::Noted;
use crate::delivery::remembrance::Ended;
use crate::vocabulary::{DispatchId, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Before the server hears anything. The first versions wrote nothing else, and no kind.
    #[default]
    Claimed,
    Ended,
    Told,
}

/// One line. What its kind does not need is left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(default)]
    kind: Kind,
    at: i64,
    /// Which database it came from.
    database: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dispatch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fence: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upto: Option<u64>,
}

impl Line {
    fn new(kind: Kind, database: &str, at: Instant) -> Self {
        Self {
            kind,
            at: at.millis(),
            database: database.to_owned(),
            dispatch: None,
            message_id: None,
            fence: None,
            outcome: None,
            words: None,
            upto: None,
        }
    }

    pub(super) fn claimed(database: &str, dispatch: &DispatchId, message_id: &str, fence: i64, at: Instant) -> Self {
        Self {
            dispatch: Some(dispatch.to_string()),
            message_id: Some(message_id.to_owned()),
            fence: Some(fence),
            ..Self::new(Kind::Claimed, database, at)
        }
    }

    pub(super) fn ended(database: &str, letter: &Answered) -> Self {
        let ended = &letter.ended;
        Self {
            kind: Kind::Ended,
            outcome: Some(ended.outcome.clone()),
            words: Some(ended.words.clone()),
            ..Self::claimed(database, &letter.dispatch, &letter.message_id, letter.fence, ended.at)
        }
    }

    pub(super) fn told(database: &str, upto: u64, at: Instant) -> Self {
        Self { upto: Some(upto), ..Self::new(Kind::Told, database, at) }
    }

    /// `None`: half a line, or one of another database.
    pub(super) fn read(bytes: &[u8], database: &str) -> Option<Noted> {
        let line: Self = serde_json::from_slice(bytes).ok()?;
        if line.database != database {
            return None;
        }
        let at = Instant::from_millis(line.at);
        if line.kind == Kind::Told {
            return Some(Noted::Told(line.upto?));
        }
        let dispatch: DispatchId = line.dispatch?.parse().ok()?;
        let (message_id, fence) = (line.message_id?, line.fence?);
        Some(match line.kind {
            Kind::Ended => {
                let ended = Ended { at, outcome: line.outcome?, words: line.words? };
                Noted::Ended(Answered { dispatch, message_id, fence, ended })
            }
            Kind::Claimed | Kind::Told => Noted::Claimed { dispatch, message_id, fence, at },
        })
    }
}
