//! One letter and one courier, and what is asked of the verdict.

use std::sync::Arc;
use std::time::Duration;

use demarche::adapters::smtp::{Security, Settings, SmtpCourier, SmtpMailer};
use demarche::delivery::{Phase, Verdict};
use demarche::ports::{Courier as _, Mailer as _, Outgoing};

use super::smtp_server::{Act, Identity, Script, SmtpServer};

pub const TO: &str = "mission@france.example";
pub const CC: &str = "rights@france.example";
pub const MESSAGE: &[u8] = b"Date: Mon, 5 Feb 2018 08:30:00 +0000\r\nSubject: Joint letter\r\n\r\nExcellency,\r\n";

pub fn letter() -> Outgoing {
    Outgoing {
        dispatch: "hrc37-china/letter/FRA".parse().unwrap(),
        sender: "outreach@coalition.example".parse().unwrap(),
        to: vec![TO.parse().unwrap()],
        cc: vec![CC.parse().unwrap()],
        message: Arc::from(MESSAGE.to_vec()),
        last_try: false,
    }
}

pub fn letter_with(message: &[u8]) -> Outgoing {
    Outgoing { message: Arc::from(message.to_vec()), ..letter() }
}

pub fn settings(server: &SmtpServer, security: Security) -> Settings {
    let mut settings = Settings::new("localhost", server.port(), security, "coalition.example");
    settings.timeout = Duration::from_secs(10);
    settings.final_timeout = Duration::from_secs(10);
    settings
}

pub fn courier(server: &SmtpServer) -> SmtpCourier {
    SmtpMailer::new(settings(server, Security::None)).unwrap().courier()
}

/// With an account, and the certificate of `identity` among the roots.
pub fn covered(server: &SmtpServer, security: Security, identity: &Identity) -> Settings {
    let mut settings = settings(server, security);
    settings.credentials = Some(("outreach".into(), "correct horse".into()));
    settings.extra_roots = Some(identity.certificate_pem.clone().into_bytes());
    settings
}

pub async fn hand_over_one(script: Script) -> (Verdict, SmtpServer) {
    let server = SmtpServer::start(script);
    let verdict = courier(&server).hand_over(&letter()).await;
    (verdict, server)
}

pub async fn hand_over_covered(script: Script, security: Security, identity: &Identity) -> (Verdict, SmtpServer) {
    let server = SmtpServer::start(script);
    let mailer = SmtpMailer::new(covered(&server, security, identity)).unwrap();
    let verdict = mailer.courier().hand_over(&letter()).await;
    (verdict, server)
}

pub fn reply(text: &str) -> Act {
    Act::Reply(text.to_owned())
}

#[track_caller]
pub fn check_taken(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Taken { .. }), "{verdict:?}");
}

#[track_caller]
pub fn check_unknown(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Unknown { .. }), "{verdict:?}");
}

#[track_caller]
pub fn check_broken(verdict: &Verdict, wanted: Phase, words: &str) {
    let Verdict::Broken { phase, why } = verdict else { panic!("{verdict:?}") };
    assert_eq!(*phase, wanted, "{why}");
    assert!(why.contains(words), "{why}");
}

/// The first word of every line that the server heard.
pub fn commands(server: &SmtpServer) -> Vec<String> {
    server.transcript().iter().map(|l| l.split([' ', ':']).next().unwrap().to_owned()).collect()
}
