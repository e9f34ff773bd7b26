//! Whom a notice in prose is about. Servers write the address first on its line, or after a word for it, or beside the refusal.

use super::super::addresses::{Found, addresses_in, same};
use super::super::phrases::{among, beginning, even};
use super::causes::{self, Cause};
use super::codes;
use super::sender;

/// One that a notice names, with what is said there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub address: String,
    /// Where the server passed the letter on to ("expanded from").
    pub passed_on_to: Option<String>,
    /// The passage from its line to the next recipient.
    pub passage: String,
}

/// What is known besides the words.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// `To` and `Cc` of the letter that came back.
    pub written_to: Vec<String>,
    /// Addresses that the bounce itself is from and for.
    pub of_the_bounce: Vec<&'a str>,
    pub subject: &'a str,
}

/// A place where an address stands, and how much speaks for it.
struct Place {
    found: Found,
    points: u32,
}

/// What stands before an address that could not be reached.
const BEFORE: [&str; 34] = [
    "recipient:",
    "recipient",
    "recipients:",
    "rcpt to:",
    "rcpt to",
    "addressee",
    "address:",
    "to:",
    "user:",
    "mailbox:",
    "mailbox",
    "account",
    "smtp:",
    "delivered to",
    "deliver to",
    "delivery to",
    "delivering to",
    "your message to",
    "message to",
    "mail to",
    "e-mail to",
    "email to",
    "sent to",
    "reach",
    "unknown user",
    "no such user",
    "user unknown",
    "userid:",
    "generated from",
    "expanded from:",
    "attempts:",
    "failed:",
    "is full:",
    "for:",
];

/// What stands before an address that is somebody else's.
const NOT_BEFORE: [&str; 18] = [
    "contact",
    "from:",
    "from <",
    "mail from",
    "envelope-from",
    "sender:",
    "message-id",
    "message id",
    "reply to",
    "write to",
    "questions",
    "help",
    "assistance",
    "support",
    "postmaster",
    "return-path",
    "e-mail me",
    "administrator",
];

/// The longest notice that is read.
const LONGEST: usize = 64 << 10;
/// Of what is said of one mailbox; bytes.
const LONGEST_PASSAGE: usize = 8_000;
/// As many addresses as are weighed.
const MOST: usize = 500;

/// Whom the notice names, each once.
pub fn named_in(words: &str, known: &Known<'_>) -> Vec<Named> {
    let words = beginning(words, LONGEST);
    let mut places = places_in(words, known);
    let Some(best) = places.iter().map(|place| place.points).max().filter(|points| *points > 0) else {
        return from_elsewhere(words, known);
    };
    places.retain(|place| place.points == best);
    let mut named: Vec<Named> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let line = words[..place.found.start].rfind('\n').map_or(0, |end| end + 1);
        let next = places[at + 1..].iter().find(|next| !same(&next.found.address, &place.found.address));
        let end = next.map_or(words.len(), |next| next.found.start);
        let passage = beginning(&words[line..end], 4_000);
        match named.iter_mut().find(|one| same(&one.address, &place.found.address)) {
            // What is said ten times of one mailbox is said.
            Some(one) if one.passage.len() > LONGEST_PASSAGE => {}
            Some(one) => {
                one.passage.push('\n');
                one.passage.push_str(passage);
            }
            None => named.push(Named {
                address: place.found.address.clone(),
                passed_on_to: None,
                passage: passage.to_owned(),
            }),
        }
    }
    named.iter_mut().for_each(trace_back);
    named
}

/// `<b@y.example> (expanded from: <a@x.example>)`: we wrote to a@x.example.
fn trace_back(named: &mut Named) {
    let passage = named.passage.to_ascii_lowercase();
    let Some(at) = ["expanded from", "generated from"].iter().find_map(|words| passage.find(words)) else { return };
    let Some(written) = addresses_in(beginning(&named.passage[at..], 300)).into_iter().next() else { return };
    if !same(&written.address, &named.address) {
        named.passed_on_to = Some(std::mem::replace(&mut named.address, written.address));
    }
}

fn places_in(words: &str, known: &Known<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut offset = 0;
    let mut listed = 0_u32;
    for line in words.split_inclusive('\n') {
        if heads_a_list(line) {
            listed = LINES_OF_A_LIST;
        } else if !line.trim().is_empty() {
            listed = listed.saturating_sub(1);
        }
        for found in addresses_in(line) {
            let found = Found { start: found.start + offset, end: found.end + offset, ..found };
            let points = points_of(line, offset, &found, known, listed > 0);
            places.push(Place { found, points });
            if places.len() >= MOST {
                return places;
            }
        }
        offset += line.len();
    }
    without_foreign(places)
}

/// An address that is once somebody else's ("for help, contact …") is so everywhere.
fn without_foreign(mut places: Vec<Place>) -> Vec<Place> {
    let foreign: Vec<String> =
        places.iter().filter(|place| place.points == 0).map(|place| place.found.address.clone()).collect();
    places.retain(|place| !foreign.iter().any(|other| same(other, &place.found.address)));
    places
}

/// After "the following addresses failed:" so many lines may name one.
const LINES_OF_A_LIST: u32 = 12;

fn heads_a_list(line: &str) -> bool {
    let line = even(beginning(line, 300));
    let names = ["recipient", "address", "destination", "addressee"].iter().any(|word| line.contains(word));
    names
        && addresses_in(&line).is_empty()
        && (line.contains("following") || line.ends_with(':') || line.contains("these"))
}

fn points_of(line: &str, offset: usize, found: &Found, known: &Known<'_>, listed: bool) -> u32 {
    let written_to = known.written_to.iter().any(|other| same(other, &found.address));
    let of_the_bounce = known.of_the_bounce.iter().any(|other| same(other, &found.address));
    if !written_to && (of_the_bounce || sender::is_mail_system(&found.address)) {
        return 0;
    }
    let before = &line[..found.start - offset];
    let after = &line[found.end - offset..];
    let lead = even(beginning_of_end(before, 60));
    let lead = lead.trim_end_matches(['<', '[', '"', '\'', '(', ' ']);
    let foreign = NOT_BEFORE.iter().any(|words| lead.ends_with(words) || lead.contains(words));
    let first = before.trim_start_matches([' ', '\t', '*', '-', '>', '<', '"', '\'', '(', '[', '\u{2022}']).is_empty();
    let alone = after.trim_start_matches(['>', '"', '\'', ')', ']', ' ']).trim();
    let opens = alone.is_empty() || alone.starts_with([':', '(', '.', ',', ';', '-', '<']) || alone.starts_with("...");
    let after_word = BEFORE.iter().any(|words| lead.ends_with(words));
    let line_even = even(beginning(line, 600));
    let beside = causes::cause_in(&line_even).is_some_and(|cause| cause != Cause::Refused)
        || codes::reply_in(line).is_some()
        || codes::enhanced_in(line).is_some();
    let own = match (foreign, first && opens, after_word, beside) {
        (true, ..) => u32::from(written_to),
        // Servers write addresses first on their lines; in a list of those that failed it can be nothing else.
        _ if first && listed => 9,
        (_, true, ..) => 4,
        (_, _, true, _) => 3,
        (_, _, _, true) => 2,
        _ => 1,
    };
    own + if written_to { 5 } else { 0 }
}

/// The last so many bytes, cut between letters.
fn beginning_of_end(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}

/// Where no words name anybody: the subject, then the one to whom the letter was written.
fn from_elsewhere(words: &str, known: &Known<'_>) -> Vec<Named> {
    let passage = beginning(words, 4_000).to_owned();
    let foreign =
        |address: &str| known.of_the_bounce.iter().any(|other| same(other, address)) || sender::is_mail_system(address);
    let subject = addresses_in(known.subject).into_iter().map(|found| found.address).find(|address| !foreign(address));
    let written_to = || match known.written_to.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    subject.or_else(written_to).map(|address| Named { address, passed_on_to: None, passage }).into_iter().collect()
}

/// Words that say for good, or for now, whatever the cause.
pub fn says_for_good(even: &str) -> Option<bool> {
    let for_now =
        ["will keep trying", "will be retried", "continue to try", "temporar", "delayed", "not yet been delivered"];
    let for_good = [
        "permanent",
        "fatal error",
        "i've given up",
        "giving up",
        "couldn't be delivered",
        "undeliverable",
        "could not be delivered",
        "cannot be delivered",
        "was not delivered",
    ];
    if among(even, &for_good[..2]).is_some() {
        return Some(true);
    }
    if among(even, &for_now).is_some() {
        return Some(false);
    }
    among(even, &for_good).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(words: &str, written_to: &[&str]) -> Vec<String> {
        let known = Known {
            written_to: written_to.iter().map(ToString::to_string).collect(),
            of_the_bounce: vec!["mailer-daemon@mx.example", "outreach@coalition.example"],
            subject: "failure notice",
        };
        named_in(words, &known).into_iter().map(|one| one.address).collect()
    }

    #[test]
    fn the_address_that_failed_is_told_from_the_others() {
        for words in [
            "For help write to postmaster@mx.example\n\n<head@fra.example>:\n550 no such user\n",
            "The following address failed:\n\n  head@fra.example\n    SMTP error after RCPT TO:<head@fra.example>: 550\n",
            "Your message from outreach@coalition.example to head@fra.example could not be delivered",
            "Failed Recipient: head@fra.example\nReason: user unknown\nContact: help@mx.example\n",
            "550 <head@fra.example>... User unknown\nIf this is wrong, contact admin@mx.example",
        ] {
            assert_eq!(named(words, &[]), ["head@fra.example"], "{words}");
        }
    }

    #[test]
    fn a_notice_that_names_nobody_is_about_the_one_to_whom_the_letter_went() {
        assert_eq!(named("Mailbox unknown or not accepting mail.", &["head@fra.example"]), ["head@fra.example"]);
        assert_eq!(named("Mailbox unknown.", &["a@fra.example", "b@fra.example"]), [""; 0]);
    }

    #[test]
    fn several_are_named_each_with_its_own_passage() {
        let words = "<a@fra.example>:\nMailbox full\n\n<b@fra.example>:\n550 unknown user\n";
        let known = Known::default();
        let both = named_in(words, &known);
        assert_eq!(both.len(), 2);
        assert!(both[0].passage.contains("full") && !both[0].passage.contains("550"));
    }

    #[test]
    fn a_letter_that_was_passed_on_failed_for_the_one_to_whom_we_wrote() {
        let words = "The following addresses had permanent fatal errors\n<b@in.example>\n    (expanded from: <a@fra.example>)\n";
        let one = named_in(words, &Known::default()).remove(0);
        assert_eq!((one.address.as_str(), one.passed_on_to.as_deref()), ("a@fra.example", Some("b@in.example")));
    }
}
