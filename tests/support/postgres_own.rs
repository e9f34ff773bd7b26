//! A PostgreSQL server that one test may stop and start as it likes, and a pooler in front of one.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::books::{wait_for, wait_until};
use super::postgres_server::{NOBODY, binaries, execute};

/// Stopped and gone when this is dropped.
pub struct OwnServer {
    folder: PathBuf,
    programs: PathBuf,
}

impl OwnServer {
    /// With settings of its own, as `-c name=value`. It flushes as a server in earnest does. `None`, with a named skip, where
    /// PostgreSQL is not installed; a failure in continuous integration.
    pub fn start(test: &str, settings: &str) -> Option<Self> {
        let Some(programs) = binaries() else {
            skipped(test, "PostgreSQL");
            return None;
        };
        // Short, because the path of a socket has at most 107 characters.
        let folder = tempfile::Builder::new().prefix("demarche-own-").tempdir_in("/tmp").unwrap().keep();
        hand_over(&folder);
        let server = Self { folder, programs };
        let data = server.folder.join("data");
        let initdb = ["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8", "-D"];
        server.command("initdb").args(initdb).arg(&data).output().unwrap();
        let words =
            format!("\nlisten_addresses = ''\nunix_socket_directories = '{}'\n{settings}\n", server.folder.display());
        let file = data.join("postgresql.conf");
        let written = fs::read_to_string(&file).unwrap() + &words;
        fs::write(&file, written).unwrap();
        server.control(&["start"]);
        Some(server)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(&self.folder).stdin(Stdio::null());
        as_nobody(&mut command, &self.folder);
        command
    }

    fn control(&self, words: &[&str]) {
        let mut command = self.command("pg_ctl");
        // Its output would stay open in the server that it starts.
        command.arg("-D").arg(self.folder.join("data")).arg("-l").arg(self.folder.join("log")).args(["-w", "-t", "60"]);
        let done = command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(done.success(), "{words:?}: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// `smart`, `fast` or `immediate`, which is what a power cut looks like to the server.
    pub fn restart(&self, mode: &str) {
        self.control(&["restart", "-m", mode]);
    }

    pub fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    pub fn start_again(&self) {
        self.control(&["start"]);
    }

    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@localhost/{database}?host={}", self.folder.display())
    }

    pub fn execute(&self, database: &str, sql: &str) {
        wait_for(execute(&self.url("postgres", database), sql)).unwrap();
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.folder.join("data")).args(["stop", "-m", "immediate", "-w"]);
        let _gone = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}

/// `PgBouncer` in front of a server, each transaction on whichever of its few connections is free.
pub struct Pooler {
    child: Child,
    folder: PathBuf,
}

impl Pooler {
    /// `more`: lines of its settings. `None`, with a named skip, where it is not installed.
    pub fn start(test: &str, server: &OwnServer, connections: u32, more: &str) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = program.into_iter().find(|path| Path::new(path).is_file()) else {
            skipped(test, "PgBouncer");
            return None;
        };
        let folder = server.folder().join("pooler");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("users"), "\"postgres\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host={server} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {own}\n\
             auth_type = trust\nauth_file = {own}/users\nlogfile = {own}/log\npool_mode = transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 200\n{more}\n",
            server = server.folder().display(),
            own = folder.display()
        );
        fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        hand_over(&folder);
        let mut command = Command::new(program);
        command.arg("-q").arg(folder.join("pgbouncer.ini")).stdin(Stdio::null());
        as_nobody(&mut command, server.folder());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let socket = folder.join(".s.PGSQL.6432");
        wait_until("the pooler listens", || socket.exists());
        std::thread::sleep(Duration::from_millis(50));
        Some(Self { child, folder })
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost:6432/{database}?host={}", self.folder.display())
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Neither program runs as root.
fn as_nobody(command: &mut Command, folder: &Path) {
    if fs::metadata(folder).unwrap().uid() == NOBODY {
        command.uid(NOBODY).gid(NOBODY);
    }
}

fn hand_over(folder: &Path) {
    if fs::metadata(folder).unwrap().uid() == 0 {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.chain([folder.to_owned()]).for_each(|path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn skipped(test: &str, what: &str) {
    assert!(std::env::var("CI").is_err(), "{test}: {what} is not installed here");
    eprintln!("SKIPPED {test}: it needs {what}");
}
