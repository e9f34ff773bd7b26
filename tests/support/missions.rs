//! The missions' side: they read what lies in their mailboxes, and answer as their programs do.

use demarche::adapters::clock::SystemClock;
use demarche::ports::Clock as _;
use lettre::address::Envelope;
use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use mail_parser::{MessageParser, MimeHeaders as _};
use tokio::runtime::Runtime;

use super::dovecot::Dovecot;
use super::postfix::{OUTREACH, Postfix};

/// A letter as a mission finds it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Without angle brackets.
    pub id: String,
    /// The letter that it follows.
    pub follows: Option<String>,
    /// Where answers go.
    pub reply_to: String,
    pub subject: String,
    pub text: String,
    /// The file of an invitation, its folded lines joined.
    pub invitation: Option<String>,
}

impl Letter {
    pub fn read(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).unwrap();
        let reply_to = message.reply_to().and_then(|all| all.first()).and_then(|one| one.address());
        let invitation = message.attachments().find(|file| file.attachment_name() == Some("meeting.ics"));
        Self {
            id: message.message_id().unwrap().to_owned(),
            follows: message.in_reply_to().as_text().map(str::to_owned),
            reply_to: reply_to.unwrap_or_default().to_owned(),
            subject: message.subject().unwrap().to_owned(),
            text: message.body_text(0).unwrap().replace("\r\n", "\n"),
            invitation: invitation.map(|file| String::from_utf8_lossy(file.contents()).replace("\r\n ", "")),
        }
    }

    /// As programs quote it under an answer.
    pub fn quoted(&self) -> String {
        let lines: String = self.text.trim_end().lines().map(|line| format!("> {line}\n")).collect();
        format!("On Thu, 26 Nov 2026 at 10:11, The coalition <{OUTREACH}> wrote:\n{lines}")
    }

    /// A value of its invitation, as `UID`.
    pub fn invited(&self, name: &str) -> String {
        let lines = self.invitation.as_ref().expect("it invites to a meeting").lines();
        let value = lines.filter_map(|line| line.split_once(':')).find(|(known, _)| *known == name);
        value.unwrap_or_else(|| panic!("no {name} in {self:?}")).1.trim().to_owned()
    }
}

/// A message to us: its headers line by line, and its body as it stands.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The envelope's; empty is the null sender, as machines use it.
    sender: String,
    from: String,
    recipients: Vec<String>,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    /// `from` is a bare address. Plain text, until it is given another body.
    pub fn from(from: &str, subject: &str, text: &str) -> Self {
        let headers = vec![format!("From: {from}"), format!("To: {OUTREACH}"), format!("Subject: {subject}")];
        let plain = Self {
            sender: from.to_owned(),
            from: from.to_owned(),
            recipients: vec![OUTREACH.to_owned()],
            headers,
            body: Vec::new(),
        };
        plain.body("text/plain; charset=utf-8", "8bit", text.replace('\n', "\r\n").as_bytes())
    }

    pub fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    pub fn in_reply_to(self, letter: &Letter) -> Self {
        self.header(format!("In-Reply-To: <{0}>\r\nReferences: <{0}>", letter.id))
    }

    /// Instead of the address that the letter came from.
    pub fn addressed_to(mut self, address: &str) -> Self {
        self.recipients = vec![address.to_owned()];
        self.headers.retain(|line| !line.starts_with("To: "));
        self.header(format!("To: {address}"))
    }

    pub fn with_copy_to(mut self, address: &str) -> Self {
        self.recipients.push(address.to_owned());
        self.header(format!("Cc: {address}"))
    }

    /// Written by a machine: what cannot be delivered comes back to nobody.
    pub fn by_a_machine(mut self) -> Self {
        self.sender.clear();
        self
    }

    pub fn body(mut self, media_type: &str, encoding: &str, octets: &[u8]) -> Self {
        self.headers.retain(|line| !line.starts_with("Content-"));
        self.headers.push(format!("Content-Type: {media_type}\r\nContent-Transfer-Encoding: {encoding}"));
        self.body = octets.to_vec();
        self
    }

    /// Of several parts: the type of each with what stands beside it, and its body.
    pub fn parts(self, media_type: &str, parts: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (headers, octets) in parts {
            body.extend(format!("--=_part\r\n{}\r\n\r\n", headers.replace('\n', "\r\n")).into_bytes());
            body.extend(*octets);
            body.extend(b"\r\n");
        }
        body.extend(b"--=_part--\r\n");
        self.body(&format!("{media_type}; boundary=\"=_part\""), "8bit", &body)
    }

    /// As it is sent now. No other answer has this name.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let date = SystemClock.now().utc().to_rfc2822();
        let id = format!("<{}.{}>", name.replace(' ', "-"), self.from);
        let head =
            format!("Date: {date}\r\nMessage-ID: {id}\r\n{}\r\nMIME-Version: 1.0\r\n\r\n", self.headers.join("\r\n"));
        [head.as_bytes(), &self.body].concat()
    }
}

/// As MIME carries what is no text.
pub fn base64(octets: &[u8]) -> Vec<u8> {
    Body::new_with_encoding(octets.to_vec(), ContentTransferEncoding::Base64).unwrap().into_vec()
}

/// Hands answers to the mail server, as anybody outside does: encrypted, and without a password.
pub struct Post {
    runtime: Runtime,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    number: u32,
}

impl Post {
    pub fn to(postfix: &Postfix, dovecot: &Dovecot) -> Self {
        let runtime = Runtime::new().unwrap();
        let authority = Certificate::from_pem(dovecot.authority_pem.as_bytes()).unwrap();
        let tls = TlsParameters::builder("localhost".to_owned()).add_root_certificate(authority).build().unwrap();
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost")
            .port(postfix.port)
            .tls(Tls::Required(tls))
            .build();
        Self { runtime, transport, number: 0 }
    }

    #[track_caller]
    pub fn send(&mut self, answer: &Answer) {
        self.number += 1;
        let sender = (!answer.sender.is_empty()).then(|| answer.sender.parse().unwrap());
        let recipients = answer.recipients.iter().map(|address| address.parse().unwrap()).collect();
        let envelope = Envelope::new(sender, recipients).unwrap();
        let bytes = answer.bytes(&format!("answer-{}", self.number));
        self.runtime.block_on(self.transport.send_raw(&envelope, &bytes)).unwrap();
    }
}
