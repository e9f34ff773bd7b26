//! A PostgreSQL server for tests: the one that `DEMARCHE_TEST_POSTGRES` names, or a scratch one in a temporary folder.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use demarche::adapters::store::Location;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DbErr};

/// Nobody's number on Debian and most others: PostgreSQL refuses to run as root.
pub const NOBODY: u32 = 65534;

/// Where databases can be made: a URL whose database is replaced by each test's own.
struct Server {
    /// Up to the slash before the database's name.
    before: String,
    /// From the question mark on.
    after: String,
    /// While it is open, the scratch server lives; the system closes it when the tests end.
    _alive: Option<ChildStdin>,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// A database of one test's own; gone when this is dropped.
pub struct OwnDatabase {
    name: String,
}

impl OwnDatabase {
    /// `None`, with a word on standard error, where there is no server. On a build machine that is a failure.
    pub async fn create(test: &str) -> Option<Self> {
        Self::create_with(test, "").await
    }

    /// With more words for `CREATE DATABASE`.
    pub async fn create_with(test: &str, options: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Starting a server takes a second and must not hold up the runtime of another test for good.
        let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(find)).await.unwrap();
        if server.is_none() {
            assert!(std::env::var_os("CI").is_none(), "no PostgreSQL for {test}: set DEMARCHE_TEST_POSTGRES");
            eprintln!("skipped: {test} needs a PostgreSQL server; set DEMARCHE_TEST_POSTGRES, or install one");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("demarche_test_{}_{number}", std::process::id());
        administer(&format!("CREATE DATABASE {name} {options}")).await.unwrap();
        Some(Self { name })
    }

    pub fn url(&self) -> String {
        url(&self.name)
    }

    /// Keeps what it holds now, for [`OwnDatabase::restore`]. Nobody may be connected.
    #[allow(dead_code, reason = "some tests go back to what was")]
    pub async fn keep(&self) {
        let Self { name } = self;
        administer(&format!("DROP DATABASE IF EXISTS {name}_kept")).await.unwrap();
        administer(&format!("CREATE DATABASE {name}_kept TEMPLATE {name}")).await.unwrap();
    }

    /// Puts back what was kept; whoever is connected is thrown out.
    #[allow(dead_code, reason = "some tests go back to what was")]
    pub async fn restore(&self) {
        let Self { name } = self;
        administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        administer(&format!("CREATE DATABASE {name} TEMPLATE {name}_kept")).await.unwrap();
    }

    pub fn location(&self) -> Location {
        Location::Postgres { url: self.url(), password: None }
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let sql = [&self.name, &format!("{}_kept", self.name)]
            .map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // A runtime of its own: this also runs while a failed test unwinds.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            sql.iter().try_for_each(|sql| runtime.block_on(administer(sql)))
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the database {} was left behind", self.name);
        }
    }
}

fn url(database: &str) -> String {
    let server = SERVER.get().and_then(Option::as_ref).unwrap();
    format!("{}/{database}{}", server.before, server.after)
}

async fn administer(sql: &str) -> Result<(), DbErr> {
    execute(&url("postgres"), sql).await
}

/// Runs one statement over a connection of its own.
pub async fn execute(url: &str, sql: &str) -> Result<(), DbErr> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1).sqlx_logging(false).connect_timeout(Duration::from_secs(5));
    let db = Database::connect(options).await?;
    db.execute_unprepared(sql).await?;
    db.close().await
}

fn find() -> Option<Server> {
    if let Some(url) = std::env::var_os("DEMARCHE_TEST_POSTGRES") {
        let url = url.into_string().unwrap();
        let (address, after) = match url.split_once('?') {
            Some((address, options)) => (address.to_owned(), format!("?{options}")),
            None => (url, String::new()),
        };
        let authority = address.find("://").map_or(0, |at| at + 3);
        let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
        return Some(Server { before: address[..end].to_owned(), after, _alive: None });
    }
    scratch(&binaries()?)
}

/// The folder with `initdb` and `postgres`, of the newest version.
pub fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    if let Ok(told) = Command::new("pg_config").arg("--bindir").output() {
        folders.insert(0, PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    }
    folders.into_iter().rev().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Ends the server and removes its folder once its input is closed, however the tests end.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=200 \
    >"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

fn scratch(binaries: &Path) -> Option<Server> {
    // Short, because the path of a socket has at most 107 characters.
    let folder = tempfile::Builder::new().prefix("demarche-pg-").tempdir_in("/tmp").unwrap().keep();
    let meta = std::fs::metadata(&folder).unwrap();
    let as_root = meta.uid() == 0;
    if as_root {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let as_nobody = |command: &mut Command| {
        command.current_dir(&folder);
        if as_root {
            command.uid(NOBODY).gid(NOBODY);
        }
    };
    let mut initdb = Command::new(binaries.join("initdb"));
    initdb
        .args(["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8", "-D"])
        .arg(folder.join("data"));
    as_nobody(&mut initdb);
    let made = initdb.output().unwrap();
    if !made.status.success() {
        eprintln!("initdb: {}", String::from_utf8_lossy(&made.stderr));
        return None;
    }
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(binaries).arg(&folder);
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    as_nobody(&mut keeper);
    // Ctrl-C in a terminal is for the tests; the keeper tidies up after them.
    keeper.process_group(0);
    let alive = keeper.spawn().unwrap().stdin.take();
    // The socket is there a moment before the server answers, and the lock file says when it does.
    for _ in 0..200 {
        let ready = std::fs::read_to_string(folder.join("data/postmaster.pid"));
        if ready.is_ok_and(|text| text.lines().any(|line| line.trim() == "ready")) {
            let after = format!("?host={}", folder.display());
            return Some(Server { before: "postgres://postgres@localhost".to_owned(), after, _alive: alive });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!("postgres: {}", std::fs::read_to_string(folder.join("log")).unwrap_or_default());
    None
}
