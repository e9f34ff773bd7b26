//! Letters that come back, in the shapes in which servers send them back. The samples are ours, as servers of each kind write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use demarche::adapters::mail;
use demarche::inbox::{MailKind, Reading, understand};

const LETTER: &str = "Received: from mail.coalition.example by mx.fra.example; Mon, 5 Feb 2018 09:30:00 +0100\nMessage-ID: <letter-1@coalition.example>\n\
    From: The coalition <outreach@coalition.example>\nTo: head@fra.example\nSubject: Joint letter\n\nExcellency,\n";

fn read(raw: &str) -> Reading {
    understand(&mail::parse(raw.as_bytes()))
}

fn bounce(from: &str, subject: &str, body: &str) -> Reading {
    read(&format!(
        "Return-Path: <>\nFrom: {from}\nTo: outreach@coalition.example\nSubject: {subject}\nMessage-ID: <b@mx.fra.example>\n\n{body}"
    ))
}

/// Address, status, permanent, wrong address.
type Told<'a> = (&'a str, Option<&'a str>, Option<bool>, bool);

fn check(shape: &str, reading: &Reading, expected: Told<'_>) {
    assert_eq!(reading.kind, MailKind::Bounce, "{shape}: {:?}", reading.reasons);
    let one = reading.returned.first().unwrap_or_else(|| panic!("{shape}: nobody is named"));
    let told = (one.address.as_str(), one.status.as_deref(), one.permanent, one.wrong_address);
    assert_eq!(told, expected, "{shape}: {}", one.words);
    assert_eq!(reading.returned.len(), 1, "{shape}: {:?}", reading.returned);
}

fn with_letter(shape: &str, reading: &Reading) {
    assert_eq!(reading.originals.first().map(String::as_str), Some("letter-1@coalition.example"), "{shape}");
    assert_eq!(reading.returned_subject.as_deref(), Some("Joint letter"), "{shape}");
}

#[test]
fn bounces_of_servers_that_write_prose_are_read() {
    let shapes: [(&str, &str, &str, &str, Told<'_>); 15] = [
        (
            "qmail",
            "MAILER-DAEMON@mx.fra.example",
            "failure notice",
            "Hi. This is the qmail-send program at mx.fra.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<head@fra.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n",
            ("head@fra.example", Some("5.1.1"), Some(true), true),
        ),
        (
            "qmail, given up",
            "MAILER-DAEMON@mx.fra.example",
            "failure notice",
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<head@fra.example>:\nI'm not going to try again; this message has been in the queue too long. (#4.4.1)\n\n--- Below this line is a copy of the message.\n\n",
            ("head@fra.example", Some("4.4.1"), Some(false), false),
        ),
        (
            "exim",
            "Mail Delivery System <Mailer-Daemon@mx.fra.example>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  head@fra.example\n    SMTP error from remote mail server after RCPT TO:<head@fra.example>:\n    host mx.fra.example [192.0.2.1]: 550 No such user here\n\n------ This is a copy of the message, including all the headers. ------\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "exim, full",
            "Mail Delivery System <Mailer-Daemon@mx.fra.example>",
            "Mail delivery failed: returning message to sender",
            "The following address(es) failed:\n\n  head@fra.example\n    mailbox is full:\n    retry timeout exceeded\n\n------ This is a copy of your message, including all the headers. ------\n\n",
            ("head@fra.example", None, Some(false), false),
        ),
        (
            "sendmail of old",
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.fra.example>",
            "Returned mail: User unknown",
            "The original message was received at Mon, 5 Feb 2018\n\n   ----- The following addresses had permanent fatal errors -----\n<head@fra.example>\n\n   ----- Transcript of session follows -----\n550 <head@fra.example>... User unknown\n\n   ----- Original message follows -----\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "postfix in text",
            "MAILER-DAEMON@mx.fra.example (Mail Delivery System)",
            "Undelivered Mail Returned to Sender",
            "For further assistance, please send mail to <postmaster@mx.fra.example>\n\n<head@fra.example>: host mx.fra.example[192.0.2.1] said: 552 5.2.2\n    mailbox full (in reply to RCPT TO command)\n\n",
            ("head@fra.example", Some("5.2.2"), Some(true), false),
        ),
        (
            "Exchange",
            "System Administrator <postmaster@fra.example>",
            "Undeliverable: Joint letter",
            "Your message\n\n  To:      head@fra.example\n  Subject: Joint letter\n  Sent:    Mon, 5 Feb 2018\n\ndid not reach the following recipient(s):\n\nhead@fra.example on Mon, 5 Feb 2018\n    The recipient name is not recognized\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "Domino",
            "Postmaster@fra.example",
            "DELIVERY FAILURE: User head (head@fra.example) not listed in Domino Directory",
            "Your message\n\n  Subject: Joint letter\n\nwas not delivered to:\n\n  head@fra.example\n\nbecause:\n\n  User head (head@fra.example) not listed in Domino Directory\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "Gmail",
            "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            "Delivery Status Notification (Failure)",
            "Delivery to the following recipient failed permanently:\n\n     head@fra.example\n\nTechnical details of permanent failure:\nThe error that the other server returned was:\n550 5.1.1 The email account that you tried to reach does not exist.\n\n----- Original message -----\n\n",
            ("head@fra.example", Some("5.1.1"), Some(true), true),
        ),
        (
            "Gmail, late",
            "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            "Delivery Status Notification (Delay)",
            "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     head@fra.example\n\nMessage will be retried for 2 more day(s)\n\n----- Original message -----\n\n",
            ("head@fra.example", None, Some(false), false),
        ),
        (
            "Yahoo",
            "MAILER-DAEMON@yahoo.example",
            "Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n\n<head@fra.example>:\nRemote host said:\n554 delivery error: dd This user doesn't have a yahoo.example account\n\n--- Below this line is a copy of the message.\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "a gateway that blocks",
            "MAILER-DAEMON@filter.example",
            "Message rejected",
            "Your message to head@fra.example was blocked by our policy and has not been delivered.\nError: 554 5.7.1 rejected as spam\n\nReturned message follows:\n\n",
            ("head@fra.example", Some("5.7.1"), Some(true), false),
        ),
        (
            "a host that is not there",
            "MAILER-DAEMON@mx.example",
            "Undeliverable mail",
            "Failed to deliver to 'head@fra.example'\nDNS error: host not found for fra.example\n\nOriginal message follows.\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
        (
            "in French",
            "Postmaster <postmaster@fra.example>",
            "Non remis : Lettre conjointe",
            "Votre message n'a pas pu être remis au destinataire suivant :\n\nhead@fra.example\n550 5.1.1 utilisateur inconnu\n\n",
            ("head@fra.example", Some("5.1.1"), Some(true), true),
        ),
        (
            "that names nobody",
            "postmaster@fra.example",
            "Undeliverable Mail",
            "Mailbox unknown or not accepting mail.\n\nOriginal message follows.\n\n",
            ("head@fra.example", None, Some(true), true),
        ),
    ];
    for (shape, from, subject, notice, expected) in shapes {
        let reading = bounce(from, subject, &format!("{notice}{LETTER}"));
        check(shape, &reading, expected);
        with_letter(shape, &reading);
    }
}

fn report(fields: &str, rest: &str) -> Reading {
    read(&format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.fra.example\nTo: outreach@coalition.example\nSubject: Delivery report\nMessage-ID: <b@mx.fra.example>\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSee below.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.fra.example\n\n{fields}\n--b\n{rest}--b--\n"
    ))
}

#[test]
fn reports_by_the_rules_are_read() {
    let enclosed = format!("Content-Type: message/rfc822\n\n{LETTER}");
    let header = format!("Content-Type: text/rfc822-headers\n\n{LETTER}");
    let encoded = format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n{LETTER}");
    for rest in [&enclosed, &header, &encoded] {
        let reading = report(
            "Final-Recipient: rfc822;head@fra.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n",
            rest,
        );
        check("RFC 3464", &reading, ("head@fra.example", Some("5.1.1"), Some(true), true));
        with_letter("RFC 3464", &reading);
        assert!(reading.came_back() && reading.enclosures.iter().all(|file| file.media_type == "message/rfc822"));
    }
    let passed_on = report(
        "Original-Recipient: rfc822;head@fra.example\nFinal-Recipient: rfc822;x@in.fra.example\nAction: failed\nStatus: 5.2.2\n",
        &enclosed,
    );
    check("passed on", &passed_on, ("head@fra.example", Some("5.2.2"), Some(true), false));
    assert_eq!(passed_on.returned[0].passed_on_to.as_deref(), Some("x@in.fra.example"));
}

#[test]
fn a_letter_that_is_only_late_has_not_come_back_and_one_that_was_given_up_has() {
    let late = report("Final-Recipient: rfc822;head@fra.example\nAction: delayed\nStatus: 4.4.1\n", "\n");
    check("delayed", &late, ("head@fra.example", Some("4.4.1"), Some(false), false));
    assert!(!late.came_back());
    let given_up = report("Final-Recipient: rfc822;head@fra.example\nAction: failed\nStatus: 4.4.7\n", "\n");
    check("given up", &given_up, ("head@fra.example", Some("4.4.7"), Some(false), false));
    assert!(given_up.came_back());
}

#[test]
fn a_report_of_arrival_is_a_receipt() {
    for action in ["delivered", "relayed", "expanded"] {
        let fields = format!("Final-Recipient: rfc822;head@fra.example\nAction: {action}\nStatus: 2.0.0\n");
        assert_eq!(report(&fields, "\n").kind, MailKind::Receipt, "{action}");
    }
    let mixed = report(
        "Final-Recipient: rfc822;a@fra.example\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;head@fra.example\nAction: failed\nStatus: 5.1.1\n",
        "\n",
    );
    check("one of two", &mixed, ("head@fra.example", Some("5.1.1"), Some(true), true));
}

#[test]
fn a_report_whose_boundary_never_comes_is_read_all_the_same() {
    let reading = read(&format!(
        "From: MAILER-DAEMON@mx.fra.example\nSubject: Returned mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=lost\n\n\
         The following addresses had errors.\n\nReporting-MTA: dns; mx.fra.example\n\nFinal-Recipient: rfc822; head@fra.example\nAction: failed\nStatus: 5.1.1\n\n{LETTER}"
    ));
    check("lost boundary", &reading, ("head@fra.example", Some("5.1.1"), Some(true), true));
    with_letter("lost boundary", &reading);
}

#[test]
fn what_people_write_of_bounces_is_no_bounce() {
    for (subject, body) in [
        ("Re: Undeliverable: Joint letter", "Strange, our address works. Please try mission@fra.example.\n"),
        (
            "Fwd: Undelivered Mail Returned to Sender",
            "This came to me:\n\n> <head@fra.example>: 550 5.1.1 unknown user\n",
        ),
        (
            "Joint letter",
            "Your message to the Ambassador could not be delivered by post; the envelope came back. Please write to head@fra.example.\n",
        ),
        (
            "Your letter",
            "We were unable to deliver it to the Minister, who is travelling. 550 copies were distributed.\n",
        ),
        ("Delivery of the joint statement", "When will the statement be delivered? Thank you.\n"),
    ] {
        let reading = read(&format!(
            "From: A Person <person@fra.example>\nTo: outreach@coalition.example\nSubject: {subject}\n\n{body}"
        ));
        assert_eq!(reading.kind, MailKind::Reply, "{subject}: {:?}", reading.reasons);
    }
}

#[test]
fn a_complaint_is_no_bounce() {
    let reading = read(&format!(
        "From: fbl@isp.example\nSubject: abuse report\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nAn abuse report.\n\
         --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\nContent-Type: message/rfc822\n\n{LETTER}--b--\n"
    ));
    assert_eq!(reading.kind, MailKind::Other);
}
