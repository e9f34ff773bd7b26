//! Addresses whose domain may not be what it seems: a person looks at each, and none is approved among many.
//!
//! What surely imitates (mixed scripts, Cyrillic that reads as Latin) is no address at all: see `vocabulary::address`. Here is what
//! may be honest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::contact::Mission;
use crate::vocabulary::Address;

/// Why a domain is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It has letters beyond ASCII, and is shown to readers in them.
    Letters { domain: String, unicode: String },
    /// The eye may take it for another domain of the contact list.
    Like { domain: String, unicode: String, other: String },
}

impl Doubt {
    /// As mail servers write it.
    pub fn domain(&self) -> &str {
        match self {
            Self::Letters { domain, .. } | Self::Like { domain, .. } => domain,
        }
    }

    /// As people see it.
    pub fn unicode(&self) -> &str {
        match self {
            Self::Letters { unicode, .. } | Self::Like { unicode, .. } => unicode,
        }
    }
}

/// In both forms: as mail servers write it (A-label, RFC 5890) and as people see it.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letters { domain, unicode } => write!(f, "`{domain}`, which is shown as `{unicode}`"),
            Self::Like { domain, unicode, other } if domain == unicode => {
                write!(f, "`{domain}`, which looks like `{other}`")
            }
            Self::Like { domain, unicode, other } => {
                write!(f, "`{domain}`, which is shown as `{unicode}` and looks like `{other}`")
            }
        }
    }
}

/// The domains of a contact list, by how they look.
#[derive(Debug, Clone, Default)]
pub struct Doubts {
    looks: BTreeMap<String, BTreeSet<String>>,
}

impl Doubts {
    pub fn of(missions: &[Mission]) -> Self {
        let mut looks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let addresses = missions.iter().flat_map(|m| &m.contacts).filter_map(|contact| contact.email.as_ref());
        let domains: BTreeSet<&str> = addresses.map(Address::domain).collect();
        for domain in domains {
            for look in looks_of(domain) {
                looks.entry(look).or_default().insert(domain.to_owned());
            }
        }
        Self { looks }
    }

    /// What there is to look at in one address; `None` for nearly all.
    pub fn about(&self, address: &Address) -> Option<Doubt> {
        let domain = address.domain();
        let unicode = in_unicode(domain);
        let alike = looks_of(domain).into_iter().filter_map(|look| self.looks.get(&look)).flatten();
        if let Some(other) = alike.into_iter().find(|other| *other != domain) {
            return Some(Doubt::Like { domain: domain.to_owned(), unicode, other: other.clone() });
        }
        (unicode != domain).then(|| Doubt::Letters { domain: domain.to_owned(), unicode })
    }

    /// Of a letter's recipients, each doubt once.
    pub fn among<'a>(&self, addresses: impl IntoIterator<Item = &'a Address>) -> Vec<Doubt> {
        let doubts: BTreeSet<Doubt> = addresses.into_iter().filter_map(|address| self.about(address)).collect();
        doubts.into_iter().collect()
    }
}

/// As people see it: `xn--mnchen-3ya.example` is `münchen.example`.
pub fn in_unicode(domain: &str) -> String {
    if domain.contains("xn--") { idna::domain_to_unicode(domain).0 } else { domain.to_owned() }
}

/// How the eye takes a domain: by Unicode's confusables (UTS 39), in which `1` is an `l`, `0` an `o` and `rn` an `m`;
/// once more with `1` as an `i`, and once with `i` as an `l`, which a capital I is read as.
pub fn looks_of(domain: &str) -> [String; 3] {
    let unicode = in_unicode(domain);
    let look = |text: &str| unicode_security::skeleton(text).flat_map(char::to_lowercase).collect::<String>();
    [look(&unicode), look(&unicode.replace('1', "i")), look(&unicode.replace('i', "l"))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Contact, Post, Send};

    fn doubts(list: &[&str], about: &str) -> Vec<String> {
        let missions: Vec<Mission> = list.iter().map(|address| with_mailbox(address)).collect();
        let address: Address = about.parse().unwrap();
        Doubts::of(&missions).among([&address]).iter().map(ToString::to_string).collect()
    }

    fn with_mailbox(address: &str) -> Mission {
        let state = "FRA".parse().unwrap();
        let contact = Contact {
            state,
            post: Post::Mission,
            rank: None,
            name: String::new(),
            gender: None,
            email: Some(address.parse().unwrap()),
            send: Send::To,
            language: None,
            as_of: "2018-01-05".parse().unwrap(),
            source: "invented".into(),
            tags: vec![],
            surname: None,
            salutation: None,
            closing: None,
            line: 2,
        };
        Mission { state, contacts: vec![contact] }
    }

    #[test]
    fn a_domain_in_other_letters_is_shown_in_both_forms() {
        let told = doubts(&["a@fra.example"], "a@münchen.example");
        assert_eq!(told, ["`xn--mnchen-3ya.example`, which is shown as `münchen.example`"]);
    }

    #[test]
    fn domains_of_the_list_that_look_alike_are_both_doubtful() {
        let list = ["a@mission-fr1.example", "b@mission-frl.example", "c@deu.example"];
        assert_eq!(doubts(&list, list[0]), ["`mission-fr1.example`, which looks like `mission-frl.example`"]);
        assert_eq!(doubts(&list, list[1]), ["`mission-frl.example`, which looks like `mission-fr1.example`"]);
        assert_eq!(doubts(&list, list[2]), [""; 0]);
    }
}
