//! Who sits in which mission.

use crate::vocabulary::{Address, Day, Language, StateCode};

/// The post that a row of contacts.csv describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Post {
    /// The head of mission: the letter is addressed to this person.
    Head,
    Deputy,
    HumanRights,
    /// A functional mailbox.
    Mission,
}

/// The diplomatic rank of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rank {
    Ambassador,
    /// Chargé d'affaires a.i.: as `head`, the post is vacant.
    Charge,
    Minister,
    Counsellor,
    Secretary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gender {
    Female,
    Male,
}

/// Whether a row gets the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Send {
    To,
    Cc,
    No,
}

/// One row of contacts.csv, checked.
#[derive(Debug, Clone)]
pub struct Contact {
    pub state: StateCode,
    pub post: Post,
    pub rank: Option<Rank>,
    /// The full name; empty when nobody is named.
    pub name: String,
    pub gender: Option<Gender>,
    /// `None` only where `send` is `no`.
    pub email: Option<Address>,
    pub send: Send,
    pub language: Option<Language>,
    /// Since when the row is known.
    pub as_of: Day,
    /// From where it is known.
    pub source: String,
    pub tags: Vec<String>,
    /// Overrides what would be taken from the name, or printed by the forms of address.
    pub surname: Option<String>,
    pub salutation: Option<String>,
    pub closing: Option<String>,
    /// Where the row stands in the file, from 1.
    pub line: usize,
}

impl Contact {
    /// The surname as given, else the last word of the name.
    pub fn surname(&self) -> &str {
        match &self.surname {
            Some(surname) => surname,
            None => self.name.split_whitespace().last().unwrap_or(""),
        }
    }
}

/// All rows of one State: what one letter is addressed to.
#[derive(Debug, Clone)]
pub struct Mission {
    pub state: StateCode,
    pub contacts: Vec<Contact>,
}

impl Mission {
    /// The head of mission's row, whatever its `send`.
    pub fn head(&self) -> Option<&Contact> {
        self.contacts.iter().find(|c| c.post == Post::Head)
    }

    /// The addresses of the `to` rows, each mailbox once.
    pub fn to(&self) -> Vec<Address> {
        self.addresses(Send::To, &[])
    }

    /// The addresses of the `cc` rows, each mailbox once and none that is already among the `to`.
    pub fn cc(&self) -> Vec<Address> {
        self.addresses(Send::Cc, &self.to())
    }

    fn addresses(&self, send: Send, already: &[Address]) -> Vec<Address> {
        let mut found: Vec<Address> = Vec::new();
        for address in self.contacts.iter().filter(|c| c.send == send).filter_map(|c| c.email.as_ref()) {
            if !already.contains(address) && !found.contains(address) {
                found.push(address.clone());
            }
        }
        found
    }

    /// The language that a contact asks for: the first `to` row that names one, else the head's, else none.
    pub fn language(&self) -> Option<Language> {
        let receives = self.contacts.iter().filter(|c| c.send == Send::To).find_map(|c| c.language);
        receives.or_else(|| self.head().and_then(|head| head.language))
    }

    /// Salutation and closing that the list gives in place of the forms of address: the head's; where no row is the head's,
    /// the first that a row has.
    pub fn own_words(&self) -> (Option<&str>, Option<&str>) {
        let counts = |c: &&Contact| self.head().is_none() || c.post == Post::Head;
        let first = |words: fn(&Contact) -> Option<&String>| {
            let written = self.contacts.iter().filter(counts).filter_map(words).map(String::as_str);
            written.map(str::trim).find(|text| !text.is_empty())
        };
        (first(|c| c.salutation.as_ref()), first(|c| c.closing.as_ref()))
    }

    pub fn has_tag(&self, tag: &str) -> bool {
        self.contacts.iter().any(|c| c.tags.iter().any(|t| t == tag))
    }
}

/// Rows gathered by State, in the order of the State codes; rows keep their order.
pub fn missions(contacts: Vec<Contact>) -> Vec<Mission> {
    let mut by_state: std::collections::BTreeMap<StateCode, Vec<Contact>> = std::collections::BTreeMap::new();
    for contact in contacts {
        by_state.entry(contact.state).or_default().push(contact);
    }
    by_state.into_iter().map(|(state, contacts)| Mission { state, contacts }).collect()
}
