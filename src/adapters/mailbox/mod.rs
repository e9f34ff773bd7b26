//! Mailboxes: a server that speaks IMAP, and folders and files of this machine. All are read, and none is changed.

mod blocking;
mod eml;
pub mod imap;
mod maildir;
mod mbox;
mod path;
mod separator;
mod spool;

use std::path::Path;

pub use eml::Letters;
pub use imap::ImapMailbox;
pub use maildir::Maildir;
pub use mbox::Mbox;
pub use spool::LARGEST;

use crate::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};

/// Any of them: which one, the settings or the command line say.
#[derive(Debug)]
pub enum AnyMailbox {
    Imap(Box<ImapMailbox>),
    Maildir(Maildir),
    Mbox(Mbox),
    Letters(Letters),
}

/// One answer for all, without a word for each.
macro_rules! ask {
    ($mailbox:expr, $it:ident => $question:expr) => {
        match $mailbox {
            AnyMailbox::Imap($it) => $question,
            AnyMailbox::Maildir($it) => $question,
            AnyMailbox::Mbox($it) => $question,
            AnyMailbox::Letters($it) => $question,
        }
    };
}

impl Mailbox for AnyMailbox {
    fn name(&self) -> String {
        ask!(self, mailbox => mailbox.name())
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        ask!(self, mailbox => mailbox.open().await)
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        ask!(self, mailbox => mailbox.places(wanted).await)
    }

    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        ask!(self, mailbox => mailbox.fetch(place, spool).await)
    }

    async fn close(&mut self) {
        ask!(self, mailbox => mailbox.close().await);
    }
}
