//! A bounce in prose: the server's own words, and the header of the letter that it sends back, written below them.

use super::super::addresses::addresses_in;
use super::super::incoming::{Content, Incoming};
use super::super::phrases::beginning;
use super::super::visible;
use super::sender;

/// The two halves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// What the server says.
    pub words: String,
    /// Fields of the returned letter's header, unfolded, names in small letters.
    pub header: Vec<(String, String)>,
}

impl Notice {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.header.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.trim())
    }
}

/// Fields that only a letter's header has. Three others make a header as well, if no words come between.
const SURE: [&str; 12] = [
    "received",
    "message-id",
    "return-path",
    "mime-version",
    "dkim-signature",
    "x-mailer",
    "content-type",
    "delivered-to",
    "x-received",
    "user-agent",
    "authentication-results",
    "received-spf",
];
const KNOWN: [&str; 14] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "reply-to",
    "sender",
    "in-reply-to",
    "references",
    "content-transfer-encoding",
    "importance",
    "thread-index",
    "thread-topic",
    "precedence",
];

/// What servers write between their words and the letter, made even in case. Words of a person's reply are none of them.
const SEPARATORS: [&str; 21] = [
    "below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "original message follows",
    "your original message",
    "message header follows",
    "message headers follow",
    "unsent message follows",
    "the header of the original message",
    "header of the source mail",
    "headers of the original message",
    "original message headers",
    "included is a copy of the message header",
    "undelivered message follows",
    "returned message follows",
    "a summary of the undelivered message",
    "mensaje original adjunto",
    "copy of the original message",
    "copy of your message",
    "begin forwarded message",
    "text of your message",
];

/// Notices are short, and the header of the letter comes at once below; bytes.
const LONGEST: usize = 256 << 10;

/// Lines of a header that are none, as of a signature whose folds were lost.
const MOST_BROKEN: usize = 40;

/// The prose of the message itself, without what it encloses.
pub fn notice_in(message: &Incoming) -> Notice {
    let mut text = visible::whole(message);
    for part in &message.parts {
        // Some servers send the notice, or the letter, as named files of text.
        let seen = part.is_body() || part.media_type != "text/plain" || message.parts.len() == 1;
        if let (false, Content::Text(more)) = (seen, &part.content) {
            text.push_str("\n\n");
            text.push_str(more);
        }
        // A boundary that never came, a report that says nothing in its fields.
        let odd = part.media_type.starts_with("multipart/") || part.media_type.starts_with("message/");
        if let (true, Content::Text(more)) = (odd, &part.content) {
            text.push_str("\n\n");
            text.push_str(more);
        }
    }
    divide(beginning(&text, LONGEST))
}

/// Divides a text at the letter that stands in it.
pub fn divide(text: &str) -> Notice {
    let mut run = Run::default();
    let mut separator = None;
    let mut broken = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let words = line.trim().to_lowercase();
        if separator.is_none() && SEPARATORS.iter().any(|phrase| words.contains(phrase)) {
            // What stands above it is the server's, unless the whole notice is below.
            separator = Some(at);
            run = Run::default();
        } else if !run.take(line, at) {
            if run.is_header(separator.is_some()) && run.is_of_a_bounce() {
                // A bounce within a bounce: what it says comes after its header.
                (run, separator, broken) = (Run::default(), None, 0);
                at += line.len();
                continue;
            }
            if run.is_header(separator.is_some()) {
                // Lines that a server broke without folding them; an empty one ends the header.
                broken += 1;
                if words.is_empty() || broken > MOST_BROKEN {
                    break;
                }
                at += line.len();
                continue;
            }
            run = Run::default();
            run.take(line, at);
        }
        at += line.len();
    }
    if !run.is_header(separator.is_some()) {
        run = Run::default();
    }
    let cut = match (separator, run.fields.is_empty()) {
        (Some(separator), true) => separator,
        (Some(separator), false) => separator.min(run.start),
        (None, false) => run.start,
        (None, true) => text.len(),
    };
    Notice { words: text[..cut].to_owned(), header: run.fields }
}

/// Lines that look like a header, one after the other.
#[derive(Default)]
struct Run {
    start: usize,
    fields: Vec<(String, String)>,
    /// How far the first line stood in; lines further in are folded.
    indent: usize,
}

impl Run {
    /// `false`: the line is none of a header.
    fn take(&mut self, line: &str, at: usize) -> bool {
        let line = line.trim_end();
        let line = line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line);
        let words = line.trim_start();
        let indent = line.len() - words.len();
        if words.is_empty() {
            return self.fields.is_empty();
        }
        if indent > self.indent
            && let Some((_, value)) = self.fields.last_mut()
        {
            if value.len() < 8_000 {
                value.push(' ');
                value.push_str(words);
            }
            return true;
        }
        let Some((name, value)) = words.split_once(':') else { return false };
        let name = name.trim().to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.len() < 60
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !is_name || self.fields.len() > 500 {
            return false;
        }
        if self.fields.is_empty() {
            (self.start, self.indent) = (at, indent);
        }
        self.fields.push((name, value.trim().to_owned()));
        true
    }

    /// A server has put its notice around another's.
    fn is_of_a_bounce(&self) -> bool {
        let field =
            |name: &str| self.fields.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str());
        let system = addresses_in(field("from")).iter().any(|found| sender::is_mail_system(&found.address));
        system && sender::subject_says(field("subject")).is_some()
    }

    fn is_header(&self, separated: bool) -> bool {
        let count =
            |names: &[&str]| names.iter().filter(|name| self.fields.iter().any(|(other, _)| other == *name)).count();
        let (sure, known) = (count(&SURE), count(&KNOWN));
        (sure >= 1 && sure + known >= 2) || (separated && known >= 2) || (separated && sure >= 1)
    }
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn the_letter_below_a_notice_is_found_with_and_without_a_line_between() {
        for text in [
            "<a@x.example>:\nNo such user.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <o@c.example>\nMessage-ID:\n <one@c.example>\nSubject: Joint letter\n\nDear\n",
            "a@x.example: unknown\n\nReceived: from a\n by b\nMessage-ID: <one@c.example>\nSubject: Joint letter\n\nWords: more\n",
            "Your message\n\n  To: a@x.example\n  Subject: Joint letter\n\ndid not reach\n\n   Received: from a\n     by b\n   Message-ID: <one@c.example>\n   Subject: Joint letter\n",
        ] {
            let notice = divide(text);
            assert_eq!(notice.field("message-id"), Some("<one@c.example>"), "{text}");
            assert_eq!(notice.field("subject"), Some("Joint letter"));
            assert!(notice.words.contains("a@x.example") && !notice.words.contains("Return-Path"), "{notice:?}");
        }
    }

    #[test]
    fn prose_with_colons_is_no_letter() {
        let notice = divide("Recipient: a@x.example\nReason: unknown user\nHost: b\n");
        assert!(notice.header.is_empty() && notice.words.contains("Reason"));
    }
}
