//! A folder on a mail server, read over IMAP (RFC 9051 and 3501), always encrypted, and never changed.

mod connect;
mod dialogue;
mod failure;
mod folder;
mod line;
mod sent;
mod settings;
mod words;

use std::fmt;
use std::path::Path;

pub use sent::{Filed, SentFolder};
pub use settings::{Security, Settings};

use self::connect::Account;
use self::dialogue::Dialogue;
use self::failure::Trouble;
use self::folder::Examined;
use crate::adapters::tls::TlsError;
use crate::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};

pub struct ImapMailbox {
    account: Account,
    /// Taken out while a command is under way: a dialogue broken off half-way, even by dropping the future, is not gone on with.
    session: Option<Dialogue>,
    examined: Option<Examined>,
    /// The last message that was asked for could not be had: if the next cannot either, it is not the messages.
    failed_before: bool,
}

impl ImapMailbox {
    /// Reads the root certificates; connects to nobody.
    ///
    /// # Errors
    /// What TLS cannot use: the host's name, the extra roots.
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        let account = Account::new(settings)?;
        Ok(Self { account, session: None, examined: None, failed_before: false })
    }

    async fn connect(&mut self) -> Result<(Dialogue, Examined), MailboxFault> {
        let settings = &self.account.settings;
        let mut session = self.account.open().await?;
        let examined = folder::examine(&mut session, &settings.host, &settings.folder).await?;
        Ok((session, examined))
    }

    /// The session that is open, or a new one on which the same places mean the same.
    async fn session(&mut self) -> Result<Dialogue, MailboxFault> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let before = self.examined;
        let (session, examined) = self.connect().await?;
        if before.is_some_and(|before| before.validity != examined.validity) {
            return Err(self.away(Trouble::line("it has numbered its messages anew")));
        }
        self.examined = Some(examined);
        Ok(session)
    }

    fn away(&self, trouble: Trouble) -> MailboxFault {
        trouble.away(&self.account.settings.host)
    }

    /// The fault of one message; of the mailbox, when the message before it had one too.
    fn cannot_be_had(&mut self, uid: u32, trouble: Trouble) -> MailboxFault {
        if std::mem::replace(&mut self.failed_before, true) {
            return self.away(trouble);
        }
        let why = match trouble {
            Trouble::No(words) => format!("the server says no: {words}"),
            Trouble::Bye(words) => format!("the server says good-bye: {words}"),
            Trouble::Line(why) => why,
            Trouble::Ours(fault) => return fault,
        };
        MailboxFault::Message { what: format!("message {uid} cannot be read: {why}") }
    }
}

impl Mailbox for ImapMailbox {
    fn name(&self) -> String {
        self.account.settings.url()
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        self.close().await;
        let (session, examined) = self.connect().await?;
        (self.session, self.examined, self.failed_before) = (Some(session), Some(examined), false);
        Ok(Opened { validity: u64::from(examined.validity) })
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        let mut session = self.session().await?;
        let mut after = wanted.after.as_ref().and_then(|place| place.name.parse::<u32>().ok());
        let next = self.examined.and_then(|examined| examined.uid_next);
        if let (Some(seen), Some(next)) = (after, next)
            && next <= seen
        {
            tracing::warn!("the mail server counts its messages backwards; all of them are looked at");
            after = None;
        }
        match folder::search(&mut session, after, wanted.since).await {
            Ok(found) => {
                self.session = Some(session);
                Ok(found.into_iter().map(|uid| Place { name: uid.to_string() }).collect())
            }
            Err(trouble) => Err(self.away(trouble)),
        }
    }

    /// Some servers break off at one damaged message, others for a reason of their own: so a broken line is tried once more.
    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        let Ok(uid) = place.name.parse::<u32>() else { return Ok(None) };
        let mut tried_before = false;
        loop {
            let mut session = self.session().await?;
            let trouble = match folder::fetch(&mut session, uid, spool).await {
                Ok(fetched) => {
                    (self.session, self.failed_before) = (Some(session), false);
                    return Ok(fetched);
                }
                Err(trouble) => trouble,
            };
            if trouble.leaves_the_session() {
                self.session = Some(session);
            } else if !std::mem::replace(&mut tried_before, true) {
                continue;
            }
            return match trouble {
                Trouble::Ours(fault) => Err(fault),
                Trouble::No(words) if words.says_gone() => Ok(None),
                Trouble::No(words) if words.says_later() => Err(self.away(Trouble::No(words))),
                other => Err(self.cannot_be_had(uid, other)),
            };
        }
    }

    async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.farewell().await;
        }
    }
}

impl fmt::Debug for ImapMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapMailbox")
            .field("settings", &self.account.settings)
            .field("connected", &self.session.is_some())
            .finish_non_exhaustive()
    }
}
