//! From nothing to a session that is signed in.

use async_imap::{Authenticator, Client};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::dialogue::{Dialogue, Stream, guarded};
use super::failure::{Trouble, Words, short};
use super::line::Line;
use super::settings::{Security, Settings};
use crate::adapters::dial::{Reach, dial};
use crate::adapters::tls::{Tls, TlsError};
use crate::ports::MailboxFault;

/// Settings, and what a handshake needs.
pub(super) struct Account {
    pub settings: Settings,
    tls: Tls,
}

impl Account {
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        let tls = Tls::new(&settings.host, settings.extra_roots.as_deref())?;
        Ok(Self { settings, tls })
    }

    /// Connects, protects the line, hears the greeting, signs in.
    pub async fn open(&self) -> Result<Dialogue, MailboxFault> {
        let Settings { host, port, timeout, security, .. } = &self.settings;
        let away = |trouble: Trouble| trouble.away(host);
        let tcp = dial(host, *port, *timeout, Reach::Anywhere).await.map_err(|why| away(Trouble::Line(why)))?;
        let line = match security {
            Security::Tls => {
                let mut line = Line::new(self.handshake(tcp).await?);
                guarded(*timeout, greeting(&mut line)).await.map_err(away)?;
                line
            }
            Security::Starttls => {
                let mut line = Line::new(tcp);
                guarded(*timeout, greeting(&mut line)).await.map_err(away)?;
                let tcp = guarded(*timeout, starttls(line)).await.map_err(away)?;
                Line::new(self.handshake(tcp).await?)
            }
        };
        self.sign_in(line).await
    }

    async fn handshake(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, MailboxFault> {
        let Settings { host, timeout, .. } = &self.settings;
        let name: ServerName<'static> = self.tls.host.clone();
        let shaken = tokio::time::timeout(*timeout, self.tls.connector.connect(name, tcp)).await;
        let error = match shaken {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_elapsed) => return Err(Trouble::line("no answer to the handshake").away(host)),
        };
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        Err(match tls {
            Some(rustls::Error::InvalidCertificate(why)) => MailboxFault::Settings {
                what: format!("the certificate of {host} does not fit: {}", short(&why.to_string())),
                help: "look at `host`, or name the root certificate of a private server in `ca_file`".to_owned(),
            },
            _ => Trouble::Line(format!("TLS: {}", short(&error.to_string()))).away(host),
        })
    }

    async fn sign_in(&self, line: Line<TlsStream<TcpStream>>) -> Result<Dialogue, MailboxFault> {
        let Settings { host, timeout, username, password, .. } = &self.settings;
        let client: Client<Stream> = Client::new(line);
        let plain_text = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
        let signing_in = async {
            // LOGIN can carry ASCII only (RFC 3501, 9: `quoted`). Either way the library makes its own copy of the password.
            let signed_in = if plain_text(username) && plain_text(password.expose_secret()) {
                client.login(username, password.expose_secret()).await
            } else {
                client.authenticate("PLAIN", Plain { username, password }).await
            };
            signed_in.map_err(|(error, _client)| Trouble::from(error).unsaying(password.expose_secret()))
        };
        match guarded(*timeout, signing_in).await {
            Ok(session) => Ok(Dialogue::new(session, *timeout)),
            Err(Trouble::No(words)) if !words.says_later() => Err(MailboxFault::Settings {
                what: format!("{host} refuses the user name or the password: {words}"),
                help: "look at `username` and `password`; some servers want a password made for this program"
                    .to_owned(),
            }),
            Err(trouble) => Err(trouble.away(host)),
        }
    }
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a> {
    username: &'a str,
    password: &'a SecretString,
}

impl Authenticator for Plain<'_> {
    type Response = Zeroizing<String>;

    fn process(&mut self, _challenge: &[u8]) -> Self::Response {
        Zeroizing::new(format!("\0{}\0{}", self.username, self.password.expose_secret()))
    }
}

async fn greeting<S: tokio::io::AsyncRead + Unpin>(line: &mut Line<S>) -> Result<(), Trouble> {
    let said = line.line().await?;
    let mut words = said.splitn(3, ' ');
    match (words.next(), words.next().map(str::to_ascii_uppercase).as_deref()) {
        (Some("*"), Some("OK")) => Ok(()),
        // Whoever sits between us and the server would read mail for us, or have us read theirs.
        (Some("*"), Some("PREAUTH")) => Err(Trouble::line("it takes us for somebody before we have said who we are")),
        (Some("*"), Some("BYE")) => {
            Err(Trouble::Bye(Words { text: short(words.next().unwrap_or_default()), try_create: false }))
        }
        _ => Err(Trouble::line("its greeting is no IMAP")),
    }
}

/// Spoken by hand: what was said before the handshake must not be believed after it, and async-imap keeps what it has read.
async fn starttls(mut line: Line<TcpStream>) -> Result<TcpStream, Trouble> {
    line.say("S1 STARTTLS").await?;
    loop {
        let said = line.line().await?;
        let Some(answer) = said.strip_prefix("S1 ") else { continue };
        if !answer.get(..2).is_some_and(|status| status.eq_ignore_ascii_case("OK")) {
            let why = format!("it refuses STARTTLS, and nothing is said in the clear: {}", short(answer));
            return Err(Trouble::Line(why));
        }
        break;
    }
    line.into_stream().ok_or_else(|| Trouble::line("it spoke before the handshake"))
}
