//! Who gets a letter, through the program: each rule is judged on its own day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use workspace::{CALENDAR, CAMPAIGN, CONTACTS, LETTER, POSITIONS, Workspace};

/// A letter on 6 July 2018 to whoever `include` names, a week before 13 July 2018; missions of Iceland, the United States, France and
/// the Holy See.
fn summer(include: &str) -> Workspace {
    let workspace = Workspace::small();
    workspace.edit(CAMPAIGN, "include = [\"all\"]", &format!("include = [{include}]"));
    workspace.edit(
        CAMPAIGN,
        "milestone = \"custom:launch\", offset = \"0 days\"",
        "milestone = \"custom:vote\", offset = \"-7 days\"",
    );
    workspace.edit(CAMPAIGN, "custom:jubilee", "custom:vote");
    let calendar = String::from_utf8(workspace.read(CALENDAR)).unwrap();
    workspace.write(CALENDAR, format!("{calendar}\n[[custom]]\nid = \"vote\"\ndate = 2018-07-13\n"));
    let rows = ["FRA", "ISL", "USA", "VAT"]
        .map(|code| format!("{code},mission,,,,mission@{}.example,to,en,2018-01-05,invented,\n", code.to_lowercase()));
    let heading = "state,post,rank,name,gender,email,send,language,as_of,source,tags\n";
    workspace.write(CONTACTS, heading.to_owned() + &rows.concat());
    workspace
}

fn written_to(workspace: &Workspace, step: &str) -> Vec<String> {
    let plan = workspace.run("plan spring --dry-run --json").ends_with_code(0).json();
    let dispatches = plan["dispatches"].as_array().unwrap();
    let of_step = dispatches.iter().filter(|d| d["step"] == step);
    of_step.map(|d| d["delegation"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn membership_of_the_council_is_judged_on_the_milestone_s_day_and_not_on_the_day_of_sending() {
    // Iceland took the seat of the United States on 13 July 2018; the letter leaves on 6 July.
    let workspace = summer("\"hrc-members\"");
    assert_eq!(written_to(&workspace, "letter"), ["ISL"]);
    workspace.edit(CALENDAR, "date = 2018-07-13", "date = 2018-07-12");
    assert_eq!(written_to(&workspace, "letter"), [""; 0]);
    workspace.edit(CALENDAR, "date = 2018-07-12", "date = 2018-06-19");
    assert_eq!(written_to(&workspace, "letter"), ["USA"]);
    let workspace = summer("\"not-hrc-members\"");
    assert_eq!(written_to(&workspace, "letter"), ["FRA", "USA"]);
}

#[test]
fn observers_are_written_to_only_by_name_or_tag() {
    assert_eq!(written_to(&summer("\"all\""), "letter"), ["FRA", "ISL", "USA"]);
    assert_eq!(written_to(&summer("\"state:VAT\", \"state:FRA\""), "letter"), ["FRA", "VAT"]);
    let workspace = summer("\"tag:core\"");
    workspace.edit(
        CONTACTS,
        "mission@vat.example,to,en,2018-01-05,invented,",
        "mission@vat.example,to,en,2018-01-05,invented,core",
    );
    assert_eq!(written_to(&workspace, "letter"), ["VAT"]);
}

#[test]
fn a_state_that_joined_between_two_letters_gets_what_is_right_on_each_day_of_sending() {
    // The statement is of the day before the milestone, the letter leaves a week before it.
    let workspace = summer("\"not-joined:our-appeal\"");
    let statement = |date: &str| {
        format!("[[statement]]\nid = \"our-appeal\"\ndate = {date}\ntitle = \"An appeal\"\nsignatories = [\"FRA\"]\n")
    };
    workspace.write(POSITIONS, statement("2018-07-07"));
    assert_eq!(written_to(&workspace, "letter"), ["FRA", "ISL", "USA"], "France signs on the day after the letter");
    workspace.write(POSITIONS, statement("2018-07-06"));
    assert_eq!(written_to(&workspace, "letter"), ["ISL", "USA"], "France signs on the day of the letter");
}

#[test]
fn a_paragraph_for_those_that_joined_follows_the_day_of_sending() {
    let workspace = summer("\"state:FRA\", \"state:ISL\"");
    workspace.edit(
        LETTER,
        "{{asks}}",
        "{{asks}}\n\n{{#if (joined \"our-appeal\")}}You signed it.{{else}}Please sign it.{{/if}}",
    );
    let text = |date: &str, state: &str| {
        let statement = format!(
            "[[statement]]\nid = \"our-appeal\"\ndate = {date}\ntitle = \"An appeal\"\nsignatories = [\"FRA\"]\n"
        );
        workspace.write(POSITIONS, statement);
        workspace.run(&format!("preview spring --step letter --delegation {state}")).ends_with_code(0).out
    };
    assert!(text("2018-07-06", "FRA").contains("You signed it."));
    assert!(text("2018-07-06", "ISL").contains("Please sign it."));
    assert!(text("2018-07-07", "FRA").contains("Please sign it."));
}

#[test]
fn a_council_that_is_not_known_yet_leaves_nobody_out_at_a_guess() {
    let workspace = summer("\"hrc-members\"");
    workspace.edit(CALENDAR, "date = 2018-07-13", "date = 2029-07-13");
    workspace
        .run("plan spring")
        .ends_with_code(1)
        .complains("the members of the Human Rights Council on 2029-07-13 are not known")
        .complains("config/campaigns/spring.toml:");
    let workspace = summer("\"hrc-members\", \"all\"");
    workspace.edit(CALENDAR, "date = 2018-07-13", "date = 2029-07-13");
    assert_eq!(written_to(&workspace, "letter"), ["FRA", "ISL", "USA"], "whoever is a member, all are written to");
}

#[test]
fn an_own_list_of_a_built_in_statement_takes_its_place_and_says_what_that_changes() {
    let workspace = summer("\"joined:hrc31-item2-2016-03-10\"");
    assert_eq!(written_to(&workspace, "letter"), ["ISL", "USA"]);
    let own = |names: &str| {
        format!(
            "[[statement]]\nid = \"hrc31-item2-2016-03-10\"\ndate = 2016-03-10\ntitle = \"Item 2\"\nsignatories = [{names}]\n"
        )
    };
    workspace.write(POSITIONS, own("\"FRA\""));
    workspace
        .run("check")
        .ends_with_code(0)
        .says("warning: the statement `hrc31-item2-2016-03-10` is built in, and this list takes its place: it adds FRA; it leaves out AUS,")
        .says("config/positions.toml:2:");
    assert_eq!(written_to(&workspace, "letter"), ["FRA"]);
}
