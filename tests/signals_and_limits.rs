//! Somebody ends the worker, or the machine gives it too little: a letter in hand is finished or uncertain, and none is half sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::office::{Office, text};
use support::smtp_server::{Act, Script, SmtpServer, Step};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];

/// Each letter that arrived did so once, and whole.
#[track_caller]
fn whole_and_once(server: &SmtpServer, at: &str) {
    let letters = server.messages();
    let mut to: Vec<&str> = letters.iter().map(|letter| letter.to[0].as_str()).collect();
    to.sort_unstable();
    let all = to.len();
    to.dedup();
    assert_eq!(to.len(), all, "{at}: one arrived twice");
    for letter in &letters {
        assert!(letter.data.ends_with(b"--\r\n"), "{at}: half a letter: {}", text(&letter.data));
    }
}

fn send(signal: &str, process: u32) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status().unwrap().success());
}

/// A worker that got `signal` while the server took its time at `step`: how it ended, and after how long.
fn signalled(server: &SmtpServer, office: &Office, signal: &str, step: Step) -> (Option<i32>, Duration) {
    let mut worker = office.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while server.sessions().is_empty() || (step == Step::Content && server.messages().is_empty()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "no session at {step:?}");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    send(signal, worker.id());
    let code = worker.wait().unwrap().code();
    (code, asked.elapsed())
}

#[test]
fn whoever_ends_the_worker_in_whatever_phase_waits_ten_seconds_at_most_and_finds_no_letter_half_sent() {
    let steps = [Step::Connect, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::Content];
    let cases = steps.into_iter().zip(["TERM", "INT", "HUP"].into_iter().cycle());
    thread::scope(|scope| {
        // Slow: it answers within the grace. Else not before the grace is over.
        for (slow, (step, signal)) in cases.flat_map(|case| [(true, case), (false, case)]) {
            scope.spawn(move || {
                let at = format!("{signal} at {step:?}, {}", if slow { "slow" } else { "silent" });
                let pause = Duration::from_secs(if slow { 2 } else { 40 });
                let server = SmtpServer::start(Script::plain().on(step, Act::Delay(pause)).times(1));
                let office = Office::with_server(&STATES, &server);
                let settings = fs::read_to_string(office.path("config/demarche.toml")).unwrap();
                let patient =
                    settings.replace("timeout = \"5s\"", "timeout = \"60s\"").replace("final_timeout = \"60s\"", "");
                fs::write(office.path("config/demarche.toml"), patient).unwrap();
                let office = office.planned_and_approved();
                let (code, took) = signalled(&server, &office, signal, step);
                assert!(took < Duration::from_secs(15), "{at}: {took:?}");
                assert_eq!(code, Some(0), "{at}");
                let statuses = office.statuses();
                let count = |status: &str| statuses.values().filter(|s| *s == status).count();
                let known = count("sent") + count("uncertain") + count("approved");
                assert_eq!(known, STATES.len(), "{at}: {statuses:?}");
                assert!(count("uncertain") <= usize::from(!slow), "{at}: {statuses:?}");
                let arrived = server.messages().len();
                assert!(
                    arrived >= count("sent") && arrived <= count("sent") + count("uncertain"),
                    "{at}: {statuses:?}"
                );
                office.done(&["run", "--until-idle"]);
                whole_and_once(&server, &at);
            });
        }
    });
}

#[test]
fn a_second_signal_ends_the_worker_at_once_and_its_letter_is_uncertain() {
    let server = SmtpServer::start(Script::plain().on(Step::Content, Act::Delay(Duration::from_secs(60))).times(1));
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    let mut worker = office.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.wait_for(1);
    send("INT", worker.id());
    thread::sleep(Duration::from_millis(700));
    let again = Instant::now();
    send("INT", worker.id());
    assert_eq!(worker.wait().unwrap().code(), Some(130));
    assert!(again.elapsed() < Duration::from_secs(2));
    office.done(&["run", "--until-idle"]);
    let statuses = office.statuses();
    assert_eq!(statuses.values().filter(|status| *status == "uncertain").count(), 1, "{statuses:?}");
    whole_and_once(&server, "in the end");
    assert_eq!(server.messages().len(), 3);
}

/// One worker under a limit of the shell's.
fn limited(office: &Office, limit: &str) -> Output {
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "bash", env!("CARGO_BIN_EXE_demarche")]);
    shell.args(["run", "--until-idle"]).current_dir(office.path("")).env("NO_COLOR", "1").output().unwrap()
}

/// Limits from far too little to enough: at each the worker sends whole letters or none, and says why.
fn sweep(limits: &[String], may_abort: bool) {
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    let approved = office.memory();
    let mut refused = 0;
    for limit in limits {
        office.remember(&approved);
        let before = server.messages().len();
        let hurt = limited(&office, limit);
        let said = format!("{}{}", text(&hurt.stdout), text(&hurt.stderr));
        if !hurt.status.success() {
            refused += 1;
            // Without memory the system's loader may end the program before its first word.
            assert!(may_abort || !said.trim().is_empty(), "{limit}: not a word");
        }
        assert!(!said.contains("panicked"), "{limit}: {said}");
        // Where there is no memory for words, the system's own have to do.
        assert!(matches!(hurt.status.code(), Some(0 | 1 | 3 | 127)) || may_abort, "{limit}: {:?} {said}", hurt.status);
        office.done(&["run", "--until-idle"]);
        let statuses = office.statuses();
        assert!(
            statuses.values().all(|s| ["sent", "uncertain", "deferred"].contains(&s.as_str())),
            "{limit}: {statuses:?}"
        );
        let sent = statuses.values().filter(|s| *s == "sent").count();
        let new = &server.messages()[before..];
        assert!(new.len() >= sent && new.len() <= STATES.len(), "{limit}: {statuses:?}");
        assert!(new.iter().all(|letter| letter.data.ends_with(b"--\r\n")), "{limit}: half a letter");
    }
    assert!(refused > 0, "no limit was too low");
    assert!(refused < limits.len(), "no limit was enough");
}

#[test]
fn a_worker_without_file_descriptors_sends_no_half_letter_and_says_so() {
    let limits: Vec<String> = (5..24).chain([64]).map(|n| format!("-n {n}")).collect();
    sweep(&limits, false);
}

#[test]
fn a_worker_without_memory_sends_no_half_letter() {
    let limits: Vec<String> = [20, 60, 90, 120, 200, 400, 4_000].map(|mib| format!("-v {}", mib * 1_024)).to_vec();
    sweep(&limits, true);
}

/// A number that nobody has, so that nobody else's threads count.
const NOBODY_AT_ALL: &str = "60123";

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn a_worker_without_threads_says_so_and_does_not_hang() {
    const TEST: &str = "a_worker_without_threads_says_so_and_does_not_hang";
    let as_nobody = ["--reuid", NOBODY_AT_ALL, "--regid", NOBODY_AT_ALL, "--clear-groups"];
    // A superuser has no such limit; only one can become somebody else.
    if !Command::new("setpriv").args(as_nobody).arg("true").stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED {TEST}: nobody else to be; run it as root");
        return;
    }
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server).planned_and_approved();
    // The program where anybody may run it.
    let program = tempfile::tempdir().unwrap();
    let copy = program.path().join("demarche");
    fs::copy(env!("CARGO_BIN_EXE_demarche"), &copy).unwrap();
    fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Command::new("chown").args(["-R", NOBODY_AT_ALL]).arg(office.path("")).status().unwrap().success());
    let mut refused = 0;
    for threads in [1, 2, 3, 4, 5, 6, 64] {
        let script = format!("ulimit -u {threads} && exec timeout 60 \"$@\"");
        let mut limited = Command::new("setpriv");
        limited.args(as_nobody).args(["bash", "-c", &script, "bash"]).arg(&copy).args(["run", "--until-idle"]);
        let ended = limited.current_dir(office.path("")).env("NO_COLOR", "1").output().unwrap();
        let said = format!("{}{}", text(&ended.stdout), text(&ended.stderr));
        assert!(!said.contains("panicked"), "{threads}: {said}");
        // `timeout` itself needs one, and says 125 or 126 when it gets none.
        assert!(matches!(ended.status.code(), Some(0 | 3 | 125 | 126)), "{threads}: {:?} {said}", ended.status);
        if ended.status.code() == Some(3) {
            refused += 1;
            assert!(said.contains("too few threads"), "{threads}: {said}");
        }
    }
    assert!(refused > 0);
    assert_eq!(server.messages().len(), STATES.len());
    whole_and_once(&server, "in the end");
}
