//! What staff see of incoming mail, through the program: collect, pen, log, and what is said of wrong input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use serde_json::Value;
use workspace::{INSTALLATION, Workspace};

/// Moments of today and the numbers of letters differ from run to run.
fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.add_filter(r"20(2[6-9]|[3-8]\d)-\d\d-\d\d \d\d:\d\d CES?T", "[NOW]               ");
    settings.add_filter(r"\(\d+ bytes as it came", "([N] bytes as it came");
    settings.add_filter(r"(/private)?/[^ ]*/box", "[FOLDER]/box");
    settings.add_filter(r" +\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("mail__{name}"), text));
}

/// The letters have left, into files; the box is a Maildir of four messages.
fn answered() -> Workspace {
    let workspace = Workspace::sent();
    let fra = message_id(&workspace, "FRA");
    let deu = message_id(&workspace, "DEU");
    put(
        &workspace,
        "1",
        &format!(
            "From: Claire Delorme <second@fra.example>\nSubject: Re: other words\nMessage-ID: <1@fra.example>\nIn-Reply-To: <{fra}>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nWe thank you \u{1b}[31mfor\u{202e} your letter.\n\nOn Wed, 14 Jan 2026 at 09:30, The coalition <outreach@coalition.example> wrote:\n> We write to you.\n\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"../../../.profile\"\n\nJVBERi0xLjQK\n--b--\n"
        ),
    );
    put(
        &workspace,
        "2",
        &format!(
            "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\nMessage-ID: <2@mx.example>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mission@deu.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{deu}>\nSubject: Appeal\n\n--b--\n"
        ),
    );
    put(
        &workspace,
        "3",
        &format!(
            "From: friend@elsewhere.example\nSubject: =cmd|'/C calc'!A0\nMessage-ID: <3@elsewhere.example>\nIn-Reply-To: <{fra}>\nContent-Type: text/plain\n\nThey say yes.\n"
        ),
    );
    put(
        &workspace,
        "4",
        "From: news@list.example\nSubject: News\nMessage-ID: <4@list.example>\nList-Id: <news.list.example>\nPrecedence: bulk\n\nNews.\n",
    );
    workspace
}

fn put(workspace: &Workspace, name: &str, text: &str) {
    for folder in ["cur", "tmp"] {
        std::fs::create_dir_all(workspace.path(&format!("box/{folder}"))).unwrap();
    }
    workspace.write(&format!("box/new/{name}.M.host"), text.replace('\n', "\r\n"));
}

fn message_id(workspace: &Workspace, state: &str) -> String {
    let rows = workspace.run("dispatches --json").json();
    let id = format!("spring/letter/{state}");
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id.as_str()).unwrap();
    row["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned()
}

#[test]
fn mail_is_told_as_it_is_filed_and_what_waits_asks_for_a_person() {
    let workspace = answered();
    let said = workspace.run("collect --from box").ends_with_code(4);
    golden("collect", &said.out);
    golden("pen", &workspace.run("pen").ends_with_code(0).out);
    golden("aside", &workspace.run("pen --aside").ends_with_code(0).out);
    golden("log_show", &workspace.run("log show 1").ends_with_code(0).out);
    workspace.run("status").ends_with_code(4).says("1 message in the pen");
    workspace.run("contacts").ends_with_code(0).says("mission@deu.example, on ").says("no such user");
    workspace.run("plan spring").ends_with_code(0).says("a letter to mission@deu.example came back");
    let again = workspace.run("collect --from box").ends_with_code(0);
    assert_eq!(again.out.lines().next(), Some("0 new messages"), "{}", again.out);
}

#[test]
fn an_entry_is_shown_whole_or_raw_and_its_files_are_saved_under_harmless_names() {
    let workspace = answered();
    workspace.run("collect --from box").ends_with_code(4);
    let whole = workspace.run("log show 1 --whole").ends_with_code(0).says("> We write to you.");
    assert!(!whole.out.contains(['\u{1b}', '\u{202e}']), "{}", whole.out);
    assert_eq!(workspace.bytes("log show 1 --raw"), workspace.read("box/new/1.M.host"), "byte for byte");
    workspace.run("log show 1 --save saved").ends_with_code(0).says("saved saved/1-profile");
    assert_eq!(workspace.read("saved/1-profile"), b"%PDF-1.4\n");
    workspace.run("log show 1 --save saved").ends_with_code(1).complains("is there already");
    let csv = workspace.run("log --csv").ends_with_code(0);
    assert!(csv.out.contains(",'=cmd|'"), "a spreadsheet would run it: {}", csv.out);
    workspace.run("log --search THANK").ends_with_code(0).says("1 entry");
    workspace.run("log show 2 --raw").ends_with_code(0);
    workspace.run("log add --delegation FRA --kind call --text Called").ends_with_code(0);
    workspace.run("log show 4 --raw").ends_with_code(1).complains("was made of no message");
}

#[test]
fn the_pen_is_emptied_by_filing_and_by_dismissing() {
    let workspace = answered();
    workspace.run("collect --from box").ends_with_code(4);
    workspace.run("log classify 3 --stance joined").ends_with_code(1).complains("file it first");
    workspace.run("pen dismiss 1 --reason x").ends_with_code(1).complains("does not wait in the pen");
    workspace.run("pen take 99").ends_with_code(1).complains("there is no message 99 that was set aside");
    workspace.run("log assign 3 --delegation FRX").ends_with_code(1).complains("FRX");
    workspace.run("log assign 3 --delegation FRA --campaign autumn").ends_with_code(1).complains("autumn");
    workspace
        .run("log assign 3 --delegation FRA")
        .ends_with_code(0)
        .says("entry 4 corrects entry 3: FRA, reply, answers spring/letter/FRA")
        .says("mail of friend@elsewhere.example is filed there from now on")
        .says("no reminder leaves to this mission");
    workspace.run("pen").ends_with_code(0).says("the pen is empty");
    workspace.run("pen take 4").ends_with_code(0).says("entry 5: in the pen");
    workspace.run("pen dismiss 5 --reason newsletter").ends_with_code(0).says("1 entry taken out of the pen");
    workspace.run("log classify 4 --stance considering --ask statment").ends_with_code(1).complains("statement");
    workspace.run("log classify 4 --stance considering --ask statement").ends_with_code(0);
    workspace.run("positions --delegation FRA").ends_with_code(0).says("considering");
}

#[test]
fn one_message_is_explained_without_a_database_and_without_a_workspace() {
    let workspace = answered();
    let explained = workspace.run("collect --explain box/new/2.M.host --json").ends_with_code(0).json();
    for (key, wanted) in [
        ("kind", Value::from("bounce")),
        ("delegation", Value::from("DEU")),
        ("dispatch", Value::from("spring/letter/DEU")),
        ("matched_by", Value::from("returned-letter")),
        ("smtp_status", Value::from("5.1.1")),
        ("permanent", Value::from(true)),
    ] {
        assert_eq!(explained[key], wanted, "{key}");
    }
    assert_eq!(explained["recipients"], serde_json::json!(["mission@deu.example"]));
    assert!(!workspace.path("var/mail").exists(), "nothing is stored");
    let elsewhere = Workspace::empty();
    elsewhere.write("one.eml", workspace.read("box/new/1.M.host"));
    let said = elsewhere.run("collect --explain one.eml").ends_with_code(0);
    said.says("reply").says("nowhere: no database is here to match it with").says("We thank you");
    elsewhere.run("collect --explain two.eml").ends_with_code(1).complains("two.eml cannot be read");
    elsewhere.run("collect --explain .").ends_with_code(1).complains("is not a plain file");
}

#[test]
fn a_mailbox_that_is_not_there_is_named_with_what_to_do() {
    let workspace = Workspace::sent();
    workspace.run("collect").ends_with_code(1).complains("[inbox] mode is \"none\"").complains("--from PATH");
    workspace.run("collect --from nowhere").ends_with_code(1).complains("nowhere");
    workspace.run("collect --from /dev/zero").ends_with_code(1).complains("/dev/zero");
    workspace.run("collect --from box --explain x").ends_with_code(2);
    workspace.edit(
        INSTALLATION,
        "[delivery]",
        "[inbox]\nmode = \"maildir\"\n\n[inbox.maildir]\npath = \"mail\"\n\n[delivery]",
    );
    let said = workspace.run("collect");
    assert_ne!(said.code, 0);
    assert!(said.err.contains("mail"), "{}", said.err);
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(workspace.path(&format!("mail/{folder}"))).unwrap();
    }
    workspace.run("collect").ends_with_code(0).says("is read for the first time");
    workspace.run("status").says("mail was last read");
}

#[test]
fn what_a_person_asks_to_erase_is_gone_from_log_and_disk() {
    let workspace = answered();
    workspace.run("collect --from box").ends_with_code(4);
    workspace.run("erase second@fra.example --yes").ends_with_code(0).says("1 entry emptied, 1 message");
    workspace.run("log show 1 --raw").ends_with_code(1).complains("has been erased");
    workspace.run("log show 1").ends_with_code(0).says("erased");
    let again = workspace.run("collect --from box").ends_with_code(0);
    assert!(!again.out.contains("entry"), "{}", again.out);
    workspace.run("log --search THANK").ends_with_code(0).says("no entry fits");
}
