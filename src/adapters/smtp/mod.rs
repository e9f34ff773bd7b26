//! The post office behind SMTP: lettre's protocol, driven step by step, so that we know at which step it failed.
//!
//! The step decides. Before the letter's first byte: provably not taken. After it, without the server's own yes or no:
//! unknown, and never sent again by itself (RFC 1047).

mod channel;
mod connect;
mod dialogue;
mod failure;
mod session;
pub mod settings;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use settings::{Security, Settings, SettingsError, is_loopback};

use crate::adapters::tls::Tls;
use crate::delivery::{Phase, Verdict};
use crate::ports::{Courier, Mailer, Outgoing, Via};
use connect::Account;
use dialogue::{Fate, Parcel, after_mail_from, fate_after, mail_from};
use session::Session;

/// How long a server may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(2);

/// One account with one mail server.
#[derive(Clone)]
pub struct SmtpMailer {
    account: Arc<Account>,
}

impl SmtpMailer {
    /// Checks the settings and reads the root certificates; connects to nobody.
    ///
    /// # Errors
    /// Settings that would send a letter or a password in the clear, and what TLS cannot use.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let tls = match settings.security {
            Security::None => None,
            Security::Tls | Security::Starttls => Some(Tls::new(&settings.host, settings.extra_roots.as_deref())?),
        };
        Ok(Self { account: Arc::new(Account { settings, tls, stumbles: AtomicBool::new(false) }) })
    }

    /// Connects, signs in and says good-bye, without a letter: for `check --online`.
    ///
    /// # Errors
    /// The verdict that a letter would have met.
    pub async fn try_account(&self) -> Result<(), Verdict> {
        let session = self.account.open().await.map_err(|failure| failure.before_the_letter(Vec::new()))?;
        farewell(session).await;
        Ok(())
    }
}

impl Mailer for SmtpMailer {
    type Courier = SmtpCourier;

    fn via(&self) -> Via {
        Via::Smtp
    }

    fn courier(&self) -> SmtpCourier {
        SmtpCourier { account: Arc::clone(&self.account), kept: None }
    }
}

/// One connection at a time, kept between letters.
pub struct SmtpCourier {
    account: Arc<Account>,
    /// A connection on which no envelope is open. Taken out while a letter is in hand: a letter broken off half-way, even by
    /// dropping the future, takes the connection with it.
    kept: Option<Session>,
}

impl Courier for SmtpCourier {
    async fn hand_over(&mut self, letter: &Outgoing) -> Verdict {
        let account = Arc::clone(&self.account);
        let settings = &account.settings;
        let parcel = match Parcel::of(letter, settings) {
            Ok(parcel) => parcel,
            Err(verdict) => return verdict,
        };
        let (mut session, begun) = match self.begin(&parcel).await {
            Ok(begun) => begun,
            Err(failure) => return failure.before_the_letter(parcel.results(&[])),
        };
        let (verdict, fate) = match begun {
            Ok(()) => after_mail_from(&mut session, settings, &parcel).await,
            Err(failure) => {
                let fate = fate_after(&failure, &mut session, settings).await;
                (failure.before_the_letter(parcel.results(&[])), fate)
            }
        };
        if fate == Fate::Keep {
            self.kept = Some(session);
        } else if session.takes_groups() && broke_off_in_the_envelope(&verdict) {
            tracing::debug!("a group of commands broke the dialogue; from now on one at a time");
            account.stumbles.store(true, Ordering::Relaxed);
        }
        verdict
    }

    async fn close(&mut self) {
        if let Some(session) = self.kept.take() {
            farewell(session).await;
        }
    }
}

type Begun = (Session, Result<(), failure::Failure>);

impl SmtpCourier {
    /// A connection, and the answer to MAIL FROM on it.
    ///
    /// Servers close a line that was idle, with or without a 421 first. On a kept connection that is no failure: MAIL FROM
    /// hands over nothing, so it is said once more on a new one.
    async fn begin(&mut self, parcel: &Parcel<'_>) -> Result<Begun, failure::Failure> {
        let settings = &self.account.settings;
        if let Some(mut session) = self.kept.take() {
            match mail_from(&mut session, settings, parcel).await {
                Err(failure) if failure.ends_the_connection() => {
                    tracing::debug!("the server closed a kept connection; connecting again");
                }
                begun => return Ok((session, begun)),
            }
        }
        let mut session = self.account.open().await?;
        let begun = mail_from(&mut session, settings, parcel).await;
        Ok((session, begun))
    }
}

/// Silence or nonsense where answers to a group were due.
fn broke_off_in_the_envelope(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Broken { phase: Phase::MailFrom | Phase::RcptTo | Phase::Data, .. })
}

async fn farewell(mut session: Session) {
    // Of no consequence: every letter has its verdict.
    let _answer = session.ask(FAREWELL, Phase::MailFrom, dialogue::QUIT).await;
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("settings", &self.account.settings).finish()
    }
}

impl fmt::Debug for SmtpCourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpCourier")
            .field("settings", &self.account.settings)
            .field("connected", &self.kept.is_some())
            .finish()
    }
}
