//! The lines above the salutation.

use crate::campaign::State;
use crate::campaign::states::Standing;
use crate::vocabulary::Language;

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

/// What sits in Geneva, in the letter's language.
pub(super) fn mission_line(state: &State, language: Language) -> &'static str {
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
