//! What the guards object to in a letter's words, and what a person has let pass.

use super::dispatch::{Dispatch, Guard};
use super::status::Status;
use super::transition::Event;

impl Dispatch {
    /// Objections that nobody has looked at yet.
    pub fn open_objections(&self) -> Vec<&str> {
        self.objections.iter().filter(|o| !self.accepted.contains(o)).map(String::as_str).collect()
    }

    /// The reason for which the guards hold it, as it is stored; `None` when they let it pass.
    pub fn objection(&self) -> Option<String> {
        let open = self.open_objections();
        let more = match open.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        open.first().map(|first| format!("{}: {first}{more}", Guard::Words.as_str()))
    }

    /// Where a move really leads: what the guards object to waits for nobody's approval, and does not leave.
    pub fn guarded(&self, to: Status) -> (Status, Option<String>) {
        match self.objection() {
            Some(why) if matches!(to, Status::Planned | Status::Approved | Status::Deferred) => {
                (Status::Held, Some(why))
            }
            _ => (to, None),
        }
    }

    /// What the guards do to a dispatch that has just been planned. What they objected to no more is let go, and so is what waited
    /// for a date that is confirmed now; a hold that a person or another guard made is left alone, and so is what has left.
    pub fn after_planning(&self) -> Option<(Event, Option<String>)> {
        let guard = self.reason.as_deref().and_then(Guard::of_reason);
        let theirs = guard == Some(Guard::Words);
        let confirmed = guard == Some(Guard::Provisional) && !self.provisional;
        match (self.status, self.objection()) {
            (Status::Planned | Status::Approved | Status::Deferred, Some(why)) => Some((Event::Object, Some(why))),
            (Status::Held, Some(why)) if theirs && self.reason.as_ref() != Some(&why) => {
                Some((Event::Object, Some(why)))
            }
            (Status::Held, None) if theirs || confirmed => Some((Event::Clear, None)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::dispatch::samples;
    use crate::vocabulary::Instant;

    fn dispatch(status: Status, reason: Option<&str>, objections: &[&str], accepted: &[&str]) -> Dispatch {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        Dispatch {
            status,
            reason: reason.map(str::to_owned),
            objections: texts(objections),
            accepted: texts(accepted),
            ..samples::approved(Instant::from_millis(0))
        }
    }

    #[test]
    fn whatever_would_let_a_guarded_letter_go_on_holds_it() {
        let guarded = dispatch(Status::Held, None, &["names \"Norway\""], &[]);
        for to in [Status::Planned, Status::Approved, Status::Deferred] {
            assert_eq!(guarded.guarded(to), (Status::Held, Some("words: names \"Norway\"".to_owned())));
        }
        assert_eq!(guarded.guarded(Status::Cancelled), (Status::Cancelled, None));
        let released = dispatch(Status::Held, None, &["a"], &["a"]);
        assert_eq!(released.guarded(Status::Approved), (Status::Approved, None));
    }

    #[test]
    fn what_a_person_let_pass_is_no_objection_and_what_is_new_is() {
        assert_eq!(dispatch(Status::Planned, None, &["a"], &["a"]).after_planning(), None);
        let event = dispatch(Status::Planned, None, &["a", "b", "c"], &["a"]).after_planning();
        assert_eq!(event, Some((Event::Object, Some("words: b (and 1 more)".to_owned()))));
    }

    #[test]
    fn only_the_guards_own_hold_goes_away_by_itself() {
        assert_eq!(dispatch(Status::Held, Some("words: a"), &[], &[]).after_planning(), Some((Event::Clear, None)));
        for (reason, objections) in
            [("wait for Geneva", vec![]), ("late: by 5 hours", vec!["a"]), ("by hand: words: a", vec![])]
        {
            assert_eq!(dispatch(Status::Held, Some(reason), &objections, &[]).after_planning(), None, "{reason}");
        }
    }

    #[test]
    fn what_waited_for_a_date_is_let_go_once_the_date_is_confirmed() {
        let waiting = dispatch(Status::Held, Some("provisional: the date of hrc:64.opens is provisional"), &[], &[]);
        assert_eq!(Dispatch { provisional: true, ..waiting.clone() }.after_planning(), None);
        assert_eq!(Dispatch { provisional: false, ..waiting }.after_planning(), Some((Event::Clear, None)));
    }

    #[test]
    fn what_has_left_or_ended_is_left_alone() {
        for status in [Status::Sending, Status::Sent, Status::Uncertain, Status::Cancelled, Status::Bounced] {
            assert_eq!(dispatch(status, None, &["a"], &[]).after_planning(), None, "{status}");
        }
    }
}
