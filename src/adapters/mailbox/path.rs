//! What stands behind a path: a Maildir, an mbox, one message, or a folder of messages.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::blocking::{aside, shown, unreadable};
use super::{AnyMailbox, Letters, Maildir, Mbox};
use crate::ports::MailboxFault;

/// Octets in which a message shows its first field.
const HEAD: usize = 4096;

/// What an old message format of Outlook begins with (compound file).
const OUTLOOK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

impl AnyMailbox {
    /// For `collect --from PATH`.
    ///
    /// # Errors
    /// When nothing readable is there, or something that is no mail.
    pub async fn at(path: &Path) -> Result<Self, MailboxFault> {
        let path = path.to_owned();
        aside(move || recognised(&path)).await
    }
}

fn recognised(path: &Path) -> Result<AnyMailbox, MailboxFault> {
    // Whole and without links: what is remembered of a mailbox hangs on its name.
    let path = &path.canonicalize().map_err(|e| unreadable(path, &e))?;
    let meta = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if meta.is_dir() {
        let is_folder = |name: &str| path.join(name).is_dir();
        return Ok(if is_folder("cur") && is_folder("new") {
            AnyMailbox::Maildir(Maildir::new(path))
        } else {
            AnyMailbox::Letters(Letters::folder(path))
        });
    }
    // A device or a pipe may never end, and opening one may already do something.
    if !meta.is_file() {
        return Err(no_mail(path, "it is neither a file nor a folder"));
    }
    let mut head = Vec::with_capacity(HEAD);
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    file.take(HEAD as u64).read_to_end(&mut head).map_err(|e| unreadable(path, &e))?;
    if head.is_empty() {
        return Err(no_mail(path, "it is empty"));
    }
    if head.starts_with(b"From ") {
        return Ok(AnyMailbox::Mbox(Mbox::new(path)));
    }
    if head.starts_with(OUTLOOK) {
        return Err(no_mail(path, "it is a file of Outlook's own; save the message as .eml"));
    }
    if !begins_with_a_field(&head) {
        return Err(no_mail(path, "it does not begin with a header field such as `From:`"));
    }
    Ok(AnyMailbox::Letters(Letters::one(path)))
}

fn no_mail(path: &Path, why: &str) -> MailboxFault {
    MailboxFault::Settings {
        what: format!("{} holds no mail: {why}", shown(path)),
        help: "name a Maildir (with cur/ and new/), an mbox, an .eml file or a folder of .eml files".to_owned(),
    }
}

/// RFC 5322, 2.2: a field's name is printable ASCII up to the colon. Empty lines and a byte order mark before it are let pass.
fn begins_with_a_field(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let name = head.iter().take_while(|b| (33..=126).contains(*b) && **b != b':').count();
    name > 0 && head[name..].trim_ascii_start().first() == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_begins_with_a_field() {
        for head in ["From: a@b.example\r\n", "X-A:\n", "\r\nSubject : x", "\u{feff}Date: x"] {
            assert!(begins_with_a_field(head.as_bytes()), "{head:?}");
        }
        for head in ["%PDF-1.7\n", "Dear colleague,\n", ": x", "", "\u{1b}[31mA: x"] {
            assert!(!begins_with_a_field(head.as_bytes()), "{head:?}");
        }
    }
}
