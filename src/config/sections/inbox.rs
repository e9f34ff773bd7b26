//! `[inbox]` of config/demarche.toml: where answers are read.

use super::server::{SecretSource, Security, is_host, is_loopback, secret};
use crate::config::reader::Table;
use crate::vocabulary::{Day, safe_text};

#[derive(Debug, Clone)]
pub struct Inbox {
    pub mode: InboxMode,
    /// Present when `[inbox.imap]` is, whatever the mode: `sent_folder` uses the same account.
    pub imap: Option<Imap>,
    /// Whether Reply-To and envelope sender become local+TOKEN@domain, one token a letter.
    pub reply_tokens: bool,
    /// The name under which our own mail host writes `Authentication-Results` (RFC 8601, 2.5: authserv-id). Nobody else's
    /// are believed.
    pub receiving_server: Option<String>,
    /// The first reading goes back to this day and no further.
    pub since: Option<Day>,
}

/// What is read.
#[derive(Debug, Clone)]
pub enum InboxMode {
    /// Nothing: answers are entered by hand.
    None,
    Imap(Imap),
    /// A folder; relative to the workspace.
    Maildir(String),
}

/// A folder of an account on a mail server. It is only read.
#[derive(Debug, Clone)]
pub struct Imap {
    pub host: String,
    pub port: u16,
    /// Never [`Security::None`]: IMAP always asks for a password.
    pub security: Security,
    pub username: String,
    pub password: SecretSource,
    /// As the mail program shows it.
    pub folder: String,
    /// An extra root certificate (PEM); relative to the workspace.
    pub ca_file: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Imap,
    Maildir,
}

const NOTHING_READ: Inbox =
    Inbox { mode: InboxMode::None, imap: None, reply_tokens: false, receiving_server: None, since: None };

/// Whether there is an `[inbox.imap]`, right or wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    Named,
    Missing,
}

/// Reads `[inbox]`; what does not fit together is among the document's problems.
pub(super) fn read(root: &Table<'_>) -> (Inbox, Account) {
    let Some(section) = root.table("inbox") else { return (NOTHING_READ, Account::Missing) };
    let words = [("none", Word::None), ("imap", Word::Imap), ("maildir", Word::Maildir)];
    let word = section.choice("mode", &words).unwrap_or(Word::None);
    let imap = section.table("imap").and_then(|table| imap(table));
    let path = section.table("maildir").and_then(|table| maildir(table));
    for (mode, key, name, example) in [
        (Word::Imap, "imap", "no server is named", "[inbox.imap] with at least host, username and password"),
        (Word::Maildir, "maildir", "no folder is named", "[inbox.maildir] with `path`"),
    ] {
        if word == mode && !section.has(key) {
            section.wrong("mode", format!("mode is \"{key}\", but {name}"), format!("add a section {example}"));
        }
    }
    let mode = match (word, &imap, path) {
        (Word::Imap, Some(imap), _) => InboxMode::Imap(imap.clone()),
        (Word::Maildir, _, Some(path)) => InboxMode::Maildir(path),
        _ => InboxMode::None,
    };
    let reply_tokens = section.boolean("reply_tokens").unwrap_or(false);
    if reply_tokens && word == Word::None {
        section.wrong(
            "reply_tokens",
            "reply tokens need an inbox that is read: answers would go to addresses that nobody looks at",
            "write `mode = \"imap\"` or `\"maildir\"`, or `reply_tokens = false`",
        );
    }
    let receiving_server = section.text("receiving_server").map(|at| at.value.to_owned());
    if receiving_server.as_deref().is_some_and(|name| !is_host(name)) {
        section.wrong(
            "receiving_server",
            "this is no name of a mail server",
            "copy the first word after `Authentication-Results:` in a message that your own server received",
        );
    }
    let since = section.day("since").map(|at| at.value);
    let account = if section.has("imap") { Account::Named } else { Account::Missing };
    section.finish();
    (Inbox { mode, imap, reply_tokens, receiving_server, since }, account)
}

fn imap(table: Table<'_>) -> Option<Imap> {
    let host = table.required_text("host", "\"mail.coalition.example\"").map(|at| at.value.to_owned());
    if host.as_deref().is_some_and(|host| !is_host(host)) {
        table.wrong(
            "host",
            "this is no host name",
            "write a name such as \"mail.coalition.example\", or an IP address",
        );
    }
    let words = [("tls", Security::Tls), ("starttls", Security::Starttls), ("none", Security::None)];
    let security = table.choice("security", &words).unwrap_or(Security::Tls);
    if security == Security::None {
        // Over loopback too, as in [delivery.smtp]: the password is the same elsewhere.
        let what = match host.as_deref().is_some_and(is_loopback) {
            true => "IMAP always asks for a password, and a password is not sent without TLS",
            false => "the password and the answers would cross the network in plain text",
        };
        table.wrong("security", what, "write `security = \"tls\"` or `\"starttls\"`");
    }
    let port = table.number("port", 1, 65_535).and_then(|n| u16::try_from(n).ok());
    let username = table.required_text("username", "\"outreach\"").map(|at| at.value.to_owned());
    if !table.has("password") {
        table.wrong(
            "password",
            "[inbox.imap] has no `password`",
            "add `password = { file = \"…\" }`, `{ env = \"…\" }` or `{ command = [\"pass\", \"show\", \"…\"] }`",
        );
    }
    let password = secret(&table);
    let folder = table.text("folder").map_or_else(|| "INBOX".to_owned(), |at| at.value.to_owned());
    let ca_file = table.text("ca_file").map(|at| at.value.to_owned());
    table.finish();
    let port = port.unwrap_or(if security == Security::Tls { 993 } else { 143 });
    Some(Imap { host: host?, port, security, username: username?, password: password?, folder, ca_file })
}

fn maildir(table: Table<'_>) -> Option<String> {
    let path = table.required_text("path", "\"/var/mail/outreach\"").map(|at| at.value.to_owned());
    table.finish();
    path
}

/// The name of a mail folder, in `sent_folder`.
pub(super) fn is_folder(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 255 && !name.chars().any(safe_text::is_unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::installation;
    use crate::config::source::Source;
    use crate::vocabulary::problem::Problem;

    fn inbox(text: &str) -> (Option<Inbox>, Vec<Problem>) {
        let source = Source::new("config/demarche.toml", text).with_secrets();
        let (read, problems) = installation::read(&source);
        (read.map(|installation| installation.inbox), problems)
    }

    fn check(text: &str, line: usize, fragment: &str) {
        let found = inbox(text).1;
        let hit =
            found.iter().any(|p| p.message.contains(fragment) && p.place.as_ref().is_some_and(|at| at.line == line));
        assert!(hit, "no problem with {fragment:?} in line {line} of {text:?}: {found:#?}");
    }

    const ACCOUNT: &str =
        "[inbox.imap]\nhost = \"mail.example\"\nusername = \"outreach\"\npassword = { env = \"P\" }\n";

    #[test]
    fn nothing_is_read_unless_it_is_said() {
        for text in ["", "[inbox]\n", ACCOUNT] {
            assert!(matches!(inbox(text).0.unwrap().mode, InboxMode::None), "{text}");
        }
    }

    #[test]
    fn a_server_and_a_folder_of_this_machine_can_be_read() {
        let text = format!("[inbox]\nmode = \"imap\"\nreply_tokens = true\nsince = 2018-01-15\n{ACCOUNT}");
        let read = inbox(&text).0.unwrap();
        let InboxMode::Imap(imap) = read.mode else { panic!("{:?}", read.mode) };
        assert_eq!((imap.port, imap.security, imap.folder.as_str()), (993, Security::Tls, "INBOX"));
        assert!(read.reply_tokens && read.imap.is_some());
        assert_eq!(read.since, Some("2018-01-15".parse().unwrap()));
        let starttls = format!("[inbox]\nmode = \"imap\"\n{ACCOUNT}security = \"starttls\"\n");
        assert!(matches!(inbox(&starttls).0.unwrap().mode, InboxMode::Imap(Imap { port: 143, .. })));
        let text =
            "[inbox]\nmode = \"maildir\"\nreceiving_server = \"mx.mail.example\"\n[inbox.maildir]\npath = \"var/in\"\n";
        let read = inbox(text).0.unwrap();
        assert!(matches!(&read.mode, InboxMode::Maildir(path) if path == "var/in"));
        assert_eq!(read.receiving_server.as_deref(), Some("mx.mail.example"));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        check("[inbox]\nmode = \"imap\"\n", 2, "no server is named");
        check("[inbox]\nmode = \"maildir\"\n", 2, "no folder is named");
        check("[inbox]\nreply_tokens = true\n", 2, "reply tokens need an inbox");
        check("[inbox]\nreceiving_server = \"mx example\"\n", 2, "no name of a mail server");
        check("[inbox]\nsince = \"January\"\n", 2, "a day, as in");
        check("[inbox.imap]\nusername = \"u\"\npassword = { env = \"P\" }\n", 1, "has no `host`");
        check("[inbox.imap]\nhost = \"mail.example\"\npassword = { env = \"P\" }\n", 1, "has no `username`");
        check("[inbox.imap]\nhost = \"mail.example\"\nusername = \"u\"\n", 1, "has no `password`");
        check(&format!("{ACCOUNT}security = \"none\"\n"), 5, "plain text");
        check(&format!("{}security = \"none\"\n", ACCOUNT.replace("mail.example", "::1")), 5, "without TLS");
        check("[delivery.smtp]\nhost = \"mail.example\"\nsent_folder = \"Sent\"\n", 3, "over which account");
        check(&format!("[delivery.smtp]\nhost = \"mail.example\"\nsent_folder = \" \"\n{ACCOUNT}"), 3, "is empty");
    }

    #[test]
    fn sent_letters_are_filed_over_the_account_that_is_read() {
        let text = format!("[delivery.smtp]\nhost = \"mail.example\"\nsent_folder = \"Sent\"\n{ACCOUNT}");
        let source = Source::new("config/demarche.toml", &text).with_secrets();
        let (read, problems) = installation::read(&source);
        assert!(problems.is_empty(), "{problems:#?}");
        assert_eq!(read.unwrap().delivery.smtp.unwrap().sent_folder.as_deref(), Some("Sent"));
    }
}
