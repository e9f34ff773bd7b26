//! Dates of the corrected calendar that cannot all be right: usually a wrong year in `config/calendar.toml`.

use super::calendar::Calendar;
use super::entries::Dated;
use super::ordinal::english_ordinal as ordinal;
use crate::vocabulary::{Day, StateCode};

/// Two dates that do not go together. The wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("the {} session of the Human Rights Council closes on {closes}, before it opens on {opens}", ordinal(*number))]
    HrcClosesFirst { number: u16, opens: Day, closes: Day },
    #[error("the {} session of the UPR Working Group closes on {closes}, before it opens on {opens}", ordinal(*number))]
    UprClosesFirst { number: u16, opens: Day, closes: Day },
    #[error("the review of {state} on {day} lies outside the {} session of the UPR Working Group, which sits from {opens} to {closes}", ordinal(*session))]
    ReviewOutside { session: u16, state: StateCode, day: Day, opens: Day, closes: Day },
}

impl Calendar {
    /// What cannot be right in the calendar as corrected. The built-in one has none.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let hrc = self.hrc.values().filter_map(|session| {
            let (opens, closes) = both(&session.opens, &session.closes).filter(|(opens, closes)| closes < opens)?;
            Some(Contradiction::HrcClosesFirst { number: session.number, opens, closes })
        });
        let upr = self.upr.values().filter_map(|session| {
            let (opens, closes) = both(&session.opens, &session.closes).filter(|(opens, closes)| closes < opens)?;
            Some(Contradiction::UprClosesFirst { number: session.number, opens, closes })
        });
        let reviews = self.reviews.values().filter_map(|review| {
            let session = self.upr_session(review.session)?;
            let (opens, closes) = both(&session.opens, &session.closes)?;
            (!(opens..=closes).contains(&review.day)).then_some(Contradiction::ReviewOutside {
                session: review.session,
                state: review.state,
                day: review.day,
                opens,
                closes,
            })
        });
        hrc.chain(upr).chain(reviews).collect()
    }
}

fn both(opens: &Option<Dated>, closes: &Option<Dated>) -> Option<(Day, Day)> {
    Some((opens.as_ref()?.day, closes.as_ref()?.day))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, code, day};
    use super::super::{Corrections, HrcCorrection, Sure, UprReview};

    #[test]
    fn a_wrong_year_in_a_correction_is_found() {
        let sure = Sure::coalition(None, false);
        let hrc = HrcCorrection { number: 37, opens: Some(day("2019-02-26")), closes: None, sure: sure.clone() };
        let review = UprReview { session: 31, state: code("CHN"), day: day("2019-11-06"), sure };
        let corrections = Corrections { hrc: vec![hrc], upr: vec![review], ..Corrections::default() };
        let found: Vec<String> =
            sample::calendar().corrected(corrections).contradictions().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "the 37th session of the Human Rights Council closes on 2018-03-23, before it opens on 2019-02-26",
                "the review of CHN on 2019-11-06 lies outside the 31st session of the UPR Working Group, which sits from 2018-11-05 to 2018-11-16",
            ]
        );
        assert_eq!(sample::calendar().contradictions(), []);
    }
}
