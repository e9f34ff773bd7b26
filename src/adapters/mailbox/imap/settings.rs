//! What one mailbox on a server needs to be read, checked before anybody connects.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

/// How the line is protected. Without TLS there is no reading: IMAP always asks for a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), commonly port 993.
    Tls,
    /// TLS after STARTTLS (RFC 9051, 6.2.1), always demanded; commonly port 143.
    Starttls,
}

/// One folder of one account.
#[derive(Clone)]
pub struct Settings {
    /// Host name or IP address; the certificate must be for it.
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub username: String,
    pub password: SecretString,
    /// As people write it, not as IMAP does (modified UTF-7).
    pub folder: String,
    /// Limit for each answer.
    pub timeout: Duration,
    /// Further root certificates (PEM) beside the system's.
    pub extra_roots: Option<Vec<u8>>,
}

impl Settings {
    /// `INBOX`, and a minute for each answer.
    pub fn new(host: &str, port: u16, security: Security, username: &str, password: SecretString) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security,
            username: username.to_owned(),
            password,
            folder: "INBOX".to_owned(),
            timeout: Duration::from_secs(60),
            extra_roots: None,
        }
    }

    /// The same account, another folder.
    #[must_use]
    pub fn with_folder(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// `imaps://user@host/folder` (RFC 5092), the same for both kinds of TLS, for it is the same mailbox.
    pub fn url(&self) -> String {
        let port = if matches!(self.port, 993 | 143) { String::new() } else { format!(":{}", self.port) };
        format!("imaps://{}@{}{port}/{}", encoded(&self.username, ""), self.host, encoded(&self.folder, "/"))
    }
}

/// RFC 3986: what could be taken for a part of the address is written as its octets. Letters of all scripts stay readable.
fn encoded(text: &str, also: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-._~+&=".contains(c) || also.contains(c);
    let mut out = String::new();
    for c in text.chars() {
        if plain(c) {
            out.push(c);
        } else {
            let mut octets = [0; 4];
            out.extend(c.encode_utf8(&mut octets).bytes().map(|b| format!("%{b:02X}")));
        }
    }
    out
}

/// Neither the user name nor the password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_mailbox_is_an_address_without_a_password() {
        let settings = Settings::new("mail.example", 993, Security::Tls, "a@b.example", "hunter2".into());
        assert_eq!(settings.url(), "imaps://a%40b.example@mail.example/INBOX");
        let mut other = settings.with_folder("Réponses/2018 ?");
        other.port = 1993;
        assert_eq!(other.url(), "imaps://a%40b.example@mail.example:1993/Réponses/2018%20%3F");
        assert!(!format!("{other:?}").contains("hunter2"));
    }
}
