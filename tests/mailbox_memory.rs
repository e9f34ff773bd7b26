//! Fetching a message costs the same memory whatever its size. In a process of its own: memory is measured for the whole of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod support;

use std::io::Write as _;

use demarche::adapters::mailbox::AnyMailbox;
use demarche::adapters::mailbox::imap::{ImapMailbox, Security, Settings};
use demarche::ports::{Mailbox, Wanted};
use support::imap_server::{Cover, ImapServer, PASSWORD, USER};

const MEBI: usize = 1024 * 1024;
const LARGE: usize = 48 * MEBI;
/// A third of the message, and far more than a piece.
const ALLOWED: usize = 16 * MEBI;

/// The most that this process has ever had in memory. Unit: octets.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Fetches every message: first a small one, which pays for what is needed once, then a large one.
async fn check(mailbox: &mut impl Mailbox) {
    let spool = tempfile::tempdir().unwrap();
    mailbox.open().await.unwrap();
    let places = mailbox.places(&Wanted { after: None, since: None }).await.unwrap();
    mailbox.fetch(&places[0], spool.path()).await.unwrap().unwrap();
    let before = peak();
    let large = mailbox.fetch(&places[1], spool.path()).await.unwrap().unwrap();
    let grown = peak() - before;
    assert_eq!(usize::try_from(large.bytes).unwrap(), LARGE);
    assert!(grown < ALLOWED, "{} MiB more for a message of {} MiB", grown / MEBI, LARGE / MEBI);
    mailbox.close().await;
}

/// One test, so that nothing else grows meanwhile.
#[tokio::test]
async fn a_message_of_forty_eight_mebibytes_passes_in_pieces() {
    let server = ImapServer::start(Cover::Implicit);
    server.state().message(1, "05-Feb-2018", b"Subject: small\r\n\r\n");
    server.state().message(2, "05-Feb-2018", &vec![b'x'; LARGE]);
    let mut settings = Settings::new("localhost", server.addr.port(), Security::Tls, USER, PASSWORD.into());
    settings.extra_roots = Some(server.identity.certificate_pem.clone().into_bytes());
    check(&mut ImapMailbox::new(settings).unwrap()).await;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"From a Mon Feb  5 09:30:00 2018\nSubject: small\n\nFrom b Mon Feb  5 09:30:00 2018\n").unwrap();
    for _ in 0..LARGE / MEBI {
        file.write_all(&vec![b'x'; MEBI]).unwrap();
    }
    drop(file);
    check(&mut AnyMailbox::at(&path).await.unwrap()).await;
}
