//! The moment at which a letter is due, and every rule that led to it.

use chrono::{Months, Weekday};

use super::calendar::Calendar;
use super::error::ScheduleError;
use super::milestone::Milestone;
use crate::campaign::{Offset, OffsetUnit, When};
use crate::vocabulary::{Day, Instant, Zone};

/// When a letter leaves, and why then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// A working day of Geneva.
    pub day: Day,
    /// The step's time of day on `day`, in the campaign's zone.
    pub at: Instant,
    /// Where the offset alone led, when that was no working day.
    pub moved_from: Option<Day>,
    /// The milestone's day may still change.
    pub provisional: bool,
    /// The day that the UN Office at Geneva may keep on `day`. The letter leaves all the same.
    pub notice: Option<String>,
    /// The rules in the order in which they were applied, one sentence each.
    pub reasoning: Vec<String>,
}

/// Counts from the milestone, then moves to the working day before if need be, then reads the time of day in `zone`.
///
/// Never moves to a later day: a letter must not come after the event it was meant to precede.
///
/// # Errors
/// Holidays that are not known; a local time that does not exist or comes twice, with both readings.
pub fn due(when: &When, milestone: &Milestone, zone: Zone, calendar: &Calendar) -> Result<Due, ScheduleError> {
    let mut reasoning = vec![from_milestone(milestone)];
    let counted = count(when.offset, milestone.day, calendar, &mut reasoning)?;
    let day = working_day_before(counted, calendar, &mut reasoning)?;
    let at = zone.instant(day, when.at)?;
    reasoning.push(format!("{} in {zone} is {at}.", when.at));
    let notice = calendar.un_office_notice(day).map(str::to_owned);
    if let Some(name) = &notice {
        reasoning.push(format!("The UN Office at Geneva may be closed that day: {name}."));
    }
    let moved_from = (day != counted).then_some(counted);
    Ok(Due { day, at, moved_from, provisional: milestone.provisional, notice, reasoning })
}

fn from_milestone(milestone: &Milestone) -> String {
    let provisional = if milestone.provisional { ", still provisional" } else { "" };
    let Milestone { reference, title, source, .. } = milestone;
    format!("{reference} is {}{provisional}: {title} (source: {source}).", long(milestone.day))
}

fn count(offset: Offset, from: Day, calendar: &Calendar, reasoning: &mut Vec<String>) -> Result<Day, ScheduleError> {
    let beyond = ScheduleError::BeyondTheCalendar { from };
    let mut skipped = None;
    let day = match offset.unit {
        OffsetUnit::Days => from.plus_days(offset.count.into()).ok_or(beyond)?,
        OffsetUnit::Weeks => from.plus_days(7 * i64::from(offset.count)).ok_or(beyond)?,
        OffsetUnit::Months => plus_months(from, offset.count).ok_or(beyond)?,
        OffsetUnit::WorkingDays => {
            let walk = calendar.walk(from, offset.count)?;
            let names: Vec<String> = walk.skipped.iter().map(|h| format!("{} ({})", h.name, h.day)).collect();
            skipped = (!names.is_empty()).then(|| names.join(", "));
            walk.day
        }
    };
    if offset.count == 0 {
        reasoning.push("The letter is counted for that same day.".to_owned());
        return Ok(day);
    }
    let side = if offset.count < 0 { "before" } else { "after" };
    let size = Offset { count: offset.count.abs(), ..offset };
    let rule = match offset.unit {
        OffsetUnit::WorkingDays => ", that day itself not counted,",
        OffsetUnit::Months if day.day() != from.day() => ", or the month's last day where it has no such day,",
        _ => "",
    };
    reasoning.push(format!("{} {side} it{rule} is {}.", size, long(day)));
    if let Some(names) = skipped {
        reasoning.push(format!("Not counted on the way, besides weekends: {names}."));
    }
    Ok(day)
}

/// Months keep the day or take the month's last: a month before 31 March is 28 February, or 29 in a leap year.
fn plus_months(from: Day, count: i32) -> Option<Day> {
    let months = Months::new(count.unsigned_abs());
    let date = if count < 0 { from.date().checked_sub_months(months) } else { from.date().checked_add_months(months) };
    date.map(Day::from)
}

fn working_day_before(counted: Day, calendar: &Calendar, reasoning: &mut Vec<String>) -> Result<Day, ScheduleError> {
    let mut day = counted;
    let mut off = Vec::new();
    while let Some(reason) = calendar.day_off(day)? {
        off.push(format!("{day} is {reason}"));
        day = day.previous().ok_or(ScheduleError::BeyondTheCalendar { from: counted })?;
    }
    if !off.is_empty() {
        reasoning.push(format!("{}, so it leaves on the working day before: {}.", off.join(", "), long(day)));
    }
    Ok(day)
}

/// `Monday 2018-02-05`.
fn long(day: Day) -> String {
    let name = match day.weekday() {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    };
    format!("{name} {day}")
}
