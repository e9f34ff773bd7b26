//! A mailbox in memory that does as it is told, and letters of missions to put into it.

use std::path::Path;

use demarche::ports::{Fetched, Mailbox, MailboxFault, Opened, Place, Wanted};
use demarche::vocabulary::Instant;

/// Messages in their order; places are numbers, as UIDs are.
#[derive(Debug, Clone, Default)]
pub struct OfficeBox {
    pub validity: u64,
    pub messages: Vec<(u64, Vec<u8>)>,
    /// The line breaks when this place is asked for.
    pub breaks_at: Option<u64>,
    /// This message cannot be had.
    pub refuses: Option<u64>,
    pub received: Option<Instant>,
    /// How often a message was fetched.
    pub fetched: usize,
}

impl OfficeBox {
    pub fn with(messages: &[&str]) -> Self {
        let numbered = (1..).zip(messages.iter().map(|text| crlf(text)));
        Self { validity: 1, messages: numbered.collect(), ..Self::default() }
    }

    pub fn put(&mut self, text: &str) {
        let next = self.messages.last().map_or(1, |(place, _)| place + 1);
        self.messages.push((next, crlf(text)));
    }
}

pub fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

impl Mailbox for OfficeBox {
    fn name(&self) -> String {
        "imaps://outreach@mail.coalition.example/INBOX".to_owned()
    }

    async fn open(&mut self) -> Result<Opened, MailboxFault> {
        Ok(Opened { validity: self.validity })
    }

    async fn places(&mut self, wanted: &Wanted) -> Result<Vec<Place>, MailboxFault> {
        let after: u64 = wanted.after.as_ref().map_or(0, |place| place.name.parse().unwrap());
        let later = self.messages.iter().filter(|(place, _)| *place > after);
        Ok(later.map(|(place, _)| Place { name: place.to_string() }).collect())
    }

    async fn fetch(&mut self, place: &Place, spool: &Path) -> Result<Option<Fetched>, MailboxFault> {
        let number: u64 = place.name.parse().unwrap();
        if self.breaks_at == Some(number) {
            return Err(MailboxFault::Away { what: "the line broke".into(), help: "try again".into() });
        }
        if self.refuses == Some(number) {
            return Err(MailboxFault::Message { what: "80 MiB are more than 50 MiB".into() });
        }
        let Some((_, bytes)) = self.messages.iter().find(|(place, _)| *place == number) else { return Ok(None) };
        self.fetched += 1;
        let file = spool.join(format!("{number}-{}", self.fetched));
        std::fs::write(&file, bytes).unwrap();
        Ok(Some(Fetched { file, bytes: bytes.len() as u64, received: self.received }))
    }

    async fn close(&mut self) {}
}

/// A person's answer. `answers` is the Message-ID that it names, without angle brackets; empty: none.
pub fn a_reply(from: &str, id: &str, answers: &str, subject: &str, text: &str) -> String {
    let answers = if answers.is_empty() { String::new() } else { format!("In-Reply-To: <{answers}>\n") };
    format!(
        "Received: from mx.elsewhere.example by mx.coalition.example; Tue, 20 Mar 2018 12:00:05 +0100\nFrom: {from}\nTo: outreach@coalition.example\nSubject: {subject}\nDate: Tue, 20 Mar 2018 12:00:00 +0100\nMessage-ID: <{id}>\n{answers}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

/// A delivery status notification (RFC 3464) of a letter to `recipient`.
pub fn a_bounce(returned_id: &str, recipient: &str, action: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.coalition.example\nTo: outreach@coalition.example\nSubject: Undelivered Mail Returned to Sender\nDate: Tue, 20 Mar 2018 10:00:00 +0100\nMessage-ID: <{status}.{recipient}>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nYour message could not be delivered.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.coalition.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {code} {status} {words}\n\n--b\nContent-Type: message/rfc822\n\nFrom: outreach@coalition.example\nTo: {recipient}\nSubject: Joint letter\nMessage-ID: <{returned_id}>\n\nWe write to you.\n\n--b--\n",
        words = if status.starts_with("5.1.") { "no such user" } else { "try later" },
        code = if status.starts_with('5') { "550" } else { "450" },
    )
}
