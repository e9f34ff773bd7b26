//! What the calendar holds: sessions, reviews, days off, and the coalition's own days.

use crate::vocabulary::{CustomId, Day, StateCode};

/// Who put an entry into the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `config/un/`, compiled in.
    BuiltIn,
    /// The coalition's `config/calendar.toml`.
    Coalition,
}

/// How far a date can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sure {
    /// Where the date was read; empty when the coalition names none.
    pub source: String,
    /// Built in: `verified = false` or `expected = true`. The coalition's: `status = "provisional"`.
    pub provisional: bool,
    pub origin: Origin,
}

impl Sure {
    /// A date of the coalition's own file.
    pub fn coalition(source: Option<String>, provisional: bool) -> Self {
        Self { source: source.unwrap_or_default(), provisional, origin: Origin::Coalition }
    }

    /// The source for a person: never empty.
    pub fn shown_source(&self) -> &str {
        match (self.source.as_str(), self.origin) {
            ("", Origin::Coalition) => "config/calendar.toml",
            ("", Origin::BuiltIn) => "the built-in calendar",
            (source, _) => source,
        }
    }
}

/// A day, and how far it can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    pub day: Day,
    pub sure: Sure,
}

/// A regular session of the Human Rights Council. Both days belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HrcSession {
    pub number: u16,
    /// `None`: not known. The opening of the 62nd session is not.
    pub opens: Option<Dated>,
    pub closes: Option<Dated>,
    pub note: Option<String>,
}

impl HrcSession {
    /// Whether at least one of its days is provisional.
    pub fn provisional(&self) -> bool {
        any_provisional([&self.opens, &self.closes])
    }

    /// Whether a part of it lies between `from` and `until`, both included; no bound, no limit.
    pub fn touches(&self, from: Option<Day>, until: Option<Day>) -> bool {
        let first = self.opens.as_ref().or(self.closes.as_ref()).map(|d| d.day);
        let last = self.closes.as_ref().or(self.opens.as_ref()).map(|d| d.day);
        first.zip(last).is_some_and(|(first, last)| overlap(first, last, from, until))
    }
}

/// A session of the Working Group on the Universal Periodic Review. Both days belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UprSession {
    pub number: u16,
    /// `None` for a session that only the coalition's file knows.
    pub cycle: Option<u16>,
    pub opens: Option<Dated>,
    pub closes: Option<Dated>,
    /// The first day of the month in which a session without days is forecast. It is no milestone.
    pub expected: Option<Day>,
    /// States under review, in the order of the source.
    pub states: Vec<StateCode>,
    /// For the list of States.
    pub sure: Sure,
    pub note: Option<String>,
}

/// A session that is forecast for a month opens in it and lasts two weeks at most. Unit: days from the first of the month.
const LAST_DAY_OF_A_FORECAST: i64 = 31 + 14;

impl UprSession {
    /// Whether its list of States or one of its days is provisional.
    pub fn provisional(&self) -> bool {
        self.sure.provisional || any_provisional([&self.opens, &self.closes])
    }

    /// The first day on which it may sit and the last. `None`: nothing is known.
    pub fn span(&self) -> Option<(Day, Day)> {
        let opens = self.opens.as_ref().map(|d| d.day);
        let closes = self.closes.as_ref().map(|d| d.day);
        let forecast_end = self.expected.and_then(|day| day.plus_days(LAST_DAY_OF_A_FORECAST));
        let first = opens.or(self.expected).or(closes)?;
        let last = closes.or(forecast_end).or(opens)?;
        Some((first, last.max(first)))
    }

    /// Whether a part of it lies between `from` and `until`, both included; no bound, no limit.
    pub fn touches(&self, from: Option<Day>, until: Option<Day>) -> bool {
        self.span().is_some_and(|(first, last)| overlap(first, last, from, until))
    }
}

/// The day on which a State is reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UprReview {
    pub session: u16,
    pub state: StateCode,
    pub day: Day,
    pub sure: Sure,
}

/// Whose day off it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HolidayKind {
    /// A public holiday of the canton of Geneva: no working day.
    Canton,
    /// A `[[holiday]]` of the coalition: no working day.
    Coalition,
    /// A day of the UN Office at Geneva: a working day with a notice.
    UnOffice,
}

/// A day off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    pub day: Day,
    /// In English where it is built in.
    pub name: String,
    pub kind: HolidayKind,
    /// `false` for estimates, such as the feast days of Eid.
    pub verified: bool,
}

/// A day that the coalition has named: `custom:ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    pub id: CustomId,
    pub day: Day,
    pub title: Option<String>,
    pub provisional: bool,
}

fn any_provisional(days: [&Option<Dated>; 2]) -> bool {
    days.into_iter().flatten().any(|d| d.sure.provisional)
}

pub(super) fn overlap(first: Day, last: Day, from: Option<Day>, until: Option<Day>) -> bool {
    from.is_none_or(|from| last >= from) && until.is_none_or(|until| first <= until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_listed_when_only_its_last_day_lies_in_the_range() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let (opens, closes) = (day("2018-02-26"), day("2018-03-23"));
        assert!(overlap(opens, closes, Some(day("2018-03-23")), None));
        assert!(overlap(opens, closes, None, Some(day("2018-02-26"))));
        assert!(!overlap(opens, closes, Some(day("2018-03-24")), None));
        assert!(!overlap(opens, closes, None, Some(day("2018-02-25"))));
    }

    #[test]
    fn a_date_without_a_source_names_the_file_it_stands_in() {
        assert_eq!(Sure::coalition(None, false).shown_source(), "config/calendar.toml");
    }
}
