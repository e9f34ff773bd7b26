//! Two campaigns in one workspace that write to the same missions within a few days.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use workspace::{ANNA, BORIS, CALENDAR, CAMPAIGN, INSTALLATION, Workspace};

/// Beside `spring`, whose letter leaves on 14 January 2026 at 09:30, another campaign that writes on `day`.
fn with_autumn(day: &str) -> Workspace {
    let workspace = Workspace::small();
    let spring = String::from_utf8(workspace.read(CAMPAIGN)).unwrap();
    let (autumn, _) = spring.split_once("[[step]]\nid      = \"reminder\"").unwrap();
    let autumn = autumn.replace("\"spring\"", "\"autumn\"").replace("custom:launch", "custom:autumn");
    workspace.write("config/campaigns/autumn.toml", autumn);
    let calendar = String::from_utf8(workspace.read(CALENDAR)).unwrap();
    workspace.write(CALENDAR, format!("{calendar}\n[[custom]]\nid = \"autumn\"\ndate = {day}\n"));
    workspace
}

const HELD: &str =
    "step `letter`: 3 letters will be held when due on Wed 2026-01-14 09:30 CET, because campaign autumn";

#[test]
fn the_plan_tells_which_letters_will_be_held_for_another_campaign_s() {
    let workspace = with_autumn("2026-01-12");
    workspace.run("plan spring").ends_with_code(0);
    let autumn = workspace.run("plan autumn").ends_with_code(0);
    autumn.says("3 letters due on Mon 2026-01-12 09:30 CET will make others be held, for campaign spring writes to these missions on Wed 2026-01-14 09:30 CET (step `letter`): DEU, FRA, NOR");
    let spring = workspace.run("plan spring").ends_with_code(0).says(HELD).says("config/campaigns/spring.toml:35");
    assert!(spring.out.contains("keep 3 days apart ([delivery] min_days_between)"), "{}", spring.out);
    assert!(!spring.out.contains("step `reminder`: "), "the reminder is far away: {}", spring.out);
    let plan = workspace.run("plan spring --json").json();
    let close = plan["too_close"].as_array().unwrap();
    assert_eq!(close.len(), 3);
    assert_eq!(close[1]["this"]["id"], "spring/letter/FRA");
    assert_eq!(close[1]["other"]["id"], "autumn/letter/FRA");
    assert_eq!((&close[1]["held"], &close[1]["other"]["at"]), (&"this".into(), &"2026-01-12T08:30:00Z".into()));
    assert!(plan["problems"].to_string().contains("will be held when due"), "{}", plan["problems"]);
    workspace
        .run("why spring FRA")
        .says("Campaign autumn writes to this mission on 2026-01-12 09:30 CET, less than 3 days apart: this letter will be held");
    workspace.run("plan spring --dry-run").ends_with_code(0).says(HELD);
}

#[test]
fn letters_three_whole_days_apart_and_a_lower_floor_are_no_warning() {
    let workspace = with_autumn("2026-01-09");
    workspace.run("plan autumn").ends_with_code(0);
    let spring = workspace.run("plan spring").ends_with_code(0);
    assert!(!spring.out.contains("will be held"), "{}", spring.out);
    let workspace = with_autumn("2026-01-12");
    let text = String::from_utf8(workspace.read(INSTALLATION)).unwrap();
    workspace.write(INSTALLATION, text.replace("[delivery]\n", "[delivery]\nmin_days_between = 2\n"));
    workspace.run("plan autumn").ends_with_code(0);
    let spring = workspace.run("plan spring --json").ends_with_code(0).json();
    assert_eq!(spring["too_close"].as_array().unwrap().len(), 0);
}

#[test]
fn check_finds_it_in_the_files_before_anything_is_planned() {
    let workspace = with_autumn("2026-01-12");
    let said = workspace.run("check").ends_with_code(0).says(HELD);
    assert!(!said.out.contains("will make others be held"), "one pair is told once: {}", said.out);
    let workspace = with_autumn("2026-01-14");
    let said = workspace.run("check").ends_with_code(0);
    assert_eq!(said.out.matches("or those at the same time will be held").count(), 1, "{}", said.out);
}

#[test]
fn what_the_plan_foretold_happens_at_sending() {
    let workspace = with_autumn("2026-01-12");
    for campaign in ["spring", "autumn"] {
        workspace.run(&format!("plan {campaign}")).ends_with_code(0);
        for who in [ANNA, BORIS] {
            workspace.args(&["approve", campaign, "--step", "letter", "--yes", "--as", who]).ends_with_code(0);
        }
    }
    // Both are due since long: the one that is due first leaves, and today counts.
    workspace.run("run --until-idle");
    assert_eq!(workspace.status_of("autumn/letter/FRA"), "sent");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
    workspace.run("why spring FRA").says("neighbour: campaign autumn wrote to this mission on");
    let plan = workspace.run("plan spring --json").json();
    assert_eq!(
        plan["too_close"].as_array().unwrap().len(),
        0,
        "autumn's letters left today, far from spring's due time"
    );
}
