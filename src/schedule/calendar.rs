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
    /// The built-in calendar, from its parts. Every year from the first to the last holiday of `holidays` counts as known in full.
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

    /// Sessions of the Council of which a part lies in the range, by number. A missing bound does not limit; a session without any day is
    /// never listed.
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
