//! When a State is under review: in one named session, or next.
//!
//! Most reviews are known only by their session. The day is then asked for: a letter counted from the session's first day
//! could be a week out.

use super::calendar::Calendar;
use super::entries::{UprReview, UprSession};
use super::error::ScheduleError;
use super::milestone::{Milestone, made, nearest, ordinal};
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
