//! The day by which somebody has promised something, in Geneva's working days.

use super::calendar::Calendar;
use super::error::ScheduleError;
use crate::campaign::{Offset, OffsetUnit};
use crate::vocabulary::Day;

/// A day by which a thing is to be done, and how it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// A working day of Geneva, unless that would lie before the day from which it was counted.
    pub day: Day,
    /// The rules in the order in which they were applied, one clause each.
    pub counted: Vec<String>,
}

impl Calendar {
    /// So far from `from`, itself not counted; a day off gives way to the working day before.
    ///
    /// # Errors
    /// Holidays that are not known, or a count that leads beyond the calendar.
    pub fn deadline_after(&self, from: Day, offset: Offset) -> Result<Deadline, ScheduleError> {
        let beyond = ScheduleError::BeyondTheCalendar { from };
        let mut counted = Vec::new();
        let day = match offset.unit {
            OffsetUnit::Days => from.plus_days(offset.count.into()).ok_or(beyond)?,
            OffsetUnit::Weeks => from.plus_days(7 * i64::from(offset.count)).ok_or(beyond)?,
            OffsetUnit::Months => super::due::plus_months(from, offset.count).ok_or(beyond)?,
            OffsetUnit::WorkingDays => {
                let walk = self.walk(from, offset.count)?;
                counted.extend(walk.skipped.iter().map(|h| format!("{} ({}) is not counted", h.name, h.day)));
                walk.day
            }
        };
        counted.insert(0, format!("{offset} after {from}"));
        let on = self.deadline_on(from, day)?;
        counted.extend(on.counted);
        Ok(Deadline { day: on.day, counted })
    }

    /// By `day` itself, or by the working day before where it is a day off.
    ///
    /// # Errors
    /// Holidays that are not known.
    pub fn deadline_on(&self, from: Day, day: Day) -> Result<Deadline, ScheduleError> {
        let (mut moved, mut off) = (day, Vec::new());
        while let Some(reason) = self.day_off(moved)? {
            off.push(format!("{moved} is {reason}"));
            moved = moved.previous().ok_or(ScheduleError::BeyondTheCalendar { from: day })?;
        }
        if off.is_empty() {
            return Ok(Deadline { day, counted: off });
        }
        // What is promised for this very weekend cannot be due before it was promised.
        if moved < from {
            return Ok(Deadline {
                day,
                counted: vec![format!("{}, and no working day is left before it", off.join(", "))],
            });
        }
        Ok(Deadline { day: moved, counted: vec![format!("{}: the working day before", off.join(", "))] })
    }

    /// Working days after `day` up to `until`, the latter counted: how long a thing is overdue.
    ///
    /// # Errors
    /// Holidays that are not known.
    pub fn working_days_between(&self, day: Day, until: Day) -> Result<u32, ScheduleError> {
        let (mut at, mut count) = (day, 0);
        while at < until {
            at = at.next().ok_or(ScheduleError::BeyondTheCalendar { from: day })?;
            count += u32::from(self.is_working_day(at)?);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{calendar, day};

    fn after(from: &str, offset: &str) -> (String, Vec<String>) {
        let found = calendar().deadline_after(day(from), offset.parse().unwrap()).unwrap();
        (found.day.to_string(), found.counted)
    }

    #[test]
    fn working_days_are_counted_over_easter_and_say_so() {
        let (due, counted) = after("2018-03-28", "3 working days");
        assert_eq!(due, "2018-04-04");
        let told = [
            "3 working days after 2018-03-28",
            "Good Friday (2018-03-30) is not counted",
            "Easter Monday (2018-04-02) is not counted",
        ];
        assert_eq!(counted, told);
    }

    #[test]
    fn a_day_off_gives_way_to_the_working_day_before() {
        let (due, counted) = after("2018-03-25", "1 week");
        assert_eq!(due, "2018-03-29");
        let told =
            "2018-04-01 is a Sunday, 2018-03-31 is a Saturday, 2018-03-30 is Good Friday: the working day before";
        assert_eq!(counted[1], told);
        assert_eq!(calendar().deadline_on(day("2018-03-01"), day("2018-03-29")).unwrap().counted, [""; 0]);
    }

    #[test]
    fn what_is_promised_on_a_weekend_for_that_weekend_is_not_due_before_it() {
        let due = calendar().deadline_on(day("2018-03-31"), day("2018-04-01")).unwrap();
        assert_eq!(due.day, day("2018-04-01"));
        assert!(due.counted[0].ends_with("no working day is left before it"), "{due:?}");
    }

    #[test]
    fn how_long_a_thing_is_overdue_is_counted_in_working_days() {
        let between = |from: &str, until: &str| calendar().working_days_between(day(from), day(until)).unwrap();
        assert_eq!(between("2018-03-29", "2018-03-29"), 0);
        assert_eq!(between("2018-03-29", "2018-04-02"), 0, "Easter is no delay");
        assert_eq!(between("2018-03-29", "2018-04-04"), 2);
    }
}
