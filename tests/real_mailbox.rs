//! A mailbox on a mail server that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use demarche::adapters::mailbox::imap::{Filed, ImapMailbox, Security, SentFolder, Settings};
use demarche::ports::{Mailbox as _, MailboxFault, Place, Wanted};
use support::dovecot::{Dovecot, PASSWORD, USER};

fn settings(server: &Dovecot, security: Security) -> Settings {
    let port = if security == Security::Tls { server.tls_port } else { server.starttls_port };
    let mut settings = Settings::new("localhost", port, security, USER, PASSWORD.into());
    settings.extra_roots = Some(server.authority_pem.clone().into_bytes());
    settings
}

fn message(number: usize) -> Vec<u8> {
    let head = format!("From: mission@france.example\r\nSubject: {number}\r\n\r\n");
    [head.as_bytes(), b"Excellency,\r\n.\r\n\xe9\x1b\r\n"].concat()
}

fn all() -> Wanted {
    Wanted { after: None, since: None }
}

/// Names in `new/` and `cur/`: flags are part of them.
fn names(maildir: &Path) -> BTreeSet<String> {
    let of = |folder: &str| {
        let entries = std::fs::read_dir(maildir.join(folder)).unwrap();
        entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy())).collect::<Vec<_>>()
    };
    ["new", "cur"].into_iter().flat_map(of).collect()
}

#[tokio::test]
async fn a_real_mailbox_is_read_byte_for_byte_and_left_as_it_is() {
    let Some(server) = Dovecot::start("a_real_mailbox_is_read_byte_for_byte_and_left_as_it_is") else { return };
    for number in 1..=50 {
        server.deliver(&format!("{number:02}.host"), &message(number));
    }
    let before = names(&server.maildir("INBOX"));
    let spool = tempfile::tempdir().unwrap();
    for security in [Security::Tls, Security::Starttls] {
        let mut mailbox = ImapMailbox::new(settings(&server, security)).unwrap();
        mailbox.open().await.unwrap();
        let places = mailbox.places(&all()).await.unwrap();
        assert_eq!(places.len(), 50);
        let mut read = BTreeSet::new();
        for place in &places {
            let fetched = mailbox.fetch(place, spool.path()).await.unwrap().unwrap();
            assert!(fetched.received.is_some());
            read.insert(std::fs::read(fetched.file).unwrap());
        }
        assert_eq!(read, (1..=50).map(message).collect());
        let later = Wanted { after: Some(places[47].clone()), since: None };
        assert_eq!(mailbox.places(&later).await.unwrap(), places[48..]);
        let none = Wanted { after: Some(places[49].clone()), since: None };
        assert_eq!(mailbox.places(&none).await.unwrap(), []);
        let tomorrow = Wanted { after: None, since: Some("2100-01-01".parse().unwrap()) };
        assert_eq!(mailbox.places(&tomorrow).await.unwrap(), []);
        mailbox.close().await;
        assert_eq!(names(&server.maildir("INBOX")), before, "something was marked or moved");
    }
}

#[tokio::test]
async fn a_real_server_gives_large_messages_in_pieces_and_notices_what_is_gone() {
    let Some(server) = Dovecot::start("a_real_server_gives_large_messages_in_pieces_and_notices_what_is_gone") else {
        return;
    };
    let large = [b"Subject: large\r\n\r\n".to_vec(), b"all work and no play\r\n".repeat(150_000)].concat();
    server.deliver("1.host", &large);
    // Stored with bare line feeds: the server counts the size as it is sent.
    server.deliver("2.host", b"Subject: two\n\ntwo\n");
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = ImapMailbox::new(settings(&server, Security::Tls)).unwrap();
    mailbox.open().await.unwrap();
    let places = mailbox.places(&all()).await.unwrap();
    let fetched = mailbox.fetch(&places[0], spool.path()).await.unwrap().unwrap();
    assert!(std::fs::read(fetched.file).unwrap() == large);
    let fetched = mailbox.fetch(&places[1], spool.path()).await.unwrap().unwrap();
    assert_eq!(std::fs::read(fetched.file).unwrap(), b"Subject: two\r\n\r\ntwo\r\n");
    std::fs::remove_file(server.maildir("INBOX").join("new/2.host")).unwrap();
    mailbox.open().await.unwrap();
    assert_eq!(mailbox.fetch(&places[1], spool.path()).await.unwrap(), None);
    assert_eq!(mailbox.fetch(&Place { name: "4000000000".to_owned() }, spool.path()).await.unwrap(), None);
}

#[tokio::test]
async fn a_real_server_that_numbers_anew_says_so() {
    let Some(server) = Dovecot::start("a_real_server_that_numbers_anew_says_so") else { return };
    server.deliver("1.host", &message(1));
    let mut mailbox = ImapMailbox::new(settings(&server, Security::Tls)).unwrap();
    let first = mailbox.open().await.unwrap();
    assert_eq!(mailbox.open().await.unwrap(), first);
    mailbox.close().await;
    // The number is a time in seconds: within the same one it would come out the same.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    server.forget_numbers();
    assert_ne!(mailbox.open().await.unwrap(), first);
    assert_eq!(mailbox.places(&all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_real_server_refuses_a_wrong_password_and_a_folder_that_is_not_there() {
    let Some(server) = Dovecot::start("a_real_server_refuses_a_wrong_password_and_a_folder_that_is_not_there") else {
        return;
    };
    let mut wrong = settings(&server, Security::Tls);
    wrong.password = "wrong".into();
    let fault = ImapMailbox::new(wrong).unwrap().open().await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { what, .. } if what.contains("password")), "{fault:?}");
    let mut accented = settings(&server, Security::Tls);
    accented.password = "corrèct".into();
    let fault = ImapMailbox::new(accented).unwrap().open().await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { what, .. } if what.contains("password")), "{fault:?}");
    let elsewhere = settings(&server, Security::Tls).with_folder("Réponses");
    let fault = ImapMailbox::new(elsewhere.clone()).unwrap().open().await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { what, .. } if what.contains("Réponses")), "{fault:?}");
    server.make_folder("R&AOk-ponses");
    ImapMailbox::new(elsewhere).unwrap().open().await.unwrap();
    let mut stranger = settings(&server, Security::Starttls);
    stranger.extra_roots = None;
    let fault = ImapMailbox::new(stranger).unwrap().open().await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { what, .. } if what.contains("certificate")), "{fault:?}");
}

#[tokio::test]
async fn a_real_server_files_a_sent_letter_once() {
    let Some(server) = Dovecot::start("a_real_server_files_a_sent_letter_once") else { return };
    let mut folder = SentFolder::new(settings(&server, Security::Starttls).with_folder("Sent")).unwrap();
    let letter = b"Message-ID: <1.FRA@coalition.example>\r\nSubject: Joint letter\r\n\r\nExcellency,\r\n";
    let at = "2018-02-05T08:30:00Z".parse().unwrap();
    let fault = folder.file(letter, "1.FRA@coalition.example", at).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { help, .. } if help.contains("sent_folder")), "{fault:?}");
    server.make_folder("Sent");
    for wanted in [Filed::Now, Filed::Before, Filed::Before] {
        assert_eq!(folder.file(letter, "<1.FRA@coalition.example>", at).await.unwrap(), wanted);
    }
    assert_eq!(folder.file(letter, "2.FRA@coalition.example", at).await.unwrap(), Filed::Now);
    folder.close().await;
    let filed = names(&server.maildir("Sent"));
    assert_eq!(filed.len(), 2);
    for name in filed {
        assert!(name.starts_with("cur/") && name.ends_with(":2,S"), "{name} is not marked as read");
        let path = server.maildir("Sent").join(name);
        let written = std::fs::metadata(path).unwrap().modified().unwrap();
        let seconds = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds, 1_517_819_400);
    }
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = ImapMailbox::new(settings(&server, Security::Tls).with_folder("Sent")).unwrap();
    mailbox.open().await.unwrap();
    for place in mailbox.places(&all()).await.unwrap() {
        let fetched = mailbox.fetch(&place, spool.path()).await.unwrap().unwrap();
        assert_eq!(fetched.received, Some(at));
        assert_eq!(std::fs::read(fetched.file).unwrap(), letter);
    }
}
