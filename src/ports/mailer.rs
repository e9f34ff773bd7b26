//! The post office. Two answers: a mail server, and a folder of .eml files.

use std::future::Future;
use std::sync::Arc;

use crate::delivery::Verdict;
pub use crate::outbox::Via;
use crate::vocabulary::{Address, DispatchId};

/// One letter in its envelope, as it leaves.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub dispatch: DispatchId,
    /// MAIL FROM (RFC 5321): bounces come back to it.
    pub sender: Address,
    /// RCPT TO, and `To:` in the message.
    pub to: Vec<Address>,
    /// RCPT TO, and `Cc:` in the message.
    pub cc: Vec<Address>,
    /// The bytes for DATA, without dot-stuffing: `Date` in front, then exactly the approved bytes. Ends with CRLF.
    pub message: Arc<Vec<u8>>,
    /// No further try fits the window: a `cc` still refused for now is left out.
    pub last_try: bool,
}

/// Gives out couriers. One courier has at most one letter in hand.
pub trait Mailer: Send + Sync + 'static {
    type Courier: Courier;

    fn via(&self) -> Via;

    /// A courier that has not yet spoken to anybody: it connects with its first letter.
    fn courier(&self) -> Self::Courier;
}

/// Carries letters one after the other, over a kept connection where there is one.
pub trait Courier: Send + 'static {
    /// Hands over one letter and says what became of it. Never panics, never waits for ever.
    fn hand_over(&mut self, letter: &Outgoing) -> impl Future<Output = Verdict> + Send;

    /// Says good-bye. Failures are of no consequence: the letters have their verdicts.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}
