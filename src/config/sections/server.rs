//! What sections about servers share: hosts, TLS, and where a password is to be had.

use crate::config::reader::Table;

/// Where a password is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file's first line; relative to the workspace. Refused when others than its owner may read it.
    File(String),
    /// An environment variable.
    Env(String),
    /// The first line that a command prints; no shell is involved.
    Command(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Tls,
    Starttls,
    None,
}

/// `password = { file = "…" }`, `{ env = "…" }` or `{ command = ["…"] }`; a literal one is refused.
pub(super) fn secret(section: &Table<'_>) -> Option<SecretSource> {
    const HELP: &str = "write `password = { file = \"…\" }`, `{ env = \"…\" }` or `{ command = [\"pass\", \"show\", \"…\"] }`, and change a password that stood in a file";
    if !section.has("password") {
        return None;
    }
    if section.is_text("password") {
        section.wrong("password", "a password does not belong in a configuration file", HELP);
        return None;
    }
    let table = section.table("password")?;
    let file = table.text("file").map(|at| SecretSource::File(at.value.to_owned()));
    let env = table.text("env").map(|at| SecretSource::Env(at.value.to_owned()));
    let command = table.texts("command").map(|words| words.iter().map(|at| at.value.to_owned()).collect::<Vec<_>>());
    let command = command.filter(|words| !words.is_empty()).map(SecretSource::Command);
    let mut given: Vec<SecretSource> = [file, env, command].into_iter().flatten().collect();
    if given.len() != 1 {
        section.wrong("password", "a password comes from exactly one place", HELP);
    }
    table.finish();
    given.pop()
}

/// A name or a number, and nothing around it.
pub(super) fn is_host(host: &str) -> bool {
    host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b))
}

/// Whether `host` is this machine by its own name or number; a name that merely resolves to it is not.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
