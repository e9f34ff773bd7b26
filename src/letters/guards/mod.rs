//! Guards: what no letter may say unseen. A finding holds its letter until the words are corrected or a person has looked.
//!
//! They read the rendered words, after all facts are in: a template may be right and one delegation's row wrong. What an author
//! writes into a template is refused earlier, at its place (`adapters::render`).

mod addresses;
mod fold;
mod links;
mod lookout;
mod names;
mod paragraph;
pub mod words;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;

use crate::campaign::{Campaign, Mission, States};
use crate::letters::Rendered;
use crate::vocabulary::StateCode;

use addresses::Book;
use lookout::Lookout;
use paragraph::{Readings, paragraphs};

pub use links::differs as link_differs;

/// One thing that a guard objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `names "Norway" (Norway)`: what is wrong, without where.
    pub what: String,
    /// The words themselves as the letter has them, on one line.
    pub words: String,
    /// The words with some before and behind them.
    pub excerpt: String,
    /// The State that is named, where one is.
    pub state: Option<StateCode>,
}

/// Stored and compared as a whole: the same words in another sentence are another finding.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: “{}”", self.what, self.excerpt)
    }
}

/// What the guards look at.
#[derive(Debug)]
pub struct Guarded<'a> {
    pub to: &'a Mission,
    /// The State whose review the letter is timed by.
    pub about: Option<StateCode>,
    pub rendered: &'a Rendered,
    /// What stands around the text: names beside addresses, the inside address.
    pub lines: &'a [String],
}

/// The guards of one campaign: made once, asked of every letter.
#[derive(Debug)]
pub struct Guards {
    lookout: Lookout,
    book: Book,
    readings: Readings,
    /// The target, and `may_name`.
    may_name: BTreeSet<StateCode>,
}

impl Guards {
    /// # Errors
    /// When there are more names than one search can hold.
    pub fn new(campaign: &Campaign, states: &States, missions: &[Mission]) -> Result<Self, String> {
        let signed = campaign.signatories.iter().flat_map(|s| [Some(s.name.as_str()), s.note.as_deref()]).flatten();
        let own = [Some(&campaign.from.address), campaign.reply_to.as_ref()];
        Ok(Self {
            lookout: Lookout::new(states, missions, signed)?,
            book: Book::new(states, missions, own.into_iter().flatten()),
            readings: Readings::default(),
            may_name: campaign.target.into_iter().chain(campaign.may_name.iter().copied()).collect(),
        })
    }

    /// What they object to in one letter, in the order of its words. All of it: what a person lets pass is compared sentence by
    /// sentence, and one that was left out could come back unseen.
    pub fn findings(&self, letter: &Guarded<'_>) -> Vec<Finding> {
        let mut allowed = self.may_name.clone();
        allowed.insert(letter.to.state);
        allowed.extend(letter.about);
        let parts = [letter.rendered.subject.as_str(), letter.rendered.text.as_str()];
        let parts = parts.into_iter().chain(letter.lines.iter().map(String::as_str));
        let read = parts.flat_map(paragraphs).map(|words| (words, self.readings.of(words, &self.lookout)));
        let read: Vec<_> = read.collect();
        let own = OnceCell::new();
        let mut findings = Vec::new();
        for (_, reading) in &read {
            findings.extend(self.lookout.names(&reading.folded, &reading.hits, letter.to, &own, &allowed));
        }
        for (words, _) in read.iter().filter(|(_, reading)| reading.has_at) {
            findings.extend(self.book.addresses(words, letter.to, &allowed));
        }
        findings.extend(read.iter().flat_map(|(_, reading)| reading.strange.iter().cloned()));
        findings.extend(links::in_html(&letter.rendered.html));
        let mut seen = BTreeSet::new();
        findings.retain(|finding| seen.insert(finding.to_string()));
        findings
    }
}
