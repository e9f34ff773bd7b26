//! The States of the UN and their regional groups.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::vocabulary::{Language, StateCode, hint};

/// A regional group of the UN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    Africa,
    AsiaPacific,
    EasternEurope,
    Grulac,
    Weog,
}

impl Group {
    pub const ALL: [Self; 5] = [Self::Africa, Self::AsiaPacific, Self::EasternEurope, Self::Grulac, Self::Weog];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Africa => "africa",
            Self::AsiaPacific => "asia-pacific",
            Self::EasternEurope => "eastern-europe",
            Self::Grulac => "grulac",
            Self::Weog => "weog",
        }
    }

    /// The group's name as the UN writes it in English.
    pub fn title(self) -> &'static str {
        match self {
            Self::Africa => "African States",
            Self::AsiaPacific => "Asia-Pacific States",
            Self::EasternEurope => "Eastern European States",
            Self::Grulac => "Latin American and Caribbean States",
            Self::Weog => "Western European and other States",
        }
    }
}

impl FromStr for Group {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|g| g.as_str() == text)
            .ok_or_else(|| "a group is one of weog, grulac, africa, asia-pacific, eastern-europe".to_owned())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Group {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How a State or entity takes part in the UN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Member,
    ObserverState,
    ObserverOrganisation,
}

/// One State, or an observer with a mission in Geneva.
#[derive(Debug, Clone)]
pub struct State {
    pub code: StateCode,
    pub name_en: String,
    pub official_en: String,
    pub name_fr: String,
    pub name_es: String,
    /// Observers have none.
    pub group: Option<Group>,
    /// An editorial default for letters, not a fact about the State.
    pub language: Language,
    pub standing: Standing,
}

impl State {
    /// The UN's name of the State in `language`; English where no other is known.
    pub fn name(&self, language: Language) -> &str {
        match language.as_str() {
            "fr" => &self.name_fr,
            "es" => &self.name_es,
            _ => &self.name_en,
        }
    }

    pub fn is_member(&self) -> bool {
        self.standing == Standing::Member
    }
}

/// All that are known, by code.
#[derive(Debug)]
pub struct States {
    by_code: HashMap<StateCode, State>,
    in_order: Vec<StateCode>,
}

impl States {
    pub fn new(states: Vec<State>) -> Self {
        let mut in_order: Vec<StateCode> = states.iter().map(|s| s.code).collect();
        in_order.sort_unstable();
        Self { by_code: states.into_iter().map(|s| (s.code, s)).collect(), in_order }
    }

    pub fn get(&self, code: StateCode) -> Option<&State> {
        self.by_code.get(&code)
    }

    /// In the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &State> {
        self.in_order.iter().filter_map(|code| self.by_code.get(code))
    }

    /// Reads a code that must be known.
    ///
    /// # Errors
    /// One clause that says what is wrong and, where there is one, the nearest code or the code of that name.
    pub fn known(&self, text: &str) -> Result<StateCode, String> {
        let by_name = || {
            self.iter().find(|s| {
                [&s.name_en, &s.official_en, &s.name_fr, &s.name_es].iter().any(|n| n.eq_ignore_ascii_case(text))
            })
        };
        match text.parse::<StateCode>() {
            Ok(code) if self.by_code.contains_key(&code) => Ok(code),
            Ok(code) => Err(match hint::nearest(code.as_str(), self.in_order.iter().map(StateCode::as_str)) {
                Some(near) => format!("no State has the code {code}; did you mean {near}?"),
                None => format!("no State has the code {code}"),
            }),
            Err(wrong) => Err(match by_name() {
                Some(state) => format!("{wrong}: {} is {}", state.name_en, state.code),
                None => wrong.to_string(),
            }),
        }
    }
}
