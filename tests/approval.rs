//! Approval as people do it, through the program: looking, comparing with what was approved before, saying yes, taking it back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use serde_json::Value;
use workspace::{ANNA, BORIS, CAMPAIGN, CLARA, CONTACTS, LETTER, Workspace};

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.add_filter(r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]");
    settings.add_filter(r">[0-9a-f]{8}</code>", ">[DIGEST]</code>");
    // The days of the small workspace itself stay.
    settings.add_filter("2026-01-", "@2026@01@");
    settings.add_filter(r"20(2[6-9]|[3-8]\d)-\d\d-\d\d \d\d:\d\d CES?T", "[NOW]");
    settings.add_filter("@2026@01@", "2026-01-");
    settings.add_filter(r" +\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("approval__{name}"), text));
}

fn manifest(workspace: &Workspace) -> String {
    let value = workspace.run("preview spring --all --json").json();
    value["manifest"].as_str().unwrap().to_owned()
}

fn page(workspace: &Workspace, flags: &str) -> String {
    workspace.run(&format!("preview spring --all --out letters {flags}")).ends_with_code(0);
    String::from_utf8(workspace.read("letters/index.html")).unwrap()
}

#[test]
fn the_page_for_approvers_tells_all_that_they_put_their_names_to() {
    let workspace = Workspace::small();
    let page_before = page(&workspace, "");
    assert!(page_before.contains("Not planned yet: there is no manifest to approve."));
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace
        .args(&["hold", "spring", "--step", "reminder", "--delegation", "NOR", "--reason", "a <b>call</b>"])
        .ends_with_code(0);
    let page = page(&workspace, "--format text,html,eml");
    golden("index_page", &page);
    assert!(page.contains(&manifest(&workspace)), "the manifest is another one");
    let links = page.match_indices("href=\"").map(|(at, mark)| page[at + mark.len()..].split_once('"').unwrap().0);
    for file in links {
        assert!(workspace.path(&format!("letters/{file}")).is_file(), "{file} is linked and not there");
    }
    assert_eq!(workspace.names("letters").iter().filter(|name| name.starts_with("spring_")).count(), 18);
    for word in ["<script", "http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}: something from outside");
    }
}

#[test]
fn a_hostile_name_or_subject_is_only_text_on_the_page() {
    let workspace = Workspace::small();
    // A name with brackets does not come so far: the contact list refuses it. A salutation of the mission's own does.
    let rows = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let salutation = |row: &str| match row {
        row if row.starts_with("state,") => "salutation",
        row if row.starts_with("FRA,head,") => "<b>O'Neil</b> & Sons",
        _ => "",
    };
    let rows: String = rows.lines().map(|row| format!("{row},{}\n", salutation(row))).collect();
    workspace.write(CONTACTS, rows);
    workspace.edit(CAMPAIGN, "Appeal for the release of writers", "</title><script>\\\"x\\\"</script>");
    workspace.edit(LETTER, "An appeal for writers in prison", "An <img src=x onerror=y> appeal");
    workspace.run("plan spring").ends_with_code(0);
    let page = page(&workspace, "");
    assert!(!page.contains("<script") && !page.contains("<img") && page.matches("</title>").count() == 1, "{page}");
    assert!(
        page.contains("&lt;/title&gt;&lt;script&gt;&quot;x&quot;")
            && page.contains("An &lt;img src=x onerror=y&gt; appeal")
    );
    assert!(page.contains("&lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; Sons"), "{page}");
}

#[test]
fn a_folder_holds_exactly_the_last_preview_and_strangers_are_left_alone() {
    let workspace = Workspace::small();
    page(&workspace, "--format html,eml");
    assert_eq!(workspace.names("letters").len(), 14, "12 files, the page and the list");
    page(&workspace, "--step letter");
    let names = workspace.names("letters");
    assert_eq!(
        names,
        [".demarche-preview", "index.html", "spring_letter_DEU.txt", "spring_letter_FRA.txt", "spring_letter_NOR.txt"]
    );
    workspace.write("letters/notes.txt", "mine");
    let refused = workspace.run("preview spring --all --out letters").ends_with_code(1);
    refused.complains("letters holds files that no preview wrote: notes.txt");
    assert_eq!(workspace.names("letters").len(), names.len() + 1, "a refused preview changed the folder");
    workspace.run("preview spring --all --format text,html").ends_with_code(1).complains("a screen shows one format");
    workspace.run("preview spring --diff --out letters").ends_with_code(2);
}

#[test]
fn letters_that_changed_alike_since_their_approval_are_told_once() {
    let workspace = Workspace::approved();
    workspace
        .run("preview spring --diff")
        .ends_with_code(0)
        .says("0 letters differ from what was last approved, 6 as approved");
    workspace.edit(LETTER, "We write on the day of our report", "We write again on the day of our second report");
    workspace.edit(CONTACTS, "mission@deu.example", "embassy@deu.example");
    let said = workspace
        .run("preview spring --diff")
        .ends_with_code(0)
        .says("run `demarche plan spring` before anybody approves");
    golden("diff", &said.out);
    workspace.run("plan spring").ends_with_code(0);
    let planned = workspace.run("preview spring --diff").ends_with_code(0).out;
    assert!(said.out.starts_with(&planned), "{planned}");
    let question = workspace.args(&["approve", "spring", "--as", ANNA]).ends_with_code(1);
    golden("question_after_a_change", &question.err);
    let page = page(&workspace, "");
    assert!(page.contains("<h2>Changed since the last approval</h2>") && page.contains("<ins>again</ins>"), "{page}");

    let value = workspace.run("preview spring --diff --json").json();
    assert_eq!((value["differ"].as_u64(), value["as_approved"].as_u64()), (Some(4), Some(2)));
    let groups = value["groups"].as_array().unwrap();
    let together = groups.iter().find(|group| group["letters"].as_array().unwrap().len() == 2).unwrap();
    assert_eq!(together["letters"], serde_json::json!(["spring/letter/FRA", "spring/letter/NOR"]));
    assert_eq!(together["changes"][0]["what"], "text");

    // Approved anew, nothing differs any more; taken back, it still is what was approved last.
    workspace.approve(ANNA);
    workspace.run("preview spring --diff").says("0 letters differ");
    workspace.args(&["revoke", "spring", "--as", ANNA]).ends_with_code(0);
    workspace.run("preview spring --diff").says("0 letters differ");
}

#[test]
fn another_time_is_told_with_both() {
    let workspace = Workspace::approved();
    workspace.edit(CAMPAIGN, "at = \"09:30\"", "at = \"11:00\"");
    let said = workspace.run("preview spring --diff --step letter").ends_with_code(0);
    said.says("leaves     [-2026-01-14 09:30 CET-]{+2026-01-14 11:00 CET+}").says("3 letters differ");
}

#[test]
fn an_approver_compares_with_what_he_himself_approved_last() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.edit(LETTER, "We write on the day", "We write today, on the day");
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(BORIS);
    // Nothing has changed since Boris said yes, but Anna has not seen it.
    workspace.run("preview spring --diff --step letter").says("0 letters differ");
    let anna = workspace.args(&["approve", "spring", "--as", ANNA]).ends_with_code(1);
    anna.complains("3 letters differ from what was approved before").complains("{+today,+}");
}

#[test]
fn what_an_approval_does_not_cover_is_told_before_the_yes() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    workspace.args(&["hold", "spring", "--delegation", "NOR", "--reason", "they asked to wait"]).ends_with_code(0);
    let said = workspace.args(&["approve", "spring", "--as", ANNA, "--yes"]).ends_with_code(0);
    let said =
        said.complains("not covered: 2 letters held, they asked to wait (spring/letter/NOR, spring/reminder/NOR)");
    assert!(!said.err.contains("rights@nor.example"), "a letter that is not covered is shown as if it were");
    assert!(
        said.err.contains("head@fra.example") && said.err.contains(&format!("manifest {}", "sha256:")),
        "{}",
        said.err
    );
}

#[test]
fn revoke_says_what_stops_what_goes_on_and_what_is_too_late() {
    let workspace = Workspace::approved();
    let said = workspace.args(&["revoke", "spring", "--as", "Boris Persn"]).ends_with_code(1);
    said.complains("Boris Persn has no approval in force there").complains("did you mean \"Boris Person\"?");
    workspace.args(&["revoke", "spring", "--as", CLARA]).ends_with_code(1).complains("no approval in force there");
    let one = workspace.args(&["revoke", "spring", "--as", BORIS, "--step", "reminder", "--delegation", "FRA"]);
    one.ends_with_code(0).says("1 approval of Boris Person taken back; 1 letter is planned again and does not leave");
    workspace.run("run --until-idle");
    assert_eq!(workspace.status_of("spring/letter/FRA"), "sent");
    let said = workspace.args(&["revoke", "spring", "--as", ANNA]).ends_with_code(0);
    golden("revoke", &said.out);
    let show = workspace.run("show spring/letter/FRA").ends_with_code(0);
    show.says("revoke").says("Anna Person took the approval back");
}

#[test]
fn an_approval_by_mail_is_kept_with_its_mail_and_given_back() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    let mail = "From: anna@one.example\r\nSubject: yes\r\n\r\nI approve. \u{1b}[31m\r\n";
    workspace.write("yes.eml", mail);
    workspace.write("empty.eml", "\r\n \n");
    let manifest = manifest(&workspace);
    let with = |flags: &[&str]| {
        let mut words = vec!["approve", "spring", "--as", ANNA, "--yes"];
        words.extend(flags);
        workspace.args(&words)
    };
    with(&["--evidence", "yes.eml"]).ends_with_code(2).complains("--manifest");
    with(&["--manifest", &manifest, "--evidence", "empty.eml"]).ends_with_code(1).complains("empty.eml is empty");
    with(&["--manifest", &manifest, "--evidence", "config"]).ends_with_code(1).complains("config is no file");
    with(&["--manifest", &manifest, "--evidence", "/dev/zero"]).ends_with_code(1).complains("is no file");
    with(&["--manifest", "yes.eml", "--evidence", "yes.eml"]).ends_with_code(1).complains("64 hexadecimal digits");
    workspace.write("large.eml", vec![b'x'; 10 * 1024 * 1024 + 1]);
    with(&["--manifest", &manifest, "--evidence", "large.eml"]).ends_with_code(1).complains("larger than 10 MiB");
    workspace.run("show spring/letter/FRA --evidence").ends_with_code(1).complains("has no approval by mail");
    let said = with(&["--manifest", &manifest, "--evidence", "yes.eml"]).ends_with_code(0);
    golden("by_mail", &said.out);
    let show = workspace.run("show spring/letter/FRA").ends_with_code(0);
    show.says("Anna Person (First Organisation), entered by officer, by mail sha256:").says(": in force");
    assert_eq!(workspace.run("show spring/letter/FRA --evidence").ends_with_code(0).out, mail);
    assert_eq!(workspace.args(&["show", "spring/letter/FRA", "--evidence", ANNA]).out, mail);
    let wrong = workspace.args(&["show", "spring/letter/FRA", "--evidence", "Anna Persn"]).ends_with_code(1);
    wrong.complains("did you mean \"Anna Person\"?");
    let value = workspace.run("show spring/letter/FRA --json").json();
    let approval: &Value = &value["approvals"][0];
    assert!(approval["evidence"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!((approval["by"].as_str(), approval["in_force"].as_bool()), (Some("officer"), Some(true)));
    assert!(page(&workspace, "").contains("Anna Person (First Organisation), by mail"));
    // Without a mail, a manifest alone only makes sure that it is what was looked at.
    workspace.args(&["approve", "spring", "--as", BORIS, "--yes", "--manifest", &manifest]).ends_with_code(0);
}
