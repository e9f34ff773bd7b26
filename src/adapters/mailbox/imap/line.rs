//! The line to a server, between the socket and the parser.
//!
//! The parser takes what comes: a literal of any size, a line without end, brackets within brackets until the stack is full.
//! Here is what a server may say before we hang up. What passes is unchanged but for two things: a long `* SEARCH` is told as
//! several, which means the same and is read in linear time; and outside of literals, where protocol is ASCII, every other
//! octet becomes a question mark.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

/// Octets of a line. Answers to what we ask are a few hundred; RFC 7162, section 4, reckons with 8192.
const LONGEST_LINE: usize = 64 * 1024;
/// Octets of a literal: four times the largest piece of a message that is asked for.
pub(super) const LARGEST_LITERAL: u64 = 1024 * 1024;
/// Octets of one answer, its literals included: the parser begins again for every 4096 that it reads.
const LONGEST_ANSWER: u64 = LARGEST_LITERAL + 256 * 1024;
/// Octets of all answers to one command: over a million places of a mailbox.
const MOST_OCTETS: u64 = 16 * 1024 * 1024;
/// Lines of all answers to one command.
const MOST_LINES: u32 = 20_000;
/// Brackets open at once. The answers to what we ask have two.
const DEEPEST: u32 = 40;
/// A `* SEARCH` is told anew after so many octets.
const SEARCH_PART: usize = 2048;

const SEARCH: &[u8] = b"* SEARCH ";

/// Octets read from the socket at once.
const CHUNK: usize = 16 * 1024;

pub(super) struct Line<S> {
    stream: S,
    /// Read from the socket; what is before `taken` has been looked at.
    raw: Vec<u8>,
    taken: usize,
    /// Looked at, to be handed on.
    ready: Vec<u8>,
    handed_on: usize,
    state: State,
    octets: u64,
    lines: u32,
    /// Of the answer that is being read: its octets, and the brackets open in it.
    answer: u64,
    depth: u32,
}

/// Where in an answer the next octet stands.
enum State {
    Line(Current),
    /// So many octets of a literal are still to come.
    Literal(u64),
}

/// What is known of a line so far.
#[derive(Default)]
struct Current {
    length: usize,
    /// Since the beginning, or since `* SEARCH` was last told.
    since_told: usize,
    /// As long as the line may still be one.
    search: bool,
    literal: Literal,
}

/// How much of `{123}` or `{123+}` stands at the end of a line.
#[derive(Default, Clone, Copy)]
enum Literal {
    #[default]
    No,
    Open(u64),
    Closed(u64),
}

impl Current {
    fn new() -> Self {
        Self { search: true, ..Self::default() }
    }
}

impl<S> Line<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            raw: Vec::new(),
            taken: 0,
            ready: Vec::new(),
            handed_on: 0,
            state: State::Line(Current::new()),
            octets: 0,
            lines: 0,
            answer: 0,
            depth: 0,
        }
    }

    /// The socket, for a handshake; `None` when the server has said more than was asked.
    pub fn into_stream(self) -> Option<S> {
        (self.taken == self.raw.len() && self.handed_on == self.ready.len()).then_some(self.stream)
    }

    /// Looks at what was read, and makes ready what may be handed on.
    fn look(&mut self) -> io::Result<()> {
        while self.taken < self.raw.len() && self.ready.len() < CHUNK {
            if let State::Literal(left) = &mut self.state {
                let rest = &self.raw[self.taken..];
                let whole = usize::try_from(*left).unwrap_or(usize::MAX);
                let part = &rest[..rest.len().min(whole).min(CHUNK)];
                self.ready.extend_from_slice(part);
                self.taken += part.len();
                *left -= part.len() as u64;
                self.answer += part.len() as u64;
                if *left == 0 {
                    // The line goes on; it is no search any more.
                    self.state = State::Line(Current::default());
                }
                continue;
            }
            let octet = self.raw[self.taken];
            self.taken += 1;
            self.octet(octet)?;
        }
        Ok(())
    }

    /// One octet of a line.
    fn octet(&mut self, octet: u8) -> io::Result<()> {
        let State::Line(line) = &mut self.state else { return Ok(()) };
        if octet == b'\n' {
            self.lines += 1;
            if self.lines > MOST_LINES {
                return Err(beyond("the server's answer has no end"));
            }
            self.ready.push(octet);
            self.state = match line.literal {
                Literal::Closed(0) => State::Line(Current::default()),
                Literal::Closed(size) if size > LARGEST_LITERAL => {
                    return Err(beyond("the server announces more than was asked for"));
                }
                Literal::Closed(size) => State::Literal(size),
                Literal::No | Literal::Open(_) => {
                    (self.answer, self.depth) = (0, 0);
                    State::Line(Current::new())
                }
            };
            return Ok(());
        }
        line.search &= SEARCH.get(line.length).is_none_or(|wanted| wanted.eq_ignore_ascii_case(&octet));
        line.length += 1;
        line.since_told += 1;
        line.literal = match (line.literal, octet) {
            (_, b'{') => Literal::Open(0),
            (Literal::Open(size), b'0'..=b'9') => {
                Literal::Open(size.saturating_mul(10).saturating_add(u64::from(octet - b'0')))
            }
            (Literal::Open(size), b'+') => Literal::Open(size),
            (Literal::Open(size), b'}') => Literal::Closed(size),
            (Literal::Closed(size), b'\r') => Literal::Closed(size),
            _ => Literal::No,
        };
        self.depth = match octet {
            b'(' => self.depth + 1,
            b')' => self.depth.saturating_sub(1),
            _ => self.depth,
        };
        if self.depth > DEEPEST {
            return Err(beyond("the server's answer is too deep"));
        }
        let is_search = line.search && line.length > SEARCH.len();
        if line.length > LONGEST_LINE && !is_search {
            return Err(beyond("the server's line has no end"));
        }
        self.answer += u64::from(!is_search);
        if self.answer > LONGEST_ANSWER {
            return Err(beyond("the server's answer has no end"));
        }
        if is_search && octet == b' ' && line.since_told >= SEARCH_PART {
            self.ready.extend_from_slice(b"\r\n");
            self.ready.extend_from_slice(SEARCH);
            line.since_told = 0;
            return Ok(());
        }
        if is_search && !octet.is_ascii_digit() && !b" \r".contains(&octet) {
            line.search = false;
        }
        self.ready.push(if (b' '..=b'~').contains(&octet) || b"\t\r".contains(&octet) { octet } else { b'?' });
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> Line<S> {
    /// Makes something ready; false at the end of the stream.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            if self.handed_on < self.ready.len() {
                return Poll::Ready(Ok(true));
            }
            self.ready.clear();
            self.handed_on = 0;
            self.look()?;
            if !self.ready.is_empty() {
                continue;
            }
            self.raw.resize(CHUNK, 0);
            self.taken = self.raw.len();
            let mut buffer = ReadBuf::new(&mut self.raw);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            let filled = buffer.filled().len();
            self.raw.truncate(filled);
            self.taken = 0;
            read?;
            if filled == 0 {
                return Poll::Ready(Ok(false));
            }
            self.octets += filled as u64;
            if self.octets > MOST_OCTETS {
                return Poll::Ready(Err(beyond("the server's answer has no end")));
            }
        }
    }

    /// One line, read by hand, without CRLF: before the handshake, and the greeting.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            if !poll_fn(|cx| self.poll_ready(cx)).await? {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
            }
            let octet = self.ready[self.handed_on];
            self.handed_on += 1;
            match octet {
                b'\n' => break,
                _ => line.push(octet),
            }
        }
        Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
    }
}

impl<S: AsyncWrite + Unpin> Line<S> {
    /// Says one line, given without CRLF.
    pub async fn say(&mut self, line: &str) -> io::Result<()> {
        self.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.flush().await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !ready!(this.poll_ready(cx))? {
            return Poll::Ready(Ok(()));
        }
        let rest = &this.ready[this.handed_on..];
        let part = &rest[..rest.len().min(buf.remaining())];
        buf.put_slice(part);
        this.handed_on += part.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.octets = 0;
        this.lines = 0;
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The parser asks for it; nothing of what was said is shown.
impl<S> std::fmt::Debug for Line<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

/// [`io::ErrorKind::InvalidData`] with words of our own, to be shown as they are.
fn beyond(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn passed(said: &[u8]) -> io::Result<Vec<u8>> {
        let mut line = Line::new(said);
        let mut all = Vec::new();
        line.read_to_end(&mut all).await?;
        Ok(all)
    }

    async fn check(said: &[u8]) {
        assert_eq!(passed(said).await.unwrap(), said);
    }

    #[tokio::test]
    async fn what_a_server_says_passes_unchanged() {
        check(b"* OK ready\r\n* 1 EXISTS\r\na1 OK done\r\n").await;
        check(b"* 1 FETCH (UID 7 BODY[]<0> {6}\r\n\xff\n(((\x1b FLAGS ())\r\na1 OK done\r\n").await;
        check(b"* 1 FETCH (BODY[] {0}\r\n)\r\n").await;
        check(b"* SEARCH\r\n* SEARCH 1 2 3 \r\n").await;
        let large = [b"* 1 FETCH (BODY[] {100000}\r\n".as_slice(), &[b'('; 100_000], b")\r\n"].concat();
        check(&large).await;
    }

    #[tokio::test]
    async fn what_is_no_ascii_becomes_a_question_mark_outside_of_messages() {
        let passed = passed(b"* OK [ALERT]\xc3\xa9 \x1b]0;x\x07\r\n").await.unwrap();
        assert_eq!(passed, b"* OK [ALERT]?? ?]0;x?\r\n");
    }

    #[tokio::test]
    async fn a_long_search_is_told_in_parts() {
        let numbers: Vec<String> = (1..=200_000).map(|n| n.to_string()).collect();
        let said = format!("* SEARCH {}\r\na1 OK done\r\n", numbers.join(" "));
        let passed = String::from_utf8(passed(said.as_bytes()).await.unwrap()).unwrap();
        let (search, done) = passed.split_at(passed.len() - "a1 OK done\r\n".len());
        assert_eq!(done, "a1 OK done\r\n");
        assert!(search.lines().all(|line| line.len() < 4000 && line.starts_with("* SEARCH ")));
        let found: Vec<&str> = search.lines().flat_map(|line| line["* SEARCH ".len()..].split(' ')).collect();
        assert_eq!(found, numbers);
    }

    #[tokio::test]
    async fn a_server_that_would_fill_the_memory_or_the_stack_is_left() {
        let refused = async |said: &[u8]| passed(said).await.err().map(|e| e.to_string());
        let announces = Some("the server announces more than was asked for".to_owned());
        assert_eq!(refused(b"* 1 FETCH (BODY[] {4294967296}\r\nx").await, announces);
        assert_eq!(refused(b"* 1 FETCH (BODY[] {99999999999999999999999999+}\r\nx").await, announces);
        assert_eq!(refused(&[b'x'; 2 * LONGEST_LINE]).await.as_deref(), Some("the server's line has no end"));
        let flood = "* 1 EXISTS\r\n".repeat(20_001);
        assert_eq!(refused(flood.as_bytes()).await.as_deref(), Some("the server's answer has no end"));
        let endless = format!("* SEARCH{}", " 4294967295".repeat(1_600_000));
        assert_eq!(refused(endless.as_bytes()).await.as_deref(), Some("the server's answer has no end"));
        let deep = format!("* 1 FETCH (BODYSTRUCTURE {}", "(".repeat(1000));
        assert_eq!(refused(deep.as_bytes()).await.as_deref(), Some("the server's answer is too deep"));
        let deep = format!("* 1 FETCH (BODYSTRUCTURE {}", "({0}\r\n".repeat(1000));
        assert_eq!(refused(deep.as_bytes()).await.as_deref(), Some("the server's answer is too deep"));
        let long = format!("* 1 FETCH ({}", format!("BODY[] {{60000}}\r\n{}", "x".repeat(60_000)).repeat(30));
        assert_eq!(refused(long.as_bytes()).await.as_deref(), Some("the server's answer has no end"));
    }
}
