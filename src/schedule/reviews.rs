//! When a State is under review: in one named session, or next.
//!
//! Most reviews are known only by their session. The day is then asked for: a letter counted from the session's first day
//! could be a week out.

use super::calendar::Calendar;
use super::entries::{UprReview, UprSession};
use super::error::ScheduleError;
use super::milestone::{Milestone, made, nearest};
use super::ordinal::english_ordinal as ordinal;
use crate::campaign::{MilestoneRef, States};
use crate::vocabulary::{Day, StateCode, hint};

impl Calendar {
    /// The first review of `state` after `after`, which is the last of the campaign's other milestones.
    ///
    /// # Errors
    /// [`ScheduleError::ReviewDayUnknown`] when the session that comes first has no day for it, or may lie on either side
    /// of `after`; [`ScheduleError::NoNextReview`] when no later review is known.
    pub fn next_review(&self, state: StateCode, after: Day, states: &States) -> Result<Milestone, ScheduleError> {
        let known = self.reviews.values().filter(|r| r.state == state).map(|r| (r.day, r.day, r.session));
        let dayless = self
            .upr
            .values()
            .filter(|s| s.states.contains(&state) && self.review(s.number, state).is_none())
            .filter_map(|s| s.span().map(|(first, last)| (first, last, s.number)));
        let next = known.chain(dayless).filter(|(_, last, _)| *last > after).min();
        let (_, _, session) = next.ok_or(ScheduleError::NoNextReview { state, after })?;
        self.of_review(session, state, states)
    }

    pub(super) fn of_review(&self, number: u16, state: StateCode, states: &States) -> Result<Milestone, ScheduleError> {
        if let Some(review) = self.review(number, state) {
            return Ok(of(review, states));
        }
        let session = self
            .upr_session(number)
            .ok_or_else(|| ScheduleError::UnknownUprSession { number, nearest: nearest(number, self.upr.keys()) })?;
        if session.states.contains(&state) {
            return Err(day_unknown(session, state));
        }
        Err(ScheduleError::NotUnderReview {
            session: number,
            state,
            nearest: self.nearest_session_of(state, number),
            meant: hint::nearest(state.as_str(), session.states.iter().map(StateCode::as_str))
                .and_then(|code| code.parse().ok()),
        })
    }

    fn nearest_session_of(&self, state: StateCode, number: u16) -> Option<u16> {
        let listed = self.upr.values().filter(|s| s.states.contains(&state)).map(|s| &s.number);
        let dated = self.reviews.keys().filter(|(_, reviewed)| *reviewed == state).map(|(session, _)| session);
        nearest(number, listed.chain(dated))
    }
}

fn of(review: &UprReview, states: &States) -> Milestone {
    let name = states.get(review.state).map_or(review.state.as_str(), |state| &state.name_en);
    let title = format!("Universal Periodic Review of {name} ({} session)", ordinal(review.session));
    made(MilestoneRef::UprReview(review.session, review.state), review.day, &review.sure, title)
}

fn day_unknown(session: &UprSession, state: StateCode) -> ScheduleError {
    ScheduleError::ReviewDayUnknown {
        session: session.number,
        state,
        opens: session.opens.as_ref().map(|d| d.day),
        closes: session.closes.as_ref().map(|d| d.day),
        expected: session.expected,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, code, day};
    use super::super::{Corrections, Sure};
    use super::*;

    fn review(session: u16, state: &str) -> Result<Milestone, ScheduleError> {
        sample::calendar().milestone(&MilestoneRef::UprReview(session, code(state)), &sample::states())
    }

    fn next(state: &str, after: &str) -> Result<Milestone, ScheduleError> {
        sample::calendar().next_review(code(state), day(after), &sample::states())
    }

    #[test]
    fn a_review_whose_day_is_known_is_a_milestone() {
        let found = review(31, "CHN").unwrap();
        assert_eq!((found.day, found.provisional), (day("2018-11-06"), false));
        assert_eq!(found.title, "Universal Periodic Review of China (31st session)");
    }

    #[test]
    fn a_review_whose_day_is_not_known_asks_for_it_and_never_takes_the_session_s_first_day() {
        let error = review(31, "SAU").unwrap_err();
        assert!(matches!(error, ScheduleError::ReviewDayUnknown { session: 31, .. }));
        let help = error.help();
        assert!(help.contains("sits from 2018-11-05 to 2018-11-16"), "{help}");
        assert!(help.ends_with("[[upr]]\nsession = 31\nstate   = \"SAU\"\ndate    = YYYY-MM-DD"), "{help}");
        assert!(review(53, "USA").unwrap_err().help().contains("forecast for November 2026"));
    }

    #[test]
    fn a_state_that_is_not_in_the_session_is_shown_where_it_is() {
        assert_eq!(
            review(45, "NGA"),
            Err(ScheduleError::NotUnderReview { session: 45, state: code("NGA"), nearest: Some(31), meant: None })
        );
        let help = review(31, "CHI").unwrap_err().help();
        assert!(help.starts_with("did you mean upr:31.CHN?"), "{help}");
        assert_eq!(review(99, "CHN"), Err(ScheduleError::UnknownUprSession { number: 99, nearest: Some(53) }));
    }

    #[test]
    fn the_next_review_is_the_first_after_the_other_milestones() {
        assert_eq!(next("CHN", "2018-03-23").unwrap().reference, MilestoneRef::UprReview(31, code("CHN")));
        // Strictly after: the review itself may be one of the other milestones.
        let error = next("CHN", "2018-11-06").unwrap_err();
        assert!(matches!(error, ScheduleError::ReviewDayUnknown { session: 45, .. }), "{error}");
        assert_eq!(
            next("CHN", "2024-02-02"),
            Err(ScheduleError::NoNextReview { state: code("CHN"), after: day("2024-02-02") })
        );
    }

    #[test]
    fn a_next_review_that_may_already_have_been_is_asked_for() {
        let error = next("SAU", "2018-11-07").unwrap_err();
        assert!(matches!(error, ScheduleError::ReviewDayUnknown { session: 31, .. }), "{error}");
        let error = next("USA", "2026-11-20").unwrap_err();
        assert!(matches!(error, ScheduleError::ReviewDayUnknown { session: 53, .. }), "{error}");
    }

    #[test]
    fn a_review_of_the_coalition_s_file_replaces_or_adds() {
        let upr = [(31, "CHN", "2018-11-07"), (55, "CHN", "2027-05-04")].map(|(session, state, on)| UprReview {
            session,
            state: code(state),
            day: day(on),
            sure: Sure::coalition(None, session == 55),
        });
        let calendar = sample::calendar().corrected(Corrections { upr: upr.into(), ..Corrections::default() });
        let at =
            |session| calendar.milestone(&MilestoneRef::UprReview(session, code("CHN")), &sample::states()).unwrap();
        assert_eq!((at(31).day, at(31).source.as_str()), (day("2018-11-07"), "config/calendar.toml"));
        assert!(at(55).provisional);
        let next = calendar.next_review(code("CHN"), day("2025-01-01"), &sample::states()).unwrap();
        assert_eq!(next.day, day("2027-05-04"));
    }
}
