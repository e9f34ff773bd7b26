//! Letters that come back: what a mail server reports by the rules, and what servers write that know none.

mod causes;
mod codes;
mod notice;
mod recipients;
mod report;
mod returned_letter;
mod sender;

use super::incoming::Incoming;
use super::phrases::{among, beginning, even};
use super::reading::Returned;
use causes::Cause;
use notice::Notice;
use recipients::Known;
use report::{Action, Recipient, Report};
use returned_letter::ReturnedLetter;

pub use sender::{is_mail_system, subject_says};

/// What a mail server says of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// It arrived everywhere: a receipt, and no bounce.
    pub arrived: bool,
    pub reasons: Vec<String>,
    pub returned: Vec<Returned>,
    pub letter_ids: Vec<String>,
    pub letter_subject: Option<String>,
}

/// Whether the message tells of a letter's delivery, and what.
pub fn recognise(message: &Incoming) -> Option<Bounce> {
    if message.part_of_type(&["message/feedback-report", "message/disposition-notification"]).is_some() {
        return None;
    }
    let notice = notice::notice_in(message);
    let report = report::report_in(message);
    let letter = returned_letter::letter_in(message, &notice, report.as_ref());
    if let Some(report) = report {
        return Some(by_report(message, &report, &notice, letter));
    }
    let reasons = evidence(message, &notice, &letter)?;
    let returned = returned_in_prose(message, &notice, &letter);
    Some(Bounce { arrived: false, reasons, returned, letter_ids: letter.ids, letter_subject: letter.subject })
}

fn by_report(message: &Incoming, report: &Report, notice: &Notice, letter: ReturnedLetter) -> Bounce {
    let arrived = report.recipients.iter().all(|one| one.action == Some(Action::Arrived));
    let mut returned: Vec<Returned> = Vec::new();
    let mut prose: Option<Vec<Returned>> = None;
    for one in report.recipients.iter().filter(|one| arrived || one.action != Some(Action::Arrived)) {
        let mut one = of_report(one, notice);
        if one.address.is_empty() {
            let in_prose = returned_in_prose(message, notice, &letter).into_iter().next();
            one.address = in_prose.map(|other| other.address).unwrap_or_default();
        } else if one.status.as_deref().is_none_or(|status| status.ends_with(".0.0")) && !one.wrong_address {
            // The report says no more than "failed"; the prose may.
            let in_prose = prose.get_or_insert_with(|| returned_in_prose(message, notice, &letter));
            if let Some(more) = in_prose.iter().find(|other| super::addresses::same(&other.address, &one.address)) {
                add_detail(&mut one, more);
            }
        }
        if !returned.iter().any(|other| super::addresses::same(&other.address, &one.address)) {
            returned.push(one);
        }
    }
    let what = if arrived { "a delivery report (RFC 3464): it arrived" } else { "a delivery report (RFC 3464)" };
    let mut reasons = vec![what.to_owned()];
    if sender::speaks(message) {
        reasons.push("a mail system sent it".to_owned());
    }
    Bounce { arrived, reasons, returned, letter_ids: letter.ids, letter_subject: letter.subject }
}

/// Takes over what is said in prose of the same recipient, unless it contradicts.
fn add_detail(one: &mut Returned, more: &Returned) {
    if one.permanent == more.permanent && more.status.is_some() {
        one.status.clone_from(&more.status);
        one.words.clone_from(&more.words);
    }
    one.wrong_address = one.permanent == Some(true) && more.wrong_address;
}

fn of_report(one: &Recipient, notice: &Notice) -> Returned {
    let diagnosis = even(beginning(&one.diagnosis, 2_000));
    let cause = causes::cause_in(&diagnosis);
    let by_code = one.status.as_deref().and_then(codes::is_permanent);
    let by_reply = || codes::reply_in(&one.diagnosis).map(|code| code >= 500);
    let permanent = match one.action {
        Some(Action::Delayed) => Some(false),
        Some(Action::Arrived) => None,
        _ => by_code.or_else(by_reply).or_else(|| cause.map(Cause::is_permanent)).or(Some(true)),
    };
    let words = if one.diagnosis.is_empty() { beginning(notice.words.trim(), 300) } else { &one.diagnosis };
    Returned {
        address: one.address.clone(),
        passed_on_to: one.passed_on_to.clone(),
        status: one.status.clone(),
        permanent,
        gave_up: match one.action {
            Some(Action::Failed) => Some(true),
            Some(Action::Delayed) => Some(false),
            _ => None,
        },
        wrong_address: permanent == Some(true) && wrong_address(one.status.as_deref(), cause, &diagnosis),
        words: one_line(words),
    }
}

/// Whether the address is at fault: by the code, or by plain words ("no such user"), for servers give such refusals all sorts of
/// codes. What is said of the sender's address says nothing of the recipient's.
fn wrong_address(status: Option<&str>, cause: Option<Cause>, words: &str) -> bool {
    let by_code = status.is_some_and(codes::blames_the_address);
    by_code || (cause.is_some_and(Cause::blames_the_address) && !words.contains("sender"))
}

/// What speaks for a bounce in prose; `None`: too little does. A person who forwards one, or writes of one, is neither a mail system
/// nor uses its subject.
fn evidence(message: &Incoming, notice: &Notice, letter: &ReturnedLetter) -> Option<Vec<String>> {
    let mut reasons = Vec::new();
    let mut points = 0;
    let mut count = |holds: bool, worth: u32, reason: String| {
        if holds {
            points += worth;
            reasons.push(reason);
        }
    };
    let speaks = sender::speaks(message);
    let subject = subject_says(message.subject());
    let failed = message.has("x-failed-recipients");
    let report =
        message.media_type() == "multipart/report" && message.parameter("report-type") == Some("delivery-status");
    let sent_by_machine = message.first("return-path").is_some_and(|path| path.trim() == "<>")
        || message.first("auto-submitted").is_some_and(|word| !word.to_lowercase().starts_with("no"));
    let words = even(beginning(&notice.words, 16 << 10));
    let phrase = among(&words, &PHRASES);
    let cause = causes::cause_in(&words);
    let code = codes::enhanced_in(beginning(&notice.words, 16 << 10)).is_some()
        || codes::reply_in(beginning(&notice.words, 16 << 10)).is_some();
    let returned = message.enclosed().next().is_some() || !notice.header.is_empty();
    count(report, 3, "its type is that of a delivery report".to_owned());
    count(failed, 3, "it has X-Failed-Recipients".to_owned());
    count(speaks, 2, "a mail system sent it".to_owned());
    count(subject.is_some(), 2, format!("its subject says `{}`", subject.unwrap_or_default()));
    count(sent_by_machine, 1, "no person sent it".to_owned());
    count(phrase.is_some(), 2, format!("it says `{}`", phrase.unwrap_or_default()));
    count(cause.is_some() || code, 1, "it names a cause".to_owned());
    count(returned, 1, "a letter comes back with it".to_owned());
    let machine =
        speaks || subject.is_some() || failed || report || (sent_by_machine && returned && !letter.ids.is_empty());
    // A mail system's message of another kind, as a quarantine's digest or a welcome, says nothing of a failure.
    let about_delivery = failed
        || report
        || phrase.is_some()
        || (subject.is_some() && (cause.is_some() || code || returned || speaks))
        || (speaks && returned && cause.is_some());
    (machine && about_delivery && points >= 4).then_some(reasons)
}

/// What servers write in a bounce and people hardly.
const PHRASES: [&str; 62] = [
    "could not be delivered",
    "could not deliver",
    "couldn't be delivered",
    "cannot be delivered",
    "can not be delivered",
    "can't be delivered",
    "was not delivered",
    "has not been delivered",
    "not been delivered",
    "wasn't delivered",
    "not be delivered",
    "did not reach",
    "unable to deliver",
    "not able to deliver",
    "undeliverable",
    "undelivered",
    "delivery failed",
    "delivery failure",
    "delivery error",
    "delivery has failed",
    "failed permanently",
    "delivery to the following",
    "delevery to the following",
    "delivery of your message",
    "delivery attempt",
    "permanent fatal errors",
    "permanent error",
    "permanent failure",
    "transcript of session follows",
    "transient non-fatal errors",
    "following addresses had",
    "following recipients",
    "following recipient",
    "following address",
    "failed to deliver",
    "failed addresses",
    "returned to sender",
    "being returned",
    "message is returned",
    "mail is returned",
    "unable to send",
    "could not send",
    "could not be sent",
    "not accepted for delivery",
    "your message was not",
    "your message has been delayed",
    "your mail message",
    "invalid final delivery",
    "message rejected",
    "rejected your message",
    "was rejected",
    "will keep trying",
    "konnte nicht zugestellt werden",
    "n'a pas pu être remis",
    "n'a pas pu être",
    "no pudo ser entregado",
    "no se ha podido entregar",
    "não pôde ser entregue",
    "не может быть доставлено",
    "не удалось доставить",
    "无法送达",
    "لم يتم تسليم",
];

fn returned_in_prose(message: &Incoming, notice: &Notice, letter: &ReturnedLetter) -> Vec<Returned> {
    let whole = even(beginning(&notice.words, 16 << 10));
    let failed: Vec<&str> =
        message.people("x-failed-recipients").map(|one| one.address.as_str()).filter(|one| one.contains('@')).collect();
    let of_the_bounce = ["from", "sender", "to", "return-path", "reply-to", "delivered-to"];
    let known = Known {
        written_to: failed.iter().map(ToString::to_string).chain(letter.written_to.iter().cloned()).collect(),
        of_the_bounce: of_the_bounce
            .into_iter()
            .flat_map(|name| message.people(name))
            .map(|one| one.address.as_str())
            .collect(),
        subject: message.subject(),
    };
    let mut named = recipients::named_in(&notice.words, &known);
    if !failed.is_empty() {
        named.retain(|one| failed.iter().any(|other| super::addresses::same(other, &one.address)));
        for address in failed {
            if !named.iter().any(|one| super::addresses::same(&one.address, address)) {
                named.push(recipients::Named {
                    address: address.to_owned(),
                    passed_on_to: None,
                    passage: String::new(),
                });
            }
        }
    }
    named.into_iter().take(200).map(|one| of_prose(one, &notice.words, &whole)).collect()
}

fn of_prose(one: recipients::Named, words: &str, whole: &str) -> Returned {
    let passage = one.passage.as_str();
    let near = even(passage);
    let status = codes::enhanced_in(passage).or_else(|| codes::enhanced_in(beginning(words, 16 << 10)));
    let by_reply =
        || codes::reply_in(passage).or_else(|| codes::reply_in(beginning(words, 16 << 10))).map(|code| code >= 500);
    let cause = causes::cause_in(&near).or_else(|| causes::cause_in(whole));
    let delayed = causes::cause_in(whole) == Some(Cause::Delayed);
    let permanent = if delayed {
        Some(false)
    } else {
        let by_code = status.as_deref().and_then(codes::is_permanent).or_else(by_reply);
        by_code.or_else(|| cause.map(Cause::is_permanent)).or_else(|| recipients::says_for_good(whole))
    };
    Returned {
        wrong_address: permanent == Some(true) && wrong_address(status.as_deref(), cause, &near),
        status,
        permanent,
        gave_up: Some(!delayed),
        words: one_line(beginning(telling(passage, words), 300)),
        address: one.address,
        passed_on_to: one.passed_on_to,
    }
}

/// The server's words from the recipient's passage; the whole notice where that is empty.
fn telling<'a>(passage: &'a str, words: &'a str) -> &'a str {
    if passage.trim().is_empty() { words.trim() } else { passage.trim() }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
