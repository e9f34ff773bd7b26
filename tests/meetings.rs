//! Follow-up meetings and next actions, through the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use workspace::{Said, Workspace};

/// Moments of today and names in calendars differ from run to run; meetings are in 2018 or 2090.
fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"20(2[6-9]|[3-8]\d)-\d\d-\d\d \d\d:\d\d CES?T", "[NOW]               ");
    settings.add_filter(r"(DTSTAMP|LAST-MODIFIED):\d{8}T\d{6}Z", "$1:[NOW]");
    settings.add_filter(r"meeting-[0-9a-f]{32}@", "meeting-[ID]@");
    settings.add_filter(r" +\n", "\n");
    settings.add_filter("\r\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("meetings__{name}"), text));
}

fn agree(workspace: &Workspace, state: &str, at: &str, more: &[&str]) -> Said {
    let place = "Palais des Nations, bar Serpent";
    let words = ["meeting", "add", "--delegation", state, "--at", at, "--place", place];
    workspace.args(&[&words, more].concat())
}

#[test]
fn a_meeting_is_agreed_moved_and_cancelled_and_its_history_tells_it_all() {
    let workspace = Workspace::sent();
    let more = ["--for", "90 minutes", "--with", "Ms Nord", "--ours", "Ada", "--ours", "Ben", "--agenda", "Item 4"];
    agree(&workspace, "NOR", "2090-01-10 15:00", &more)
        .ends_with_code(0)
        .says("meeting 1: NOR, Tue 2090-01-10 15:00 CET (90 minutes), Palais des Nations, bar Serpent");
    let to = ["meeting", "move", "1", "--at", "2090-01-11 09:00", "--place", "Mission of Norway", "--reason", "strike"];
    workspace.args(&to).ends_with_code(0).says(
        "meeting 1 with NOR moved: Tue 2090-01-10 15:00 CET (90 minutes) → Wed 2090-01-11 09:00 CET (90 minutes)",
    );
    workspace.args(&to).ends_with_code(1).complains("meeting 1 is at that time and place already");
    workspace.run("meeting move 1").ends_with_code(1).complains("nothing would change");
    workspace.run("meeting cancel 1").ends_with_code(2).complains("--reason");
    workspace.args(&["meeting", "cancel", "1", "--reason", "no quorum"]).ends_with_code(0).says("is cancelled");
    workspace.args(&to).ends_with_code(1).complains("meeting 1 was cancelled").complains("demarche meeting add");
    golden("show", &workspace.run("meeting show 1").ends_with_code(0).out);
    let value = workspace.run("meeting show 1 --json").json();
    assert_eq!((value["sequence"].as_u64(), value["state"].as_str()), (Some(2), Some("cancelled")));
    assert_eq!(value["history"][1]["before"]["at"], "2090-01-10T14:00:00Z");
    assert_eq!(value["history"][1]["after"]["ends"], "2090-01-11T09:30:00Z");
    agree(&workspace, "NOR", "2091-01-10 15:00", &[])
        .ends_with_code(0)
        .says("note: the public holidays of Geneva in 2091 are not known");
    workspace
        .run("meeting show 7")
        .ends_with_code(1)
        .complains("there is no meeting 7")
        .complains("meeting list --all");
}

#[test]
fn coming_meetings_are_listed_first_and_those_that_are_over_on_request() {
    let workspace = Workspace::sent();
    agree(&workspace, "NOR", "2090-01-10 15:00", &[]).ends_with_code(0);
    agree(&workspace, "FRA", "2018-03-30 10:00", &[])
        .ends_with_code(0)
        .says("note: it lies in the past")
        .says("note: 2018-03-30 is Good Friday in Geneva");
    agree(&workspace, "FRA", "2090-01-10 15:30", &[])
        .ends_with_code(0)
        .says("note: meeting 1 with NOR is at the same time");
    agree(&workspace, "DEU", "2018-03-01 10:00", &[]).ends_with_code(0);
    workspace.args(&["meeting", "cancel", "4", "--reason", "ill"]).ends_with_code(0);
    golden("list", &workspace.run("meeting list").ends_with_code(0).out);
    let numbers = |words: &str| -> Vec<i64> {
        let rows = workspace.run(words).ends_with_code(0).json();
        rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers("meeting list --json"), [1, 3, 2]);
    assert_eq!(numbers("meeting list --all --json"), [1, 3, 2, 4]);
    assert_eq!(numbers("meeting list --state cancelled --json"), [4]);
    assert_eq!(numbers("meeting list spring --delegation FRA --json"), [3, 2]);
    workspace.run("meeting list --state gone").ends_with_code(1).complains("agreed, held, cancelled");
    let export = String::from_utf8(workspace.bytes("calendar export --from 2090-01-01 --to 2090-12-31")).unwrap();
    assert_eq!(export.matches("SUMMARY:Meeting with ").count(), 2, "{export}");
}

#[test]
fn minutes_go_into_the_log_and_actions_are_followed_up() {
    let workspace = Workspace::sent();
    agree(&workspace, "NOR", "2090-01-10 15:00", &[]).ends_with_code(0);
    agree(&workspace, "FRA", "2018-03-01 10:00", &["--with", "M. Sud"]).ends_with_code(0);
    let said = workspace.args(&["meeting", "done", "1", "--minutes", "x"]).ends_with_code(1);
    said.complains("meeting 1 has not begun yet").complains("meeting move");
    workspace.run("meeting done 2").ends_with_code(2);
    workspace.args(&["meeting", "done", "2", "--minutes", " "]).ends_with_code(1).complains("the minutes are empty");
    let done = ["meeting", "done", "2", "--minutes-file", "minutes.txt", "--stance", "will-support", "--action"];
    workspace.args(&[&done[..], &["call; Ada"]].concat()).ends_with_code(1).complains("minutes.txt cannot be read");
    workspace.write("minutes.txt", "They will speak.\nWe send the report.\n");
    workspace.args(&[&done[..], &["call; Ada"]].concat()).ends_with_code(1).complains("--action \"send the report");
    assert_eq!(workspace.run("followups --json").json(), serde_json::json!([]), "nothing was changed");
    workspace
        .args(&[&done[..], &["send the report; Ada; 2 weeks", "--action", "call; Ben; 0 days"]].concat())
        .ends_with_code(0)
        .says("meeting 2 with FRA is held; entry 1: no reminder leaves to this mission")
        .says("action 1: send the report; Ada; ")
        .says("action 2: call; Ben; ");
    let log = workspace.run("log --json").json();
    assert_eq!((log[0]["kind"].as_str(), log[0]["stance"].as_str()), (Some("meeting"), Some("will-support")));
    assert_eq!(log[0]["text"], "They will speak.\nWe send the report.\n");
    workspace.args(&["meeting", "done", "2", "--minutes", "x"]).ends_with_code(1).complains("meeting 2 was held");
    workspace.run("meeting move 2 --at 2090-01-01").ends_with_code(1).complains("2090-01-01 has no time of day");
    workspace.run("meeting move 2 --at 2090-01-01T10:00").ends_with_code(1).complains("its minutes are in the log");
    workspace.run("meeting show 2").says("1 send the report; Ada; ").says("minutes     entry 1 of the log");
    let rows = workspace.run("followups --json").json();
    assert_eq!((rows[0]["id"].as_i64(), rows[1]["id"].as_i64()), (Some(2), Some(1)), "the next first");
    assert_eq!((rows[1]["meeting"].as_i64(), rows[1]["entry"].as_i64()), (Some(2), Some(1)));
}

#[test]
fn actions_are_added_done_once_and_their_days_are_working_days() {
    let workspace = Workspace::sent();
    workspace.run("followups").ends_with_code(0).says("no action is noted");
    let add = |what: &str, due: &str, more: &[&str]| {
        let words = ["followups", "add", "--delegation", "FRA", "--owner", "Ada", "--what", what, "--due", due];
        workspace.args(&[&words, more].concat())
    };
    add("call", "soon", &[]).ends_with_code(1).complains("`soon` is no day").complains("3 working days");
    add("call", "2018-02-01", &[]).ends_with_code(1).complains("2018-02-01 is in the past");
    add("call", "2091-02-01", &[]).ends_with_code(1).complains("holiday");
    add("call", "0 days", &["--meeting", "3"]).ends_with_code(1).complains("there is no meeting 3");
    add("call", "0 days", &["--entry", "3"]).ends_with_code(1).complains("there is no entry 3");
    agree(&workspace, "NOR", "2090-01-10 15:00", &[]).ends_with_code(0);
    add("call", "0 days", &["--meeting", "1"]).ends_with_code(1).complains("meeting 1 is of NOR, not of FRA");
    add("call", "3 working days", &[]).ends_with_code(0).says("3 working days after ");
    add("call again", "5 working days", &[]).ends_with_code(0).says("action 2");
    workspace.run("followups --overdue").ends_with_code(0).says("no action fits");
    workspace.run("followups --owner ada --json").says("call again");
    workspace.run("followups --owner Ben").says("no action fits");
    workspace.args(&["followups", "done", "1", "--note", "they will"]).ends_with_code(0).says("action 1 is done: call");
    workspace.run("followups done 1").ends_with_code(1).complains("action 1 is done already: officer has noted it");
    workspace.run("followups done 9").ends_with_code(1).complains("there is no action 9");
    let rows = workspace.run("followups --json").json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let rows = workspace.run("followups --all --json").json();
    assert_eq!((rows[1]["note"].as_str(), rows[1]["done_by"].as_str()), (Some("they will"), Some("officer")));
}

#[test]
fn staff_take_meetings_into_their_own_calendars() {
    let workspace = Workspace::sent();
    let more =
        ["--agenda", "Item 4; and what follows, in some detail, so that this line has to be folded", "--with", "é"];
    agree(&workspace, "NOR", "2090-01-10 15:00", &more).ends_with_code(0);
    let file = || String::from_utf8(workspace.bytes("meeting list --ics")).unwrap();
    assert!(file().split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{}", file());
    golden("calendar", &file());
    assert!(file().contains("STATUS:CONFIRMED") && file().contains("SEQUENCE:0"));
    workspace.args(&["meeting", "cancel", "1", "--reason", "ill"]).ends_with_code(0);
    assert!(file().contains("STATUS:CANCELLED") && file().contains("SEQUENCE:1"), "{}", file());
    assert_eq!(workspace.bytes("meeting show 1 --ics"), workspace.bytes("meeting list --ics"));
    workspace.run("meeting list --ics --out m.ics").ends_with_code(0).says("1 meeting written to m.ics");
    assert!(workspace.read("m.ics").starts_with(b"BEGIN:VCALENDAR\r\n"));
    workspace
        .run("meeting list --ics --out config/contacts.csv")
        .ends_with_code(1)
        .complains("is there already, and is no calendar");
}

#[test]
fn what_is_typed_cannot_harm_a_letter_a_table_or_a_calendar() {
    let workspace = Workspace::sent();
    let hostile = "x\u{1b}[2J";
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--with", hostile]).ends_with_code(1).complains("cannot be seen");
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--agenda", hostile]).ends_with_code(1);
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--for", "0 hours"]).ends_with_code(1).complains("at least one");
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--for", "9 days"]).ends_with_code(1).complains("at most 7 days");
    let long = "x".repeat(3000);
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--agenda", &long]).ends_with_code(1).complains("2000 is the most");
    workspace.run("meeting list").says("no meeting is noted");
    agree(&workspace, "NOR", "2090-01-10 15:00", &["--agenda", "a\r\nEND:VEVENT"]).ends_with_code(0);
    let file = String::from_utf8(workspace.bytes("meeting list --ics")).unwrap();
    assert_eq!(file.matches("\r\nEND:VEVENT").count(), 1, "{file}");
}

#[test]
fn only_the_answer_to_an_invitation_confirms_a_meeting() {
    let workspace = Workspace::sent();
    agree(&workspace, "NOR", "2090-01-10 15:00", &[]).ends_with_code(0);
    workspace.run("meeting confirm 1 --entry 4").ends_with_code(1).complains("there is no entry 4");
    workspace.args(&["log", "add", "--delegation", "NOR", "--kind", "call", "--text", "yes"]).ends_with_code(0);
    workspace.run("meeting confirm 1 --entry 1").ends_with_code(1).complains("entry 1 is a call");
    workspace.run("meeting confirm 2 --entry 1").ends_with_code(1).complains("there is no meeting 2");
}
