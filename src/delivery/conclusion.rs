//! From what a server said to what becomes of the dispatch.

use chrono::Duration;

use super::class::{self, Bearing, Class};
use super::retry::Window;
use super::verdict::{Role, Verdict};
use crate::outbox::Event;
use crate::vocabulary::{Digest, DispatchId, Instant};

/// What is known of the attempt that has just ended.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    pub id: &'a DispatchId,
    /// From 1.
    pub number: u32,
    /// Opens the window of `give_up`.
    pub tried_since: Instant,
    pub give_up: Duration,
    /// Of the attempt before, as its reason tells.
    pub class_before: Option<Class>,
    pub now: Instant,
}

/// What to store: the move, why, and when to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub event: Event,
    pub reason: Option<String>,
    pub next_at: Option<Instant>,
}

/// Only what was provably not taken is tried again by itself: 4yz, and a dialogue that broke before the message began. After
/// the final dot without an answer a person decides (RFC 1047).
///
/// A judgement of whoever writes is no refusal yet, though it be 5yz: the letter is tried once more, and by then
/// [`super::breaker`] knows what the next ones met. What is surely about us never makes a letter `refused`.
pub fn conclude(attempt: &Attempt<'_>, verdict: &Verdict) -> Conclusion {
    let (class, bearing) = class::read(verdict);
    let Some(class) = class else {
        let (event, reason) = match verdict {
            Verdict::Taken { .. } => (Event::Taken, left_out(verdict)),
            _ => (Event::Lose, Some(verdict.summary())),
        };
        return Conclusion { event, reason, next_at: None };
    };
    let for_good = matches!(verdict, Verdict::Refused { .. });
    let again = attempt.class_before == Some(class);
    let words = format!("{class}: {}", verdict.summary());
    match bearing {
        Bearing::Letter if for_good => Conclusion { event: Event::Refuse, reason: Some(words), next_at: None },
        Bearing::UsPerhaps if for_good && class == Class::Letter => {
            Conclusion { event: Event::Refuse, reason: Some(words), next_at: None }
        }
        Bearing::UsPerhaps if for_good && class != Class::Sender => {
            if again {
                return Conclusion { event: Event::Refuse, reason: Some(words), next_at: None };
            }
            try_again(attempt, class, format!("{words}; tried once more, since it may be about us and not this letter"))
        }
        Bearing::Us => try_again(attempt, class, words).or_block(),
        _ if class == Class::Sender => try_again(attempt, class, words).or_block(),
        _ => try_again(attempt, class, words),
    }
}

fn try_again(attempt: &Attempt<'_>, class: Class, words: String) -> Conclusion {
    let window = Window { since: attempt.tried_since, give_up: attempt.give_up };
    match window.next_try(class, attempt.number, attempt.now, jitter(attempt.id, attempt.number)) {
        Some(at) => Conclusion { event: Event::PutOff, reason: Some(words), next_at: Some(at) },
        None => Conclusion {
            event: Event::Refuse,
            reason: Some(format!("given up after {} attempts; the last: {words}", attempt.number)),
            next_at: None,
        },
    }
}

impl Conclusion {
    /// The window has ended, and nothing was wrong with the letter: a person decides whether it still leaves.
    fn or_block(self) -> Self {
        let event = if self.event == Event::Refuse { Event::Block } else { self.event };
        Self { event, ..self }
    }
}

/// What becomes of a letter that would be refused for good, had not the server refused us all: it waits for `again`, or for a person.
pub fn spare(verdict: &Verdict, window: &Window, again: Instant) -> Conclusion {
    let class = class::read(verdict).0.unwrap_or(Class::Policy);
    let reason = Some(format!("{class}: {}; the server refuses us, and not this letter", verdict.summary()));
    if window.holds(again) {
        Conclusion { event: Event::PutOff, reason, next_at: Some(again) }
    } else {
        Conclusion { event: Event::Block, reason, next_at: None }
    }
}

/// `cc` recipients without which the letter left, in the server's words.
fn left_out(verdict: &Verdict) -> Option<String> {
    let refused = verdict.recipients().iter().filter(|r| r.role == Role::Cc);
    let words: Vec<String> = refused
        .filter_map(|r| {
            r.reply.as_ref().filter(|reply| !reply.is_positive()).map(|reply| format!("{}: {reply}", r.address))
        })
        .collect();
    (!words.is_empty()).then(|| format!("left without cc {}", words.join("; ")))
}

/// From 0 to 1, the same for the same attempt of the same dispatch: no hidden dice, and yet letters spread out.
fn jitter(id: &DispatchId, number: u32) -> f64 {
    let digest = Digest::of(format!("{id} {number}").as_bytes());
    let [a, b, ..] = *digest.bytes();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Phase, RecipientResult, Reply};

    fn concluded(verdict: &Verdict, number: u32, hours_since_first: i64) -> Conclusion {
        concluded_after(verdict, number, hours_since_first, None)
    }

    fn concluded_after(verdict: &Verdict, number: u32, hours: i64, class_before: Option<Class>) -> Conclusion {
        let id: DispatchId = "c/s/FRA".parse().unwrap();
        let start = Instant::from_millis(0);
        let give_up = Duration::days(2);
        let now = start.plus(Duration::hours(hours));
        conclude(&Attempt { id: &id, number, tried_since: start, give_up, class_before, now }, verdict)
    }

    fn reply(code: u16) -> Reply {
        Reply::new(code, "words")
    }

    fn refused(phase: Phase, code: u16, words: &str) -> Verdict {
        Verdict::Refused { phase, reply: Reply::new(code, words), recipients: vec![] }
    }

    fn not_now(code: u16, words: &str) -> Verdict {
        Verdict::NotNow { phase: Phase::RcptTo, reply: Reply::new(code, words), recipients: vec![] }
    }

    #[test]
    fn only_what_was_provably_not_taken_is_tried_again() {
        let broken = Verdict::Broken { phase: Phase::Connect, why: "refused".into() };
        let unknown = Verdict::Unknown { why: "timeout".into(), recipients: vec![] };
        assert_eq!(concluded(&not_now(450, "words"), 1, 0).event, Event::PutOff);
        assert_eq!(concluded(&broken, 1, 0).event, Event::PutOff);
        assert_eq!(concluded(&unknown, 1, 0).event, Event::Lose);
        assert_eq!(concluded(&refused(Phase::RcptTo, 550, "5.1.1 unknown"), 1, 0).event, Event::Refuse);
    }

    #[test]
    fn the_reason_names_the_class_and_the_class_sets_the_wait() {
        for (verdict, words, least) in [
            (not_now(450, "4.7.1 try later"), "greylisting: refused for now at RCPT TO: 450 4.7.1 try later", 5),
            (not_now(451, "sending rate"), "rate: refused for now at RCPT TO: 451 sending rate", 15),
            (not_now(450, "busy"), "temporary: refused for now at RCPT TO: 450 busy", 15),
        ] {
            let Conclusion { reason, next_at, .. } = concluded(&verdict, 1, 0);
            let wait = next_at.unwrap().since(Instant::from_millis(0));
            assert_eq!(reason.as_deref(), Some(words));
            assert!(wait >= Duration::minutes(least) && wait <= Duration::seconds(least * 72), "{words}: {wait}");
        }
    }

    #[test]
    fn retries_end_with_the_window_and_then_a_person_looks() {
        let end = concluded(&not_now(450, "words"), 30, 47);
        assert_eq!(end.event, Event::Refuse);
        assert!(end.reason.unwrap().starts_with("given up after 30 attempts"));
    }

    #[test]
    fn a_refused_account_is_not_the_fault_of_the_letter() {
        let auth = refused(Phase::Auth, 535, "5.7.8 no");
        assert_eq!(concluded(&auth, 1, 0).event, Event::PutOff);
        let end = concluded(&auth, 9, 47);
        assert_eq!((end.event, end.next_at), (Event::Block, None));
        assert!(end.reason.unwrap().starts_with("given up after 9 attempts; the last: authentication: "));
        assert_eq!(concluded(&refused(Phase::MailFrom, 553, "5.7.1 not yours"), 9, 47).event, Event::Block);
    }

    #[test]
    fn a_refusal_by_policy_is_tried_once_more_and_then_stands() {
        let policy = refused(Phase::RcptTo, 550, "5.7.1 no");
        let first = concluded(&policy, 1, 0);
        assert_eq!(first.event, Event::PutOff);
        assert_eq!(Class::of_reason(first.reason.as_deref().unwrap()), Some(Class::Policy));
        assert_eq!(concluded_after(&policy, 2, 1, Some(Class::Policy)).event, Event::Refuse);
        let greylisted_before = concluded_after(&policy, 2, 1, Some(Class::Greylisting));
        assert_eq!(greylisted_before.event, Event::PutOff);
    }

    #[test]
    fn a_letter_that_is_spared_waits_within_its_window_and_then_for_a_person() {
        let window = Window { since: Instant::from_millis(0), give_up: Duration::hours(2) };
        let hour = |n: i64| Instant::from_millis(0).plus(Duration::hours(n));
        let policy = refused(Phase::RcptTo, 550, "5.7.1 no");
        let spared = |again| spare(&policy, &window, again);
        assert_eq!((spared(hour(2)).event, spared(hour(2)).next_at), (Event::PutOff, Some(hour(2))));
        assert_eq!((spared(hour(3)).event, spared(hour(3)).next_at), (Event::Block, None));
        let reason = "policy: refused for good at RCPT TO: 550 5.7.1 no; the server refuses us, and not this letter";
        assert_eq!(spared(hour(3)).reason.as_deref(), Some(reason));
    }

    #[test]
    fn a_letter_that_left_without_a_cc_says_so() {
        let cc = RecipientResult { address: "c@x.example".parse().unwrap(), role: Role::Cc, reply: Some(reply(550)) };
        let taken = Verdict::Taken { reply: Some(reply(250)), recipients: vec![cc] };
        assert_eq!(concluded(&taken, 1, 0).reason.as_deref(), Some("left without cc c@x.example: 550 words"));
    }
}
