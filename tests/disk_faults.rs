//! The disk is full, fails, may only be read, holds something else than our database, or is somebody else's for a while: what cannot
//! be recorded is not sent, what is damaged is left as it is, and the words say what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
#[path = "support/strace.rs"]
mod strace;
mod support;

use std::collections::HashMap;
use std::fs::{self, File};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use demarche::vocabulary::Digest;
use postgres_server::OwnDatabase;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use support::office::{Office, text};
use support::smtp_server::{Act, Script, SmtpServer, Step};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];
const RUN: [&str; 2] = ["run", "--until-idle"];
const DATABASE: &str = "var/demarche.db";
const WAL: &str = "var/demarche.db-wal";
const JOURNAL: &str = "var/sent.journal";

fn stage() -> (SmtpServer, Office) {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    (server, office)
}

/// A connection to an office's database, as another program has one.
async fn another_program(office: &Office) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}", office.path(DATABASE).display()));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

/// Everything into the one file.
async fn checkpoint(office: &Office) {
    let db = another_program(office).await;
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    db.close().await.unwrap();
}

fn all(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// The world is at fault (3), and one sentence says how, and what to do.
#[track_caller]
fn told(output: &Output, words: &[&str], at: &str) {
    let said = all(output);
    assert_eq!(output.status.code(), Some(3), "{at}: {said}");
    assert!(said.contains("error: ") && said.contains("help: ") && !said.contains("panicked"), "{at}: {said}");
    for word in words {
        assert!(said.contains(word), "{at}: no word of {word:?} in {said}");
    }
}

/// Each letter once, or uncertain, and no more of those than couriers.
#[track_caller]
fn each_once(server: &SmtpServer, office: &Office, at: &str) {
    let mut arrived: HashMap<String, usize> = HashMap::new();
    for letter in server.messages() {
        *arrived.entry(letter.to[0].clone()).or_default() += 1;
    }
    assert!(arrived.values().all(|times| *times == 1), "{at}: {arrived:?}");
    let statuses = office.statuses();
    let count = |status: &str| statuses.values().filter(|s| *s == status).count();
    assert_eq!(count("sent") + count("uncertain"), STATES.len(), "{at}: {statuses:?}");
    assert!(count("uncertain") <= 1 && arrived.len() >= count("sent"), "{at}: {statuses:?}, {arrived:?}");
}

// Full.

#[test]
fn a_disk_that_is_full_or_fails_is_named_and_lets_nothing_leave_and_with_a_sound_one_everything_does() {
    const TEST: &str =
        "a_disk_that_is_full_or_fails_is_named_and_lets_nothing_leave_and_with_a_sound_one_everything_does";
    if strace::works(TEST).is_none() {
        return;
    }
    let on_the_database = [DATABASE, WAL];
    let full = ("ENOSPC", "the disk is full: make room");
    let fails = ("EIO", "nothing");
    // Each waits out the worker's patience with its disk; so all at once.
    thread::scope(|cases| {
        for ((error, words), files, calls) in [
            (full, &[WAL][..], "pwrite64"),
            (full, &[JOURNAL][..], "write"),
            (full, &["var/demarche.db.worker"][..], "write"),
            (fails, &on_the_database[..], "fsync,fdatasync"),
            (fails, &on_the_database[..], "pwrite64"),
            (fails, &on_the_database[..], "pread64"),
            (fails, &[JOURNAL][..], "fdatasync"),
        ] {
            cases.spawn(move || {
                let (server, office) = stage();
                let at = format!("{error} of {calls} on {files:?}");
                let hurt = strace::on_files(&office, &RUN, files, calls, &format!("error={error}:when=1+"));
                told(&hurt, &[words], &at);
                // A claim stands in the database before it is in the journal, which is flushed with the answer.
                let most = usize::from(files == [JOURNAL] && calls == "fdatasync");
                assert!(server.messages().len() <= most, "{at}: it left, and nobody could remember");
                office.done(&RUN);
                // One may have been claimed when the worker gave up: a person settles it.
                each_once(&server, &office, &at);
            });
        }
    });
}

/// In a namespace of its own, so that nothing is left mounted: `var/` on a disk of 4 MiB, which is filled while the first letter is
/// on its way, and has room again once the worker has complained.
const SMALL_DISK: &str = r#"
set -e
cp -a var saved
mount -t tmpfs -o size=4m none var
cp -a saved/. var/
"$1" -v run 2>worker.log >answer &
worker=$!
until [ -e taken ]; do sleep 0.05; done
dd if=/dev/zero of=var/filler bs=4k 2>/dev/null || true
touch full
n=0
until grep -q 'the database refuses' worker.log || [ $n -gt 600 ]; do sleep 0.1; n=$((n + 1)); done
sleep 3
cp worker.log while-full.log
touch complained
until [ -e seen ] || [ $n -gt 900 ]; do sleep 0.1; n=$((n + 1)); done
rm var/filler
until [ -e everything ] || [ $n -gt 1200 ]; do sleep 0.1; n=$((n + 1)); done
kill -TERM $worker
wait $worker
rm -rf saved/*
cp -a var/. saved/
umount var
cp -a saved/. var/
"#;

/// The program's own namespace of mounts, where that is allowed; a named skip elsewhere.
fn own_mounts(test: &str) -> Option<Command> {
    let mut allowed = Command::new("unshare");
    allowed.args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).stderr(Stdio::null());
    if allowed.status().is_ok_and(|status| status.success()) {
        let mut command = Command::new("unshare");
        command.arg("-m");
        return Some(command);
    }
    eprintln!("SKIPPED {test}: nothing may be mounted here; run it as root");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_disk_fills_up_keeps_what_the_server_said_until_there_is_room() {
    const TEST: &str = "a_worker_whose_disk_fills_up_keeps_what_the_server_said_until_there_is_room";
    let Some(mut command) = own_mounts(TEST) else { return };
    let slow = Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(4))).times(1);
    let server = SmtpServer::start(slow);
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    // Else what is written next may find room in -wal.
    checkpoint(&office).await;
    command.args(["sh", "-c", SMALL_DISK, "script", env!("CARGO_BIN_EXE_demarche")]);
    command.current_dir(office.path("")).env("NO_COLOR", "1").stderr(Stdio::piped());
    let script = command.spawn().unwrap();
    server.wait_for(1);
    fs::write(office.path("taken"), "").unwrap();
    wait_for(&office, "complained");
    let while_full = server.messages().len();
    fs::write(office.path("seen"), "").unwrap();
    assert_eq!(while_full, 1, "no other letter leaves while nothing can be recorded");
    server.wait_for(3);
    // The answer to the last one has still to be stored.
    thread::sleep(Duration::from_secs(1));
    fs::write(office.path("everything"), "").unwrap();
    let ended = script.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let said = fs::read_to_string(office.path("while-full.log")).unwrap();
    assert!(said.contains("full"), "{said}");
    assert!(office.statuses().values().all(|status| status == "sent"), "{:?}\n{said}", office.statuses());
    each_once(&server, &office, "in the end");
}

fn wait_for(office: &Office, file: &str) {
    let begun = Instant::now();
    while !office.path(file).exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {file}");
        thread::sleep(Duration::from_millis(50));
    }
}

// Failing.

#[test]
fn a_flush_that_failed_is_never_taken_for_one_that_succeeded_later() {
    if strace::works("a_flush_that_failed_is_never_taken_for_one_that_succeeded_later").is_none() {
        return;
    }
    let cases: Vec<(&str, usize)> = [WAL, JOURNAL].into_iter().flat_map(|file| [1, 2].map(|nth| (file, nth))).collect();
    for together in cases.chunks(4) {
        thread::scope(|scope| {
            for (file, nth) in together {
                scope.spawn(move || {
                    let (server, office) = stage();
                    let at = format!("flush {nth} of {file}");
                    let before = fence(&office);
                    let fault = format!("error=EIO:when={nth}");
                    let hurt = strace::on_files(&office, &RUN, &[*file], "fsync,fdatasync", &fault);
                    assert!(hurt.status.success() || hurt.status.code() == Some(3), "{at}: {}", all(&hurt));
                    office.done(&RUN);
                    each_once(&server, &office, &at);
                    assert!(fence(&office) >= before + STATES.len(), "{at}");
                });
            }
        });
    }
}

/// How many claims there were.
fn fence(office: &Office) -> usize {
    office.dispatches().values().map(|row| row["attempts"].as_array().unwrap().len()).sum()
}

#[test]
fn a_journal_that_cannot_be_written_any_more_leaves_nothing_for_a_person_to_settle() {
    if strace::works("a_journal_that_cannot_be_written_any_more_leaves_nothing_for_a_person_to_settle").is_none() {
        return;
    }
    // The first claims cannot be noted; the answers cannot; the answers cannot be flushed.
    thread::scope(|cases| {
        for (calls, nth) in [("write", 1), ("write", 2), ("write", 3), ("write", 4), ("fsync,fdatasync", 1)] {
            cases.spawn(move || {
                let (server, office) = stage();
                let at = format!("{calls} {nth} of the journal, and all behind it");
                let hurt = strace::on_files(&office, &RUN, &[JOURNAL], calls, &format!("error=ENOSPC:when={nth}+"));
                told(&hurt, &["the disk is full: make room"], &at);
                let left = server.messages().len();
                let statuses = office.statuses();
                let sent = statuses.values().filter(|status| *status == "sent").count();
                assert_eq!(sent, left, "{at}: what was answered is known: {statuses:?}");
                assert!(statuses.values().all(|status| status == "sent" || status == "approved"), "{at}: {statuses:?}");
                office.done(&RUN);
                each_once(&server, &office, &at);
                assert!(office.statuses().values().all(|status| status == "sent"), "{at}");
            });
        }
    });
}

// May only be read.

#[tokio::test]
async fn a_database_that_may_only_be_read_sends_nothing_and_still_tells() {
    const TEST: &str = "a_database_that_may_only_be_read_sends_nothing_and_still_tells";
    if own_mounts(TEST).is_none() {
        return;
    }
    let (server, office) = stage();
    let other = another_program(&office).await;
    other.execute_unprepared("SELECT COUNT(*) FROM dispatches").await.unwrap();
    let expected = office.statuses();
    office.done(&[
        "log",
        "add",
        "--campaign",
        "hrc37-china",
        "--delegation",
        "FRA",
        "--kind",
        "note",
        "--text",
        "a word",
    ]);
    for unwritten in [true, false] {
        if !unwritten {
            // Nothing beside the file: neither what waits to be written into it, nor an index of that.
            other.close_by_ref().await.unwrap();
            checkpoint(&office).await;
            for beside in ["-wal", "-shm"] {
                let _may_be_gone = fs::remove_file(office.path(&format!("{DATABASE}{beside}")));
            }
        }
        let before = office.memory();
        let read_only = |words: &[&str]| {
            let script = "mount --bind var var && mount -o remount,bind,ro var && exec \"$@\"";
            let mut command = own_mounts(TEST).unwrap();
            command.args(["sh", "-c", script, "script", env!("CARGO_BIN_EXE_demarche")]).args(words);
            command.current_dir(office.path("")).env("NO_COLOR", "1").output().unwrap()
        };
        told(&read_only(&RUN), &["look at the rights"], "run");
        assert_eq!(server.messages().len(), 0);
        let dispatches = read_only(&["dispatches", "--json"]);
        assert!(dispatches.status.success(), "{}", all(&dispatches));
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&dispatches.stdout).unwrap();
        assert_eq!(rows.len(), expected.len());
        assert!(read_only(&["status"]).status.success());
        assert!(read_only(&["log"]).status.success());
        let held = read_only(&["hold", "hrc37-china", "--reason", "not now"]);
        told(&held, &["cannot be written to: look at the rights"], "hold");
        assert_eq!(office.memory(), before);
    }
    office.done(&RUN);
    each_once(&server, &office, "in the end");
}

// Locked.

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_waited_for() {
    let (server, office) = stage();
    let other = another_program(&office).await;
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    let mut worker = office.worker();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(worker.try_wait().unwrap().is_none(), "it waits");
    assert_eq!(server.messages().len(), 0);
    assert!(office.statuses().values().all(|status| status == "approved"), "reading goes on");
    other.execute_unprepared("COMMIT").await.unwrap();
    assert!(worker.wait().unwrap().success());
    each_once(&server, &office, "after the lock");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "half a minute: longer than one statement waits for a lock"]
async fn a_database_that_stays_locked_is_named_and_a_worker_outlives_it() {
    let slow = Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(4))).times(1);
    let server = SmtpServer::start(slow);
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    let log = office.path("worker.log");
    let mut worker =
        office.command(&["run"]).stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    server.wait_for(1);
    let other = another_program(&office).await;
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let said = fs::read_to_string(&log).unwrap();
    assert!(
        said.contains("the database refuses; nothing is sent meanwhile") && said.contains("database is locked"),
        "{said}"
    );
    assert!(worker.try_wait().unwrap().is_none(), "it lives: {said}");
    assert_eq!(server.messages().len(), 1, "no other letter leaves meanwhile");
    other.execute_unprepared("COMMIT").await.unwrap();
    server.wait_for(3);
    tokio::time::sleep(Duration::from_secs(1)).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
    each_once(&server, &office, "after the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_locks_on_postgresql_is_waited_for() {
    let Some(database) = OwnDatabase::create("a_table_that_somebody_locks_on_postgresql_is_waited_for").await else {
        return;
    };
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server);
    let settings = fs::read_to_string(office.path("config/demarche.toml")).unwrap();
    let settings = format!("[database]\nurl = \"{}\"\n{settings}", database.url());
    fs::write(office.path("config/demarche.toml"), settings).unwrap();
    let office = office.planned_and_approved();
    let mut options = ConnectOptions::new(database.url());
    options.max_connections(1).sqlx_logging(false);
    let other = Database::connect(options).await.unwrap();
    other.execute_unprepared("BEGIN; LOCK TABLE dispatches IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut worker = office.worker();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(worker.try_wait().unwrap().is_none(), "it waits");
    assert_eq!(server.messages().len(), 0);
    other.execute_unprepared("COMMIT").await.unwrap();
    other.close().await.unwrap();
    assert!(worker.wait().unwrap().success());
    each_once(&server, &office, "after the lock");
}

// Damaged.

#[tokio::test]
async fn a_damaged_database_is_named_and_left_as_it_is_and_nothing_is_sent_from_it() {
    let (server, office) = stage();
    checkpoint(&office).await;
    let sound = office.memory();
    let whole = fs::read(office.path(DATABASE)).unwrap();
    let page = 4096;
    let zeroed = |number: usize| {
        let mut bytes = whole.clone();
        bytes[(number - 1) * page..number * page].fill(0);
        bytes
    };
    let pages = whole.len() / page;
    let mut cases: Vec<(String, Vec<u8>)> = vec![
        ("a text".to_owned(), b"Dear colleague,\nthis is no database.\n".to_vec()),
        ("0 bytes".to_owned(), Vec::new()),
        ("cut to a quarter".to_owned(), whole[..whole.len() / 4].to_vec()),
        ("cut within a page".to_owned(), whole[..whole.len() / 2 + 100].to_vec()),
    ];
    // Schema, tables, indexes. A page of a letter's bytes is found out by the letter's digest, and holds that letter.
    cases.extend(
        (1..=pages).filter(|n| *n <= 6 || (n % 12 == 0 && *n <= 96)).map(|n| (format!("page {n} of zeros"), zeroed(n))),
    );
    for (what, bytes) in cases {
        office.remember(&sound);
        fs::write(office.path(DATABASE), &bytes).unwrap();
        told(&office.run(&RUN), &["demarche.db", "restore a backup"], &what);
        assert_eq!(Digest::of(&fs::read(office.path(DATABASE)).unwrap()), Digest::of(&bytes), "{what}: it was changed");
        for words in [&["status"][..], &["dispatches"], &["log"], &["show", "hrc37-china/letter/FRA"]] {
            let shown = office.run(words);
            let said = all(&shown);
            assert!(!said.contains("panicked"), "{what}: {said}");
            if !shown.status.success() && shown.status.code() != Some(4) {
                told(&shown, &["demarche.db", "restore a backup"], &format!("{what}: {words:?}"));
            }
        }
        assert_eq!(Digest::of(&fs::read(office.path(DATABASE)).unwrap()), Digest::of(&bytes), "{what}: it was changed");
    }
    assert_eq!(server.messages().len(), 0);
    office.remember(&sound);
    office.done(&RUN);
    each_once(&server, &office, "in the end");
}

#[tokio::test]
async fn a_database_that_lost_its_last_changes_is_noticed_before_anything_leaves_twice() {
    let (server, office) = stage();
    checkpoint(&office).await;
    // While another program has the file open, nobody tidies up: what was written last is in -wal alone, as after a power cut.
    let other = another_program(&office).await;
    other.execute_unprepared("SELECT COUNT(*) FROM dispatches").await.unwrap();
    office.done(&RUN);
    assert_eq!(server.messages().len(), 3);
    let sent = office.memory();
    other.close().await.unwrap();
    let in_the_wal = sent.iter().any(|(path, bytes)| *path == office.path(WAL) && !bytes.is_empty());
    assert!(in_the_wal, "what was sent is not in the file yet");
    for what in ["deleted", "cut short", "of zeros"] {
        office.remember(&sent);
        fs::remove_file(office.path("var/demarche.db-shm")).unwrap();
        match what {
            "deleted" => fs::remove_file(office.path(WAL)).unwrap(),
            "cut short" => {
                let wal = fs::read(office.path(WAL)).unwrap();
                fs::write(office.path(WAL), &wal[..wal.len() / 8]).unwrap();
            }
            _ => fs::write(office.path(WAL), [0; 100_000]).unwrap(),
        }
        let refused = office.run(&RUN);
        let said = all(&refused);
        assert!(!refused.status.success() && said.contains("the database does not know it"), "{what}: {said}");
        assert_eq!(server.messages().len(), 3, "{what}: a second copy left");
    }
}
