//! Letters over a mail server that nobody here wrote, answered as missions answer, and read from another one: all through the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;
#[path = "cli/workspace.rs"]
mod workspace;
#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use demarche::adapters::clock::SystemClock;
use demarche::ports::Clock as _;
use demarche::vocabulary::Zone;
use serde_json::Value;
use support::missions::{Answer, Letter, base64};
use support::postfix::OUTREACH;
use workspace::{CONTACTS, INSTALLATION, Workspace};
use world::{UNKNOWN, World, a_reply, files, mailbox, subject_of};

#[test]
fn what_missions_and_their_servers_send_back_is_filed_where_it_belongs() {
    let states = [
        "AUT", "BEL", "CHE", "DEU", "DNK", "ESP", "FIN", "FRA", "GBR", "GHA", "IRL", "ISL", "ITA", "JPN", "NOR", "PER",
        "PRT", "SWE",
    ];
    let test = "what_missions_and_their_servers_send_back_is_filed_where_it_belongs";
    let Some(mut world) = World::after_the_letter(test, &states) else { return };
    let pdf =
        [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".as_slice(), &(0..=255).cycle().take(70_000).collect::<Vec<u8>>()].concat();
    let back = Zone::GENEVA.day_of(SystemClock.now()).plus_days(14).unwrap();
    let answers = [
        a_reply(&world, "FRA", "We thank you and will consider it."),
        a_reply(&world, "FIN", "Noted."),
        a_reply(&world, "DEU", "Kari, what do you think?").with_copy_to(&mailbox("NOR")),
        // Another person, who answers from an own mailbox.
        Answer::from("kari.nordmann@nor.example", &subject_of(&world.letter("NOR")), "We support this.")
            .in_reply_to(&world.letter("NOR")),
        Answer::from(&mailbox("ESP"), "Nota verbal 12/2026", "Adjuntamos nuestra respuesta."),
        Answer::from("urs.muster@che.example", "AW: An appeal for writers in prison", "Danke."),
        Answer::from("third.secretary@prt.example", "Meeting next week?", "Could we meet next week?"),
        forwarded(&world.letter("ITA")),
        absence(&world.letter("GBR"), "GBR", "Automatic reply: ", &format!("I am out of the office and will be back on {}.", back.date().format("%-d %B %Y")))
            .header(format!("X-Auto-Response-Suppress: All\r\nX-MS-Exchange-Inbox-Rules-Loop: {}\r\nAuto-Submitted: auto-generated", mailbox("GBR"))),
        absence(&world.letter("BEL"), "BEL", "Re: ", "Je suis absente du bureau et ne consulte pas ma messagerie.")
            .header("Auto-Submitted: auto-replied (zimbra; vacation)\r\nPrecedence: bulk"),
        absence(&world.letter("PER"), "PER", "Re: ", "Estoy fuera de la oficina y responderé a mi regreso.")
            .header("Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\nX-Autoreply: yes"),
        receipt(&world.letter("SWE"), "SWE"),
        in_japanese(&world, "JPN", &pdf),
        a_reply(&world, "AUT", "").body(
            "text/html; charset=windows-1252",
            "8bit",
            b"<html><body><p>Sehr geehrte Damen und Herren,</p><p>wir pr\xfcfen Ihr Schreiben \x96 danke.</p></body></html>\r\n",
        ),
        forged_bounce(&mailbox("FRA")),
    ];
    for answer in &answers {
        world.post.send(answer);
    }
    // Postfix returns three letters, and the copy of a fourth.
    world.arrived(answers.len() + 4);
    let before = files(&world.dovecot.maildir("INBOX"));
    world.workspace.run("collect").ends_with_code(4);
    assert_eq!(files(&world.dovecot.maildir("INBOX")), before, "something was marked, moved or written");

    let filed = [
        "AUT reply in-reply-to certain",
        "BEL auto-reply in-reply-to certain",
        "CHE reply domain-and-subject likely",
        "DEU reply in-reply-to certain",
        "ESP reply sender-address likely",
        "FIN bounce returned-letter certain",
        "FIN reply in-reply-to certain",
        "FRA reply in-reply-to certain",
        "GBR auto-reply in-reply-to certain",
        "GHA bounce returned-letter certain",
        "IRL bounce returned-letter certain",
        "ISL bounce returned-letter certain",
        "JPN reply in-reply-to certain",
        "NOR reply in-reply-to certain",
        "PER auto-reply in-reply-to certain",
        "SWE receipt in-reply-to certain",
    ];
    assert_eq!(world.filed(), filed.map(str::to_owned).into());
    let pen: BTreeMap<String, String> = world.json("pen").iter().map(waiting).collect();
    let waits = [
        ("MAILER-DAEMON@mx.elsewhere.example", "FRA: it returns a letter that we did not send"),
        ("clerk@private.example", "ITA: it names no letter of ours, and its sender is not known"),
        ("third.secretary@prt.example", "PRT: it names no letter of ours, and its sender is not known"),
    ];
    assert_eq!(pen, waits.map(|(from, why)| (from.to_owned(), why.to_owned())).into());

    let (sent, bounced): (Vec<_>, Vec<_>) =
        world.statuses("letter").into_iter().partition(|(_, status)| status == "sent");
    assert_eq!(sent.len(), states.len() - 3);
    assert_eq!(bounced, ["GHA", "IRL", "ISL"].map(|state| (state.to_owned(), "bounced".to_owned())));
    assert_eq!(world.entry("FRA", "reply")["text"], "We thank you and will consider it.");
    assert_eq!(
        world.entry("AUT", "reply")["text"],
        "Sehr geehrte Damen und Herren,\n\nwir prüfen Ihr Schreiben – danke."
    );
    assert_eq!(world.entry("JPN", "reply")["text"], "ご連絡ありがとうございます。慎重に検討いたします。");
    let absent = world.entry("GBR", "auto-reply")["id"].clone();
    assert_eq!(world.workspace.run(&format!("log show {absent} --json")).json()["back_on"], back.to_string());

    let scanned = world.entry("JPN", "reply")["id"].clone();
    world.workspace.run(&format!("log show {scanned} --save saved")).ends_with_code(0);
    assert_eq!(world.workspace.names("saved"), [format!("{scanned}-Note verbale.pdf")]);
    assert!(world.workspace.read(&format!("saved/{scanned}-Note verbale.pdf")) == pdf, "not the bytes that were sent");

    // A full mailbox and a refused text say nothing against the address.
    assert_eq!(doubtful(&world), ["FIN rights@fin.example 5.1.1", "GHA mission@gha.example 5.1.1"]);
    let log = world.json("log");
    let again = world.workspace.run("collect --json").ends_with_code(0).json();
    assert_eq!((&again["new"], &again["here_already"], &again["aside"]), (&0.into(), &0.into(), &0.into()));
    assert_eq!(world.json("log"), log);
    // As after a repair of the server: every message has another number there.
    std::thread::sleep(Duration::from_millis(1100));
    world.dovecot.forget_numbers();
    let anew = world.workspace.run("collect --json").ends_with_code(0).json();
    assert_eq!((&anew["new"], &anew["here_already"]), (&0.into(), &before.len().into()));
    assert_eq!(world.json("log"), log);
    world.workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(world.handed_over(), states.len(), "no incoming mail causes a letter");
    assert_eq!(files(&world.dovecot.maildir("INBOX")), before);
    each_letter_is_filed_as_sent_once(&world);
}

/// From and `FRA: why` of a row in the pen, with the best guess.
fn waiting(row: &Value) -> (String, String) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (word(&row["from"]), format!("{}: {}", word(&row["guesses"][0]["delegation"]), word(&row["why"])))
}

/// State, address and code of each row of the contact list of which a letter came back.
fn doubtful(world: &World) -> Vec<String> {
    let list = world.workspace.run("contacts --json").json();
    let missions = list["missions"].as_array().unwrap();
    let of = |mission: &Value| {
        let rows = mission["doubtful"].as_array().unwrap().clone();
        let state = mission["state"].as_str().unwrap().to_owned();
        rows.into_iter()
            .map(move |row| format!("{state} {} {}", row["address"].as_str().unwrap(), row["status"].as_str().unwrap()))
    };
    missions.iter().flat_map(of).collect()
}

#[track_caller]
fn each_letter_is_filed_as_sent_once(world: &World) {
    let copies = files(&world.dovecot.maildir("Sent"));
    let filed: BTreeSet<String> = copies.values().map(|raw| format!("<{}>", Letter::read(raw).id)).collect();
    let rows = world.json("dispatches");
    let sent = rows.iter().filter(|row| !row["sent_at"].is_null());
    let sent: BTreeSet<String> = sent.map(|row| row["message_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(filed, sent);
    assert_eq!(copies.len(), sent.len(), "a letter is filed twice");
}

/// Somebody whom we do not know has the letter from the mission.
fn forwarded(letter: &Letter) -> Answer {
    let text = format!(
        "This reached us from the mission, and I will take care of it.\n\n---------- Forwarded message ---------\nFrom: The coalition <{OUTREACH}>\nTo: <{}>\nSubject: {}\n\n{}",
        mailbox("ITA"),
        letter.subject,
        letter.text
    );
    Answer::from("clerk@private.example", &format!("Fwd: {}", letter.subject), &text)
}

fn absence(letter: &Letter, state: &str, before_subject: &str, text: &str) -> Answer {
    Answer::from(&mailbox(state), &format!("{before_subject}{}", letter.subject), text)
        .in_reply_to(letter)
        .by_a_machine()
}

/// RFC 8098
fn receipt(letter: &Letter, state: &str) -> Answer {
    let (address, id) = (mailbox(state), &letter.id);
    let report = format!(
        "Reporting-UA: {state}; Thunderbird\r\nFinal-Recipient: rfc822;{address}\r\nOriginal-Message-ID: <{id}>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    );
    let subject = format!("Return Receipt (displayed) - {}", letter.subject);
    Answer::from(&address, &subject, "").in_reply_to(letter).by_a_machine().parts(
        "multipart/report; report-type=disposition-notification",
        &[
            ("Content-Type: text/plain", b"This is a Return Receipt for the mail that you sent.\r\n"),
            ("Content-Type: message/disposition-notification", report.as_bytes()),
        ],
    )
}

/// A few words, and the answer itself as a scanned file.
fn in_japanese(world: &World, state: &str, pdf: &[u8]) -> Answer {
    a_reply(world, state, "").parts(
        "multipart/mixed",
        &[
            ("Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: 7bit", b"\x1b$B$4O\"Mm$\"$j$,$H$&$4$6$$$^$9!#?5=E$K8!F$$$$?$7$^$9!#\x1b(B\r\n"),
            (
                "Content-Type: application/pdf; name=\"Note verbale.pdf\"\nContent-Disposition: attachment; filename=\"Note verbale.pdf\"\nContent-Transfer-Encoding: base64",
                &base64(pdf),
            ),
        ],
    )
}

/// It says that a letter came back which we never sent.
fn forged_bounce(address: &str) -> Answer {
    let status = format!(
        "Reporting-MTA: dns; mx.elsewhere.example\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    );
    let returned = format!(
        "From: {OUTREACH}\r\nTo: {address}\r\nSubject: An appeal\r\nMessage-ID: <0123456789abcdef@coalition.example>\r\n\r\nWe write to you.\r\n"
    );
    Answer::from("MAILER-DAEMON@mx.elsewhere.example", "Undelivered Mail Returned to Sender", "")
        .by_a_machine()
        .header("Auto-Submitted: auto-replied")
        .parts(
            "multipart/report; report-type=delivery-status",
            &[
                ("Content-Type: text/plain", b"Your message could not be delivered.\r\n"),
                ("Content-Type: message/delivery-status", status.as_bytes()),
                ("Content-Type: message/rfc822", returned.as_bytes()),
            ],
        )
}

#[test]
fn a_reminder_reaches_only_those_who_have_not_answered() {
    let states = ["DNK", "FRA", "GBR", "ITA", "KOR", "PRT", "SWE"];
    let Some(mut world) = World::after_the_letter("a_reminder_reaches_only_those_who_have_not_answered", &states)
    else {
        return;
    };
    let first = [
        a_reply(&world, "FRA", "We thank you."),
        absence(&world.letter("GBR"), "GBR", "Automatic reply: ", "I am out of the office.")
            .header("Auto-Submitted: auto-generated"),
        receipt(&world.letter("SWE"), "SWE"),
        forwarded(&world.letter("ITA")),
        Answer::from("third.secretary@prt.example", "Meeting next week?", "Could we meet next week?"),
    ];
    first.iter().for_each(|answer| world.post.send(answer));
    world.arrived(first.len());
    world.workspace.run("collect").ends_with_code(4);
    world.approve("reminder");
    // One who answers at the last moment: the worker reads the mailbox first.
    let last = a_reply(&world, "KOR", "Forgive our late answer.");
    world.post.send(&last);
    world.arrived(first.len() + 1);
    world.workspace.run("run --until-idle").ends_with_code(0);
    let of = |world: &World, wanted: &str| {
        let all = world.statuses("reminder").into_iter().filter(|(_, status)| status == wanted);
        all.map(|(state, _)| state).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(&world, "sent"), "DNK GBR SWE");
    assert_eq!(of(&world, "skipped"), "FRA KOR");
    assert_eq!(of(&world, "held"), "ITA PRT", "what waits in the pen may be their answer");

    let pen: BTreeMap<String, i64> =
        world.json("pen").iter().map(|row| (waiting(row).0, row["id"].as_i64().unwrap())).collect();
    world
        .workspace
        .args(&["pen", "dismiss", &pen["clerk@private.example"].to_string(), "--reason", "a stranger"])
        .ends_with_code(0);
    world
        .workspace
        .run(&format!("log assign {} --delegation PRT", pen["third.secretary@prt.example"]))
        .ends_with_code(0);
    world.workspace.run("run --until-idle").ends_with_code(0);
    assert_eq!(of(&world, "sent"), "DNK GBR ITA SWE");
    assert_eq!(of(&world, "skipped"), "FRA KOR PRT");
    world.delivered_to_missions(states.len() + 4);
    for state in states {
        let letters = world.letters(&mailbox(state));
        let reminded = ["DNK", "GBR", "ITA", "SWE"].contains(&state);
        assert_eq!(letters.len(), if reminded { 2 } else { 1 }, "{state}");
        let follows: Vec<&String> = letters.iter().filter_map(|letter| letter.follows.as_ref()).collect();
        assert!(follows.iter().all(|id| letters.iter().any(|letter| letter.id == **id)), "{state}: {letters:?}");
        assert_eq!(follows.len(), usize::from(reminded), "{state}");
    }
    each_letter_is_filed_as_sent_once(&world);
}

#[test]
fn a_letter_that_the_server_returned_reaches_the_corrected_address_and_nobody_twice() {
    let test = "a_letter_that_the_server_returned_reaches_the_corrected_address_and_nobody_twice";
    let Some(world) = World::after_the_letter(test, &["FRA", "GHA"]) else { return };
    world.arrived(1);
    world.workspace.run("collect").ends_with_code(4).says("spring/letter/GHA is bounced: correct the address");
    world.workspace.run("show spring/letter/GHA").says("mission@gha.example was refused later (5.1.1)");
    let id = |world: &World| {
        let rows = world.json("dispatches spring --delegation GHA --step letter");
        rows[0]["message_id"].as_str().unwrap().to_owned()
    };
    let before = id(&world);
    world.workspace.edit(CONTACTS, UNKNOWN, "office@gha.example");
    world.workspace.run("plan spring").ends_with_code(0);
    world.workspace.run("retry spring/letter/GHA --yes").ends_with_code(0);
    assert_eq!(world.workspace.status_of("spring/letter/GHA"), "planned", "another envelope is approved anew");
    world.approve("letter");
    world.workspace.run("run --until-idle").ends_with_code(0);
    world.delivered_to_missions(2);
    let reached = world.letters("office@gha.example");
    assert_eq!(reached.len(), 1);
    assert_eq!((format!("<{}>", reached[0].id), id(&world)), (before.clone(), before));
    assert_eq!(world.letters(&mailbox("FRA")).len(), 1);
    assert_eq!(world.statuses("letter").into_values().collect::<Vec<_>>(), ["sent", "sent"]);
    world.workspace.run("collect --json").ends_with_code(0);
}

#[test]
fn an_answer_or_a_returned_letter_that_comes_to_a_reply_address_says_which_letter_it_is_about() {
    let test = "an_answer_or_a_returned_letter_that_comes_to_a_reply_address_says_which_letter_it_is_about";
    let tokens = |workspace: &Workspace| {
        workspace.edit(INSTALLATION, "mode = \"imap\"", "mode = \"imap\"\nreply_tokens = true");
    };
    let Some(mut world) = World::with_settings(test, &["FRA", "GHA", "NOR"], tokens) else { return };
    let reply_to = world.letter("NOR").reply_to;
    assert!(reply_to.starts_with("outreach+") && reply_to != world.letter("FRA").reply_to, "{reply_to}");
    // Neither the letter's name nor its subject is in it, and the writer is unknown.
    let elsewhere = Answer::from("second.secretary@nor.example", "Nordic position", "We support this.");
    world.post.send(&elsewhere.addressed_to(&reply_to));
    world.arrived(2);
    world.workspace.run("collect").ends_with_code(4);
    let filed = ["GHA bounce reply-token certain", "NOR reply reply-token certain"];
    assert_eq!(world.filed(), filed.map(str::to_owned).into());
    assert_eq!(world.workspace.status_of("spring/letter/GHA"), "bounced");
}

#[test]
fn mail_is_read_once_however_often_its_reader_is_killed() {
    let Some(world) = World::after_the_letter("mail_is_read_once_however_often_its_reader_is_killed", &["FRA"]) else {
        return;
    };
    let letter = world.letter("FRA");
    let (mut written, mut killed) = (BTreeSet::new(), 0);
    for round in 0..30_u64 {
        for number in 0..3 {
            let words = format!("Answer {round}.{number}");
            let answer = Answer::from(&mailbox("FRA"), &subject_of(&letter), &words).in_reply_to(&letter);
            world.dovecot.deliver(&format!("{round:02}.{number}"), &answer.bytes(&words));
            written.insert(words);
        }
        let mut reader = world.workspace.start("collect");
        std::thread::sleep(Duration::from_millis(round * 10));
        // One that has ended meanwhile cannot be killed.
        let _ended = reader.kill();
        killed += usize::from(reader.wait().unwrap().code().is_none());
    }
    assert!(killed > 2, "nearly every reader was faster than its end");
    world.workspace.run("collect").ends_with_code(0);
    let texts: Vec<String> = world.json("log").iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts.len(), written.len());
    assert_eq!(texts.into_iter().collect::<BTreeSet<_>>(), written);
}

#[test]
fn a_mission_s_calendar_accepts_what_a_letter_invites_to() {
    let Some(mut world) =
        World::after_the_letter("a_mission_s_calendar_accepts_what_a_letter_invites_to", &["DNK", "FRA"])
    else {
        return;
    };
    let add = ["meeting", "add", "--delegation", "FRA", "--at", "2090-01-10 15:00", "--place", "Palais des Nations"];
    world.workspace.args(&add).ends_with_code(0);
    world.workspace.run("plan spring").ends_with_code(0);
    world.approve("confirmation");
    world.workspace.run("run --until-idle").ends_with_code(0);
    world.delivered_to_missions(3);
    let letters = world.letters(&mailbox("FRA"));
    let invitation = letters.iter().find(|letter| letter.invitation.is_some()).expect("an invitation");
    world.post.send(&accepted(invitation, &mailbox("FRA")));
    world.arrived(1);
    world.workspace.run("collect").ends_with_code(0);
    let entry = world.entry("FRA", "calendar-reply");
    assert_eq!(entry["dispatch"], "spring/confirmation-1-0/FRA");
    assert_eq!((&entry["matched_by"], &entry["confidence"]), (&"in-reply-to".into(), &"certain".into()));
    world.workspace.run("meeting show 1 --json").says("\"confirmed\": false");
    let confirmed = world.workspace.run(&format!("meeting confirm 1 --entry {}", entry["id"]));
    confirmed.ends_with_code(0).says("meeting 1 is confirmed: FRA comes");
}

/// RFC 5546, 3.2.3, as Exchange sends it.
fn accepted(invitation: &Letter, address: &str) -> Answer {
    let invited = |name: &str| invitation.invited(name);
    let event = format!(
        "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nPRODID:Microsoft Exchange Server 2010\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nATTENDEE;PARTSTAT=ACCEPTED;CN=Mission:MAILTO:{address}\r\nUID:{}\r\nDTSTART:{}\r\nDTEND:{}\r\nSEQUENCE:{}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Accepted: {}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        invited("UID"),
        invited("DTSTART"),
        invited("DTEND"),
        invited("SEQUENCE"),
        invitation.subject,
    );
    Answer::from(address, &format!("Accepted: {}", invitation.subject), "").in_reply_to(invitation).parts(
        "multipart/alternative",
        &[
            ("Content-Type: text/plain; charset=utf-8", b"\r\n"),
            (
                "Content-Type: text/calendar; charset=utf-8; method=REPLY\nContent-Transfer-Encoding: base64",
                &base64(event.as_bytes()),
            ),
        ],
    )
}
