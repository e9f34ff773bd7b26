//! The mission's answer to an invitation, weighed against the meeting as it stands. A person decides what follows.

use super::meeting::{Meeting, MeetingState};
use super::noted::Noted;
use crate::inbox::{CalendarAnswer, Participation};
use crate::vocabulary::Instant;

/// What an answer means for the meeting as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighed {
    /// They come: the meeting is confirmed.
    Accepted,
    /// They do not come; a person may cancel.
    Declined,
    /// They may come: nothing is confirmed.
    Tentative,
    /// They would rather meet then; a person may move the meeting. `None`: they do not say when.
    Countered(Option<Instant>),
    /// It answers an invitation to an earlier time or place (RFC 5546, 2.1.5), and confirms nothing now.
    Outdated { answered: u32, stands: u32, answer: Noted },
}

/// Why an answer is none to this meeting. The wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("the entry answers the invitation to another meeting")]
    AnotherMeeting,
    /// A number that we never gave.
    #[error("the entry answers version {answered} of the invitation, and we have written none later than {stands}")]
    FromTheFuture { answered: u32, stands: u32 },
    #[error("meeting {0} was {1}")]
    Over(i64, MeetingState),
}

/// Weighs an answer. No sequence counts as the first (RFC 5545, 3.8.7.4).
///
/// # Errors
/// When it is no answer to this meeting as anybody ever wrote it, or the meeting is over.
pub fn weigh(meeting: &Meeting, answer: &CalendarAnswer) -> Result<Weighed, NoAnswer> {
    if answer.uid.trim() != meeting.uid {
        return Err(NoAnswer::AnotherMeeting);
    }
    let (answered, stands) = (answer.sequence.unwrap_or(0), meeting.sequence);
    if answered > stands {
        return Err(NoAnswer::FromTheFuture { answered, stands });
    }
    if meeting.state != MeetingState::Agreed {
        return Err(NoAnswer::Over(meeting.id, meeting.state));
    }
    if answered < stands {
        return Ok(Weighed::Outdated { answered, stands, answer: answer.answer.into() });
    }
    Ok(match answer.answer {
        Participation::Accepted => Weighed::Accepted,
        Participation::Declined => Weighed::Declined,
        Participation::Tentative => Weighed::Tentative,
        Participation::Counter => Weighed::Countered(answer.proposes),
    })
}

impl Weighed {
    /// What stands in the history; an outdated answer leaves a line as well.
    pub fn noted(self) -> Noted {
        match self {
            Self::Accepted => Noted::Accepted,
            Self::Declined => Noted::Declined,
            Self::Tentative => Noted::Tentative,
            Self::Countered(_) => Noted::Countered,
            Self::Outdated { answer, .. } => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::meeting::tests::{a_meeting, arranged, at};
    use super::*;

    fn answer(sequence: Option<u32>, answer: Participation) -> CalendarAnswer {
        CalendarAnswer {
            uid: a_meeting().uid,
            sequence,
            answer,
            by: "mission@fra.mission.example".to_owned(),
            proposes: Some(at("2018-02-22T09:00:00Z")),
            comment: None,
        }
    }

    fn moved() -> Meeting {
        a_meeting().moved(arranged("2018-02-21T09:00:00Z"), at("2018-02-02T09:00:00Z")).unwrap()
    }

    #[test]
    fn each_answer_means_what_it_says() {
        let weighed = |kind| weigh(&a_meeting(), &answer(None, kind)).unwrap();
        assert_eq!(weighed(Participation::Accepted), Weighed::Accepted);
        assert_eq!(weighed(Participation::Declined), Weighed::Declined);
        assert_eq!(weighed(Participation::Tentative), Weighed::Tentative);
        assert_eq!(weighed(Participation::Counter), Weighed::Countered(Some(at("2018-02-22T09:00:00Z"))));
    }

    #[test]
    fn an_answer_to_the_time_before_the_move_confirms_nothing() {
        let weighed = weigh(&moved(), &answer(Some(0), Participation::Accepted)).unwrap();
        assert_eq!(weighed, Weighed::Outdated { answered: 0, stands: 1, answer: Noted::Accepted });
        assert_eq!(weigh(&moved(), &answer(Some(1), Participation::Accepted)), Ok(Weighed::Accepted));
    }

    #[test]
    fn an_answer_with_another_name_or_a_number_never_given_is_none() {
        let forged = CalendarAnswer { uid: "meeting-1@demarche".to_owned(), ..answer(None, Participation::Accepted) };
        assert_eq!(weigh(&a_meeting(), &forged), Err(NoAnswer::AnotherMeeting));
        let ahead = weigh(&moved(), &answer(Some(2), Participation::Accepted));
        assert_eq!(ahead, Err(NoAnswer::FromTheFuture { answered: 2, stands: 1 }));
    }

    #[test]
    fn an_answer_after_the_end_of_the_matter_changes_nothing() {
        let cancelled = a_meeting().cancelled(at("2018-02-02T09:00:00Z")).unwrap();
        let late = weigh(&cancelled, &answer(Some(0), Participation::Accepted));
        assert_eq!(late, Err(NoAnswer::Over(2, MeetingState::Cancelled)));
    }
}
