//! The calendar against an oracle: tests/data/calendar_oracle.py computes the same days by other means.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

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
