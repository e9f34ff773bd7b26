//! The last question before a letter leaves: does it still hold that it should?

use chrono::Duration;

use super::dispatch::{Dispatch, Guard};
use super::status::Status;
use crate::campaign::{Condition, IfProvisional, Late};
use crate::schedule::clock_trust::TOLERANCE;
use crate::vocabulary::{Instant, time};

/// What is known at the moment of sending, read in the same transaction that claims the letter.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// The status of the dispatch that this one follows; `None` when the step follows nothing or that row is gone.
    pub followed: Option<Status>,
    /// The dispatch that this one follows may leave now.
    pub followed_is_due: bool,
    /// When the mission first answered this campaign.
    pub answered: Option<Instant>,
    /// An entry of the log that waits in the pen and may be this mission's.
    pub in_pen: Option<i64>,
    /// Where answers are read by the program: when the mailbox was last read to its end, if ever.
    pub mailbox: Option<MailboxRead>,
    /// The last letter of another campaign to this mission within the floor, and that campaign.
    pub neighbour: Option<(String, Instant)>,
    /// Letters leave over a mail server that is not on this machine.
    pub real_server: bool,
    /// When sending paused last.
    pub outage: Option<Outage>,
}

/// A time during which no letter could leave, because the mail server refused us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub since: Instant,
    /// `None` while it lasts.
    pub ended: Option<Instant>,
}

impl Outage {
    /// How much of the time from `due` to `now` it took away.
    fn took(&self, due: Instant, now: Instant) -> Duration {
        let ended = self.ended.unwrap_or(now).min(now);
        ended.since(self.since.max(due)).max(Duration::zero())
    }
}

/// When the mailbox was last read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxRead {
    pub at: Option<Instant>,
}

/// How old a reading of the mailbox may be for a letter that leaves only where nobody has answered (contract, section 8).
pub const MAIL_IS_FRESH: Duration = Duration::hours(1);

/// What becomes of a due letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    Leave,
    /// It may be the turn of another letter first: look again.
    Wait,
    /// The mailbox is to be read first: an answer that came a second ago counts.
    ReadMail,
    Hold(Guard, String),
    Skip(String),
    Miss(String),
}

impl Ruling {
    /// What is stored: the guard's word, then why.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Leave | Self::Wait | Self::ReadMail => None,
            Self::Hold(guard, why) => Some(format!("{}: {why}", guard.as_str())),
            Self::Skip(why) => Some(format!("{}: {why}", Guard::Condition.as_str())),
            Self::Miss(why) => Some(format!("{}: {why}", Guard::Late.as_str())),
        }
    }
}

/// Judges a due letter. The order is that of weight: what would make the letter wrong comes before what makes it late.
pub fn judge(dispatch: &Dispatch, given: &Circumstances, now: Instant) -> Ruling {
    let waived = |guard| dispatch.waived.contains(&guard);
    let rules = &dispatch.rules;
    let recipients = &dispatch.recipients;
    if given.real_server
        && let Some(address) = recipients.to.iter().chain(&recipients.cc).find(|a| a.is_example())
    {
        let why = format!("{} is an example address and reaches nobody; correct config/contacts.csv", address.domain());
        return Ruling::Hold(Guard::Example, why);
    }
    if rules.not_after.is_some_and(|until| now >= until) {
        return Ruling::Miss("the meeting that it confirms has begun".to_owned());
    }
    if let Some(first) = dispatch.open_objections().first() {
        return Ruling::Hold(Guard::Words, (*first).to_owned());
    }
    if let Some(step) = &rules.follows
        && !waived(Guard::Condition)
    {
        match given.followed {
            Some(Status::Sent) => {}
            Some(Status::Approved) if given.followed_is_due => return Ruling::Wait,
            Some(
                status @ (Status::Uncertain | Status::Sending | Status::Deferred | Status::Approved | Status::Held),
            ) if !waived(Guard::Unsettled) => {
                return Ruling::Hold(Guard::Unsettled, format!("the letter it follows, `{step}`, is {status}"));
            }
            Some(Status::Uncertain | Status::Sending | Status::Deferred | Status::Approved | Status::Held) => {}
            Some(status) => return Ruling::Skip(format!("the letter it follows, `{step}`, is {status}, not sent")),
            None => return Ruling::Skip(format!("there is no letter `{step}` for it to follow")),
        }
    }
    if rules.only_if == Some(Condition::NoAnswer) && !waived(Guard::Condition) {
        if let Some(at) = given.answered {
            return Ruling::Skip(format!("the mission answered on {}", at.utc().format("%Y-%m-%d")));
        }
        if let Some(entry) = given.in_pen
            && !waived(Guard::Pen)
        {
            return Ruling::Hold(Guard::Pen, format!("entry {entry} in the pen may be this mission's answer"));
        }
        if let Some(mailbox) = given.mailbox
            && !waived(Guard::Unread)
            && let Some(ruling) = unread(mailbox, dispatch.next_at, now)
        {
            return ruling;
        }
    }
    if dispatch.provisional && rules.if_provisional == IfProvisional::Hold && !waived(Guard::Provisional) {
        return Ruling::Hold(Guard::Provisional, format!("the date of {} is provisional", dispatch.milestone));
    }
    // What was agreed with the mission is not pressed upon it.
    if let Some((campaign, at)) = &given.neighbour
        && !waived(Guard::Neighbour)
        && !dispatch.is_confirmation()
    {
        let why = format!("campaign {campaign} wrote to this mission on {}", at.utc().format("%Y-%m-%d"));
        return Ruling::Hold(Guard::Neighbour, why);
    }
    let never_tried = dispatch.attempts == 0;
    // While the mail server was away it was not late by our fault: it waits as long as it would be retried.
    let away = given.outage.map_or(Duration::zero(), |outage| outage.took(dispatch.due, now).min(rules.give_up));
    let limit = match (dispatch.status, dispatch.tried_since) {
        (Status::Deferred, Some(since)) => since.plus(rules.give_up).max(dispatch.due.plus(rules.late_by)),
        _ => dispatch.due.plus(rules.late_by).plus(away),
    };
    if never_tried && !waived(Guard::Late) && now > limit {
        let by = lateness(now.since(dispatch.due));
        return match rules.late {
            Late::Ask => Ruling::Hold(Guard::Late, format!("by {by}")),
            Late::Skip => Ruling::Miss(format!("by {by}")),
        };
    }
    Ruling::Leave
}

/// Mail that was read after the letter fell due is fresh, for an hour. Else it is read first, as long; then a person must look.
fn unread(mailbox: MailboxRead, due: Instant, now: Instant) -> Option<Ruling> {
    // A reading of tomorrow was noted while the clock was wrong: when it was, nobody knows.
    if mailbox.at.is_some_and(|at| at.since(now) > TOLERANCE) {
        return Some(Ruling::ReadMail);
    }
    if mailbox.at.is_some_and(|at| at >= due && now.since(at) <= MAIL_IS_FRESH) {
        return None;
    }
    if now.since(mailbox.at.unwrap_or(due)) <= MAIL_IS_FRESH {
        return Some(Ruling::ReadMail);
    }
    let last = match mailbox.at {
        Some(at) => format!("the mailbox was last read at {at}"),
        None => "the mailbox was never read".to_owned(),
    };
    Some(Ruling::Hold(Guard::Unread, format!("{last}, and an answer may lie there; see what `demarche collect` says")))
}

/// `5 hours`, `3 days`: whole units, the larger one that fits.
fn lateness(by: Duration) -> String {
    let whole = if by >= Duration::days(2) {
        Duration::days(by.num_days())
    } else if by >= Duration::hours(1) {
        Duration::hours(by.num_hours())
    } else {
        Duration::minutes(by.num_minutes().max(1))
    };
    time::show_span(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::dispatch::samples;

    const HOUR: i64 = 3_600_000;

    fn due() -> Instant {
        Instant::from_millis(0)
    }

    fn judged(change: impl FnOnce(&mut Dispatch, &mut Circumstances), after_hours: i64) -> Ruling {
        let mut dispatch = samples::approved(due());
        let mut given = Circumstances::default();
        change(&mut dispatch, &mut given);
        judge(&dispatch, &given, Instant::from_millis(after_hours * HOUR))
    }

    fn reminder(d: &mut Dispatch) {
        d.rules.follows = Some("letter".parse().unwrap());
        d.rules.only_if = Some(Condition::NoAnswer);
    }

    #[test]
    fn a_letter_up_to_late_by_past_its_time_leaves_as_usual() {
        assert_eq!(judged(|_, _| {}, 0), Ruling::Leave);
        assert_eq!(judged(|_, _| {}, 4), Ruling::Leave);
    }

    #[test]
    fn a_letter_found_later_than_that_is_held_or_missed_as_the_step_says() {
        assert_eq!(judged(|_, _| {}, 5), Ruling::Hold(Guard::Late, "by 5 hours".into()));
        assert_eq!(judged(|d, _| d.rules.late = Late::Skip, 72), Ruling::Miss("by 3 days".into()));
    }

    #[test]
    fn a_confirmation_leaves_until_its_meeting_begins_and_no_retry_leaves_after() {
        let confirmation = |d: &mut Dispatch| {
            d.milestone = "meeting:2".to_owned();
            d.rules.late_by = Duration::hours(48);
            d.rules.not_after = Some(Instant::from_millis(48 * HOUR));
        };
        assert_eq!(judged(|d, _| confirmation(d), 47), Ruling::Leave, "it is not late before the meeting");
        let missed = Ruling::Miss("the meeting that it confirms has begun".into());
        assert_eq!(judged(|d, _| confirmation(d), 48), missed);
        let tried = |d: &mut Dispatch| {
            confirmation(d);
            d.status = Status::Deferred;
            d.attempts = 2;
            d.waived = vec![Guard::Late];
        };
        assert_eq!(judged(|d, _| tried(d), 48), missed);
        let beside_another = |d: &mut Dispatch, g: &mut Circumstances| {
            confirmation(d);
            g.neighbour = Some(("autumn".into(), due()));
        };
        assert_eq!(judged(beside_another, 1), Ruling::Leave, "what was agreed is no letter too many");
    }

    #[test]
    fn lateness_is_judged_before_the_first_attempt_only() {
        assert_eq!(judged(|d, _| d.attempts = 1, 30), Ruling::Leave);
        assert_eq!(judged(|d, _| d.waived = vec![Guard::Late], 500), Ruling::Leave);
    }

    #[test]
    fn a_reminder_leaves_only_where_the_letter_was_sent_and_nobody_answered() {
        let at = |status, answered| {
            judged(
                |d, g| {
                    reminder(d);
                    g.followed = status;
                    g.answered = answered;
                },
                0,
            )
        };
        assert_eq!(at(Some(Status::Sent), None), Ruling::Leave);
        assert!(matches!(at(Some(Status::Sent), Some(due())), Ruling::Skip(_)));
        for status in [Status::Planned, Status::Refused, Status::Bounced, Status::Cancelled, Status::Missed] {
            assert!(matches!(at(Some(status), None), Ruling::Skip(_)), "{status}");
        }
        assert!(matches!(at(None, None), Ruling::Skip(_)));
        for status in [Status::Uncertain, Status::Held, Status::Deferred, Status::Approved] {
            assert!(matches!(at(Some(status), None), Ruling::Hold(Guard::Unsettled, _)), "{status}");
        }
    }

    #[test]
    fn a_reminder_waits_for_the_pen_and_for_the_mailbox() {
        let at = |in_pen, read: Option<i64>| {
            let change = |d: &mut Dispatch, g: &mut Circumstances| {
                reminder(d);
                d.rules.late_by = Duration::hours(90);
                g.followed = Some(Status::Sent);
                g.in_pen = in_pen;
                g.mailbox = Some(MailboxRead { at: read.map(|h| Instant::from_millis(h * HOUR)) });
            };
            judged(change, 3)
        };
        assert!(matches!(at(Some(12), Some(0)), Ruling::Hold(Guard::Pen, _)));
        assert_eq!(at(None, Some(2)), Ruling::Leave, "read an hour ago, after it fell due");
        assert!(matches!(at(None, Some(0)), Ruling::Hold(Guard::Unread, _)), "read when it fell due, three hours ago");
        assert_eq!(at(None, Some(3)), Ruling::Leave);
        assert!(matches!(at(None, Some(-2)), Ruling::Hold(Guard::Unread, _)), "five hours ago");
        assert!(matches!(at(None, None), Ruling::Hold(Guard::Unread, _)), "never, three hours after it fell due");
        let fresh = |hours: i64| {
            unread(MailboxRead { at: Some(due()) }, Instant::from_millis(1), Instant::from_millis(hours * HOUR))
        };
        let of_tomorrow = MailboxRead { at: Some(due().plus(Duration::days(1))) };
        assert_eq!(unread(of_tomorrow, due(), due()), Some(Ruling::ReadMail), "noted while the clock was wrong");
        assert_eq!((fresh(1), fresh(2).is_some_and(|r| r != Ruling::ReadMail)), (Some(Ruling::ReadMail), true));
    }

    #[test]
    fn a_letter_that_leaves_whether_or_not_somebody_answered_asks_for_no_mailbox() {
        let never = judged(|_, g| (g.in_pen, g.mailbox) = (Some(1), Some(MailboxRead { at: None })), 3);
        assert_eq!(never, Ruling::Leave);
    }

    #[test]
    fn a_reminder_lets_the_letter_that_it_follows_go_first() {
        let ruling = judged(
            |d, g| {
                reminder(d);
                g.followed = Some(Status::Approved);
                g.followed_is_due = true;
            },
            0,
        );
        assert_eq!(ruling, Ruling::Wait);
    }

    #[test]
    fn a_letter_is_not_late_while_the_mail_server_is_away() {
        let away = |d: &mut Dispatch, _: &mut Circumstances| {
            d.status = Status::Deferred;
            d.tried_since = Some(due());
        };
        assert_eq!(judged(away, 30), Ruling::Leave);
        assert!(matches!(judged(away, 49), Ruling::Hold(Guard::Late, _)));
    }

    #[test]
    fn time_in_which_sending_paused_makes_no_letter_late_up_to_the_window_for_retries() {
        let hour = |h: i64| Instant::from_millis(h * HOUR);
        let leaves = |since, ended: Option<i64>, now| {
            let outage = Outage { since: hour(since), ended: ended.map(hour) };
            judged(|_, g| g.outage = Some(outage), now) == Ruling::Leave
        };
        assert!(leaves(-1, None, 40) && leaves(1, None, 40), "it still pauses");
        assert!(leaves(-1, Some(10), 14) && !leaves(-1, Some(10), 15), "late by four hours of its own");
        assert!(!leaves(-20, Some(-10), 5), "over before it was due");
        assert!(leaves(0, None, 52) && !leaves(0, None, 53), "two days and four hours");
    }

    #[test]
    fn a_provisional_date_holds_the_letter_unless_the_step_says_send() {
        assert!(matches!(judged(|d, _| d.provisional = true, 0), Ruling::Hold(Guard::Provisional, _)));
        let send = |d: &mut Dispatch, _: &mut Circumstances| {
            d.provisional = true;
            d.rules.if_provisional = IfProvisional::Send;
        };
        assert_eq!(judged(send, 0), Ruling::Leave);
    }

    #[test]
    fn an_example_address_never_meets_a_real_server_whatever_a_person_waived() {
        let all =
            vec![Guard::Late, Guard::Provisional, Guard::Unsettled, Guard::Neighbour, Guard::Example, Guard::Condition];
        let ruling = judged(
            |d, g| {
                d.waived = all;
                g.real_server = true;
            },
            0,
        );
        assert!(matches!(ruling, Ruling::Hold(Guard::Example, _)));
    }

    #[test]
    fn what_its_guards_object_to_never_leaves_unless_a_person_let_those_words_pass() {
        let objection = || vec!["names \"Norway\"".to_owned()];
        let all = vec![Guard::Words, Guard::Late];
        let held = judged(|d, _| (d.objections, d.waived) = (objection(), all), 0);
        assert_eq!(held.reason().as_deref(), Some("words: names \"Norway\""));
        assert_eq!(judged(|d, _| (d.objections, d.accepted) = (objection(), objection()), 0), Ruling::Leave);
    }

    #[test]
    fn a_second_campaign_to_the_same_mission_waits_and_names_the_first() {
        let ruling = judged(|_, g| g.neighbour = Some(("tibet".into(), due())), 0);
        assert_eq!(ruling, Ruling::Hold(Guard::Neighbour, "campaign tibet wrote to this mission on 1970-01-01".into()));
    }
}
