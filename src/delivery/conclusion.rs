//! From what a server said to what becomes of the dispatch.

use chrono::Duration;

use super::retry;
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
pub fn conclude(attempt: &Attempt<'_>, verdict: &Verdict) -> Conclusion {
    match verdict {
        Verdict::Taken { .. } => Conclusion { event: Event::Taken, reason: left_out(verdict), next_at: None },
        // The server refuses us, not this letter: the account, the greeting. Nobody's address is at fault.
        Verdict::Refused { .. } if verdict.concerns_the_server() => try_again(attempt, verdict),
        Verdict::Refused { .. } => Conclusion { event: Event::Refuse, reason: Some(verdict.summary()), next_at: None },
        Verdict::NotNow { .. } | Verdict::Broken { .. } => try_again(attempt, verdict),
        Verdict::Unknown { .. } => Conclusion { event: Event::Lose, reason: Some(verdict.summary()), next_at: None },
    }
}

fn try_again(attempt: &Attempt<'_>, verdict: &Verdict) -> Conclusion {
    let jitter = jitter(attempt.id, attempt.number);
    let next = retry::next_try(attempt.number, attempt.now, attempt.tried_since, attempt.give_up, jitter);
    match next {
        Some(at) => Conclusion { event: Event::PutOff, reason: Some(verdict.summary()), next_at: Some(at) },
        None => Conclusion {
            event: Event::Refuse,
            reason: Some(format!("given up after {} attempts; the last: {}", attempt.number, verdict.summary())),
            next_at: None,
        },
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
        let id: DispatchId = "c/s/FRA".parse().unwrap();
        let start = Instant::from_millis(0);
        let attempt = Attempt {
            id: &id,
            number,
            tried_since: start,
            give_up: Duration::days(2),
            now: start.plus(Duration::hours(hours_since_first)),
        };
        conclude(&attempt, verdict)
    }

    fn reply(code: u16) -> Reply {
        Reply::new(code, "words")
    }

    #[test]
    fn only_what_was_provably_not_taken_is_tried_again() {
        let not_now = Verdict::NotNow { phase: Phase::RcptTo, reply: reply(450), recipients: vec![] };
        let broken = Verdict::Broken { phase: Phase::Connect, why: "refused".into() };
        let unknown = Verdict::Unknown { why: "timeout".into(), recipients: vec![] };
        let refused = Verdict::Refused { phase: Phase::RcptTo, reply: reply(550), recipients: vec![] };
        assert_eq!(concluded(&not_now, 1, 0).event, Event::PutOff);
        assert_eq!(concluded(&broken, 1, 0).event, Event::PutOff);
        assert_eq!(concluded(&unknown, 1, 0).event, Event::Lose);
        assert_eq!(concluded(&refused, 1, 0).event, Event::Refuse);
    }

    #[test]
    fn retries_end_with_the_window_and_then_a_person_looks() {
        let not_now = Verdict::NotNow { phase: Phase::RcptTo, reply: reply(450), recipients: vec![] };
        let end = concluded(&not_now, 30, 47);
        assert_eq!(end.event, Event::Refuse);
        assert!(end.reason.unwrap().starts_with("given up after 30 attempts"));
    }

    #[test]
    fn a_refused_account_is_not_the_fault_of_the_letter() {
        let auth = Verdict::Refused { phase: Phase::Auth, reply: reply(535), recipients: vec![] };
        assert_eq!(concluded(&auth, 1, 0).event, Event::PutOff);
    }

    #[test]
    fn a_letter_that_left_without_a_cc_says_so() {
        let cc = RecipientResult { address: "c@x.example".parse().unwrap(), role: Role::Cc, reply: Some(reply(550)) };
        let taken = Verdict::Taken { reply: Some(reply(250)), recipients: vec![cc] };
        assert_eq!(concluded(&taken, 1, 0).reason.as_deref(), Some("left without cc c@x.example: 550 words"));
    }
}
