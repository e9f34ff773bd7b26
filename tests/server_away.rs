//! A mail server that is away, mute or slow: letters wait, nothing is lost, and nobody waits for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::office::{Office, text};
use support::smtp_server::{Act, Script, SmtpServer, Step};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];

fn at_port(port: u16) -> Office {
    let smtp = format!(
        "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nconnections = 1\ntimeout = \"1s\"\nfinal_timeout = \"60s\"\n"
    );
    Office::new(Some(&STATES), &smtp).planned_and_approved()
}

/// A worker that finds the server away says so, and ends with the world's code.
#[track_caller]
fn check_away(output: &Output, words: &str) {
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}{}", text(&output.stderr));
    assert!(said.contains("SENDING PAUSES") && said.contains(words), "no {words:?} in\n{said}");
}

/// Every letter waits: those that were tried for a time that is stored, the others as they were.
#[track_caller]
fn check_all_wait(office: &Office) {
    let rows = office.dispatches();
    assert_eq!(rows.len(), STATES.len());
    for (state, row) in rows {
        let tried = !row["attempts"].as_array().unwrap().is_empty();
        assert_eq!(row["status"], if tried { "deferred" } else { "approved" }, "{state}: {row:#}");
        assert!(row["next_at"].is_string(), "{state} has no time of its next try: {row:#}");
    }
}

#[test]
fn letters_wait_when_nobody_is_at_the_port() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let office = at_port(port);
    check_away(&office.run(&["run", "--until-idle"]), "refused");
    check_all_wait(&office);
    // A moment later it is not asked again: the wait is stored, and another worker keeps it.
    let server = TcpListener::bind(("127.0.0.1", port)).unwrap();
    server.set_nonblocking(true).unwrap();
    office.run(&["run", "--until-idle"]);
    assert!(server.accept().is_err(), "somebody knocked before it was time");
    let attempts: usize = office.dispatches().values().map(|row| row["attempts"].as_array().unwrap().len()).sum();
    assert_eq!(attempts, 1, "one letter found out for all");
}

/// A port at which packets get lost: the queue of those who wait for an answer is full.
fn black_hole() -> (tokio::net::TcpListener, Vec<tokio::net::TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.listen(1).unwrap(), Vec::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_wait_when_the_route_swallows_every_packet() {
    let (listener, mut waiting) = black_hole();
    let address = listener.local_addr().unwrap();
    while let Ok(Ok(tcp)) =
        tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(tcp);
        assert!(waiting.len() < 50, "the queue has no end");
    }
    tokio::task::spawn_blocking(move || {
        let office = at_port(address.port());
        let started = Instant::now();
        check_away(&office.run(&["run", "--until-idle"]), "no answer within 1 s");
        assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
        check_all_wait(&office);
    })
    .await
    .unwrap();
}

/// The program where there is no network at all, not even this machine's own.
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn without_network(office: &Office, words: &[&str]) -> Option<Output> {
    let alone = || {
        let mut command = Command::new("unshare");
        command.args(["-r", "-n", "--"]);
        command
    };
    if !alone().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        assert!(std::env::var("CI").is_err(), "unshare does not work here");
        eprintln!("SKIPPED a test without network: unshare does not work here");
        return None;
    }
    let command = office.command(words);
    let mut wrapped = alone();
    wrapped.arg(command.get_program()).args(command.get_args()).current_dir(office.path(""));
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(wrapped.output().unwrap())
}

#[test]
fn letters_wait_when_there_is_no_network() {
    let server = SmtpServer::start(Script::plain());
    let office = at_port(server.port());
    let Some(output) = without_network(&office, &["run", "--until-idle"]) else { return };
    check_away(&output, "unreachable");
    check_all_wait(&office);
    assert!(server.sessions().is_empty());
}

#[test]
fn letters_wait_when_nobody_resolves_the_servers_name() {
    // A real server gets no letter to an example address; `.internal` is nobody's either, and nothing can leave from here.
    let smtp = "host = \"mail.coalition.internal\"\nport = 587\nsecurity = \"starttls\"\ntimeout = \"5s\"\n";
    let office = Office::new(Some(&STATES), smtp);
    for file in ["config/contacts.csv", "config/campaigns/hrc37-china.toml"] {
        let text = std::fs::read_to_string(office.path(file)).unwrap();
        std::fs::write(office.path(file), text.replace(".example", ".internal")).unwrap();
    }
    let office = office.planned_and_approved();
    let Some(output) = without_network(&office, &["run", "--until-idle"]) else { return };
    check_away(&output, "connecting");
    check_all_wait(&office);
    let Some(output) = without_network(&office, &["check", "--online"]) else { return };
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("mail.coalition.internal:587 cannot be used"), "{said}");
}

#[test]
fn a_server_that_takes_its_time_at_every_step_still_gets_every_letter() {
    let slow = || Act::Delay(Duration::from_millis(400));
    let steps = [Step::Connect, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::Content];
    let server = SmtpServer::start(steps.into_iter().fold(Script::plain(), |script, step| script.on(step, slow())));
    let office = at_port(server.port());
    office.done(&["run", "--until-idle"]);
    assert_eq!(server.messages().len(), STATES.len());
    assert!(office.statuses().values().all(|status| status == "sent"));
}

#[test]
fn a_worker_ends_within_ten_seconds_at_whatever_step_the_server_hangs() {
    let started = |step: Step| {
        let server = SmtpServer::start(Script::plain().on(step, Act::Delay(Duration::from_secs(120))));
        let office = Office::with_server(&STATES, &server);
        std::fs::write(office.path("config/demarche.toml"), {
            let settings = std::fs::read_to_string(office.path("config/demarche.toml")).unwrap();
            settings.replace("timeout = \"5s\"", "timeout = \"90s\"")
        })
        .unwrap();
        let office = office.planned_and_approved();
        let worker = office.worker();
        (step, server, office, worker)
    };
    let steps = [Step::Connect, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::Content];
    let running: Vec<_> = steps.map(started).into_iter().collect();
    std::thread::sleep(Duration::from_secs(2));
    for (step, server, _, worker) in &running {
        assert_eq!(server.sessions().len(), 1, "{step:?}: nobody came");
        let asked = Command::new("kill").args(["-TERM", &worker.id().to_string()]).status().unwrap();
        assert!(asked.success());
    }
    let asked = Instant::now();
    for (step, server, office, mut worker) in running {
        let ended = worker.wait().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(13), "{step:?}: it took {:?}", asked.elapsed());
        assert_eq!(ended.code(), Some(0), "{step:?}");
        let statuses = office.statuses();
        let taken = server.messages().len();
        let uncertain = statuses.values().filter(|status| *status == "uncertain").count();
        assert_eq!(taken, usize::from(step == Step::Content));
        assert!(uncertain <= 1, "{step:?}: {statuses:?}");
        assert!(step != Step::Content || uncertain == 1, "{statuses:?}");
        assert!(statuses.values().all(|status| status != "sending"), "{step:?}: {statuses:?}");
    }
}
