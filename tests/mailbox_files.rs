//! Mail in files of this machine: a Maildir, an mbox, saved messages. All is read, and nothing is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use demarche::adapters::mailbox::{AnyMailbox, Maildir};
use demarche::ports::{Mailbox, MailboxFault, Place, Wanted};

const MAIL: &str = "From: mission@france.example\r\nSubject: Answer\r\n\r\nExcellency,\r\n";

fn all() -> Wanted {
    Wanted { after: None, since: None }
}

fn write(path: &Path, text: &str, days: u64) {
    fs::write(path, text).unwrap();
    // Days after 1 February 2018.
    let at = UNIX_EPOCH + Duration::from_secs(1_517_443_200 + days * 86_400);
    File::options().write(true).open(path).unwrap().set_times(FileTimes::new().set_modified(at)).unwrap();
}

fn maildir() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    folder
}

/// Every message, in the order of its place.
async fn read(mailbox: &mut impl Mailbox, wanted: &Wanted) -> Vec<(String, String)> {
    let spool = tempfile::tempdir().unwrap();
    mailbox.open().await.unwrap();
    let mut messages = Vec::new();
    for place in mailbox.places(wanted).await.unwrap() {
        let fetched = mailbox.fetch(&place, spool.path()).await.unwrap().unwrap();
        assert_eq!(fs::metadata(&fetched.file).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&fetched.file).unwrap();
        assert_eq!(text.len() as u64, fetched.bytes);
        messages.push((place.name, text));
    }
    mailbox.close().await;
    messages
}

async fn texts(path: &Path) -> Vec<String> {
    let mut mailbox = AnyMailbox::at(path).await.unwrap();
    read(&mut mailbox, &all()).await.into_iter().map(|(_, text)| text).collect()
}

/// Names, times, rights and content of everything in a folder.
fn state(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, u32, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let content = if meta.is_file() { fs::read(&path).ok() } else { None };
        found.insert(path, (meta.modified().unwrap(), meta.permissions().mode(), content));
    }
    found
}

async fn check_refused(path: &Path, wanted: &str) {
    let fault = match AnyMailbox::at(path).await {
        Ok(mut mailbox) => mailbox.open().await.unwrap_err(),
        Err(fault) => fault,
    };
    let MailboxFault::Settings { what, help } = fault else { panic!("{fault:?}") };
    assert!(what.contains(wanted) && !help.is_empty(), "{what}; {help}");
    assert!(!what.contains(|c: char| c.is_control()), "{what:?}");
}

#[tokio::test]
async fn a_maildir_is_read_oldest_first_and_left_as_it_is() {
    let folder = maildir();
    let at = |name: &str| folder.path().join(name);
    write(&at("new/3.host"), "Subject: three\r\n\r\n", 3);
    write(&at("cur/1.host:2,S"), "Subject: one\n\n", 1);
    write(&at("new/2.host"), "Subject: two\n\n", 2);
    write(&at("tmp/4.host"), "Subject: ha", 4);
    write(&at("new/.hidden"), MAIL, 5);
    let before = state(folder.path());
    let mut mailbox = AnyMailbox::at(folder.path()).await.unwrap();
    assert!(matches!(mailbox, AnyMailbox::Maildir(_)));
    let found = read(&mut mailbox, &all()).await;
    let wanted = [("1.host", "Subject: one\n\n"), ("2.host", "Subject: two\n\n"), ("3.host", "Subject: three\r\n\r\n")];
    assert_eq!(found, wanted.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(state(folder.path()), before);
    let since = Wanted { after: None, since: Some("2018-02-03".parse().unwrap()) };
    assert_eq!(read(&mut mailbox, &since).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_a_mail_program_moves_or_marks_meanwhile_keeps_its_place() {
    let folder = maildir();
    let at = |name: &str| folder.path().join(name);
    for name in ["1.host", "2.host", "3.host"] {
        write(&at(&format!("new/{name}")), name, 1);
    }
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = Maildir::new(folder.path());
    assert_eq!(mailbox.places(&all()).await.unwrap().len(), 3);
    fs::rename(at("new/1.host"), at("cur/1.host:2,")).unwrap();
    fs::remove_file(at("new/2.host")).unwrap();
    let place = |name: &str| Place { name: name.to_owned() };
    let fetched = mailbox.fetch(&place("1.host"), spool.path()).await.unwrap().unwrap();
    assert_eq!(fs::read(fetched.file).unwrap(), b"1.host");
    fs::rename(at("cur/1.host:2,"), at("cur/1.host:2,FS")).unwrap();
    assert!(mailbox.fetch(&place("1.host"), spool.path()).await.unwrap().is_some());
    assert_eq!(mailbox.fetch(&place("2.host"), spool.path()).await.unwrap(), None);
    assert_eq!(mailbox.fetch(&place("../new/3.host"), spool.path()).await.unwrap(), None);
    // A place is known without having been listed: after a kill, say.
    let mut other = Maildir::new(folder.path());
    assert!(other.fetch(&place("3.host"), spool.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_outside_of_a_maildir_is_read() {
    let outside = tempfile::tempdir().unwrap();
    write(&outside.path().join("secret"), "secret", 1);
    let folder = maildir();
    symlink(outside.path().join("secret"), folder.path().join("new/1.host")).unwrap();
    fs::create_dir(folder.path().join("new/2.host")).unwrap();
    assert!(texts(folder.path()).await.is_empty());
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cur")).unwrap();
    symlink(outside.path(), folder.path().join("new")).unwrap();
    check_refused(folder.path(), "no folder new/ of its own").await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_does_not_hide_the_others() {
    let folder = maildir();
    write(&folder.path().join("new/1.host"), MAIL, 1);
    write(&folder.path().join("new/2.host"), MAIL, 2);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = Maildir::new(folder.path());
    let places = mailbox.places(&all()).await.unwrap();
    // As root every file can be read; a link that took its place cannot.
    fs::remove_file(folder.path().join("new/1.host")).unwrap();
    symlink("/etc/passwd", folder.path().join("new/1.host")).unwrap();
    let fault = mailbox.fetch(&places[0], spool.path()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Message { what } if what.contains("1.host")), "{fault:?}");
    assert!(mailbox.fetch(&places[1], spool.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_message_of_more_than_fifty_mebibytes_is_named_and_not_taken() {
    let folder = maildir();
    let large = File::create(folder.path().join("new/1.host")).unwrap();
    large.set_len(50 * 1024 * 1024 + 1).unwrap();
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = Maildir::new(folder.path());
    let places = mailbox.places(&all()).await.unwrap();
    let fault = mailbox.fetch(&places[0], spool.path()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Message { what } if what.contains("51 MiB")), "{fault:?}");
    assert_eq!(fs::read_dir(spool.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_mbox_is_read_message_by_message_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let text = format!(
        "From a@b.example Mon Feb  5 09:30:00 2018\n{MAIL}>From here.\nFrom there.\n\n\
         From c@d.example Tue Feb  6 09:30:00 2018\nContent-Length: 9999\n\nlast\n"
    );
    write(&path, &text, 1);
    let before = state(folder.path());
    let mut mailbox = AnyMailbox::at(&path).await.unwrap();
    assert!(matches!(mailbox, AnyMailbox::Mbox(_)));
    let found = read(&mut mailbox, &all()).await;
    let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, [&format!("{MAIL}From here.\nFrom there.\n"), "Content-Length: 9999\n\nlast\n"]);
    assert_eq!(state(folder.path()), before);
    // What is added later does not move what is there.
    let longer = format!("{text}\nFrom e@f.example Wed Feb  7 09:30:00 2018\n{MAIL}");
    write(&path, &longer, 2);
    let more = read(&mut mailbox, &all()).await;
    assert_eq!((more.len(), &more[0]), (3, &found[0]));
    // A file that was packed has other messages at other places.
    write(&path, &longer[longer.find("From c@d").unwrap()..], 3);
    let spool = tempfile::tempdir().unwrap();
    let first = Place { name: found[0].0.clone() };
    assert_eq!(mailbox.fetch(&first, spool.path()).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_of_an_mbox_that_is_too_large_is_named_and_the_next_is_read() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let mut file = File::create(&path).unwrap();
    writeln!(file, "From a Mon Feb  5 09:30:00 2018\nSubject: large\n").unwrap();
    for _ in 0..51 {
        file.write_all(&[b'x'; 1024 * 1024]).unwrap();
    }
    writeln!(file, "\n\nFrom b Tue Feb  6 09:30:00 2018\nSubject: small\n").unwrap();
    drop(file);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = AnyMailbox::at(&path).await.unwrap();
    let places = mailbox.places(&all()).await.unwrap();
    assert!(matches!(mailbox.fetch(&places[0], spool.path()).await, Err(MailboxFault::Message { .. })));
    let small = mailbox.fetch(&places[1], spool.path()).await.unwrap().unwrap();
    assert_eq!(fs::read(small.file).unwrap(), b"Subject: small\n");
    assert_eq!(fs::read_dir(spool.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn saved_messages_are_read_one_or_a_folder_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("b.eml"), "Subject: b\r\n\r\n", 1);
    write(&at("a.EML"), "Subject: a\r\n\r\n", 2);
    write(&at("notes.txt"), "no mail", 3);
    assert_eq!(texts(&at("b.eml")).await, ["Subject: b\r\n\r\n"]);
    assert_eq!(texts(folder.path()).await, ["Subject: b\r\n\r\n", "Subject: a\r\n\r\n"]);
    // By a link, as a person may name it; but not by one within the folder.
    symlink(at("b.eml"), at("link.eml")).unwrap();
    assert_eq!(texts(&at("link.eml")).await, ["Subject: b\r\n\r\n"]);
    assert_eq!(texts(folder.path()).await.len(), 2);
}

#[tokio::test]
async fn the_next_message_under_the_same_name_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.eml");
    write(&path, "Subject: a\r\n\r\n", 1);
    let mut mailbox = AnyMailbox::at(&path).await.unwrap();
    let first = read(&mut mailbox, &all()).await;
    assert_eq!(read(&mut mailbox, &all()).await, first);
    write(&path, "Subject: b\r\n\r\n", 2);
    assert_ne!(read(&mut mailbox, &all()).await[0].0, first[0].0);
    let spool = tempfile::tempdir().unwrap();
    assert_eq!(mailbox.fetch(&Place { name: first[0].0.clone() }, spool.path()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_mail_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("empty.eml"), "", 1);
    write(&at("letter.pdf"), "%PDF-1.7\n", 1);
    fs::write(at("letter.msg"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on").unwrap();
    fs::create_dir(at("nothing")).unwrap();
    check_refused(&at("missing"), "entity not found").await;
    check_refused(&at("odd\x1b[31m\u{202e}name"), "\\u{1b}").await;
    check_refused(&at("empty.eml"), "it is empty").await;
    check_refused(&at("letter.pdf"), "does not begin with a header field").await;
    check_refused(&at("letter.msg"), "Outlook").await;
    check_refused(&at("nothing"), "holds no mail").await;
    check_refused(Path::new("/dev/zero"), "neither a file nor a folder").await;
    check_refused(Path::new("/dev/null"), "neither a file nor a folder").await;
    let pipe = at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    check_refused(&pipe, "neither a file nor a folder").await;
    // Root reads everything.
    if fs::read("/etc/shadow").is_err() {
        write(&at("closed.eml"), MAIL, 1);
        fs::set_permissions(at("closed.eml"), fs::Permissions::from_mode(0o000)).unwrap();
        check_refused(&at("closed.eml"), "permission denied").await;
    }
}
