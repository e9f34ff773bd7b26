//! The letter that confirms a meeting, from the agreement to the mission's calendar, through the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use mail_parser::{MessageParser, MimeHeaders as _};
use workspace::{ANNA, BORIS, CAMPAIGN, LETTER, Said, Workspace};

const STEP: &str = "
[[step]]
id     = \"confirmation\"
letter = \"meeting-confirmation\"
when   = \"meeting\"
attach = [\"meeting.ics\"]
";

const TEXT: &str = include_str!("../templates/letters/meeting-confirmation/en.md");

fn confirming() -> Workspace {
    let workspace = Workspace::small();
    let campaign = String::from_utf8(workspace.read(CAMPAIGN)).unwrap();
    workspace.write(CAMPAIGN, campaign + STEP);
    workspace.write("templates/letters/meeting-confirmation/en.md", TEXT);
    workspace
}

/// The first letter has left.
fn under_way() -> Workspace {
    let workspace = confirming();
    plan_and_approve(&workspace);
    workspace.run("run --until-idle").ends_with_code(0);
    workspace
}

fn plan_and_approve(workspace: &Workspace) {
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.approve(BORIS);
}

fn agree(workspace: &Workspace, state: &str, at: &str) -> Said {
    let place = "Palais des Nations, bar Serpent";
    let words =
        ["meeting", "add", "--delegation", state, "--at", at, "--place", place, "--agenda", "The national statement"];
    workspace.args(&words).ends_with_code(0)
}

fn of_meetings(workspace: &Workspace) -> Vec<String> {
    let rows = workspace.statuses().into_iter().filter(|(id, _)| id.contains("/confirmation-"));
    rows.map(|(id, status)| format!("{} {status}", id.trim_start_matches("spring/"))).collect()
}

/// Name and value of each line of the invitation in a letter that has left, its lines joined (RFC 5545, 3.1).
fn invitation(workspace: &Workspace, dispatch: &str) -> Vec<(String, String)> {
    let bytes = workspace.bytes(&format!("show {dispatch} --eml"));
    let message = MessageParser::default().parse(&bytes).unwrap();
    let files: Vec<_> = message.attachments().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].attachment_name(), Some("meeting.ics"));
    let kind = files[0].content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("text", Some("calendar")));
    assert_eq!(kind.attribute("method"), Some("REQUEST"));
    assert!(kind.attribute("charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")));
    let text = String::from_utf8(files[0].contents().to_vec()).unwrap();
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
    let unfolded = text.replace("\r\n ", "");
    let lines = unfolded.lines().map(|line| line.split_once(':').unwrap());
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[track_caller]
fn value(invitation: &[(String, String)], name: &str) -> String {
    let found = invitation.iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {invitation:#?}")).1.clone()
}

#[test]
fn a_meeting_is_confirmed_by_an_approved_letter_and_confirmed_anew_when_it_moves() {
    let workspace = under_way();
    assert_eq!(of_meetings(&workspace), [""; 0], "no meeting, no letter");
    agree(&workspace, "FRA", "2090-01-10 15:00").says("`demarche plan spring`, then `approve`");
    workspace.run("plan spring").ends_with_code(0).says("confirmation-1-0: 1 letter: new");
    workspace.run("plan spring").ends_with_code(0).says("Nothing has changed since the last plan");
    workspace.approve(ANNA);
    workspace.run("run --until-idle");
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/FRA planned"], "one organisation is not enough");
    workspace.approve(BORIS);
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/FRA sent"]);
    let first = invitation(&workspace, "spring/confirmation-1-0/FRA");
    assert_eq!(value(&first, "METHOD"), "REQUEST");
    assert_eq!(
        (value(&first, "DTSTART"), value(&first, "DTEND")),
        ("20900110T140000Z".into(), "20900110T150000Z".into())
    );
    assert_eq!(value(&first, "SEQUENCE"), "0");
    assert_eq!(value(&first, "ORGANIZER;CN=\"The coalition\""), "mailto:outreach@coalition.example");
    assert_eq!(value(&first, "LOCATION"), "Palais des Nations\\, bar Serpent");
    let asked = "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE";
    assert_eq!(value(&first, asked), "mailto:mission@fra.example");
    assert_eq!(value(&first, "SUMMARY"), "Our meeting on 10 January 2090 at 15:00");
    // What left is what was approved, and what is written to the folder is that behind its date.
    let approved = workspace.bytes("show spring/confirmation-1-0/FRA --eml");
    let names = workspace.names("var/outgoing");
    let name = names.iter().find(|name| name.contains("confirmation-1-0")).unwrap_or_else(|| panic!("{names:?}"));
    assert!(workspace.read(&format!("var/outgoing/{name}")).ends_with(&approved));

    workspace
        .args(&["meeting", "move", "1", "--at", "2090-01-11 09:00", "--reason", "strike"])
        .ends_with_code(0)
        .says("spring/confirmation-1-0/FRA has left");
    workspace.run("plan spring").ends_with_code(0).says("confirmation-1-1: 1 letter: new");
    workspace.args(&["approve", "spring", "--step", "confirmation", "--yes", "--as", ANNA]).ends_with_code(0);
    workspace.args(&["approve", "spring", "--step", "confirmation-1", "--yes", "--as", BORIS]).ends_with_code(0);
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/FRA sent", "confirmation-1-1/FRA sent"]);
    let second = invitation(&workspace, "spring/confirmation-1-1/FRA");
    assert_eq!((value(&second, "SEQUENCE"), value(&second, "DTSTART")), ("1".into(), "20900111T080000Z".into()));
    assert_eq!(value(&second, "UID"), value(&first, "UID"), "the calendar moves what it has");
    let again = invitation(&workspace, "spring/confirmation-1-0/FRA");
    assert_eq!(again, first, "what has left stays as it was");

    let cancelled = workspace.args(&["meeting", "cancel", "1", "--reason", "ill"]).ends_with_code(0);
    cancelled.says("spring/confirmation-1-1/FRA has left").says("write or telephone to the mission");
    workspace.run("plan spring").ends_with_code(0).says("Nothing has changed since the last plan");
    workspace.run("why spring FRA").ends_with_code(0).says("No letter: no meeting with it is agreed");
}

#[test]
fn only_the_mission_that_the_meeting_is_with_confirms_it() {
    let workspace = under_way();
    agree(&workspace, "NOR", "2090-01-10 15:00");
    let uid = workspace.run("meeting show 1 --json").json()["uid"].as_str().unwrap().to_owned();
    let accepted = |from: &str| {
        format!(
            "From: {from}\nTo: outreach@coalition.example\nSubject: Accepted\nMessage-ID: <{from}>\nMIME-Version: 1.0\n\
             Content-Type: text/calendar; method=REPLY; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:{uid}\n\
             SEQUENCE:0\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{from}\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    };
    for (n, from) in ["reader@elsewhere.example", "mission@fra.example"].into_iter().enumerate() {
        workspace.write(&format!("{n}.eml"), accepted(from));
        workspace.run(&format!("collect --from {n}.eml"));
    }
    let stranger = workspace.run("meeting confirm 1 --entry 1").ends_with_code(1);
    stranger.complains("entry 1 is filed under no delegation").complains("demarche log assign 1 --delegation NOR");
    workspace.run("meeting confirm 1 --entry 2").ends_with_code(1).complains("entry 2 is of FRA");
    workspace.run("log assign 1 --delegation NOR").ends_with_code(0);
    workspace.run("meeting confirm 1 --entry 1").ends_with_code(1).complains("corrected by entry 3");
    workspace.run("meeting confirm 1 --entry 3").ends_with_code(0).says("meeting 1 is confirmed: NOR comes");
}

#[test]
fn an_unsent_confirmation_never_leaves_once_its_meeting_has_moved_or_is_cancelled() {
    let workspace = under_way();
    agree(&workspace, "NOR", "2090-01-10 15:00");
    agree(&workspace, "NOR", "2090-01-12 15:00");
    plan_and_approve(&workspace);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/NOR approved", "confirmation-2-0/NOR approved"]);
    workspace
        .run("meeting move 1 --at 2090-01-11T09:00")
        .ends_with_code(0)
        .says("spring/confirmation-1-0/NOR does not leave any more");
    workspace.args(&["meeting", "cancel", "2", "--reason", "ill"]).says("spring/confirmation-2-0/NOR does not leave");
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/NOR cancelled", "confirmation-2-0/NOR cancelled"]);
    workspace.run("show spring/confirmation-1-0/NOR").says("meeting 1 was moved");
    plan_and_approve(&workspace);
    // Of one step and one mission, in the order in which they were planned.
    let rows = ["confirmation-1-0/NOR cancelled", "confirmation-2-0/NOR cancelled", "confirmation-1-1/NOR approved"];
    assert_eq!(of_meetings(&workspace), rows);
    let held = workspace.args(&["hold", "spring", "--step", "confirmation-1", "--reason", "wait", "--yes"]);
    held.ends_with_code(0);
    workspace.run("run --until-idle");
    assert!(of_meetings(&workspace).contains(&"confirmation-1-1/NOR held".to_owned()));
}

#[test]
fn a_confirmation_of_a_file_that_may_come_back_ends_with_its_meeting() {
    let workspace = under_way();
    agree(&workspace, "NOR", "2090-01-10 15:00");
    plan_and_approve(&workspace);
    workspace.run("run --until-idle").ends_with_code(0);
    workspace.run("meeting move 1 --at 2090-01-11T09:00").ends_with_code(0);
    workspace.run("restart spring --yes").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/NOR cancelled"]);
}

#[test]
fn a_meeting_noted_after_the_fact_is_confirmed_to_nobody() {
    let workspace = under_way();
    agree(&workspace, "NOR", "2018-03-01 15:00");
    workspace.run("plan spring").ends_with_code(0).says("Nothing has changed since the last plan");
}

#[test]
fn a_confirmation_is_previewed_explained_and_held_for_its_words_like_any_letter() {
    let workspace = under_way();
    agree(&workspace, "FRA", "2090-01-10 15:00");
    workspace
        .run("preview spring --step confirmation")
        .ends_with_code(0)
        .says("from 15:00 to 16:00 (1\u{a0}h), Geneva time")
        .says("meeting.ics");
    let why = workspace.run("why spring FRA").ends_with_code(0);
    why.says("confirmation: for each meeting, as soon as it is agreed or moved")
        .says("Meeting 1 is on Tue 2090-01-10 15:00 CET (1 hour).")
        .says("It leaves before the meeting begins, or not at all.");
    workspace.run("preview spring --step confirmtion").ends_with_code(1).complains("did you mean `confirmation`?");
    // Only the invitation says the place when the letter does not.
    workspace.write(
        "templates/letters/meeting-confirmation/en.md",
        "---\nsubject: Our meeting\n---\n{{salutation}}\n\nSee the invitation.\n\n{{closing}}\n",
    );
    workspace.args(&["meeting", "move", "1", "--place", "Mission of Norway"]).ends_with_code(0);
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-1/FRA held"]);
}

#[test]
fn check_renders_the_confirmation_with_meetings_that_nobody_has_agreed() {
    let workspace = confirming();
    workspace.run("check").ends_with_code(0).says("1 campaign, 3 steps, 3 missions, 9 letters rendered");
    assert!(!workspace.has_var());
    workspace.edit("templates/letters/meeting-confirmation/en.md", "{{#if meeting.agenda}}", "");
    workspace.edit("templates/letters/meeting-confirmation/en.md", "{{/if}}", "");
    workspace.run("check").ends_with_code(1).complains("meeting.agenda");
    workspace.edit("templates/letters/meeting-confirmation/en.md", "meeting.agenda", "meeting.subject");
    workspace.run("check").ends_with_code(1).complains("there is no fact `meeting.subject`");
}

#[test]
fn what_has_no_place_beside_meetings_is_refused_at_its_line() {
    let refused = |from: &str, to: &str, complaint: &str| {
        let workspace = confirming();
        workspace.edit(CAMPAIGN, from, to);
        workspace.run("check").ends_with_code(1).complains(complaint);
    };
    let attach = "attach = [\"meeting.ics\"]";
    refused(attach, "follows = \"letter\"", "`follows` has no place in a step that confirms meetings");
    refused(attach, "late = \"skip\"", "`late` has no place");
    refused("late_by = \"36500 days\"", attach, "`meeting.ics` invites to a meeting, and this step is about none");
    refused("\"custom:launch\", offset", "\"meeting\", offset", "a milestone is written hrc:N.opens");
    refused("id      = \"reminder\"", "id = \"confirmation-2\"", "is the name of a letter of the step `confirmation`");
    refused(attach, &STEP.replace("confirmation\"\nletter", "other\"\nletter"), "confirms meetings already");
    let workspace = confirming();
    workspace.edit(LETTER, "{{salutation}}", "{{salutation}}\n\n{{meeting.place}}");
    workspace.run("check").ends_with_code(1).complains("only in a step that confirms meetings: when = \"meeting\"");
}

#[test]
fn the_letters_that_come_with_it_say_it_in_three_languages() {
    let place = Workspace::empty();
    place.run("init w").ends_with_code(0);
    let file = "w/config/campaigns/hrc37-china.toml";
    let campaign = String::from_utf8(place.read(file)).unwrap();
    let (before, step) = campaign.split_once("# [[step]]").expect("the example shows the step");
    place.write(file, format!("{before}[[step]]{}", step.replace("\n# ", "\n")));
    let checked = place.run("--workspace w check").ends_with_code(0);
    checked.says("1 campaign, 4 steps, 193 missions, 768 letters rendered: nothing is wrong");
}

/// The same campaign under another name, with a letter that is due and one meeting step.
#[test]
fn a_confirmation_keeps_no_distance_to_the_letters_of_another_campaign() {
    let workspace = confirming();
    let spring = String::from_utf8(workspace.read(CAMPAIGN)).unwrap();
    let (head, _) = spring.split_once("[[step]]").unwrap();
    workspace.write("config/campaigns/autumn.toml", spring.replace("id        = \"spring\"", "id = \"autumn\""));
    workspace.write(CAMPAIGN, format!("{head}{STEP}"));
    std::fs::remove_file(workspace.path(workspace::REHEARSAL)).unwrap();
    workspace.run("plan spring").ends_with_code(0);
    agree(&workspace, "FRA", "2090-01-10 15:00");
    plan_and_approve(&workspace);
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(of_meetings(&workspace), ["confirmation-1-0/FRA sent"]);
    let planned = workspace.run("plan autumn").ends_with_code(0);
    assert!(!planned.out.contains("will be held"), "{}", planned.out);
    for who in [ANNA, BORIS] {
        workspace.args(&["approve", "autumn", "--yes", "--as", who]).ends_with_code(0);
    }
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(workspace.status_of("autumn/letter/FRA"), "sent", "a confirmation is no letter of a campaign");
    workspace.args(&[
        "meeting",
        "add",
        "--delegation",
        "NOR",
        "--campaign",
        "spring",
        "--at",
        "2090-01-12 15:00",
        "--place",
        "x",
    ]);
    plan_and_approve(&workspace);
    workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/confirmation-2-0/NOR"), "sent", "what was agreed is not pressed upon them");
}

/// What a mission's calendar sends back (RFC 5546, 3.2.3 and 3.2.7).
fn answer(invitation: &[(String, String)], method: &str, answer: &str, sequence: &str, start: &str) -> String {
    let uid = value(invitation, "UID");
    let event = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mission//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         SEQUENCE:{sequence}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\n\
         ORGANIZER:mailto:outreach@coalition.example\r\n\
         ATTENDEE;PARTSTAT={answer}:mailto:mission@fra.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    format!(
        "From: mission@fra.example\r\nTo: outreach@coalition.example\r\nSubject: {answer}: Our meeting\r\n\
         Message-ID: <{method}-{answer}-{sequence}@fra.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}; charset=UTF-8\r\n\r\n{event}"
    )
}

#[test]
fn the_answer_of_the_mission_s_calendar_is_filed_and_a_person_takes_note_of_it() {
    let workspace = under_way();
    agree(&workspace, "FRA", "2090-01-10 15:00");
    plan_and_approve(&workspace);
    workspace.run("run --until-idle").ends_with_code(0);
    let invited = invitation(&workspace, "spring/confirmation-1-0/FRA");
    let start = value(&invited, "DTSTART");
    let collected = |name: &str, text: String| -> i64 {
        workspace.write(name, text);
        let said = workspace.run(&format!("collect --from {name}"));
        let rows = workspace.run("log --kind calendar-reply --json").json();
        let last = rows.as_array().unwrap().iter().filter_map(|row| row["id"].as_i64()).max();
        last.unwrap_or_else(|| panic!("{said:?}\n{}", workspace.run("pen").out))
    };
    let yes = collected("yes.eml", answer(&invited, "REPLY", "ACCEPTED", "0", &start));
    workspace.run("meeting list --json").says("\"confirmed\": false");
    workspace
        .run(&format!("meeting confirm 1 --entry {yes}"))
        .ends_with_code(0)
        .says("meeting 1 is confirmed: FRA comes");
    workspace.run("meeting show 1").says("meeting 1 with FRA: agreed, confirmed");
    let other = collected("other.eml", answer(&invited, "COUNTER", "TENTATIVE", "0", "20900111T080000Z"));
    workspace
        .run(&format!("meeting confirm 1 --entry {other}"))
        .ends_with_code(0)
        .says("`demarche meeting move 1 --at \"2090-01-11 09:00\"`");
    workspace.args(&["meeting", "move", "1", "--at", "2090-01-11 09:00"]).ends_with_code(0);
    let late = workspace.run(&format!("meeting confirm 1 --entry {yes}")).ends_with_code(0);
    late.says("FRA has accepted the meeting as it was (version 0 of the invitation, now it is 1)");
    let no = collected("no.eml", answer(&invited, "REPLY", "DECLINED", "1", "20900111T080000Z"));
    workspace.run(&format!("meeting confirm 1 --entry {no}")).ends_with_code(0).says("`demarche meeting cancel 1");
    let forged = collected("forged.eml", answer(&invited, "REPLY", "ACCEPTED", "7", &start));
    workspace
        .run(&format!("meeting confirm 1 --entry {forged}"))
        .ends_with_code(1)
        .complains("the entry answers version 7 of the invitation");
    assert_eq!(of_meetings(&workspace).len(), 1, "no incoming mail causes a letter");
}
