//! A mail server on loopback that does what its script says, and remembers everything it was told.
//!
//! It runs on a thread of its own, so that the program under test may be this process or another.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Where in the dialogue a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The greeting.
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The answer after the final dot.
    Content,
    Rset,
    /// After a letter's last answer, before the next command.
    Idle,
    Quit,
}

#[derive(Debug, Clone)]
pub enum Act {
    /// Says this instead of the usual; lines are separated by CRLF. After the final dot, 2yz means taken.
    Reply(String),
    /// The same, octet by octet, CRLF included; after the final dot: not taken.
    Raw(Vec<u8>),
    /// Says it and hangs up.
    ReplyAndDrop(String),
    /// Hangs up without a word; after the final dot: not taken.
    Drop,
    /// After the final dot: takes the letter, then hangs up without a word.
    TakeAndDrop,
    /// After the final dot: takes the letter, says half of a 250 and hangs up.
    Half,
    /// Waits, then does the usual; after the final dot: has taken it before.
    Delay(Duration),
    /// Does the usual, and forgets the commands that came along with this one.
    Forget,
}

#[derive(Debug, Clone)]
struct Rule {
    step: Step,
    address: Option<String>,
    act: Act,
    times: Option<u32>,
}

/// How the line is protected.
#[derive(Clone)]
pub enum Cover {
    Plain,
    Starttls(Identity),
    Implicit(Identity),
}

/// A self-signed certificate with its key.
#[derive(Clone)]
pub struct Identity {
    /// For `ca_file`.
    pub certificate_pem: String,
    pub key_pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub fn for_host(host: &str) -> Self {
        Self::for_years(host, 1975, 4096)
    }

    /// Valid from the first day of one year to the first of another.
    pub fn for_years(host: &str, from: i32, until: i32) -> Self {
        let mut asked = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        asked.not_before = rcgen::date_time_ymd(from, 1, 1);
        asked.not_after = rcgen::date_time_ymd(until, 1, 1);
        let pair = rcgen::KeyPair::generate().unwrap();
        let made = asked.self_signed(&pair).unwrap();
        let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key)
            .unwrap();
        Self { certificate_pem: made.pem(), key_pem: pair.serialize_pem(), config: Arc::new(config) }
    }

    /// For a server of another protocol.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

/// What the server does. The first rule that fits and has not run out applies.
#[derive(Clone)]
pub struct Script {
    cover: Cover,
    account: Option<(String, String)>,
    mechanisms: &'static str,
    groups: Groups,
    rules: Vec<Rule>,
    judge: Option<Judge>,
}

/// Whether the server offers to take several commands at once (RFC 2920).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Groups {
    No,
    Offered,
    /// Only before the handshake, where anybody on the way may have said it.
    OfferedInTheClear,
}

/// Decides about a letter after its final dot: its Message-ID, and how often it was offered, this time included.
type Judge = Arc<dyn Fn(&str, usize) -> Option<Act> + Send + Sync>;

impl Script {
    /// Takes everything, in the clear.
    pub fn plain() -> Self {
        Self::with(Cover::Plain)
    }

    pub fn starttls(identity: &Identity) -> Self {
        Self::with(Cover::Starttls(identity.clone()))
    }

    pub fn implicit_tls(identity: &Identity) -> Self {
        Self::with(Cover::Implicit(identity.clone()))
    }

    fn with(cover: Cover) -> Self {
        Self { cover, account: None, mechanisms: "PLAIN LOGIN", groups: Groups::No, rules: Vec::new(), judge: None }
    }

    /// Offers AUTH, with or without TLS, and takes no letter without it.
    pub fn account(mut self, user: &str, password: &str) -> Self {
        self.account = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// As announced after EHLO: "PLAIN LOGIN" unless told otherwise.
    pub fn mechanisms(mut self, mechanisms: &'static str) -> Self {
        self.mechanisms = mechanisms;
        self
    }

    pub fn pipelining(mut self) -> Self {
        self.groups = Groups::Offered;
        self
    }

    pub fn pipelining_in_the_clear(mut self) -> Self {
        self.groups = Groups::OfferedInTheClear;
        self
    }

    pub fn on(mut self, step: Step, act: Act) -> Self {
        self.rules.push(Rule { step, address: None, act, times: None });
        self
    }

    /// Judges every letter by itself after its final dot; `None` is the usual.
    pub fn judging(mut self, judge: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static) -> Self {
        self.judge = Some(Arc::new(judge));
        self
    }

    /// Answers every RCPT TO of one address so.
    pub fn on_rcpt(mut self, address: &str, reply: &str) -> Self {
        let act = Act::Reply(reply.to_owned());
        self.rules.push(Rule { step: Step::Rcpt, address: Some(address.to_owned()), act, times: None });
        self
    }

    /// Limits the last rule.
    pub fn times(mut self, times: u32) -> Self {
        self.rules.last_mut().unwrap().times = Some(times);
        self
    }

    fn next_act(&mut self, step: Step, address: Option<&str>) -> Option<Act> {
        let fits = |rule: &&mut Rule| {
            rule.step == step
                && rule.times != Some(0)
                && rule.address.as_deref().is_none_or(|a| address.is_some_and(|b| a.eq_ignore_ascii_case(b)))
        };
        let rule = self.rules.iter_mut().find(fits)?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(rule.act.clone())
    }
}

/// A letter that the server took, whether or not it said so.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Index into [`SmtpServer::sessions`].
    pub session: usize,
    pub from: String,
    /// RCPT TO that were accepted, in order.
    pub to: Vec<String>,
    /// The octets, dot-stuffing undone.
    pub data: Vec<u8>,
    pub at: Instant,
}

/// A letter whose final dot was heard, taken or not: the ledger.
#[derive(Debug, Clone)]
pub struct Heard {
    pub message_id: String,
    pub taken: bool,
    /// Whether the client was to be told what came of it.
    pub answered: bool,
    pub to: Vec<String>,
    pub at: Instant,
}

/// One connection.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Every line the client said, letters excepted.
    pub lines: Vec<String>,
    pub encrypted: bool,
    pub signed_in: bool,
    /// Commands that came before the one before them was answered.
    pub ahead: usize,
}

struct State {
    script: Script,
    taken: Vec<Taken>,
    heard: Vec<Heard>,
    offered: HashMap<String, usize>,
    sessions: Vec<Session>,
    open: usize,
    most_at_once: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }
}

/// Stops when dropped.
pub struct SmtpServer {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SmtpServer {
    pub fn start(script: Script) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = State {
            script,
            taken: Vec::new(),
            heard: Vec::new(),
            offered: HashMap::new(),
            sessions: Vec::new(),
            open: 0,
            most_at_once: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! { () = accept(listener, served) => {}, _ = stopped => {} }
            });
        });
        Self { addr, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    pub fn messages(&self) -> Vec<Taken> {
        self.shared.lock().taken.clone()
    }

    /// Every letter that was offered to its end, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.lock().heard.clone()
    }

    pub fn sessions(&self) -> Vec<Session> {
        self.shared.lock().sessions.clone()
    }

    /// The largest number of connections that were open together.
    pub fn most_at_once(&self) -> usize {
        self.shared.lock().most_at_once
    }

    /// From the next command of every connection on.
    pub fn set_script(&self, script: Script) {
        self.shared.change(|state| state.script = script);
    }

    /// Waits until `count` letters have been taken.
    pub fn wait_for(&self, count: usize) -> Vec<Taken> {
        let limit = Duration::from_secs(30);
        let few = |state: &mut State| state.taken.len() < count;
        let (state, waited) = self.shared.changed.wait_timeout_while(self.shared.lock(), limit, few).unwrap();
        assert!(!waited.timed_out(), "{} of {count} letters came within {limit:?}", state.taken.len());
        state.taken.clone()
    }

    /// All lines of all sessions.
    pub fn transcript(&self) -> Vec<String> {
        self.sessions().into_iter().flat_map(|session| session.lines).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let number = shared.change(|state| {
                state.open += 1;
                state.most_at_once = state.most_at_once.max(state.open);
                state.sessions.push(Session::default());
                state.sessions.len() - 1
            });
            let _ = tcp.set_nodelay(true);
            // An error is the client hanging up.
            let _ = Dialogue { shared: Arc::clone(&shared), number, line: BufReader::new(Box::new(tcp)) }.run().await;
            shared.change(|state| state.open -= 1);
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Dialogue {
    shared: Arc<Shared>,
    number: usize,
    line: BufReader<Box<dyn Stream>>,
}

/// Why the dialogue ends.
enum End {
    HungUp,
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::HungUp
    }
}

impl Dialogue {
    async fn run(mut self) -> Result<(), End> {
        let cover = self.shared.lock().script.cover.clone();
        if let Cover::Implicit(identity) = &cover {
            self = self.encrypt(identity).await?;
        }
        self.answer(Step::Connect, None, "220 loopback ESMTP").await?;
        let (mut from, mut to) = (String::new(), Vec::<String>::new());
        loop {
            let said = self.hear().await?;
            let verb = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let address = said.split_once('<').and_then(|(_, rest)| rest.split('>').next()).unwrap_or_default();
            match verb.as_str() {
                "EHLO" | "HELO" => {
                    let usual = self.capabilities(&cover);
                    self.answer(Step::Ehlo, None, &usual).await?;
                }
                "STARTTLS" => {
                    let reply = self.answer(Step::StartTls, None, "220 go ahead").await?;
                    if let (Cover::Starttls(identity), true) = (&cover, reply.starts_with('2')) {
                        self = self.encrypt(identity).await?;
                    }
                }
                "AUTH" => self.auth(&said).await?,
                "MAIL" => {
                    let signed_in = self.with_session(|s| s.signed_in);
                    let needs = self.shared.lock().script.account.is_some() && !signed_in;
                    let usual = if needs { "530 5.7.0 authentication required" } else { "250 2.1.0 ok" };
                    if self.answer(Step::Mail, Some(address), usual).await?.starts_with('2') {
                        (from, to) = (address.to_owned(), Vec::new());
                    }
                }
                "RCPT" => {
                    if self.answer(Step::Rcpt, Some(address), "250 2.1.5 ok").await?.starts_with('2') {
                        to.push(address.to_owned());
                    }
                }
                "DATA" if to.is_empty() => self.say("503 5.5.1 no recipients").await?,
                "DATA" => {
                    if self.answer(Step::Data, None, "354 go").await?.starts_with("354") {
                        let data = self.content().await?;
                        let envelope = (std::mem::take(&mut from), std::mem::take(&mut to));
                        self.judge(envelope, data).await?;
                        self.idle().await?;
                    }
                }
                "RSET" => {
                    self.answer(Step::Rset, None, "250 2.0.0 flushed").await?;
                    to.clear();
                }
                "QUIT" => {
                    self.answer(Step::Quit, None, "221 2.0.0 bye").await?;
                    return Ok(());
                }
                "NOOP" => self.say("250 2.0.0 ok").await?,
                _ => self.say("500 5.5.2 what?").await?,
            }
        }
    }

    fn capabilities(&self, cover: &Cover) -> String {
        let mut lines = vec!["loopback".to_owned(), "8BITMIME".to_owned()];
        if matches!(cover, Cover::Starttls(_)) && !self.with_session(|s| s.encrypted) {
            lines.push("STARTTLS".to_owned());
        }
        let encrypted = self.with_session(|s| s.encrypted);
        let script = &self.shared.lock().script;
        if script.groups == Groups::Offered || script.groups == Groups::OfferedInTheClear && !encrypted {
            lines.push("PIPELINING".to_owned());
        }
        if script.account.is_some() {
            lines.push(format!("AUTH {}", script.mechanisms));
        }
        let last = lines.len() - 1;
        let marked = |(i, line)| format!("250{}{line}", if i == last { ' ' } else { '-' });
        lines.iter().enumerate().map(marked).collect::<Vec<_>>().join("\r\n")
    }

    async fn auth(&mut self, said: &str) -> Result<(), End> {
        let (user, password) = self.shared.lock().script.account.clone().unwrap_or_default();
        let mut words = said.split(' ').skip(1);
        let right = match (words.next(), words.next()) {
            (Some("PLAIN"), Some(given)) => given == base64(format!("\0{user}\0{password}").as_bytes()),
            (Some("LOGIN"), None) => {
                self.say("334 VXNlcm5hbWU6").await?;
                let name = self.hear().await?;
                self.say("334 UGFzc3dvcmQ6").await?;
                let secret = self.hear().await?;
                name == base64(user.as_bytes()) && secret == base64(password.as_bytes())
            }
            _ => false,
        };
        let usual = if right { "235 2.7.0 welcome" } else { "535 5.7.8 wrong name or password" };
        let signed_in = self.answer(Step::Auth, None, usual).await?.starts_with('2');
        self.with_session(|s| s.signed_in = signed_in);
        Ok(())
    }

    /// Octets up to CRLF, dot, CRLF, strictly: a line feed alone ends nothing.
    async fn content(&mut self) -> Result<Vec<u8>, End> {
        let mut data: Vec<u8> = Vec::new();
        loop {
            let mut line = Vec::new();
            let at_line_start = data.is_empty() || data.ends_with(b"\r\n");
            if self.line.read_until(b'\n', &mut line).await? == 0 {
                return Err(End::HungUp);
            }
            match line.as_slice() {
                b".\r\n" if at_line_start => return Ok(data),
                [b'.', rest @ ..] if at_line_start => data.extend_from_slice(rest),
                whole => data.extend_from_slice(whole),
            }
        }
    }

    async fn judge(&mut self, (from, to): (String, Vec<String>), data: Vec<u8>) -> Result<(), End> {
        let message_id = message_id(&data);
        let act = self.shared.change(|state| {
            let times = state.offered.entry(message_id.clone()).or_default();
            *times += 1;
            let judged = state.script.judge.as_ref().and_then(|judge| judge(&message_id, *times));
            judged.or_else(|| state.script.next_act(Step::Content, None))
        });
        let takes = match &act {
            None | Some(Act::TakeAndDrop | Act::Half | Act::Delay(_) | Act::Forget) => true,
            Some(Act::Reply(text) | Act::ReplyAndDrop(text)) => text.starts_with('2'),
            Some(Act::Raw(_) | Act::Drop) => false,
        };
        let answered = matches!(&act, None | Some(Act::Reply(_) | Act::ReplyAndDrop(_) | Act::Raw(_) | Act::Delay(_)));
        let heard = Heard { message_id, taken: takes, answered, to: to.clone(), at: Instant::now() };
        self.shared.change(|state| state.heard.push(heard));
        if takes {
            let taken = Taken { session: self.number, from, to, data, at: Instant::now() };
            self.shared.change(|state| state.taken.push(taken));
        }
        self.perform(act, "250 2.0.0 queued as 42").await.map(drop)
    }

    async fn idle(&mut self) -> Result<(), End> {
        let act = self.shared.lock().script.next_act(Step::Idle, None);
        if act.is_some() { self.perform(act, "").await.map(drop) } else { Ok(()) }
    }

    /// Says the usual, or what the script wants; returns what was said.
    async fn answer(&mut self, step: Step, address: Option<&str>, usual: &str) -> Result<String, End> {
        let act = self.shared.lock().script.next_act(step, address);
        self.perform(act, usual).await
    }

    async fn perform(&mut self, act: Option<Act>, usual: &str) -> Result<String, End> {
        let text = match act {
            None => usual.to_owned(),
            Some(Act::Reply(text)) => text,
            Some(Act::Delay(time)) => {
                tokio::time::sleep(time).await;
                usual.to_owned()
            }
            Some(Act::Forget) => {
                let ahead = self.line.buffer().len();
                self.line.consume(ahead);
                usual.to_owned()
            }
            Some(Act::Raw(octets)) => {
                self.line.write_all(&octets).await?;
                self.line.flush().await?;
                return Ok(String::new());
            }
            Some(Act::ReplyAndDrop(text)) => {
                self.say(&text).await?;
                return self.hang_up().await;
            }
            Some(Act::Half) => {
                self.line.write_all(b"250 2.0").await?;
                return self.hang_up().await;
            }
            Some(Act::Drop | Act::TakeAndDrop) => return self.hang_up().await,
        };
        self.say(&text).await?;
        Ok(text)
    }

    async fn hang_up(&mut self) -> Result<String, End> {
        self.line.shutdown().await?;
        Err(End::HungUp)
    }

    async fn say(&mut self, text: &str) -> Result<(), End> {
        self.line.write_all(format!("{text}\r\n").as_bytes()).await?;
        Ok(self.line.flush().await?)
    }

    async fn hear(&mut self) -> Result<String, End> {
        let ahead = usize::from(!self.line.buffer().is_empty());
        let mut line = Vec::new();
        if self.line.read_until(b'\n', &mut line).await? == 0 {
            return Err(End::HungUp);
        }
        self.with_session(|s| s.ahead += ahead);
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        self.with_session(|s| s.lines.push(line.clone()));
        Ok(line)
    }

    fn with_session<T>(&self, change: impl FnOnce(&mut Session) -> T) -> T {
        self.shared.change(|state| change(&mut state.sessions[self.number]))
    }

    async fn encrypt(self, identity: &Identity) -> Result<Self, End> {
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
        let tls = acceptor.accept(self.line.into_inner()).await?;
        let same = Self { line: BufReader::new(Box::new(tls)), ..self };
        same.with_session(|s| s.encrypted = true);
        Ok(same)
    }
}

fn message_id(data: &[u8]) -> String {
    let head = String::from_utf8_lossy(&data[..data.len().min(16_384)]).into_owned();
    let found = head.lines().find_map(|line| line.strip_prefix("Message-ID:"));
    found.unwrap_or_default().trim().to_owned()
}

fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
