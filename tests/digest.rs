//! The digest: once a slot, to staff only, and never in a letter's way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;
#[path = "support/smtp_server.rs"]
#[allow(dead_code, reason = "this file uses a part")]
mod smtp_server;
#[path = "cli/workspace.rs"]
mod workspace;

use std::path::Path;

use chrono::Duration;
use coalition::{Files, at, early, plan_and_approve};
use demarche::adapters::clock::SimulatedClock;
use demarche::adapters::files::FilesMailer;
use demarche::adapters::store::Store;
use demarche::config::workspace::Snapshot;
use demarche::responses::{Action, NewFollowup};
use demarche::schedule::Slots;
use demarche::steps::digest::Letterhead;
use demarche::steps::followups::add_followup;
use demarche::vocabulary::{Address, Zone};
use demarche::worker::digest::Looked;
use demarche::worker::{ClockWatch, DigestDesk, files_watch};
use smtp_server::{Script, SmtpServer};
use workspace::{INSTALLATION, Workspace};

#[derive(Debug)]
struct Shown(Snapshot);

impl files_watch::Files for Shown {
    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.0.clone())
    }
}

type Desk = DigestDesk<SimulatedClock, FilesMailer, Shown>;

/// Every day at eight in Geneva, from Sunday 4 March 2018 on.
fn desk(store: &Store, worker: &str, clock: &SimulatedClock, directory: &Path, to: &[&str]) -> Desk {
    DigestDesk {
        store: store.clone(),
        clock: clock.clone(),
        watch: ClockWatch::default(),
        mailer: FilesMailer { directory: directory.to_owned() },
        settings: files_watch::settings(&Shown(Files::new().0)),
        files: Shown(Files::new().0),
        slots: Slots::new("0 0 8 * * *", Zone::GENEVA).unwrap(),
        head: Letterhead {
            from: "outreach@coalition.example".parse().unwrap(),
            to: to.iter().map(|address| address.parse::<Address>().unwrap()).collect(),
            zone: Zone::GENEVA,
        },
        worker: worker.to_owned(),
        real_server: false,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn planned() -> Store {
    let store = Store::in_memory().await.unwrap();
    plan_and_approve(&store, &Files::new()).await;
    store
}

const STAFF: &[&str] = &["staff@coalition.example"];

fn first_day() -> SimulatedClock {
    SimulatedClock::starting_at(at("2018-03-04T12:00:00Z"))
}

#[tokio::test]
async fn each_slot_has_its_digest_once_whoever_looks_and_however_often() {
    let (store, folder, clock) = (planned().await, tempfile::tempdir().unwrap(), first_day());
    let one = desk(&store, "w1", &clock, folder.path(), STAFF);
    let other = desk(&store, "w2", &clock, folder.path(), STAFF);
    assert_eq!(one.look().await.unwrap(), Looked::Began, "what was before the installation is nobody's");
    assert_eq!(other.look().await.unwrap(), Looked::Nothing);
    clock.advance_to(at("2018-03-05T07:00:00Z"));
    let (first, second) = tokio::join!(one.look(), other.look());
    let sent = |looked: &Looked| matches!(looked, Looked::Sent { to: 1, .. });
    assert_eq!([first.unwrap(), second.unwrap()].iter().filter(|looked| sent(looked)).count(), 1);
    clock.advance_to(at("2018-03-05T07:01:00Z"));
    assert_eq!(other.look().await.unwrap(), Looked::Nothing);
    assert_eq!(names(folder.path()), ["digest_2018-03-05-080000-0_ALL.eml"]);
}

#[tokio::test]
async fn after_a_pause_only_the_newest_slot_is_caught_up() {
    let (store, folder, clock) = (planned().await, tempfile::tempdir().unwrap(), first_day());
    let desk = desk(&store, "w1", &clock, folder.path(), STAFF);
    desk.look().await.unwrap();
    clock.advance_to(at("2018-03-09T15:00:00Z"));
    let looked = desk.look().await.unwrap();
    assert_eq!(looked, Looked::Sent { slot: at("2018-03-09T07:00:00Z"), to: 1, failed: vec![] });
    assert_eq!(names(folder.path()).len(), 1);
    let eml = std::fs::read_to_string(folder.path().join(&names(folder.path())[0])).unwrap();
    assert!(eml.contains("Since Sun 2018-03-04 13:00 CET."), "everything since the last one is told: {eml}");
    let weekly = Slots::new("0 0 8 * * Mon", Zone::GENEVA).unwrap();
    clock.advance_to(at("2018-03-13T09:00:00Z"));
    assert_eq!(Desk { slots: weekly, ..desk }.look().await.unwrap(), Looked::Nothing, "older than a day");
}

#[tokio::test]
async fn a_digest_that_fails_rests_and_is_tried_again_in_the_same_slot() {
    let (store, folder, clock) = (planned().await, tempfile::tempdir().unwrap(), first_day());
    let blocked = folder.path().join("digests");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let desk = desk(&store, "w1", &clock, &blocked, STAFF);
    desk.look().await.unwrap();
    let before = store.counts().await.unwrap();
    clock.advance_to(at("2018-03-05T07:00:00Z"));
    let Looked::Failed { why, .. } = desk.look().await.unwrap() else { panic!("it cannot have been written") };
    assert!(why.starts_with("s…@coalition.example: "), "{why}");
    std::fs::remove_file(&blocked).unwrap();
    clock.advance_to(at("2018-03-05T07:04:00Z"));
    assert_eq!(desk.look().await.unwrap(), Looked::Nothing, "it rests");
    clock.advance_to(at("2018-03-05T07:06:00Z"));
    assert!(matches!(desk.look().await.unwrap(), Looked::Sent { .. }));
    assert_eq!(names(&blocked), ["digest_2018-03-05-080000-0_ALL.eml"]);
    assert_eq!(store.counts().await.unwrap(), before, "no dispatch has moved");
}

#[tokio::test]
async fn a_worker_that_vanished_with_the_slot_keeps_it_for_its_lease_only() {
    let (store, folder, clock) = (planned().await, tempfile::tempdir().unwrap(), first_day());
    let desk = desk(&store, "w2", &clock, folder.path(), STAFF);
    desk.look().await.unwrap();
    clock.advance_to(at("2018-03-05T07:00:00Z"));
    let slot = demarche::adapters::store::Slot { job: "digest", at: at("2018-03-05T07:00:00Z") };
    assert!(store.take_slot(slot, "w1", at("2018-03-05T07:00:00Z"), Duration::minutes(20)).await.unwrap());
    clock.advance_to(at("2018-03-05T07:19:00Z"));
    assert_eq!(desk.look().await.unwrap(), Looked::Nothing);
    clock.advance_to(at("2018-03-05T07:20:00Z"));
    assert!(matches!(desk.look().await.unwrap(), Looked::Sent { .. }));
}

#[tokio::test]
async fn a_mission_never_gets_it_and_the_others_do() {
    let (store, folder, clock) = (planned().await, tempfile::tempdir().unwrap(), first_day());
    let to = ["rights@fra.mission.example", "staff@coalition.example"];
    let desk = desk(&store, "w1", &clock, folder.path(), &to);
    desk.look().await.unwrap();
    clock.advance_to(at("2018-03-05T07:00:00Z"));
    let Looked::Sent { to: 1, failed, .. } = desk.look().await.unwrap() else { panic!("one of two gets it") };
    assert!(failed[0].contains("is in the contact list"), "{failed:?}");
    let names = names(folder.path());
    assert_eq!(names.len(), 1);
    assert!(!std::fs::read_to_string(folder.path().join(&names[0])).unwrap().contains("fra.mission"));
}

#[tokio::test]
async fn it_tells_what_waits_for_approval_and_what_stops_a_campaign() {
    let store = Store::in_memory().await.unwrap();
    coalition::plan_it(&store, &Files::new()).await;
    let mut files = Files::new();
    let today = "2018-03-12".parse().unwrap();
    let action =
        Action::new("send the report", "Ada", "2018-03-16", today, &Files::new().workspace().calendar).unwrap();
    let (campaign, delegation) = (coalition::CAMPAIGN.parse().unwrap(), "FRA".parse().unwrap());
    let new = NewFollowup { campaign, delegation, action, meeting: None, entry: None, by: "Ada".to_owned() };
    add_followup(&store, &new, early()).await.unwrap();
    files.edit(coalition::LETTER, "We write to you.", "We write to you again.");
    let now = at("2018-03-19T09:00:00Z");
    let facts = demarche::steps::digest::gather(&store, &files.workspace(), Zone::GENEVA, now).await.unwrap();
    assert!(facts.attention.groups().iter().all(|one| one.reason.contains("not approved")), "{:?}", facts.attention);
    assert_eq!(facts.attention.letters(), 5, "those of the first step, due tomorrow");
    assert_eq!(facts.blocked.len(), 1);
    let overdue: Vec<&str> = facts.overdue_actions.iter().map(|action| action.what.as_str()).collect();
    assert_eq!(overdue, ["send the report"]);
    let (workspace, day) = (files.workspace(), at("2018-03-16T09:00:00Z"));
    let before = demarche::steps::digest::gather(&store, &workspace, Zone::GENEVA, day).await.unwrap();
    assert!(before.overdue_actions.is_empty(), "its day is not over yet");
    assert!(facts.since < now && facts.since > early());
}

// Through the program.

/// With a digest to staff, by that expression.
fn with_digest(place: &Workspace, cron: &str, to: &str) {
    let worker = format!(
        "[worker]\ndigest = \"{cron}\"\ndigest_from = \"outreach@coalition.example\"\ndigest_to = [\"{to}\"]\n\n[contacts]"
    );
    place.edit(INSTALLATION, "[contacts]", &worker);
}

#[test]
fn the_digest_is_shown_and_mailed_on_demand_and_the_next_begins_there() {
    let place = Workspace::sent();
    place.args(&["log", "add", "--delegation", "DEU", "--kind", "call", "--text", "A secret word"]).ends_with_code(0);
    let shown = place.run("digest").ends_with_code(0).says("3 letters sent").says("DEU call (spring, entry 1)");
    assert!(!shown.out.contains("secret"), "an answer's words stay in the log: {}", shown.out);
    place.run("digest --send").ends_with_code(1).complains("nobody gets the digest");
    with_digest(&place, "0 0 8 * * *", "staff@coalition.example");
    place.run("digest --send").ends_with_code(0).says("sent to 1 of 1");
    let names = place.names("var/outgoing/digests");
    assert_eq!(names.len(), 1);
    let eml = String::from_utf8(place.read(&format!("var/outgoing/digests/{}", names[0]))).unwrap();
    assert!(
        eml.contains("\r\nTo: staff@coalition.example\r\n") && eml.contains("Auto-Submitted: auto-generated"),
        "{eml}"
    );
    let next = place.run("digest --json").json();
    assert!(next["subject"].as_str().unwrap().ends_with(": nothing new"), "{next:#}");
    assert_eq!(place.status_of("spring/letter/DEU"), "sent");
}

#[test]
fn a_mission_s_address_in_digest_to_is_an_error_at_its_place() {
    let place = Workspace::small();
    with_digest(&place, "0 0 8 * * *", "mission@fra.example");
    let said = place.run("check").ends_with_code(1);
    said.complains("an address of `digest_to` is in the contact list, under FRA").complains("config/demarche.toml:");
    let place = Workspace::sent();
    with_digest(&place, "0 0 8 * * *", "mission@fra.example");
    place.run("digest --send").ends_with_code(3).complains("the digest goes to staff only");
    assert!(place.names("var/outgoing/digests").is_empty());
}

#[test]
fn a_digest_without_a_sender_is_an_error() {
    let place = Workspace::small();
    place.edit(INSTALLATION, "[contacts]", "[worker]\ndigest_to = [\"staff@coalition.example\"]\n\n[contacts]");
    place.run("check").ends_with_code(1).complains("the digest has no sender");
}

#[test]
fn a_running_worker_mails_it_over_the_same_server_beside_the_letters() {
    let server = SmtpServer::start(Script::plain().on_rcpt("away@coalition.example", "550 5.1.1 nobody"));
    let place = Workspace::approved();
    let smtp = format!(
        "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"",
        server.port()
    );
    place.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", &smtp);
    with_digest(&place, "*/2 * * * * *", "away@coalition.example\", \"staff@coalition.example");
    let mut running = place.start("run");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let digests = || server.messages().into_iter().filter(|m| m.to == ["staff@coalition.example"]).collect::<Vec<_>>();
    while (digests().is_empty() || server.messages().len() < 4) && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let killed = std::process::Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    let text = String::from_utf8(digests().first().expect("no digest came").data.clone()).unwrap();
    assert!(text.contains("\r\nSubject: demarche "), "{text}");
    let letters = server.messages().iter().filter(|m| m.to != ["staff@coalition.example"]).count();
    assert_eq!(letters, 3);
    assert_eq!(place.statuses().iter().filter(|(_, status)| status == "sent").count(), 3);
}
