//! What a list of a million letters and a million answers costs beside a short one:
//! `cargo bench --no-default-features --bench million [-- ROWS]`.
//!
//! Claims, pages and counts through the store, on SQLite and, where there is a server, on PostgreSQL; then whole commands with their
//! peak memory. Each figure is the middle one of several. The bar: performance rows 8, 9 and 12, and memory that does not grow.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures, and ends where it cannot go on"
)]

#[path = "../tests/support/million.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with test programs")]
mod million;
#[path = "../tests/support/postgres.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "shared with test programs")]
mod postgres_server;
#[path = "../tests/cli/workspace.rs"]
#[allow(clippy::unwrap_used, clippy::panic, reason = "shared with test programs")]
mod workspace;

use std::process::Stdio;
use std::time::{Duration, Instant as Moment};

use demarche::adapters::store::{DispatchFilter, DueQuery, EntryFilter, Location, Store};
use demarche::outbox::{Dispatch, Via};
use demarche::vocabulary::Instant;
use million::Size;
use postgres_server::OwnDatabase;
use workspace::{Workspace, program};

/// The short list that the long one is compared with.
const SHORT: u64 = 10_000;
/// Letters in one claim.
const LETTERS: u64 = 20;
/// Rows of a page, and which page is read far behind.
const PAGE: u64 = 200;
const FAR: u64 = 200;

fn main() {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let now = Instant::from_millis(1_790_000_000_000);
    let size = |rows: u64| Size { dispatches: rows, entries: rows, due: rows / 10, now };
    for name in ["SQLite", "PostgreSQL"] {
        println!("{name}, {SHORT} and {wanted} letters and answers");
        let (short, long) =
            (runtime.block_on(figures(name, size(SHORT))), runtime.block_on(figures(name, size(wanted))));
        let (Some(short), Some(long)) = (short, long) else { continue };
        compare(&short, &long);
    }
    println!("Commands, SQLite");
    commands(&runtime, size(SHORT), size(wanted));
}

/// Milliseconds each.
struct Figures {
    claim: f64,
    first_page: f64,
    far_page: f64,
    first_letters: f64,
    far_letters: f64,
    counts: f64,
    counts_of_one: f64,
}

async fn figures(name: &str, size: Size) -> Option<Figures> {
    // On the disk on which the program is built, and not in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = if name == "SQLite" { None } else { Some(OwnDatabase::create("the benchmark").await?) };
    let location =
        server.as_ref().map_or_else(|| Location::Sqlite(folder.path().join("demarche.db")), OwnDatabase::location);
    let begun = Moment::now();
    million::fill(&location, size).await;
    eprintln!("  {} letters and {} answers made in {:.1?}", size.dispatches, size.entries, begun.elapsed());
    let store = Store::open(&location).await.unwrap();
    let mut claims = Vec::new();
    for _ in 0..30 {
        claims.push(claim(&store, size.now).await);
    }
    let far = (FAR - 1).min(size.dispatches / PAGE - 1) * PAGE;
    let last = letters_before(&store, far).await;
    let place = entries_before(&store, far).await;
    let (letters, entries) = (DispatchFilter::default(), EntryFilter { in_force: true, ..EntryFilter::default() });
    let one = store.plans().await.unwrap().pop().unwrap().campaign;
    let mut parts: [Vec<f64>; 6] = Default::default();
    for _ in 0..30 {
        parts[0].push(timed(store.entries_after(&entries, None, PAGE)).await);
        parts[1].push(timed(store.entries_after(&entries, place, PAGE)).await);
        parts[2].push(timed(store.dispatches_after(&letters, None, PAGE)).await);
        parts[3].push(timed(store.dispatches_after(&letters, last.as_ref(), PAGE)).await);
        parts[4].push(timed(store.counts()).await);
        parts[5].push(timed(store.counts_of(&one)).await);
    }
    let [first_page, far_page, first_letters, far_letters, counts, counts_of_one] = parts.map(middle);
    Some(Figures { claim: middle(claims), first_page, far_page, first_letters, far_letters, counts, counts_of_one })
}

/// Looks for due letters and claims them, in a transaction that is then dropped.
async fn claim(store: &Store, now: Instant) -> f64 {
    let tx = store.begin().await.unwrap();
    let begun = Moment::now();
    let query = DueQuery {
        now,
        limit: LETTERS,
        blocked: &[],
        full_domains: &[],
        after: None,
        neighbours_since: now.minus(chrono::Duration::days(3)),
        mailbox: None,
        counted_at: None,
    };
    let due: Vec<Dispatch> = tx.due(&query).await.unwrap().letters.into_iter().map(|due| due.dispatch).collect();
    let claims = tx.claim(&due, "worker-1", Via::Smtp, now.plus(chrono::Duration::minutes(1)), now).unwrap();
    // The claim waits for the next question.
    tx.mailbox_read("none").await.unwrap();
    let took = begun.elapsed();
    assert_eq!(claims.len() as u64, LETTERS);
    drop(tx);
    took.as_secs_f64() * 1e3
}

async fn letters_before(store: &Store, count: u64) -> Option<Dispatch> {
    let mut last = None;
    for _ in 0..count / PAGE {
        last = store.dispatches_after(&DispatchFilter::default(), last.as_ref(), PAGE).await.unwrap().pop();
    }
    last
}

async fn entries_before(store: &Store, count: u64) -> Option<(Instant, i64)> {
    let mut place = None;
    for _ in 0..count / PAGE {
        place = store
            .entries_after(&EntryFilter { in_force: true, ..EntryFilter::default() }, place, PAGE)
            .await
            .unwrap()
            .1;
    }
    place
}

async fn timed<T, E: std::fmt::Debug>(answer: impl Future<Output = Result<T, E>>) -> f64 {
    let begun = Moment::now();
    answer.await.unwrap();
    begun.elapsed().as_secs_f64() * 1e3
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn compare(short: &Figures, long: &Figures) {
    let line = |what: &str, figures: String, value: f64, bar: f64, unit: &str| {
        let verdict = if value <= bar { "met" } else { "NOT MET" };
        println!("  {what:<34} {figures:>26}   {value:>6.2} {unit:<3} at most {bar} {unit:<3} {verdict}");
    };
    let pair = |a: f64, b: f64| format!("{a:.3} ms, {b:.3} ms");
    line("claim of 20, short and long", pair(short.claim, long.claim), long.claim / short.claim, 2.0, "x");
    line("log, page 1 and page 200", pair(long.first_page, long.far_page), long.far_page / long.first_page, 1.2, "x");
    let letters = pair(long.first_letters, long.far_letters);
    line("letters, page 1 and page 200", letters, long.far_letters / long.first_letters, 1.2, "x");
    line("counts, all campaigns", pair(short.counts, long.counts), long.counts, 1.0, "ms");
    line("counts, one campaign", pair(short.counts_of_one, long.counts_of_one), long.counts_of_one, 1.0, "ms");
}

/// Whole commands: how long, and how much memory at most.
fn commands(runtime: &tokio::runtime::Runtime, short: Size, long: Size) {
    let empty = Workspace::small();
    empty.run("database migrate").ends_with_code(0);
    for words in ["--help", "status"] {
        let times = (0..20).map(|_| run(&empty, words).0.as_secs_f64() * 1e3).collect();
        let took = middle(times);
        let verdict = if took <= 30.0 { "met" } else { "NOT MET" };
        println!("  {words:<34} {took:>23.1} ms   at most 30 ms, on an empty database: {verdict}");
    }
    let places = [short, long].map(|size| {
        let place = Workspace::small();
        std::fs::create_dir_all(place.path("var")).unwrap();
        runtime.block_on(million::fill(&Location::Sqlite(place.path("var/demarche.db")), size));
        place
    });
    let of_a_campaign = "dispatches campaign-00000 --json";
    for words in [
        "status",
        "status --json",
        of_a_campaign,
        "dispatches --status held",
        "dispatches --json",
        "dispatches",
        "log --limit 500",
        "log --stance unread --in-force",
        "log --json",
        "log",
        "log show 5000",
        "show campaign-00000/step-07/FRA",
        "followups",
        "positions",
        "digest",
    ] {
        let [(short, little), (long, much)] = [&places[0], &places[1]].map(|place| run(place, words));
        println!("  {words:<34} {short:>10.2?} {little:>7.1} MiB   {long:>10.2?} {much:>7.1} MiB");
    }
}

/// How long it took, and its peak memory in MiB, looked up while it runs.
fn run(place: &Workspace, words: &str) -> (Duration, f64) {
    let mut command = program();
    command.current_dir(place.folder()).args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Moment::now();
    let mut child = command.spawn().unwrap();
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let told = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        peak = peak.max(told.unwrap_or(0.0) / 1024.0);
        std::thread::sleep(Duration::from_millis(1));
    }
    (begun.elapsed(), peak)
}
