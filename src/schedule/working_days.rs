//! Working days of Geneva.
//!
//! A working day is any day but Saturday, Sunday, a public holiday of the canton, and the `[[holiday]]` entries of
//! calendar.toml. The UN Office's own days are working days with a notice.

use std::fmt;

use chrono::Weekday;

use super::calendar::Calendar;
use super::entries::{Holiday, HolidayKind};
use super::error::ScheduleError;
use crate::vocabulary::Day;

/// Why a day is no working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOff<'a> {
    Saturday,
    Sunday,
    /// Of the canton or of the coalition.
    Holiday(&'a Holiday),
}

/// As in "2018-03-30 is …": `a Saturday`, `Good Friday`.
impl fmt::Display for DayOff<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saturday => f.write_str("a Saturday"),
            Self::Sunday => f.write_str("a Sunday"),
            Self::Holiday(holiday) => f.write_str(&holiday.name),
        }
    }
}

/// A count of working days: where it ends, and which holidays it passed over.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub day: Day,
    /// Weekends are not listed: everybody knows them.
    pub skipped: Vec<&'a Holiday>,
}

impl Calendar {
    /// Years of the range whose holidays nobody has entered, and what to do: not the same as years without any.
    pub fn years_without_holidays(&self, from: Day, to: Day) -> Vec<(i32, ScheduleError)> {
        let unknown = |year| Some((year, self.day_off(Day::new(year, 1, 1)?).err()?));
        (from.year()..=to.year()).filter_map(unknown).collect()
    }

    /// Why nobody in Geneva works on `day`; `None` for a working day.
    ///
    /// # Errors
    /// [`ScheduleError::NoHolidays`] for a year whose holidays are not known, its weekends included.
    pub fn day_off(&self, day: Day) -> Result<Option<DayOff<'_>>, ScheduleError> {
        if !self.holiday_years.contains(&day.year()) {
            return Err(self.no_holidays(day.year()));
        }
        Ok(match day.weekday() {
            Weekday::Sat => Some(DayOff::Saturday),
            Weekday::Sun => Some(DayOff::Sunday),
            _ => self.on(day).find(|h| h.kind != HolidayKind::UnOffice).map(DayOff::Holiday),
        })
    }

    /// Whether people in Geneva work on `day`.
    ///
    /// # Errors
    /// [`ScheduleError::NoHolidays`] for a year whose holidays are not known.
    pub fn is_working_day(&self, day: Day) -> Result<bool, ScheduleError> {
        Ok(self.day_off(day)?.is_none())
    }

    /// The name of the day that the UN Office at Geneva may keep on `day`, for a notice.
    pub fn un_office_notice(&self, day: Day) -> Option<&str> {
        self.on(day).find(|h| h.kind == HolidayKind::UnOffice).map(|h| h.name.as_str())
    }

    /// The day that lies `count` working days after `from`, or before it when negative. `from` itself is not counted, and is
    /// the answer for 0.
    ///
    /// # Errors
    /// [`ScheduleError::NoHolidays`] when the count passes through a year whose holidays are not known.
    pub fn plus_working_days(&self, from: Day, count: i32) -> Result<Day, ScheduleError> {
        self.walk(from, count).map(|walk| walk.day)
    }

    pub(super) fn walk(&self, from: Day, count: i32) -> Result<Walk<'_>, ScheduleError> {
        let mut walk = Walk { day: from, skipped: Vec::new() };
        let mut left = count.unsigned_abs();
        while left > 0 {
            let next = if count < 0 { walk.day.previous() } else { walk.day.next() };
            walk.day = next.ok_or(ScheduleError::BeyondTheCalendar { from })?;
            match self.day_off(walk.day)? {
                None => left -= 1,
                Some(DayOff::Holiday(holiday)) => walk.skipped.push(holiday),
                Some(DayOff::Saturday | DayOff::Sunday) => {}
            }
        }
        Ok(walk)
    }

    fn on(&self, day: Day) -> impl Iterator<Item = &Holiday> {
        self.holidays.get(&day).into_iter().flatten()
    }

    fn no_holidays(&self, year: i32) -> ScheduleError {
        let years = self.holiday_years.first().copied().zip(self.holiday_years.last().copied());
        ScheduleError::NoHolidays { year, known: years }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, day, holiday};
    use super::super::{Corrections, HolidayKind};
    use super::*;

    fn off(on: &str) -> Option<String> {
        sample::calendar().day_off(day(on)).unwrap().map(|off| off.to_string())
    }

    #[test]
    fn nobody_works_on_weekends_and_on_holidays_of_the_canton() {
        assert_eq!(off("2018-02-24").as_deref(), Some("a Saturday"));
        assert_eq!(off("2018-02-25").as_deref(), Some("a Sunday"));
        assert_eq!(off("2018-03-30").as_deref(), Some("Good Friday"));
        assert_eq!(off("2018-02-26"), None);
    }

    #[test]
    fn a_day_of_the_un_office_is_a_working_day() {
        assert_eq!(off("2018-06-15"), None);
        assert_eq!(sample::calendar().un_office_notice(day("2018-06-15")), Some("Eid al-Fitr, estimated"));
        assert_eq!(sample::calendar().un_office_notice(day("2018-03-30")), None);
    }

    #[test]
    fn even_a_sunday_is_not_judged_in_a_year_without_holidays() {
        let error = sample::calendar().is_working_day(day("2031-01-05")).unwrap_err();
        assert_eq!(error, ScheduleError::NoHolidays { year: 2031, known: Some((2017, 2019)) });
        assert!(error.help().contains("holiday_years = [2031]"));
    }

    #[test]
    fn a_coalition_s_holiday_does_not_make_its_year_known() {
        let new_year = holiday("2031-01-01", "New Year's Day", HolidayKind::Coalition);
        let one = Corrections { holidays: vec![new_year], ..Corrections::default() };
        assert!(sample::calendar().corrected(one.clone()).is_working_day(day("2031-01-02")).is_err());
        let whole = Corrections { holiday_years: vec![2031], ..one };
        let calendar = sample::calendar().corrected(whole);
        assert_eq!(calendar.is_working_day(day("2031-01-02")), Ok(true));
        assert_eq!(calendar.is_working_day(day("2031-01-01")), Ok(false));
    }
}
