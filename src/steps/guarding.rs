//! Where the guards' findings come from, for the screen.

use crate::campaign::Mission;
use crate::config::sections::campaign::CampaignFile;
use crate::config::source::Source;
use crate::config::workspace::CONTACTS;
use crate::letters::Message;
use crate::letters::guards::Finding;
use crate::vocabulary::problem::{Place, Problem};

/// What stands around a letter's text: the names beside the addresses, and the inside address.
pub fn lines_around(message: &Message, inside_address: &[String]) -> Vec<String> {
    let names = message.to.iter().chain(&message.cc).filter_map(|mailbox| mailbox.name.clone());
    names.chain(inside_address.iter().cloned()).collect()
}

/// A finding as `check` and `plan` tell it, at the place where its words are written: the letter, the contact's row, the campaign.
pub fn warning(file: &CampaignFile, letter: &Source, finding: &Finding, mission: &Mission) -> Problem {
    let allow = match finding.state {
        Some(state) => format!(", or allow it in the campaign with may_name = [\"{state}\"]"),
        None => String::new(),
    };
    let place = in_contacts(finding, mission)
        .or_else(|| written_in(letter, &finding.words))
        .or_else(|| written_in(&file.source, &finding.words))
        .unwrap_or_else(|| in_file(&letter.file, 1));
    Problem::warning(format!("the letter {}, and is held", finding.what))
        .at(place)
        .help(format!("correct it{allow}; a person who has looked at it may `demarche release` it"))
}

/// The words on one line of a file.
fn written_in(source: &Source, words: &str) -> Option<Place> {
    let at = source.text.find(words)?;
    Some(source.place(at..at + words.len()))
}

fn in_contacts(finding: &Finding, mission: &Mission) -> Option<Place> {
    let says = |text: Option<&str>| text.is_some_and(|text| text.contains(&finding.words));
    let row = mission.contacts.iter().find(|contact| {
        says(Some(&contact.name)) || says(contact.salutation.as_deref()) || says(contact.closing.as_deref())
    })?;
    Some(in_file(CONTACTS, row.line))
}

fn in_file(file: &str, line: usize) -> Place {
    Place { file: file.to_owned(), line, column: 1, width: 0, text: String::new() }
}
