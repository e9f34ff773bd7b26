//! Postfix in a process of its own, on loopback: it takes letters, delivers them into Maildirs, and bounces by itself.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::dovecot::{Dovecot, USER};

/// Our own address: its mail lies where Dovecot serves it, and nobody sends under it without its password.
pub const OUTREACH: &str = "outreach@coalition.example";

/// Its mailbox stays full: the server gives up at the first try, as it would after five days.
pub const FULL: &str = "mission@irl.example";

/// Its server does not like what the letter says.
pub const REFUSES: &str = "mission@isl.example";

const PROGRAM: &str = "/usr/sbin/postfix";
const MASTER: [&str; 2] = ["/usr/lib/postfix/sbin/master", "/usr/libexec/postfix/master"];

/// Stops when dropped: its standard input closes.
pub struct Postfix {
    pub port: u16,
    folder: tempfile::TempDir,
    input: Option<ChildStdin>,
    child: Child,
}

impl Postfix {
    /// Takes mail for our own address and for every address under the domains of `mailboxes`; who is not among these comes back
    /// to the sender in a message of Postfix's own. `None`, with a named skip, where there is no Postfix, or we are not root.
    ///
    /// # Panics
    /// In continuous integration (`CI` set), where there is no Postfix: there the proof is due.
    #[expect(clippy::disallowed_methods, reason = "tests ask their environment whether this is the pipeline")]
    pub fn start(test: &str, dovecot: &Dovecot, domains: &[&str], mailboxes: &[&str]) -> Option<Self> {
        let master = MASTER.map(Path::new).into_iter().find(|path| path.is_file() && Path::new(PROGRAM).is_file());
        let Some(master) = master else {
            assert!(std::env::var("CI").is_err(), "{test}: there is no postfix");
            eprintln!("SKIPPED {test}: there is no postfix; install it");
            return None;
        };
        if std::fs::metadata(tempfile::tempdir().unwrap().path()).unwrap().uid() != 0 {
            eprintln!("SKIPPED {test}: postfix starts as root only");
            return None;
        }
        // A port that was free a moment ago may be taken now: then another.
        Some((0..5).find_map(|_| Self::run(master, dovecot, domains, mailboxes)).expect("postfix starts"))
    }

    fn run(master: &Path, dovecot: &Dovecot, domains: &[&str], mailboxes: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let owner = dovecot.owner();
        for (name, (user, group)) in
            [("config", (0, 0)), ("queue", (0, 0)), ("data", (number_of("postfix"), 0)), ("boxes", owner)]
        {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            chown(&path, Some(user), Some(group)).unwrap();
        }
        let config = folder.path().join("config");
        let write = |name: &str, text: &str| std::fs::write(config.join(name), text).unwrap();
        write("main.cf", &configuration(folder.path(), dovecot, domains));
        write("master.cf", &services(port));
        let boxes = mailboxes.iter().map(|address| (*address, folder.path().join("boxes").join(address)));
        let all = boxes.chain([(OUTREACH, dovecot.maildir("INBOX"))]);
        // The slash at the end makes it a Maildir; the one at the beginning is `virtual_mailbox_base`.
        let lines = all.map(|(address, path)| format!("{address} {}/\n", path.display()).replacen(" /", " ", 1));
        write("mailboxes", &lines.collect::<String>());
        write("senders", &format!("{OUTREACH} {USER}\n"));
        write("transport", &format!("{FULL} retry:4.2.2 mailbox is full\n{REFUSES} error:5.7.1 content rejected\n"));
        let checked = Command::new(PROGRAM).arg("-c").arg(&config).arg("check").output().unwrap();
        assert!(checked.status.success(), "{checked:?}");
        // The shell lives as long as our end of its input, however this process ends; children of a master that is gone end.
        let mut child = Command::new("/bin/sh")
            .args(["-c", "\"$0\" -d -c \"$1\" & cat >/dev/null; kill $! 2>/dev/null; wait"])
            .arg(master)
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let server = Self { port, folder, input, child };
        let begun = Instant::now();
        while !greets(port) {
            if begun.elapsed() > Duration::from_secs(10) {
                eprintln!("{}", server.log());
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// What was delivered to an address, in no order.
    pub fn delivered(&self, address: &str) -> Vec<Vec<u8>> {
        let path: PathBuf = self.folder.path().join("boxes").join(address).join("new");
        let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// What the server said of itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data/log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.input.take());
        let _status = self.child.wait();
    }
}

/// Whether it is Postfix that listens there.
fn greets(port: u16) -> bool {
    let mut greeting = String::new();
    let read = |stream| BufReader::new(stream).read_line(&mut greeting);
    TcpStream::connect(("127.0.0.1", port)).and_then(read).is_ok() && greeting.starts_with("220 mx.coalition.example")
}

/// The number of a user of this machine.
fn number_of(user: &str) -> u32 {
    let told = Command::new("id").args(["-u", user]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().parse().expect("the package makes a user `postfix`")
}

/// Nothing leaves the machine: names are not looked up, and what is not delivered here is an error. Each address is accepted
/// first, as behind a relay; what nobody has is found out later, and returned.
fn configuration(folder: &Path, dovecot: &Dovecot, domains: &[&str]) -> String {
    let (user, group) = dovecot.owner();
    let [certificate, key, _] = dovecot.identity();
    let (certificate, key, passwords) = (certificate.display(), key.display(), dovecot.passwords());
    let (folder, passwords, domains) = (folder.display(), passwords.display(), domains.join(" "));
    format!(
        "compatibility_level = 3.6
myhostname = mx.coalition.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/data/log
maillog_file_prefixes = {folder}
disable_dns_lookups = yes
smtpd_peername_lookup = no
local_transport = error:nobody has mail here
relay_transport = error:no mail leaves this machine
default_transport = error:no mail leaves this machine
virtual_transport = virtual
transport_maps = texthash:{folder}/config/transport
maximal_queue_lifetime = 0
virtual_mailbox_domains = coalition.example {domains}
virtual_mailbox_base = /
virtual_mailbox_maps = texthash:{folder}/config/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
recipient_delimiter = +
soft_bounce = no
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {passwords}
smtpd_sender_login_maps = texthash:{folder}/config/senders
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = reject_unauth_destination
smtpd_reject_unlisted_recipient = no
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"
    )
}

/// Without the services that speak to other machines, or take mail from this one's users.
fn services(port: u16) -> String {
    format!(
        "{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}
