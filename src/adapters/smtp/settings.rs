//! What one mail server needs to be spoken to, checked before anybody connects.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::tls::TlsError;

/// How the line is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), commonly port 465.
    Tls,
    /// TLS after STARTTLS (RFC 3207), always demanded; commonly port 587.
    Starttls,
    /// None: only to a loopback address, and never with a password.
    None,
}

/// One mail server and our account with it.
#[derive(Clone)]
pub struct Settings {
    /// Host name or IP address; the certificate must be for it.
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User name and password.
    pub credentials: Option<(String, SecretString)>,
    /// The name given with EHLO: the sender's domain. The machine's own name is nobody's business.
    pub hello_name: String,
    /// Limit for each step before the final dot. The letter itself may take a second more for each 16 KiB.
    pub timeout: Duration,
    /// Limit for the answer after the final dot. Default 10 minutes (RFC 5321, 4.5.3.2.6): whoever hangs up earlier may
    /// leave behind a letter that was taken.
    pub final_timeout: Duration,
    /// Further root certificates (PEM) beside the system's.
    pub extra_roots: Option<Vec<u8>>,
}

impl Settings {
    /// Without an account, with the default limits: 60 s and 10 min.
    pub fn new(host: &str, port: u16, security: Security, hello_name: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security,
            credentials: None,
            hello_name: hello_name.to_owned(),
            timeout: Duration::from_secs(60),
            final_timeout: Duration::from_secs(600),
            extra_roots: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.security == Security::None && !is_loopback(&self.host) {
            return Err(SettingsError::PlaintextBeyondLoopback { host: self.host.clone() });
        }
        if self.security == Security::None && self.credentials.is_some() {
            return Err(SettingsError::PasswordInPlaintext);
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if self.hello_name.is_empty() || self.hello_name.len() > 253 || !self.hello_name.bytes().all(plain) {
            return Err(SettingsError::HelloName);
        }
        Ok(())
    }
}

/// Neither the user name nor the password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("account", &self.credentials.is_some())
            .finish_non_exhaustive()
    }
}

/// Why a server's settings cannot be used. One clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("`security = \"none\"` is only for a loopback address, and `{host}` is none")]
    PlaintextBeyondLoopback { host: String },
    #[error("a password is never sent without TLS")]
    PasswordInPlaintext,
    #[error("the name for EHLO is no domain")]
    HelloName,
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Whether `host` names this machine itself: `localhost`, 127.0.0.0/8, `::1`.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_spoken_to_without_tls() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"] {
            assert!(is_loopback(host), "{host}");
            assert_eq!(Settings::new(host, 25, Security::None, "coalition.example").check(), Ok(()));
        }
        for host in
            ["mail.coalition.example", "10.0.0.1", "0.0.0.0", "localhost.example", "127.0.0.1.example", "128.0.0.1"]
        {
            assert!(!is_loopback(host), "{host}");
            let wanted = Err(SettingsError::PlaintextBeyondLoopback { host: host.to_owned() });
            assert_eq!(Settings::new(host, 25, Security::None, "coalition.example").check(), wanted);
        }
    }

    #[test]
    fn a_password_without_tls_is_refused_even_to_this_machine() {
        let mut settings = Settings::new("localhost", 25, Security::None, "coalition.example");
        settings.credentials = Some(("outreach".into(), "hunter2".into()));
        assert_eq!(settings.check(), Err(SettingsError::PasswordInPlaintext));
    }

    #[test]
    fn settings_never_show_the_password() {
        let mut settings = Settings::new("mail.example", 465, Security::Tls, "coalition.example");
        settings.credentials = Some(("outreach".into(), "hunter2".into()));
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("outreach"), "{shown}");
    }

    #[test]
    fn a_name_for_ehlo_can_carry_no_second_command() {
        let hello = |name| Settings::new("localhost", 25, Security::None, name).check();
        assert_eq!(hello("a.example\r\nMAIL FROM:<x@y.example>"), Err(SettingsError::HelloName));
        assert_eq!(hello(""), Err(SettingsError::HelloName));
    }
}
