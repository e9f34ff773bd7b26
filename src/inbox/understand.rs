//! A message taken apart → what it says, and to which letters it may belong.

use super::addresses::addresses_in;
use super::incoming::{Content, Incoming, Part};
use super::reading::{CalendarAnswer, Enclosure, MailKind, Reading, Returned};
use super::{automatic, bounce, calendar_reply, visible};
use crate::vocabulary::Day;

/// What was found out about the kind.
#[derive(Default)]
struct Found {
    kind: Option<MailKind>,
    reasons: Vec<String>,
    letter_ids: Vec<String>,
    wants_a_proof: bool,
    returned: Vec<Returned>,
    returned_subject: Option<String>,
    back_on: Option<Day>,
    calendar: Option<CalendarAnswer>,
}

/// Understands a message. Never fails: what is nothing else is a reply, so that a person reads it.
pub fn understand(message: &Incoming) -> Reading {
    let whole = visible::whole(message);
    let text = visible::own(&whole);
    let enclosures: Vec<Enclosure> = message.parts.iter().filter(|part| is_enclosure(part)).map(enclosure).collect();
    let found = kind_of(message, &whole, enclosures.is_empty());
    let from = message.from().cloned().unwrap_or_default();
    let reply_to = message.people("reply-to").next().filter(|other| other.address != from.address).cloned();
    Reading {
        kind: found.kind.unwrap_or(MailKind::Reply),
        reasons: found.reasons,
        message_id: message.ids("message-id").into_iter().next(),
        originals: originals(message, found.letter_ids),
        several_from: message.people("from").count() > 1 || message.all("from").count() > 1,
        reply_to,
        addressed_to: addressed_to(message),
        subject: message.subject().to_owned(),
        date: message.date,
        returned: found.returned,
        returned_subject: found.returned_subject,
        back_on: found.back_on,
        calendar: found.calendar,
        wants_a_proof: found.wants_a_proof,
        from,
        text,
        whole,
        enclosures,
        cut_off: message.cut_off.clone(),
    }
}

/// The kinds from the surest sign to the weakest: a form that is defined somewhere, then words.
fn kind_of(message: &Incoming, whole: &str, brings_nothing: bool) -> Found {
    let of = |kind, reasons| Found { kind: Some(kind), reasons, ..Found::default() };
    if let Some(answer) = calendar_reply::answer_in(message) {
        let reasons = vec![format!("a calendar's answer: {} (RFC 5546)", answer.answer.as_str())];
        return Found { calendar: Some(answer), ..of(MailKind::CalendarReply, reasons) };
    }
    if is_complaint(message) {
        return of(MailKind::Other, vec!["a complaint about mail (RFC 5965)".to_owned()]);
    }
    if let Some(bounce) = bounce::recognise(message) {
        let kind = if bounce.arrived { MailKind::Receipt } else { MailKind::Bounce };
        return Found {
            letter_ids: bounce.letter_ids,
            returned: bounce.returned,
            returned_subject: bounce.letter_subject,
            ..of(kind, bounce.reasons)
        };
    }
    if let Some(receipt) = automatic::receipt(message, whole) {
        let automatic::Receipt { letter_ids, reasons, wants_a_proof } = receipt;
        return Found { letter_ids, wants_a_proof, ..of(MailKind::Receipt, reasons) };
    }
    if let Some(reasons) = bulk(message) {
        return of(MailKind::Other, reasons);
    }
    if let Some(reply) = automatic::recognise(message, whole) {
        return Found { back_on: reply.back_on, ..of(MailKind::AutoReply, reply.reasons) };
    }
    if whole.trim().is_empty() && brings_nothing {
        return of(MailKind::Other, vec!["it says nothing and brings nothing".to_owned()]);
    }
    of(MailKind::Reply, vec!["nothing says that a machine wrote it".to_owned()])
}

/// Somebody has called one of our letters spam: by report, or as Hotmail passes such mail on.
fn is_complaint(message: &Incoming) -> bool {
    let passed_on = |message: &Incoming| message.has("x-hmxmroriginalrecipient");
    let report = message.part_of_type(&["message/feedback-report"]).is_some()
        || message.parameter("report-type") == Some("feedback-report");
    report || passed_on(message) || message.enclosed().any(passed_on)
}

/// Mail to many that answers nothing. A mission's answer may come through a list's gateway: then it names the letter it answers.
fn bulk(message: &Incoming) -> Option<Vec<String>> {
    let answers = message.has("in-reply-to") || message.has("references") || is_answer(message.subject());
    if answers {
        return None;
    }
    // What RFC 2369's `List-Unsubscribe: <mailto:…>` has a mail program send.
    if message.subject().trim().eq_ignore_ascii_case("unsubscribe") && message.has("auto-submitted") {
        return Some(vec!["a mail program asks to be taken off a list".to_owned()]);
    }
    let list = ["list-unsubscribe", "list-id", "list-post", "feedback-id"].into_iter().find(|name| message.has(name));
    let precedence = message.first("precedence").map(str::to_lowercase).filter(|word| matches!(word.trim(), "list"));
    let reason = match (list, precedence) {
        (Some(name), _) => format!("mail to many: its header has {name}"),
        (None, Some(_)) => "mail to many: its Precedence is list".to_owned(),
        (None, None) => return None,
    };
    Some(vec![reason])
}

fn is_answer(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ["re:", "re :", "aw:", "rv:", "sv:", "antw:", "res:", "回复", "答复", "رد:", "ответ:", "fw:", "fwd:", "tr:", "wg:"]
        .iter()
        .any(|prefix| subject.starts_with(prefix))
}

fn originals(message: &Incoming, letter_ids: Vec<String>) -> Vec<String> {
    let own = message.ids("message-id");
    let references = message.ids("references").into_iter().rev().take(MOST_REFERENCES);
    let pointed = message.ids("in-reply-to").into_iter().chain(references).filter(|id| !own.contains(id));
    let mut originals: Vec<String> = Vec::new();
    for id in letter_ids.into_iter().chain(pointed) {
        if !originals.contains(&id) && originals.len() < MOST_REFERENCES {
            originals.push(id);
        }
    }
    originals
}

/// A thread that is longer names our letter among its last.
const MOST_REFERENCES: usize = 100;

/// Addresses that say to whom of us it came.
fn addressed_to(message: &Incoming) -> Vec<String> {
    let names = ["delivered-to", "x-original-to", "envelope-to", "to", "cc", "bcc"];
    let named = names.into_iter().flat_map(|name| message.people(name)).map(|one| one.address.clone());
    // `for <a@x.example>` in a trace field (RFC 5321, 4.4).
    let traced = message.all("received").filter_map(|value| value.split_once(" for ")).flat_map(|(_, rest)| {
        let rest = super::phrases::beginning(rest, 400);
        addresses_in(rest.split(';').next().unwrap_or_default())
    });
    let mut all: Vec<String> = Vec::new();
    for address in named.chain(traced.map(|found| found.address)) {
        if address.contains('@') && !all.contains(&address) && all.len() < 200 {
            all.push(address);
        }
    }
    all
}

fn is_enclosure(part: &Part) -> bool {
    let read_elsewhere = matches!(
        part.media_type.as_str(),
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/feedback-report"
            | "text/rfc822-headers"
    );
    let body = part.is_body() || (part.depth == 0 && matches!(part.content, Content::Text(_)));
    !matches!(part.content, Content::Several) && !body && !read_elsewhere
}

fn enclosure(part: &Part) -> Enclosure {
    let name = match &part.content {
        Content::Message(message) if part.name.is_empty() => {
            let subject: String =
                message.subject().chars().map(|c| if "/\\:".contains(c) { '-' } else { c }).take(80).collect();
            if subject.is_empty() { "message.eml".to_owned() } else { format!("{subject}.eml") }
        }
        _ => part.name.clone(),
    };
    Enclosure { name, media_type: part.media_type.clone(), bytes: part.bytes, part: part.number }
}
