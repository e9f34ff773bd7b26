//! A Maildir of answers as missions send them: of 20 messages nine replies above a quotation, seven with HTML beside, two bounces, an
//! automatic reply and one with a scan of 50 KB.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use demarche::outbox::Dispatch;

const PARAGRAPH: &str = "The Permanent Mission presents its compliments and has the honour to acknowledge receipt of the letter \
    on the situation of writers who are held for what they have published =E2=80=94 it has been transmitted to the capital, which will =\nconsider \
    it in due course and in light of the positions that the delegation has taken at earlier sessions.\n\n";

/// Returns how many bytes were written.
pub fn fill(maildir: &Path, count: usize, letters: &[Dispatch]) -> usize {
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    let mut bytes = 0;
    for number in 0..count {
        let message = answer(number, &letters[number * 7 % letters.len()]).replace('\n', "\r\n");
        bytes += message.len();
        fs::write(maildir.join(format!("new/{number:06}.bench")), message).unwrap();
    }
    bytes
}

fn answer(number: usize, letter: &Dispatch) -> String {
    let mission = &letter.recipients.to[0].to_string();
    let original = &letter.message_id;
    match number % 20 {
        0..9 => format!("{}{}{}", head(number, mission, original, "Re: "), text_type(), words(number)),
        9..16 => {
            let html: String =
                words(number).lines().map(|line| format!("<p style=3D\"margin:0\">{line}</p>\n")).collect();
            format!(
                "{}Content-Type: multipart/alternative; boundary=\"=_alt\"\n\n--=_alt\n{}{}--=_alt\nContent-Type: text/html; charset=utf-8\n\
                 Content-Transfer-Encoding: quoted-printable\n\n<html><head><style>p {{ color: black }}</style></head><body>{html}</body></html>\n--=_alt--\n",
                head(number, mission, original, "Re: "),
                text_type(),
                words(number)
            )
        }
        16 | 17 => bounce(number, mission, original),
        18 => format!(
            "Auto-Submitted: auto-replied\n{}{}I am out of the office until 3 April 2018, without access to my mail ({number}).\n",
            head(number, mission, original, "Automatic reply: "),
            text_type()
        ),
        _ => {
            let scan: String = (0..900).map(|line| format!("{:076}\n", line * 7_919 + number)).collect();
            format!(
                "{}Content-Type: multipart/mixed; boundary=\"=_mix\"\n\n--=_mix\n{}{}--=_mix\nContent-Type: application/pdf; name=\"note.pdf\"\n\
                 Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"note.pdf\"\n\n{scan}--=_mix--\n",
                head(number, mission, original, "Re: "),
                text_type(),
                words(number)
            )
        }
    }
}

fn head(number: usize, mission: &str, original: &str, before: &str) -> String {
    let mut head = String::new();
    for hop in 1..=3 {
        let _infallible = write!(
            head,
            "Received: from relay{hop}.mission.example (relay{hop}.mission.example [192.0.2.{hop}])\n\tby mx.coalition.example with ESMTPS \
             id {number:08x}{hop}\n\tfor <outreach@coalition.example>; Wed, 21 Mar 2018 10:0{hop}:07 +0100\n"
        );
    }
    let _infallible = write!(
        head,
        "Authentication-Results: mx.coalition.example; dkim=pass header.d=mission.example; spf=pass smtp.mailfrom=mission.example;\n\tdmarc=pass \
         header.from=mission.example\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=mission.example; s=key; h=from:to:subject;\n\tb={:0320}\n\
         From: =?utf-8?q?Mission_permanente_=C3=A0_Gen=C3=A8ve?= <{mission}>\nTo: The coalition <outreach@coalition.example>\n\
         Subject: {before}Joint letter\nDate: Wed, 21 Mar 2018 10:00:00 +0100\nMessage-ID: <{number}.answer@mission.example>\n\
         In-Reply-To: {original}\nReferences: {original}\nX-Mailer: Mail 16.0\nAccept-Language: fr-CH, en-US\nMIME-Version: 1.0\n",
        number
    );
    head
}

fn text_type() -> &'static str {
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
}

/// Two paragraphs of one's own, a signature, and the letter below.
fn words(number: usize) -> String {
    let quoted: String = PARAGRAPH.repeat(4).lines().map(|line| format!("> {line}\n")).collect();
    format!(
        "Dear colleagues,\n\n{}Our reference is {number}.\n\nWith kind regards,\nThe First Secretary\n\n-- \nPermanent Mission, Geneva\n+41 22 555 00 00\n\n\
         On Tue, 20 Mar 2018 at 09:30, The coalition <outreach@coalition.example> wrote:\n{quoted}",
        PARAGRAPH.repeat(2)
    )
}

fn bounce(number: usize, mission: &str, original: &str) -> String {
    let letter: String = PARAGRAPH.repeat(6);
    format!(
        "Return-Path: <>\nReceived: by mx.mission.example; Wed, 21 Mar 2018 10:00:00 +0100\nFrom: Mail Delivery System <MAILER-DAEMON@mx.mission.example>\n\
         To: outreach@coalition.example\nSubject: Undelivered Mail Returned to Sender\nDate: Wed, 21 Mar 2018 10:00:00 +0100\n\
         Message-ID: <{number}.bounce@mx.mission.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain; charset=us-ascii\n\n\
         This is the mail system at host mx.mission.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more \
         recipients. It's attached below.\n\n<{mission}>: host mx.mission.example said: 452 4.2.2 Mailbox full ({number})\n\n--=_b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.mission.example\n\nFinal-Recipient: rfc822; {mission}\nAction: delayed\n\
         Status: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 Mailbox full\n\n--=_b\nContent-Type: message/rfc822\n\nFrom: outreach@coalition.example\n\
         To: {mission}\nSubject: Joint letter\nMessage-ID: {original}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\n\n{letter}\n--=_b--\n"
    )
}
