//! Why a date cannot be given, and what to do about it.

use chrono::Datelike as _;

use super::ordinal::english_ordinal as ordinal;
use crate::campaign::MilestoneRef;
use crate::vocabulary::time::LocalTimeError;
use crate::vocabulary::{CustomId, Day, StateCode};

/// Why a date cannot be given. Carries the facts; the wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("the calendar has no {} session of the Human Rights Council", ordinal(*number))]
    UnknownHrcSession { number: u16, nearest: Option<u16> },
    #[error("the calendar has no {} session of the UPR Working Group", ordinal(*number))]
    UnknownUprSession { number: u16, nearest: Option<u16> },
    #[error("the day of {reference} is not known")]
    DayUnknown { reference: MilestoneRef },
    /// `meant`: a State of that session whose code is a slip of the hand away. `nearest`: the session that does review `state`.
    #[error("{state} is not under review in the {} session of the UPR Working Group", ordinal(*session))]
    NotUnderReview { session: u16, state: StateCode, nearest: Option<u16>, meant: Option<StateCode> },
    /// The session is known, the day within it is not. `expected`: first day of the month in which the session is forecast.
    #[error("the day on which {state} is reviewed in the {} session of the UPR Working Group is not known", ordinal(*session))]
    ReviewDayUnknown { session: u16, state: StateCode, opens: Option<Day>, closes: Option<Day>, expected: Option<Day> },
    #[error("no review of {state} after {after} is known")]
    NoNextReview { state: StateCode, after: Day },
    #[error("upr:next.{state} can only be counted after the campaign's other milestones")]
    NextNeedsTheOthers { state: StateCode },
    #[error("config/calendar.toml has no [[custom]] entry `{id}`")]
    UnknownCustom { id: CustomId, nearest: Option<String> },
    /// `known`: the first and the last year whose holidays are known.
    #[error("the public holidays of Geneva in {year} are not known")]
    NoHolidays { year: i32, known: Option<(i32, i32)> },
    #[error("the members of the Human Rights Council on {day} are not all known")]
    NoMembership { day: Day, from: Day, until: Day },
    #[error("the offset from {from} leads beyond the calendar")]
    BeyondTheCalendar { from: Day },
    /// Both readings of the time are in it.
    #[error(transparent)]
    LocalTime(#[from] LocalTimeError),
}

impl ScheduleError {
    /// What to do next: one or more sentences, with lines to add to a file where that helps.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownHrcSession { number, nearest } => format!(
                "{}add it to config/calendar.toml:\n\n[[hrc]]\nnumber = {number}\nopens  = YYYY-MM-DD\ncloses = YYYY-MM-DD\nsource = \"where you read it\"",
                nearest.map(|n| format!("the nearest known session is hrc:{n}; to use this one, ")).unwrap_or_default(),
            ),
            Self::UnknownUprSession { nearest, .. } => format!(
                "{}count from a [[custom]] day, or add the State's review as [[upr]] to config/calendar.toml",
                nearest.map(|n| format!("the nearest known session is upr:{n}; otherwise ")).unwrap_or_default(),
            ),
            Self::DayUnknown { reference } => day_unknown(reference),
            Self::NotUnderReview { session, state, nearest, meant } => {
                not_under_review(*session, *state, *nearest, *meant)
            }
            Self::ReviewDayUnknown { session, state, opens, closes, expected } => format!(
                "{}; look the day up in the session's timetable and add it to config/calendar.toml:\n\n{}",
                sitting(*opens, *closes, *expected),
                upr_lines(*session, *state),
            ),
            Self::NoNextReview { state, .. } => format!(
                "add the review to config/calendar.toml, with its session's number:\n\n[[upr]]\nsession = NUMBER\nstate   = \"{state}\"\ndate    = YYYY-MM-DD"
            ),
            Self::NextNeedsTheOthers { state } => {
                format!("name the session, as in upr:31.{state}, or give another step a milestone of its own")
            }
            Self::UnknownCustom { id, nearest: Some(near) } => {
                format!("did you mean custom:{near}? If not, add an entry `{id}`:\n\n{}", custom_lines(id))
            }
            Self::UnknownCustom { id, nearest: None } => format!("add it:\n\n{}", custom_lines(id)),
            Self::NoHolidays { year, known } => format!(
                "{}to send then, list that year's public holidays in config/calendar.toml as [[holiday]] and say so at its top with holiday_years = [{year}]",
                known.map(|(first, last)| format!("they are built in from {first} to {last}; ")).unwrap_or_default(),
            ),
            Self::NoMembership { from, until, .. } => format!(
                "they are known from {from} to {until}; choose delegations by state:, group: or tag: instead of hrc-members"
            ),
            Self::BeyondTheCalendar { .. } => "use a smaller offset".to_owned(),
            Self::LocalTime(error) => local_time(error),
        }
    }
}

/// The lines to add for a review whose day is not known; the day is left for a person to fill in.
pub fn upr_lines(session: u16, state: StateCode) -> String {
    format!("[[upr]]\nsession = {session}\nstate   = \"{state}\"\ndate    = YYYY-MM-DD")
}

fn custom_lines(id: &CustomId) -> String {
    format!("[[custom]]\nid   = \"{id}\"\ndate = YYYY-MM-DD")
}

fn day_unknown(reference: &MilestoneRef) -> String {
    match reference {
        MilestoneRef::HrcOpens(n) => {
            format!("add it to config/calendar.toml:\n\n[[hrc]]\nnumber = {n}\nopens  = YYYY-MM-DD")
        }
        MilestoneRef::HrcCloses(n) => {
            format!("add it to config/calendar.toml:\n\n[[hrc]]\nnumber = {n}\ncloses = YYYY-MM-DD")
        }
        _ => "count from a [[custom]] day in config/calendar.toml, or from a State's review, upr:N.STATE".to_owned(),
    }
}

fn not_under_review(session: u16, state: StateCode, nearest: Option<u16>, meant: Option<StateCode>) -> String {
    let meant = meant.map(|near| format!("did you mean upr:{session}.{near}? ")).unwrap_or_default();
    let nearest =
        nearest.map(|n| format!("The nearest known review of {state} is in upr:{n}.{state}. ")).unwrap_or_default();
    format!(
        "{meant}{nearest}If it is reviewed in this session, add it to config/calendar.toml:\n\n{}",
        upr_lines(session, state)
    )
}

fn sitting(opens: Option<Day>, closes: Option<Day>, expected: Option<Day>) -> String {
    match (opens, closes, expected) {
        (Some(opens), Some(closes), _) => format!("the session sits from {opens} to {closes}"),
        (Some(opens), None, _) => format!("the session opens on {opens}"),
        (None, Some(closes), _) => format!("the session closes on {closes}"),
        (None, None, Some(month)) => format!("the session is forecast for {}", month.date().format("%B %Y")),
        (None, None, None) => "the session's own days are not known either".to_owned(),
    }
}

fn local_time(error: &LocalTimeError) -> String {
    match error {
        LocalTimeError::Gap { with_offset_before, with_offset_after, .. } => {
            format!("choose another time of day; this one could mean {with_offset_before} or {with_offset_after}")
        }
        LocalTimeError::Overlap { first, second, .. } => {
            format!("choose another time of day; this one could mean {first} or {second}")
        }
        LocalTimeError::OutOfRange { day } => format!("use a day nearer than the year {}", day.date().year()),
    }
}
