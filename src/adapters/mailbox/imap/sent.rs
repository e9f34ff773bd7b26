//! A copy of each sent letter in the account's own folder: the one change that we make on the server.

use std::fmt;

use super::connect::Account;
use super::dialogue::Dialogue;
use super::failure::Trouble;
use super::settings::Settings;
use super::{folder, words};
use crate::adapters::tls::TlsError;
use crate::ports::{Archive, MailboxFault};
use crate::vocabulary::{Instant, safe_text};

/// What became of a letter's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    Now,
    /// It was there already: an earlier try, of which we did not hear, or the mail server itself.
    Before,
}

/// The folder named in `[delivery.smtp] sent_folder`, over the account of `[inbox.imap]`.
pub struct SentFolder {
    account: Account,
    session: Option<Dialogue>,
}

impl SentFolder {
    /// Reads the root certificates; connects to nobody. `settings.folder` is the folder that is filed into.
    ///
    /// # Errors
    /// What TLS cannot use: the host's name, the extra roots.
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        Ok(Self { account: Account::new(settings)?, session: None })
    }

    /// Signs in, looks whether the folder is there, and says good-bye: for `check --online`.
    ///
    /// # Errors
    /// What a letter would have met.
    pub async fn try_account(&mut self) -> Result<(), MailboxFault> {
        let (host, name) = (&self.account.settings.host, &self.account.settings.folder);
        let mut session = self.account.open().await?;
        folder::examine(&mut session, host, name).await.map_err(missing_folder)?;
        session.farewell().await;
        Ok(())
    }

    /// Files one letter, once: it is looked for first. `message_id` is without angle brackets or with them; `at` is when it
    /// was sent. The copy is marked as read.
    ///
    /// # Errors
    /// Why it is not there, or not known to be: that is told, and never a reason to send again.
    pub async fn file(&mut self, message: &[u8], message_id: &str, at: Instant) -> Result<Filed, MailboxFault> {
        let kept = self.session.take();
        let was_kept = kept.is_some();
        let mut result = match kept {
            Some(session) => self.file_on(session, message, message_id, at).await,
            None => self.file_on(self.account.open().await?, message, message_id, at).await,
        };
        // Servers close a line that was idle. Looking before filing makes a second try harmless.
        if was_kept && matches!(result, Err(Failed::Line(_))) {
            result = self.file_on(self.account.open().await?, message, message_id, at).await;
        }
        match result {
            Ok((filed, session)) => {
                self.session = Some(session);
                Ok(filed)
            }
            Err(Failed::Line(fault) | Failed::Told(fault)) => Err(fault),
        }
    }

    /// Says good-bye. A failure is of no consequence.
    pub async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.farewell().await;
        }
    }

    async fn file_on(
        &self,
        mut session: Dialogue,
        message: &[u8],
        message_id: &str,
        at: Instant,
    ) -> Result<(Filed, Dialogue), Failed> {
        let Settings { host, folder: name, .. } = &self.account.settings;
        let failed = |trouble: Trouble| match trouble {
            Trouble::No(words) if words.try_create => Failed::Told(no_folder(name)),
            trouble if trouble.leaves_the_session() => Failed::Told(trouble.away(host)),
            trouble => Failed::Line(trouble.away(host)),
        };
        // A folder that is looked into anew also shows what another connection has filed.
        folder::examine(&mut session, host, name).await.map_err(|fault| match fault {
            away @ MailboxFault::Away { .. } => Failed::Line(away),
            other => Failed::Told(missing_folder(other)),
        })?;
        let id = message_id.trim_start_matches('<').trim_end_matches('>');
        let wanted = words::quoted(&format!("<{id}>")).filter(|_| !id.is_empty()).ok_or_else(|| {
            Failed::Told(MailboxFault::Message { what: format!("`{}` is no Message-ID", safe_text::line(message_id)) })
        })?;
        // A letter that came back and was corrected leaves once more under its name: its date tells the two copies apart.
        let date =
            date_of(message).and_then(words::quoted).map(|date| format!(" HEADER Date {date}")).unwrap_or_default();
        let there = folder::numbers(&mut session, &format!("UID SEARCH HEADER Message-ID {wanted}{date}")).await;
        if !there.map_err(failed)?.is_empty() {
            return Ok((Filed::Before, session));
        }
        let quoted = words::folder(name).map_err(Failed::Told)?;
        let command = format!("APPEND {quoted} (\\Seen) {} {{{}}}", words::date_time(at), message.len());
        session.hand_over(&command, message).await.map_err(failed)?;
        Ok((Filed::Now, session))
    }
}

impl Archive for SentFolder {
    async fn file(&mut self, message: &[u8], message_id: &str, at: Instant) -> Result<(), MailboxFault> {
        Self::file(self, message, message_id, at).await.map(|_| ())
    }

    async fn close(&mut self) {
        Self::close(self).await;
    }
}

/// What our `Date` says, which stands in the first line.
fn date_of(message: &[u8]) -> Option<&str> {
    let line = message.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line).ok()?.strip_prefix("Date: ").map(str::trim)
}

/// Why a letter is not filed.
enum Failed {
    /// The line broke: another one may do.
    Line(MailboxFault),
    /// The server said why.
    Told(MailboxFault),
}

fn no_folder(name: &str) -> MailboxFault {
    MailboxFault::Settings {
        what: format!("the mail server has no folder `{name}` for sent letters"),
        help: "create it in the mail program, or name another one in [delivery.smtp] sent_folder".to_owned(),
    }
}

fn missing_folder(fault: MailboxFault) -> MailboxFault {
    match fault {
        MailboxFault::Settings { what, .. } => MailboxFault::Settings {
            what,
            help: "create the folder in the mail program, or name another one in [delivery.smtp] sent_folder"
                .to_owned(),
        },
        other => other,
    }
}

impl fmt::Debug for SentFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentFolder").field("settings", &self.account.settings).finish_non_exhaustive()
    }
}
