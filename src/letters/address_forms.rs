//! How a head of mission is addressed: salutation, closing, inside address.

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

/// The lines above the salutation; no street, for letters go by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsideAddress {
    /// `Her Excellency Ms. A. Person`; `None` when nobody is named.
    pub name: Option<String>,
    /// `None` when it is not known for sure.
    pub title: Option<String>,
    /// `Permanent Mission`, in the letter's language. The State stands on the next line, so that no article is needed.
    pub mission: &'static str,
    pub state: String,
}

impl InsideAddress {
    /// From the name downwards.
    pub fn lines(&self) -> Vec<&str> {
        let person = self.name.as_deref().into_iter().chain(self.title.as_deref());
        person.chain([self.mission, &self.state]).collect()
    }
}

/// How one delegation is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressForm {
    pub salutation: String,
    pub closing: String,
    pub inside: InsideAddress,
    /// The language of salutation and closing; English where the letter's own language has no form.
    pub language: Language,
    /// `false`: at least a part is general usage, or an override of the contact list.
    pub verified: bool,
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
    /// No row or no name: the form for an unknown person. Overrides of the contact list win over every form.
    /// `None` only when there is not even an English form for an unknown person.
    pub fn address(&self, mission: &Mission, state: &State, language: Language) -> Option<AddressForm> {
        let head = mission.head();
        let named = head.filter(|contact| !contact.name.trim().is_empty());
        let role = role(named, state);
        let form = self.choose(language, role, named.and_then(|contact| contact.gender))?;
        // A form of another role or language knows how to greet, but its title would be a false one.
        let own = form.role == role && form.language == language;
        let fill = |text: &str| match named {
            Some(person) => text.replace("{full_name}", person.name.trim()).replace("{surname}", person.surname()),
            None => text.to_owned(),
        };
        let overridden = |text: Option<&String>| text.filter(|t| !t.trim().is_empty()).cloned();
        let salutation = overridden(head.and_then(|c| c.salutation.as_ref()));
        let closing = overridden(head.and_then(|c| c.closing.as_ref()));
        Some(AddressForm {
            verified: form.verified && own && salutation.is_none() && closing.is_none(),
            language: form.language,
            inside: InsideAddress {
                name: named.map(|person| if own { fill(&form.envelope) } else { person.name.trim().to_owned() }),
                title: named.filter(|p| own && title_is_known(p, role)).map(|_| form.title.clone()),
                mission: mission_line(state, language),
                state: state.name(language).to_owned(),
            },
            salutation: salutation.unwrap_or_else(|| fill(&form.salutation)),
            closing: closing.unwrap_or_else(|| fill(&form.closing)),
        })
    }

    /// The exact form, else that for an unknown gender, else for an unknown person in the language, else in English.
    fn choose(&self, language: Language, role: Role, gender: Option<Gender>) -> Option<&Form> {
        let find = |language, role, gender| {
            self.forms.iter().find(|f| f.language == language && f.role == role && f.gender == gender)
        };
        // Nuncios are archbishops: where no other form is given, theirs is the masculine one.
        let nuncio = (role == Role::ApostolicNuncio).then_some(Some(Gender::Male));
        let unknown = Role::PermanentRepresentative;
        find(language, role, gender)
            .or_else(|| find(language, role, None))
            .or_else(|| find(language, role, nuncio?))
            .or_else(|| find(language, unknown, None))
            .or_else(|| find(Language::ENGLISH, role, gender))
            .or_else(|| find(Language::ENGLISH, role, None))
            .or_else(|| find(Language::ENGLISH, unknown, None))
    }
}

/// From the State and the head's rank. A counsellor or secretary who heads a mission does so as chargé d'affaires.
fn role(head: Option<&Contact>, state: &State) -> Role {
    let ambassador = match state.code.as_str() {
        "VAT" => Role::ApostolicNuncio,
        _ if state.standing != Standing::Member => Role::PermanentObserver,
        _ => Role::PermanentRepresentative,
    };
    match head.and_then(|contact| contact.rank) {
        None | Some(Rank::Ambassador) => ambassador,
        Some(Rank::Charge | Rank::Counsellor | Rank::Secretary) => Role::ChargeDAffaires,
        Some(Rank::Minister) => Role::DeputyPermanentRepresentative,
    }
}

/// A title is printed only where the contact list says the rank; the European Union's head has another one.
fn title_is_known(head: &Contact, role: Role) -> bool {
    let other_title = role == Role::PermanentObserver && head.state.as_str() == "EUE";
    head.rank.is_some() && !other_title
}

fn mission_line(state: &State, language: Language) -> &'static str {
    let lines = match state.standing {
        Standing::Member => ["Permanent Mission", "Mission permanente", "Misión Permanente"],
        Standing::ObserverState => {
            ["Permanent Observer Mission", "Mission permanente d'observation", "Misión Permanente de Observación"]
        }
        Standing::ObserverOrganisation => ["Permanent Delegation", "Délégation permanente", "Delegación Permanente"],
    };
    match language.as_str() {
        "fr" => lines[1],
        "es" => lines[2],
        _ => lines[0],
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
