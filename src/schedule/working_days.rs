//! Working days of Geneva.
//!
//! A working day is any day but Saturday, Sunday, a public holiday of the canton, and the `[[holiday]]` entries of calendar.toml. The UN
//! Office's own days are working days with a notice.

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
