//! The machine's clock is wrong, or is set while the worker runs, or differs from the database's: nothing leaves early, nothing in
//! a burst, nothing twice; and the worker says both times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/fake_clock.rs"]
mod fake_clock;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;
mod support;

use std::fs::{self, File};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use fake_clock::FakeClock;
use postgres_server::OwnDatabase;
use support::office::{Office, text};
use support::smtp_server::{Script, SmtpServer};

const STATES: [&str; 3] = ["FRA", "DEU", "SWE"];

/// The letters are due at 08:30 UTC on 5 February 2018, and late after 12:30.
const BEFORE: &str = "2018-02-05T04:00:00Z";
const FIVE_HOURS_ON: &str = "2018-02-05T09:00:00Z";
const DUE: &str = "2018-02-05T08:31:00Z";

struct Scene {
    server: SmtpServer,
    office: Office,
    clock: FakeClock,
}

impl Scene {
    /// Planned and approved four and a half hours before the letters are due.
    fn set(test: &str) -> Option<Self> {
        let clock = FakeClock::at(test, BEFORE)?;
        let server = SmtpServer::start(Script::plain());
        let office = Office::with_server(&STATES, &server);
        edit(&office, "config/campaigns/hrc37-china.toml", "late_by = \"30000 days\"", "late_by = \"4 hours\"");
        // Nobody may have been asked for an address in days to come.
        edit(&office, "config/contacts.csv", ",2026-", ",2017-");
        let settings = fs::read_to_string(office.path("config/demarche.toml")).unwrap();
        fs::write(office.path("config/demarche.toml"), format!("{settings}[worker]\nsend = \"* * * * * *\"\n"))
            .unwrap();
        let scene = Self { server, office, clock };
        scene.done(&["plan", "hrc37-china"]);
        for approver in ["Miriam Castellane", "Jonathan Pryce-Abara"] {
            scene.done(&["approve", "hrc37-china", "--as", approver, "--yes"]);
        }
        Some(scene)
    }

    fn run(&self, words: &[&str]) -> Output {
        self.clock.on(&mut self.office.command(words)).output().unwrap()
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// One run that says that nothing is sent, and both of these hours.
    #[track_caller]
    fn refuses(&self, hours: [&str; 2]) {
        let output = self.run(&["run", "--until-idle"]);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{said}{}", text(&output.stderr));
        // To the hour: the clock goes on.
        let told = |hour: &&str| said.contains(&hour[..13]);
        assert!(said.contains("nothing is sent: ") && hours.iter().all(told), "{said}");
        assert!(said.contains("demarche run --clock-is-right"), "{said}");
    }

    /// A worker that goes on until it is stopped.
    fn worker(&self) -> Running {
        let log = self.office.path("worker.log");
        let mut command = self.office.command(&["run"]);
        self.clock.on(&mut command).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Running { child: command.spawn().unwrap(), log }
    }

    fn letters(&self) -> usize {
        self.server.messages().len()
    }
}

struct Running {
    child: Child,
    log: std::path::PathBuf,
}

impl Running {
    #[track_caller]
    fn says(&self, words: &str) {
        let begun = Instant::now();
        while !fs::read_to_string(&self.log).unwrap().contains(words) {
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "never: {words}\n{}",
                fs::read_to_string(&self.log).unwrap()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn edit(office: &Office, file: &str, from: &str, to: &str) {
    let before = fs::read_to_string(office.path(file)).unwrap();
    assert!(before.contains(from), "{file} has no {from}");
    fs::write(office.path(file), before.replace(from, to)).unwrap();
}

#[test]
fn a_clock_that_is_set_forward_while_the_worker_runs_lets_no_letter_leave_early() {
    let Some(scene) = Scene::set("a_clock_that_is_set_forward_while_the_worker_runs_lets_no_letter_leave_early") else {
        return;
    };
    let worker = scene.worker();
    worker.says("sending as");
    // A first round has seen the right hour.
    std::thread::sleep(Duration::from_secs(2));
    scene.clock.set(FIVE_HOURS_ON);
    worker.says("nothing is sent: this machine's clock says 2018-02-05T09:00");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(scene.letters(), 0, "half an hour late by the clock, four and a half hours early in truth");
    let status = scene.run(&["status"]);
    assert!(
        text(&status.stdout).contains("the worker sends nothing: this machine's clock"),
        "{}",
        text(&status.stdout)
    );
    assert_eq!(status.status.code(), Some(4));
    scene.clock.set(BEFORE);
    worker.says("the clock makes sense again");
    assert_eq!(scene.letters(), 0);
    assert!(scene.office.statuses().values().all(|status| status == "approved"), "nothing was held, nothing missed");
}

#[test]
fn a_clock_that_is_set_between_two_runs_is_noticed_and_a_person_may_say_that_it_is_right() {
    let Some(scene) =
        Scene::set("a_clock_that_is_set_between_two_runs_is_noticed_and_a_person_may_say_that_it_is_right")
    else {
        return;
    };
    assert!(scene.done(&["run", "--until-idle"]).contains("nothing was due"));
    scene.clock.set(FIVE_HOURS_ON);
    scene.refuses([FIVE_HOURS_ON, BEFORE]);
    scene.refuses([FIVE_HOURS_ON, BEFORE]);
    assert_eq!(scene.letters(), 0);
    assert!(scene.done(&["run", "--until-idle", "--clock-is-right"]).contains("3 sent"));
    assert_eq!(scene.letters(), 3);
    // And back again: what has happened at nine cannot have happened yet.
    scene.clock.set(BEFORE);
    scene.refuses([BEFORE, FIVE_HOURS_ON]);
    scene.clock.set("2018-02-05T09:01:00Z");
    scene.done(&["run", "--until-idle"]);
    assert_eq!(scene.letters(), 3, "each once");
}

#[test]
fn a_machine_that_starts_in_1970_or_a_day_or_a_year_off_sends_nothing() {
    let Some(scene) = Scene::set("a_machine_that_starts_in_1970_or_a_day_or_a_year_off_sends_nothing") else { return };
    for wrong in ["1970-01-01T00:00:30Z", "2018-02-04T08:31:00Z"] {
        scene.clock.set(wrong);
        scene.refuses([wrong, BEFORE]);
    }
    // As after a start of the machine: nothing is known of how its clock went on.
    fs::remove_file(scene.office.path("var/machine.json")).unwrap();
    scene.clock.set("1970-01-01T00:00:30Z");
    scene.refuses(["1970-01-01T00:00:30Z", BEFORE]);
    scene.clock.set("2019-02-05T08:31:00Z");
    assert!(scene.done(&["run", "--until-idle"]).contains("3 held"), "no burst: a person decides about each");
    assert_eq!(scene.letters(), 0);
    assert!(scene.office.dispatches().values().all(|row| row["reason"].as_str().unwrap().starts_with("late: by")));
}

#[test]
fn a_clock_that_is_set_back_while_the_worker_runs_sends_no_letter_a_second_time() {
    let Some(scene) = Scene::set("a_clock_that_is_set_back_while_the_worker_runs_sends_no_letter_a_second_time") else {
        return;
    };
    edit(&scene.office, "config/demarche.toml", "per_minute = 100000", "per_minute = 1");
    scene.clock.set(DUE);
    let worker = scene.worker();
    scene.server.wait_for(1);
    scene.clock.set("2018-02-04T08:31:00Z");
    worker.says("nothing is sent: this machine's clock says 2018-02-04T08");
    assert_eq!(scene.letters(), 1);
    drop(worker);
    scene.refuses(["2018-02-04T08:31:00Z", DUE]);
    edit(&scene.office, "config/demarche.toml", "per_minute = 1\n", "per_minute = 100000\n");
    scene.clock.set(DUE);
    scene.run(&["run", "--until-idle"]);
    let mut to: Vec<String> = scene.server.messages().iter().flat_map(|letter| letter.to.clone()).collect();
    let all = to.len();
    to.sort();
    to.dedup();
    assert_eq!((scene.letters(), to.len()), (3, all), "each once");
}

#[tokio::test]
async fn a_worker_whose_clock_differs_from_the_database_s_sends_nothing_and_the_other_one_does() {
    const TEST: &str = "a_worker_whose_clock_differs_from_the_database_s_sends_nothing_and_the_other_one_does";
    let Some(database) = OwnDatabase::create(TEST).await else { return };
    let hours = |hours: i64| {
        #[expect(clippy::disallowed_methods, reason = "the database's clock is the machine's own")]
        let now = chrono::Utc::now();
        (now + chrono::Duration::hours(hours)).to_rfc3339()
    };
    let Some(ahead) = FakeClock::at(TEST, &hours(5)) else { return };
    let server = SmtpServer::start(Script::plain());
    let office = Office::with_server(&STATES, &server);
    let settings = fs::read_to_string(office.path("config/demarche.toml")).unwrap();
    let settings = format!("[database]\nurl = \"{}\"\n{settings}", database.url());
    fs::write(office.path("config/demarche.toml"), settings).unwrap();
    let office = office.planned_and_approved();
    for off in [5, -5] {
        ahead.set(&hours(off));
        let refused = ahead.on(&mut office.command(&["run", "--until-idle"])).output().unwrap();
        let said = text(&refused.stdout);
        assert_eq!(refused.status.code(), Some(3), "{said}{}", text(&refused.stderr));
        assert!(said.contains("nothing is sent: ") && said.contains("and the database"), "{said}");
    }
    assert_eq!(server.messages().len(), 0);
    ahead.set(&hours(5));
    let mut other = ahead.on(&mut office.command(&["run", "--until-idle"])).stdout(Stdio::null()).spawn().unwrap();
    office.done(&["run", "--until-idle"]);
    other.wait().unwrap();
    assert_eq!(server.messages().len(), 3, "each once, by the one that agrees with the database");
}
