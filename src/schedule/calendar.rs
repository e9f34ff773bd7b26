//! The UN's calendar as the coalition has corrected it.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Custom, Dated, Holiday, HrcSession, Sure, UprReview, UprSession, overlap};
use super::error::ScheduleError;
use super::membership::{Membership, Memberships};
use crate::vocabulary::{CustomId, Day, StateCode};

/// Every date that letters are counted from, and the days on which nobody in Geneva works.
///
/// Built from `config/un/`, then corrected entry by entry by the coalition's `config/calendar.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub(super) hrc: BTreeMap<u16, HrcSession>,
    pub(super) upr: BTreeMap<u16, UprSession>,
    pub(super) reviews: BTreeMap<(u16, StateCode), UprReview>,
    pub(super) holidays: BTreeMap<Day, Vec<Holiday>>,
    /// Years of which every public holiday of the canton is known.
    pub(super) holiday_years: BTreeSet<i32>,
    pub(super) customs: BTreeMap<CustomId, Custom>,
    members: Memberships,
}

/// What `config/calendar.toml` says, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    pub hrc: Vec<HrcCorrection>,
    pub upr_sessions: Vec<UprSessionCorrection>,
    pub upr: Vec<UprReview>,
    pub holidays: Vec<Holiday>,
    /// Years beyond the built-in list whose public holidays the file lists in full.
    pub holiday_years: Vec<i32>,
    pub customs: Vec<Custom>,
}

/// An `[[hrc]]` entry: replaces the days that it gives, or adds the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HrcCorrection {
    pub number: u16,
    pub opens: Option<Day>,
    pub closes: Option<Day>,
    pub sure: Sure,
}

/// Days of a UPR session: replaces those that it gives, or adds the session, then without States.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UprSessionCorrection {
    pub number: u16,
    pub opens: Option<Day>,
    pub closes: Option<Day>,
    pub sure: Sure,
}

impl Calendar {
    /// The built-in calendar, from its parts. A year with a holiday of the canton in it counts as known in full.
    pub fn new(
        hrc: Vec<HrcSession>,
        upr: Vec<UprSession>,
        reviews: Vec<UprReview>,
        holidays: Vec<Holiday>,
        members: Memberships,
    ) -> Self {
        let years = holidays.iter().filter(|h| h.kind == super::HolidayKind::Canton).map(|h| h.day.year());
        let mut calendar = Self {
            hrc: hrc.into_iter().map(|s| (s.number, s)).collect(),
            upr: upr.into_iter().map(|s| (s.number, s)).collect(),
            reviews: reviews.into_iter().map(|r| ((r.session, r.state), r)).collect(),
            holiday_years: years.collect(),
            holidays: BTreeMap::new(),
            customs: BTreeMap::new(),
            members,
        };
        calendar.add_holidays(holidays);
        calendar
    }

    /// The calendar with the coalition's entries, each of which replaces the built-in one of the same name or is added.
    #[must_use]
    pub fn corrected(mut self, corrections: Corrections) -> Self {
        for hrc in corrections.hrc {
            let session = self.hrc.entry(hrc.number).or_insert_with(|| HrcSession {
                number: hrc.number,
                opens: None,
                closes: None,
                note: None,
            });
            replace(&mut session.opens, hrc.opens, &hrc.sure);
            replace(&mut session.closes, hrc.closes, &hrc.sure);
        }
        for upr in corrections.upr_sessions {
            let session = self.upr.entry(upr.number).or_insert_with(|| UprSession {
                number: upr.number,
                cycle: None,
                opens: None,
                closes: None,
                expected: None,
                states: Vec::new(),
                sure: upr.sure.clone(),
                note: None,
            });
            replace(&mut session.opens, upr.opens, &upr.sure);
            replace(&mut session.closes, upr.closes, &upr.sure);
        }
        self.reviews.extend(corrections.upr.into_iter().map(|r| ((r.session, r.state), r)));
        self.add_holidays(corrections.holidays);
        self.holiday_years.extend(corrections.holiday_years);
        self.customs.extend(corrections.customs.into_iter().map(|c| (c.id.clone(), c)));
        self
    }

    pub fn hrc_session(&self, number: u16) -> Option<&HrcSession> {
        self.hrc.get(&number)
    }

    pub fn upr_session(&self, number: u16) -> Option<&UprSession> {
        self.upr.get(&number)
    }

    /// The review of `state` in that session, where its day is known.
    pub fn review(&self, session: u16, state: StateCode) -> Option<&UprReview> {
        self.reviews.get(&(session, state))
    }

    /// Whether `state` is a member of the Human Rights Council on that day.
    ///
    /// # Errors
    /// [`ScheduleError::NoMembership`] where it is not known; see [`Memberships::is_member`].
    pub fn hrc_member(&self, state: StateCode, on: Day) -> Result<bool, ScheduleError> {
        self.members.is_member(state, on)
    }

    pub fn memberships(&self) -> &[Membership] {
        self.members.terms()
    }

    /// Sessions of the Council of which a part lies in the range, by number. A missing bound does not limit; a session without
    /// any day is never listed.
    pub fn hrc_sessions(&self, from: Option<Day>, until: Option<Day>) -> impl Iterator<Item = &HrcSession> {
        self.hrc.values().filter(move |s| s.touches(from, until))
    }

    /// Sessions of the UPR Working Group of which a part lies, or is forecast, in the range, by number.
    pub fn upr_sessions(&self, from: Option<Day>, until: Option<Day>) -> impl Iterator<Item = &UprSession> {
        self.upr.values().filter(move |s| s.touches(from, until))
    }

    /// Reviews whose day is known and lies in the range, by day.
    pub fn upr_reviews(&self, from: Option<Day>, until: Option<Day>) -> impl Iterator<Item = &UprReview> {
        let mut found: Vec<&UprReview> = self.reviews.values().filter(|r| overlap(r.day, r.day, from, until)).collect();
        found.sort_by_key(|r| r.day);
        found.into_iter()
    }

    /// Days off of every kind in the range, by day.
    pub fn holidays(&self, from: Option<Day>, until: Option<Day>) -> impl Iterator<Item = &Holiday> {
        self.holidays.values().flatten().filter(move |h| overlap(h.day, h.day, from, until))
    }

    /// The coalition's own days in the range, by day.
    pub fn customs(&self, from: Option<Day>, until: Option<Day>) -> impl Iterator<Item = &Custom> {
        let mut found: Vec<&Custom> = self.customs.values().filter(|c| overlap(c.day, c.day, from, until)).collect();
        found.sort_by_key(|c| c.day);
        found.into_iter()
    }

    fn add_holidays(&mut self, holidays: Vec<Holiday>) {
        for holiday in holidays {
            let that_day = self.holidays.entry(holiday.day).or_default();
            that_day.push(holiday);
            that_day.sort_by_key(|h| h.kind);
        }
    }
}

fn replace(slot: &mut Option<Dated>, day: Option<Day>, sure: &Sure) {
    if let Some(day) = day {
        *slot = Some(Dated { day, sure: sure.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, day};
    use super::*;
    use crate::campaign::MilestoneRef;

    fn at(calendar: &Calendar, text: &str) -> Result<super::super::Milestone, ScheduleError> {
        calendar.milestone(&text.parse::<MilestoneRef>().unwrap(), &sample::states())
    }

    fn hrc(number: u16, opens: Option<&str>, closes: Option<&str>, provisional: bool) -> Corrections {
        let sure = Sure::coalition(Some("OHCHR, programme of work".to_owned()), provisional);
        let hrc = HrcCorrection { number, opens: opens.map(day), closes: closes.map(day), sure };
        Corrections { hrc: vec![hrc], ..Corrections::default() }
    }

    #[test]
    fn a_session_has_its_two_days_and_says_where_they_were_read() {
        let opening = at(&sample::calendar(), "hrc:37.opens").unwrap();
        assert_eq!(opening.day, day("2018-02-26"));
        assert_eq!(opening.title, "opening of the 37th session of the Human Rights Council");
        assert_eq!((opening.source.as_str(), opening.provisional), ("OHCHR", false));
        assert_eq!(at(&sample::calendar(), "upr:31.closes").unwrap().day, day("2018-11-16"));
    }

    #[test]
    fn a_correction_replaces_only_the_days_that_it_gives() {
        let calendar = sample::calendar().corrected(hrc(62, Some("2026-06-15"), None, false));
        assert_eq!(at(&calendar, "hrc:62.opens").unwrap().day, day("2026-06-15"));
        assert!(!at(&calendar, "hrc:62.opens").unwrap().provisional);
        assert!(at(&calendar, "hrc:62.closes").unwrap().provisional, "the built-in closing day is as unsure as before");
    }

    #[test]
    fn a_session_that_the_coalition_adds_is_as_provisional_as_it_says() {
        let calendar = sample::calendar().corrected(hrc(64, Some("2027-02-22"), Some("2027-03-26"), true));
        assert!(at(&calendar, "hrc:64.opens").unwrap().provisional);
        assert_eq!(calendar.hrc_sessions(Some(day("2027-01-01")), None).map(|s| s.number).collect::<Vec<_>>(), [64]);
    }

    #[test]
    fn a_session_that_is_not_known_shows_the_lines_to_add() {
        let unknown = at(&sample::calendar(), "hrc:38.opens").unwrap_err();
        assert_eq!(unknown, ScheduleError::UnknownHrcSession { number: 38, nearest: Some(37) });
        assert!(unknown.help().contains("[[hrc]]\nnumber = 38\n"));
        let dayless = at(&sample::calendar(), "hrc:62.opens").unwrap_err();
        assert_eq!(dayless.to_string(), "the day of hrc:62.opens is not known");
        assert!(dayless.help().ends_with("opens  = YYYY-MM-DD"));
        assert!(matches!(at(&sample::calendar(), "upr:53.opens"), Err(ScheduleError::DayUnknown { .. })));
    }

    #[test]
    fn a_custom_day_with_a_slip_in_its_name_is_offered() {
        let launch = Custom { id: "launch".parse().unwrap(), day: day("2018-02-26"), title: None, provisional: true };
        let calendar = sample::calendar().corrected(Corrections { customs: vec![launch], ..Corrections::default() });
        let found = at(&calendar, "custom:launch").unwrap();
        assert_eq!((found.title.as_str(), found.provisional), ("launch", true));
        assert!(at(&calendar, "custom:lanch").unwrap_err().help().starts_with("did you mean custom:launch?"));
    }

    #[test]
    fn the_next_review_needs_the_other_milestones() {
        assert!(matches!(at(&sample::calendar(), "upr:next.CHN"), Err(ScheduleError::NextNeedsTheOthers { .. })));
    }

    #[test]
    fn a_range_lists_what_lies_in_it_and_no_more() {
        let calendar = sample::calendar();
        let (from, until) = (Some(day("2018-03-01")), Some(day("2018-04-02")));
        assert_eq!(calendar.hrc_sessions(from, until).map(|s| s.number).collect::<Vec<_>>(), [37]);
        let names: Vec<&str> = calendar.holidays(from, until).map(|h| h.name.as_str()).collect();
        assert_eq!(names, ["Good Friday", "Easter Monday"]);
        assert_eq!(calendar.upr_sessions(Some(day("2026-12-01")), None).map(|s| s.number).collect::<Vec<_>>(), [53]);
        assert_eq!(calendar.upr_reviews(None, None).count(), 1);
    }
}
