//! aiosmtpd in a process of its own: the proof that our reading of SMTP is not only ours.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::smtp_server::Identity;

pub const USER: &str = "outreach";
pub const PASSWORD: &str = "correct horse";

/// Stops when dropped: its standard input closes.
pub struct RealServer {
    pub port: u16,
    /// For `ca_file`; the certificate is for `localhost`.
    pub certificate: PathBuf,
    folder: tempfile::TempDir,
    input: Option<ChildStdin>,
    child: Child,
}

/// One letter as the server stored it.
#[derive(Debug)]
pub struct Stored {
    pub data: Vec<u8>,
    /// Keys `from`, `to`, `encrypted`, `signed_in`, `hello`.
    pub envelope: serde_json::Value,
}

impl RealServer {
    /// `None`, with a named skip, where no Python has aiosmtpd.
    ///
    /// # Panics
    /// In continuous integration (`CI` set) instead of a skip: there the proof is due.
    #[expect(clippy::disallowed_methods, reason = "tests ask their environment where Python and the pipeline are")]
    pub fn start(test: &str) -> Option<Self> {
        let python = std::env::var("DEMARCHE_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned());
        let import = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        if !import.is_ok_and(|status| status.success()) {
            assert!(std::env::var("CI").is_err(), "{test}: {python} cannot import aiosmtpd (python3-aiosmtpd)");
            eprintln!("SKIPPED {test}: {python} cannot import aiosmtpd; install python3-aiosmtpd");
            return None;
        }
        Some(Self::run(&python))
    }

    fn run(python: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::for_host("localhost");
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, &identity.certificate_pem).unwrap();
        std::fs::write(&key, &identity.key_pem).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/aiosmtpd_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([folder.path(), &certificate, &key])
            .args([USER, PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("the server prints its port");
        Self { port, certificate, folder, input: child.stdin.take(), child }
    }

    /// All letters, in the order of their arrival.
    pub fn stored(&self) -> Vec<Stored> {
        let mut letters = Vec::new();
        for number in 1.. {
            let name = self.folder.path().join(format!("{number:04}.eml"));
            let Ok(data) = std::fs::read(&name) else { break };
            let envelope = std::fs::read(name.with_extension("json")).unwrap();
            letters.push(Stored { data, envelope: serde_json::from_slice(&envelope).unwrap() });
        }
        letters
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _status = self.child.wait();
    }
}
