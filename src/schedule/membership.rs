//! Who sits in the Human Rights Council, and when.

use std::ops::RangeInclusive;

use super::error::ScheduleError;
use crate::vocabulary::{Day, StateCode};

/// One term of a State; both days belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub state: StateCode,
    pub from: Day,
    pub until: Day,
}

/// All terms that are known, and the days on which they make a whole Council.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memberships {
    terms: Vec<Membership>,
    complete: RangeInclusive<Day>,
}

impl Memberships {
    /// `complete`: the days for which every seat is known, so that "no term" means "no member".
    pub fn new(terms: Vec<Membership>, complete: RangeInclusive<Day>) -> Self {
        Self { terms, complete }
    }

    /// Whether `state` is a member on that day.
    ///
    /// # Errors
    /// [`ScheduleError::NoMembership`] outside the days for which the whole Council is known, unless a known term answers: a
    /// State whose term covers the day is a member, another one may have been elected since.
    pub fn is_member(&self, state: StateCode, on: Day) -> Result<bool, ScheduleError> {
        let covers = |term: &Membership| term.state == state && (term.from..=term.until).contains(&on);
        if self.terms.iter().any(covers) {
            return Ok(true);
        }
        if self.complete.contains(&on) {
            return Ok(false);
        }
        Err(ScheduleError::NoMembership { day: on, from: *self.complete.start(), until: *self.complete.end() })
    }

    pub fn terms(&self) -> &[Membership] {
        &self.terms
    }

    /// The days for which the whole Council is known.
    pub fn complete(&self) -> &RangeInclusive<Day> {
        &self.complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_council_that_is_not_known_is_an_error_and_not_an_empty_council() {
        let fra: StateCode = "FRA".parse().unwrap();
        let term = Membership { state: fra, from: day("2026-01-01"), until: day("2028-12-31") };
        let known = Memberships::new(vec![term], day("2026-01-01")..=day("2026-12-31"));
        assert_eq!(known.is_member(fra, day("2027-03-01")), Ok(true));
        assert_eq!(known.is_member("USA".parse().unwrap(), day("2026-12-31")), Ok(false));
        assert!(matches!(
            known.is_member("USA".parse().unwrap(), day("2027-01-01")),
            Err(ScheduleError::NoMembership { .. })
        ));
    }
}
