//! When a letter that was provably not taken is tried again: each class of trouble has its own waits.

use chrono::Duration;

use super::class::Class;
use crate::vocabulary::Instant;

/// Classes that a recipient's own "not now" can have.
const OF_A_RECIPIENT: [Class; 4] = [Class::Greylisting, Class::Rate, Class::Temporary, Class::Policy];

/// How long to wait after failed attempt number `attempt` (from 1), before jitter; the last wait of each row goes on.
///
/// | class | waits |
/// | --- | --- |
/// | greylisting | 5 min, 10 min, 20 min, 40 min, 80 min, 2 h |
/// | rate | 15 min, 30 min, 1 h, 2 h, 4 h |
/// | unavailable | 5 min, 10 min, 20 min, 40 min, 80 min, 2 h |
/// | temporary | 15 min, 30 min, 1 h, 2 h, 3 h |
/// | connection | 5 min, 10 min, 20 min, 40 min, 1 h |
/// | tls | 10 min, 30 min, 1 h, 2 h |
/// | authentication, sender | 15 min, 1 h, 2 h, 4 h |
/// | policy | 15 min, 30 min, 1 h, 2 h, 4 h |
/// | letter | as policy: so long does a pause wait, the letter itself is not tried again |
/// | disk | 1 min, 2 min, 5 min, 10 min |
///
/// Greylisting servers commonly want about five minutes; who comes earlier may begin anew. RFC 5321, 4.5.4.1, asks for half an
/// hour in general, and for two tries in the first hour, then one every two or three. An allowance is often counted by the hour. A wrong
/// password said again and again is what locks an account.
pub fn wait_after(class: Class, attempt: u32) -> Duration {
    let minutes: &[i64] = match class {
        Class::Greylisting | Class::Unavailable => &[5, 10, 20, 40, 80, 120],
        Class::Connection => &[5, 10, 20, 40, 60],
        Class::Temporary => &[15, 30, 60, 120, 180],
        Class::Tls => &[10, 30, 60, 120],
        Class::Authentication | Class::Sender => &[15, 60, 120, 240],
        Class::Rate | Class::Policy | Class::Letter | Class::Recipient => &[15, 30, 60, 120, 240],
        Class::Disk => &[1, 2, 5, 10],
    };
    let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    Duration::minutes(minutes.get(place).or(minutes.last()).copied().unwrap_or(120))
}

/// A window of `give_up`, and what is tried in it.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The first attempt opens it.
    pub since: Instant,
    pub give_up: Duration,
}

impl Window {
    pub fn holds(&self, at: Instant) -> bool {
        at <= self.since.plus(self.give_up)
    }

    /// The next try after a failure at `now`, or `None` when it would come after the window.
    ///
    /// `jitter`, from 0 to 1, adds up to a fifth of the wait, so that letters that failed together do not all come back together.
    pub fn next_try(&self, class: Class, attempt: u32, now: Instant, jitter: f64) -> Option<Instant> {
        let wait = wait_after(class, attempt);
        #[expect(clippy::cast_possible_truncation, reason = "a fifth of four hours in milliseconds, far within i64")]
        let extra = Duration::milliseconds((wait.num_milliseconds() as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64);
        let next = now.plus(wait).plus(extra);
        self.holds(next).then_some(next)
    }

    /// Whether attempt number `attempt`, made now, may be the last one that fits, whatever a recipient answers. A `cc` that is
    /// refused for now is then left out, rather than that nobody gets the letter.
    pub fn is_last(&self, attempt: u32, now: Instant) -> bool {
        OF_A_RECIPIENT.iter().any(|class| self.next_try(*class, attempt, now, 1.0).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        Instant::from_millis(0)
    }

    fn window(hours: i64) -> Window {
        Window { since: start(), give_up: Duration::hours(hours) }
    }

    #[test]
    fn each_class_waits_as_the_comment_says() {
        let first: [(Class, [i64; 7]); 10] = [
            (Class::Greylisting, [5, 10, 20, 40, 80, 120, 120]),
            (Class::Rate, [15, 30, 60, 120, 240, 240, 240]),
            (Class::Unavailable, [5, 10, 20, 40, 80, 120, 120]),
            (Class::Temporary, [15, 30, 60, 120, 180, 180, 180]),
            (Class::Connection, [5, 10, 20, 40, 60, 60, 60]),
            (Class::Tls, [10, 30, 60, 120, 120, 120, 120]),
            (Class::Authentication, [15, 60, 120, 240, 240, 240, 240]),
            (Class::Sender, [15, 60, 120, 240, 240, 240, 240]),
            (Class::Policy, [15, 30, 60, 120, 240, 240, 240]),
            (Class::Disk, [1, 2, 5, 10, 10, 10, 10]),
        ];
        for (class, wanted) in first {
            let minutes: Vec<i64> = (1..=7).map(|n| wait_after(class, n).num_minutes()).collect();
            assert_eq!(minutes, wanted, "{class}");
            assert_eq!(wait_after(class, u32::MAX).num_minutes(), wanted[6], "{class}");
        }
    }

    #[test]
    fn a_greylisting_server_is_never_asked_again_within_five_minutes() {
        for attempt in 1..50 {
            let next = window(1000).next_try(Class::Greylisting, attempt, start(), 0.0).unwrap();
            assert!(next.since(start()) >= Duration::minutes(5));
        }
    }

    #[test]
    fn retries_end_with_the_window_that_the_step_gives() {
        let window = window(1);
        let next =
            |class, attempt, minute| window.next_try(class, attempt, start().plus(Duration::minutes(minute)), 0.0);
        assert_eq!(next(Class::Greylisting, 1, 0), Some(start().plus(Duration::minutes(5))));
        assert_eq!(next(Class::Greylisting, 3, 40), Some(start().plus(Duration::minutes(60))));
        assert_eq!(next(Class::Greylisting, 3, 41), None);
    }

    #[test]
    fn a_try_is_the_last_when_a_longer_class_would_not_fit_another() {
        // At the second attempt: 30 min and a fifth for a rate, 10 min and a fifth for greylisting.
        let at = |minute| window(1).is_last(2, start().plus(Duration::minutes(minute)));
        assert!(!at(24));
        assert!(at(25));
    }

    #[test]
    fn jitter_only_ever_lengthens_a_wait() {
        let next = |jitter| window(48).next_try(Class::Greylisting, 1, start(), jitter).unwrap();
        assert_eq!(next(1.0), start().plus(Duration::minutes(6)));
        assert_eq!(next(-5.0), next(0.0));
        assert!(next(1.0) > next(0.0));
    }
}
