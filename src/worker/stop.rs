//! Two signals: the first lets letters in hand finish, the second, or a deadline, ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A wish to stop, shared by whoever may utter it and whoever must heed it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    bell: Arc<Notify>,
}

impl Stop {
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.bell.notify_waiters();
    }

    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Returns once somebody has asked.
    pub async fn asked(&self) {
        loop {
            let bell = self.bell.notified();
            if self.is_asked() {
                return;
            }
            bell.await;
        }
    }
}
