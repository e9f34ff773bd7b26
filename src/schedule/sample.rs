//! A small calendar for this room's own tests; the real one is tested in tests/calendar.rs.

use std::collections::BTreeSet;

use super::entries::{Dated, Holiday, HolidayKind, HrcSession, Origin, Sure, UprReview, UprSession};
use super::{Calendar, Membership, Memberships};
use crate::campaign::States;
use crate::campaign::states::{Group, Standing, State};
use crate::vocabulary::{Day, Language, StateCode};

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn code(text: &str) -> StateCode {
    text.parse().unwrap()
}

pub fn sure(provisional: bool) -> Sure {
    Sure { source: "OHCHR".to_owned(), provisional, origin: Origin::BuiltIn }
}

pub fn holiday(on: &str, name: &str, kind: HolidayKind) -> Holiday {
    Holiday { day: day(on), name: name.to_owned(), kind, verified: true }
}

/// Two Council sessions (37; 62 without its opening), three UPR sessions (31, 45 with China's day, 53 as a forecast), the canton's
/// holidays of 2018 and New Year's Days of 2017 and 2019.
pub fn calendar() -> Calendar {
    let dated = |on: &str, provisional| Some(Dated { day: day(on), sure: sure(provisional) });
    let hrc = |number, opens, closes| HrcSession { number, opens, closes, note: None };
    let upr = |number, opens, closes, expected: Option<&str>, states: &[&str]| UprSession {
        number,
        cycle: Some(3),
        opens,
        closes,
        expected: expected.map(day),
        states: states.iter().map(|c| code(c)).collect(),
        sure: sure(expected.is_some()),
        note: None,
    };
    let canton = |(on, name)| holiday(on, name, HolidayKind::Canton);
    Calendar::new(
        vec![hrc(37, dated("2018-02-26", false), dated("2018-03-23", false)), hrc(62, None, dated("2026-07-08", true))],
        vec![
            upr(31, dated("2018-11-05", false), dated("2018-11-16", false), None, &["SAU", "CHN", "NGA"]),
            upr(45, dated("2024-01-22", false), dated("2024-02-02", false), None, &["SAU", "CHN"]),
            upr(53, None, None, Some("2026-11-01"), &["USA", "IRL"]),
        ],
        vec![UprReview { session: 31, state: code("CHN"), day: day("2018-11-06"), sure: sure(false) }],
        [
            ("2017-12-25", "Christmas Day"),
            ("2018-01-01", "New Year's Day"),
            ("2018-03-30", "Good Friday"),
            ("2018-04-02", "Easter Monday"),
            ("2018-05-10", "Ascension Day"),
            ("2018-05-21", "Pentecost Monday"),
            ("2018-08-01", "National Day"),
            ("2018-09-06", "Genevan Fast"),
            ("2018-12-25", "Christmas Day"),
            ("2018-12-31", "Restoration Day"),
            ("2019-01-01", "New Year's Day"),
        ]
        .map(canton)
        .into_iter()
        .chain([holiday("2018-06-15", "Eid al-Fitr, estimated", HolidayKind::UnOffice)])
        .collect(),
        Memberships::new(
            vec![Membership { state: code("USA"), from: day("2017-01-01"), until: day("2018-06-19") }],
            day("2016-01-01")..=day("2026-12-31"),
        ),
    )
}

pub fn states() -> States {
    let state = |text: &str, name: &str| State {
        code: code(text),
        name_en: name.to_owned(),
        official_en: name.to_owned(),
        name_fr: name.to_owned(),
        name_es: name.to_owned(),
        group: Some(Group::AsiaPacific),
        language: Language::ENGLISH,
        standing: Standing::Member,
    };
    States::new(vec![state("CHN", "China"), state("SAU", "Saudi Arabia")])
}

/// Every working day from `first` to before `end`.
pub fn working_days(calendar: &Calendar, first: Day, end: Day) -> BTreeSet<Day> {
    let all = std::iter::successors(Some(first), |day| day.next()).take_while(|day| *day < end);
    all.filter(|day| calendar.is_working_day(*day) == Ok(true)).collect()
}
