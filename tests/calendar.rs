//! The calendar against an oracle: tests/data/calendar_oracle.py computes the same days by other means.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::collections::BTreeSet;

use demarche::campaign::When;
use demarche::config::un;
use demarche::schedule::{Calendar, Corrections, Custom, Due, HolidayKind, ScheduleError, due};
use demarche::vocabulary::time::LocalTimeError;
use demarche::vocabulary::{CustomId, Day, Zone};

#[test]
fn every_letter_is_due_when_the_oracle_says() {
    let cases = include_str!("data/calendar_cases.csv");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases.lines().skip(1) {
        count += 1;
        let got = [&line.split(',').take(4).collect::<Vec<_>>().join(","), ",", &answer(line)].concat();
        if got != line {
            wrong.push(format!("oracle {line}\n   got {got}"));
        }
    }
    assert!(count >= 400, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A table that does not meet a difficulty proves nothing about it.
#[test]
fn the_oracle_s_table_meets_every_session_offset_clock_change_holiday_and_month_s_end() {
    let rows: Vec<Vec<&str>> =
        include_str!("data/calendar_cases.csv").lines().skip(1).map(|line| line.split(',').collect()).collect();
    let offsets = |milestone: &str| {
        let of_it = rows.iter().filter(|row| row[0] == milestone);
        let dated = of_it.clone().filter(|row| !row[4].is_empty()).count();
        (of_it.map(|row| row[1]).collect::<BTreeSet<_>>().len(), dated)
    };
    for session in 31..=63 {
        for end in ["opens", "closes"] {
            let milestone = format!("hrc:{session}.{end}");
            let (offsets, dated) = offsets(&milestone);
            assert_eq!(offsets, 17, "{milestone}");
            // Of the first year the longest offsets lead before the holidays that are known; nobody knows the opening of the 62nd.
            assert!(dated >= if milestone == "hrc:62.opens" { 0 } else { 12 }, "{milestone}: {dated}");
        }
    }
    let count = |meets: &dyn Fn(&[&str]) -> bool| rows.iter().filter(|row| meets(row)).count();
    let calendar = un::calendar();
    let day = |text: &str| text.parse::<Day>().ok();
    let month_s_end = |text: &str| day(text).and_then(Day::next).is_some_and(|next| next.day() == 1);
    assert!(count(&|row| month_s_end(row[4]) || month_s_end(row[5])) >= 60, "months' ends");
    let holiday = |text: &str| {
        let day = day(text);
        day.is_some() && calendar.holidays(day, day).any(|h| h.kind == HolidayKind::Canton)
    };
    assert!(count(&|row| holiday(row[5])) >= 60, "letters that would leave on a holiday");
    // 09:30 in Geneva is 08:30 in winter and 07:30 in summer; the milestone's own half of the year is that of its day.
    let summer = |text: &str| {
        let noon = Zone::GENEVA.instant(day(text).unwrap(), "12:00".parse().unwrap()).unwrap();
        noon.to_string().ends_with("T10:00:00Z")
    };
    let over_a_change = |row: &[&str]| {
        let milestone = calendar.milestone(&row[0].parse().unwrap(), un::states());
        milestone.is_ok_and(|found| !row[4].is_empty() && summer(row[4]) != summer(&found.day.to_string()))
    };
    assert!(count(&over_a_change) >= 150, "counted over a change of clocks: {}", count(&over_a_change));
    for answer in ["gap", "overlap", "no-holidays", "no-day"] {
        assert!(count(&|row| row[6].starts_with(answer)) >= 2, "{answer}");
    }
}

/// `day,moved_from,answer,provisional`, as the oracle writes them.
fn answer(line: &str) -> String {
    let cells: Vec<&str> = line.split(',').collect();
    let [milestone, offset, at, zone] = cells[..4] else { panic!("{line}") };
    let when = When { milestone: milestone.parse().unwrap(), offset: offset.parse().unwrap(), at: at.parse().unwrap() };
    match judge(&when, zone.parse().unwrap(), &calendar_with(milestone)) {
        Ok(due) => {
            let moved = due.moved_from.map(|day| day.to_string()).unwrap_or_default();
            format!("{},{moved},{},{}", due.day, due.at, due.provisional)
        }
        Err(ScheduleError::NoHolidays { year, .. }) => format!(",,no-holidays {year},"),
        Err(ScheduleError::DayUnknown { .. } | ScheduleError::ReviewDayUnknown { .. }) => ",,no-day,".to_owned(),
        Err(ScheduleError::LocalTime(LocalTimeError::Gap { with_offset_before, with_offset_after, .. })) => {
            format!(",,gap {with_offset_before} {with_offset_after},")
        }
        Err(ScheduleError::LocalTime(LocalTimeError::Overlap { first, second, .. })) => {
            format!(",,overlap {first} {second},")
        }
        Err(other) => other.to_string(),
    }
}

fn judge(when: &When, zone: Zone, calendar: &Calendar) -> Result<Due, ScheduleError> {
    due(when, &calendar.milestone(&when.milestone, un::states())?, zone, calendar)
}

/// The built-in calendar; `custom:dYYYY-MM-DD` is that day.
fn calendar_with(milestone: &str) -> Calendar {
    let custom = milestone.strip_prefix("custom:").map(|id| Custom {
        id: id.parse::<CustomId>().unwrap(),
        day: id[1..].parse().unwrap(),
        title: None,
        provisional: false,
    });
    un::calendar().corrected(Corrections { customs: custom.into_iter().collect(), ..Corrections::default() })
}

#[test]
fn the_letters_of_the_example_campaign_are_due_on_its_three_days() {
    let at = |text: &str| {
        let due = judge(&text.parse().unwrap(), Zone::GENEVA, &un::calendar()).unwrap();
        assert_eq!(due.moved_from, None);
        due.at.to_string()
    };
    assert_eq!(at("15 business days before hrc:37.opens at 09:30"), "2018-02-05T08:30:00Z");
    assert_eq!(at("4 business days before hrc:37.opens at 09:30"), "2018-02-20T08:30:00Z");
    assert_eq!(at("6 weeks before upr:31.CHN at 09:30"), "2018-09-25T07:30:00Z");
}

#[test]
fn no_review_falls_on_the_first_day_of_its_session_for_want_of_a_day() {
    let calendar = un::calendar();
    for session in calendar.upr_sessions(None, None) {
        for state in &session.states {
            let named = format!("upr:{}.{state}", session.number).parse().unwrap();
            let found = calendar.milestone(&named, un::states());
            match calendar.review(session.number, *state) {
                Some(review) => assert_eq!(found.unwrap().day, review.day),
                None => assert!(matches!(found, Err(ScheduleError::ReviewDayUnknown { .. })), "{named}"),
            }
        }
    }
}

/// On the day before, on the day, and on the day after each of the two changes in mid-term.
#[test]
fn a_seat_that_changed_hands_in_mid_term_changes_on_its_day() {
    let calendar = un::calendar();
    let members = |state: &str, days: [&str; 3]| {
        days.map(|on| calendar.hrc_member(state.parse().unwrap(), on.parse().unwrap()).unwrap())
    };
    assert_eq!(members("USA", ["2018-06-18", "2018-06-19", "2018-06-20"]), [true, true, false]);
    assert_eq!(members("ISL", ["2018-07-12", "2018-07-13", "2018-07-14"]), [false, true, true]);
    assert_eq!(members("RUS", ["2022-04-06", "2022-04-07", "2022-04-08"]), [true, true, false]);
    assert_eq!(members("CZE", ["2022-05-09", "2022-05-10", "2022-05-11"]), [false, true, true]);
}

/// Counted in the data by another program; one row that vanishes is seen.
#[test]
fn nothing_of_the_shipped_data_is_lost() {
    let calendar = un::calendar();
    let kinds = |kind| calendar.holidays(None, None).filter(|h| h.kind == kind).count();
    assert_eq!(kinds(HolidayKind::Canton), 135);
    assert!(kinds(HolidayKind::UnOffice) >= 30, "both feasts of each year from 2016 to 2030");
    assert_eq!(calendar.memberships().len(), 204);
    assert_eq!(calendar.upr_sessions(None, None).map(|s| s.states.len()).sum::<usize>(), 384);
    let signatories: Vec<(&str, usize)> =
        un::statements().iter().map(|s| (s.id.as_str(), s.signatories.len())).collect();
    assert_eq!(
        signatories,
        [
            ("hrc31-item2-2016-03-10", 12),
            ("hrc41-letter-2019-07-08", 22),
            ("hrc41-letter-2019-07-12", 50),
            ("ga75-c3-2020-10-06-critical", 39),
            ("ga75-c3-2020-10-06-supportive", 45),
            ("hrc51-l6-2022-10-06", 17),
            ("hrc51-item2-2022-09-13", 28),
            ("ga77-c3-2022-10-31", 50),
            ("ga79-c3-2024-10-22", 15),
            ("hrc47-2021-06-22", 43),
        ]
    );
}

#[test]
fn the_built_in_calendar_does_not_contradict_itself() {
    assert_eq!(un::calendar().contradictions(), []);
}

#[test]
fn the_next_review_of_china_is_found_from_any_session_of_the_council() {
    let calendar = un::calendar();
    let next = |after: &str| {
        let found = calendar.next_review("CHN".parse().unwrap(), after.parse().unwrap(), un::states());
        found.map(|milestone| milestone.reference.to_string())
    };
    assert_eq!(next("2018-02-26").unwrap(), "upr:31.CHN");
    assert_eq!(next("2018-11-06").unwrap(), "upr:45.CHN");
    assert!(matches!(next("2024-01-23"), Err(ScheduleError::NoNextReview { .. })));
}

/// The canton's nine holidays by their rule: six hang on Easter or on the first Sunday of September.
#[test]
fn the_holidays_of_the_canton_are_those_that_its_rules_give() {
    let calendar = un::calendar();
    for year in 2016..=2030 {
        let easter = easter(year);
        let from_easter = |days| easter.plus_days(days).unwrap();
        let first_sunday = (1..=7).map(|d| Day::new(year, 9, d).unwrap()).find(|d| d.weekday() == chrono::Weekday::Sun);
        let mut rule = vec![
            Day::new(year, 1, 1).unwrap(),
            from_easter(-2),
            from_easter(1),
            from_easter(39),
            from_easter(50),
            Day::new(year, 8, 1).unwrap(),
            first_sunday.unwrap().plus_days(4).unwrap(),
            Day::new(year, 12, 25).unwrap(),
            Day::new(year, 12, 31).unwrap(),
        ];
        rule.sort();
        let listed: Vec<Day> = calendar
            .holidays(Day::new(year, 1, 1), Day::new(year, 12, 31))
            .filter(|h| h.kind == HolidayKind::Canton)
            .map(|h| h.day)
            .collect();
        assert_eq!(listed, rule);
    }
}

/// The Gregorian Easter by the tables of the missal: golden number, epact, then the Sunday after the full moon.
fn easter(year: i32) -> Day {
    let century = year / 100 + 1;
    let golden = year % 19 + 1;
    let solar = 3 * century / 4 - 12;
    let lunar = (8 * century + 5) / 25 - 5;
    let sunday = 5 * year / 4 - solar - 10;
    let epact = match (11 * golden + 20 + lunar - solar).rem_euclid(30) {
        25 if golden > 11 => 26,
        24 => 25,
        epact => epact,
    };
    let moon = if epact > 23 { 74 - epact } else { 44 - epact };
    let in_march = moon + 7 - (sunday + moon) % 7;
    Day::new(year, 3, 1).unwrap().plus_days(i64::from(in_march) - 1).unwrap()
}
