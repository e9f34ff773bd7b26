//! One command and all that is answered to it, each within a time of our own.
//!
//! The library's own readers of answers end as quietly on a broken line or a NO as on a good answer; here nothing but the
//! server's OK to this very command is one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_imap::Session;
use async_imap::imap_proto::{RequestId, Response, Status};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::failure::{HUNG_UP, Trouble, Words};
use super::line::Line;

/// Always encrypted.
pub(super) type Stream = Line<TlsStream<TcpStream>>;

/// How long a server may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// Octets of a letter for which the server has a second more.
const A_SECOND_EACH: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Dialogue {
    session: Session<Stream>,
    limit: Duration,
}

impl Dialogue {
    pub fn new(session: Session<Stream>, limit: Duration) -> Self {
        Self { session, limit }
    }

    /// Says `command` and shows every untagged answer to `each`, up to the server's OK.
    pub async fn ask(
        &mut self,
        command: &str,
        each: impl FnMut(&Response<'_>) -> Result<(), Trouble> + Send,
    ) -> Result<(), Trouble> {
        let session = &mut self.session;
        guarded(self.limit, async move {
            let tag = session.run_command(command).await?;
            until_done(session, &tag, each).await
        })
        .await
    }

    /// Says `command`, whose last word announces `literal`, and hands it over once the server is ready for it.
    pub async fn hand_over(&mut self, command: &str, literal: &[u8]) -> Result<(), Trouble> {
        let seconds = u64::try_from(literal.len() / A_SECOND_EACH).unwrap_or(u64::MAX);
        let limit = self.limit.saturating_add(Duration::from_secs(seconds));
        let session = &mut self.session;
        guarded(limit, async move {
            let tag = session.run_command(command).await?;
            loop {
                let answer = session.read_response().await?.ok_or_else(|| Trouble::line(HUNG_UP))?;
                match answer.parsed() {
                    Response::Continue(_) => break,
                    other => {
                        if done(other, &tag)? {
                            return Err(Trouble::line("the server says yes to a letter that it has not seen"));
                        }
                    }
                }
            }
            let line = session.get_mut();
            line.write_all(literal).await?;
            line.write_all(b"\r\n").await?;
            line.flush().await?;
            until_done(session, &tag, |_| Ok(())).await
        })
        .await
    }

    /// Of no consequence: everything has been said.
    pub async fn farewell(mut self) {
        let _answer = tokio::time::timeout(FAREWELL, self.session.run_command("LOGOUT")).await;
    }
}

async fn until_done(
    session: &mut Session<Stream>,
    tag: &RequestId,
    mut each: impl FnMut(&Response<'_>) -> Result<(), Trouble> + Send,
) -> Result<(), Trouble> {
    // A failure of ours does not end the answer: the next command's would be mixed up with it.
    let mut ours = Ok(());
    loop {
        let answer = session.read_response().await?.ok_or_else(|| Trouble::line(HUNG_UP))?;
        if done(answer.parsed(), tag)? {
            return ours;
        }
        if ours.is_ok() {
            ours = each(answer.parsed());
        }
    }
}

/// Whether this is the server's OK to the command.
fn done(answer: &Response<'_>, tag: &RequestId) -> Result<bool, Trouble> {
    match answer {
        Response::Done { tag: of, status: Status::Ok, .. } if of == tag => Ok(true),
        Response::Done { tag: of, outcome, .. } if of == tag => Err(Trouble::No(Words::of(outcome))),
        Response::Data { status: Status::Bye, outcome } => Err(Trouble::Bye(Words::of(outcome))),
        Response::Done { .. } => Err(Trouble::line("the server answers what was not asked")),
        _ => Ok(false),
    }
}

/// Waits for one step, at most `limit`; what the parser does not survive, this program does.
pub(super) async fn guarded<T>(limit: Duration, step: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let mut step = pin!(step);
    let unwinding = std::future::poll_fn(|cx| {
        // It panics on an INTERNALDATE that is NIL, for one.
        let polled = catch_unwind(AssertUnwindSafe(|| step.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Trouble::line("the server's answer is no IMAP"))))
    });
    match tokio::time::timeout(limit, unwinding).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Trouble::Line(format!("no answer within {} s", limit.as_secs_f32()))),
    }
}
