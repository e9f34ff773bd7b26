//! What becomes of a letter, whatever the mail server does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::{Duration, Instant};

use demarche::adapters::smtp::{Security, Settings, SettingsError, SmtpMailer};
use demarche::adapters::tls::TlsError;
use demarche::delivery::{Phase, Verdict};
use demarche::ports::{Courier as _, Mailer as _, Outgoing};
use support::courier::*;
use support::smtp_server::{Act, Identity, Script, SmtpServer, Step};

async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_server_gets_exactly_the_approved_bytes_in_one_envelope() {
    let (verdict, server) = hand_over_one(Script::plain()).await;
    let Verdict::Taken { reply: Some(reply), recipients } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((reply.code, reply.text.as_str()), (250, "2.0.0 queued as 42"));
    assert!(recipients.iter().all(|r| r.reply.as_ref().is_some_and(|r| r.code == 250)), "{recipients:?}");
    let taken = server.messages();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].data, MESSAGE);
    assert_eq!(taken[0].from, "outreach@coalition.example");
    assert_eq!(taken[0].to, [TO, CC]);
    assert_eq!(server.transcript()[0], "EHLO coalition.example", "not this machine's name");
}

#[tokio::test]
async fn lines_that_begin_with_dots_arrive_as_written() {
    let server = SmtpServer::start(Script::plain());
    let mut courier = courier(&server);
    let large = [b"..\r\n.\r\n".repeat(100_000), b"end\r\n".to_vec()].concat();
    let messages: [&[u8]; 6] =
        [b".\r\n", b"a\r\n.\r\n..\r\n...b\r\n\r\n.\r\n", b"\r\n", b"\r\n\r\n\r\n", b"a.\r\n", &large];
    for message in messages {
        check_taken(&courier.hand_over(&letter_with(message)).await);
    }
    for (taken, message) in server.messages().iter().zip(messages) {
        assert!(taken.data == message, "{:?}", String::from_utf8_lossy(message));
    }
    assert_eq!(server.messages().len(), messages.len());
}

#[tokio::test]
async fn a_refused_to_is_never_sent_though_a_cc_was_accepted() {
    let (verdict, server) = hand_over_one(Script::plain().on_rcpt(TO, "550 5.1.1 no such mailbox")).await;
    let Verdict::Refused { phase: Phase::RcptTo, reply, recipients } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((reply.code, reply.text.as_str()), (550, "5.1.1 no such mailbox"));
    assert_eq!(recipients.iter().map(|r| r.reply.as_ref().unwrap().code).collect::<Vec<_>>(), [550, 250]);
    assert!(server.messages().is_empty());
    assert_eq!(commands(&server), ["EHLO", "MAIL", "RCPT", "RCPT", "RSET"]);
}

#[tokio::test]
async fn a_cc_refused_for_good_is_left_out() {
    let (verdict, server) = hand_over_one(Script::plain().on_rcpt(CC, "550 5.1.1 no such mailbox")).await;
    let Verdict::Taken { recipients, .. } = &verdict else { panic!("{verdict:?}") };
    assert!(recipients[1].reply.as_ref().unwrap().is_permanent());
    assert_eq!(server.messages()[0].to, [TO]);
}

#[tokio::test]
async fn a_cc_refused_for_now_holds_the_letter_back_until_the_last_try() {
    let server = SmtpServer::start(Script::plain().on_rcpt(CC, "450 4.2.0 greylisted"));
    let mut courier = courier(&server);
    let verdict = courier.hand_over(&letter()).await;
    assert!(matches!(verdict, Verdict::NotNow { phase: Phase::RcptTo, .. }), "{verdict:?}");
    check_taken(&courier.hand_over(&Outgoing { last_try: true, ..letter() }).await);
    assert_eq!(server.messages()[0].to, [TO]);
}

#[tokio::test]
async fn letters_share_a_connection_and_a_refused_one_keeps_it_but_not_its_envelope() {
    let server =
        SmtpServer::start(Script::plain().on_rcpt(CC, "550 5.1.1 no").times(1).on_rcpt(TO, "450 4.7.1 later").times(1));
    let mut courier = courier(&server);
    let verdict = courier.hand_over(&letter()).await;
    assert!(matches!(verdict, Verdict::NotNow { .. }), "{verdict:?}");
    let other = Outgoing { to: vec!["mission@ghana.example".parse().unwrap()], cc: vec![], ..letter() };
    check_taken(&courier.hand_over(&other).await);
    check_taken(&courier.hand_over(&letter()).await);
    courier.close().await;
    assert_eq!(server.sessions().len(), 1);
    assert_eq!(server.messages()[0].to, ["mission@ghana.example"]);
    assert_eq!(commands(&server).last().unwrap(), "QUIT");
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_while_idle_is_opened_again() {
    for idle in [Act::Drop, Act::ReplyAndDrop("421 4.4.2 idle too long".into())] {
        let server = SmtpServer::start(Script::plain().on(Step::Idle, idle));
        let mut courier = courier(&server);
        check_taken(&courier.hand_over(&letter()).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
        check_taken(&courier.hand_over(&letter()).await);
        assert_eq!((server.sessions().len(), server.messages().len()), (2, 2));
    }
}

#[tokio::test]
async fn only_a_kept_connection_is_opened_again() {
    let (verdict, server) = hand_over_one(Script::plain().on(Step::Mail, Act::Drop)).await;
    check_broken(&verdict, Phase::MailFrom, "");
    assert_eq!(server.sessions().len(), 1);

    let (verdict, server) =
        hand_over_one(Script::plain().on(Step::Mail, Act::ReplyAndDrop("421 4.3.2 closing".into()))).await;
    assert!(matches!(verdict, Verdict::NotNow { phase: Phase::MailFrom, .. }), "{verdict:?}");
    assert_eq!(server.sessions().len(), 1);
}

#[tokio::test]
async fn a_line_that_drops_after_the_final_dot_leaves_the_outcome_unknown() {
    for (act, taken) in [(Act::TakeAndDrop, 1), (Act::Drop, 0), (Act::Half, 1)] {
        let (verdict, server) = hand_over_one(Script::plain().on(Step::Content, act)).await;
        check_unknown(&verdict);
        assert_eq!(server.messages().len(), taken);
        assert_eq!(server.sessions().len(), 1, "nobody tried again");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leaves_the_outcome_unknown_and_is_not_taken_for_the_next() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Delay(Duration::from_millis(1500))).times(1));
    let mut settings = settings(&server, Security::None);
    settings.final_timeout = Duration::from_millis(500);
    let mut courier = SmtpMailer::new(settings).unwrap().courier();
    check_unknown(&courier.hand_over(&letter()).await);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!(server.sessions().len(), 2, "a connection with an answer outstanding is never used again");
}

#[tokio::test]
async fn an_answer_after_the_dot_that_means_nothing_leaves_the_outcome_unknown() {
    for garbage in [&b"yes\r\n"[..], b"354 go\r\n", b"250-ok\r\n251 ok\r\n", b"999 what\r\n"] {
        let (verdict, _server) = hand_over_one(Script::plain().on(Step::Content, Act::Raw(garbage.to_vec()))).await;
        check_unknown(&verdict);
    }
}

#[tokio::test]
async fn a_refusal_after_the_final_dot_is_a_refusal() {
    let (verdict, server) = hand_over_one(Script::plain().on(Step::Content, reply("451 4.3.0 try later"))).await;
    assert!(
        matches!(&verdict, Verdict::NotNow { phase: Phase::Content, reply, .. } if reply.code == 451),
        "{verdict:?}"
    );
    assert!(server.messages().is_empty());
    let (verdict, _server) = hand_over_one(Script::plain().on(Step::Content, reply("554 5.7.1 spam"))).await;
    let Verdict::Refused { phase: Phase::Content, reply, recipients } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((reply.code, reply.text.as_str(), recipients.len()), (554, "5.7.1 spam", 2));
}

#[tokio::test]
async fn a_refusal_in_odd_words_is_still_a_refusal() {
    let check = async |octets: &[u8], code: u16, text: &str| {
        let (verdict, _server) = hand_over_one(Script::plain().on(Step::Content, Act::Raw(octets.to_vec()))).await;
        let Verdict::Refused { phase: Phase::Content, reply, .. } = &verdict else { panic!("{verdict:?}") };
        assert_eq!((reply.code, reply.text.as_str()), (code, text));
    };
    check(b"554-5.7.1 one\r\n554-5.7.1 two\r\n554 5.7.1 three\r\n", 554, "5.7.1 one two three").await;
    check(b"554 5.6.0 contenu refus\xe9\r\n", 554, "5.6.0 contenu refusé").await;
    check(b"554 \x1b]0;title\x07\r\n", 554, "\\u{1b}]0;title\\u{7}").await;
    check(b"571 5.7.1 blocked\r\n", 550, "(571) 5.7.1 blocked").await;
    check(b"550\r\n", 550, "").await;
}

#[tokio::test]
async fn a_refusal_at_each_step_names_the_step_and_nothing_is_sent() {
    for (step, phase) in [
        (Step::Connect, Phase::Greeting),
        (Step::Ehlo, Phase::Hello),
        (Step::Mail, Phase::MailFrom),
        (Step::Rcpt, Phase::RcptTo),
        (Step::Data, Phase::Data),
    ] {
        let (verdict, server) = hand_over_one(Script::plain().on(step, reply("450 4.0.0 not now"))).await;
        assert!(
            matches!(&verdict, Verdict::NotNow { phase: p, reply, .. } if *p == phase && reply.code == 450),
            "{verdict:?}"
        );
        assert!(server.messages().is_empty());
        let (verdict, server) = hand_over_one(Script::plain().on(step, reply("554 5.0.0 never"))).await;
        assert!(
            matches!(&verdict, Verdict::Refused { phase: p, reply, .. } if *p == phase && reply.code == 554),
            "{verdict:?}"
        );
        assert!(server.messages().is_empty());
    }
}

#[tokio::test]
async fn a_line_that_drops_before_the_letter_proves_that_it_was_not_taken() {
    for (step, phase) in [
        (Step::Connect, Phase::Greeting),
        (Step::Ehlo, Phase::Hello),
        (Step::Mail, Phase::MailFrom),
        (Step::Rcpt, Phase::RcptTo),
        (Step::Data, Phase::Data),
    ] {
        let (verdict, _server) = hand_over_one(Script::plain().on(step, Act::Drop)).await;
        check_broken(&verdict, phase, "");
    }
}

#[tokio::test]
async fn a_server_that_hangs_holds_a_letter_no_longer_than_the_limit() {
    let hang = || Act::Delay(Duration::from_secs(60));
    for (step, phase) in [
        (Step::Connect, Phase::Greeting),
        (Step::Ehlo, Phase::Hello),
        (Step::Mail, Phase::MailFrom),
        (Step::Rcpt, Phase::RcptTo),
        (Step::Data, Phase::Data),
    ] {
        let server = SmtpServer::start(Script::plain().on(step, hang()));
        let mut settings = settings(&server, Security::None);
        settings.timeout = Duration::from_millis(500);
        let started = Instant::now();
        let verdict = SmtpMailer::new(settings).unwrap().courier().hand_over(&letter()).await;
        check_broken(&verdict, phase, "no answer within 0.5 s");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_handshake_or_an_authentication_that_hangs_is_bounded_too() {
    let identity = Identity::for_host("localhost");
    for (security, step, phase) in [
        (Security::Starttls, Step::StartTls, Phase::Tls),
        (Security::Starttls, Step::Auth, Phase::Auth),
        // The server's silence on the first byte of an implicit handshake: it waits for us to speak plain.
        (Security::Tls, Step::Connect, Phase::Tls),
    ] {
        let script = match security {
            Security::Tls => Script::plain(),
            _ => Script::starttls(&identity),
        };
        let script = script.account("outreach", "correct horse").on(step, Act::Delay(Duration::from_secs(60)));
        let server = SmtpServer::start(script);
        let mut settings = covered(&server, security, &identity);
        settings.timeout = Duration::from_secs(1);
        let verdict = SmtpMailer::new(settings).unwrap().courier().hand_over(&letter()).await;
        check_broken(&verdict, phase, "no answer within");
    }
}

#[tokio::test]
async fn a_server_that_says_good_bye_slowly_does_not_hold_the_worker() {
    let server = SmtpServer::start(Script::plain().on(Step::Quit, Act::Delay(Duration::from_secs(60))));
    let mut courier = courier(&server);
    check_taken(&courier.hand_over(&letter()).await);
    let started = Instant::now();
    courier.close().await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_421_ends_the_connection_at_once() {
    let closing = || Act::ReplyAndDrop("421 4.3.2 shutting down".to_owned());
    for (step, phase) in [(Step::Rcpt, Phase::RcptTo), (Step::Data, Phase::Data), (Step::Content, Phase::Content)] {
        let (verdict, server) = hand_over_one(Script::plain().on(step, closing())).await;
        assert!(
            matches!(&verdict, Verdict::NotNow { phase: p, reply, .. } if *p == phase && reply.code == 421),
            "{verdict:?}"
        );
        assert!(verdict.concerns_the_server());
        assert!(!commands(&server).contains(&"RSET".to_owned()));
        assert!(server.messages().is_empty());
    }
}

#[tokio::test]
async fn an_envelope_that_cannot_be_cleared_is_left_with_its_connection() {
    let script = Script::plain().on_rcpt(TO, "550 5.1.1 no").times(1).on(Step::Rset, reply("500 5.5.1 what?"));
    let server = SmtpServer::start(script);
    let mut courier = courier(&server);
    assert!(matches!(courier.hand_over(&letter()).await, Verdict::Refused { .. }));
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!(server.sessions().len(), 2);
}

#[tokio::test]
async fn an_answer_out_of_turn_never_passes_for_the_answer_to_the_letter() {
    let script =
        Script::plain().on(Step::Mail, Act::Raw(b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n".to_vec()));
    let (verdict, server) = hand_over_one(script).await;
    check_broken(&verdict, Phase::RcptTo, "out of turn");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn anything_but_354_invites_no_letter() {
    let (verdict, server) = hand_over_one(Script::plain().on(Step::Data, reply("250 ok"))).await;
    check_broken(&verdict, Phase::Data, "unexpected answer: 250 ok");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_message_that_could_smuggle_a_second_letter_is_refused_before_anybody_is_asked() {
    let server = SmtpServer::start(Script::plain());
    let mut courier = courier(&server);
    let hostile: [&[u8]; 5] = [
        b"a\n.\nMAIL FROM:<evil@example.org>\nRCPT TO:<victim@example.org>\nDATA\nboo\n.\n\r\n",
        b"a\r.\r\n",
        b"no end",
        "é\r\n".as_bytes(),
        &[[b'x'; 999].as_slice(), b"\r\n"].concat(),
    ];
    for message in hostile {
        check_broken(&courier.hand_over(&letter_with(message)).await, Phase::MailFrom, "line 1 of the message");
    }
    let nobody = Outgoing { to: vec![], ..letter() };
    check_broken(&courier.hand_over(&nobody).await, Phase::MailFrom, "no `to` address");
    assert!(server.sessions().is_empty());
}

#[tokio::test]
async fn nobody_at_the_port_is_a_broken_connection_that_names_the_server() {
    let server = SmtpServer::start(Script::plain());
    let (settings, port) = (settings(&server, Security::None), server.port());
    drop(server);
    let verdict = SmtpMailer::new(settings).unwrap().courier().hand_over(&letter()).await;
    check_broken(&verdict, Phase::Connect, &format!("localhost:{port}"));
    assert!(verdict.concerns_the_server());
}

#[tokio::test]
async fn a_letter_broken_off_from_outside_takes_its_connection_with_it() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(5))).times(1));
    let mut courier = courier(&server);
    let outgoing = letter();
    tokio::select! {
        verdict = courier.hand_over(&outgoing) => panic!("{verdict:?}"),
        () = until(|| server.messages().len() == 1) => {}
    }
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!(server.sessions().len(), 2);
}

#[tokio::test]
async fn a_letter_leaves_signed_in_and_encrypted() {
    let identity = Identity::for_host("localhost");
    for mechanisms in ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 LOGIN PLAIN"] {
        for (script, security) in
            [(Script::starttls(&identity), Security::Starttls), (Script::implicit_tls(&identity), Security::Tls)]
        {
            let script = script.account("outreach", "correct horse").mechanisms(mechanisms);
            let (verdict, server) = hand_over_covered(script, security, &identity).await;
            check_taken(&verdict);
            assert!(server.sessions()[0].encrypted && server.sessions()[0].signed_in);
            assert_eq!(server.messages()[0].data, MESSAGE);
        }
    }
}

/// Nothing beyond EHLO and STARTTLS was said, and no letter came.
#[track_caller]
fn check_nothing_was_given_away(server: &SmtpServer) {
    assert!(server.messages().is_empty());
    let said = commands(server);
    assert!(said.iter().all(|word| ["EHLO", "STARTTLS"].contains(&word.as_str())), "{said:?}");
}

#[tokio::test]
async fn without_starttls_neither_password_nor_letter_is_sent() {
    let identity = Identity::for_host("localhost");
    let script = Script::plain().account("outreach", "correct horse");
    let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
    check_broken(&verdict, Phase::Tls, "does not offer STARTTLS");
    check_nothing_was_given_away(&server);
}

#[tokio::test]
async fn a_refused_starttls_gives_nothing_away() {
    let identity = Identity::for_host("localhost");
    let script = Script::starttls(&identity).on(Step::StartTls, reply("454 4.7.0 no TLS today"));
    let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
    check_broken(&verdict, Phase::Tls, "454 4.7.0 no TLS today");
    check_nothing_was_given_away(&server);
}

#[tokio::test]
async fn an_answer_slipped_in_before_the_handshake_is_not_believed() {
    let identity = Identity::for_host("localhost");
    let inject = Act::ReplyAndDrop("220 go ahead\r\n250-injected\r\n250 AUTH PLAIN".to_owned());
    let script = Script::starttls(&identity).on(Step::StartTls, inject);
    let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
    check_broken(&verdict, Phase::Tls, "the server spoke before the handshake");
    check_nothing_was_given_away(&server);
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_is_bounded_and_gives_nothing_away() {
    let identity = Identity::for_host("localhost");
    let (verdict, server) = hand_over_covered(Script::plain(), Security::Tls, &identity).await;
    check_broken(&verdict, Phase::Tls, "");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_host_or_from_nobody_is_refused() {
    let (right, other) = (Identity::for_host("localhost"), Identity::for_host("mail.other.example"));
    let unknown = Identity::for_host("localhost");
    for (served, trusted) in [(&other, &other), (&unknown, &right)] {
        for (script, security) in
            [(Script::starttls(served), Security::Starttls), (Script::implicit_tls(served), Security::Tls)]
        {
            let script = script.account("outreach", "correct horse");
            let (verdict, server) = hand_over_covered(script, security, trusted).await;
            check_broken(&verdict, Phase::Tls, "certificate");
            check_nothing_was_given_away(&server);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_servers_words() {
    let identity = Identity::for_host("localhost");
    for mechanisms in ["PLAIN", "LOGIN"] {
        let script = Script::starttls(&identity).account("outreach", "another").mechanisms(mechanisms);
        let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
        let Verdict::Refused { phase: Phase::Auth, reply, .. } = &verdict else { panic!("{verdict:?}") };
        assert_eq!((reply.code, reply.text.as_str()), (535, "5.7.8 wrong name or password"));
        assert!(verdict.concerns_the_server());
        assert!(!format!("{verdict:?}").contains("correct horse"));
        assert!(server.messages().is_empty());
    }
}

#[tokio::test]
async fn an_authentication_that_fails_for_now_is_tried_again_later() {
    let identity = Identity::for_host("localhost");
    let script = Script::starttls(&identity)
        .account("outreach", "correct horse")
        .on(Step::Auth, reply("454 4.7.0 temporary authentication failure"));
    let (verdict, _server) = hand_over_covered(script, Security::Starttls, &identity).await;
    assert!(matches!(verdict, Verdict::NotNow { phase: Phase::Auth, .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_server_without_a_mechanism_we_speak_gets_no_letter() {
    let identity = Identity::for_host("localhost");
    let script = Script::starttls(&identity).account("outreach", "correct horse").mechanisms("CRAM-MD5");
    let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
    check_broken(&verdict, Phase::Auth, "mechanism");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn an_account_can_be_tried_without_a_letter() {
    let identity = Identity::for_host("localhost");
    let server = SmtpServer::start(Script::starttls(&identity).account("outreach", "correct horse"));
    let mailer = SmtpMailer::new(covered(&server, Security::Starttls, &identity)).unwrap();
    assert_eq!(mailer.try_account().await, Ok(()));
    assert_eq!(commands(&server), ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]);
}

#[test]
fn what_would_speak_in_the_clear_is_refused_before_it_speaks() {
    let refused = |settings| SmtpMailer::new(settings).err();
    let far = Settings::new("mail.coalition.example", 25, Security::None, "coalition.example");
    assert!(matches!(refused(far), Some(SettingsError::PlaintextBeyondLoopback { .. })));
    let mut password = Settings::new("localhost", 25, Security::None, "coalition.example");
    password.credentials = Some(("outreach".into(), "correct horse".into()));
    assert_eq!(refused(password), Some(SettingsError::PasswordInPlaintext));
    let mut roots = Settings::new("localhost", 465, Security::Tls, "coalition.example");
    roots.extra_roots = Some(b"no certificate".to_vec());
    assert!(matches!(refused(roots), Some(SettingsError::Tls(TlsError::Roots { .. }))));
}
