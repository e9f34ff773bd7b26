//! What a campaign officer sees: every command through the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/smtp_server.rs"]
#[allow(dead_code, reason = "this file uses a part")]
mod smtp_server;
#[path = "cli/workspace.rs"]
mod workspace;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use smtp_server::{Act, Script, SmtpServer, Step};
use workspace::{
    ANNA, BORIS, CALENDAR, CAMPAIGN, CLARA, CONTACTS, INSTALLATION, LETTER, Said, Workspace, program, say,
};

/// What differs from run to run: moments of today, digests, Message-IDs, names of workers.
fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    // The days of the small workspace itself stay.
    settings.add_filter("2026-01-", "@2026@01@");
    settings.add_filter(r"20(2[6-9]|[3-8]\d)-\d\d-\d\d \d\d:\d\d CES?T", "[NOW]               ");
    settings.add_filter("@2026@01@", "2026-01-");
    settings.add_filter(r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]");
    settings.add_filter(r"<[0-9a-f]{32}@", "<[ID]@");
    settings.add_filter(r"worker-\d+-[0-9a-f]{16}", "[WORKER]");
    settings.add_filter(r"=_[0-9a-f]{32}", "=_[BOUNDARY]");
    settings.add_filter(r" +\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("cli__{name}"), text));
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect()
}

#[track_caller]
fn has_keys(value: &Value, wanted: &str) {
    let missing: Vec<&str> = wanted.split_whitespace().filter(|key| !keys(value).contains(key)).collect();
    assert!(missing.is_empty(), "no {missing:?} in {value:#}");
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

// init, check, calendar, contacts

#[test]
fn a_fresh_example_is_sound_and_a_folder_in_use_is_left_alone() {
    let place = Workspace::empty();
    let said = place.run("init example").ends_with_code(0).says("demarche rehearse hrc37-china");
    golden("init", &said.out);
    let files = place.names("example/config");
    assert_eq!(
        files,
        ["calendar.toml", "campaigns", "contacts.csv", "demarche.toml", "positions.toml", "rehearsal.toml"]
    );
    let before = place.read("example/config/contacts.csv");
    place.run("init example").ends_with_code(1).complains("example is not empty");
    assert_eq!(place.read("example/config/contacts.csv"), before);
    let said = place.run("--workspace example check").ends_with_code(0);
    said.says("1 campaign, 3 steps, 193 missions, 576 letters rendered: nothing is wrong");
    assert!(!place.path("example/var").exists());
}

#[test]
fn a_fresh_session_is_provisional_and_its_words_are_checked() {
    let place = Workspace::empty();
    place.run("init w --session 62").ends_with_code(2).complains("--opens <DAY>");
    place
        .run("init w --session 62 --opens 15.6.2026 --closes 2026-07-08")
        .ends_with_code(1)
        .complains("`15.6.2026` is no day");
    place
        .run("init w --session 62 --opens 2026-07-08 --closes 2026-06-15")
        .ends_with_code(1)
        .complains("closes before it opens");
    place.run("init w --session 0 --opens 2026-06-15 --closes 2026-07-08").ends_with_code(1);
    assert!(!place.path("w").exists(), "a refused init left something behind");
    place
        .run("init w --session 62 --opens 2026-06-15 --closes 2026-07-08")
        .ends_with_code(0)
        .says("the campaign hrc62");
    assert!(String::from_utf8(place.read("w/config/calendar.toml")).unwrap().contains("2026-06-15"));
    let calendar = place.run("--workspace w calendar hrc --from 2026-06-01 --to 2026-07-30").ends_with_code(0);
    calendar.says("62 (provisional)").says("2026-06-15");
    place.run("--workspace w check").ends_with_code(0).says("1 campaign, 2 steps, 193 missions");
    place.run("--workspace w plan hrc62 --dry-run").ends_with_code(0).says("(provisional)");
}

#[test]
fn check_shows_notices_and_says_that_nothing_is_wrong() {
    let workspace = Workspace::small();
    let said = workspace.run("check").ends_with_code(0);
    golden("check", &said.out);
    let value = workspace.run("check --json").json();
    has_keys(&value, "campaigns steps missions letters problems");
    assert_eq!((value["steps"].as_u64(), value["letters"].as_u64()), (Some(2), Some(6)));
    has_keys(&value["problems"][0], "file line column message help");
    assert!(!workspace.has_var());
}

#[test]
fn the_calendar_shows_sessions_reviews_holidays_and_own_days() {
    let workspace = Workspace::small();
    let said = workspace.run("calendar --from 2018-02-20 --to 2018-12-31").ends_with_code(0);
    golden("calendar", &said.out);
    workspace.run("calendar --from 2026-01-01 --to 2026-01-31").says("custom:launch  2026-01-14  Launch of the report");
    let value = workspace.run("calendar holidays --from 2018-01-01 --to 2018-12-31 --json").json();
    assert!(value["holidays"].as_array().unwrap().iter().any(|h| h["date"] == "2018-03-30"));
    assert!(value.get("hrc").is_none());
    workspace.run("calendar --from 2018-13-01").ends_with_code(1).complains("`2018-13-01` is no day");
    workspace.run("calendar --from 2018-02-01 --to 2018-01-01").ends_with_code(1).complains("before the first");
    workspace.run("calendar sessions").ends_with_code(2);
}

#[test]
fn the_contact_list_is_shown_as_it_is_understood() {
    let workspace = Workspace::small();
    golden("contacts", &workspace.run("contacts").ends_with_code(0).out);
    golden("contacts_of_one_state", &workspace.run("contacts --state NOR").ends_with_code(0).out);
    let value = workspace.run("contacts --state FRA --json").json();
    assert_eq!(value["missions"][0]["cc"][0], "head@fra.example");
    workspace.run("contacts --state CHE").ends_with_code(1).complains("CHE has no row in config/contacts.csv");
    workspace.run("contacts --state FRX").ends_with_code(1).complains("did you mean FRA?");
}

// plan

#[test]
fn plan_tells_who_gets_what_and_when_and_the_second_plan_changes_nothing() {
    let workspace = Workspace::small();
    let dry = workspace.run("plan spring --dry-run").ends_with_code(0).says("Nothing was stored");
    assert!(!workspace.has_var(), "a dry plan made var/");
    let said = workspace.run("plan spring").ends_with_code(0);
    golden("plan", &said.out);
    assert_eq!(lines(&dry.out)[..6], lines(&said.out)[..6]);
    let before = workspace.run("dispatches --json").out;
    workspace.run("plan spring").ends_with_code(0).says("Nothing has changed since the last plan.");
    assert_eq!(workspace.run("dispatches --json").out, before);
}

#[test]
fn plan_in_json_has_the_keys_of_the_contract() {
    let workspace = Workspace::small();
    let value = workspace.run("plan spring --json").ends_with_code(0).json();
    assert_eq!(
        keys(&value),
        ["campaign", "changes", "dispatches", "guarded", "left_out", "problems", "too_close"].into()
    );
    assert_eq!(value["dispatches"].as_array().unwrap().len(), 6);
    let fra = value["dispatches"].as_array().unwrap().iter().find(|d| d["id"] == "spring/letter/FRA").unwrap();
    has_keys(fra, "id step delegation status due milestone provisional language to cc subject digest why");
    assert_eq!(fra["to"], serde_json::json!(["mission@fra.example"]));
    assert_eq!(fra["cc"], serde_json::json!(["head@fra.example"]));
    assert_eq!((fra["status"].as_str(), fra["due"].as_str()), (Some("planned"), Some("2026-01-14T08:30:00Z")));
    assert!(fra["digest"].as_str().unwrap().starts_with("sha256:"));
    has_keys(&value["left_out"][0], "delegation step reason");
    has_keys(&value["changes"][0], "id what before after");
    has_keys(&value["problems"][0], "file line column message help");
    let target = value["left_out"].as_array().unwrap().iter().find(|row| row["delegation"] == "BLR").unwrap();
    assert!(target["reason"].as_str().unwrap().contains("about this State"));
}

#[test]
fn a_change_of_the_files_is_told_one_line_a_cause_and_takes_the_approval_away() {
    let workspace = Workspace::approved();
    workspace.edit(CAMPAIGN, "[[ask]]", "[[signatory]]\nname = \"Second Organisation\"\n\n[[ask]]");
    let said = workspace.run("plan spring").ends_with_code(0).says("3 letters: ");
    let causes: Vec<&str> = said.out.lines().filter(|line| line.contains(" letters: ")).collect();
    // Both steps: two organisations assure of their consideration where one did.
    assert_eq!(causes.len(), 4, "{causes:?}");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "planned");
}

// preview, test

#[test]
fn a_preview_shows_the_letter_as_it_would_leave() {
    let workspace = Workspace::small();
    let text = workspace.run("preview spring --step letter --delegation FRA").ends_with_code(0);
    golden("preview_text", &text.out);
    assert!(!workspace.has_var(), "a preview made var/");
    let html = workspace.run("preview spring --step letter --delegation FRA --format html").ends_with_code(0);
    html.says("<!DOCTYPE html>").says("Raise these cases in your national statement");
    workspace.run("plan spring").ends_with_code(0);
    let eml = workspace.run("preview spring --step letter --delegation FRA --format eml").ends_with_code(0).out;
    let planned = workspace.run("show spring/letter/FRA --eml").ends_with_code(0).out;
    assert_eq!(eml, planned, "the preview differs from what was planned");
    assert!(eml.contains("\r\nCc: ") && eml.contains("\r\nMessage-ID: <"), "{eml}");
    let pdf = workspace.bytes("preview spring --step letter --delegation FRA --format pdf");
    assert!(pdf.starts_with(b"%PDF-1.7"), "{:?}", String::from_utf8_lossy(&pdf[..20.min(pdf.len())]));
    workspace.run("preview spring --format pdf").ends_with_code(1).complains("--out DIR");
    workspace.run("preview spring --delegation BLR").ends_with_code(1).complains("the letter is about this State");
    workspace.run("preview spring --step lettr").ends_with_code(1).complains("did you mean `letter`?");
}

#[test]
fn a_preview_of_all_names_the_manifest_and_writes_one_file_a_letter() {
    let workspace = Workspace::small();
    workspace.run("preview spring --all").ends_with_code(0).says("not planned yet");
    workspace.run("plan spring").ends_with_code(0);
    let all =
        workspace.run("preview spring --all").ends_with_code(0).says("manifest of what waits for approval: sha256:");
    for id in ["spring/letter/DEU", "spring/letter/FRA", "spring/letter/NOR", "spring/reminder/NOR"] {
        assert!(all.out.contains(id), "{id} is missing");
    }
    workspace.run("preview spring --format eml --out letters").ends_with_code(0).says("6 letters written");
    let letters = workspace.names("letters").into_iter().filter(|name| name.starts_with("spring_"));
    assert_eq!(letters.count(), 6);
    let eml = workspace.read("letters/spring_letter_DEU.eml");
    assert_eq!(eml, workspace.run("show spring/letter/DEU --eml").out.into_bytes());
}

#[test]
fn a_test_letter_goes_to_a_colleague_and_never_to_a_mission() {
    let workspace = Workspace::small();
    workspace.run("test spring --to mission@fra.example").ends_with_code(1).complains("is in the contact list");
    workspace.run("test spring --to Mission@FRA.example").ends_with_code(1).complains("is in the contact list");
    workspace.run("test spring --to nobody").ends_with_code(1);
    assert!(!workspace.has_var(), "a refused test letter left something");
    let said = workspace.run("test spring --to colleague@coalition.example --delegation FRA").ends_with_code(0);
    said.says("went to colleague@coalition.example, marked [TEST]");
    let names = workspace.names("var/outgoing");
    assert_eq!(names.len(), 1);
    let eml = String::from_utf8(workspace.read(&format!("var/outgoing/{}", names[0]))).unwrap();
    assert!(eml.contains("To: colleague@coalition.example\r\n") && eml.contains("Subject: [TEST] An appeal"), "{eml}");
    assert!(!eml.contains("fra.example"), "a mission's address is in the test letter");
    workspace.run("dispatches --json").says("[]");
}

// approve, revoke

#[test]
fn two_organisations_must_approve() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    let said = workspace.args(&["approve", "spring", "--as", "Anna Persn", "--yes"]).ends_with_code(1);
    said.complains("did you mean \"Anna Person\"?");
    let said = workspace.args(&["approve", "spring", "--as", ANNA]).ends_with_code(1);
    golden("approve_question", &said.err);
    assert!(workspace.statuses().iter().all(|(_, status)| status == "planned"));
    workspace.args(&["approve", "spring", "--as", BORIS, "--yes"]).ends_with_code(0).says("6 still wait");
    let same = workspace.args(&["approve", "spring", "--as", CLARA, "--yes"]).ends_with_code(0);
    same.says("two of one organisation count once");
    assert!(workspace.statuses().iter().all(|(_, status)| status == "planned"));
    let value = workspace.args(&["approve", "spring", "--as", ANNA, "--yes", "--json"]).ends_with_code(0).json();
    assert_eq!((value["approved"].as_u64(), value["complete"].as_u64()), (Some(6), Some(6)));
    assert!(workspace.statuses().iter().all(|(_, status)| status == "approved"));
    let said = workspace.args(&["revoke", "spring", "--as", ANNA, "--delegation", "FRA"]).ends_with_code(0);
    said.says("2 letters are planned again and do not leave");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "planned");
    assert_eq!(workspace.status_of("spring/letter/DEU"), "approved");
}

#[test]
fn an_approval_by_mail_holds_only_for_the_manifest_that_was_read() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    workspace.write("yes.eml", "Subject: yes\r\n\r\nI approve.\r\n");
    let all = workspace.run("preview spring --all").out;
    let manifest =
        all.split_whitespace().find(|word| word.starts_with("sha256:") && all.trim_end().ends_with(word)).unwrap();
    let other = format!("sha256:{}", "a".repeat(64));
    let approve = |manifest: &str| {
        workspace.args(&["approve", "spring", "--as", ANNA, "--yes", "--manifest", manifest, "--evidence", "yes.eml"])
    };
    approve(&other).ends_with_code(1).complains("another manifest");
    approve("sha256:0").ends_with_code(1).complains("64 hexadecimal digits");
    let history = |word: &str| workspace.run("show spring/letter/FRA").out.contains(word);
    assert!(!history("Anna Person"), "a refused approval was stored");
    approve(manifest).ends_with_code(0).says("6 letters approved by Anna Person");
    assert!(history("Anna Person"));
    let missing = ["approve", "spring", "--as", BORIS, "--yes", "--manifest", manifest, "--evidence", "no.eml"];
    workspace.args(&missing).ends_with_code(1).complains("no.eml cannot be read");
}

// run

#[test]
fn letters_that_are_due_go_to_files_with_the_approved_bytes_behind_the_date() {
    let workspace = Workspace::small();
    // CET the whole year: tables keep their widths, whenever this runs.
    workspace.edit(CAMPAIGN, "Europe/Zurich", "Africa/Tunis");
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    workspace.run("run --until-idle").ends_with_code(0).says("3 sent");
    assert_eq!(
        workspace.names("var/outgoing"),
        ["spring_letter_DEU.eml", "spring_letter_FRA.eml", "spring_letter_NOR.eml"]
    );
    for state in ["DEU", "FRA", "NOR"] {
        let eml = String::from_utf8(workspace.read(&format!("var/outgoing/spring_letter_{state}.eml"))).unwrap();
        assert!(eml.starts_with("Date: "), "{eml}");
        let (_, approved) = eml.split_once("\r\n").unwrap();
        let shown = workspace.run(&format!("show spring/letter/{state} --eml")).ends_with_code(0).out;
        assert_eq!(approved, shown, "{state}: other bytes left than were approved");
    }
    workspace.run("run --until-idle").ends_with_code(0).says("nothing was due");
    assert_eq!(workspace.names("var/outgoing").len(), 3);
    golden("dispatches", &workspace.run("dispatches").ends_with_code(0).out);
    golden("status_after_sending", &workspace.run("status").ends_with_code(0).out);
    let show = workspace.run("show spring/letter/FRA").ends_with_code(0);
    golden("show", &show.out);
}

#[test]
fn nothing_leaves_without_approval_and_status_asks_for_it() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    workspace.run("run --until-idle").ends_with_code(0).says("nothing was due");
    assert!(workspace.names("var/outgoing").is_empty());
    let status = workspace.run("status").ends_with_code(4);
    golden("status_before_approval", &status.out);
}

#[test]
fn a_second_worker_is_refused_and_sigterm_ends_the_first_with_code_0() {
    let workspace = Workspace::approved();
    let mut first = workspace.start("run");
    let mut heard = BufReader::new(first.stderr.take().unwrap());
    let mut line = String::new();
    heard.read_line(&mut line).unwrap();
    assert!(line.contains("SIGTERM or Ctrl-C ends it"), "{line}");
    workspace.run("run --until-idle").ends_with_code(1).complains("another worker runs on this database");
    let asked = Instant::now();
    let status = std::process::Command::new("kill").args(["-TERM", &first.id().to_string()]).status().unwrap();
    assert!(status.success());
    let ended = first.wait().unwrap();
    assert_eq!(ended.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?} to stop", asked.elapsed());
    // The lock is free again.
    workspace.run("run --until-idle").ends_with_code(0);
}

#[test]
fn files_edited_after_the_plan_stop_the_campaign() {
    let workspace = Workspace::approved();
    workspace.edit(LETTER, "on the day of our report", "on the eve of our report");
    workspace
        .run("status")
        .ends_with_code(4)
        .says("NOTHING IS SENT: templates/letters/appeal/en.md was changed since the last plan");
    workspace.run("run --until-idle").says("spring sends nothing").says("run `demarche plan spring`");
    assert!(workspace.names("var/outgoing").is_empty());
    let approve = workspace.args(&["approve", "spring", "--as", ANNA, "--yes"]);
    approve.ends_with_code(1).complains("was changed since the last plan");
    workspace.edit(LETTER, "on the eve of our report", "on the day of our report");
    workspace.run("run --until-idle").ends_with_code(0).says("3 sent");
}

#[test]
fn letters_that_went_to_files_must_be_restarted_before_any_is_sent() {
    let workspace = Workspace::sent();
    workspace.run("restart spring").ends_with_code(1).complains("nobody is there to answer");
    let smtp = "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"";
    workspace.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", smtp);
    let said =
        workspace.run("run --until-idle").ends_with_code(1).complains("3 letters of spring were written to files");
    said.complains("demarche restart spring");
    workspace.run("restart spring --yes").ends_with_code(0).says("3 approved");
    // Nobody listens on port 9: the world is at fault, and nothing is lost.
    workspace.run("run --until-idle").ends_with_code(3).says("SENDING PAUSES");
    assert!(
        workspace
            .statuses()
            .iter()
            .filter(|(id, _)| id.contains("/letter/"))
            .all(|(_, s)| s == "deferred" || s == "approved")
    );
    workspace.run("check --online").ends_with_code(3).complains("the mail server 127.0.0.1:9 cannot be used");
    // A real server never sees an invented address.
    workspace.edit(INSTALLATION, "host = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"", "host = \"mail.ngo.org\"");
    workspace.run("check").ends_with_code(1).complains("example addresses");
}

#[test]
fn reading_commands_make_no_folder() {
    let workspace = Workspace::small();
    for words in [
        "check",
        "calendar",
        "contacts",
        "status",
        "dispatches",
        "log",
        "meeting list",
        "why spring FRA",
        "preview spring",
        "show spring/letter/FRA",
        "plan spring --dry-run",
        "completions bash",
        "man",
        "approve spring --as x",
        "retry spring/letter/FRA",
    ] {
        workspace.run(words);
        assert!(!workspace.has_var(), "`{words}` made var/");
    }
}

// status, dispatches, show, why

#[test]
fn status_dispatches_show_and_log_have_the_keys_of_the_contract() {
    const STATUSES: &str =
        "planned approved sending sent deferred refused uncertain bounced held skipped missed cancelled";
    let workspace = Workspace::sent();
    workspace
        .args(&["hold", "spring", "--step", "reminder", "--delegation", "FRA", "--reason", "they called"])
        .ends_with_code(0);
    let status = workspace.run("status --json").ends_with_code(4).json();
    let campaign = &status["campaigns"][0];
    has_keys(campaign, "campaign total counts next_due needs_attention");
    assert_eq!(keys(&campaign["counts"]), STATUSES.split(' ').collect());
    let sum: u64 = campaign["counts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!((Some(sum), sum), (campaign["total"].as_u64(), 6));
    has_keys(&campaign["needs_attention"][0], "id delegation step status reason");
    assert_eq!(campaign["needs_attention"][0]["reason"], "they called");

    let rows = workspace.run("dispatches --status sent --json").ends_with_code(0).json();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    has_keys(&rows[0], "id campaign step delegation status via due next_at digest message_id sent_at attempts");
    assert_eq!(rows[0]["via"], "files");
    has_keys(&rows[0]["attempts"][0], "at outcome recipients");
    has_keys(&rows[0]["attempts"][0]["recipients"][0], "address code text");
    assert!(rows[0]["sent_at"].as_str().unwrap().ends_with('Z'));

    workspace.run("log add --delegation DEU --kind note --text Noted").ends_with_code(0);
    let log = workspace.run("log --json").ends_with_code(0).json();
    let wanted = "id at campaign delegation dispatch kind stance ask from subject text matched_by confidence attachments corrects by";
    assert_eq!(keys(&log[0]), wanted.split(' ').collect());
}

#[test]
fn dispatches_are_found_by_status_step_and_delegation_and_slips_name_the_nearest() {
    let workspace = Workspace::sent();
    workspace.run("dispatches spring --delegation FRA --step letter").ends_with_code(0).says("\n1 letter");
    workspace.run("dispatches --status held").ends_with_code(0).says("no letter fits");
    workspace.run("dispatches --status snt").ends_with_code(1).complains("did you mean sent?");
    workspace.run("dispatches sprig").ends_with_code(1).complains("campaign sprig has not been planned");
    workspace.run("show spring/letter/CHE").ends_with_code(1).complains("there is no dispatch spring/letter/CHE");
    workspace.run("show FRA").ends_with_code(1).complains("CAMPAIGN/STEP/STATE");
}

#[test]
fn why_tells_the_rules_and_dates_and_does_not_cry_wolf() {
    let workspace = Workspace::approved();
    let why = workspace.run("why spring FRA").ends_with_code(0);
    assert!(!why.out.contains("changed"), "nothing has changed since the plan:\n{}", why.out);
    golden("why", &why.out);
    workspace.edit(LETTER, "We write", "We write to you");
    workspace.run("why spring FRA").says("The files have changed since the last plan");
    workspace.run("why spring BLR").ends_with_code(0).says("the letter is about this State");
    workspace.run("why spring CHE").ends_with_code(0).says("no row in config/contacts.csv");
    workspace.run("why spring FRX").ends_with_code(1).complains("did you mean FRA?");
    let steps = workspace.run("why spring FRA --json").json();
    assert_eq!(steps["steps"].as_array().unwrap().len(), 2);
}

// hold, release, cancel, retry, settle

#[test]
fn a_held_letter_stays_until_it_is_released_and_a_cancelled_one_for_good() {
    let workspace = Workspace::approved();
    let decide = |command: &str, delegation: &str, more: &[&str]| {
        let args =
            [&[command, "spring", "--step", "letter", "--delegation", delegation, "--reason", "a call"], more].concat();
        workspace.args(&args)
    };
    workspace.run("hold spring").ends_with_code(2).complains("--reason <TEXT>");
    workspace.args(&["hold", "spring", "--reason", " "]).ends_with_code(1).complains("the reason is empty");
    decide("hold", "FRX", &[]).ends_with_code(1).complains("did you mean FRA?");
    decide("hold", "FRA", &[]).ends_with_code(0).says("1 held");
    decide("hold", "NOR", &[]).ends_with_code(0);
    decide("cancel", "DEU", &[]).ends_with_code(1).complains("Cancel 1 letter for good?");
    decide("cancel", "DEU", &["--yes"]).ends_with_code(0).says("1 cancelled");
    workspace.run("run --until-idle").ends_with_code(0).says("nothing was due");
    decide("release", "FRA", &[]).ends_with_code(0).says("1 approved");
    decide("release", "FRA", &[]).ends_with_code(1);
    decide("release", "DEU", &[]).ends_with_code(1).complains("cancelled");
    workspace.run("run --until-idle").ends_with_code(0).says("1 sent");
    assert_eq!(workspace.names("var/outgoing"), ["spring_letter_FRA.eml"]);
    workspace.run("show spring/letter/NOR").ends_with_code(0).says("a call");
    // A new due time must be one that there is, lies ahead, and is approved again.
    decide("release", "NOR", &["--at", "tomorrow"]).ends_with_code(1).complains("`tomorrow` is no time");
    decide("release", "NOR", &["--at", "2020-01-01 10:00"]).ends_with_code(1).complains("the new due time is past");
    let gap = decide("release", "NOR", &["--at", "2029-03-25 02:30"]).ends_with_code(1).complains("does not exist");
    gap.complains("2029-03-25T03:30:00+02:00").complains("2029-03-25T01:30:00+01:00");
    let twice = decide("release", "NOR", &["--at", "2029-10-28 02:30"]).ends_with_code(1).complains("comes twice");
    twice.complains("2029-10-28T02:30:00+02:00").complains("2029-10-28T02:30:00+01:00");
    assert_eq!(workspace.status_of("spring/letter/NOR"), "held");
    decide("release", "NOR", &["--at", "2029-05-02 10:00"]).ends_with_code(0).says("1 planned");
}

#[test]
fn only_what_fits_is_tried_again_or_settled() {
    let workspace = Workspace::sent();
    workspace.run("retry spring/letter/FRA --yes").ends_with_code(1).complains("spring/letter/FRA is sent");
    workspace
        .run("settle spring/letter/FRA --as sent --yes")
        .ends_with_code(1)
        .complains("only what is uncertain is settled");
    workspace.run("settle spring/letter/FRA --as maybe").ends_with_code(2).complains("not-sent");
    workspace.run("retry").ends_with_code(2);
    workspace.run("retry spring/letter").ends_with_code(1).complains("CAMPAIGN/STEP/STATE");
    workspace.run("retry spring/letter/CHE").ends_with_code(1).complains("there is no dispatch");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "sent");
    workspace.run("restart sprng").ends_with_code(1).complains("did you mean spring?");
}

/// Approved, and sent over this server, one letter after the other.
fn sent_over(server: &SmtpServer) -> Workspace {
    let workspace = Workspace::approved();
    let smtp = format!(
        "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nconnections = 1",
        server.port()
    );
    workspace.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", &smtp);
    workspace.run("run --until-idle");
    workspace
}

fn letters_that_are(workspace: &Workspace, status: &str) -> Vec<String> {
    workspace.statuses().into_iter().filter(|(_, own)| own == status).map(|(id, _)| id).collect()
}

#[test]
fn a_refused_letter_leaves_again_after_a_correction_that_was_approved() {
    let server = SmtpServer::start(Script::plain().on_rcpt("mission@fra.example", "550 5.1.1 no such mailbox"));
    let workspace = sent_over(&server);
    assert_eq!(letters_that_are(&workspace, "refused"), ["spring/letter/FRA"]);
    assert_eq!(server.messages().len(), 2);
    workspace.run("status").ends_with_code(4).says("no such mailbox");
    workspace.run("dispatches --status refused").says("550 5.1.1");
    let rows = workspace.run("dispatches --status refused --json").json();
    let recipient = &rows[0]["attempts"][0]["recipients"][0];
    assert_eq!((recipient["address"].as_str(), recipient["code"].as_u64()), (Some("mission@fra.example"), Some(550)));

    workspace.edit(CONTACTS, "mission@fra.example", "bureau@fra.example");
    workspace.run("retry spring/letter/FRA").ends_with_code(1).complains("nobody is there to answer");
    let said = workspace.run("retry spring/letter/FRA --yes").ends_with_code(0).says("to bureau@fra.example");
    said.says("must be approved again").says("nothing is sent until `demarche plan spring` has run");
    assert_eq!(letters_that_are(&workspace, "planned"), ["spring/letter/FRA"]);
    workspace.run("run --until-idle");
    assert_eq!(server.messages().len(), 2, "a letter left that nobody had approved");
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    workspace.run("run --until-idle").ends_with_code(0).says("1 sent");
    let messages = server.messages();
    assert_eq!(messages[2].to, ["bureau@fra.example", "head@fra.example"]);
    workspace.run("status").ends_with_code(0);
}

#[test]
fn an_uncertain_letter_never_leaves_by_itself_and_a_person_settles_it() {
    let script = Script::plain().on(Step::Content, Act::TakeAndDrop).times(1).on(Step::Content, Act::Drop).times(1);
    let server = SmtpServer::start(script);
    let workspace = sent_over(&server);
    let uncertain = letters_that_are(&workspace, "uncertain");
    assert_eq!(uncertain.len(), 2, "{:?}", workspace.statuses());
    let taken = server.messages().len();
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(server.messages().len(), taken, "an uncertain letter left again by itself");
    workspace.run("status").ends_with_code(4).says("uncertain");
    let settle = |id: &str, what: &str, more: &[&str]| workspace.args(&[&["settle", id, "--as", what], more].concat());
    settle(&uncertain[0], "sent", &[]).ends_with_code(1).complains("nobody is there to answer");
    settle(&uncertain[0], "sent", &["--yes"]).ends_with_code(0).says("1 sent");
    settle(&uncertain[1], "not-sent", &["--yes", "--reason", "they rang"]).ends_with_code(0).says("1 approved");
    workspace.args(&["show", &uncertain[1]]).says("they rang");
    workspace.run("run --until-idle").ends_with_code(0).says("1 sent");
    assert_eq!(server.messages().len(), taken + 1);
    workspace.run("status").ends_with_code(0);
}

// log, meeting, erase

#[test]
fn the_log_takes_calls_and_corrections_and_keeps_both() {
    let workspace = Workspace::sent();
    let add = |words: &[&str]| workspace.args(&[&["log", "add", "--delegation", "DEU"], words].concat());
    add(&["--kind", "cal", "--text", "x"]).ends_with_code(1).complains("did you mean call?");
    add(&["--kind", "bounce", "--text", "x"]).ends_with_code(1).complains("not entered by hand");
    add(&["--kind", "note", "--text", " "]).ends_with_code(1).complains("the text is empty");
    add(&["--kind", "note", "--text", "x", "--at", "2999-01-01"]).ends_with_code(1).complains("in the future");
    add(&["--kind", "note", "--text", "x", "--stance", "joined", "--ask", "statment"])
        .ends_with_code(1)
        .complains("has no ask `statment`");
    add(&["--kind", "letter", "--text", "x", "--file", "/dev/zero"]).ends_with_code(1).complains("is not a plain file");
    workspace.run("log").ends_with_code(0).says("no entry fits");
    let call = [
        "--kind",
        "call",
        "--text",
        "They will think\u{1b}[2J about it",
        "--from",
        "Herr X <x@deu.example>",
        "--at",
        "2026-01-20 10:00",
    ];
    add(&call).ends_with_code(0).says("entry 1: call of DEU; no reminder leaves");
    workspace.write("scan.pdf", "%PDF");
    add(&["--kind", "letter", "--text", "A note verbale", "--file", "scan.pdf", "--at", "2026-01-21"])
        .ends_with_code(0);
    workspace
        .run("log classify 1 --stance considering --ask statement")
        .ends_with_code(0)
        .says("entry 3 corrects entry 1");
    workspace.run("log classify 1 --stance joined").ends_with_code(1).complains("correct entry 3");
    workspace.run("log classify 3 --stance maybe").ends_with_code(1).complains("a stance is one of");
    workspace.run("log classify 99 --stance joined").ends_with_code(1).complains("99");
    workspace.run("log assign 2 --delegation FRA").ends_with_code(0).says("entry 4 corrects entry 2: FRA");
    let list = workspace.run("log").ends_with_code(0);
    golden("log", &list.out);
    assert!(!list.out.contains('\u{1b}'), "an escape reaches the screen");
    let show = workspace.run("log show 1").ends_with_code(0).says("They will think");
    assert!(!show.out.contains('\u{1b}'), "an escape reaches the screen");
    workspace.run("log show 2 --save saved").ends_with_code(0).says("saved saved/2-scan.pdf");
    assert_eq!(workspace.read("saved/2-scan.pdf"), b"%PDF");
    workspace.run("log show 2 --save saved").ends_with_code(1).complains("is there already");
    workspace.run("log --stance considering --delegation DEU").says("\n1 entr");
    workspace.run("log sprng").ends_with_code(1).complains("did you mean spring?");
    workspace.run("log --since 2026-13-01").ends_with_code(1).complains("is no day");

    // Whoever asks is forgotten; that there was a call is not.
    workspace.run("erase x@deu.example").ends_with_code(1).complains("cannot be undone");
    workspace.run("log show 1").says("They will think");
    workspace.run("erase x@deu.example --yes").ends_with_code(0).says("emptied");
    let after = workspace.run("log --json").json();
    let first = after.as_array().unwrap().iter().find(|e| e["id"] == 1).unwrap();
    assert_eq!((first["kind"].as_str(), first["delegation"].as_str()), (Some("call"), Some("DEU")));
    assert!(first["text"].is_null() && first["from"].is_null(), "{first}");
    workspace.run("erase nobody").ends_with_code(1);
}

#[test]
fn meetings_are_noted_and_listed() {
    let workspace = Workspace::sent();
    workspace.run("meeting list").ends_with_code(0).says("no meeting is noted");
    let add = |at: &str, place: &str| {
        workspace.args(&["meeting", "add", "--delegation", "NOR", "--at", at, "--place", place])
    };
    add("5.1.2090", "x").ends_with_code(1).complains("is no time");
    add("2090-01-05 15:00", " ").ends_with_code(1).complains("the place is empty");
    add("2090-01-05 15:00", "Palais des Nations").ends_with_code(0).says("meeting 1: NOR");
    let rows = workspace.run("meeting list --json").json();
    assert_eq!(
        (rows[0]["place"].as_str(), rows[0]["at"].as_str()),
        (Some("Palais des Nations"), Some("2090-01-05T14:00:00Z"))
    );
    workspace.run("meeting list sprng").ends_with_code(1).complains("did you mean spring?");
    workspace.run("meeting add --delegation NOR").ends_with_code(2);
}

// database

#[test]
fn the_database_is_migrated_and_copied_whole() {
    let workspace = Workspace::sent();
    workspace.run("database migrate").ends_with_code(0).says("the schema is up to date");
    workspace
        .run("database copy sqlite://var/demarche.db sqlite://copy.db")
        .ends_with_code(0)
        .says("copied and compared");
    workspace
        .run("database copy sqlite://var/demarche.db sqlite://copy.db")
        .ends_with_code(1)
        .complains("is not empty");
    workspace
        .run("database copy sqlite://var/nope.db sqlite://other.db")
        .ends_with_code(1)
        .complains("there is no database");
    assert!(!workspace.path("other.db").exists() && !workspace.path("var/nope.db").exists());
    workspace.run("database copy sqlite://a.db sqlite://a.db").ends_with_code(1).complains("the same database");
    let secret = workspace.run("database copy postgres://u:cAnArY7@h/x sqlite://b.db").ends_with_code(1);
    assert!(!secret.err.contains("cAnArY7"), "{}", secret.err);
    let before = workspace.run("dispatches --json").out;
    workspace.edit(INSTALLATION, "sqlite://var/demarche.db", "sqlite://copy.db");
    assert_eq!(workspace.run("dispatches --json").out, before);
    workspace.write("copy.db", "this is no database, whatever its name says; it is a text of more than a hundred letters, so that its head is read");
    for beside in ["copy.db-wal", "copy.db-shm"] {
        // What a program leaves beside the file would mend it.
        let _there_or_not = std::fs::remove_file(workspace.path(beside));
    }
    workspace.run("status").ends_with_code(3);
}

// the program itself

#[test]
fn completions_and_the_manual_name_every_command() {
    let workspace = Workspace::empty();
    let bash = workspace.run("completions bash").ends_with_code(0);
    let man = workspace.run("man").ends_with_code(0);
    let help = workspace.run("--help").ends_with_code(0);
    for command in
        ["init", "check", "plan", "approve", "run", "rehearse", "status", "settle", "restart", "erase", "meeting"]
    {
        for (said, what) in [(&bash, "completions"), (&man, "man"), (&help, "--help")] {
            assert!(said.out.contains(command), "{what} does not know {command}");
        }
    }
    workspace.run("completions tcl").ends_with_code(2);
    golden("help", &help.out);
}

#[test]
fn a_slip_on_the_command_line_ends_with_2_and_names_the_nearest() {
    let workspace = Workspace::small();
    workspace.run("").ends_with_code(2).complains("Usage: demarche");
    workspace.run("stauts").ends_with_code(2).complains("status");
    workspace.run("plan").ends_with_code(2).complains("<CAMPAIGN>");
    workspace.run("plan spring --dry").ends_with_code(2).complains("--dry-run");
    workspace.run("log show one").ends_with_code(2);
    workspace.run("log show 99999999999999999999").ends_with_code(2);
    workspace.run("plan sprng").ends_with_code(1).complains("did you mean spring?");
    workspace.run("--version").ends_with_code(0).says("demarche ");
}

#[test]
fn outside_of_a_workspace_every_command_says_where_to_go() {
    let place = Workspace::empty();
    for words in
        ["check", "status", "dispatches", "log", "plan spring", "run --until-idle", "meeting list", "database migrate"]
    {
        place.run(words).ends_with_code(1).complains("make one with `demarche init DIR`");
    }
    assert!(place.names("").is_empty(), "something was made: {:?}", place.names(""));
    let small = Workspace::small();
    let folder = small.folder().to_str().unwrap();
    place.args(&["--workspace", folder, "check"]).ends_with_code(0);
    say(place.command(&["check"]).env("DEMARCHE_WORKSPACE", folder)).ends_with_code(0);
}

#[test]
fn hostile_words_on_the_command_line_do_no_harm() {
    let workspace = Workspace::sent();
    let before = workspace.run("dispatches --json").out;
    for word in [
        "../../x",
        "$(id)",
        "'; drop table dispatches;--",
        "\u{1b}]0;x\u{7}",
        "",
        " ",
        "\u{202e}",
        "%s%n",
        "spring/../../x",
    ] {
        for args in [
            &["plan", word][..],
            &["why", "spring", word],
            &["show", word],
            &["dispatches", word],
            &["approve", "spring", "--as", word, "--yes"],
        ] {
            let said = workspace.args(args);
            assert!(said.code == 1 || said.code == 2, "{args:?}: {} {}", said.code, said.err);
            assert!(!said.err.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{args:?}: {:?}", said.err);
            assert!(!said.err.contains("panicked"), "{args:?}: {}", said.err);
        }
    }
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff");
    say(program().current_dir(workspace.folder()).arg("plan").arg(bytes)).ends_with_code(2);
    assert_eq!(workspace.run("dispatches --json").out, before);
}

#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    let workspace = Workspace::sent();
    for words in ["dispatches", "calendar", "man", "show spring/letter/FRA --eml"] {
        let args: Vec<&str> = words.split(' ').collect();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let said = workspace.command(&args).stdout(full).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(3), "{words}: {err}");
        assert!(err.contains("the answer cannot be written"), "{words}: {err}");
        // Reads nothing, and is gone before the answer comes.
        let mut child = workspace.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let said = child.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0), "{words}");
        assert_eq!(String::from_utf8(said.stderr).unwrap(), "", "{words}");
    }
}

#[test]
fn an_answer_for_a_pipe_holds_no_colours_and_fits_100_columns() {
    let workspace = Workspace::sent();
    for words in
        ["status", "dispatches", "show spring/letter/FRA", "check", "plan spring", "calendar", "-v run --until-idle"]
    {
        let said: Said = workspace.run(words);
        for text in [&said.out, &said.err] {
            assert!(!text.contains('\u{1b}'), "{words}: {text:?}");
        }
    }
    for words in ["dispatches", "calendar", "contacts"] {
        let said = workspace.run(words);
        let wide = said.out.lines().find(|line| line.chars().count() > 100);
        assert!(wide.is_none(), "{words}: {wide:?}");
    }
}

#[test]
fn what_is_provisional_is_marked_and_held() {
    let workspace = Workspace::small();
    workspace.edit(CALENDAR, "title = \"Launch of the report\"", "status = \"provisional\"");
    workspace.run("plan spring").ends_with_code(0).says("(provisional)");
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    workspace.run("run --until-idle").ends_with_code(0).says("3 held");
    assert!(workspace.names("var/outgoing").is_empty());
    workspace.run("status").ends_with_code(4).says("provisional");
}

#[test]
fn the_rehearsal_of_the_example_tells_the_same_story_every_time() {
    let place = Workspace::empty();
    place.run("init .").ends_with_code(0);
    let said = place.run("rehearse hrc37-china --out told").ends_with_code(0).says("letter       192 sent");
    let said = said.says("before-upr   192 sent").says("reminder     186 sent, 6 skipped");
    let transcript = String::from_utf8(place.read("told/transcript.txt")).unwrap();
    assert!(said.out.starts_with(&transcript));
    // No filter: the transcript must be the same byte for byte.
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("cli__rehearsal", transcript);
    });
    let names = place.names("told/outgoing");
    let of = |step: &str| names.iter().filter(|name| name.starts_with(&format!("hrc37-china_{step}_"))).count();
    assert_eq!((of("letter"), of("reminder"), of("before-upr")), (192, 186, 192));
    for (state, reminded) in [("CHN", false), ("FRA", false), ("SWE", false), ("AUT", true), ("CUB", true)] {
        let name = format!("hrc37-china_reminder_{state}.eml");
        assert_eq!(names.contains(&name), reminded, "{state}");
    }
    assert!(!place.has_var(), "a rehearsal touched the real database");
    // A folder with something else in it is never cleared.
    place.write("mine/notes.txt", "keep");
    place.run("rehearse hrc37-china --out mine").ends_with_code(1).complains("holds something else");
    assert_eq!(place.read("mine/notes.txt"), b"keep");
}

// calendar export

#[test]
fn a_calendar_is_written_over_a_calendar_and_over_nothing_else() {
    let workspace = Workspace::small();
    let before = workspace.read(CONTACTS);
    workspace.run("calendar export --out config/contacts.csv").ends_with_code(1).complains("is no calendar");
    assert_eq!(workspace.read(CONTACTS), before);
    workspace.run("calendar export --out dates.ics").ends_with_code(0);
    workspace.run("calendar export --out dates.ics").ends_with_code(0);
    workspace
        .run("calendar export --holidays --from 2031-01-01 --to 2031-12-31")
        .ends_with_code(1)
        .complains("holidays of Geneva in 2031 are not known");
}

#[test]
fn a_head_s_row_that_was_copied_from_another_mission_is_told() {
    let workspace = Workspace::small();
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let name = list.lines().find(|line| line.starts_with("FRA,head")).unwrap().split(',').nth(3).unwrap();
    workspace.edit(CONTACTS, "Ola Nordmann", name);
    workspace.run("check").says("the head of mission of FRA, in line").says("has the same name");
}

#[test]
fn the_calendar_is_exported_with_its_dates_and_the_letters_that_are_planned() {
    let workspace = Workspace::approved();
    let said = workspace.run("calendar export --from 2018-02-01 --to 2018-12-31").ends_with_code(0);
    let events = calendar_file(&said.out);
    let named = |uid: &str| events.iter().find(|e| e["UID"] == uid).unwrap_or_else(|| panic!("no {uid}: {events:?}"));
    let session = named("hrc/37@demarche");
    assert_eq!(
        (session["DTSTART;VALUE=DATE"].as_str(), session["DTEND;VALUE=DATE"].as_str()),
        ("20180226", "20180324")
    );
    assert_eq!(session["STATUS"], "CONFIRMED");
    assert_eq!(named("upr/31/CHN@demarche")["DTSTART;VALUE=DATE"], "20181106");
    assert!(!said.out.contains("holiday/"), "days off only when asked for");

    let spring = workspace.run("calendar export --campaign spring").ends_with_code(0).out;
    let events = calendar_file(&spring);
    let named = |uid: &str| events.iter().find(|e| e["UID"] == uid).unwrap_or_else(|| panic!("no {uid}: {events:?}"));
    let letter = named("letters/spring/letter@coalition.example");
    assert_eq!(letter["DTSTART"], "20260114T083000Z");
    assert_eq!(letter["SUMMARY"], "spring\\, letter: 3 letters leave");
    assert!(letter["DESCRIPTION"].starts_with("3 approved"));
    assert_eq!(named("letters/spring/reminder@coalition.example")["DTSTART"], "20900111T083000Z");
    assert_eq!(named("custom/launch@demarche")["SUMMARY"], "Launch of the report");
    let again = calendar_file(&workspace.run("calendar export --campaign spring").out);
    let ids = |events: &[Event]| events.iter().map(|e| e["UID"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&events), ids(&again), "what is imported twice is there once");
    assert_eq!(ids(&events).len(), ids(&events).into_iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn a_provisional_date_is_exported_as_tentative_and_an_unplanned_letter_too() {
    let workspace = Workspace::small();
    let said = workspace
        .run("calendar export --campaign spring --from 2026-01-01 --to 2026-12-31 --holidays")
        .ends_with_code(0);
    assert!(said.err.contains("upr:53 has no days yet"), "{}", said.err);
    let events = calendar_file(&said.out);
    let named = |uid: &str| events.iter().find(|e| e["UID"] == uid).unwrap_or_else(|| panic!("no {uid}: {events:?}"));
    let half_known = named("hrc/62@demarche");
    assert_eq!(half_known["STATUS"], "TENTATIVE");
    assert_eq!(
        half_known["SUMMARY"],
        "62nd session of the Human Rights Council closes (its first day is not known) (provisional)"
    );
    let letter = named("letters/spring/letter@coalition.example");
    assert_eq!(
        (letter["STATUS"].as_str(), letter["DESCRIPTION"].as_str()),
        ("TENTATIVE", "3 not planned yet\\nCounted from custom:launch")
    );
    assert_eq!(named("holiday/canton/2026-12-25@demarche")["TRANSP"], "TRANSPARENT");
    assert!(!workspace.has_var(), "looking at dates makes no database");
}

#[test]
fn the_calendar_file_is_written_where_it_is_asked_for() {
    let workspace = Workspace::small();
    let said = workspace.run("calendar export --from 2018-01-01 --to 2018-12-31 --out un.ics").ends_with_code(0);
    said.says("written to un.ics").says("from 2018-01-01 to 2018-12-31");
    assert!(!calendar_file(&String::from_utf8(workspace.read("un.ics")).unwrap()).is_empty());
    let events = workspace.run("calendar export --from 2018-01-01 --to 2018-12-31 --json").ends_with_code(0).json();
    has_keys(&events, "from to events without_a_day");
    has_keys(&events["events"][0], "uid title about provisional first last");
    workspace.run("calendar export --out no/such/folder.ics").ends_with_code(3).complains("cannot be written");
    workspace.run("calendar export --campaign sprnig").ends_with_code(1).complains("did you mean spring?");
    workspace.run("calendar export --from 2018-02-01 --to 2018-01-01").ends_with_code(1).complains("before the first");
    workspace.run("calendar hrc --from 2018-01-01 --to 2018-12-31").ends_with_code(0).says("2018-02-26");
}

#[test]
fn years_whose_holidays_nobody_entered_are_not_years_without_any() {
    let workspace = Workspace::small();
    let said = workspace.run("calendar holidays --from 2030-12-01 --to 2031-12-31").ends_with_code(0);
    said.says("2030-12-25").says("2031: the public holidays of Geneva in 2031 are not known");
    let value = workspace.run("calendar --from 2030-12-01 --to 2032-01-31 --json").json();
    assert_eq!(value["holidays_unknown"], serde_json::json!([2031, 2032]));
    workspace
        .run("calendar holidays --from 2031-01-01 --to 2031-12-31")
        .ends_with_code(1)
        .complains("holiday_years = [2031]");
}

#[test]
fn a_review_that_only_the_coalition_s_file_knows_is_shown_and_marked() {
    let workspace = Workspace::small();
    let calendar = String::from_utf8(workspace.read(CALENDAR)).unwrap();
    let reviews = "[[upr]]\nsession = 31\nstate = \"FRA\"\ndate = 2018-11-08\nstatus = \"provisional\"\n\n[[upr]]\nsession = 60\nstate = \"NOR\"\ndate = 2018-11-20\n";
    workspace.write(CALENDAR, format!("{calendar}\n{reviews}"));
    let said = workspace.run("calendar upr --from 2018-11-01 --to 2018-11-30").ends_with_code(0);
    let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("FRA 2018-11-08") && flat.contains("(provisional)") && flat.contains("NOR 2018-11-20"),
        "{flat}"
    );
}

type Event = std::collections::BTreeMap<String, String>;

/// A calendar file read by hand, by the letter of RFC 5545: lines that end with CRLF and have 75 octets at most, and each event's
/// properties.
fn calendar_file(text: &str) -> Vec<Event> {
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") && text.ends_with("\r\nEND:VCALENDAR\r\n"));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a line that does not end with CRLF");
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
    }
    let mut events = Vec::new();
    for line in text.replace("\r\n ", "").split("\r\n") {
        match line {
            "BEGIN:VEVENT" => events.push(Event::new()),
            "END:VEVENT" => {
                let event: &Event = events.last().unwrap();
                for key in ["UID", "DTSTAMP", "SUMMARY", "STATUS", "TRANSP"] {
                    assert!(event.contains_key(key), "no {key} in {event:?}");
                }
            }
            _ => {
                if let (Some(event), Some((key, value))) = (events.last_mut(), line.split_once(':')) {
                    assert!(event.insert(key.to_owned(), value.to_owned()).is_none() || key == "END", "{key} twice");
                }
            }
        }
    }
    events
}
