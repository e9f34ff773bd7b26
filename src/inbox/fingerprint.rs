//! What makes two copies of one mail the same, however often and wherever it was delivered.
//!
//! The digest covers the body and those fields that the writer's program makes. All others are left out: `Received`,
//! `Delivered-To`, results of checks, marks of mailboxes (`Status`, `X-UID`), scanners' fields without number; a list of them would
//! never be complete. Another mail that bears the same Message-ID has other words, another date or another sender.

use sha2::{Digest as _, Sha256};

use crate::vocabulary::Digest;

/// Fields of RFC 5322, 3.6 and RFC 2045 that no delivery changes.
const FIELDS: [&str; 15] = [
    "message-id",
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "in-reply-to",
    "references",
    "auto-submitted",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "mime-version",
];

/// Of a line in a header, as much as is kept while it is looked at.
const LONGEST_LINE: usize = 64 << 10;

/// Takes a message piece by piece.
#[derive(Debug)]
pub struct Fingerprint {
    hash: Sha256,
    in_header: bool,
    /// The header's line, as far as it has come.
    line: Vec<u8>,
    /// Whether the field to which a folded line belongs is covered.
    covers: bool,
    /// Of the body: nothing of the line has gone into the digest.
    at_start: bool,
    /// Of the body: ends of lines that count only if something follows.
    ends: u64,
    /// The last byte was a carriage return: a line feed belongs to it.
    after_return: bool,
    /// The beginning of a body's line that may be mbox's `>From `.
    quote: Vec<u8>,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self {
            hash: Sha256::new(),
            in_header: true,
            line: Vec::new(),
            covers: false,
            at_start: true,
            ends: 0,
            after_return: false,
            quote: Vec::new(),
        }
    }
}

/// The fingerprint of a whole message.
pub fn fingerprint(raw: &[u8]) -> Digest {
    let mut print = Fingerprint::default();
    print.take(raw);
    print.finish()
}

impl Fingerprint {
    pub fn take(&mut self, mut piece: &[u8]) {
        while let Some(first) = piece.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (words, rest) = piece.split_at(end.unwrap_or(piece.len()));
            self.words(words);
            let Some(ending) = rest.first() else { return };
            self.after_return = *ending == b'\r';
            self.end_of_line();
            piece = &rest[1..];
        }
    }

    pub fn finish(mut self) -> Digest {
        if self.in_header && !self.line.is_empty() {
            self.end_of_line();
        }
        self.flush_quote();
        Digest::from(<[u8; 32]>::from(self.hash.finalize()))
    }

    fn words(&mut self, words: &[u8]) {
        if self.in_header {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&words[..words.len().min(room)]);
        } else if !words.is_empty() {
            self.body(words);
        }
    }

    /// `From ` at the beginning of a line is written `>From ` in an mbox, and `>>From ` after two of them.
    fn body(&mut self, words: &[u8]) {
        let mut words = words;
        if self.at_start {
            let room = 64_usize.saturating_sub(self.quote.len());
            let (beginning, rest) = words.split_at(words.len().min(room));
            self.quote.extend_from_slice(beginning);
            words = rest;
            if self.quote.len() < 64 {
                return;
            }
            self.flush_quote();
        }
        self.hash.update(words);
    }

    fn flush_quote(&mut self) {
        let quote = std::mem::take(&mut self.quote);
        if quote.is_empty() {
            return;
        }
        for _ in 0..std::mem::take(&mut self.ends) {
            self.hash.update(b"\n");
        }
        self.at_start = false;
        let marks = quote.iter().take_while(|byte| **byte == b'>').count();
        let line = if quote[marks..].starts_with(b"From ") { &quote[marks..] } else { &quote[..] };
        self.hash.update(line);
    }

    fn end_of_line(&mut self) {
        if !self.in_header {
            self.flush_quote();
            self.at_start = true;
            self.ends += 1;
            return;
        }
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.in_header = false;
            self.hash.update(b"\0");
            return;
        }
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        if !folded {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            self.covers = FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes()));
            if self.covers {
                self.hash.update(b"\n");
                self.hash.update(name.to_ascii_lowercase());
                let value = line.get(line.iter().position(|byte| *byte == b':').unwrap_or(0)..).unwrap_or_default();
                self.value(value);
            }
        } else if self.covers {
            self.value(&line);
        }
    }

    /// Blanks and folds may change on the way; words may not.
    fn value(&mut self, value: &[u8]) {
        for word in value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            self.hash.update(word);
            self.hash.update(b" ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "Received: from a by b\r\nMessage-ID: <one@fra.example>\r\nSubject: Joint\r\n letter\r\nX-Spam: 1\r\n\r\nDear all,\r\n\r\nFrom us\r\n";

    #[test]
    fn a_mail_that_is_delivered_again_is_the_same() {
        let same = fingerprint(MAIL.as_bytes());
        for copy in [
            MAIL.replace("\r\n", "\n"),
            MAIL.replace("\r\n", "\r"),
            MAIL.replace("from a by b", "from c by d\r\n for e"),
            format!("Return-Path: <>\r\nDelivered-To: us\r\n{MAIL}"),
            MAIL.replace("X-Spam: 1\r\n", "Status: RO\r\nX-UID: 7\r\n"),
            MAIL.replace("Joint\r\n letter", "Joint letter"),
            format!("{MAIL}\r\n\r\n"),
            MAIL.trim_end().to_owned(),
            MAIL.replace("\nFrom us", "\n>From us"),
        ] {
            assert_eq!(fingerprint(copy.as_bytes()), same, "{copy:?}");
        }
    }

    #[test]
    fn another_mail_with_the_same_id_is_another() {
        let same = fingerprint(MAIL.as_bytes());
        for other in [
            MAIL.replace("Dear all", "Dear both"),
            MAIL.replace("Joint\r\n letter", "Joint reply"),
            MAIL.replace("all,\r\n\r\n", "all,\r\n"),
            MAIL.replace("\r\n\r\nDear", "\r\nDear"),
            MAIL.replace("From us", "> From us"),
            MAIL.replace("Subject: Joint", "From: a@fra.example\r\nSubject: Joint"),
        ] {
            assert_ne!(fingerprint(other.as_bytes()), same, "{other:?}");
        }
    }

    #[test]
    fn it_makes_no_difference_in_which_pieces_a_mail_comes() {
        let same = fingerprint(MAIL.as_bytes());
        for size in 1..40 {
            let mut print = Fingerprint::default();
            MAIL.as_bytes().chunks(size).for_each(|piece| print.take(piece));
            assert_eq!(print.finish(), same, "{size}");
        }
    }
}
