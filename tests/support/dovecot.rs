//! Dovecot in a process of its own, on loopback: the proof that our reading of IMAP is not only ours.

use std::fs::Permissions;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

pub const USER: &str = "outreach";
pub const PASSWORD: &str = "correct horse";

/// Nobody's number on Debian and most others: Dovecot gives root no mail.
const NOBODY: u32 = 65534;

/// Stops when dropped: its standard input closes.
pub struct Dovecot {
    pub tls_port: u16,
    pub starttls_port: u16,
    /// The certificate of the private authority that signed the server's, which is for `localhost`.
    pub authority_pem: String,
    folder: tempfile::TempDir,
    input: Option<ChildStdin>,
    child: Child,
}

impl Dovecot {
    /// `None`, with a named skip, where there is no Dovecot.
    ///
    /// # Panics
    /// In continuous integration (`CI` set) instead of a skip: there the proof is due.
    #[expect(clippy::disallowed_methods, reason = "tests ask their environment whether this is the pipeline")]
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var("CI").is_err(), "{test}: there is no dovecot (dovecot-imapd)");
            eprintln!("SKIPPED {test}: there is no dovecot; install dovecot-imapd");
            return None;
        };
        // A port that was free a moment ago may be taken now: then others.
        Some((0..5).find_map(|_| Self::run(&program)).expect("dovecot starts"))
    }

    fn run(program: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (tls_port, starttls_port) = free_ports();
        let owner = owner(folder.path());
        let (authority_pem, certificate, key) = certificates();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("certificate.pem", &certificate);
        write("key.pem", &key);
        write("authority.pem", &authority_pem);
        write("users", &format!("{USER}:{{PLAIN}}{PASSWORD}\n"));
        write("dovecot.conf", &configuration(folder.path(), owner, tls_port, starttls_port));
        make_folder(folder.path(), "INBOX");
        for name in ["run", ""] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            chown(&path, Some(owner.0), Some(owner.1)).unwrap();
        }
        // A mail server that asks here for passwords runs as another user.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        // The shell lives as long as our end of its input, however this process ends.
        let mut child = Command::new("/bin/sh")
            .args(["-c", "\"$0\" -F -c \"$1\" & cat >/dev/null; kill $! 2>/dev/null; wait"])
            .arg(program)
            .arg(folder.path().join("dovecot.conf"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .uid(owner.0)
            .gid(owner.1)
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let server = Self { tls_port, starttls_port, authority_pem, folder, input, child };
        let begun = Instant::now();
        while [tls_port, starttls_port].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            if begun.elapsed() > Duration::from_secs(10) {
                eprintln!("{}", std::fs::read_to_string(server.folder.path().join("log")).unwrap_or_default());
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// The Maildir of a folder, `INBOX` or another one, as IMAP writes it.
    pub fn maildir(&self, name: &str) -> PathBuf {
        maildir(self.folder.path(), name)
    }

    /// Where the certificate for `localhost` and its key lie, and that of their authority.
    pub fn identity(&self) -> [PathBuf; 3] {
        ["certificate.pem", "key.pem", "authority.pem"].map(|name| self.folder.path().join(name))
    }

    /// Where another server of this machine asks whether a password is right.
    pub fn passwords(&self) -> PathBuf {
        self.folder.path().join("run/passwords")
    }

    /// Who owns the mail, and delivers it.
    pub fn owner(&self) -> (u32, u32) {
        owner(self.folder.path())
    }

    pub fn make_folder(&self, name: &str) {
        make_folder(self.folder.path(), name);
    }

    /// As a mail server would deliver it.
    pub fn deliver(&self, name: &str, octets: &[u8]) {
        let mail = self.maildir("INBOX");
        let owner = owner(self.folder.path());
        let tmp = mail.join("tmp").join(name);
        std::fs::write(&tmp, octets).unwrap();
        chown(&tmp, Some(owner.0), Some(owner.1)).unwrap();
        std::fs::rename(&tmp, mail.join("new").join(name)).unwrap();
    }

    /// As after a repair or a move to another machine: every message gets a new number.
    pub fn forget_numbers(&self) {
        for entry in std::fs::read_dir(self.maildir("INBOX")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        drop(self.input.take());
        let _status = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let known = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].map(PathBuf::from);
    let has_imap = Path::new("/usr/lib/dovecot/imap-login").is_file() || Path::new("/usr/libexec/dovecot").is_dir();
    known.into_iter().find(|path| path.is_file() && has_imap)
}

fn free_ports() -> (u16, u16) {
    // Both held at once, so that they differ.
    let held = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [one, two] = held.map(|listener| listener.local_addr().unwrap().port());
    (one, two)
}

/// Who runs the server, and owns its mail: ourselves, but nobody in place of root.
fn owner(folder: &Path) -> (u32, u32) {
    let meta = std::fs::metadata(folder).unwrap();
    if meta.uid() == 0 { (NOBODY, NOBODY) } else { (meta.uid(), meta.gid()) }
}

fn maildir(home: &Path, name: &str) -> PathBuf {
    let mail = home.join("mail");
    if name == "INBOX" { mail } else { mail.join(format!(".{name}")) }
}

fn make_folder(home: &Path, name: &str) {
    let path = maildir(home, name);
    let owner = owner(home);
    for part in ["", "cur", "new", "tmp"] {
        std::fs::create_dir_all(path.join(part)).unwrap();
        chown(path.join(part), Some(owner.0), Some(owner.1)).unwrap();
    }
}

/// The certificate of an authority, that of `localhost` signed by it, and its key.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let signed = params.signed_by(&key, &authority).unwrap();
    (authority.pem(), signed.pem(), key.serialize_pem())
}

/// Everything in one folder, everything as one user: none of it needs root.
fn configuration(folder: &Path, (user, group): (u32, u32), tls_port: u16, starttls_port: u16) -> String {
    let folder = folder.display();
    let (user_name, group_name) = (name_of("passwd", user), name_of("group", group));
    format!(
        "protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {user_name}
default_internal_group = {group_name}
default_login_user = {user_name}
first_valid_uid = 1
auth_failure_delay = 0
ssl = required
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service auth {{
  unix_listener passwords {{
    mode = 0666
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"
    )
}

/// Dovecot wants the names of users and groups.
fn name_of(kind: &str, number: u32) -> String {
    let told = Command::new("getent").args([kind, &number.to_string()]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().split(':').next().unwrap().to_owned()
}
