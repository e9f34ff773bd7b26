//! The ledger as a campaign officer sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use serde_json::Value;
use workspace::{CAMPAIGN, POSITIONS, Workspace};

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    // The Council's seats are those of today.
    settings.add_filter(r" (Council members|not members|membership not known) .*\n|Council members are .*\n", "");
    settings.add_filter(r" +\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("positions__{name}"), text));
}

#[track_caller]
fn call(place: &Workspace, delegation: &str, at: &str, stance: &str) {
    let args = ["log", "add", "--kind", "call", "--text", "They said so", "--ask", "statement"];
    let more = ["--delegation", delegation, "--at", at, "--stance", stance];
    place.args(&[&args[..], &more[..]].concat()).ends_with_code(0);
}

/// Written to three missions: Germany has called twice, France once, Norway is known from before.
fn answered() -> Workspace {
    let place = Workspace::sent();
    call(&place, "DEU", "2026-02-03 10:00", "considering");
    call(&place, "FRA", "2026-02-04 10:00", "will-support");
    call(&place, "DEU", "2026-03-02 10:00", "will-support");
    place
}

#[track_caller]
fn standing(json: &Value, delegation: &str) -> String {
    let lines = json["asks"][0]["delegations"].as_array().unwrap();
    let line = lines.iter().find(|line| line["delegation"] == delegation).unwrap_or_else(|| panic!("{json:#}"));
    format!("{} {}", line["standing"].as_str().unwrap(), line["since"].as_str().unwrap_or("-"))
}

#[test]
fn the_ledger_counts_by_group_and_tells_who_has_moved() {
    let place = answered();
    let said = place.run("positions spring --since 2026-02-10").ends_with_code(0);
    golden("tally", &said.out);
    let json = place.run("positions spring --since 2026-02-10 --json").json();
    assert_eq!(standing(&json, "DEU"), "will-support 2026-03-02");
    assert_eq!(standing(&json, "NOR"), "considering 2018-01-17");
    assert_eq!(json["asks"][0]["tally"]["weog"]["counts"]["will-support"], 2);
    assert_eq!(json["asks"][0]["tally"]["all"]["delegations"], 3);
    place.run("positions").ends_with_code(0).says("since the close of the ");
}

#[test]
fn one_delegation_is_shown_with_its_whole_history() {
    let place = answered();
    place.run("log classify 1 --stance acknowledged").ends_with_code(0);
    let said = place.run("positions --delegation DEU").ends_with_code(0);
    golden("history", &said.out);
    let json = place.run("positions --delegation DEU --json").json();
    let history = json["asks"][0]["delegations"][0]["history"].as_array().unwrap();
    assert_eq!(history.len(), 3);
    assert_eq!((&history[0]["corrected_by"], &history[1]["corrects"]), (&4.into(), &1.into()));
}

#[test]
fn nobody_who_was_asked_is_missing() {
    let place = Workspace::approved();
    place.run("positions").says("not written to yet, 2: DEU, FRA");
    place.run("run --until-idle").ends_with_code(0);
    place.run("positions").says("no answer yet, 2: DEU, FRA");
    place.args(&["log", "add", "--delegation", "DEU", "--kind", "letter", "--text", "We thank you"]).ends_with_code(0);
    place.run("positions").says("answered, no position, 1: DEU").says("no answer yet, 1: FRA");
}

#[test]
fn a_stance_that_names_no_ask_is_of_the_only_one_or_is_told() {
    let place = Workspace::sent();
    let add = ["log", "add", "--delegation", "DEU", "--kind", "call", "--text", "Yes", "--stance", "will-support"];
    place.args(&add).ends_with_code(0);
    assert!(standing(&place.run("positions --json").json(), "DEU").starts_with("will-support"));
    let second = "[[ask]]\nid = \"visit\"\ntext = \"Receive us\"\n\n[[step]]\nid      = \"letter\"";
    place.edit(CAMPAIGN, "[[step]]\nid      = \"letter\"", second);
    place.run("positions").says("1 entry carries a stance and no ask, and counts nowhere: 1;");
}

#[test]
fn mail_that_nobody_has_read_moves_no_position() {
    let place = answered();
    let mail = "From: mission@fra.example\nTo: outreach@coalition.example\nSubject: Re: your letter\nMessage-ID: <1@fra>\n\nWe write.\n";
    place.write("reply.eml", mail);
    place.run("collect --from reply.eml").says("reply, FRA in spring");
    assert_eq!(standing(&place.run("positions --json").json(), "FRA"), "will-support 2026-02-04");
    place.run("log classify 4 --stance declined").ends_with_code(0);
    assert!(standing(&place.run("positions --json").json(), "FRA").starts_with("declined"));
    place.run("log classify 5 --stance unread").ends_with_code(0);
    assert_eq!(standing(&place.run("positions --json").json(), "FRA"), "will-support 2026-02-04", "it was taken back");
}

#[test]
fn a_statement_counts_for_all_who_stand_behind_it_from_its_day_on() {
    let place = Workspace::sent();
    place.edit(
        POSITIONS,
        "[[position]]\n",
        "[[position]]\nstatement = \"appeal-2017\"\nask = \"statement\"\n\n[[position]]\n",
    );
    place
        .run("positions --delegation FRA")
        .says("FRA France: joined since 2017-12-10")
        .says("An appeal (statement appeal-2017)");
    place.edit(POSITIONS, "statement = \"appeal-2017\"", "statement = \"apeal-2017\"");
    place.run("positions").ends_with_code(1).complains("did you mean `appeal-2017`?");
    place.edit(POSITIONS, "statement = \"apeal-2017\"", "statement = \"appeal-2017\"\nstate = \"FRA\"");
    place.run("positions").ends_with_code(1).complains("the position has a `statement` and a `state`");
}

#[test]
fn what_is_erased_keeps_its_stance() {
    let place = answered();
    let add = ["log", "add", "--delegation", "NOR", "--kind", "call", "--text", "No", "--from", "kari@nor.example"];
    let stance = ["--stance", "declined", "--ask", "statement"];
    place.args(&[&add[..], &stance[..]].concat()).ends_with_code(0);
    place.run("erase kari@nor.example --yes").ends_with_code(0);
    place.run("positions --delegation NOR").says("NOR Norway: declined").says("its words are erased");
}

#[test]
fn slips_name_the_nearest() {
    let place = Workspace::sent();
    place.run("positions --ask statment").ends_with_code(1).complains("did you mean `statement`?");
    place.run("positions sprng").ends_with_code(1).complains("did you mean spring?");
    place.run("positions --group weo").ends_with_code(1).complains("did you mean weog?");
    place.run("positions --since yesterday").ends_with_code(1).complains("`yesterday` is no day");
    place.run("positions --json --csv").ends_with_code(2);
}

#[test]
fn a_spreadsheet_runs_nothing_of_it() {
    let place = answered();
    place.edit(POSITIONS, "Conversation in Geneva", "=HYPERLINK(1)");
    let csv = place.run("positions --csv").ends_with_code(0).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "ask,delegation,name,group,hrc_member,standing,since,evidence,before,moved");
    assert_eq!(lines.len(), 4);
    assert!(lines[3].contains(",considering,2018-01-17,'=HYPERLINK(1),"), "{csv}");
}

#[test]
fn without_a_database_what_the_files_know_is_shown_and_nothing_is_made() {
    let place = Workspace::small();
    place.run("positions").ends_with_code(0).says("NOR Norway");
    assert!(!place.has_var());
}
