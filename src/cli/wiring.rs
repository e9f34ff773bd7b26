//! The one place where the program meets its surroundings: environment, secrets, adapters.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use secrecy::SecretString;
use zeroize::Zeroize as _;

use super::answer::CliError;
use super::args::Arguments;
use super::context::Context;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::FilesMailer;
use crate::adapters::journal::Journal;
use crate::adapters::lock::{LockError, WorkerLock};
use crate::adapters::mailbox::imap::{self, SentFolder};
use crate::adapters::mailbox::{AnyMailbox, ImapMailbox, Maildir};
use crate::adapters::smtp::{self, SettingsError, SmtpMailer};
use crate::adapters::store::Location;
use crate::adapters::tls::TlsError;
use crate::config::sections::inbox::{Imap, InboxMode};
use crate::config::sections::installation::{DatabaseUrl, Installation, Mode, Smtp};
use crate::config::sections::server::{SecretSource, Security, is_loopback};
use crate::config::workspace::{Snapshot, Workspace};
use crate::ports::Via;
use crate::schedule::Ceilings;
use crate::steps::dispatch::Policy;
use crate::vocabulary::Address;
use crate::vocabulary::problem::Problem;
use crate::worker::files_watch::Files;

/// How long a claim on PostgreSQL is good without being renewed (contract, section 8).
pub const LEASE_SECONDS: i64 = 60;

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn context(arguments: &Arguments) -> Context {
    let by = arguments.by.clone().or_else(|| environment("LOGNAME")).or_else(|| environment("USER"));
    Context {
        folder: arguments.workspace.clone().unwrap_or_else(|| PathBuf::from(".")),
        json: arguments.json,
        by: by.unwrap_or_else(|| "somebody".to_owned()),
        clock: SystemClock,
        database: OnceLock::new(),
        interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        screen: std::io::stdout().is_terminal(),
    }
}

/// Logs go to standard error. They name dispatches, never addresses or letters.
pub fn start_logging(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let own = match verbose {
        0 => "demarche=warn",
        1 => "demarche=info",
        _ => "demarche=debug",
    };
    let filter = environment("DEMARCHE_LOG").unwrap_or_else(|| own.to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new(own));
    let colours = std::io::stderr().is_terminal() && environment("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A line that cannot be written is lost, and nothing else: to complain of it there would end the program.
    let log = log.log_internal_errors(false);
    // A second start in one process, as tests do, keeps the first.
    let _kept = log.with_ansi(colours).with_target(false).try_init();
}

/// Reads a secret from where the file says it is. Neither the secret nor what a command printed is ever part of an error.
///
/// # Errors
/// When it is not there, or others than its owner may read it.
pub fn secret(context: &Context, source: &SecretSource, what: &str) -> Result<SecretString, CliError> {
    let first_line = |mut text: String| {
        let line = text.lines().next().unwrap_or("").to_owned();
        text.zeroize();
        line
    };
    let found = match source {
        SecretSource::Env(name) => environment(name).ok_or_else(|| {
            CliError::world(
                format!("the {what} is not in the environment: {name} is not set"),
                format!("set {name}, and start again"),
            )
        })?,
        SecretSource::File(path) => {
            let path = context.path(path);
            let shown = super::context::shown(&path);
            private(&path, what)?;
            let text = std::fs::read_to_string(&path).map_err(|e| {
                CliError::world(
                    format!("the {what} cannot be read from {shown}: {}", e.kind()),
                    "look at the path and the rights of the file",
                )
            })?;
            first_line(text)
        }
        SecretSource::Command(words) => {
            let (program, arguments) =
                words.split_first().ok_or_else(|| CliError::request("the command for the password is empty", ""))?;
            let failed = |why: String| {
                CliError::world(
                    format!("the command for the {what}, `{program}`, {why}"),
                    "run it yourself and see what it says",
                )
            };
            let output = std::process::Command::new(program)
                .args(arguments)
                .stderr(std::process::Stdio::inherit())
                .output()
                .map_err(|e| failed(format!("cannot be started: {}", e.kind())))?;
            if !output.status.success() {
                return Err(failed(format!("ended with {}", output.status)));
            }
            let text =
                String::from_utf8(output.stdout).map_err(|_| failed("printed something that is no text".to_owned()))?;
            first_line(text)
        }
    };
    if found.is_empty() {
        return Err(CliError::world(format!("the {what} is empty"), "put it on the first line"));
    }
    Ok(SecretString::from(found))
}

/// A file with a secret that others may read is refused: it is no secret then.
#[cfg(unix)]
fn private(path: &std::path::Path, what: &str) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = super::context::shown(path);
    let open_to_others = std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    if open_to_others {
        return Err(CliError::world(
            format!("others may read the {what} in {shown}"),
            format!("run `chmod 600 {shown}`"),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &std::path::Path, _: &str) -> Result<(), CliError> {
    Ok(())
}

fn installation(workspace: &Workspace) -> Result<&Installation, CliError> {
    workspace.installation.as_ref().ok_or_else(|| {
        let own = workspace
            .problems
            .iter()
            .filter(|p| p.place.as_ref().is_some_and(|at| at.file == crate::config::workspace::INSTALLATION));
        CliError::Files(own.cloned().collect())
    })
}

/// Where the workspace's database is.
///
/// # Errors
/// When `[database]` is at fault, or its password is not to be had.
pub fn database(context: &Context, workspace: &Workspace) -> Result<Location, CliError> {
    // Outside of a workspace the defaults would name a database that nobody meant.
    let missing = workspace.problems.iter().filter(|p| p.place.as_ref().is_some_and(|at| at.file == "config"));
    let missing: Vec<Problem> = missing.cloned().collect();
    if !missing.is_empty() {
        return Err(CliError::Files(missing));
    }
    let database = &installation(workspace)?.database;
    let password =
        database.password.as_ref().map(|source| secret(context, source, "database's password")).transpose()?;
    let location = located(context, &database.url, password);
    // A command opens one; a second look at the same is no news.
    context.database.get_or_init(|| location.shown());
    Ok(location)
}

/// A database named on the command line, whose password comes from the environment.
///
/// # Errors
/// When the address is none.
pub fn named_database(context: &Context, url: &str, password: &str) -> Result<Location, CliError> {
    let url: DatabaseUrl = url
        .parse()
        .map_err(|why: String| CliError::request(why, "write sqlite://PATH or postgres://USER@HOST:PORT/NAME"))?;
    Ok(located(context, &url, environment(password).map(SecretString::from)))
}

fn located(context: &Context, url: &DatabaseUrl, password: Option<SecretString>) -> Location {
    match url {
        DatabaseUrl::Sqlite(path) => Location::Sqlite(context.path(path)),
        DatabaseUrl::Postgres(url) => Location::Postgres { url: url.clone(), password },
    }
}

/// The lock that keeps a second worker off a SQLite database; PostgreSQL needs none.
///
/// # Errors
/// When another worker has it.
pub fn worker_lock(location: &Location) -> Result<Option<WorkerLock>, CliError> {
    let Location::Sqlite(path) = location else { return Ok(None) };
    WorkerLock::take(path).map(Some).map_err(|error| match error {
        LockError::Held { .. } => {
            CliError::request(error.to_string(), "on SQLite one worker sends; end the other one, or move to PostgreSQL")
        }
        LockError::Io { ref source, .. } => CliError::World {
            message: error.to_string(),
            cause: Some(source.to_string()),
            help: room_or_rights(source),
        },
    })
}

/// The journal of this worker, in the workspace's `var/`.
///
/// # Errors
/// When it cannot be opened.
pub fn journal(context: &Context, secret: &str) -> Result<Journal, CliError> {
    Journal::open(&context.path("var"), secret).map_err(|e| CliError::World {
        message: "the journal of what was sent cannot be opened".to_owned(),
        help: room_or_rights(&e),
        cause: Some(e.to_string()),
    })
}

/// What to do where nothing can be written in `var/`.
fn room_or_rights(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::StorageFull => "the disk is full: make room".to_owned(),
        _ => "look at the rights of var/".to_owned(),
    }
}

/// How letters leave.
#[derive(Debug)]
pub enum Post {
    Files(FilesMailer),
    Smtp(Box<SmtpMailer>),
}

/// The post office that the installation asks for.
///
/// # Errors
/// When the server's settings are at fault, or the password is not to be had.
pub fn post(context: &Context, workspace: &Workspace, sender: Option<&Address>) -> Result<Post, CliError> {
    let delivery = &installation(workspace)?.delivery;
    match (&delivery.mode, &delivery.smtp) {
        (Mode::Smtp, Some(settings)) => Ok(Post::Smtp(Box::new(smtp_mailer(context, settings, sender)?))),
        _ => Ok(Post::Files(FilesMailer { directory: context.path(&delivery.directory) })),
    }
}

/// The same post office for the digest: in `files` mode its mails go to a folder of their own, beside no letter.
///
/// # Errors
/// As [`post`].
pub fn digest_post(context: &Context, workspace: &Workspace, from: &Address) -> Result<Post, CliError> {
    Ok(match post(context, workspace, Some(from))? {
        Post::Files(mailer) => Post::Files(digests_beside(&mailer)),
        smtp => smtp,
    })
}

pub fn digests_beside(mailer: &FilesMailer) -> FilesMailer {
    FilesMailer { directory: mailer.directory.join("digests") }
}

/// # Errors
/// As [`post`].
pub fn smtp_mailer(context: &Context, settings: &Smtp, sender: Option<&Address>) -> Result<SmtpMailer, CliError> {
    let security = match settings.security {
        Security::Tls => smtp::Security::Tls,
        Security::Starttls => smtp::Security::Starttls,
        Security::None => smtp::Security::None,
    };
    // The sender's domain, not this machine's name, is what the server hears.
    let hello = sender.map_or("sender.invalid", Address::domain);
    let mut made = smtp::Settings::new(&settings.host, settings.port, security, hello);
    if let (Some(username), Some(source)) = (&settings.username, &settings.password) {
        made.credentials = Some((username.clone(), secret(context, source, "mail server's password")?));
    }
    let span = |span: chrono::Duration| span.to_std().unwrap_or(std::time::Duration::from_secs(60));
    made.timeout = span(settings.timeout);
    made.final_timeout = span(settings.final_timeout);
    made.extra_roots = extra_roots(context, settings.ca_file.as_deref(), "[delivery.smtp]")?;
    SmtpMailer::new(made).map_err(|error: SettingsError| {
        CliError::request(error.to_string(), "look at [delivery.smtp] in config/demarche.toml")
    })
}

fn extra_roots(context: &Context, ca_file: Option<&str>, section: &str) -> Result<Option<Vec<u8>>, CliError> {
    let Some(file) = ca_file else { return Ok(None) };
    let path = context.path(file);
    std::fs::read(&path).map(Some).map_err(|e| {
        CliError::world(
            format!("the certificate {} cannot be read: {}", super::context::shown(&path), e.kind()),
            format!("look at {section} ca_file"),
        )
    })
}

/// The mailbox that the installation reads; `None` when answers are entered by hand.
///
/// # Errors
/// When the settings are at fault, or the password is not to be had.
pub fn mailbox(context: &Context, workspace: &Workspace) -> Result<Option<AnyMailbox>, CliError> {
    Ok(match &installation(workspace)?.inbox.mode {
        InboxMode::None => None,
        InboxMode::Imap(settings) => {
            let made = ImapMailbox::new(imap_settings(context, settings)?).map_err(unusable_account)?;
            Some(AnyMailbox::Imap(Box::new(made)))
        }
        InboxMode::Maildir(path) => Some(AnyMailbox::Maildir(maildir(context, path))),
    })
}

/// A Maildir of the settings, whole and without links: what is remembered of a mailbox hangs on its name.
pub fn maildir(context: &Context, path: &str) -> Maildir {
    let path = context.path(path);
    Maildir::new(&path.canonicalize().unwrap_or(path))
}

/// The mailbox behind a path of the command line: a Maildir, an mbox, an .eml file or a folder of them.
///
/// # Errors
/// When nothing readable is there, or something that is no mail.
pub async fn mailbox_at(path: &std::path::Path) -> Result<AnyMailbox, CliError> {
    AnyMailbox::at(path).await.map_err(CliError::from)
}

/// Where copies of sent letters are filed; `None` unless the installation asks for it.
///
/// # Errors
/// As [`mailbox`].
pub fn sent_folder(context: &Context, workspace: &Workspace) -> Result<Option<SentFolder>, CliError> {
    let installation = installation(workspace)?;
    let delivery = &installation.delivery;
    let smtp = delivery.smtp.as_ref().filter(|_| delivery.mode == Mode::Smtp);
    let (Some(folder), Some(account)) = (smtp.and_then(|smtp| smtp.sent_folder.as_deref()), &installation.inbox.imap)
    else {
        return Ok(None);
    };
    let settings = imap_settings(context, account)?.with_folder(folder);
    SentFolder::new(settings).map(Some).map_err(unusable_account)
}

/// The account of `[inbox.imap]`, without roots of its own.
pub fn imap_account(settings: &Imap, password: SecretString) -> imap::Settings {
    let security = match settings.security {
        Security::Tls => imap::Security::Tls,
        // Without TLS is refused where the file is read.
        Security::Starttls | Security::None => imap::Security::Starttls,
    };
    imap::Settings::new(&settings.host, settings.port, security, &settings.username, password)
        .with_folder(&settings.folder)
}

fn imap_settings(context: &Context, settings: &Imap) -> Result<imap::Settings, CliError> {
    let mut made = imap_account(settings, secret(context, &settings.password, "mailbox's password")?);
    made.extra_roots = extra_roots(context, settings.ca_file.as_deref(), "[inbox.imap]")?;
    Ok(made)
}

fn unusable_account(error: TlsError) -> CliError {
    CliError::request(error.to_string(), "look at [inbox.imap] in config/demarche.toml")
}

/// How this worker sends.
///
/// # Errors
/// When `config/demarche.toml` is at fault.
/// `mailbox`: the one that answers are read from, by its name.
pub fn policy(workspace: &Workspace, mailbox: Option<String>) -> Result<(Policy, usize), CliError> {
    let delivery = &installation(workspace)?.delivery;
    let smtp = delivery.smtp.as_ref().filter(|_| delivery.mode == Mode::Smtp);
    let pace =
        Ceilings { per_minute: delivery.pace.per_minute, per_domain_per_minute: delivery.pace.per_domain_per_minute };
    let policy = Policy {
        worker: worker_name()?,
        via: if smtp.is_some() { Via::Smtp } else { Via::Files },
        // Files trouble nobody's server.
        ceilings: smtp.map(|_| pace),
        min_days_between: delivery.min_days_between,
        real_server: smtp.is_some_and(|s| !is_loopback(&s.host)),
        lease: chrono::Duration::seconds(LEASE_SECONDS),
        mailbox,
    };
    Ok((policy, smtp.map_or(1, |s| s.connections)))
}

/// Unique among all workers that ever ran: a claim must name its holder beyond doubt.
///
/// # Errors
/// When the machine has no random numbers: two workers in two containers can have the same process number.
pub fn worker_name() -> Result<String, CliError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random)
        .map_err(|e| CliError::world(format!("the machine has no random numbers: {e}"), "look at /dev/urandom"))?;
    let hex: String = random.iter().map(|b| format!("{b:02x}")).collect();
    Ok(format!("worker-{}-{hex}", std::process::id()))
}

/// The workspace's folder, looked at anew each time.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(crate::adapters::workspace::read(&self.0))
    }
}

/// Asks a person, or takes `--yes`.
///
/// # Errors
/// When the answer is no, or nobody can be asked.
pub fn confirm(context: &Context, yes: bool, question: &str) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !context.interactive {
        return Err(CliError::request(
            format!("nobody is there to answer: {question}"),
            "add --yes if that is what you mean",
        ));
    }
    match inquire::Confirm::new(question).with_default(false).prompt() {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::request("not done: the answer was no", "")),
        Err(error) => Err(CliError::request(format!("not done: {error}"), "add --yes if that is what you mean")),
    }
}
