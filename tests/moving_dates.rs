//! A date moves after letters were planned and approved: what the plan prints, what becomes of the approvals, and of what has left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use workspace::{ANNA, BORIS, CALENDAR, CAMPAIGN, Workspace};

const LETTER: &str = "spring/letter/FRA";
const REMINDER: &str = "spring/reminder/FRA";

/// The 37th session, a week earlier than it was.
const A_WEEK_EARLIER: &str = "
[[hrc]]
number = 37
opens = 2018-02-19
closes = 2018-03-16
source = \"OHCHR, revised programme of work\"
";

/// The letter leaves 15 working days before the 37th session, the reminder 4.
fn counted_from_the_session() -> Workspace {
    let workspace = Workspace::small();
    let session = |offset| format!("{{ milestone = \"hrc:37.opens\", offset = \"{offset}\", at = \"09:30\" }}");
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"custom:launch\", offset = \"0 days\", at = \"09:30\" }",
        &session("-15 working days"),
    );
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"custom:jubilee\", offset = \"0 days\", at = \"09:30\" }",
        &session("-4 working days"),
    );
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    workspace
}

fn add_to_calendar(workspace: &Workspace, lines: &str) {
    let text = String::from_utf8(workspace.read(CALENDAR)).unwrap();
    workspace.write(CALENDAR, text + lines);
}

/// The part of a plan's answer that tells the difference.
fn difference(text: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with("Changed since")).take_while(|line| !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("moving_dates__{name}"), text));
}

#[test]
fn a_session_that_moves_by_a_week_takes_its_letters_along_and_their_approvals_back() {
    let workspace = counted_from_the_session();
    add_to_calendar(&workspace, A_WEEK_EARLIER);
    let dry = difference(&workspace.run("plan spring --dry-run").ends_with_code(0).out);
    assert_eq!(workspace.status_of(LETTER), "approved", "a dry plan stores nothing");
    let said = workspace.run("plan spring").ends_with_code(0);
    golden("session", &difference(&said.out));
    assert_eq!(difference(&said.out), dry, "a dry plan tells what the plan will tell");
    assert!(workspace.statuses().iter().all(|(_, status)| status == "planned"), "{:?}", workspace.statuses());
    golden("why", &workspace.run("why spring FRA").ends_with_code(0).out);
    workspace.run("plan spring").ends_with_code(0).says("Nothing has changed since the last plan");
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    assert_eq!(workspace.status_of(LETTER), "approved");
}

#[test]
fn scripts_get_each_letter_s_two_times_and_what_moved_it() {
    let workspace = counted_from_the_session();
    add_to_calendar(&workspace, A_WEEK_EARLIER);
    let plan = workspace.run("plan spring --json").ends_with_code(0).json();
    let changes = plan["changes"].as_array().unwrap();
    let dues: Vec<_> = changes.iter().filter(|change| change["what"] == "due").collect();
    assert_eq!(dues.len(), 6);
    let france = dues.iter().find(|change| change["id"] == LETTER).unwrap();
    assert_eq!(france["before"], "2018-02-05T08:30:00Z");
    assert_eq!(france["after"], "2018-01-29T08:30:00Z");
    assert_eq!(france["because"], "hrc:37.opens moved from 2018-02-26 to 2018-02-19");
    assert_eq!(changes.iter().filter(|change| change["what"] == "approval void").count(), 6);
}

#[test]
fn a_letter_that_has_left_stays_as_it_was_when_its_date_moves() {
    let workspace = counted_from_the_session();
    workspace.run("run --until-idle");
    assert_eq!(workspace.status_of(LETTER), "sent");
    let before = workspace.run(&format!("show {LETTER} --eml")).ends_with_code(0).out;
    let row = |what: &str| {
        let rows = workspace.run("dispatches spring --json").json();
        let rows = rows.as_array().unwrap();
        rows.iter().find(|row| row["id"] == LETTER).unwrap()[what].clone()
    };
    let (due, sent_at, digest) = (row("due"), row("sent_at"), row("digest"));
    add_to_calendar(&workspace, A_WEEK_EARLIER);
    let said = workspace.run("plan spring").ends_with_code(0);
    golden("after_sending", &difference(&said.out));
    assert_eq!(workspace.status_of(LETTER), "sent");
    assert_eq!((row("due"), row("sent_at"), row("digest")), (due, sent_at, digest));
    assert_eq!(workspace.run(&format!("show {LETTER} --eml")).out, before);
    workspace
        .run("why spring FRA")
        .ends_with_code(0)
        .says("15 working days before it, that day itself not counted, is Monday 2018-02-05.")
        .says(
            "Since then hrc:37.opens moved from 2018-02-26 to 2018-02-19: that does not change a letter that is sent.",
        );
}

#[test]
fn a_holiday_that_is_added_moves_what_would_leave_on_it_and_what_is_counted_over_it() {
    let workspace = counted_from_the_session();
    add_to_calendar(&workspace, "\n[[holiday]]\ndate = 2018-02-20\nname = \"Office closed\"\n");
    let said = workspace.run("plan spring").ends_with_code(0);
    golden("holiday", &difference(&said.out));
    assert_eq!(workspace.status_of(REMINDER), "planned");
    add_to_calendar(&workspace, "\n[[holiday]]\ndate = 2026-01-14\nname = \"Strike\"\n");
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"hrc:37.opens\", offset = \"-15 working days\", at = \"09:30\" }",
        "\"on custom:launch at 09:30\"",
    );
    let said = workspace.run("plan spring").ends_with_code(0);
    let told = difference(&said.out);
    assert!(
        told.contains("because it is counted from custom:launch on 2026-01-14 instead of hrc:37.opens on 2018-02-26"),
        "{told}"
    );
    workspace.run("why spring FRA").says("2026-01-14 is Strike, so it leaves on the working day before");
    let text = String::from_utf8(workspace.read(CALENDAR)).unwrap();
    workspace.write(CALENDAR, text.replace("[[holiday]]\ndate = 2026-01-14\nname = \"Strike\"\n", ""));
    let told = difference(&workspace.run("plan spring").ends_with_code(0).out);
    assert!(told.contains("because no longer so: 2026-01-14 is Strike"), "{told}");
}

#[test]
fn a_step_that_leaves_at_another_hour_says_so() {
    let workspace = counted_from_the_session();
    workspace.edit(CAMPAIGN, "at = \"09:30\"", "at = \"10:00\"");
    let told = difference(&workspace.run("plan spring").ends_with_code(0).out);
    assert!(
        told.contains("leaves Mon 2018-02-05 09:30 CET → Mon 2018-02-05 10:00 CET, because 10:00 in Europe/Zurich is"),
        "{told}"
    );
}

#[test]
fn a_session_whose_date_becomes_certain_is_told_and_moves_nothing() {
    let workspace = counted_from_the_session();
    let provisional = "\n[[hrc]]\nnumber = 37\nopens = 2018-02-26\nstatus = \"provisional\"\n";
    add_to_calendar(&workspace, provisional);
    let told = difference(&workspace.run("plan spring").ends_with_code(0).out);
    assert!(told.contains("letter: 3 letters: date: confirmed → provisional"), "{told}");
    assert!(!told.contains("leaves"), "{told}");
    assert_eq!(workspace.status_of(LETTER), "approved", "the same bytes at the same time are still approved");
    workspace.run("calendar hrc --from 2018-01-01 --to 2018-12-31").says("37 (provisional)");
}

#[test]
fn the_next_review_is_fixed_at_the_first_plan_and_then_moves_with_its_day_only() {
    let workspace = Workspace::small();
    workspace.edit(CAMPAIGN, "milestone = \"custom:launch\"", "milestone = \"hrc:37.opens\"");
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"custom:jubilee\", offset = \"0 days\", at = \"09:30\" }",
        "\"6 weeks before upr:next.CHN at 09:30\"",
    );
    workspace.run("why spring FRA").says("upr:next.CHN is upr:31.CHN: the first plan fixes it.");
    let next = || {
        let plan = workspace.run("plan spring --json").ends_with_code(0).json();
        let rows = plan["dispatches"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["id"] == REMINDER).unwrap();
        (row["milestone"].as_str().unwrap().to_owned(), row["due"].as_str().unwrap().to_owned())
    };
    assert_eq!(next(), ("upr:31.CHN".to_owned(), "2018-09-25T07:30:00Z".to_owned()));
    // The 40th session comes after that review: it stays the review that it was.
    workspace.edit(CAMPAIGN, "hrc:37.opens", "hrc:40.opens");
    assert_eq!(next(), ("upr:31.CHN".to_owned(), "2018-09-25T07:30:00Z".to_owned()));
    add_to_calendar(&workspace, "\n[[upr]]\nsession = 31\nstate = \"CHN\"\ndate = 2018-11-13\n");
    let told = difference(&workspace.run("plan spring --dry-run").ends_with_code(0).out);
    assert!(told.contains("because upr:31.CHN moved from 2018-11-06 to 2018-11-13"), "{told}");
    assert_eq!(next(), ("upr:31.CHN".to_owned(), "2018-10-02T07:30:00Z".to_owned()));
    workspace.run("why spring FRA").says("upr:next.CHN is upr:31.CHN: it was fixed at the first plan, and stays.");
}

#[test]
fn a_next_review_whose_day_nobody_knows_is_asked_for_with_the_lines_to_add() {
    let workspace = Workspace::small();
    workspace.edit(CAMPAIGN, "milestone = \"custom:launch\"", "milestone = \"hrc:37.opens\"");
    workspace.edit(
        CAMPAIGN,
        "{ milestone = \"custom:jubilee\", offset = \"0 days\", at = \"09:30\" }",
        "\"6 weeks before upr:next.SAU at 09:30\"",
    );
    let said = workspace.run("plan spring").ends_with_code(1);
    let lines = said.err.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert!(lines.contains("[[upr]]\nsession = 31\nstate   = \"SAU\"\ndate    = YYYY-MM-DD"), "{lines}");
    add_to_calendar(&workspace, "\n[[upr]]\nsession = 31\nstate   = \"SAU\"\ndate    = 2018-11-05\n");
    workspace.run("plan spring").ends_with_code(0).says("upr:31.SAU on 2018-11-05");
}
