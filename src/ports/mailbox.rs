//! Where answers arrive. Two answers of the world: a mail server that speaks IMAP, and folders and files on this machine.

use std::future::Future;
use std::path::{Path, PathBuf};

use crate::vocabulary::{Day, Instant};

/// One message's place in a mailbox, for as long as [`Opened::validity`] stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// An IMAP UID, a Maildir file's unique name (without its flags), or `offset` in an mbox.
    pub name: String,
}

/// What a mailbox says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Places of another validity mean nothing (UIDVALIDITY, RFC 9051, 2.3.1.1). 1 where places are for ever.
    pub validity: u64,
}

/// From where on a mailbox is asked for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The last place known under this validity; IMAP asks only for later ones.
    pub after: Option<Place>,
    /// Messages that arrived before this day are not asked for.
    pub since: Option<Day>,
}

/// A message as it was fetched: its bytes, unchanged, in a file that is the caller's to keep or remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// In the spool folder, 0600.
    pub file: PathBuf,
    pub bytes: u64,
    /// When the mailbox received it (INTERNALDATE, the file's time).
    pub received: Option<Instant>,
}

/// Why a mailbox gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum MailboxFault {
    /// The mailbox cannot be reached or read; one clause, and what to do. Nothing was lost: the next `collect` goes on.
    #[error("{what}")]
    Away { what: String, help: String },
    /// The settings are at fault: no such folder, a refused password, a certificate that does not fit.
    #[error("{what}")]
    Settings { what: String, help: String },
    /// This one message cannot be had; others can.
    #[error("{what}")]
    Message { what: String },
}

/// A mailbox that is read and never changed.
pub trait Mailbox: Send {
    /// Where it is, for people and as the key of what is remembered of it: `imaps://user@host/INBOX`, a path. No password.
    fn name(&self) -> String;

    fn open(&mut self) -> impl Future<Output = Result<Opened, MailboxFault>> + Send;

    /// The places of messages, oldest first. What is known already may be among them.
    fn places(&mut self, wanted: &Wanted) -> impl Future<Output = Result<Vec<Place>, MailboxFault>> + Send;

    /// Writes one message into a new file of `spool`. `None`: it is gone meanwhile.
    fn fetch(
        &mut self,
        place: &Place,
        spool: &Path,
    ) -> impl Future<Output = Result<Option<Fetched>, MailboxFault>> + Send;

    /// Says good-bye. A failure is of no consequence.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// Where copies of sent letters lie for people to see: a folder of the account on the mail server.
pub trait Archive: Send {
    /// Files one letter, once, however often it is asked for. `at`: when it was sent.
    fn file(
        &mut self,
        message: &[u8],
        message_id: &str,
        at: Instant,
    ) -> impl Future<Output = Result<(), MailboxFault>> + Send;

    /// Says good-bye. A failure is of no consequence.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}
