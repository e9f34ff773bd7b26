//! An IMAP server on loopback that does what its script says, and remembers everything it was told.
//!
//! It runs on a thread of its own, so that the program under test may be this process or another.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::smtp_server::Identity;

pub const USER: &str = "outreach";
pub const PASSWORD: &str = "correct horse";

/// Where in the dialogue a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    StartTls,
    SignIn,
    Examine,
    Search,
    Fetch,
    Append,
    /// After the literal of an APPEND.
    Content,
}

#[derive(Debug, Clone)]
pub enum Act {
    /// Says this, octet by octet, in place of the usual; `TAG` stands for the command's.
    Say(Vec<u8>),
    /// Says it and hangs up.
    SayAndDrop(Vec<u8>),
    /// Waits before the usual.
    Wait(Duration),
    /// Does the usual, and hangs up before it says so.
    DoAndDrop,
    /// Says this before the usual.
    Before(Vec<u8>),
}

#[derive(Debug, Clone)]
struct Rule {
    step: Step,
    act: Act,
    times: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Stored {
    pub uid: u32,
    pub octets: Vec<u8>,
    /// As in INTERNALDATE and SEARCH: `05-Feb-2018`.
    pub day: &'static str,
    /// What RFC822.SIZE says, if not the truth.
    pub claimed: Option<u64>,
}

/// Everything the server knows, to be looked at and changed at any time.
#[derive(Debug)]
pub struct State {
    pub messages: Vec<Stored>,
    pub validity: u32,
    pub uid_next: Option<u32>,
    /// With the rest of the command: `"Sent" (\Seen) "05-Feb-2018 …"`.
    pub appended: Vec<(String, Vec<u8>)>,
    /// Folders that can be opened, as IMAP writes them.
    pub folders: Vec<String>,
    /// Every line the client said.
    pub lines: Vec<String>,
    /// Lines of the client that were not encrypted.
    pub in_the_clear: Vec<String>,
    pub sessions: usize,
    rules: Vec<Rule>,
}

impl State {
    pub fn on(&mut self, step: Step, act: Act) -> &mut Self {
        self.rules.push(Rule { step, act, times: None });
        self
    }

    /// Limits the last rule.
    pub fn times(&mut self, times: u32) -> &mut Self {
        self.rules.last_mut().unwrap().times = Some(times);
        self
    }

    pub fn forget_rules(&mut self) {
        self.rules.clear();
    }

    pub fn message(&mut self, uid: u32, day: &'static str, octets: &[u8]) {
        self.messages.push(Stored { uid, octets: octets.to_vec(), day, claimed: None });
    }

    fn act(&mut self, step: Step) -> Option<Act> {
        let rule = self.rules.iter_mut().find(|rule| rule.step == step && rule.times != Some(0))?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(rule.act.clone())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    Implicit,
    Starttls,
}

/// Stops when dropped.
pub struct ImapServer {
    pub addr: SocketAddr,
    /// For `ca_file`; the certificate is for `localhost`.
    pub identity: Identity,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl ImapServer {
    pub fn start(cover: Cover) -> Self {
        let identity = Identity::for_host("localhost");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            messages: Vec::new(),
            validity: 7,
            uid_next: None,
            appended: Vec::new(),
            folders: vec!["INBOX".to_owned(), "Sent".to_owned()],
            lines: Vec::new(),
            in_the_clear: Vec::new(),
            sessions: 0,
            rules: Vec::new(),
        }));
        let (stop, stopped) = oneshot::channel();
        let (served, acceptor) = (Arc::clone(&state), TlsAcceptor::from(identity.config()));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! { () = accept(listener, cover, served, acceptor) => {}, _ = stopped => {} }
            });
        });
        Self { addr, identity, state, stop: Some(stop), thread: Some(thread) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The commands of all sessions, each without its tag and what follows its name.
    pub fn commands(&self) -> Vec<String> {
        let name = |line: &String| {
            let words: Vec<&str> = line.split(' ').skip(1).collect();
            let two = words.first() == Some(&"UID");
            words.into_iter().take(if two { 2 } else { 1 }).collect::<Vec<_>>().join(" ")
        };
        self.state().lines.iter().map(name).collect()
    }
}

impl Drop for ImapServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, cover: Cover, state: Arc<Mutex<State>>, acceptor: TlsAcceptor) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (state, acceptor) = (Arc::clone(&state), acceptor.clone());
        tokio::spawn(async move {
            state.lock().unwrap().sessions += 1;
            let _ = tcp.set_nodelay(true);
            let line = BufReader::new(Box::new(tcp) as Box<dyn Stream>);
            let mut dialogue = Dialogue { state, acceptor, line, encrypted: false, signed_in: false };
            if cover == Cover::Implicit {
                dialogue = match dialogue.encrypt().await {
                    Ok(dialogue) => dialogue,
                    Err(End) => return,
                };
            }
            // An error is somebody hanging up.
            let _ = dialogue.run().await;
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct End;

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Dialogue {
    state: Arc<Mutex<State>>,
    acceptor: TlsAcceptor,
    line: BufReader<Box<dyn Stream>>,
    encrypted: bool,
    signed_in: bool,
}

impl Dialogue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn run(mut self) -> Result<(), End> {
        self.answer(Step::Greeting, "*", |_| b"* OK [CAPABILITY IMAP4rev1] ready\r\n".to_vec()).await?;
        loop {
            let said = self.hear().await?;
            let (tag, rest) = said.split_once(' ').unwrap_or((said.as_str(), ""));
            let tag = tag.to_owned();
            let upper = rest.to_ascii_uppercase();
            let simple = |text: &str| format!("{tag} {text}\r\n").into_bytes();
            if upper == "STARTTLS" {
                let going = self.answer(Step::StartTls, &tag, |_| simple("OK go ahead")).await?;
                if going {
                    self = self.encrypt().await?;
                }
            } else if upper.starts_with("LOGIN ") {
                let right = rest[6..] == format!("\"{USER}\" \"{PASSWORD}\"");
                let usual = if right { "OK signed in" } else { "NO [AUTHENTICATIONFAILED] wrong name or password" };
                self.signed_in = self.answer(Step::SignIn, &tag, |_| simple(usual)).await? && right;
            } else if upper == "LOGOUT" {
                self.say(&simple("OK bye")).await?;
                return Err(End);
            } else if !self.signed_in {
                self.say(&simple("BAD sign in first")).await?;
            } else if upper.starts_with("EXAMINE ") {
                let folder = rest[8..].trim_matches('"').to_owned();
                self.answer(Step::Examine, &tag, |state| examined(state, &tag, &folder)).await?;
            } else if upper.starts_with("UID SEARCH") {
                let wanted = rest[10..].to_owned();
                self.answer(Step::Search, &tag, |state| searched(state, &tag, &wanted)).await?;
            } else if upper.starts_with("UID FETCH ") {
                let wanted = rest[10..].to_owned();
                self.answer(Step::Fetch, &tag, |state| fetched(state, &tag, &wanted)).await?;
            } else if upper.starts_with("APPEND ") {
                let (about, size) = rest[7..].trim_end_matches('}').rsplit_once(" {").unwrap();
                let (about, size) = (about.to_owned(), size.parse().unwrap());
                let folder = about.split('"').nth(1).unwrap_or_default().to_owned();
                let there = self.state().folders.contains(&folder);
                let usual = if there { b"+ ready\r\n".to_vec() } else { simple("NO [TRYCREATE] no such folder") };
                if self.answer(Step::Append, &tag, |_| usual).await? && there {
                    let mut octets = vec![0; size];
                    self.line.read_exact(&mut octets).await?;
                    let mut end = String::new();
                    self.line.read_line(&mut end).await?;
                    assert_eq!(end, "\r\n");
                    let done = |state: &mut State| {
                        state.appended.push((about, octets));
                        simple("OK appended")
                    };
                    self.answer(Step::Content, &tag, done).await?;
                }
            } else {
                self.say(&simple("BAD what?")).await?;
            }
        }
    }

    /// The usual, unless a rule says otherwise; false when something else was said in its place.
    async fn answer(&mut self, step: Step, tag: &str, usual: impl FnOnce(&mut State) -> Vec<u8>) -> Result<bool, End> {
        let act = self.state().act(step);
        let tagged = |octets: &[u8]| {
            let mut out = Vec::new();
            let mut rest = octets;
            while let Some(at) = rest.windows(3).position(|three| three == b"TAG") {
                out.extend_from_slice(&rest[..at]);
                out.extend_from_slice(tag.as_bytes());
                rest = &rest[at + 3..];
            }
            out.extend_from_slice(rest);
            out
        };
        match act {
            None => {}
            Some(Act::Before(octets)) => self.say(&tagged(&octets)).await?,
            Some(Act::Wait(time)) => tokio::time::sleep(time).await,
            Some(Act::Say(octets)) => {
                self.say(&tagged(&octets)).await?;
                // STARTTLS: whoever says OK means it.
                return Ok(step == Step::StartTls && octets.starts_with(b"TAG OK"));
            }
            Some(Act::SayAndDrop(octets)) => {
                self.say(&tagged(&octets)).await?;
                self.line.shutdown().await?;
                return Err(End);
            }
            Some(Act::DoAndDrop) => {
                let _unsaid = usual(&mut self.state());
                self.line.shutdown().await?;
                return Err(End);
            }
        }
        let octets = usual(&mut self.state());
        self.say(&octets).await?;
        Ok(true)
    }

    async fn say(&mut self, octets: &[u8]) -> Result<(), End> {
        self.line.write_all(octets).await?;
        Ok(self.line.flush().await?)
    }

    async fn hear(&mut self) -> Result<String, End> {
        let mut line = Vec::new();
        if self.line.read_until(b'\n', &mut line).await? == 0 {
            return Err(End);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let clear = !self.encrypted;
        let mut state = self.state();
        if clear {
            state.in_the_clear.push(line.clone());
        }
        state.lines.push(line.clone());
        drop(state);
        Ok(line)
    }

    async fn encrypt(self) -> Result<Self, End> {
        let tls = self.acceptor.accept(self.line.into_inner()).await?;
        Ok(Self { line: BufReader::new(Box::new(tls)), encrypted: true, ..self })
    }
}

fn examined(state: &mut State, tag: &str, folder: &str) -> Vec<u8> {
    if !state.folders.iter().any(|known| known == folder) {
        return format!("{tag} NO [NONEXISTENT] no such folder\r\n").into_bytes();
    }
    let next = state.uid_next.unwrap_or_else(|| state.messages.iter().map(|m| m.uid).max().unwrap_or(0) + 1);
    format!(
        "* {} EXISTS\r\n* OK [UIDVALIDITY {}] valid\r\n* OK [UIDNEXT {next}] next\r\n{tag} OK [READ-ONLY] examined\r\n",
        state.messages.len(),
        state.validity,
    )
    .into_bytes()
}

fn searched(state: &mut State, tag: &str, wanted: &str) -> Vec<u8> {
    let mut found: Vec<u32> = state.messages.iter().map(|m| m.uid).collect();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    for pair in words.windows(2) {
        match pair {
            ["UID", range] => {
                let from: u32 = range.trim_end_matches(":*").parse().unwrap();
                let last = found.last().copied();
                found.retain(|uid| *uid >= from);
                // As the standard has it: the last one always.
                if found.is_empty() {
                    found.extend(last);
                }
            }
            ["SINCE", day] => {
                let since = civil(day);
                let messages = &state.messages;
                found.retain(|uid| messages.iter().any(|m| m.uid == *uid && civil(m.day) >= since));
            }
            ["Message-ID", id] => {
                let id = id.trim_matches('"');
                let has = |octets: &[u8]| String::from_utf8_lossy(octets).contains(id);
                found = state.appended.iter().zip(1..).filter(|((_, m), _)| has(m)).map(|(_, n)| n).collect();
            }
            _ => {}
        }
    }
    // Newest first, in two answers: no order is promised.
    found.reverse();
    let text = |uids: &[u32]| uids.iter().map(|uid| format!(" {uid}")).collect::<String>();
    let (one, two) = found.split_at(found.len() / 2);
    format!("* SEARCH{}\r\n* SEARCH{}\r\n{tag} OK searched\r\n", text(one), text(two)).into_bytes()
}

fn civil(day: &str) -> (u32, usize, u32) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = day.split('-').collect();
    let month = MONTHS.iter().position(|month| *month == parts[1]).unwrap();
    (parts[2].parse().unwrap(), month, parts[0].parse().unwrap())
}

fn fetched(state: &mut State, tag: &str, wanted: &str) -> Vec<u8> {
    let (uid, items) = wanted.split_once(' ').unwrap();
    let uid: u32 = uid.parse().unwrap();
    let mut out = Vec::new();
    if let Some(index) = state.messages.iter().position(|m| m.uid == uid) {
        let message = &state.messages[index];
        let range = items.split_once("BODY.PEEK[]<").unwrap().1.split('>').next().unwrap();
        let (offset, length) = range.split_once('.').unwrap();
        let (offset, length): (usize, usize) = (offset.parse().unwrap(), length.parse().unwrap());
        let begin = offset.min(message.octets.len());
        let piece = &message.octets[begin..message.octets.len().min(begin + length)];
        let size = message.claimed.unwrap_or(message.octets.len() as u64);
        let about = format!(
            "* {} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE \"{} 08:30:00 +0000\" BODY[]<{offset}> {{{}}}\r\n",
            index + 1,
            message.day,
            piece.len()
        );
        out = [about.as_bytes(), piece, b")\r\n"].concat();
    }
    out.extend_from_slice(format!("{tag} OK fetched\r\n").as_bytes());
    out
}
