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

/// Holidays that a count of working days passed over are named after it.
const PASSED_OVER: &str = "Not counted on the way, besides weekends:";
/// Days off on which the letter would have left stand before it.
const MOVED_BACK: &str = ", so it leaves on the working day before:";

/// Whether a sentence of [`Due::reasoning`] names the days off that had a part in it.
pub fn names_days_off(sentence: &str) -> bool {
    sentence.starts_with(PASSED_OVER) || sentence.contains(MOVED_BACK)
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
        reasoning.push(format!("{PASSED_OVER} {names}."));
    }
    Ok(day)
}

/// Months keep the day or take the month's last: a month before 31 March is 28 February, or 29 in a leap year.
pub(super) fn plus_months(from: Day, count: i32) -> Option<Day> {
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
        reasoning.push(format!("{}{MOVED_BACK} {}.", off.join(", "), long(day)));
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

#[cfg(test)]
mod tests {
    use super::super::sample::{self, day, holiday, working_days};
    use super::super::{Corrections, HolidayKind};
    use super::*;
    use crate::campaign::MilestoneRef;
    use crate::vocabulary::time::LocalTimeError;
    use proptest::prelude::*;

    fn on(text: &str) -> Milestone {
        Milestone {
            reference: MilestoneRef::HrcOpens(37),
            day: day(text),
            title: "opening".to_owned(),
            provisional: false,
            source: "OHCHR".to_owned(),
        }
    }

    fn check(milestone: &str, offset: &str, at: &str) -> Result<Due, ScheduleError> {
        let when =
            When { milestone: MilestoneRef::HrcOpens(37), offset: offset.parse().unwrap(), at: at.parse().unwrap() };
        due(&when, &on(milestone), Zone::GENEVA, &sample::calendar())
    }

    fn falls_on(milestone: &str, offset: &str) -> (String, Option<String>) {
        let due = check(milestone, offset, "09:30").unwrap();
        (due.day.to_string(), due.moved_from.map(|d| d.to_string()))
    }

    fn straight(day: &str) -> (String, Option<String>) {
        (day.to_owned(), None)
    }

    fn moved(day: &str, from: &str) -> (String, Option<String>) {
        (day.to_owned(), Some(from.to_owned()))
    }

    #[test]
    fn working_days_are_counted_from_the_milestone_itself_excluded() {
        assert_eq!(falls_on("2018-02-26", "-15 working days"), straight("2018-02-05"));
        assert_eq!(falls_on("2018-02-26", "-4 business days"), straight("2018-02-20"));
        assert_eq!(falls_on("2018-02-26", "-1 working day"), straight("2018-02-23"));
        assert_eq!(falls_on("2018-02-26", "0 working days"), straight("2018-02-26"));
        assert_eq!(falls_on("2018-02-26", "+5 working days"), straight("2018-03-05"));
        // From a day off the first working day counts as one.
        assert_eq!(falls_on("2018-02-25", "1 working day"), straight("2018-02-26"));
    }

    #[test]
    fn a_holiday_on_the_way_is_not_counted_and_is_named() {
        let due = check("2018-04-05", "-5 working days", "09:30").unwrap();
        assert_eq!(due.day.to_string(), "2018-03-27");
        assert_eq!(
            due.reasoning[2],
            "Not counted on the way, besides weekends: Easter Monday (2018-04-02), Good Friday (2018-03-30)."
        );
    }

    #[test]
    fn a_letter_due_on_a_holiday_leaves_on_the_working_day_before() {
        assert_eq!(falls_on("2018-04-09", "-1 weeks"), moved("2018-03-29", "2018-04-02"));
        let due = check("2018-04-09", "-1 weeks", "09:30").unwrap();
        assert_eq!(
            due.reasoning[2],
            "2018-04-02 is Easter Monday, 2018-04-01 is a Sunday, 2018-03-31 is a Saturday, 2018-03-30 is Good Friday, \
             so it leaves on the working day before: Thursday 2018-03-29."
        );
        assert_eq!(falls_on("2018-02-24", "0 days"), moved("2018-02-23", "2018-02-24"));
        // Even when that leads back over the milestone.
        assert_eq!(falls_on("2018-02-23", "1 day"), moved("2018-02-23", "2018-02-24"));
    }

    #[test]
    fn a_month_keeps_the_day_or_takes_the_last() {
        assert_eq!(falls_on("2018-03-31", "-1 month"), straight("2018-02-28"));
        assert_eq!(falls_on("2018-03-15", "-1 month"), straight("2018-02-15"));
        assert_eq!(falls_on("2018-10-31", "1 month"), straight("2018-11-30"));
        assert_eq!(falls_on("2018-01-15", "-1 month"), straight("2017-12-15"));
    }

    #[test]
    fn the_hour_stays_the_same_on_the_wall_when_clocks_change_in_between() {
        let due = check("2018-11-06", "-6 weeks", "09:30").unwrap();
        assert_eq!((due.day.to_string().as_str(), due.at.to_string().as_str()), ("2018-09-25", "2018-09-25T07:30:00Z"));
        let due = check("2018-11-06", "0 days", "09:30").unwrap();
        assert_eq!(due.at.to_string(), "2018-11-06T08:30:00Z");
    }

    #[test]
    fn the_year_s_end_is_counted_over_and_its_holidays_are_not() {
        // 31 December is a holiday of the canton, 1 January everywhere.
        assert_eq!(falls_on("2019-01-03", "-2 working days"), straight("2018-12-28"));
    }

    #[test]
    fn a_year_without_holidays_is_an_error_and_not_a_year_of_work() {
        let known = Some((2017, 2019));
        assert_eq!(check("2020-02-26", "0 days", "09:30"), Err(ScheduleError::NoHolidays { year: 2020, known }));
        assert_eq!(
            check("2017-01-05", "-10 working days", "09:30"),
            Err(ScheduleError::NoHolidays { year: 2016, known })
        );
    }

    #[test]
    fn a_time_that_clocks_jump_over_is_refused_with_both_readings() {
        // Egypt changes its clocks on Fridays, which are working days in Geneva.
        let when = When {
            milestone: MilestoneRef::HrcOpens(37),
            offset: "0 days".parse().unwrap(),
            at: "00:30".parse().unwrap(),
        };
        let years = Corrections { holiday_years: vec![2023], ..Corrections::default() };
        let calendar = sample::calendar().corrected(years);
        let found = due(&when, &on("2023-04-28"), "Africa/Cairo".parse().unwrap(), &calendar);
        let Err(ScheduleError::LocalTime(LocalTimeError::Gap { with_offset_before, with_offset_after, .. })) = &found
        else {
            panic!("{found:?}");
        };
        assert_eq!(with_offset_before, "2023-04-28T01:30:00+03:00");
        assert_eq!(with_offset_after, "2023-04-27T23:30:00+02:00");
        assert!(found.unwrap_err().help().contains("2023-04-28T01:30:00+03:00"));
    }

    #[test]
    fn a_day_of_the_un_office_is_a_notice_and_moves_nothing() {
        let due = check("2018-06-15", "0 days", "09:30").unwrap();
        assert_eq!((due.day.to_string().as_str(), due.moved_from), ("2018-06-15", None));
        assert_eq!(due.notice.as_deref(), Some("Eid al-Fitr, estimated"));
    }

    #[test]
    fn a_holiday_of_the_coalition_moves_a_letter_like_any_other() {
        let closed = holiday("2018-05-25", "Office closed", HolidayKind::Coalition);
        let calendar = sample::calendar().corrected(Corrections { holidays: vec![closed], ..Corrections::default() });
        let when: When = "on hrc:37.opens at 09:30".parse().unwrap();
        let due = due(&when, &on("2018-05-25"), Zone::GENEVA, &calendar).unwrap();
        assert_eq!(due.day.to_string(), "2018-05-24");
        assert!(due.reasoning[2].contains("2018-05-25 is Office closed"));
    }

    #[test]
    fn the_reasoning_reads_rule_by_rule() {
        let mut milestone = on("2018-02-26");
        milestone.provisional = true;
        let when: When = "15 working days before hrc:37.opens at 09:30".parse().unwrap();
        let due = due(&when, &milestone, Zone::GENEVA, &sample::calendar()).unwrap();
        assert!(due.provisional);
        assert_eq!(
            due.reasoning,
            [
                "hrc:37.opens is Monday 2018-02-26, still provisional: opening (source: OHCHR).",
                "15 working days before it, that day itself not counted, is Monday 2018-02-05.",
                "09:30 in Europe/Zurich is 2018-02-05T08:30:00Z.",
            ]
        );
    }

    proptest! {
        #[test]
        fn a_letter_always_leaves_on_the_last_working_day_up_to_the_counted_one(
            ordinal in 0i64..365, count in -40i32..40, unit in 0usize..4,
        ) {
            let calendar = sample::calendar();
            let unit = [OffsetUnit::Days, OffsetUnit::WorkingDays, OffsetUnit::Weeks, OffsetUnit::Months][unit];
            let count = if unit == OffsetUnit::Months { count % 6 } else if unit == OffsetUnit::Weeks { count % 20 } else { count };
            let milestone = on("2018-01-01");
            let milestone = Milestone { day: milestone.day.plus_days(ordinal).unwrap(), ..milestone };
            let when = When { milestone: milestone.reference.clone(), offset: Offset { count, unit }, at: "09:30".parse().unwrap() };
            let due = due(&when, &milestone, Zone::GENEVA, &calendar).unwrap();
            let counted = due.moved_from.unwrap_or(due.day);
            prop_assert_eq!(calendar.is_working_day(due.day), Ok(true));
            prop_assert!(due.day <= counted);
            prop_assert!(working_days(&calendar, due.day.next().unwrap(), counted.next().unwrap()).is_empty());
            prop_assert_eq!(Zone::GENEVA.day_of(due.at), due.day);
        }

        #[test]
        fn as_many_working_days_lie_in_between_as_the_offset_says(ordinal in 0i64..365, count in 1i32..200) {
            let calendar = sample::calendar();
            let from = day("2018-01-01").plus_days(ordinal).unwrap();
            let size = usize::try_from(count).unwrap();
            if let Ok(before) = calendar.plus_working_days(from, -count) {
                prop_assert_eq!(calendar.is_working_day(before), Ok(true));
                prop_assert_eq!(working_days(&calendar, before, from).len(), size);
            }
            if let Ok(after) = calendar.plus_working_days(from, count) {
                prop_assert_eq!(working_days(&calendar, from.next().unwrap(), after.next().unwrap()).len(), size);
            }
        }

        #[test]
        fn weeks_keep_the_weekday_and_months_the_day_or_the_last(ordinal in 0i64..3000, months in -120i32..120) {
            let from = day("2014-01-01").plus_days(ordinal).unwrap();
            let to = plus_months(from, months).unwrap();
            let shift = (to.year() - from.year()) * 12 + i32::try_from(to.month()).unwrap() - i32::try_from(from.month()).unwrap();
            prop_assert_eq!(shift, months);
            prop_assert!(to.day() == from.day() || (to.day() < from.day() && to.next().unwrap().day() == 1));
        }
    }
}
