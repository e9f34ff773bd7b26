//! A mailbox on a server: what is read, what is left as it is, and what a server can do wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::time::Duration;

use demarche::adapters::mailbox::imap::{Filed, ImapMailbox, Security, SentFolder, Settings};
use demarche::ports::{Fetched, Mailbox as _, MailboxFault, Place, Wanted};
use support::imap_server::{Act, Cover, ImapServer, PASSWORD, State, Step, USER};
use support::smtp_server::Identity;

const MAIL: &[u8] = b"From: mission@france.example\r\nSubject: R\xe9ponse\r\n\r\nExcellency,\r\n.\r\n";

fn settings(server: &ImapServer) -> Settings {
    let mut settings = Settings::new("localhost", server.addr.port(), Security::Tls, USER, PASSWORD.into());
    settings.extra_roots = Some(server.identity.certificate_pem.clone().into_bytes());
    settings.timeout = Duration::from_secs(5);
    settings
}

fn mailbox(server: &ImapServer) -> ImapMailbox {
    ImapMailbox::new(settings(server)).unwrap()
}

/// A server with messages 1 to `count`, one a day of February 2018.
fn server_with(count: usize) -> ImapServer {
    const DAYS: [&str; 5] = ["01-Feb-2018", "02-Feb-2018", "03-Feb-2018", "04-Feb-2018", "05-Feb-2018"];
    let server = ImapServer::start(Cover::Implicit);
    for (uid, day) in (1..).zip(DAYS).take(count) {
        server.state().message(uid, day, &[MAIL, format!("{uid}\r\n").as_bytes()].concat());
    }
    server
}

fn place(uid: u32) -> Place {
    Place { name: uid.to_string() }
}

fn all() -> Wanted {
    Wanted { after: None, since: None }
}

async fn uids(mailbox: &mut ImapMailbox, wanted: &Wanted) -> Vec<u32> {
    mailbox.places(wanted).await.unwrap().iter().map(|place| place.name.parse().unwrap()).collect()
}

fn octets(fetched: &Fetched) -> Vec<u8> {
    let octets = std::fs::read(&fetched.file).unwrap();
    assert_eq!(octets.len() as u64, fetched.bytes);
    octets
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Opens, lists and fetches message 1; what comes first of a fault.
async fn first_fault(server: &ImapServer) -> MailboxFault {
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(server);
    let step = async {
        mailbox.open().await?;
        mailbox.places(&all()).await?;
        mailbox.fetch(&place(1), spool.path()).await
    };
    let fault = step.await.expect_err("the server did something wrong");
    assert_eq!(files(spool.path()), 0, "half a message was left behind");
    fault
}

fn words(fault: &MailboxFault) -> String {
    match fault {
        MailboxFault::Away { what, help } | MailboxFault::Settings { what, help } => format!("{what}; {help}"),
        MailboxFault::Message { what } => what.clone(),
    }
}

async fn check_away(script: impl FnOnce(&mut State), wanted: &str) {
    let server = server_with(1);
    script(&mut server.state());
    let fault = first_fault(&server).await;
    assert!(matches!(fault, MailboxFault::Away { .. }), "{fault:?}");
    assert!(words(&fault).contains(wanted), "{fault:?} does not say {wanted:?}");
    assert!(!words(&fault).contains(|c: char| c.is_control()), "{fault:?}");
}

async fn check_settings(script: impl FnOnce(&mut State), wanted: &str) {
    let server = server_with(1);
    script(&mut server.state());
    let fault = first_fault(&server).await;
    assert!(matches!(fault, MailboxFault::Settings { .. }), "{fault:?}");
    assert!(words(&fault).contains(wanted), "{fault:?} does not say {wanted:?}");
}

// What is read.

#[tokio::test]
async fn messages_come_oldest_first_byte_for_byte_into_files_of_their_own() {
    let server = server_with(3);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    assert_eq!(mailbox.open().await.unwrap().validity, 7);
    assert_eq!(uids(&mut mailbox, &all()).await, [1, 2, 3]);
    for uid in 1..=3 {
        let fetched = mailbox.fetch(&place(uid), spool.path()).await.unwrap().unwrap();
        assert_eq!(octets(&fetched), server.state().messages[uid as usize - 1].octets);
        assert_eq!(fetched.received.unwrap().to_string(), format!("2018-02-0{uid}T08:30:00Z"));
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&fetched.file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    mailbox.close().await;
}

#[tokio::test]
async fn nothing_that_is_said_to_the_server_can_change_a_mailbox() {
    let server = server_with(2);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    uids(&mut mailbox, &Wanted { after: Some(place(1)), since: None }).await;
    mailbox.fetch(&place(2), spool.path()).await.unwrap().unwrap();
    mailbox.close().await;
    assert_eq!(server.commands()[..4], ["LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"]);
    let fetch = server.state().lines[3].clone();
    assert!(fetch.contains("BODY.PEEK[]") && !fetch.replace("BODY.PEEK[]", "").contains("BODY"), "{fetch}");
}

#[tokio::test]
async fn only_what_is_later_and_not_too_old_is_asked_for() {
    let server = server_with(5);
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    let since = |day: &str| Some(day.parse().unwrap());
    assert_eq!(uids(&mut mailbox, &Wanted { after: None, since: since("2018-02-04") }).await, [4, 5]);
    assert_eq!(uids(&mut mailbox, &Wanted { after: Some(place(3)), since: None }).await, [4, 5]);
    assert_eq!(uids(&mut mailbox, &Wanted { after: Some(place(2)), since: since("2018-02-05") }).await, [5]);
    // `6:*` is answered with 5, which is known.
    assert_eq!(uids(&mut mailbox, &Wanted { after: Some(place(5)), since: None }).await, [0_u32; 0]);
}

#[tokio::test]
async fn a_large_message_comes_in_pieces() {
    for (size, claimed) in [(300_000, None), (262_144, None), (1_000_000, Some(999_000)), (600_000, Some(700_000))] {
        let server = ImapServer::start(Cover::Implicit);
        let message: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
        server.state().message(1, "05-Feb-2018", &message);
        server.state().messages[0].claimed = claimed;
        let spool = tempfile::tempdir().unwrap();
        let mut mailbox = mailbox(&server);
        mailbox.open().await.unwrap();
        let fetched = mailbox.fetch(&place(1), spool.path()).await.unwrap().unwrap();
        assert!(octets(&fetched) == message, "{size}, said to be {claimed:?}");
        assert!(server.state().lines.iter().all(|line| !line.contains("BODY.PEEK[]>")));
    }
}

#[tokio::test]
async fn a_message_of_more_than_fifty_mebibytes_is_named_and_not_taken() {
    let server = server_with(2);
    server.state().messages[0].claimed = Some(50 * 1024 * 1024 + 1);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    let fault = mailbox.fetch(&place(1), spool.path()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Message { what } if what.contains("51 MiB")), "{fault:?}");
    assert!(mailbox.fetch(&place(2), spool.path()).await.unwrap().is_some(), "others can be had");
    assert_eq!(files(spool.path()), 1);
}

#[tokio::test]
async fn an_empty_message_is_one_too() {
    let server = ImapServer::start(Cover::Implicit);
    server.state().message(1, "05-Feb-2018", b"");
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    assert_eq!(mailbox.fetch(&place(1), spool.path()).await.unwrap().unwrap().bytes, 0);
}

#[tokio::test]
async fn a_message_that_vanished_meanwhile_is_no_fault() {
    let server = server_with(2);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    assert_eq!(uids(&mut mailbox, &all()).await, [1, 2]);
    server.state().messages.remove(0);
    assert_eq!(mailbox.fetch(&place(1), spool.path()).await.unwrap(), None);
    server.state().on(Step::Fetch, Act::Say(b"TAG NO [EXPUNGEISSUED] gone\r\n".to_vec())).times(1);
    assert_eq!(mailbox.fetch(&place(2), spool.path()).await.unwrap(), None);
    server.state().on(Step::Fetch, Act::Before(b"* 1 EXPUNGE\r\n* 0 EXISTS\r\n".to_vec())).times(1);
    assert!(mailbox.fetch(&place(2), spool.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_folder_is_called_as_people_call_it() {
    let server = server_with(1);
    server.state().folders.push("R&AOk-ponses &- plus".to_owned());
    let mut mailbox = ImapMailbox::new(settings(&server).with_folder("Réponses & plus")).unwrap();
    mailbox.open().await.unwrap();
    let mut forged = ImapMailbox::new(settings(&server).with_folder("INBOX\"\r\nA9 DELETE \"INBOX")).unwrap();
    assert!(matches!(forged.open().await, Err(MailboxFault::Settings { .. })));
    assert!(!server.state().lines.iter().any(|line| line.contains("DELETE")));
}

// What a server can do wrong (reliability.md, F33 to F37).

#[tokio::test]
async fn new_numbers_for_old_messages_are_seen() {
    let server = server_with(2);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    assert_eq!(mailbox.open().await.unwrap().validity, 7);
    server.state().validity = 8;
    // The line breaks, and behind it the folder is another: what was number 1 may be any message now.
    server.state().on(Step::Fetch, Act::SayAndDrop(Vec::new())).times(1);
    let fault = mailbox.fetch(&place(1), spool.path()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Away { what, .. } if what.contains("numbered")), "{fault:?}");
    assert_eq!(mailbox.open().await.unwrap().validity, 8);
}

#[tokio::test]
async fn a_server_that_counts_backwards_is_read_from_the_beginning() {
    let server = server_with(3);
    server.state().uid_next = Some(2);
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    assert_eq!(uids(&mut mailbox, &Wanted { after: Some(place(9)), since: None }).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_line_that_breaks_once_in_the_middle_of_a_message_is_taken_up_again() {
    let server = server_with(2);
    let half = b"* 1 FETCH (UID 1 RFC822.SIZE 90 BODY[]<0> {90}\r\nFrom: mission@fr".to_vec();
    server.state().on(Step::Fetch, Act::SayAndDrop(half)).times(1);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    let fetched = mailbox.fetch(&place(1), spool.path()).await.unwrap().unwrap();
    assert_eq!(octets(&fetched), server.state().messages[0].octets);
    assert_eq!((server.state().sessions, files(spool.path())), (2, 1));
}

#[tokio::test]
async fn a_message_at_which_the_line_always_breaks_is_set_aside_and_others_are_read() {
    let server = server_with(2);
    server.state().on(Step::Fetch, Act::SayAndDrop(b"* BYE internal error\r\n".to_vec())).times(2);
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    let fault = mailbox.fetch(&place(1), spool.path()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Message { what } if what.contains("internal error")), "{fault:?}");
    assert!(mailbox.fetch(&place(2), spool.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn when_two_messages_in_a_row_cannot_be_had_it_is_the_server() {
    let server = server_with(3);
    server.state().on(Step::Fetch, Act::Say(b"TAG NO [SERVERBUG] no\r\n".to_vec()));
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    assert!(matches!(mailbox.fetch(&place(1), spool.path()).await, Err(MailboxFault::Message { .. })));
    assert!(matches!(mailbox.fetch(&place(2), spool.path()).await, Err(MailboxFault::Away { .. })));
    server.state().forget_rules();
    assert!(mailbox.fetch(&place(3), spool.path()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_is_none_leaves_the_mailbox_for_later() {
    let say = |text: &str| Act::Say(text.as_bytes().to_vec());
    let drop = |text: &str| Act::SayAndDrop(text.as_bytes().to_vec());
    check_away(|s| _ = s.on(Step::Greeting, drop("* BYE come back later\r\n")), "come back later").await;
    check_away(|s| _ = s.on(Step::Greeting, drop("220 mail ESMTP\r\n")), "no IMAP").await;
    check_away(|s| _ = s.on(Step::Greeting, drop("")), "hung up").await;
    check_away(|s| _ = s.on(Step::Greeting, say("* PREAUTH welcome\r\n")), "before we have said who we are").await;
    check_away(|s| _ = s.on(Step::SignIn, say("TAG NO [UNAVAILABLE] \x1b[31mlater\r\n")), "later").await;
    check_away(|s| _ = s.on(Step::SignIn, drop("* BYE \x1b]52;c;aGk=\x07bye\r\n")), "hung up").await;
    check_away(|s| _ = s.on(Step::Examine, say("* 1 EXISTS\r\nTAG OK done\r\n")), "UIDVALIDITY").await;
    check_away(|s| _ = s.on(Step::Examine, say("A9999 OK done\r\n")), "what was not asked").await;
    check_away(|s| _ = s.on(Step::Search, say("TAG NO no\r\n")), "it says no: no").await;
    check_away(|s| _ = s.on(Step::Search, say("* SEARCH 1 x\r\nTAG OK\r\n")), "no IMAP").await;
    check_away(|s| _ = s.on(Step::Fetch, say("TAG NO [INUSE] busy\r\n")), "busy").await;
    let flood = "* 1 EXISTS\r\n".repeat(30_000);
    check_away(|s| _ = s.on(Step::Search, say(&flood)), "has no end").await;
}

#[tokio::test]
async fn a_server_that_says_no_to_the_account_or_the_folder_means_the_settings() {
    let say = |text: &str| Act::Say(text.as_bytes().to_vec());
    let no = "TAG NO [AUTHENTICATIONFAILED] wrong \x1b[2J\"name\"\r\n";
    check_settings(|s| _ = s.on(Step::SignIn, say(no)), "refuses the user name or the password: [AUTH").await;
    check_settings(|s| _ = s.on(Step::Examine, say("TAG NO \x1b[2J\r\n")), "does not open the folder `INBOX`").await;
    check_settings(|s| s.folders.clear(), "no such folder").await;
}

#[tokio::test]
async fn a_message_that_is_said_wrongly_is_the_fault_of_one_message() {
    for (said, wanted) in [
        ("* 1 FETCH (UID 1 BODY[]<0> {4294967295}\r\nx", "more than was asked for"),
        ("* 1 FETCH (UID 1 BODY[]<0> {99999999999}\r\nx", "more than was asked for"),
        ("* 1 FETCH (UID 1 BODY[]<0> {3}\r\nFrom: x)\r\nTAG OK\r\n", "no IMAP"),
        ("* 1 FETCH (UID 1 BODY[]<9> {3}\r\nabc)\r\nTAG OK\r\n", "another piece"),
        ("* 1 FETCH (UID 1 INTERNALDATE NIL BODY[]<0> {3}\r\nabc)\r\nTAG OK\r\n", "no IMAP"),
        ("* OK [ALERT]\u{9b}31m\r\nTAG BAD no\r\n", "says no"),
        ("* 1 FETCH (BODYSTRUCTURE ((((((((((((((((((((((((((((((((((((((((((((((((((((((", "too deep"),
    ] {
        let server = server_with(1);
        server.state().on(Step::Fetch, Act::Say(said.as_bytes().to_vec()));
        let fault = first_fault(&server).await;
        assert!(matches!(&fault, MailboxFault::Message { what } if what.contains(wanted)), "{said}: {fault:?}");
    }
}

#[tokio::test]
async fn an_alert_and_other_news_pass_unseen() {
    let server = server_with(1);
    let news = "* OK [ALERT] \x1b]0;owned\x07 quota\r\n* 9 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen))\r\n* 4 FETCH (UID 9 BODY[]<0> {1}\r\nx)\r\n";
    for step in [Step::SignIn, Step::Examine, Step::Search, Step::Fetch] {
        server.state().on(step, Act::Before(news.as_bytes().to_vec()));
    }
    let spool = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    assert_eq!(uids(&mut mailbox, &all()).await, [1]);
    let fetched = mailbox.fetch(&place(1), spool.path()).await.unwrap().unwrap();
    assert_eq!(octets(&fetched), server.state().messages[0].octets);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_in_time() {
    for step in [Step::Greeting, Step::SignIn, Step::Examine, Step::Search, Step::Fetch] {
        let server = server_with(1);
        server.state().on(step, Act::Wait(Duration::from_secs(30)));
        let mut settings = settings(&server);
        settings.timeout = Duration::from_millis(200);
        let spool = tempfile::tempdir().unwrap();
        let mut mailbox = ImapMailbox::new(settings).unwrap();
        let begun = std::time::Instant::now();
        let result = async {
            mailbox.open().await?;
            mailbox.places(&all()).await?;
            mailbox.fetch(&place(1), spool.path()).await
        };
        let fault = result.await.unwrap_err();
        assert!(words(&fault).contains("no answer within 0.2 s"), "{step:?}: {fault:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{step:?}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_old_messages_are_listed_in_time() {
    let server = ImapServer::start(Cover::Implicit);
    let uids: String = (1..=100_000).map(|uid| format!(" {}", uid * 7)).collect();
    server.state().on(Step::Search, Act::Say(format!("* SEARCH{uids}\r\nTAG OK\r\n").into_bytes()));
    let mut mailbox = mailbox(&server);
    mailbox.open().await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(mailbox.places(&all()).await.unwrap().len(), 100_000);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

// How the line is protected.

fn starttls(server: &ImapServer) -> Settings {
    Settings { security: Security::Starttls, ..settings(server) }
}

#[tokio::test]
async fn no_password_is_said_in_the_clear() {
    let server = ImapServer::start(Cover::Starttls);
    let mut mailbox = ImapMailbox::new(starttls(&server)).unwrap();
    mailbox.open().await.unwrap();
    assert_eq!(server.state().in_the_clear, ["S1 STARTTLS"]);
    assert_eq!(server.commands(), ["STARTTLS", "LOGIN", "EXAMINE"]);
}

#[tokio::test]
async fn whoever_stands_between_us_and_the_server_gets_no_password() {
    let cases: [(Step, &[u8], &str); 5] = [
        (Step::StartTls, b"TAG NO not here\r\n", "refuses STARTTLS"),
        (Step::StartTls, b"TAG BAD what?\r\n", "refuses STARTTLS"),
        (Step::StartTls, b"TAG OK go\r\nA0001 OK signed in\r\n", "spoke before the handshake"),
        (Step::StartTls, b"TAG OK go\r\n* BYE garbage that is no TLS\r\n", "spoke before the handshake"),
        (Step::Greeting, b"* PREAUTH welcome\r\n", "before we have said who we are"),
    ];
    for (step, said, wanted) in cases {
        let server = ImapServer::start(Cover::Starttls);
        server.state().on(step, Act::Say(said.to_vec()));
        let mut mailbox = ImapMailbox::new(starttls(&server)).unwrap();
        let fault = mailbox.open().await.unwrap_err();
        assert!(matches!(fault, MailboxFault::Away { .. }) && words(&fault).contains(wanted), "{fault:?}");
        assert!(!server.state().lines.iter().any(|line| line.contains("LOGIN")));
    }
}

#[tokio::test]
async fn a_certificate_of_somebody_else_means_the_settings() {
    for security in [Security::Tls, Security::Starttls] {
        let server = ImapServer::start(if security == Security::Tls { Cover::Implicit } else { Cover::Starttls });
        let mut unknown = Settings { security, ..settings(&server) };
        unknown.extra_roots = None;
        let mut stranger = Settings { security, ..settings(&server) };
        stranger.extra_roots = Some(Identity::for_host("localhost").certificate_pem.into_bytes());
        let mut other_name = Settings { security, ..settings(&server) };
        other_name.host = "127.0.0.1".to_owned();
        for settings in [unknown, stranger, other_name] {
            let fault = ImapMailbox::new(settings).unwrap().open().await.unwrap_err();
            assert!(matches!(&fault, MailboxFault::Settings { .. }), "{fault:?}");
            assert!(words(&fault).contains("the certificate of"), "{fault:?}");
            assert!(!server.state().lines.iter().any(|line| line.contains("LOGIN")));
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let server = ImapServer::start(Cover::Implicit);
    let settings = settings(&server);
    drop(server);
    let fault = ImapMailbox::new(settings).unwrap().open().await.unwrap_err();
    assert!(matches!(fault, MailboxFault::Away { .. }), "{fault:?}");
}

// Sent letters.

const LETTER: &[u8] = b"Message-ID: <1.FRA@coalition.example>\r\nSubject: Joint letter\r\n\r\nExcellency,\r\n";
const ID: &str = "1.FRA@coalition.example";

fn sent(server: &ImapServer) -> SentFolder {
    SentFolder::new(settings(server).with_folder("Sent")).unwrap()
}

fn at() -> demarche::vocabulary::Instant {
    "2018-02-05T08:30:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_sent_letter_is_filed_once_read_and_dated() {
    let server = ImapServer::start(Cover::Implicit);
    let mut folder = sent(&server);
    folder.try_account().await.unwrap();
    assert_eq!(folder.file(LETTER, ID, at()).await.unwrap(), Filed::Now);
    assert_eq!(folder.file(LETTER, &format!("<{ID}>"), at()).await.unwrap(), Filed::Before);
    assert_eq!(sent(&server).file(LETTER, ID, at()).await.unwrap(), Filed::Before, "by another worker too");
    folder.close().await;
    let appended = server.state().appended.clone();
    assert_eq!(appended, [("\"Sent\" (\\Seen) \"05-Feb-2018 08:30:00 +0000\"".to_owned(), LETTER.to_vec())]);
    assert!(!server.commands().iter().any(|command| command == "SELECT"));
}

#[tokio::test]
async fn a_copy_whose_filing_was_not_confirmed_is_found_and_not_doubled() {
    let server = ImapServer::start(Cover::Implicit);
    server.state().on(Step::Content, Act::DoAndDrop).times(1);
    let mut folder = sent(&server);
    assert!(matches!(folder.file(LETTER, ID, at()).await, Err(MailboxFault::Away { .. })));
    assert_eq!(folder.file(LETTER, ID, at()).await.unwrap(), Filed::Before);
    assert_eq!(server.state().appended.len(), 1);
}

#[tokio::test]
async fn a_line_that_was_closed_between_two_letters_is_opened_again() {
    let server = ImapServer::start(Cover::Implicit);
    let mut folder = sent(&server);
    folder.file(LETTER, ID, at()).await.unwrap();
    server.state().on(Step::Examine, Act::SayAndDrop(b"* BYE idle for too long\r\n".to_vec())).times(1);
    assert_eq!(folder.file(LETTER, "2.FRA@coalition.example", at()).await.unwrap(), Filed::Now);
}

#[tokio::test]
async fn a_folder_for_sent_letters_that_is_missing_or_full_is_told() {
    let server = ImapServer::start(Cover::Implicit);
    server.state().folders.pop();
    let fault = sent(&server).file(LETTER, ID, at()).await.unwrap_err();
    assert!(matches!(&fault, MailboxFault::Settings { .. }) && words(&fault).contains("sent_folder"), "{fault:?}");
    assert!(matches!(sent(&server).try_account().await, Err(MailboxFault::Settings { .. })));
    server.state().folders.push("Sent".to_owned());
    server.state().on(Step::Append, Act::Say(b"TAG NO [OVERQUOTA] \x1b[1mfull\r\n".to_vec()));
    let fault = sent(&server).file(LETTER, ID, at()).await.unwrap_err();
    assert!(words(&fault).contains("full") && !words(&fault).contains('\x1b'), "{fault:?}");
    assert!(sent(&server).file(LETTER, "a\"\r\nA9 DELETE INBOX", at()).await.is_err());
    assert!(server.state().appended.is_empty());
}
