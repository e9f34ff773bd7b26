//! A session with a server that waits for MAIL FROM: what is said in one breath, and which answers are still owed.
//!
//! Where the server offers it, several commands leave in one write (RFC 2920): a round trip a letter instead of one a recipient.
//! Every answer is still read and judged in its turn, and nothing more is said while one is owed.

use std::fmt::Display;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;

use super::failure::{Failure, Trouble, reply_of, within};
use crate::delivery::{Phase, Reply};

pub(super) struct Session {
    smtp: AsyncSmtpConnection,
    takes_groups: bool,
    /// Answers to what has been said, not yet read.
    owed: usize,
}

impl Session {
    /// `takes_groups`: the server has offered PIPELINING, and has not stumbled over it before.
    pub fn new(smtp: AsyncSmtpConnection, takes_groups: bool) -> Self {
        Self { smtp, takes_groups, owed: 0 }
    }

    pub fn takes_groups(&self) -> bool {
        self.takes_groups
    }

    pub fn owes_an_answer(&self) -> bool {
        self.owed > 0
    }

    /// Says one command, or several of which each ends with CRLF, and reads the first of the `answers` that are owed for it.
    pub async fn say<C: Display>(
        &mut self,
        limit: Duration,
        phase: Phase,
        commands: C,
        answers: usize,
    ) -> Result<Reply, Failure> {
        if self.owes_an_answer() {
            // Ours to prevent; a letter that followed an unread "no" would be the price.
            return Err(Failure::line(phase, "an earlier answer is still owed"));
        }
        let heard = within(limit, phase, self.smtp.command(commands)).await;
        self.owed = answers.saturating_sub(1);
        Ok(reply_of(&heard?))
    }

    /// The next of the answers that are owed.
    pub async fn hear(&mut self, limit: Duration, phase: Phase) -> Result<Reply, Failure> {
        self.owed = self.owed.saturating_sub(1);
        Ok(reply_of(&within(limit, phase, self.smtp.read_response()).await?))
    }

    /// [`Self::say`] for one command whose good answer is 2yz.
    pub async fn ask<C: Display>(&mut self, limit: Duration, phase: Phase, command: C) -> Result<Reply, Failure> {
        self.say(limit, phase, command, 1).await.and_then(|reply| done(phase, reply))
    }

    /// Reads all answers that are owed and of no more interest; false where the dialogue cannot go on.
    pub async fn let_it_finish(&mut self, limit: Duration, phase: Phase) -> bool {
        while self.owes_an_answer() {
            match self.hear(limit, phase).await {
                Err(failure) if failure.ends_the_connection() => return false,
                _heard => {}
            }
        }
        true
    }
}

/// The good answer to most commands is 2yz.
pub(super) fn done(phase: Phase, reply: Reply) -> Result<Reply, Failure> {
    if (200..300).contains(&reply.code) { Ok(reply) } else { Err(Failure { phase, trouble: Trouble::from(reply) }) }
}
