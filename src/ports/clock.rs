//! The hour. Two answers: the machine's clock, and the rehearsal's, which we move.

use std::future::Future;

use chrono::Duration;

use crate::vocabulary::Instant;

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Instant;

    /// The time since the machine was started, with the time that it slept: nobody can set it, so it shows when somebody has set
    /// the hour. `None` where there is no such count; a clock that stands still until it is moved needs none.
    fn up(&self) -> Option<Duration> {
        None
    }

    /// Returns once `now()` has reached `until`. Where the hour is set meanwhile, it returns once as much time has passed: ask again.
    /// The rehearsal's clock jumps there.
    fn wait_until(&self, until: Instant) -> impl Future<Output = ()> + Send;
}
