//! Several commands in one write (RFC 2920): faster, and never less sure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use demarche::adapters::smtp::{Security, SmtpCourier, SmtpMailer};
use demarche::delivery::{Phase, Verdict};
use demarche::ports::{Courier as _, Mailer as _, Outgoing};
use support::courier::*;
use support::smtp_server::{Act, Identity, Script, SmtpServer, Step};

/// How many commands of each session came together with the one before them.
fn ahead(server: &SmtpServer) -> Vec<usize> {
    server.sessions().iter().map(|session| session.ahead).collect()
}

/// With a limit that a test can wait for.
fn impatient(server: &SmtpServer) -> SmtpCourier {
    let mut settings = settings(server, Security::None);
    settings.timeout = Duration::from_millis(500);
    SmtpMailer::new(settings).unwrap().courier()
}

#[tokio::test]
async fn the_whole_envelope_leaves_in_one_write_where_the_server_offers_it() {
    let (verdict, server) = hand_over_one(Script::plain().pipelining()).await;
    check_taken(&verdict);
    assert!(verdict.recipients().iter().all(|r| r.reply.as_ref().unwrap().text == "2.1.5 ok"), "{verdict:?}");
    assert_eq!(commands(&server), ["EHLO", "MAIL", "RCPT", "RCPT", "DATA"]);
    assert_eq!(ahead(&server), [2], "both RCPT came with MAIL, and DATA came alone");
    assert_eq!((server.messages()[0].data.as_slice(), server.messages()[0].to.len()), (MESSAGE, 2));
}

#[tokio::test]
async fn without_an_offer_every_command_waits_for_its_answer() {
    let (verdict, server) = hand_over_one(Script::plain()).await;
    check_taken(&verdict);
    assert_eq!(ahead(&server), [0]);
}

#[tokio::test]
async fn an_offer_made_before_the_handshake_is_not_believed() {
    let identity = Identity::for_host("localhost");
    for (script, wanted) in
        [(Script::starttls(&identity).pipelining(), 2), (Script::starttls(&identity).pipelining_in_the_clear(), 0)]
    {
        let script = script.account("outreach", "correct horse");
        let (verdict, server) = hand_over_covered(script, Security::Starttls, &identity).await;
        check_taken(&verdict);
        assert_eq!(ahead(&server), [wanted]);
    }
}

#[tokio::test]
async fn a_refused_to_among_several_means_that_nobody_gets_it() {
    let server = SmtpServer::start(Script::plain().pipelining().on_rcpt(TO, "550 5.1.1 no such mailbox").times(1));
    let mut courier = courier(&server);
    let verdict = courier.hand_over(&letter()).await;
    let Verdict::Refused { phase: Phase::RcptTo, reply, recipients } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(reply.text, "5.1.1 no such mailbox");
    assert_eq!(recipients.iter().map(|r| r.reply.as_ref().unwrap().code).collect::<Vec<_>>(), [550, 250]);
    assert_eq!(commands(&server), ["EHLO", "MAIL", "RCPT", "RCPT", "RSET"]);
    assert!(server.messages().is_empty());
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!((server.sessions().len(), server.messages()[0].to.len()), (1, 2));
}

#[tokio::test]
async fn a_refused_cc_is_left_out_of_a_group_too() {
    let (verdict, server) = hand_over_one(Script::plain().pipelining().on_rcpt(CC, "550 5.1.1 no")).await;
    check_taken(&verdict);
    assert_eq!(verdict.recipients()[1].reply.as_ref().unwrap().code, 550);
    assert_eq!(server.messages()[0].to, [TO]);
}

#[tokio::test]
async fn a_refused_sender_is_told_once_the_rest_of_the_group_has_been_answered() {
    for (code, permanent) in [("451 4.3.0 later", false), ("550 5.7.1 not you", true)] {
        let script = Script::plain().pipelining().on(Step::Mail, reply(code)).times(1);
        let server = SmtpServer::start(script);
        let mut courier = courier(&server);
        let verdict = courier.hand_over(&letter()).await;
        match &verdict {
            Verdict::Refused { phase: Phase::MailFrom, .. } if permanent => {}
            Verdict::NotNow { phase: Phase::MailFrom, .. } if !permanent => {}
            _ => panic!("{verdict:?}"),
        }
        assert!(server.messages().is_empty());
        check_taken(&courier.hand_over(&letter()).await);
        assert_eq!(
            commands(&server)[1..5],
            ["MAIL", "RCPT", "RCPT", "RSET"],
            "no answer was left over for the next letter"
        );
        assert_eq!((server.sessions().len(), server.messages().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_line_that_drops_inside_a_group_proves_that_the_letter_was_not_taken() {
    let server = SmtpServer::start(Script::plain().pipelining().on(Step::Rcpt, Act::Drop).times(1));
    let mut courier = courier(&server);
    check_broken(&courier.hand_over(&letter()).await, Phase::RcptTo, "");
    assert!(server.messages().is_empty());
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!(server.sessions().len(), 2);
}

#[tokio::test]
async fn a_421_inside_a_group_ends_the_connection() {
    let closing = Act::ReplyAndDrop("421 4.3.2 shutting down".to_owned());
    let (verdict, server) = hand_over_one(Script::plain().pipelining().on(Step::Rcpt, closing)).await;
    assert!(
        matches!(&verdict, Verdict::NotNow { phase: Phase::RcptTo, reply, .. } if reply.code == 421),
        "{verdict:?}"
    );
    assert!(server.messages().is_empty());
    assert!(!commands(&server).contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_server_that_answers_more_than_it_was_asked_gets_no_letter() {
    for octets in [
        // Answers to commands that it has not heard yet, down to the letter's own.
        &b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"[..],
        // One too many, so that each is taken for the one before.
        b"250 ok\r\n250 ok\r\n",
    ] {
        let script = Script::plain().pipelining().on(Step::Mail, Act::Raw(octets.to_vec())).times(1);
        let server = SmtpServer::start(script);
        let mut courier = courier(&server);
        let verdict = courier.hand_over(&letter()).await;
        assert!(matches!(&verdict, Verdict::Broken { phase: Phase::RcptTo | Phase::Data, .. }), "{verdict:?}");
        assert!(server.messages().is_empty());
        check_taken(&courier.hand_over(&letter()).await);
        assert_eq!(server.sessions().len(), 2, "a dialogue out of step is left with its connection");
    }
}

#[tokio::test]
async fn a_server_that_forgets_the_rest_of_a_group_is_spoken_to_one_command_at_a_time() {
    let server = SmtpServer::start(Script::plain().pipelining().on(Step::Mail, Act::Forget));
    let mut courier = impatient(&server);
    check_broken(&courier.hand_over(&letter()).await, Phase::RcptTo, "no answer within 0.5 s");
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!(server.sessions().len(), 2);
    assert_eq!(ahead(&server)[1], 0);
    check_taken(&courier.hand_over(&letter()).await);
}

#[tokio::test]
async fn an_answer_inside_a_group_that_comes_too_late_is_not_taken_for_another() {
    let script = Script::plain().pipelining().on(Step::Rcpt, Act::Delay(Duration::from_millis(1200))).times(1);
    let server = SmtpServer::start(script);
    let mut courier = impatient(&server);
    check_broken(&courier.hand_over(&letter()).await, Phase::RcptTo, "no answer within 0.5 s");
    tokio::time::sleep(Duration::from_millis(1000)).await;
    check_taken(&courier.hand_over(&letter()).await);
    assert_eq!((server.sessions().len(), server.messages().len()), (2, 1));
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_while_idle_is_opened_again_for_a_group() {
    for idle in [Act::Drop, Act::ReplyAndDrop("421 4.4.2 idle too long".into())] {
        let server = SmtpServer::start(Script::plain().pipelining().on(Step::Idle, idle));
        let mut courier = courier(&server);
        check_taken(&courier.hand_over(&letter()).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
        check_taken(&courier.hand_over(&letter()).await);
        assert_eq!((server.messages().len(), ahead(&server)), (2, vec![2, 2]), "an idle line's end is no stumble");
    }
}

#[tokio::test]
async fn a_letter_to_very_many_is_asked_for_one_by_one() {
    let (server, many) = (SmtpServer::start(Script::plain().pipelining()), 60);
    let cc = (0..many).map(|n| format!("desk{n}@france.example").parse().unwrap()).collect();
    check_taken(&courier(&server).hand_over(&Outgoing { cc, ..letter() }).await);
    assert_eq!((server.messages()[0].to.len(), ahead(&server)), (many + 1, vec![0]));
}
