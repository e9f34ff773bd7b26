//! Four meanings of time, four types: a day, a time of day, a zone, an instant.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Duration, MappedLocalTime, NaiveDate, NaiveTime, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::Serialize;

/// A civil day, in no zone: "26 February 2018".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(NaiveDate);

impl Day {
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    pub fn date(self) -> NaiveDate {
        self.0
    }

    pub fn year(self) -> i32 {
        self.0.year()
    }

    pub fn month(self) -> u32 {
        self.0.month()
    }

    pub fn day(self) -> u32 {
        self.0.day()
    }

    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }

    pub fn is_weekend(self) -> bool {
        matches!(self.0.weekday(), Weekday::Sat | Weekday::Sun)
    }

    /// `count` days later, or earlier when negative; `None` beyond the calendar's end.
    pub fn plus_days(self, count: i64) -> Option<Self> {
        Duration::try_days(count).and_then(|days| self.0.checked_add_signed(days)).map(Self)
    }

    /// Whole days from `earlier` to `self`.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    pub fn previous(self) -> Option<Self> {
        self.0.pred_opt().map(Self)
    }

    pub fn next(self) -> Option<Self> {
        self.0.succ_opt().map(Self)
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.format("%Y-%m-%d").to_string())
    }
}

/// Why a text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a day is written year-month-day, as in 2026-11-23")]
pub struct DayError;

impl FromStr for Day {
    type Err = DayError;
    fn from_str(text: &str) -> Result<Self, DayError> {
        // chrono alone would take 2026-1-3; a list that mixes forms is a list that nobody checked.
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        if !shaped {
            return Err(DayError);
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self).map_err(|_| DayError)
    }
}

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Hour and minute on a wall clock: `09:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(NaiveTime);

impl TimeOfDay {
    pub const MIDNIGHT: Self = Self(NaiveTime::MIN);

    pub fn new(hour: u32, minute: u32) -> Option<Self> {
        NaiveTime::from_hms_opt(hour, minute, 0).map(Self)
    }
}

/// Why a text is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written with two digits each for hour and minute, from 00:00 to 23:59, as in 09:30")]
pub struct TimeOfDayError;

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;
    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let (hour, minute) = text.split_once(':').ok_or(TimeOfDayError)?;
        let two = |part: &str| match part.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => part.parse::<u32>().ok(),
            _ => None,
        };
        let (Some(hour), Some(minute)) = (two(hour), two(minute)) else {
            return Err(TimeOfDayError);
        };
        Self::new(hour, minute).ok_or(TimeOfDayError)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A zone of the IANA database: `Europe/Zurich`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// A wall-clock time that does not name one instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// Clocks are put forward over it. Both readings: with the offset before, and with the offset after, the change.
    #[error("{day} {at} does not exist in {zone}: clocks go forward over it")]
    Gap { day: Day, at: TimeOfDay, zone: Zone, with_offset_before: String, with_offset_after: String },
    /// Clocks are put back over it, so it comes twice.
    #[error("{day} {at} comes twice in {zone}: clocks go back over it")]
    Overlap { day: Day, at: TimeOfDay, zone: Zone, first: String, second: String },
    #[error("{day} is beyond the calendar")]
    OutOfRange { day: Day },
}

impl Zone {
    pub const GENEVA: Self = Self(Tz::Europe__Zurich);
    pub const UTC: Self = Self(Tz::UTC);

    pub fn tz(self) -> Tz {
        self.0
    }

    /// The instant at which this zone's clocks show `at` on `day`.
    ///
    /// # Errors
    /// A time in the gap or the overlap of a clock change is refused with both readings: nobody's letter leaves at a guess.
    pub fn instant(self, day: Day, at: TimeOfDay) -> Result<Instant, LocalTimeError> {
        let local = day.0.and_time(at.0);
        match self.0.from_local_datetime(&local) {
            MappedLocalTime::Single(t) => Ok(Instant::from(t.with_timezone(&Utc))),
            MappedLocalTime::Ambiguous(a, b) => {
                Err(LocalTimeError::Overlap { day, at, zone: self, first: a.to_rfc3339(), second: b.to_rfc3339() })
            }
            MappedLocalTime::None => {
                // Read the wall time with the offsets that hold well before and well after it. Taken as UTC it is at most
                // 14 hours off, and the longest gap on record is one day (Samoa, 2011).
                let reading = |shift: i64| {
                    let probe = local.checked_add_signed(Duration::hours(shift))?;
                    let offset = self.0.offset_from_utc_datetime(&probe);
                    let utc = local.checked_sub_offset(chrono::Offset::fix(&offset))?;
                    Some(self.0.from_utc_datetime(&utc).to_rfc3339())
                };
                match (reading(-39), reading(39)) {
                    (Some(before), Some(after)) => Err(LocalTimeError::Gap {
                        day,
                        at,
                        zone: self,
                        with_offset_before: before,
                        with_offset_after: after,
                    }),
                    _ => Err(LocalTimeError::OutOfRange { day }),
                }
            }
        }
    }

    /// The civil day that this zone's calendars show at `instant`.
    pub fn day_of(self, instant: Instant) -> Day {
        Day(instant.utc().with_timezone(&self.0).date_naive())
    }

    /// What this zone's clocks show at `instant`, to the minute.
    pub fn time_of(self, instant: Instant) -> TimeOfDay {
        let local = instant.utc().with_timezone(&self.0);
        TimeOfDay::new(local.hour(), local.minute()).unwrap_or(TimeOfDay::MIDNIGHT)
    }

    /// `2018-02-05 09:30 CET`, as people read it.
    pub fn show(self, instant: Instant) -> String {
        instant.utc().with_timezone(&self.0).format("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// `Mon 2018-02-05 09:30 CET`: where it matters which day of the week it is.
    pub fn show_with_weekday(self, instant: Instant) -> String {
        instant.utc().with_timezone(&self.0).format("%a %Y-%m-%d %H:%M %Z").to_string()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for Zone {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<Tz>().map(Self).map_err(|_| {
            let known = chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
            match super::hint::nearest(text, known) {
                Some(near) => format!("no such time zone; did you mean {near}?"),
                None => "no such time zone; use a name of the IANA list, as in Europe/Zurich".to_owned(),
            }
        })
    }
}

/// A point on the line of time. Unit: milliseconds since 1970-01-01T00:00:00Z, as stored in both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.num_milliseconds()))
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.num_milliseconds()))
    }

    /// How long after `earlier`; negative when before it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::milliseconds(self.0.saturating_sub(earlier.0))
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Instant {
    fn from(time: DateTime<Z>) -> Self {
        Self(time.timestamp_millis())
    }
}

/// RFC 3339 in UTC, to the second: `2018-02-05T08:30:00Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }
}

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an instant is written as in RFC 3339, 2018-02-05T08:30:00Z")]
pub struct InstantError;

impl FromStr for Instant {
    type Err = InstantError;
    fn from_str(text: &str) -> Result<Self, InstantError> {
        DateTime::parse_from_rfc3339(text).map(Self::from).map_err(|_| InstantError)
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a length of time is a number and a unit, as in \"60s\", \"10m\", \"4 hours\" or \"2 days\"")]
pub struct SpanError;

/// Reads `60s`, `10m`, `4 hours`, `2 days`. A bare number has no unit and is refused.
///
/// # Errors
/// [`SpanError`] for any other form, a negative one, or one longer than 100 years.
pub fn span(text: &str) -> Result<Duration, SpanError> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count: i64 = text[..digits].parse().map_err(|_| SpanError)?;
    let seconds = match text[digits..].trim() {
        "s" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return Err(SpanError),
    };
    let total = count.checked_mul(seconds).filter(|s| *s <= 100 * 366 * 86_400).ok_or(SpanError)?;
    Duration::try_seconds(total).ok_or(SpanError)
}

/// `2 days`, `4 hours`, `90 s`: the largest unit that leaves no rest.
pub fn show_span(span: Duration) -> String {
    let seconds = span.num_seconds();
    let (count, unit) = match seconds {
        s if s != 0 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s != 0 && s % 3600 == 0 => (s / 3600, "hour"),
        s if s != 0 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> TimeOfDay {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_in_the_spring_gap_is_refused_with_both_readings() {
        let day: Day = "2018-03-25".parse().unwrap();
        let Err(LocalTimeError::Gap { with_offset_before, with_offset_after, .. }) =
            Zone::GENEVA.instant(day, at("02:30"))
        else {
            panic!("02:30 does not exist in Geneva on 25 March 2018");
        };
        assert_eq!(with_offset_before, "2018-03-25T03:30:00+02:00");
        assert_eq!(with_offset_after, "2018-03-25T01:30:00+01:00");
    }

    #[test]
    fn a_time_in_the_autumn_overlap_is_refused_with_both_readings() {
        let day: Day = "2018-10-28".parse().unwrap();
        let Err(LocalTimeError::Overlap { first, second, .. }) = Zone::GENEVA.instant(day, at("02:30")) else {
            panic!("02:30 comes twice in Geneva on 28 October 2018");
        };
        assert_eq!(first, "2018-10-28T02:30:00+02:00");
        assert_eq!(second, "2018-10-28T02:30:00+01:00");
    }

    #[test]
    fn the_same_wall_time_is_another_instant_in_summer() {
        let winter = Zone::GENEVA.instant("2018-02-05".parse().unwrap(), at("09:30")).unwrap();
        let summer = Zone::GENEVA.instant("2018-09-25".parse().unwrap(), at("09:30")).unwrap();
        assert_eq!(winter.to_string(), "2018-02-05T08:30:00Z");
        assert_eq!(summer.to_string(), "2018-09-25T07:30:00Z");
    }

    #[test]
    fn a_day_in_another_form_is_refused() {
        for wrong in ["23.11.2026", "2026-11-3", "11/23/2026", "2026-02-30", "20261123", "２026-11-23"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn a_length_of_time_without_a_unit_is_refused() {
        assert_eq!(span("60s"), Ok(Duration::seconds(60)));
        assert_eq!(span("10m"), Ok(Duration::minutes(10)));
        assert_eq!(span("4 hours"), Ok(Duration::hours(4)));
        assert_eq!(span("2 days"), Ok(Duration::days(2)));
        for wrong in ["60", "-1 day", "s", "1 fortnight", "", "99999999999999999999 days"] {
            assert!(span(wrong).is_err(), "{wrong} was taken");
        }
    }
}
