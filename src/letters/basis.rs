//! On what a form of address rests, and the words in which that is told.

use std::fmt;

use crate::campaign::Gender;
use crate::vocabulary::Language;

/// On what a form of address rests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The sources give it for this office, gender and language.
    Exact,
    /// Salutation and closing both stand in the contact list.
    Override,
    /// The form in which one writes to the mission itself.
    Mission(Why),
    /// There are no forms in the letter's language: salutation and closing are English, the rest of the letter is not.
    English(Language),
}

/// Why a person is not addressed in a form of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// No row of the mission is its head's.
    NoHead,
    /// The head's row has no name.
    NoName,
    /// The head's row has no name, and its rank says that the post of ambassador is vacant.
    NoNameVacant,
    /// The head's row has no rank: `Ambassadeur` would be a guess.
    NoRank,
    /// The sources give no form for this office and gender in this language.
    NoForm(Office, Option<Gender>, Language),
}

/// In what capacity somebody heads a mission, as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Office {
    Ambassador,
    Charge,
    Minister,
    Counsellor,
    Secretary,
    PermanentObserver,
    Nuncio,
}

impl Basis {
    /// One word for a narrow column; empty where there is nothing to say.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Exact => "",
            Self::Override => "own words",
            Self::Mission(_) => "mission's form",
            Self::English(_) => "English form",
        }
    }

    /// For scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Override => "override",
            Self::Mission(_) => "mission",
            Self::English(_) => "english",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("the form that the sources give"),
            Self::Override => f.write_str("the contact list's own words"),
            Self::Mission(why @ Why::NoNameVacant) => write!(f, "the form for an unknown chargé d'affaires: {why}"),
            Self::Mission(why) => write!(f, "the mission's form: {why}"),
            Self::English(language) => {
                write!(f, "English salutation and closing: there are no forms of address in `{language}`")
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHead => f.write_str("the list has no row for the head of mission"),
            Self::NoName => f.write_str("the head of mission has no name"),
            Self::NoNameVacant => f.write_str("the head of mission has no name, and the post is vacant"),
            Self::NoRank => f.write_str("the head of mission has no rank"),
            Self::NoForm(office, gender, language) => {
                let office = office.describe(*gender);
                write!(f, "the sources give none for {office} in {}", language_name(*language))
            }
        }
    }
}

impl Office {
    fn describe(self, gender: Option<Gender>) -> String {
        let office = match self {
            Self::Ambassador => "an ambassador",
            Self::Charge => "a chargé d'affaires",
            Self::Minister => "a minister",
            // No language has a form for these, whoever holds the rank.
            Self::Counsellor => return "a counsellor".to_owned(),
            Self::Secretary => return "a secretary".to_owned(),
            Self::PermanentObserver => "a permanent observer",
            Self::Nuncio => "a nuncio",
        };
        match gender {
            None => format!("{office} whose gender is not known"),
            Some(Gender::Female) => format!("{office} who is a woman"),
            Some(Gender::Male) => format!("{office} who is a man"),
        }
    }
}

fn language_name(language: Language) -> String {
    match language.as_str() {
        "en" => "English".to_owned(),
        "fr" => "French".to_owned(),
        "es" => "Spanish".to_owned(),
        other => format!("`{other}`"),
    }
}
