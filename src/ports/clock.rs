//! The hour. Two answers: the machine's clock, and the rehearsal's, which we move.

use std::future::Future;

use crate::vocabulary::Instant;

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Instant;

    /// Returns once `now()` has reached `until`. The rehearsal's clock jumps there.
    fn wait_until(&self, until: Instant) -> impl Future<Output = ()> + Send;
}
