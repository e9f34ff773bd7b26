//! Next actions: what somebody of ours has promised to do, and by when.

use std::cmp::Reverse;

use crate::campaign::Offset;
use crate::schedule::{Calendar, Deadline, ScheduleError};
use crate::vocabulary::{CampaignId, Day, Instant, StateCode};

/// What is to be done, by whom, by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub what: String,
    pub owner: String,
    pub due: Deadline,
}

/// An action before it has a number.
#[derive(Debug, Clone)]
pub struct NewFollowup {
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub action: Action,
    /// The meeting at which it was promised.
    pub meeting: Option<i64>,
    /// The entry of the log from which it follows.
    pub entry: Option<i64>,
    pub by: String,
}

/// An action as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followup {
    pub id: i64,
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub what: String,
    pub owner: String,
    /// A day in Geneva.
    pub due: Day,
    /// How the day was counted.
    pub counted: Vec<String>,
    pub meeting: Option<i64>,
    pub entry: Option<i64>,
    pub added: Step,
    pub done: Option<Step>,
}

/// One line of an action's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub at: Instant,
    pub by: String,
    pub note: Option<String>,
}

/// Why there is no such action. The wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowupError {
    #[error("`{0}` is no day and no length of time")]
    Due(String),
    #[error("{0} is in the past")]
    Past(Day),
    #[error("an action needs what is to be done, who does it and by when")]
    Parts,
    #[error("it is not said {0}")]
    Empty(&'static str),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

impl FollowupError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Due(_) => "write it as in 2018-02-23, or \"3 working days\"".to_owned(),
            Self::Past(_) => "give a day from today on".to_owned(),
            Self::Parts => "write it as in --action \"send the report; Ada; 3 working days\"".to_owned(),
            Self::Empty(_) => "nothing is done that nobody has promised".to_owned(),
            Self::Schedule(error) => error.help(),
        }
    }
}

impl Action {
    /// # Errors
    /// When a part is missing, or the day cannot be counted.
    pub fn new(what: &str, owner: &str, due: &str, today: Day, calendar: &Calendar) -> Result<Self, FollowupError> {
        let said = |text: &str, missing| match text.split_whitespace().collect::<Vec<_>>().join(" ") {
            text if text.is_empty() => Err(FollowupError::Empty(missing)),
            text => Ok(text),
        };
        let what = said(what, "what is to be done")?;
        let owner = said(owner, "who does it")?;
        Ok(Self { what, owner, due: due_by(due, today, calendar)? })
    }

    /// Reads `send the report; Ada; 3 working days`. What is to be done may hold semicolons itself.
    ///
    /// # Errors
    /// As [`Action::new`].
    pub fn read(text: &str, today: Day, calendar: &Calendar) -> Result<Self, FollowupError> {
        let mut parts = text.rsplitn(3, ';');
        let (Some(due), Some(owner), Some(what)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(FollowupError::Parts);
        };
        Self::new(what, owner, due, today, calendar)
    }
}

/// Reads a day, or so far from today.
fn due_by(text: &str, today: Day, calendar: &Calendar) -> Result<Deadline, FollowupError> {
    let text = text.trim();
    if let Ok(day) = text.parse::<Day>() {
        return if day < today { Err(FollowupError::Past(day)) } else { Ok(calendar.deadline_on(today, day)?) };
    }
    let offset: Offset = text.parse().map_err(|_| FollowupError::Due(text.to_owned()))?;
    if offset.count < 0 {
        return Err(FollowupError::Due(text.to_owned()));
    }
    Ok(calendar.deadline_after(today, offset)?)
}

impl Followup {
    /// Open, and its day is over.
    pub fn is_overdue(&self, today: Day) -> bool {
        self.done.is_none() && self.due < today
    }

    /// `overdue`, `overdue since 2 working days`, or nothing. Over a weekend alone no working day has passed, and in a year whose
    /// holidays are not known nobody can count them.
    pub fn lateness(&self, today: Day, calendar: &Calendar) -> Option<String> {
        if !self.is_overdue(today) {
            return None;
        }
        Some(match calendar.working_days_between(self.due, today) {
            Ok(1) => "overdue since 1 working day".to_owned(),
            Ok(days) if days > 1 => format!("overdue since {days} working days"),
            _ => "overdue".to_owned(),
        })
    }
}

/// Open ones first, of these the overdue and then the next ones; then what is done, the latest first.
pub fn in_order(followups: &mut [Followup]) {
    followups.sort_by(|a, b| {
        let key = |f: &Followup| (f.done.is_some(), Reverse(f.done.as_ref().map(|step| step.at)), f.due, f.id);
        key(a).cmp(&key(b))
    });
}

/// What is overdue, the longest first, as the digest tells it.
pub fn overdue(followups: &[Followup], today: Day) -> Vec<Followup> {
    let mut overdue: Vec<Followup> = followups.iter().filter(|f| f.is_overdue(today)).cloned().collect();
    in_order(&mut overdue);
    overdue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::sample::{calendar, day};

    fn read(text: &str) -> Result<Action, FollowupError> {
        Action::read(text, day("2018-03-28"), &calendar())
    }

    fn followup(id: i64, due: &str) -> Followup {
        Followup {
            id,
            campaign: "spring".parse().unwrap(),
            delegation: "FRA".parse().unwrap(),
            what: "send the report".to_owned(),
            owner: "Ada".to_owned(),
            due: day(due),
            counted: Vec::new(),
            meeting: None,
            entry: None,
            added: Step { at: Instant::from_millis(0), by: "Ada".to_owned(), note: None },
            done: None,
        }
    }

    #[test]
    fn an_action_is_read_from_one_line() {
        let action = read("send report; and annex; Ada  Lovelace; 3 working days").unwrap();
        assert_eq!((action.what.as_str(), action.owner.as_str()), ("send report; and annex", "Ada Lovelace"));
        assert_eq!(action.due.day, day("2018-04-04"));
        assert_eq!(read("call; Ada; 2018-03-30").unwrap().due.day, day("2018-03-29"), "Good Friday");
    }

    #[test]
    fn an_action_without_a_doer_or_a_day_is_refused() {
        assert_eq!(read("send the report; Ada"), Err(FollowupError::Parts));
        assert_eq!(read("send the report; ; 1 day"), Err(FollowupError::Empty("who does it")));
        assert_eq!(read("send; Ada; soon"), Err(FollowupError::Due("soon".to_owned())));
        assert_eq!(read("send; Ada; -1 day"), Err(FollowupError::Due("-1 day".to_owned())));
        assert_eq!(read("send; Ada; 2018-03-27"), Err(FollowupError::Past(day("2018-03-27"))));
        assert!(matches!(read("send; Ada; 2090-03-27"), Err(FollowupError::Schedule(_))));
    }

    #[test]
    fn a_delay_is_told_in_working_days() {
        let late = |today| followup(1, "2018-03-29").lateness(day(today), &calendar());
        assert_eq!(late("2018-03-29"), None, "the day itself is still in time");
        assert_eq!(late("2018-04-02").as_deref(), Some("overdue"), "Easter");
        assert_eq!(late("2018-04-03").as_deref(), Some("overdue since 1 working day"));
        assert_eq!(late("2018-04-04").as_deref(), Some("overdue since 2 working days"));
        assert_eq!(late("2090-04-04").as_deref(), Some("overdue"));
    }

    #[test]
    fn what_is_overdue_comes_first_and_what_is_done_last() {
        let done = |id, at| Followup {
            done: Some(Step { at: Instant::from_millis(at), by: "Ada".to_owned(), note: None }),
            ..followup(id, "2018-01-05")
        };
        let mut all = vec![done(1, 5), followup(2, "2018-04-05"), followup(3, "2018-03-01"), done(4, 9)];
        in_order(&mut all);
        assert_eq!(all.iter().map(|f| f.id).collect::<Vec<_>>(), [3, 2, 4, 1]);
        assert_eq!(overdue(&all, day("2018-04-01")).iter().map(|f| f.id).collect::<Vec<_>>(), [3]);
    }
}
