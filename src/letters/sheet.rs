//! What a printed letter shows around its words, as a coalition's own paper would.

use serde::Serialize;

use super::Facts;
use super::wording::Tongue;
use crate::campaign::Campaign;
use crate::vocabulary::{Day, Language};

/// Letterhead, date line, inside address and subject. All of it stands above the salutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// Who writes: the sender's name, then the address for answers.
    pub letterhead: Vec<String>,
    /// The day on which the letter leaves, in the letter's language.
    pub date: String,
    /// From the name downwards; no street.
    pub inside: Vec<String>,
    pub subject: String,
}

impl Sheet {
    pub fn new(campaign: &Campaign, facts: &Facts, language: Language, leaves: Day, subject: &str) -> Self {
        let address = campaign.reply_to.as_ref().unwrap_or(&campaign.from.address).to_string();
        Self {
            letterhead: campaign.from.name.iter().cloned().chain([address]).collect(),
            // A language whose months nobody taught us gets the day as ISO 8601 writes it: no half English date.
            date: Tongue::of(language).map_or_else(|| leaves.to_string(), |tongue| tongue.date(leaves)),
            inside: facts.inside_address().to_vec(),
            subject: subject.to_owned(),
        }
    }

    /// Every string of it.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        let lines = self.letterhead.iter().chain(&self.inside).map(String::as_str);
        lines.chain([self.date.as_str(), self.subject.as_str()])
    }
}
