//! Many letters, several workers, one of them killed every moment, and a mail server that puts off, refuses and hangs up. In the end
//! the server's ledger and the books say the same of every letter: `uncertain` are exactly those whose answer nobody can know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so, and the soak what it did")]

#[path = "support/books.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod books;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use books::{Books, Kind, Plan, kill, of_status, signal, violations};
use support::smtp_server::{Act, Script, SmtpServer};

struct Soak<'a> {
    test: &'a str,
    kind: Kind,
    states: Option<&'a [&'a str]>,
    steps: usize,
    workers: usize,
    kill_every: Duration,
    /// How long the server thinks about a letter, so that there is something in hand when a worker is killed.
    thinks: Duration,
    limit: Duration,
}

const SEED: u64 = 37;

/// A number that looks like chance, the same in every run.
fn chance(of: &[&str], n: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ SEED ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in of.concat().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 29;
    hash.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
}

/// Of a hundred letters ten are put off, two refused, and at two the server hangs up after the final dot: one kept, one not.
fn fate(id: &str, times: usize, thinks: Duration) -> Act {
    match chance(&[id], u64::try_from(times).unwrap()) % 100 {
        0..10 => Act::Reply("451 4.3.0 not now".to_owned()),
        10..12 => Act::Reply("554 5.6.0 not this letter".to_owned()),
        12 => Act::TakeAndDrop,
        13 => Act::Drop,
        _ => Act::Delay(thinks),
    }
}

/// The workers that live, and what is known of those that were killed.
struct Workers {
    alive: Vec<Child>,
    killed: Vec<String>,
    /// What the killed had in hand when they were looked at.
    lost: BTreeSet<String>,
}

impl Workers {
    fn kill_one(&mut self, books: &Books) {
        let which = chance(&["worker"], self.killed.len() as u64) % self.alive.len() as u64;
        let mut unlucky = self.alive.swap_remove(usize::try_from(which).unwrap());
        kill(&mut unlucky);
        self.lost.extend(books.in_hand_of(unlucky.id()));
        self.killed.push(unlucky.id().to_string());
        self.alive.push(books.worker());
    }

    /// A minute of time passes, for the killed alone. A server ends what they asked of it last, be it a claim's commit, so this is
    /// done again and again.
    fn let_leases_of_the_killed_run_out(&self, books: &Books) {
        if books.kind() == Kind::Postgres && !self.killed.is_empty() {
            books.execute(&format!(
                "UPDATE dispatches SET lease_until = 0 WHERE status = 'sending' AND lease_until > 0 \
                 AND split_part(holder, '-', 2) IN ('{}')",
                self.killed.join("', '")
            ));
        }
    }

    /// Letters whose last claim was a killed worker's.
    fn claimed_last(&self, books: &Books) -> BTreeSet<String> {
        let last = "SELECT a.worker || ' ' || d.campaign || '/' || d.step || '/' || d.delegation FROM attempts a \
                    JOIN dispatches d ON d.key = a.dispatch AND d.fence = a.fence";
        let rows = books.ask(last);
        let words = rows.iter().map(|row| row.split_once(' ').unwrap());
        let by_the_dead = |worker: &str| self.killed.iter().any(|process| worker.split('-').nth(1) == Some(process));
        words.filter(|(worker, _)| by_the_dead(worker)).map(|(_, id)| id.to_owned()).collect()
    }
}

fn soak(soak: &Soak<'_>) {
    let server = SmtpServer::start(Script::plain());
    let plan = Plan { states: soak.states, steps: soak.steps, connections: 4, ..Plan::default() };
    let began = Instant::now();
    let Some(books) = Books::approved(soak.test, soak.kind, &plan, &server) else { return };
    let planned = books.letters();
    let ids: HashMap<String, String> = planned.iter().map(|l| (l.message_id.clone(), l.id.clone())).collect();
    let thinks = soak.thinks;
    let names = ids.clone();
    server.set_script(
        Script::plain().judging(move |message_id, times| names.get(message_id).map(|id| fate(id, times, thinks))),
    );
    let prepared = began.elapsed();
    let began = Instant::now();
    let mut workers = Workers {
        alive: (0..soak.workers).map(|_| books.worker()).collect(),
        killed: Vec::new(),
        lost: BTreeSet::new(),
    };
    let mut next_kill = began + soak.kill_every;
    let mut counts = BTreeMap::new();
    let done = |counts: &BTreeMap<String, usize>| {
        ["sent", "refused", "uncertain"].iter().filter_map(|status| counts.get(*status)).sum::<usize>() == planned.len()
    };
    while !done(&counts) {
        assert!(began.elapsed() < soak.limit, "not done in {:?}: {counts:?}\n{}", soak.limit, books.said());
        std::thread::sleep(Duration::from_millis(100).min(next_kill.saturating_duration_since(Instant::now())));
        if Instant::now() >= next_kill {
            workers.kill_one(&books);
            next_kill = Instant::now() + soak.kill_every;
        }
        workers.let_leases_of_the_killed_run_out(&books);
        books.let_retries_fall_due();
        counts = books.counts();
    }
    let took = began.elapsed();
    for worker in &mut workers.alive {
        signal(worker, "TERM");
        let status = worker.wait().unwrap();
        // One that has only just been started may not listen yet.
        assert!(status.success() || status.signal() == Some(15), "{status}: {}", books.said());
    }
    let heard = server.heard();
    let letters = books.letters();
    let mut wrong = violations(&letters, &server, 0, planned.len());
    let mut offered: HashMap<&str, usize> = HashMap::new();
    heard.iter().for_each(|h| *offered.entry(&ids[&h.message_id]).or_default() += 1);
    let refuses = |id: &str, times| matches!(fate(id, times, thinks), Act::Reply(text) if text.starts_with('5'));
    let again = offered.iter().filter(|(id, n)| (1..**n).any(|times| refuses(id, times)));
    wrong.extend(again.map(|(id, _)| format!("{id} was tried again after it had been refused for good")));
    let dropped: BTreeSet<String> = heard.iter().filter(|h| !h.answered).map(|h| ids[&h.message_id].clone()).collect();
    let uncertain = of_status(&letters, "uncertain");
    let by_kills: BTreeSet<String> = uncertain.difference(&dropped).cloned().collect();
    let claimed_last = workers.claimed_last(&books);
    wrong.extend(by_kills.difference(&claimed_last).map(|id| format!("{id} is uncertain for no reason")));
    let unknown = dropped.union(&workers.lost);
    wrong.extend(unknown.filter(|id| !uncertain.contains(*id)).map(|id| format!("{id} should be uncertain")));
    let kills = workers.killed.len();
    if by_kills.len() > kills * plan.connections {
        wrong.push(format!("{} uncertain after {kills} kills", by_kills.len()));
    }
    eprintln!(
        "{:?}: {} letters, planned in {} s, done in {:.1} s by {} workers; {kills} kills with {} in hand; {} dropped after the dot; \
         {} answers of 4xx; {counts:?}; {} violations",
        soak.kind,
        letters.len(),
        prepared.as_secs(),
        took.as_secs_f64(),
        soak.workers,
        by_kills.len(),
        dropped.len(),
        heard.len() - ids.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(kills > 2, "only {kills} kills in {took:?}");
}

const STATES: [&str; 20] = [
    "FRA", "DEU", "SWE", "PER", "NOR", "ESP", "ITA", "AUT", "BEL", "BRA", "CAN", "CHE", "CHL", "CRI", "DNK", "EST",
    "FIN", "GHA", "JPN", "KEN",
];

#[test]
fn letters_of_three_workers_that_are_killed_again_and_again_are_known_one_by_one() {
    soak(&Soak {
        test: "letters_of_three_workers_that_are_killed_again_and_again_are_known_one_by_one",
        kind: Kind::Postgres,
        states: Some(&STATES),
        steps: 15,
        workers: 3,
        kill_every: Duration::from_secs(1),
        thinks: Duration::from_millis(250),
        limit: Duration::from_secs(120),
    });
}

#[test]
fn letters_of_a_worker_that_is_killed_again_and_again_on_sqlite_are_known_one_by_one() {
    soak(&Soak {
        test: "letters_of_a_worker_that_is_killed_again_and_again_on_sqlite_are_known_one_by_one",
        kind: Kind::Sqlite,
        states: Some(&STATES),
        steps: 15,
        workers: 1,
        kill_every: Duration::from_secs(1),
        thinks: Duration::from_millis(80),
        limit: Duration::from_secs(120),
    });
}

#[test]
#[ignore = "ten thousand letters"]
fn ten_thousand_letters_of_four_workers_on_postgresql() {
    soak(&Soak {
        test: "ten_thousand_letters_of_four_workers_on_postgresql",
        kind: Kind::Postgres,
        states: None,
        steps: 53,
        workers: 4,
        kill_every: Duration::from_secs(2),
        thinks: Duration::from_millis(50),
        limit: Duration::from_secs(1_800),
    });
}

#[test]
#[ignore = "ten thousand letters"]
fn ten_thousand_letters_of_one_worker_on_sqlite() {
    soak(&Soak {
        test: "ten_thousand_letters_of_one_worker_on_sqlite",
        kind: Kind::Sqlite,
        states: None,
        steps: 53,
        workers: 1,
        kill_every: Duration::from_secs(2),
        thinks: Duration::from_millis(10),
        limit: Duration::from_secs(1_800),
    });
}
