//! Addresses that name the letter which an answer belongs to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/smtp_server.rs"]
#[allow(dead_code, reason = "this file uses a part")]
mod smtp_server;
#[path = "cli/workspace.rs"]
mod workspace;

use demarche::outbox::Token;
use demarche::vocabulary::Address;
use smtp_server::{Script, SmtpServer};
use workspace::{ANNA, BORIS, CAMPAIGN, INSTALLATION, Workspace};

/// Tokens need an inbox that is read.
fn turn(place: &Workspace, on: bool) {
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(place.path(&format!("mail/{folder}"))).unwrap();
    }
    let (from, to) = if on {
        (
            "[contacts]",
            "[inbox]\nmode = \"maildir\"\nreply_tokens = true\n\n[inbox.maildir]\npath = \"mail\"\n\n[contacts]",
        )
    } else {
        ("= true", "= false")
    };
    place.edit(INSTALLATION, from, to);
}

fn header<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[track_caller]
fn token_of(address: &str) -> Token {
    let address: Address = address.parse().unwrap();
    Token::in_address(&address).unwrap_or_else(|| panic!("no token"))
}

/// What `plan` says of letters that changed.
fn causes(place: &Workspace) -> Vec<String> {
    let said = place.run("plan spring").ends_with_code(0);
    said.out.lines().filter(|line| line.contains(" letters: ")).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn turning_tokens_on_and_off_is_one_cause_and_takes_approvals_back() {
    let place = Workspace::approved();
    turn(&place, true);
    let told = causes(&place);
    let of_letter: Vec<&String> = told.iter().filter(|line| line.starts_with("letter")).collect();
    assert_eq!(of_letter.len(), 2, "{told:#?}");
    assert!(of_letter[0].contains("3 letters: reply tokens turned on"), "{told:#?}");
    assert!(of_letter[1].contains("no longer approved"), "{told:#?}");
    assert_eq!(place.status_of("spring/letter/FRA"), "planned");
    assert_eq!(causes(&place), [""; 0], "a second plan changes nothing");
    place.run("preview spring --diff").ends_with_code(0).says("+TOKEN@coalition.example");
    turn(&place, false);
    assert!(causes(&place)[0].contains("3 letters: reply tokens turned off"));
}

#[test]
fn a_text_that_changes_with_them_is_told_as_well() {
    let place = Workspace::approved();
    turn(&place, true);
    place.edit(workspace::LETTER, "\n\n", "\n\nAnother sentence.\n\n");
    let told = causes(&place).join("\n");
    assert!(told.contains("3 letters: text changed") && told.contains("3 letters: reply tokens turned on"), "{told}");
}

#[test]
fn a_campaign_without_reply_to_gets_one_with_a_token() {
    let place = Workspace::approved();
    place.edit(CAMPAIGN, "reply_to  = \"outreach@coalition.example\"\n", "");
    place.run("plan spring").ends_with_code(0);
    turn(&place, true);
    assert!(causes(&place)[0].contains("3 letters: reply tokens turned on"));
    let eml = place.run("show spring/letter/FRA --eml").out;
    assert!(header(&eml, "Reply-To").unwrap().starts_with("outreach+"), "{eml}");
    turn(&place, false);
    let told = causes(&place);
    assert!(told[0].contains("3 letters: reply tokens turned off"), "{told:?}");
    assert_eq!(header(&place.run("show spring/letter/FRA --eml").out, "Reply-To"), None);
}

#[test]
fn answers_and_bounces_come_back_with_the_letter_s_own_token() {
    let server = SmtpServer::start(Script::plain());
    let place = Workspace::small();
    let smtp = format!(
        "mode = \"smtp\"\n[delivery.smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"",
        server.port()
    );
    place.edit(INSTALLATION, "mode = \"files\"\ndirectory = \"var/outgoing\"", &smtp);
    turn(&place, true);
    place.run("plan spring").ends_with_code(0);
    let planned = place.run("show spring/letter/FRA --eml").out;
    place.approve(ANNA);
    place.approve(BORIS);
    place.run("run --until-idle").ends_with_code(0).says("3 sent");
    let messages = server.messages();
    let mut seen = std::collections::HashSet::new();
    for message in &messages {
        let text = String::from_utf8(message.data.clone()).unwrap();
        assert_eq!(header(&text, "From"), Some("\"The coalition\" <outreach@coalition.example>"), "{text}");
        let token = token_of(header(&text, "Reply-To").unwrap());
        assert_eq!(token, token_of(&message.from), "envelope and answers name the same letter");
        assert!(seen.insert(token.to_string()), "two letters share a token");
    }
    assert_eq!(messages.len(), 3);
    assert!(seen.contains(token_of(header(&planned, "Reply-To").unwrap()).as_str()), "what was planned is what left");
    // What has left keeps what it left with.
    assert_eq!(causes(&place), [""; 0]);
}

#[test]
fn a_test_letter_carries_no_token() {
    let place = Workspace::small();
    turn(&place, true);
    place.run("test spring --to colleague@coalition.example --delegation FRA").ends_with_code(0);
    let name = place.names("var/outgoing").remove(0);
    let eml = String::from_utf8(place.read(&format!("var/outgoing/{name}"))).unwrap();
    assert_eq!(header(&eml, "Reply-To"), Some("outreach@coalition.example"), "{eml}");
}

#[test]
fn an_address_without_room_is_told_before_anything_is_planned() {
    let place = Workspace::small();
    turn(&place, true);
    let long = format!("reply_to  = \"{}@coalition.example\"", "x".repeat(50));
    place.edit(CAMPAIGN, "reply_to  = \"outreach@coalition.example\"", &long);
    place.run("check").ends_with_code(1).complains("has no room for a reply token");
}
