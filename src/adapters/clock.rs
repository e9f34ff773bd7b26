//! Two clocks: the machine's, and one that the rehearsal and the tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::ports::Clock;
use crate::vocabulary::Instant;

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The longest sleep between two looks at the wall clock. Sleeping counts time that the machine was awake; after a
/// suspended night, or when somebody sets the clock, the hour is other than the sleep believed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the hour")]
    fn now(&self) -> Instant {
        Instant::from(chrono::Utc::now())
    }

    #[cfg(target_os = "linux")]
    fn up(&self) -> Option<chrono::Duration> {
        let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Some(chrono::Duration::seconds(up.tv_sec) + chrono::Duration::nanoseconds(up.tv_nsec))
    }

    /// A clock that is set back a day must not make a wait of a second last a day: it ends when the rest has grown.
    async fn wait_until(&self, until: Instant) {
        let mut left = until.since(self.now()).to_std().unwrap_or_default();
        loop {
            // Negative when it is past: to_std fails, and we are done.
            match until.since(self.now()).to_std() {
                Ok(rest) if !rest.is_zero() && rest <= left + LOOK_AGAIN => {
                    let pause = rest.min(LOOK_AGAIN);
                    tokio::time::sleep(pause).await;
                    left = left.saturating_sub(pause);
                }
                _ => return,
            }
        }
    }
}

/// A clock that stands still until somebody waits or moves it. Clones show the same hour. It never goes back.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<AtomicI64>);

impl SimulatedClock {
    pub fn starting_at(start: Instant) -> Self {
        Self(Arc::new(AtomicI64::new(start.millis())))
    }

    /// Shows `instant` from now on, unless it is later already.
    pub fn advance_to(&self, instant: Instant) {
        self.0.fetch_max(instant.millis(), Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Jumps. Lets other tasks run first, so that a loop that waits again and again starves nobody.
    async fn wait_until(&self, until: Instant) {
        tokio::task::yield_now().await;
        self.advance_to(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_rehearsal_waits_a_month_in_no_time_and_never_goes_back() {
        let start = Instant::from_millis(1_000);
        let clock = SimulatedClock::starting_at(start);
        let month = start.plus(chrono::Duration::days(30));
        clock.clone().wait_until(month).await;
        assert_eq!(clock.now(), month);
        clock.wait_until(start).await;
        assert_eq!(clock.now(), month);
    }

    #[tokio::test]
    async fn the_machine_clock_waits_until_the_instant_and_not_for_the_past() {
        let clock = SystemClock;
        let until = clock.now().plus(chrono::Duration::milliseconds(30));
        clock.wait_until(until).await;
        assert!(clock.now() >= until);
        clock.wait_until(Instant::from_millis(0)).await;
    }
}
