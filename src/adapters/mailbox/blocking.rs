//! Files are read on a thread of their own, so that the worker's other work goes on meanwhile.

use std::io;
use std::path::Path;

use crate::ports::MailboxFault;
use crate::vocabulary::safe_text;

/// Runs `work` where waiting for a disk holds up nobody.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MailboxFault> + Send + 'static,
) -> Result<T, MailboxFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_panicked_or_stopped| {
        Err(MailboxFault::Away {
            what: "reading mail was cut short".to_owned(),
            help: "run the command again; nothing was lost".to_owned(),
        })
    })
}

/// A path as people may see it on a terminal.
pub(super) fn shown(path: &Path) -> String {
    safe_text::line(&path.to_string_lossy()).into_owned()
}

/// The mailbox itself cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> MailboxFault {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "look at the path: nothing is there",
        io::ErrorKind::PermissionDenied => "give this account the right to read it",
        _ => "look at the path and its rights",
    };
    MailboxFault::Settings {
        what: format!("the mailbox {} cannot be read: {}", shown(path), error.kind()),
        help: help.to_owned(),
    }
}

/// One of its messages cannot be read; others can.
pub(super) fn unreadable_message(path: &Path, error: &io::Error) -> MailboxFault {
    MailboxFault::Message { what: format!("the message {} cannot be read: {}", shown(path), error.kind()) }
}
