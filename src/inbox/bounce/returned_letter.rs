//! The letter that a bounce sends back: its id, its subject, to whom it was written.

use super::super::addresses::addresses_in;
use super::super::incoming::{Incoming, ids_in};
use super::notice::Notice;
use super::report::Report;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedLetter {
    /// The surest first.
    pub ids: Vec<String>,
    pub subject: Option<String>,
    pub written_to: Vec<String>,
}

/// Looks where servers put it: enclosed, written below the notice, told in the report, pointed at by the bounce's own fields.
pub fn letter_in(message: &Incoming, notice: &Notice, report: Option<&Report>) -> ReturnedLetter {
    let mut letter = ReturnedLetter::default();
    for enclosed in message.enclosed().take(20) {
        letter.ids.extend(enclosed.ids("message-id"));
        letter.note_subject(enclosed.first("subject"));
        let people = enclosed.people("to").chain(enclosed.people("cc")).map(|one| one.address.clone());
        letter.written_to.extend(people.filter(|address| address.contains('@')));
        // A letter whose own header is lost has it in its words, as where a server puts a notice into the message.
        if letter.ids.is_empty() {
            letter.read_header(&super::notice::notice_in(enclosed));
        }
    }
    letter.read_header(notice);
    if let Some(report) = report {
        let about = ["x-original-message-id", "original-message-id", "x-postfix-original-message-id"];
        letter.ids.extend(about.into_iter().filter_map(|name| report.about_message.get(name)).flat_map(ids_in));
    }
    letter.read_words(&notice.words);
    // Some servers give their bounce the very id of the letter: only the fields that point elsewhere may not mean the bounce.
    let own = message.ids("message-id");
    for name in ["x-original-message-id", "x-ms-exchange-parent-message-id", "in-reply-to"] {
        letter.ids.extend(message.ids(name).into_iter().filter(|id| !own.contains(id)));
    }
    letter.ids.extend(message.ids("references").into_iter().rev().filter(|id| !own.contains(id)));
    let mut seen: Vec<String> = Vec::new();
    letter.ids.retain(|id| {
        let new = !seen.contains(id) && seen.len() < 50;
        if new {
            seen.push(id.clone());
        }
        new
    });
    letter
}

impl ReturnedLetter {
    fn note_subject(&mut self, subject: Option<&str>) {
        if self.subject.is_none() {
            self.subject = subject.map(str::trim).filter(|subject| !subject.is_empty()).map(ToOwned::to_owned);
        }
    }

    fn read_header(&mut self, notice: &Notice) {
        self.ids.extend(notice.field("message-id").map(ids_in).unwrap_or_default());
        self.note_subject(notice.field("subject"));
        if self.written_to.is_empty() {
            let fields = ["to", "cc"].into_iter().filter_map(|name| notice.field(name));
            self.written_to.extend(fields.flat_map(addresses_in).map(|found| found.address));
        }
    }

    /// `Message-ID: <…>` and `Subject: …` among the server's words, as Exchange and Domino tell them.
    fn read_words(&mut self, words: &str) {
        for line in words.lines().take(2_000) {
            let line = line.trim_start_matches(['>', ' ', '\t', '*', '|']);
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim().to_lowercase().as_str() {
                "message-id" | "message id" | "messageid" | "message-id header" | "original message id" => {
                    self.ids.extend(ids_in(value));
                }
                "subject" | "message subject" | "betreff" | "objet" | "asunto" | "assunto" | "тема" => {
                    self.note_subject(Some(value))
                }
                _ => {}
            }
        }
    }
}
