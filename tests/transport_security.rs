//! What others on the network, and those who get our mail, can learn of us: as little as there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/connected.rs"]
mod connected;
mod support;
#[path = "cli/workspace.rs"]
mod workspace;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use connected::{COLLEAGUE, Connected, IMAP_SECRET, SMTP_SECRET};
use demarche::adapters::smtp::Security;
use demarche::delivery::Phase;
use mail_parser::{MessageParser, MimeHeaders as _};
use support::courier::{check_broken, commands, hand_over_covered};
use support::smtp_server::{Identity, Script};
use workspace::{ANNA, BORIS, CAMPAIGN, INSTALLATION, say};

// What is refused before anything is said.

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_not_yet_valid_is_refused() {
    for (from, until, words) in [(1990, 1991, "expired"), (4000, 4096, "not valid yet")] {
        let identity = Identity::for_years("localhost", from, until);
        for (script, security) in
            [(Script::starttls(&identity), Security::Starttls), (Script::implicit_tls(&identity), Security::Tls)]
        {
            let script = script.account("outreach", "correct horse");
            let (verdict, server) = hand_over_covered(script, security, &identity).await;
            check_broken(&verdict, Phase::Tls, words);
            assert!(server.messages().is_empty());
            let said = commands(&server);
            assert!(said.iter().all(|word| ["EHLO", "STARTTLS"].contains(&word.as_str())), "{said:?}");
        }
    }
}

#[test]
fn a_letter_waits_while_the_servers_certificate_does_not_hold() {
    let office = Connected::start().approved();
    let stranger = Identity::for_host("localhost");
    office.workspace.write("smtp.pem", &stranger.certificate_pem);
    office.run("run --until-idle");
    let statuses = office.workspace.statuses();
    let letters: Vec<_> = statuses.iter().filter(|(id, _)| id.contains("/letter/")).collect();
    // Who found out waits for its next try, the others until sending goes on.
    assert!(letters.iter().all(|(_, status)| status == "deferred" || status == "approved"), "{letters:?}");
    assert!(office.smtp.messages().is_empty());
    assert!(!commands(&office.smtp).contains(&"AUTH".to_owned()));
    office.run("dispatches --status deferred").says("certificate");
    office.run("check --online").ends_with_code(3).complains("certificate");
}

#[test]
fn tls_is_what_there_is_without_asking_and_a_server_without_it_gets_nothing() {
    let office = Connected::start().approved();
    office.smtp.set_script(Script::plain().account("outreach", SMTP_SECRET));
    office.run("run --until-idle");
    assert!(office.smtp.messages().is_empty());
    assert_eq!(commands(&office.smtp)[0], "EHLO");
    assert!(commands(&office.smtp).iter().all(|word| word == "EHLO"), "{:?}", commands(&office.smtp));
    office.run("dispatches --status deferred").says("STARTTLS");
    office.workspace.edit(INSTALLATION, "host = \"localhost\"", "host = \"localhost\"\nsecurity = \"none\"");
    office.run("check").ends_with_code(1).complains("a password is not sent without TLS");
}

// What the machine would tell of itself.

/// `sh` with the program behind it, in a machine of that name: `None`, with a named skip, where there can be none.
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn on_a_machine_called(name: &str, test: &str) -> Option<Command> {
    let script = format!("echo {name} > /proc/sys/kernel/hostname && exec \"$@\"");
    let machine = || {
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["-r", "-u", "/bin/sh", "-c", &script, "sh"]);
        command
    };
    let works = machine().arg("/bin/true").stderr(Stdio::null()).status();
    if works.is_ok_and(|status| status.success()) {
        return Some(machine());
    }
    assert!(std::env::var("CI").is_err(), "{test}: unshare does not work here");
    eprintln!("SKIPPED {test}: unshare does not work here");
    None
}

const ICS_STEP: &str = "
[[step]]
id     = \"confirmation\"
letter = \"meeting-confirmation\"
when   = \"meeting\"
attach = [\"meeting.ics\"]
";

#[test]
fn no_mail_that_we_write_tells_of_the_machine_its_user_or_its_clock() {
    let test = "no_mail_that_we_write_tells_of_the_machine_its_user_or_its_clock";
    if on_a_machine_called("canaryhost", test).is_none() {
        return;
    }
    let office = Connected::start();
    let campaign = String::from_utf8(office.workspace.read(CAMPAIGN)).unwrap();
    office.workspace.write(CAMPAIGN, campaign + ICS_STEP);
    office.workspace.write(
        "templates/letters/meeting-confirmation/en.md",
        include_str!("../templates/letters/meeting-confirmation/en.md"),
    );
    let run = |words: &[&str]| {
        let mut command = on_a_machine_called("canaryhost", test).unwrap();
        command.arg(assert_cmd::cargo::cargo_bin!("demarche")).args(words);
        command.current_dir(office.workspace.folder()).env_clear().stdin(Stdio::null());
        command.env("SMTP_PASSWORD", SMTP_SECRET).env("IMAP_PASSWORD", IMAP_SECRET);
        command.env("HOME", "/home/canaryhome").env("USER", "canaryuser").env("LOGNAME", "canaryuser");
        command.env("HOSTNAME", "canaryhost").env("TZ", "Asia/Kolkata").env("MAIL", "canaryuser@canaryhost");
        say(&mut command)
    };
    let approve = || {
        run(&["plan", "spring"]).ends_with_code(0);
        for approver in [ANNA, BORIS] {
            run(&["approve", "spring", "--yes", "--as", approver]).ends_with_code(0);
        }
        run(&["run", "--until-idle"]);
    };
    approve();
    run(&["meeting", "add", "--delegation", "FRA", "--at", "2090-01-10 15:00", "--place", "Palais", "--agenda", "All"])
        .ends_with_code(0);
    approve();
    run(&["test", "spring", "--to", COLLEAGUE]).ends_with_code(0);
    run(&["hold", "spring", "--delegation", "NOR", "--reason", "they asked"]);
    run(&["digest", "--send"]).ends_with_code(0);

    let mails: Vec<Vec<u8>> = office.smtp.messages().into_iter().map(|taken| taken.data).collect();
    let copies: Vec<Vec<u8>> = office.imap.state().appended.iter().map(|(_, copy)| copy.clone()).collect();
    assert_eq!((mails.len(), copies.len()), (6, 4), "three letters, a confirmation, a test, a digest; four copies");
    let folder = office.workspace.folder().display().to_string().to_lowercase();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap().trim().to_lowercase();
    let machine = ["canaryhost", "canaryuser", "canaryhome", "linux", "lettre", "rustls", "+0530", "kolkata"];
    let mut secret: Vec<&str> = machine.to_vec();
    secret.extend([folder.as_str(), release.as_str(), env!("CARGO_PKG_VERSION")]);
    for mail in mails.iter().chain(&copies) {
        let read = MessageParser::default().parse(mail).unwrap();
        let (id, from) = (read.message_id().unwrap(), read.from().unwrap().first().unwrap().address().unwrap());
        assert_eq!(id.split_once('@').unwrap().1, from.split_once('@').unwrap().1, "a Message-ID of another domain");
        let headers = String::from_utf8(mail.clone()).unwrap();
        let headers = headers.split("\r\n\r\n").next().unwrap().to_lowercase();
        for name in ["received:", "user-agent:", "x-mailer:", "x-originating-ip:", "sender:"] {
            assert!(!headers.lines().any(|line| line.starts_with(name)), "{name} in\n{headers}");
        }
        let parts = read.parts.iter().map(|part| {
            let name = part.attachment_name().unwrap_or_default();
            format!("{name}\n{}", String::from_utf8_lossy(part.contents()))
        });
        let whole = std::iter::once(headers).chain(parts).collect::<String>().to_lowercase();
        for word in &secret {
            assert!(!whole.contains(word), "`{word}` in\n{whole}");
        }
    }
    let dated = |mail: &Vec<u8>| String::from_utf8_lossy(mail).lines().next().unwrap().to_owned();
    assert!(mails.iter().map(dated).all(|date| date.ends_with(" +0100") || date.ends_with(" +0200")));
    // And what was said around them.
    let said = office.smtp.transcript().join("\n").to_lowercase();
    assert!(machine.iter().all(|word| !said.contains(word)), "{said}");
    let hello: Vec<_> = office.smtp.transcript().into_iter().filter(|line| line.starts_with("EHLO")).collect();
    assert!(hello.iter().all(|line| line == "EHLO coalition.example"), "{hello:?}");
    let asked = office.imap.state().lines.join("\n").to_lowercase();
    assert!(machine.iter().all(|word| !asked.contains(word)), "{asked}");
}

// Whom we speak to.

/// Every internet address that a command connects to, as strace writes it.
fn connections(office: &Connected, words: &str) -> (Output, Vec<String>) {
    let trace = office.workspace.path("trace");
    let plain = office.command(words);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=connect", "-o"]).arg(&trace).arg("--").arg(plain.get_program());
    command.args(plain.get_args()).current_dir(office.workspace.folder()).stdin(Stdio::null());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let lines = std::fs::read_to_string(&trace).unwrap();
    let internet = lines.lines().filter(|line| line.contains("sa_family=AF_INET"));
    (output, internet.map(str::to_owned).collect())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
fn only_the_configured_servers_are_ever_connected_to() {
    let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !traced.is_ok_and(|status| status.success()) {
        assert!(std::env::var("CI").is_err(), "strace does not work here");
        eprintln!("SKIPPED only_the_configured_servers_are_ever_connected_to: install strace");
        return;
    }
    let office = Connected::start();
    // Everything in it asks to be fetched.
    let hostile = "From: reader@elsewhere.example\r\nTo: outreach@coalition.example\r\nSubject: Re: appeal\r\n\
        Message-ID: <remote@elsewhere.example>\r\nList-Unsubscribe: <http://127.0.0.9:81/out>\r\n\
        Disposition-Notification-To: <reader@elsewhere.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://127.0.0.9:81/pixel.gif\"><link rel=stylesheet href=\"//tracker.elsewhere.example/x.css\">\
        <meta http-equiv=refresh content=\"0;url=http://127.0.0.9:81/\"><iframe src=\"http://127.0.0.9:81/\"></iframe>Thank you.\r\n\
        --b\r\nContent-Type: message/external-body; access-type=URL; URL=\"http://127.0.0.9:81/body\"\r\n\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\n";
    office.imap.state().message(1, "05-Feb-2026", hostile.as_bytes());
    let mut seen = Vec::new();
    for words in ["check", "check --online", "plan spring"] {
        seen.extend(connections(&office, words).1);
    }
    let office = office.approved();
    for words in ["run --until-idle", "collect", "digest --send", "preview spring --all --out letters", "status", "log"]
    {
        let (output, met) = connections(&office, words);
        assert_ne!(output.status.code(), Some(101), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        seen.extend(met);
    }
    assert_eq!(office.smtp.messages().len(), 4, "three letters and a digest");
    let ours = [office.smtp.port(), office.imap.addr.port()].map(|port| format!("htons({port})"));
    assert!(ours.iter().all(|port| seen.iter().any(|line| line.contains(port))), "{seen:#?}");
    let strange: Vec<_> = seen.iter().filter(|line| !ours.iter().any(|port| line.contains(port))).collect();
    assert!(strange.is_empty(), "{strange:#?}");
    assert!(seen.iter().all(|line| line.contains("127.0.0.1") || line.contains("\"::1\"")), "{seen:#?}");
    assert!(Path::new(&office.workspace.path("letters")).is_dir());
}
