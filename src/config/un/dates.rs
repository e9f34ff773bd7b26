//! The dates of `config/un/`: sessions, reviews, holidays and terms in the Council.

use serde::Deserialize;

use super::{columns, day, parsed, rows, word};
use crate::schedule::{
    Calendar, Dated, Holiday, HolidayKind, HrcSession, Membership, Memberships, Origin, Sure, UprReview, UprSession,
};

const MEMBERSHIP: &str = include_str!("../../../config/un/hrc-membership.csv");
const HRC: &str = include_str!("../../../config/un/hrc-sessions.toml");
const UPR: &str = include_str!("../../../config/un/upr.toml");
const HOLIDAYS: &str = include_str!("../../../config/un/geneva-holidays.toml");

/// The days for which every seat of the Council is known. A test counts the members on each of them.
const COUNCIL_KNOWN: [&str; 2] = ["2016-01-01", "2026-12-31"];

pub(super) fn calendar() -> Calendar {
    let upr: UprFile = parsed(UPR);
    Calendar::new(
        hrc_sessions(),
        upr.session.into_iter().map(upr_session).collect(),
        upr.review.into_iter().map(upr_review).collect(),
        holidays(),
        memberships(),
    )
}

fn memberships() -> Memberships {
    let term = |row| {
        let [state, _, _, from, until, _, _] = columns(row);
        Membership { state: word(&state), from: word(&from), until: word(&until) }
    };
    let [from, until] = COUNCIL_KNOWN;
    Memberships::new(rows(MEMBERSHIP).map(term).collect(), word(from)..=word(until))
}

#[derive(Deserialize)]
struct HrcFile {
    session: Vec<HrcRow>,
    /// Sessions of which not both days are known.
    partial: Vec<HrcRow>,
}

#[derive(Deserialize)]
struct HrcRow {
    number: u16,
    starts: Option<toml::value::Date>,
    ends: Option<toml::value::Date>,
    verified: bool,
    source: String,
    note: Option<String>,
}

fn hrc_sessions() -> Vec<HrcSession> {
    let file: HrcFile = parsed(HRC);
    let session = |row: HrcRow| {
        let sure = built_in(row.source, !row.verified);
        HrcSession {
            number: row.number,
            opens: row.starts.map(|date| Dated { day: day(date), sure: sure.clone() }),
            closes: row.ends.map(|date| Dated { day: day(date), sure: sure.clone() }),
            note: row.note,
        }
    };
    file.session.into_iter().chain(file.partial).map(session).collect()
}

#[derive(Deserialize)]
struct UprFile {
    session: Vec<UprSessionRow>,
    review: Vec<UprReviewRow>,
}

#[derive(Deserialize)]
struct UprSessionRow {
    number: u16,
    cycle: u16,
    starts: Option<toml::value::Date>,
    ends: Option<toml::value::Date>,
    /// A month, as in `2026-11`.
    window: Option<String>,
    #[serde(default)]
    expected: bool,
    states: Vec<String>,
    verified: bool,
    source: String,
    note: Option<String>,
}

#[derive(Deserialize)]
struct UprReviewRow {
    session: u16,
    iso3: String,
    date: toml::value::Date,
    verified: bool,
    source: String,
}

fn upr_session(row: UprSessionRow) -> UprSession {
    let sure = built_in(row.source, row.expected || !row.verified);
    UprSession {
        number: row.number,
        cycle: Some(row.cycle),
        opens: row.starts.map(|date| Dated { day: day(date), sure: sure.clone() }),
        closes: row.ends.map(|date| Dated { day: day(date), sure: sure.clone() }),
        expected: row.window.map(|month| word(&format!("{month}-01"))),
        states: row.states.iter().map(|code| word(code)).collect(),
        sure,
        note: row.note,
    }
}

fn upr_review(row: UprReviewRow) -> UprReview {
    UprReview {
        session: row.session,
        state: word(&row.iso3),
        day: day(row.date),
        sure: built_in(row.source, !row.verified),
    }
}

#[derive(Deserialize)]
struct HolidayFile {
    holiday: Vec<CantonRow>,
    un_office: Vec<OfficeRow>,
    eid: Vec<EidRow>,
}

#[derive(Deserialize)]
struct CantonRow {
    date: toml::value::Date,
    name_en: String,
}

#[derive(Deserialize)]
struct OfficeRow {
    date: toml::value::Date,
    name: String,
    verified: bool,
}

#[derive(Deserialize)]
struct EidRow {
    name: String,
    feast: toml::value::Date,
    un_headquarters_holiday: Option<toml::value::Date>,
}

fn holidays() -> Vec<Holiday> {
    let file: HolidayFile = parsed(HOLIDAYS);
    let canton = file.holiday.into_iter().map(|row| Holiday {
        day: day(row.date),
        name: row.name_en,
        kind: HolidayKind::Canton,
        verified: true,
    });
    let office = file.un_office.into_iter().map(|row| Holiday {
        day: day(row.date),
        name: row.name,
        kind: HolidayKind::UnOffice,
        verified: row.verified,
    });
    canton.chain(office).chain(file.eid.into_iter().flat_map(eid)).collect()
}

/// The day that UN Headquarters kept, where it is known. Otherwise the estimated feast day, or the weekdays on both sides when
/// it falls on a weekend, as the Office then takes one of them.
fn eid(row: EidRow) -> Vec<Holiday> {
    let office = |day, name, verified| Holiday { day, name, kind: HolidayKind::UnOffice, verified };
    if let Some(kept) = row.un_headquarters_holiday {
        return vec![office(day(kept), format!("{}, as kept at UN Headquarters", row.name), true)];
    }
    let feast = day(row.feast);
    if !feast.is_weekend() {
        return vec![office(feast, format!("{}, estimated", row.name), false)];
    }
    let before = (1..3).filter_map(|n| feast.plus_days(-n)).find(|d| !d.is_weekend());
    let after = (1..3).filter_map(|n| feast.plus_days(n)).find(|d| !d.is_weekend());
    let name = format!("{}, estimated for the weekend of {feast}", row.name);
    before.into_iter().chain(after).map(|day| office(day, name.clone(), false)).collect()
}

fn built_in(source: String, provisional: bool) -> Sure {
    Sure { source, provisional, origin: Origin::BuiltIn }
}

#[cfg(test)]
mod tests {
    use super::super::states;
    use super::*;
    use crate::campaign::MilestoneRef;
    use crate::vocabulary::{Day, StateCode};
    use std::collections::BTreeSet;

    fn any(text: &str) -> Day {
        word(text)
    }

    #[test]
    fn the_council_has_47_members_but_for_the_two_gaps() {
        let council = memberships();
        let mut day = *council.complete().start();
        while day <= *council.complete().end() {
            let members = states().iter().filter(|s| council.is_member(s.code, day).unwrap()).count();
            let gap = (any("2018-06-20")..any("2018-07-13")).contains(&day)
                || (any("2022-04-08")..any("2022-05-10")).contains(&day);
            assert_eq!(members, if gap { 46 } else { 47 }, "on {day}");
            day = day.next().unwrap();
        }
    }

    #[test]
    fn a_seat_that_changed_hands_in_mid_term_changes_on_its_day() {
        let calendar = calendar();
        let member = |state, on| calendar.hrc_member(word(state), any(on)).unwrap();
        assert!(member("USA", "2018-06-19") && !member("USA", "2018-06-20"));
        assert!(!member("ISL", "2018-07-12") && member("ISL", "2018-07-13"));
        assert!(member("RUS", "2022-04-07") && !member("RUS", "2022-04-08"));
        assert!(!member("CZE", "2022-05-09") && member("CZE", "2022-05-10"));
    }

    #[test]
    fn every_session_and_review_of_the_data_is_in_the_calendar() {
        let calendar = calendar();
        assert_eq!(
            calendar.hrc_sessions(None, None).map(|s| s.number).collect::<Vec<_>>(),
            (27..=63).collect::<Vec<_>>()
        );
        assert_eq!(
            calendar.upr_sessions(None, None).map(|s| s.number).collect::<Vec<_>>(),
            (27..=54).collect::<Vec<_>>()
        );
        assert_eq!(calendar.upr_reviews(None, None).count(), 39);
        for cycle in [3, 4] {
            let sessions = calendar.upr_sessions(None, None).filter(|s| s.cycle == Some(cycle));
            let reviewed: BTreeSet<StateCode> = sessions.flat_map(|s| s.states.clone()).collect();
            // Ukraine and Myanmar were not found in the fourth cycle.
            assert_eq!(reviewed.len(), if cycle == 3 { 193 } else { 191 });
        }
    }

    #[test]
    fn what_the_data_do_not_verify_is_provisional() {
        let calendar = calendar();
        let provisional: Vec<u16> =
            calendar.hrc_sessions(None, None).filter(|s| s.provisional()).map(|s| s.number).collect();
        assert_eq!(provisional, [43, 56, 62]);
        let forecast: Vec<u16> =
            calendar.upr_sessions(None, None).filter(|s| s.provisional()).map(|s| s.number).collect();
        assert_eq!(forecast, [52, 53, 54]);
        let at_62 = |what| calendar.milestone(&word::<MilestoneRef>(what), states());
        assert!(at_62("hrc:62.opens").is_err());
        assert!(at_62("hrc:62.closes").unwrap().provisional);
    }

    #[test]
    fn the_feast_of_eid_is_a_working_day_with_a_notice() {
        let calendar = calendar();
        let notice = |day| calendar.un_office_notice(any(day));
        assert_eq!(notice("2024-06-17"), Some("Eid al-Adha, as kept at UN Headquarters"));
        assert_eq!(calendar.is_working_day(any("2024-06-17")), Ok(true));
        // Friday and Monday around an estimated weekend; the year's other feast as well.
        let estimates: Vec<&Holiday> =
            calendar.holidays(Some(any("2025-01-01")), Some(any("2025-06-30"))).filter(|h| !h.verified).collect();
        assert!(estimates.iter().all(|h| h.kind == HolidayKind::UnOffice && !h.day.is_weekend()), "{estimates:?}");
        assert!(!estimates.is_empty());
    }
}
