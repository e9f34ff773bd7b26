//! When a letter that was provably not taken is tried again.

use chrono::Duration;

use crate::vocabulary::Instant;

/// How long to wait after failed attempt number `attempt` (from 1), before jitter.
///
/// 5 min, 10 min, 20 min, 40 min, 1 h 20 min, then 2 h each time. A greylisting server wants about five minutes the first
/// time (RFC 6647, 5); RFC 5321, 4.5.4.1, asks for half an hour in general, which the third wait has nearly reached.
pub fn wait_after(attempt: u32) -> Duration {
    let minutes = 5i64 << attempt.saturating_sub(1).min(5);
    Duration::minutes(minutes.min(120))
}

/// The next try after a failure at `now`, or `None` when it would come after the window: a person looks.
///
/// `first_attempt` opens the window of `give_up`. `jitter`, from 0 to 1, adds up to a fifth of the wait, so that letters that
/// failed together do not all come back together.
pub fn next_try(attempt: u32, now: Instant, first_attempt: Instant, give_up: Duration, jitter: f64) -> Option<Instant> {
    let wait = wait_after(attempt);
    #[expect(clippy::cast_possible_truncation, reason = "a fifth of two hours in milliseconds, far within i64")]
    let extra = Duration::milliseconds((wait.num_milliseconds() as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64);
    let next = now.plus(wait).plus(extra);
    (next <= first_attempt.plus(give_up)).then_some(next)
}

/// Whether attempt number `attempt`, made now, is the last one that fits the window.
pub fn is_last(attempt: u32, now: Instant, first_attempt: Instant, give_up: Duration) -> bool {
    next_try(attempt, now, first_attempt, give_up, 1.0).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_as_the_comment_says() {
        let minutes: Vec<i64> = (1..=7).map(|n| wait_after(n).num_minutes()).collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80, 120, 120]);
        assert_eq!(wait_after(u32::MAX).num_minutes(), 120);
    }

    #[test]
    fn retries_end_with_the_window_that_the_step_gives() {
        let start = Instant::from_millis(0);
        let window = Duration::hours(1);
        assert_eq!(next_try(1, start, start, window, 0.0), Some(start.plus(Duration::minutes(5))));
        let late = start.plus(Duration::minutes(55));
        assert_eq!(next_try(3, late, start, window, 0.0), None);
        assert!(is_last(3, late, start, window));
    }

    #[test]
    fn jitter_only_ever_lengthens_a_wait() {
        let start = Instant::from_millis(0);
        let next = |jitter| next_try(1, start, start, Duration::days(2), jitter).unwrap();
        assert!(next(1.0) > next(0.0));
        assert_eq!(next(1.0), start.plus(Duration::minutes(6)));
        assert_eq!(next(-5.0), next(0.0));
    }
}
