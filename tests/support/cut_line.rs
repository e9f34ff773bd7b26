//! A line to PostgreSQL that is cut at commits: before the server has heard of it, or after, so that its answer is never heard.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What becomes of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    No,
    /// The server never hears of it.
    Before,
    /// The server does it, and its answer is lost.
    After,
}

/// As the driver says it: a simple query, its length, its text, a zero.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// Decides by the number of the commit, counted over all connections, from 1.
type Decide = Arc<dyn Fn(usize) -> Cut + Send + Sync>;

/// A socket beside the server's own. Its threads end with the connections that they serve.
pub struct CutLine {
    folder: PathBuf,
    commits: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl CutLine {
    /// `server`: the folder of the server's socket. `folder`: an empty one for ours.
    pub fn to(server: &Path, folder: &Path, decide: impl Fn(usize) -> Cut + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let line =
            Self { folder: folder.to_owned(), commits: Arc::default(), cuts: Arc::default(), over: Arc::default() };
        let (commits, cuts, over) = (Arc::clone(&line.commits), Arc::clone(&line.cuts), Arc::clone(&line.over));
        let (decide, socket): (Decide, PathBuf) = (Arc::new(decide), server.join(".s.PGSQL.5432"));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (client, server) = (client.unwrap(), UnixStream::connect(&socket).unwrap());
                let lost = Arc::new(AtomicBool::new(false));
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap(), Arc::clone(&lost));
                std::thread::spawn(move || answers(back.0, back.1, &back.2));
                let (commits, cuts, decide) = (Arc::clone(&commits), Arc::clone(&cuts), Arc::clone(&decide));
                std::thread::spawn(move || questions(client, server, &lost, &commits, &cuts, &decide));
            }
        });
        line
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }

    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

impl Drop for CutLine {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _woken = UnixStream::connect(self.folder.join(".s.PGSQL.5432"));
    }
}

fn questions(
    mut client: UnixStream,
    mut server: UnixStream,
    lost: &AtomicBool,
    commits: &AtomicUsize,
    cuts: &AtomicUsize,
    decide: &Decide,
) {
    let mut bytes = [0; 65_536];
    while let Ok(n @ 1..) = client.read(&mut bytes) {
        let said = &bytes[..n];
        let cut = if said.windows(COMMIT.len()).any(|window| window == COMMIT) {
            decide(commits.fetch_add(1, Ordering::SeqCst) + 1)
        } else {
            Cut::No
        };
        if cut != Cut::No {
            cuts.fetch_add(1, Ordering::SeqCst);
            lost.store(true, Ordering::SeqCst);
        }
        if cut == Cut::Before {
            break;
        }
        if server.write_all(said).is_err() {
            break;
        }
        if cut == Cut::After {
            // Time enough for the server to do it.
            std::thread::sleep(Duration::from_millis(100));
            break;
        }
    }
    let _ended = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

fn answers(mut server: UnixStream, mut client: UnixStream, lost: &AtomicBool) {
    let mut bytes = [0; 65_536];
    while let Ok(n @ 1..) = server.read(&mut bytes) {
        if lost.load(Ordering::SeqCst) || client.write_all(&bytes[..n]).is_err() {
            break;
        }
    }
    let _ended = client.shutdown(Shutdown::Both);
}
