//! The line to a server, between the socket and lettre.
//!
//! Hands on one whole line of the server at a time. So nothing that the server says out of turn can be taken for the answer
//! to a later command, and nothing said before TLS for something said inside it.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::delivery::Reply;

/// Octets of a server's line that are read before we hang up. RFC 5321, 4.5.3.1.5, allows 512.
const LONGEST_LINE: usize = 8 * 1024;
/// Octets of a line that are handed on: lettre takes 1000.
const LONGEST_HANDED_ON: usize = 900;
/// Lines of one answer: lettre takes 100,000 octets, and reads all of them again for each line.
const MOST_LINES: usize = 100;

pub(super) struct Channel<S> {
    stream: S,
    peer: SocketAddr,
    /// Read from the socket, not yet handed on.
    raw: Vec<u8>,
    /// The line being handed on, and how much of it has been.
    line: Vec<u8>,
    handed_on: usize,
    /// Lines of the answer that is being read.
    lines: usize,
    /// Set by the line of EHLO's answer that offers PIPELINING (RFC 2920): lettre forgets the keywords that it does not know.
    offers_groups: Arc<AtomicBool>,
}

impl<S> Channel<S> {
    pub fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, raw: Vec::new(), line: Vec::new(), handed_on: 0, lines: 0, offers_groups: Arc::default() }
    }

    /// lettre reads a greeting from every stream; ours has been read already.
    pub fn repeat_greeting(&mut self) {
        self.line = b"220 ready\r\n".to_vec();
        self.handed_on = 0;
    }

    /// Whether the server has offered to take several commands at once, once EHLO has been answered.
    pub fn offers_groups(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.offers_groups)
    }

    /// The socket, for a handshake; `None` when the server has said more than was asked.
    pub fn into_stream(self) -> Option<S> {
        self.is_quiet().then_some(self.stream)
    }

    fn is_quiet(&self) -> bool {
        self.raw.is_empty() && self.handed_on == self.line.len()
    }
}

impl<S: AsyncRead + Unpin> Channel<S> {
    /// Reads the next line into `self.line`; false at the end of the stream, where half a line counts for nothing.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.raw) {
                self.lines += 1;
                if self.lines > MOST_LINES {
                    return Poll::Ready(Err(out_of_step("the server's answer has no end")));
                }
                clean(&self.raw[..end], &mut self.line);
                self.handed_on = 0;
                self.raw.drain(..=end);
                if self.line.get(3) != Some(&b'-') {
                    self.lines = 0;
                }
                let keyword = self.line.strip_prefix(b"250").and_then(|line| line.get(1..));
                if keyword.is_some_and(|keyword| keyword.eq_ignore_ascii_case(b"PIPELINING\r\n")) {
                    self.offers_groups.store(true, Ordering::Relaxed);
                }
                return Poll::Ready(Ok(true));
            }
            if self.raw.len() > LONGEST_LINE {
                return Poll::Ready(Err(out_of_step("the server's line has no end")));
            }
            let mut space = [0; 2048];
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(false));
            }
            self.raw.extend_from_slice(buffer.filled());
        }
    }

    /// One whole answer, read by hand: its code, and its lines without code.
    pub async fn answer(&mut self) -> io::Result<(u16, Vec<String>)> {
        let mut lines = Vec::new();
        loop {
            if !poll_fn(|cx| self.poll_line(cx)).await? {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
            }
            self.handed_on = self.line.len();
            let line = String::from_utf8_lossy(&self.line);
            let code = line.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit())).and_then(|c| c.parse().ok());
            let (Some(code), Some(mark @ ("-" | " "))) = (code, line.get(3..4)) else {
                return Err(out_of_step("the server does not speak SMTP"));
            };
            lines.push(line.get(4..).unwrap_or_default().trim_end().to_owned());
            if mark == " " {
                return Ok((code, lines));
            }
        }
    }

    pub async fn reply(&mut self) -> io::Result<Reply> {
        let (code, lines) = self.answer().await?;
        Ok(Reply::new(code, &lines.join("\n")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Channel<S> {
    /// Says one line, given without CRLF, and reads the answer.
    pub async fn ask(&mut self, line: &str) -> io::Result<(u16, Vec<String>)> {
        self.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.flush().await?;
        self.answer().await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Channel<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.handed_on == this.line.len() && !ready!(this.poll_line(cx))? {
            return Poll::Ready(Ok(()));
        }
        let rest = &this.line[this.handed_on..];
        let part = &rest[..rest.len().min(buf.remaining())];
        buf.put_slice(part);
        this.handed_on += part.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Channel<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.is_quiet() {
            // Its answer to the next command would be taken for the answer to this one, and so on down to the letter.
            return Poll::Ready(Err(out_of_step("the server spoke out of turn")));
        }
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> AsyncTokioStream for Channel<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S> std::fmt::Debug for Channel<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("peer", &self.peer).finish_non_exhaustive()
    }
}

fn out_of_step(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// One line as lettre reads it. What is odd but lawful, or clear all the same, must not turn a plain "no" after the final
/// dot into an unknown outcome:
///
/// - words in Latin-1 become UTF-8; a line feed alone ends a line;
/// - a code without words is lawful (RFC 5321, 4.2) but lettre wants a space;
/// - lettre knows second digits up to 5; servers say 571. The first digit decides (RFC 5321, 4.3.2): it becomes x50, and the
///   server's own code leads the words.
fn clean(raw: &[u8], line: &mut Vec<u8>) {
    let raw = raw.trim_ascii_end();
    line.clear();
    let usual = matches!(raw, [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9', b' ' | b'-', ..]);
    if usual && raw.is_ascii() && raw.len() <= LONGEST_HANDED_ON {
        line.extend_from_slice(raw);
    } else {
        line.extend_from_slice(repaired(raw).as_bytes());
    }
    line.extend_from_slice(b"\r\n");
}

fn repaired(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => raw.iter().map(|b| char::from(*b)).collect(),
    };
    let mut line = match text.as_bytes() {
        [first @ b'2'..=b'5', b'6'..=b'9', b'0'..=b'9', rest @ ..]
            if matches!(rest.first(), None | Some(b' ' | b'-')) =>
        {
            let mark = if rest.first() == Some(&b'-') { '-' } else { ' ' };
            let words = text.get(4..).unwrap_or_default();
            format!("{}50{mark}({}) {words}", char::from(*first), &text[..3])
        }
        [a, b, c] if [a, b, c].iter().all(|d| d.is_ascii_digit()) => format!("{text} "),
        _ => text,
    };
    if line.len() > LONGEST_HANDED_ON {
        line.truncate(line.floor_char_boundary(LONGEST_HANDED_ON));
    }
    line
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn cleaned(raw: &[u8]) -> Vec<u8> {
        let mut line = b"the line before".to_vec();
        clean(raw, &mut line);
        line
    }

    fn check(raw: &[u8], wanted: &str) {
        assert_eq!(String::from_utf8(cleaned(raw)).unwrap(), wanted);
    }

    #[test]
    fn an_odd_answer_is_still_an_answer() {
        check(b"250 2.0.0 ok\r", "250 2.0.0 ok\r\n");
        check(b"554 refus\xe9\r", "554 refusé\r\n");
        check("554 refusé".as_bytes(), "554 refusé\r\n");
        check(b"250", "250 \r\n");
        check(b"250\r", "250 \r\n");
        check(b"571 5.7.1 blocked", "550 (571) 5.7.1 blocked\r\n");
        check(b"571-5.7.1 blocked", "550-(571) 5.7.1 blocked\r\n");
        check(b"hello", "hello\r\n");
        check(b"", "\r\n");
        assert_eq!(cleaned(&[b'x'; 5000]).len(), LONGEST_HANDED_ON + 2);
    }

    fn channel() -> (Channel<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (near, far) = tokio::io::duplex(1 << 20);
        (Channel::new(near, ([127, 0, 0, 1], 25).into()), far)
    }

    #[tokio::test]
    async fn an_answer_before_its_command_stops_the_dialogue() {
        let (mut near, mut far) = channel();
        far.write_all(b"250 one\r\n250 two\r\n").await.unwrap();
        let mut one = [0; 9];
        near.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"250 one\r\n");
        assert!(near.write_all(b"DATA\r\n").await.is_err());
        assert!(near.into_stream().is_none(), "nor may a handshake begin");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let (mut near, mut far) = channel();
        far.write_all("250-more\r\n".repeat(MOST_LINES + 1).as_bytes()).await.unwrap();
        assert!(near.answer().await.is_err());
        let (mut near, mut far) = channel();
        far.write_all(&vec![b'x'; 3 * LONGEST_LINE]).await.unwrap();
        assert!(near.answer().await.is_err());
    }
}
