//! From what went wrong on the line to a verdict.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::response::Response;

use crate::adapters::unsaid::unsaid;
use crate::delivery::{Phase, RecipientResult, Reply, Verdict};
use crate::vocabulary::safe_text;

/// One step that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub phase: Phase,
    pub trouble: Trouble,
}

#[derive(Debug)]
pub(super) enum Trouble {
    /// The server said no: 4yz or 5yz.
    Reply(Reply),
    /// No answer that means anything: silence, a broken line, an answer out of turn. Our words.
    Line(String),
}

impl Failure {
    pub fn line(phase: Phase, why: impl Into<String>) -> Self {
        Self { phase, trouble: Trouble::Line(why.into()) }
    }

    /// The server has closed, or is about to (421; RFC 5321, 3.8), or the line is gone.
    pub fn ends_the_connection(&self) -> bool {
        match &self.trouble {
            Trouble::Reply(reply) => reply.code == 421,
            Trouble::Line(_) => true,
        }
    }

    /// Without `password` in the server's words.
    pub fn unsaying(self, password: &str) -> Self {
        let trouble = match self.trouble {
            Trouble::Reply(reply) => Trouble::Reply(Reply { text: unsaid(&reply.text, password), ..reply }),
            Trouble::Line(why) => Trouble::Line(unsaid(&why, password)),
        };
        Self { trouble, ..self }
    }

    /// The verdict on a letter of which the server has seen no byte.
    pub fn before_the_letter(self, recipients: Vec<RecipientResult>) -> Verdict {
        let phase = self.phase;
        match self.trouble {
            Trouble::Reply(reply) => refused(phase, reply, recipients),
            Trouble::Line(why) => Verdict::Broken { phase, why },
        }
    }

    /// The verdict on a letter that was on its way: only the server's own no proves that it was not taken.
    pub fn with_the_letter(self, recipients: Vec<RecipientResult>) -> Verdict {
        match self.trouble {
            Trouble::Reply(reply) => refused(self.phase, reply, recipients),
            Trouble::Line(why) => Verdict::Unknown { why, recipients },
        }
    }
}

fn refused(phase: Phase, reply: Reply, recipients: Vec<RecipientResult>) -> Verdict {
    if reply.is_permanent() {
        Verdict::Refused { phase, reply, recipients }
    } else {
        Verdict::NotNow { phase, reply, recipients }
    }
}

impl Trouble {
    /// An answer that is neither what the step calls for, nor a no: the dialogue is out of step.
    pub fn unexpected(reply: &Reply) -> Self {
        Self::Line(format!("unexpected answer: {reply}"))
    }
}

impl From<Reply> for Trouble {
    fn from(reply: Reply) -> Self {
        if reply.is_temporary() || reply.is_permanent() { Self::Reply(reply) } else { Self::unexpected(&reply) }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Line(safe_text::line(&error.to_string()).into_owned())
    }
}

/// lettre gives the code as `status()` and the words as the error's source; its `Display` mixes both with its own.
impl From<lettre::transport::smtp::Error> for Trouble {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        match error.status() {
            Some(code) => Self::Reply(Reply::new(u16::from(code), &words)),
            None if words.is_empty() => Self::Line("the line broke".to_owned()),
            None => Self::Line(safe_text::line(&words).into_owned()),
        }
    }
}

pub(super) fn reply_of(response: &Response) -> Reply {
    let code = u16::from(response.code());
    let mut lines = response.message();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Reply::new(code, line),
        _ => Reply::new(code, &response.message().collect::<Vec<_>>().join("\n")),
    }
}

/// Waits for one step, at most `limit`.
pub(super) async fn within<T, E: Into<Trouble>>(
    limit: Duration,
    phase: Phase,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, step).await {
        Ok(result) => result.map_err(|error| Failure { phase, trouble: error.into() }),
        Err(_elapsed) => Err(Failure::line(phase, format!("no answer within {} s", limit.as_secs_f32()))),
    }
}
