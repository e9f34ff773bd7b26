//! From nothing to a server that waits for MAIL FROM.

use std::sync::atomic::{AtomicBool, Ordering};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::channel::Channel;
use super::failure::{Failure, Trouble, reply_of, within};
use super::session::{Session, done};
use super::settings::{Security, Settings};
use crate::adapters::dial::{Reach, dial};
use crate::adapters::tls::Tls;
use crate::delivery::{Phase, Reply};

/// Settings that have been checked, and what was made of them.
pub(super) struct Account {
    pub settings: Settings,
    /// Present unless `security` is none.
    pub tls: Option<Tls>,
    /// The server offered groups of commands and then stumbled over one: from then on it hears one at a time.
    pub stumbles: AtomicBool,
}

/// Whether anybody on the way can read along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    Plain,
    Encrypted,
}

impl Account {
    /// Connects, protects the line, says EHLO, and signs in.
    pub async fn open(&self) -> Result<Session, Failure> {
        let tcp = self.dial().await?;
        let peer = tcp.peer_addr().map_err(|e| Failure { phase: Phase::Connect, trouble: e.into() })?;
        match self.settings.security {
            Security::None => {
                let mut line = Channel::new(tcp, peer);
                self.greeting(&mut line).await?;
                self.sign_in(line, Cover::Plain).await
            }
            Security::Tls => {
                let mut line = Channel::new(self.handshake(tcp).await?, peer);
                self.greeting(&mut line).await?;
                self.sign_in(line, Cover::Encrypted).await
            }
            Security::Starttls => {
                let mut line = Channel::new(tcp, peer);
                self.greeting(&mut line).await?;
                let tcp = self.starttls(line).await?;
                let line = Channel::new(self.handshake(tcp).await?, peer);
                self.sign_in(line, Cover::Encrypted).await
            }
        }
    }

    async fn dial(&self) -> Result<TcpStream, Failure> {
        let Settings { host, port, timeout, security, .. } = &self.settings;
        let reach = if *security == Security::None { Reach::Loopback } else { Reach::Anywhere };
        dial(host, *port, *timeout, reach).await.map_err(|why| Failure::line(Phase::Connect, why))
    }

    async fn greeting<S: AsyncRead + Unpin>(&self, line: &mut Channel<S>) -> Result<(), Failure> {
        let reply = within(self.settings.timeout, Phase::Greeting, line.reply()).await?;
        expect(Phase::Greeting, reply, 220)
    }

    /// RFC 3207, spoken by hand: lettre keeps what it has read across the handshake, so that an answer slipped in before it
    /// would be believed after it.
    async fn starttls(&self, mut line: Channel<TcpStream>) -> Result<TcpStream, Failure> {
        let Settings { hello_name, timeout, .. } = &self.settings;
        let (code, offered) = within(*timeout, Phase::Hello, line.ask(&format!("EHLO {hello_name}"))).await?;
        expect(Phase::Hello, Reply::new(code, &offered.join("\n")), 250)?;
        if !offered.iter().any(|keyword| keyword.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Failure::line(Phase::Tls, "the server does not offer STARTTLS; nothing is sent in the clear"));
        }
        let (code, words) = within(*timeout, Phase::Tls, line.ask("STARTTLS")).await?;
        if code != 220 {
            let reply = Reply::new(code, &words.join("\n"));
            return Err(Failure::line(Phase::Tls, format!("the server refuses STARTTLS: {reply}")));
        }
        line.into_stream().ok_or_else(|| Failure::line(Phase::Tls, "the server spoke before the handshake"))
    }

    async fn handshake(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let Some(Tls { connector, host }) = &self.tls else {
            return Err(Failure::line(Phase::Tls, "TLS is not set up"));
        };
        within(self.settings.timeout, Phase::Tls, connector.connect(host.clone(), tcp)).await
    }

    async fn sign_in<S>(&self, mut line: Channel<S>, cover: Cover) -> Result<Session, Failure>
    where
        S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    {
        let Settings { hello_name, timeout, credentials, .. } = &self.settings;
        line.repeat_greeting();
        let offers_groups = line.offers_groups();
        let hello = ClientId::Domain(hello_name.clone());
        let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello);
        let mut smtp = within(*timeout, Phase::Hello, connecting).await?;
        // What later lines say of it is no offer.
        let takes_groups = offers_groups.load(Ordering::Relaxed) && !self.stumbles.load(Ordering::Relaxed);
        let Some((username, password)) = credentials else { return Ok(Session::new(smtp, takes_groups)) };
        if cover == Cover::Plain {
            return Err(Failure::line(Phase::Auth, "a password is never sent without TLS"));
        }
        // lettre wants its own copy of the password; it lives as long as this block.
        let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
        let answer =
            within(*timeout, Phase::Auth, smtp.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await;
        let signed_in = answer.and_then(|answer| done(Phase::Auth, reply_of(&answer)));
        signed_in.map_err(|failure| failure.unsaying(password.expose_secret()))?;
        Ok(Session::new(smtp, takes_groups))
    }
}

fn expect(phase: Phase, reply: Reply, code: u16) -> Result<(), Failure> {
    if reply.code == code { Ok(()) } else { Err(Failure { phase, trouble: Trouble::from(reply) }) }
}
