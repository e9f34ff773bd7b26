//! Follow-up meetings: agreed, moved, held, cancelled. Each change is a line of the meeting's history.

use std::fmt;
use std::str::FromStr;

use chrono::Duration;
use serde::Serialize;

use crate::schedule::Calendar;
use crate::vocabulary::{CampaignId, Digest, Instant, StateCode, Zone};

/// What a meeting lasts where nobody says how long.
pub const USUAL_LENGTH: Duration = Duration::hours(1);

/// Longer than this is a slip of the keyboard.
pub const LONGEST: Duration = Duration::days(7);

/// When, how long and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    pub at: Instant,
    /// Whole minutes, at least one.
    pub lasts: Duration,
    pub place: String,
}

impl Arrangement {
    pub fn ends(&self) -> Instant {
        self.at.plus(self.lasts)
    }
}

/// A meeting before it has a number.
#[derive(Debug, Clone)]
pub struct NewMeeting {
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub arranged: Arrangement,
    /// Who comes from the mission.
    pub theirs: Vec<String>,
    /// Who comes from the coalition.
    pub ours: Vec<String>,
    pub agenda: Option<String>,
    pub by: String,
}

/// A meeting as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    pub id: i64,
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub arranged: Arrangement,
    pub theirs: Vec<String>,
    pub ours: Vec<String>,
    pub agenda: Option<String>,
    pub state: MeetingState,
    /// Its name in every calendar, for ever (RFC 5545, 3.8.4.7).
    pub uid: String,
    /// Grows with each move and with the cancellation (RFC 5546, 2.1.4).
    pub sequence: u32,
    /// When it was agreed, moved or cancelled last.
    pub changed_at: Instant,
    /// The sequence that the mission has accepted, as a person noted.
    pub confirmed: Option<u32>,
    /// The log's entry with the minutes.
    pub entry: Option<i64>,
    /// Who noted it.
    pub by: String,
}

/// Where a meeting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MeetingState {
    /// It is to take place. Moved on by `meeting done` and `meeting cancel`.
    Agreed,
    /// It took place; the log has its minutes.
    Held,
    /// It does not take place.
    Cancelled,
}

impl MeetingState {
    pub const ALL: [Self; 3] = [Self::Agreed, Self::Held, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for MeetingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MeetingState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("a meeting is one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

impl Serialize for MeetingState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What happened to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Agreed,
    Moved,
    Cancelled,
    Held,
    /// The mission's answer to the invitation, as a person took note of it.
    Answered(super::noted::Noted),
}

impl Happening {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Moved => "moved",
            Self::Cancelled => "cancelled",
            Self::Held => "held",
            Self::Answered(noted) => noted.as_str(),
        }
    }
}

/// Why a meeting was not changed. The wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeetingError {
    #[error("meeting {0} was cancelled")]
    Cancelled(i64),
    #[error("meeting {0} was held, and its minutes are in the log")]
    Held(i64),
    #[error("meeting {0} is at that time and place already")]
    AsItIs(i64),
    #[error("meeting {0} has not begun yet")]
    NotBegun(i64),
}

impl MeetingError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Cancelled(_) => "agree a new one: `demarche meeting add`",
            Self::Held(_) => {
                "what was said since goes into the log: `demarche log add`; a new meeting is `demarche meeting add`"
            }
            Self::AsItIs(_) => "give the new time with --at, or the new place with --place",
            Self::NotBegun(_) => {
                "if it took place earlier, `demarche meeting move` it there first; else `demarche meeting cancel`"
            }
        }
    }
}

/// The name of a meeting in every calendar. It comes from the database's secret, so nobody outside can guess it and answer.
pub fn uid(secret: &str, number: i64) -> String {
    let digest = Digest::of_parts([secret.as_bytes(), b"meeting", number.to_string().as_bytes()]);
    let hex: String = digest.bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("meeting-{hex}@demarche")
}

impl Meeting {
    /// At another time, for another length, or at another place. What the mission accepted before it has not accepted now.
    ///
    /// # Errors
    /// When it is over, or nothing would change.
    pub fn moved(&self, to: Arrangement, now: Instant) -> Result<Self, MeetingError> {
        self.still_agreed()?;
        if to == self.arranged {
            return Err(MeetingError::AsItIs(self.id));
        }
        Ok(Self { arranged: to, sequence: self.sequence.saturating_add(1), changed_at: now, ..self.clone() })
    }

    /// # Errors
    /// When it is over.
    pub fn cancelled(&self, now: Instant) -> Result<Self, MeetingError> {
        self.still_agreed()?;
        let sequence = self.sequence.saturating_add(1);
        Ok(Self { state: MeetingState::Cancelled, sequence, changed_at: now, ..self.clone() })
    }

    /// It took place, and `entry` has its minutes.
    ///
    /// # Errors
    /// When it is over, or has not begun.
    pub fn held(&self, entry: i64, now: Instant) -> Result<Self, MeetingError> {
        self.may_be_held(now)?;
        Ok(Self { state: MeetingState::Held, entry: Some(entry), ..self.clone() })
    }

    /// # Errors
    /// As [`Meeting::held`]; asked before there is an entry.
    pub fn may_be_held(&self, now: Instant) -> Result<(), MeetingError> {
        self.still_agreed()?;
        if now < self.arranged.at { Err(MeetingError::NotBegun(self.id)) } else { Ok(()) }
    }

    /// # Errors
    /// When it was held or cancelled.
    pub fn still_agreed(&self) -> Result<(), MeetingError> {
        match self.state {
            MeetingState::Agreed => Ok(()),
            MeetingState::Held => Err(MeetingError::Held(self.id)),
            MeetingState::Cancelled => Err(MeetingError::Cancelled(self.id)),
        }
    }

    /// Whether the mission has accepted it as it stands now.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed == Some(self.sequence)
    }

    /// Agreed and not over.
    pub fn is_coming(&self, now: Instant) -> bool {
        self.state == MeetingState::Agreed && self.arranged.ends() > now
    }
}

/// What a person should look at once more: none of it forbids the meeting. One clause each.
pub fn notes(
    arranged: &Arrangement,
    own: Option<i64>,
    others: &[Meeting],
    calendar: &Calendar,
    now: Instant,
) -> Vec<String> {
    let mut notes = Vec::new();
    if arranged.at < now {
        notes.push("it lies in the past".to_owned());
    }
    let day = Zone::GENEVA.day_of(arranged.at);
    match calendar.day_off(day) {
        Ok(Some(off)) => notes.push(format!("{day} is {off} in Geneva")),
        Ok(None) => notes.extend(
            calendar
                .un_office_notice(day)
                .map(|name| format!("the UN Office at Geneva may be closed on {day}: {name}")),
        ),
        // Weekends are known without a list.
        Err(_) if day.is_weekend() => notes.push(format!("{day} is a weekend day")),
        Err(error) => notes.push(format!("{error}, so nobody has looked whether {day} is one")),
    }
    let overlaps = |other: &&Meeting| {
        other.state == MeetingState::Agreed
            && Some(other.id) != own
            && other.arranged.at < arranged.ends()
            && arranged.at < other.arranged.ends()
    };
    let told = |other: &Meeting| format!("meeting {} with {} is at the same time", other.id, other.delegation);
    notes.extend(others.iter().filter(overlaps).map(told));
    notes
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    pub(crate) fn arranged(when: &str) -> Arrangement {
        Arrangement { at: at(when), lasts: USUAL_LENGTH, place: "Palais des Nations, room XX".to_owned() }
    }

    pub(crate) fn a_meeting() -> Meeting {
        Meeting {
            id: 2,
            campaign: "spring".parse().unwrap(),
            delegation: "FRA".parse().unwrap(),
            arranged: arranged("2018-02-20T09:00:00Z"),
            theirs: Vec::new(),
            ours: Vec::new(),
            agenda: None,
            state: MeetingState::Agreed,
            uid: uid("secret", 2),
            sequence: 0,
            changed_at: at("2018-02-01T09:00:00Z"),
            confirmed: Some(0),
            entry: None,
            by: "Ada".to_owned(),
        }
    }

    #[test]
    fn a_move_raises_the_sequence_keeps_the_name_and_takes_the_confirmation_back() {
        let moved = a_meeting().moved(arranged("2018-02-21T09:00:00Z"), at("2018-02-02T09:00:00Z")).unwrap();
        assert_eq!((moved.sequence, moved.changed_at), (1, at("2018-02-02T09:00:00Z")));
        assert_eq!(moved.uid, a_meeting().uid);
        assert!(a_meeting().is_confirmed() && !moved.is_confirmed());
        let same = a_meeting().moved(a_meeting().arranged, at("2018-02-02T09:00:00Z"));
        assert_eq!(same, Err(MeetingError::AsItIs(2)));
    }

    #[test]
    fn a_cancelled_meeting_is_neither_moved_nor_held_nor_cancelled_again() {
        let now = at("2018-03-01T09:00:00Z");
        let cancelled = a_meeting().cancelled(now).unwrap();
        assert_eq!((cancelled.state, cancelled.sequence), (MeetingState::Cancelled, 1));
        assert_eq!(cancelled.moved(arranged("2018-03-21T09:00:00Z"), now), Err(MeetingError::Cancelled(2)));
        assert_eq!(cancelled.held(1, now), Err(MeetingError::Cancelled(2)));
        assert_eq!(cancelled.cancelled(now), Err(MeetingError::Cancelled(2)));
    }

    #[test]
    fn a_meeting_is_held_once_it_has_begun() {
        assert_eq!(a_meeting().held(7, at("2018-02-20T08:59:59Z")), Err(MeetingError::NotBegun(2)));
        let held = a_meeting().held(7, at("2018-02-20T09:00:00Z")).unwrap();
        assert_eq!((held.state, held.entry, held.sequence), (MeetingState::Held, Some(7), 0));
        assert_eq!(held.cancelled(at("2018-02-21T09:00:00Z")), Err(MeetingError::Held(2)));
    }

    #[test]
    fn the_name_in_calendars_tells_nothing_and_differs_from_meeting_to_meeting() {
        assert_ne!(uid("secret", 1), uid("secret", 2));
        assert_ne!(uid("secret", 1), uid("other", 1));
        assert_eq!(uid("secret", 1).len(), "meeting-".len() + 32 + "@demarche".len());
    }

    #[test]
    fn a_meeting_on_a_day_off_in_the_past_or_beside_another_is_noted() {
        let calendar = crate::schedule::sample::calendar();
        let others = [Meeting { id: 5, arranged: arranged("2018-03-30T09:30:00Z"), ..a_meeting() }];
        let told = |when: &str, own| notes(&arranged(when), own, &others, &calendar, at("2018-03-01T00:00:00Z"));
        assert_eq!(
            told("2018-03-30T09:00:00Z", None),
            ["2018-03-30 is Good Friday in Geneva", "meeting 5 with FRA is at the same time"]
        );
        assert_eq!(told("2018-03-30T09:00:00Z", Some(5)).len(), 1, "it is not beside itself");
        assert_eq!(told("2018-03-30T10:30:00Z", None).len(), 1, "one begins when the other ends");
        assert_eq!(told("2018-02-28T10:30:00Z", None), ["it lies in the past"]);
        assert_eq!(told("2090-01-04T10:30:00Z", None).len(), 1, "{:?}", told("2090-01-04T10:30:00Z", None));
    }
}
