//! The day that a milestone's name stands for.

use super::calendar::Calendar;
use super::entries::{Dated, Sure};
use super::error::ScheduleError;
use super::ordinal::english_ordinal as ordinal;
use crate::campaign::{MilestoneRef, States};
use crate::vocabulary::{CustomId, Day, hint};

/// A dated event of the calendar, from which letters are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// Never `upr:next.STATE`: by then the session is known.
    pub reference: MilestoneRef,
    /// A civil day in Geneva.
    pub day: Day,
    /// As in "opening of the 37th session of the Human Rights Council".
    pub title: String,
    pub provisional: bool,
    /// Where the day was read; never empty.
    pub source: String,
}

impl Calendar {
    /// The day of a milestone. `states` gives the name of a State under review.
    ///
    /// # Errors
    /// A session, review or custom day that is not known, or known without its day; `upr:next.STATE`, for which
    /// [`Calendar::next_review`] needs the campaign's other milestones.
    pub fn milestone(&self, reference: &MilestoneRef, states: &States) -> Result<Milestone, ScheduleError> {
        match reference {
            MilestoneRef::HrcOpens(n) => self.of_hrc(reference, *n, "opening"),
            MilestoneRef::HrcCloses(n) => self.of_hrc(reference, *n, "closing"),
            MilestoneRef::UprOpens(n) => self.of_upr(reference, *n, "opening"),
            MilestoneRef::UprCloses(n) => self.of_upr(reference, *n, "closing"),
            MilestoneRef::UprReview(n, state) => self.of_review(*n, *state, states),
            MilestoneRef::UprNext(state) => Err(ScheduleError::NextNeedsTheOthers { state: *state }),
            MilestoneRef::Custom(id) => self.of_custom(id),
            // The meetings stand in the database, not in the calendar: who asks here has none.
            MilestoneRef::EachMeeting | MilestoneRef::Meeting(_) => {
                Err(ScheduleError::DayUnknown { reference: reference.clone() })
            }
        }
    }

    fn of_hrc(&self, reference: &MilestoneRef, number: u16, what: &str) -> Result<Milestone, ScheduleError> {
        let session = self
            .hrc_session(number)
            .ok_or_else(|| ScheduleError::UnknownHrcSession { number, nearest: nearest(number, self.hrc.keys()) })?;
        let date = if *reference == MilestoneRef::HrcOpens(number) { &session.opens } else { &session.closes };
        let title = format!("{what} of the {} session of the Human Rights Council", ordinal(number));
        dated(reference, date.as_ref(), title)
    }

    fn of_upr(&self, reference: &MilestoneRef, number: u16, what: &str) -> Result<Milestone, ScheduleError> {
        let session = self
            .upr_session(number)
            .ok_or_else(|| ScheduleError::UnknownUprSession { number, nearest: nearest(number, self.upr.keys()) })?;
        let date = if *reference == MilestoneRef::UprOpens(number) { &session.opens } else { &session.closes };
        let title = format!("{what} of the {} session of the UPR Working Group", ordinal(number));
        dated(reference, date.as_ref(), title)
    }

    fn of_custom(&self, id: &CustomId) -> Result<Milestone, ScheduleError> {
        let custom = self.customs.get(id).ok_or_else(|| ScheduleError::UnknownCustom {
            id: id.clone(),
            nearest: hint::nearest(id.as_str(), self.customs.keys().map(CustomId::as_str)).map(str::to_owned),
        })?;
        let sure = Sure::coalition(None, custom.provisional);
        let title = custom.title.clone().unwrap_or_else(|| id.to_string());
        Ok(made(MilestoneRef::Custom(id.clone()), custom.day, &sure, title))
    }
}

pub(super) fn made(reference: MilestoneRef, day: Day, sure: &Sure, title: String) -> Milestone {
    Milestone { reference, day, title, provisional: sure.provisional, source: sure.shown_source().to_owned() }
}

fn dated(reference: &MilestoneRef, date: Option<&Dated>, title: String) -> Result<Milestone, ScheduleError> {
    match date {
        Some(date) => Ok(made(reference.clone(), date.day, &date.sure, title)),
        None => Err(ScheduleError::DayUnknown { reference: reference.clone() }),
    }
}

/// The known session number nearest to the one that was written.
pub(super) fn nearest<'a>(number: u16, known: impl Iterator<Item = &'a u16>) -> Option<u16> {
    known.copied().min_by_key(|k| k.abs_diff(number))
}
