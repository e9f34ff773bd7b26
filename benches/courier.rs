//! What handing over costs: `cargo bench --bench courier [-- LETTERS]`.
//!
//! Couriers alone, without a database, on loopback, letters of 5 KB: against a sink of our own, and against Postfix's `smtp-sink`
//! where there is one, then beside `smtp-source` in the same run. The bar: 0.85 times `smtp-source` with as many connections, and
//! 25 µs of processor time a letter, the kernel's included.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and ends where it cannot go on"
)]

#[path = "courier/sink.rs"]
mod sink;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use demarche::adapters::smtp::{Security, Settings, SmtpMailer};
use demarche::delivery::Verdict;
use demarche::ports::{Courier as _, Mailer as _, Outgoing};
use sink::Sink;

const OCTETS: usize = 5_000;

fn main() {
    if std::env::args().any(|word| word == "--sink") {
        return sink::serve();
    }
    let letters = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(20_000);
    println!("{letters} letters of {OCTETS} bytes; processor time is user + system, of the couriers' process alone");
    let own = Sink::start();
    measure("own sink", own.address, letters);
    drop(own);
    if let Some(postfix) = PostfixSink::start() {
        measure("smtp-sink", postfix.address, letters);
    }
}

fn measure(name: &str, server: SocketAddr, letters: usize) {
    for connections in [1, 10] {
        // The best of three: the machine has other work.
        let theirs = (0..3).filter_map(|_| source(server, letters, connections)).reduce(f64::max);
        let ours = (0..3).map(|_| couriers(server, letters, connections)).reduce(Rate::better).unwrap();
        let beside = theirs.map_or_else(String::new, |theirs| {
            format!("; smtp-source {theirs:.0}/s, {:.2} times that", ours.per_second / theirs)
        });
        println!(
            "{name}, {connections:>2} connections: {:.0} letters/s, {:.1} µs of processor time a letter{beside}",
            ours.per_second, ours.processor_us
        );
    }
}

struct Rate {
    per_second: f64,
    /// User and system time a letter.
    processor_us: f64,
}

impl Rate {
    fn better(self, other: Self) -> Self {
        if other.per_second > self.per_second { other } else { self }
    }
}

fn couriers(server: SocketAddr, letters: usize, connections: usize) -> Rate {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (started, before) = (Instant::now(), processor_time());
    runtime.block_on(async {
        let settings = Settings::new(&server.ip().to_string(), server.port(), Security::None, "coalition.example");
        let mailer = SmtpMailer::new(settings).unwrap();
        let left = Arc::new(AtomicUsize::new(letters));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (mut courier, left, letter) = (mailer.courier(), Arc::clone(&left), letter());
            tasks.spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    let verdict = courier.hand_over(&letter).await;
                    assert!(matches!(verdict, Verdict::Taken { .. }), "{verdict:?}");
                }
                courier.close().await;
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    });
    let (took, used) = (started.elapsed(), processor_time().checked_sub(before).unwrap());
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let letters = letters as f64;
    Rate { per_second: letters / took.as_secs_f64(), processor_us: used.as_secs_f64() * 1e6 / letters }
}

fn letter() -> Outgoing {
    let mut message = b"Date: Mon, 5 Feb 2018 08:30:00 +0000\r\nSubject: Joint letter\r\n\r\n".to_vec();
    while message.len() < OCTETS {
        message.extend_from_slice(b"We write ahead of the thirty-seventh session of the Human Rights Council.\r\n");
    }
    Outgoing {
        dispatch: "hrc37-china/letter/FRA".parse().unwrap(),
        sender: "outreach@coalition.example".parse().unwrap(),
        to: vec!["mission@france.example".parse().unwrap()],
        cc: vec![],
        message: Arc::from(message),
        last_try: false,
    }
}

/// Letters a second of `smtp-source`, where it is installed.
fn source(server: SocketAddr, letters: usize, connections: usize) -> Option<f64> {
    let mut command = Command::new(installed("smtp-source")?);
    command.args(["-d", "-s", &connections.to_string(), "-m", &letters.to_string(), "-l", &OCTETS.to_string()]);
    command.args(["-f", "outreach@coalition.example", "-t", "mission@france.example", &server.to_string()]);
    let started = Instant::now();
    let ended = command.stdout(Stdio::null()).status().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let letters = letters as f64;
    ended.success().then(|| letters / started.elapsed().as_secs_f64())
}

/// Postfix's sink; ended when dropped.
struct PostfixSink {
    child: Child,
    address: SocketAddr,
}

impl PostfixSink {
    fn start() -> Option<Self> {
        let program = installed("smtp-sink")?;
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(program);
        // As root it wants to be told whom to become.
        if Path::new("/proc/self").metadata().is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.args(["-u", "nobody"]);
        }
        let child = command.args([&address.to_string(), "100"]).stdout(Stdio::null()).spawn().ok()?;
        let sink = Self { child, address };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Some(sink);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for PostfixSink {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn installed(program: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|p| p.exists())
}

/// Of this process, all threads, those that have ended too. Source: `/proc/self/stat`, fields 14 and 15, in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}
