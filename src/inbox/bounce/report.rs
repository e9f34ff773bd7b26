//! What a server reports in the form of RFC 3464 (and RFC 6533): groups of fields, the first about the message, one for each
//! recipient after it.

use super::super::addresses::{addresses_in, same};
use super::super::incoming::{Incoming, Part};
use super::super::phrases::beginning;
use super::{codes, sender};

/// A group of fields, unfolded, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group(Vec<(String, String)>);

impl Group {
    /// The value of the first field of that name that has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// What was done for a recipient (RFC 3464, 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Failed,
    Delayed,
    /// `delivered`, `relayed`, `expanded`; Postfix also says `deliverable`, when it was only asked.
    Arrived,
}

/// What is said of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// As we wrote it, as far as the server remembers (`Original-Recipient`); else as it went on. Empty: it says none.
    pub address: String,
    /// `Final-Recipient`, where the letter was passed on to another address.
    pub passed_on_to: Option<String>,
    pub action: Option<Action>,
    pub status: Option<String>,
    pub diagnosis: String,
}

/// The report of a message, should it have one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub about_message: Group,
    pub recipients: Vec<Recipient>,
}

const TYPES: [&str; 3] = ["message/delivery-status", "message/global-delivery-status", "message/delivery-report"];

/// Of one report; more recipients than one letter has.
const MOST_RECIPIENTS: usize = 200;
/// Bytes, with that many recipients and long diagnoses.
const LONGEST: usize = 256 << 10;

/// Reads the report part. In a `multipart/report` a part of plain text with the same fields counts, for servers that name its
/// type wrongly.
pub fn report_in(message: &Incoming) -> Option<Report> {
    let named = message.parts.iter().filter(|part| TYPES.contains(&part.media_type.as_str()));
    let within =
        message.media_type() == "multipart/report" && message.parameter("report-type") != Some("feedback-report");
    // The whole is one text where the boundary that it names never comes.
    let unnamed = message.parts.iter().filter(|part| within && (part.depth == 0 || part.media_type == "text/plain"));
    // And where a mail system's message has lost its form, all of it.
    let lost = message.parts.iter().take(1).filter(|part| part.media_type == "text/plain" && sender::speaks(message));
    let mut reports = named.chain(unnamed).chain(lost).filter_map(Part::text).map(read);
    reports.find(|report| !report.recipients.is_empty())
}

/// The fields of a text that stand together, by groups.
pub fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in beginning(text, LONGEST).lines() {
        if line.trim().is_empty() {
            if groups.last().is_some_and(|group| !group.0.is_empty()) {
                groups.push(Group::default());
            }
            continue;
        }
        let Some(group) = groups.last_mut() else { continue };
        let folded = line.starts_with([' ', '\t']);
        match (folded, group.0.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (_, _, Some((name, value))) if !name.trim().is_empty() && !name.trim().contains(' ') => {
                // Some servers leave no line between two recipients.
                if name.trim().eq_ignore_ascii_case("final-recipient") && group.get("final-recipient").is_some() {
                    groups.push(Group::default());
                }
                let Some(group) = groups.last_mut() else { continue };
                group.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            // A line that some server broke without folding it.
            (_, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {}
        }
    }
    groups
}

/// Reads a report out of text.
pub fn read(text: &str) -> Report {
    let mut report = Report::default();
    for group in groups(text).into_iter().take(MOST_RECIPIENTS) {
        let names_somebody = group.get("final-recipient").or(group.get("original-recipient")).is_some();
        if names_somebody {
            report.recipients.push(recipient(&group));
        }
        let about_message =
            group.get("reporting-mta").or(group.get("arrival-date")).or(group.get("original-envelope-id"));
        if about_message.is_some() || (!names_somebody && report.about_message.0.is_empty()) {
            report.about_message = group;
        }
    }
    report
}

fn recipient(group: &Group) -> Recipient {
    let original = group.get("original-recipient").and_then(address);
    let last = group.get("final-recipient").and_then(address);
    // Microsoft's servers put it here when the final recipient is an X.400 name.
    let actual = group.get("x-actual-recipient").and_then(address);
    let display = group.get("x-display-name").and_then(address);
    let address = original.clone().or(last.clone()).or(actual).or(display).unwrap_or_default();
    let passed_on_to = last.filter(|last| !same(last, &address));
    let action =
        group.get("action").and_then(|word| match word.split([' ', '(', ';']).next()?.to_ascii_lowercase().as_str() {
            "failed" | "failure" | "fail" => Some(Action::Failed),
            "delayed" | "deferred" => Some(Action::Delayed),
            "delivered" | "relayed" | "expanded" | "deliverable" => Some(Action::Arrived),
            _ => None,
        });
    let diagnosis = ["diagnostic-code", "x-display-diagnostic", "x-supplementary-info", "x-notes", "status"];
    let diagnosis = diagnosis.into_iter().find_map(|name| group.get(name)).unwrap_or_default().to_owned();
    let said = group.get("status").and_then(codes::enhanced_in);
    Recipient { address, passed_on_to, action, status: finer(said, &diagnosis), diagnosis }
}

/// `5.0.0` says no more than "failed"; the remote server's own words may say more, in the same class.
fn finer(said: Option<String>, diagnosis: &str) -> Option<String> {
    let found = codes::enhanced_in(diagnosis);
    match (said, found) {
        (Some(said), Some(found)) if said.ends_with(".0.0") && found[..1] == said[..1] => Some(found),
        (said, found) => said.or(found),
    }
}

/// `rfc822; <a@x.example>` → `a@x.example`. RFC 3464, 2.3.1 and 2.3.2; RFC 6533, 3 for `utf-8` addresses.
fn address(value: &str) -> Option<String> {
    let (kind, rest) = value.split_once(';').unwrap_or(("", value));
    let rest = if kind.trim().eq_ignore_ascii_case("utf-8") { with_letters(rest) } else { rest.to_owned() };
    let rest = if rest.contains('@') { rest } else { from_xtext(&rest) };
    if let Some(found) = addresses_in(&rest).into_iter().next() {
        return Some(found.address);
    }
    // `local@host` of an inner network, and a local part alone.
    let bare = rest.trim().trim_matches(['<', '>', '"', ' ']).split_whitespace().next()?.to_owned();
    (!bare.starts_with('@') && bare.contains('@') && bare.len() > 2).then_some(bare)
}

/// `\x{E9}` is a letter: RFC 6533, 3.
fn with_letters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x{") {
        plain.push_str(&rest[..at]);
        let inner = &rest[at + 3..];
        let letter = inner.split_once('}').and_then(|(hex, after)| {
            let code = (hex.len() <= 6).then(|| u32::from_str_radix(hex, 16).ok()).flatten()?;
            let letter = char::from_u32(code).filter(|c| !crate::vocabulary::safe_text::is_unsafe(*c))?;
            Some((letter, after))
        });
        let Some((letter, after)) = letter else {
            rest = inner;
            continue;
        };
        plain.push(letter);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// `a+40x.example`: RFC 3461, 4.
fn from_xtext(text: &str) -> String {
    text.replace("+40", "@").replace("+2B", "+").replace("+3D", "=")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Reporting-MTA: dns; mail.fra.example\nArrival-Date: Mon, 5 Feb 2018 09:00:00 +0100\n\n\
        Original-Recipient: rfc822;head@fra.example\nFinal-Recipient: rfc822; <office@in.fra.example>\nAction: failed\n\
        Status: 5.0.0 (permanent)\nDiagnostic-Code: smtp; 550 5.1.1\n    user unknown\n\n\
        Final-Recipient: utf-8; \\x{444}\\x{444}@nor.example\nAction: delayed\nStatus: 4.4.1\n\n\
        Final-Recipient: rfc822;c@swe.example\nAction: relayed (to a server that reports nothing)\nStatus: 2.0.0\n";

    #[test]
    fn each_recipient_of_a_report_is_read() {
        let read = read(REPORT).recipients;
        let told: Vec<_> = read.iter().map(|r| (r.address.as_str(), r.action, r.status.as_deref())).collect();
        let expected = [
            ("head@fra.example", Some(Action::Failed), Some("5.1.1")),
            ("фф@nor.example", Some(Action::Delayed), Some("4.4.1")),
            ("c@swe.example", Some(Action::Arrived), Some("2.0.0")),
        ];
        assert_eq!(told, expected);
        assert_eq!(read[0].passed_on_to.as_deref(), Some("office@in.fra.example"));
        assert_eq!(read[0].diagnosis, "smtp; 550 5.1.1 user unknown");
    }

    #[test]
    fn a_letter_that_a_report_writes_in_numbers_may_not_turn_the_line() {
        assert_eq!(with_letters("a\\x{202E}b\\x{zz}\\x{"), "a202E}bzz}");
    }

    #[test]
    fn a_report_without_recipients_is_none() {
        assert!(read("Reporting-MTA: dns; a\n\nfinal-recipient:\n").recipients.is_empty());
        let nobody = read("Final-Recipient: rfc822; @mx.example\nStatus: 5.1.2\n").recipients;
        assert_eq!((nobody[0].address.as_str(), nobody[0].status.as_deref()), ("", Some("5.1.2")));
    }
}
