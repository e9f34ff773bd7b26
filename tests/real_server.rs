//! Letters to a mail server that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use demarche::adapters::smtp::{Security, Settings, SmtpMailer};
use demarche::delivery::{Phase, Verdict};
use demarche::ports::{Courier as _, Mailer as _, Outgoing};
use support::real_server::{PASSWORD, RealServer, USER};

fn settings(server: &RealServer, password: &str) -> Settings {
    let mut settings = Settings::new("localhost", server.port, Security::Starttls, "coalition.example");
    settings.credentials = Some((USER.into(), password.into()));
    settings.extra_roots = Some(std::fs::read(&server.certificate).unwrap());
    settings
}

fn letter(message: &[u8]) -> Outgoing {
    Outgoing {
        dispatch: "hrc37-china/letter/FRA".parse().unwrap(),
        sender: "outreach@coalition.example".parse().unwrap(),
        to: vec!["mission@france.example".parse().unwrap()],
        cc: vec!["rights@france.example".parse().unwrap()],
        message: Arc::from(message.to_vec()),
        last_try: false,
    }
}

#[tokio::test]
async fn a_real_server_gets_exactly_the_approved_bytes_signed_in_and_encrypted() {
    let Some(server) = RealServer::start("a_real_server_gets_exactly_the_approved_bytes_signed_in_and_encrypted")
    else {
        return;
    };
    let mut courier = SmtpMailer::new(settings(&server, PASSWORD)).unwrap().courier();
    let longest = [b"Subject: x\r\n\r\n".as_slice(), &[b'x'; 998], b"\r\n"].concat();
    let messages: [&[u8]; 4] = [
        b"Subject: Joint letter\r\n\r\nExcellency,\r\n",
        b"Subject: dots\r\n\r\n.\r\n..\r\n.MAIL FROM:<x@y.example>\r\n\r\n.\r\n",
        b"Subject: empty lines\r\n\r\n\r\n\r\n\r\n",
        &longest,
    ];
    for message in messages {
        let verdict = courier.hand_over(&letter(message)).await;
        assert!(matches!(verdict, Verdict::Taken { reply: Some(_), .. }), "{verdict:?}");
    }
    courier.close().await;
    let stored = server.stored();
    assert_eq!(stored.len(), messages.len());
    for (stored, message) in stored.iter().zip(messages) {
        assert_eq!(stored.data, message);
        assert_eq!(stored.envelope["from"], "outreach@coalition.example");
        assert_eq!(stored.envelope["to"], serde_json::json!(["mission@france.example", "rights@france.example"]));
        assert_eq!(stored.envelope["encrypted"], true);
        assert_eq!(stored.envelope["signed_in"], true);
        assert_eq!(stored.envelope["hello"], "coalition.example");
    }
}

#[tokio::test]
async fn a_real_server_refuses_a_wrong_password_and_gets_no_letter() {
    let Some(server) = RealServer::start("a_real_server_refuses_a_wrong_password_and_gets_no_letter") else { return };
    let mailer = SmtpMailer::new(settings(&server, "wrong")).unwrap();
    let verdict = mailer.courier().hand_over(&letter(b"Subject: x\r\n\r\nx\r\n")).await;
    assert!(matches!(&verdict, Verdict::Refused { phase: Phase::Auth, reply, .. } if reply.code == 535), "{verdict:?}");
    assert!(server.stored().is_empty());
}
