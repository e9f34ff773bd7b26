//! How a head of mission is addressed: salutation, closing, inside address.

use super::basis::{Basis, Office, Why};
use super::inside_address::{InsideAddress, mission_line};
use crate::campaign::states::Standing;
use crate::campaign::{Contact, Gender, Mission, Rank, State};
use crate::vocabulary::Language;

/// The office in which a person is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    PermanentRepresentative,
    /// The post of ambassador is vacant.
    ChargeDAffaires,
    DeputyPermanentRepresentative,
    ApostolicNuncio,
    PermanentObserver,
}

/// One way of addressing, in one language, to one role and gender.
#[derive(Debug, Clone)]
pub struct Form {
    pub language: Language,
    pub role: Role,
    /// `None`: not known.
    pub gender: Option<Gender>,
    /// The name's line, with `{full_name}` to be filled in.
    pub envelope: String,
    /// A line of its own, without the State's name.
    pub title: String,
    /// May hold `{full_name}` or `{surname}`.
    pub salutation: String,
    pub closing: String,
    /// Whether opening and closing stand in the named sources.
    pub verified: bool,
    pub source: String,
}

/// All known forms. Source: `config/un/forms-of-address.toml`.
#[derive(Debug, Clone, Default)]
pub struct FormsOfAddress {
    forms: Vec<Form>,
}

/// How one delegation is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressForm {
    pub salutation: String,
    pub closing: String,
    pub inside: InsideAddress,
    /// The language of salutation and closing; English where the letter's own language has no form.
    pub language: Language,
    pub basis: Basis,
    /// `false`: at least a part is general usage, the mission's form, or an override of the contact list.
    pub verified: bool,
    /// Whether the contact list gives the salutation in place of the forms.
    pub own_salutation: bool,
    /// Whether the contact list gives the closing in place of the forms.
    pub own_closing: bool,
}

impl AddressForm {
    /// Why somebody should look at it before it leaves; `None` where a named source, or the contact list, gives it.
    pub fn doubt(&self) -> Option<String> {
        match &self.basis {
            // Words from two places: a greeting to an Ambassadeur would end with an Ambassadrice.
            _ if self.own_salutation != self.own_closing => Some(
                "the contact list gives the salutation or the closing alone: see that they fit each other".to_owned(),
            ),
            Basis::Override => None,
            Basis::Exact if self.verified || self.own_salutation || self.own_closing => None,
            Basis::Exact => Some("general usage, in no named source".to_owned()),
            basis @ (Basis::Mission(_) | Basis::English(_)) => Some(basis.to_string()),
        }
    }
}

impl FormsOfAddress {
    pub fn new(forms: Vec<Form>) -> Self {
        Self { forms }
    }

    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// The form for the head of `mission`, whatever the row's `send`.
    ///
    /// No row or no name: the form for an unknown person, which is the mission's. A person for whom the forms have none
    /// gets it too: nobody is given a title that is not theirs. Overrides of the contact list win over every form.
    /// `None` only when there is not even an English form for an unknown person.
    pub fn address(&self, mission: &Mission, state: &State, language: Language) -> Option<AddressForm> {
        let spoken = if self.forms.iter().any(|f| f.language == language) { language } else { Language::ENGLISH };
        let (form, why) = match self.for_head(mission.head(), state, spoken) {
            Ok(form) => (form, None),
            Err(Why::NoNameVacant) => {
                let charge = self.find(spoken, Role::ChargeDAffaires, None);
                (charge.or_else(|| self.for_mission(spoken))?, Some(Why::NoNameVacant))
            }
            Err(why) => (self.for_mission(spoken)?, Some(why)),
        };
        let named = mission.head().filter(|contact| !contact.name.trim().is_empty());
        let fill = |text: &str| match named {
            Some(person) => text.replace("{full_name}", person.name.trim()).replace("{surname}", person.surname()),
            None => text.to_owned(),
        };
        let (salutation, closing) = mission.own_words();
        // In a letter of another language an English honorific or title would be a word too many.
        let whole = why.is_none() && spoken == language;
        let name = named
            .filter(|p| why.is_none() || salutation.is_some() || may_be_excellency(p))
            .map(|person| if whole { fill(&form.envelope) } else { person.name.trim().to_owned() });
        Some(AddressForm {
            verified: form.verified && whole && salutation.is_none() && closing.is_none(),
            language: spoken,
            inside: InsideAddress {
                name,
                title: named.filter(|p| whole && title_is_true(p, form)).map(|_| form.title.clone()),
                mission: mission_line(state, language),
                state: state.name(language).to_owned(),
            },
            basis: match why {
                _ if salutation.is_some() && closing.is_some() => Basis::Override,
                _ if spoken != language => Basis::English(language),
                Some(why) => Basis::Mission(why),
                None => Basis::Exact,
            },
            own_salutation: salutation.is_some(),
            own_closing: closing.is_some(),
            salutation: salutation.map_or_else(|| fill(&form.salutation), str::to_owned),
            closing: closing.map_or_else(|| fill(&form.closing), str::to_owned),
        })
    }

    fn find(&self, language: Language, role: Role, gender: Option<Gender>) -> Option<&Form> {
        self.forms.iter().find(|f| f.language == language && f.role == role && f.gender == gender)
    }

    /// The form for an unknown person. It stands in for whoever has none of their own.
    fn for_mission(&self, language: Language) -> Option<&Form> {
        self.find(language, Role::PermanentRepresentative, None)
            .or_else(|| self.find(Language::ENGLISH, Role::PermanentRepresentative, None))
    }

    /// The head's own form, or why there is none.
    fn for_head(&self, head: Option<&Contact>, state: &State, language: Language) -> Result<&Form, Why> {
        let head = head.ok_or(Why::NoHead)?;
        if head.name.trim().is_empty() {
            return Err(if head.rank == Some(Rank::Charge) { Why::NoNameVacant } else { Why::NoName });
        }
        let office = office(head.rank.ok_or(Why::NoRank)?, state);
        let none = || Why::NoForm(office, head.gender, language);
        let role = role(office).ok_or_else(none)?;
        // Nuncios are archbishops: one of whom the list does not say it is a man all the same.
        let gender = if office == Office::Nuncio { Some(head.gender.unwrap_or(Gender::Male)) } else { head.gender };
        self.find(language, role, head.gender).or_else(|| self.find(language, role, gender)).ok_or_else(none)
    }
}

/// From the rank of whoever stands in the head's row, and from what sits there: a mission, a nunciature, observers.
fn office(rank: Rank, state: &State) -> Office {
    match rank {
        Rank::Ambassador if state.code.as_str() == "VAT" => Office::Nuncio,
        Rank::Ambassador if state.standing != Standing::Member => Office::PermanentObserver,
        Rank::Ambassador => Office::Ambassador,
        Rank::Charge => Office::Charge,
        Rank::Minister => Office::Minister,
        Rank::Counsellor => Office::Counsellor,
        Rank::Secretary => Office::Secretary,
    }
}

/// Under which role the sources give the office's form.
fn role(office: Office) -> Option<Role> {
    match office {
        Office::Ambassador => Some(Role::PermanentRepresentative),
        Office::Charge => Some(Role::ChargeDAffaires),
        Office::Minister => Some(Role::DeputyPermanentRepresentative),
        Office::PermanentObserver => Some(Role::PermanentObserver),
        Office::Nuncio => Some(Role::ApostolicNuncio),
        // A counsellor who heads a mission is often its chargé d'affaires; only the list can say so, by `charge`.
        Office::Counsellor | Office::Secretary => None,
    }
}

/// The mission's form calls whom it greets Excellency. Beside the name of somebody who surely is none it would be a slip of
/// protocol: that letter names the mission alone.
fn may_be_excellency(head: &Contact) -> bool {
    matches!(head.rank, None | Some(Rank::Ambassador))
}

/// Whether the form's title is this person's.
fn title_is_true(head: &Contact, form: &Form) -> bool {
    match form.role {
        // The list says that this minister is the head: no deputy.
        Role::DeputyPermanentRepresentative => false,
        // The European Union's head of delegation has another title.
        Role::PermanentObserver if head.state.as_str() == "EUE" => false,
        // `Représentant(e) permanent(e)` is a form to be filled in, not a title.
        _ => !form.title.contains(['/', '(']),
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::campaign::{Group, Post, Send};

    pub(crate) fn a_head() -> Contact {
        Contact {
            state: "FRA".parse().unwrap(),
            post: Post::Head,
            rank: Some(Rank::Ambassador),
            name: "Anne Personne".to_owned(),
            gender: Some(Gender::Female),
            email: Some("mission.france@geneva.example".parse().unwrap()),
            send: Send::To,
            language: None,
            as_of: "2018-01-10".parse().unwrap(),
            source: "invented".to_owned(),
            tags: Vec::new(),
            surname: None,
            salutation: None,
            closing: None,
            line: 2,
        }
    }

    pub(crate) fn a_mission(head: Contact) -> Mission {
        Mission { state: head.state, contacts: vec![head] }
    }

    pub(crate) fn a_state(code: &str, language: Language) -> State {
        State {
            code: code.parse().unwrap(),
            name_en: "France".to_owned(),
            official_en: "French Republic".to_owned(),
            name_fr: "France".to_owned(),
            name_es: "Francia".to_owned(),
            group: Some(Group::Weog),
            language,
            standing: Standing::Member,
        }
    }
}
