//! Letters that the guards hold, and addresses that are approved one by one, as staff meet them: through the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use sea_orm::{ConnectionTrait as _, Database};
use workspace::*;

const SLIP: &str = "{{#if (eq delegation.code \"FRA\")}}We thank the Government of Sweden.{{/if}}";

fn with_a_slip() -> Workspace {
    let workspace = Workspace::small();
    workspace.edit(LETTER, "We write on the day", &format!("{SLIP}\n\nWe write on the day"));
    workspace
}

#[test]
fn a_letter_that_names_another_state_is_held_named_everywhere_and_never_sent() {
    let workspace = with_a_slip();
    let words = "names \"Sweden\" (Sweden)";
    workspace
        .run("check")
        .ends_with_code(0)
        .says("warning: the letter names \"Sweden\" (Sweden), and is held (step `letter`: FRA)");
    let planned = workspace.run("plan spring").ends_with_code(0);
    let planned = planned.says("1 letter held for its words, and cannot be approved:");
    planned.says("letter to FRA: names \"Sweden\" (Sweden): “We thank the Government of Sweden.”").says("en.md:6:62");
    let guarded = workspace.run("plan spring --json").json()["guarded"].clone();
    assert_eq!(guarded[0]["id"], "spring/letter/FRA");
    assert_eq!(guarded[0]["status"], "held");
    workspace.run("preview spring --step letter --delegation FRA").says(&format!("The guards object: it {words}"));
    workspace.run("status").ends_with_code(4).says(words);
    workspace
        .args(&["approve", "spring", "--step", "letter", "--delegation", "FRA", "--as", ANNA, "--yes"])
        .says("nothing to approve");
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    workspace.run("run --until-idle");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
    assert_eq!(workspace.status_of("spring/letter/DEU"), "sent");
    assert!(!workspace.names("var/outgoing").iter().any(|name| name.contains("letter") && name.contains("FRA")));
    let told = workspace.run("release spring --step letter --delegation FRA --reason meant").ends_with_code(0);
    told.says("1 planned");
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/FRA"), "planned", "looked at, and waiting for its approval");
}

#[test]
fn a_state_that_the_campaign_may_name_holds_nothing() {
    let workspace = with_a_slip();
    workspace.edit(CAMPAIGN, "approvals = 2", "approvals = 2\nmay_name = [\"SWE\"]");
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/FRA"), "planned");
}

#[test]
fn a_held_letter_that_was_corrected_waits_for_approval_again() {
    let workspace = with_a_slip();
    workspace.run("plan spring").ends_with_code(0);
    workspace.edit(LETTER, "Sweden", "France");
    workspace.run("plan spring").ends_with_code(0).says("no longer held: planned");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "planned");
}

#[test]
fn what_the_guards_hold_is_released_by_name_only() {
    let workspace = with_a_slip();
    workspace.run("plan spring").ends_with_code(0);
    workspace.run("release spring --reason sure").ends_with_code(1).complains("read it, then release it alone");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
}

#[test]
fn a_person_s_hold_outlasts_that_of_the_guards() {
    let workspace = with_a_slip();
    workspace.run("plan spring").ends_with_code(0);
    workspace.args(&["hold", "spring", "--delegation", "FRA", "--reason", "the minister called"]).ends_with_code(0);
    workspace.edit(LETTER, &format!("{SLIP}\n\n"), "");
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
    workspace.run("status").ends_with_code(4).says("the minister called");
}

#[test]
fn what_was_released_once_hides_nothing_that_is_new() {
    let workspace = Workspace::small();
    let states = "Norway, Denmark, Finland, Iceland, Poland, Austria, Hungary, Italy, Spain, Portugal, Malta, Cyprus, Greece, Romania, \
                  Bulgaria, Croatia, Slovenia, Albania, Serbia, Ukraine, Estonia, Latvia, Lithuania, Canada, Mexico, Cuba, Haiti, Panama, \
                  Peru, Chile, Brazil, Japan, Mongolia, Nepal, India, Kenya, Uganda, Ghana, Benin, Niger, Chad, Mali";
    workspace.edit(LETTER, "We write on the day", &format!("{states}.\n\nWe write on the day"));
    workspace.run("plan spring").ends_with_code(0);
    let release = ["release", "spring", "--step", "letter", "--delegation", "FRA", "--reason", "meant"];
    workspace.args(&release).ends_with_code(0).says("1 planned");
    workspace.edit(LETTER, "We write on the day", "Zambia must act.\n\nWe write on the day");
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
}

#[test]
fn a_name_that_is_no_name_hides_no_state() {
    let workspace = Workspace::small();
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let row = list.lines().find(|line| line.starts_with("FRA,head")).unwrap().to_owned();
    let mut cells: Vec<&str> = row.split(',').collect();
    cells[3] = "Ambassador of Sweden";
    workspace.edit(CONTACTS, &row, &cells.join(","));
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/FRA"), "held");
}

/// Somebody writes to the database behind the program's back. How many rows changed.
fn tampered(workspace: &Workspace, sql: &str) -> u64 {
    let database = format!("sqlite:{}", workspace.path("var/demarche.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Database::connect(database).await.unwrap();
        let changed = db.execute_unprepared(sql).await.unwrap().rows_affected();
        db.close().await.unwrap();
        changed
    })
}

#[test]
fn a_byte_that_flips_after_the_approval_stops_the_letter() {
    let workspace = Workspace::approved();
    let flip = "UPDATE letters SET message = CAST(substr(message, 1, 300) || x'21' || substr(message, 302) AS BLOB)";
    assert_eq!(tampered(&workspace, flip), 6);
    workspace.run("run --until-idle");
    assert_eq!(workspace.names("var/outgoing"), [""; 0]);
    for state in ["DEU", "FRA", "NOR"] {
        assert_eq!(workspace.status_of(&format!("spring/letter/{state}")), "held");
    }
    workspace.run("status").ends_with_code(4).says("damaged: the stored bytes are not those");
}

#[test]
fn an_envelope_a_time_or_an_approval_that_was_changed_in_the_database_stops_the_letter() {
    for (change, why) in [
        (
            "UPDATE dispatches SET recipients = replace(recipients, 'fra.example', 'nor.example')",
            "recipients, sender or time",
        ),
        ("UPDATE dispatches SET sender = 'other@coalition.example'", "recipients, sender or time"),
        ("UPDATE dispatches SET due = due - 1", "recipients, sender or time"),
        ("DELETE FROM approvals WHERE approver LIKE 'Anna%'", "approvals are not enough"),
        ("UPDATE approvals SET organisation = 'One'", "approvals are not enough"),
    ] {
        let workspace = Workspace::approved();
        assert!(tampered(&workspace, change) > 0, "{change}");
        workspace.run("run --until-idle");
        assert_eq!(workspace.status_of("spring/letter/FRA"), "held", "{change}");
        workspace.run("status").ends_with_code(4).says(why);
    }
}

/// Sweden's domain has letters beyond ASCII; Norway's may be taken for another's.
fn with_doubtful_domains() -> Workspace {
    let workspace = Workspace::small();
    workspace.edit(CONTACTS, "DEU,mission,,,,mission@deu.example", "DEU,mission,,,,mission@dëu.example");
    workspace.edit(CONTACTS, "rights@nor.example", "rights@mission-no1.example");
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    workspace.write(CONTACTS, format!("{list}PER,mission,,,,mission@mission-nol.example,to,en,2026-01-05,invented,\n"));
    workspace
}

#[test]
fn doubtful_domains_are_never_approved_in_bulk_and_shown_in_both_forms() {
    let workspace = with_doubtful_domains();
    let shown = "`xn--du-hja.example`, which is shown as `dëu.example`";
    let planned = workspace.run("plan spring").ends_with_code(0);
    planned.says("the domain `xn--du-hja.example` is shown as `dëu.example`");
    let bulk = workspace.args(&["approve", "spring", "--as", ANNA, "--yes"]).ends_with_code(0);
    let bulk = bulk.says("2 letters approved");
    let bulk = bulk.complains("left out, to be approved one delegation at a time: 6 letters");
    bulk.complains(shown).complains("`mission-no1.example`, which looks like `mission-nol.example`");
    let two = ["approve", "spring", "--delegation", "DEU", "--delegation", "NOR", "--as", ANNA, "--yes"];
    workspace.args(&two).says("nothing to approve").says(shown);
    let alone = ["approve", "spring", "--delegation", "DEU", "--as", ANNA, "--yes"];
    workspace.args(&alone).ends_with_code(0).complains("LOOK AT THE DOMAIN").complains(shown);
    workspace.args(&["approve", "spring", "--delegation", "DEU", "--as", BORIS, "--yes"]).ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/DEU"), "approved");
    assert_eq!(workspace.status_of("spring/letter/NOR"), "planned");
}

#[test]
fn the_manifest_of_all_letters_covers_no_doubtful_domain() {
    let workspace = with_doubtful_domains();
    workspace.run("plan spring").ends_with_code(0);
    let manifest = workspace.run("preview spring --all --json").json()["manifest"].as_str().unwrap().to_owned();
    workspace.write("mail.eml", "I approve.");
    let by_mail = ["approve", "spring", "--as", ANNA, "--yes", "--manifest", &manifest, "--evidence", "mail.eml"];
    workspace.args(&by_mail).ends_with_code(0).says("2 letters approved");
    let alone = workspace.run("preview spring --all --delegation DEU --json").json()["manifest"].clone();
    let by_mail = [
        "approve",
        "spring",
        "--delegation",
        "DEU",
        "--as",
        ANNA,
        "--yes",
        "--manifest",
        alone.as_str().unwrap(),
        "--evidence",
        "mail.eml",
    ];
    workspace.args(&by_mail).ends_with_code(0).says("2 letters approved");
}
