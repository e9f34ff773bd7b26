//! Forms of address that somebody should look at before the letters leave, gathered by their reason.

use std::collections::BTreeMap;

use serde::Serialize;

use super::address_forms::AddressForm;
use super::basis::{Basis, Why};
use crate::vocabulary::StateCode;

/// One reason, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// A clause for people: "the mission's form: the sources give none for a counsellor in French".
    pub reason: String,
    /// As [`Basis::word`]; `exact` where the form itself is in no named source.
    pub basis: &'static str,
    /// Whether the letter is in two languages.
    #[serde(skip)]
    pub two_languages: bool,
    /// Whether a row of the contact list has a notice of its own that says the same.
    #[serde(skip)]
    pub told_at_its_row: bool,
    pub delegations: Vec<StateCode>,
}

/// In the order of weight: two languages first, then the mission's form, then general usage.
pub fn doubts<'a>(forms: impl IntoIterator<Item = (StateCode, &'a AddressForm)>) -> Vec<Doubt> {
    let mut by_reason: BTreeMap<(u8, String), Doubt> = BTreeMap::new();
    for (state, form) in forms {
        let Some(reason) = form.doubt() else { continue };
        let doubt = by_reason.entry((weight(&form.basis), reason)).or_insert_with_key(|(_, reason)| Doubt {
            reason: reason.clone(),
            basis: form.basis.word(),
            two_languages: matches!(form.basis, Basis::English(_)),
            told_at_its_row: matches!(form.basis, Basis::Mission(Why::NoName | Why::NoNameVacant)),
            delegations: Vec::new(),
        });
        if !doubt.delegations.contains(&state) {
            doubt.delegations.push(state);
        }
    }
    by_reason.into_values().collect()
}

fn weight(basis: &Basis) -> u8 {
    match basis {
        Basis::English(_) => 0,
        Basis::Mission(Why::NoForm(..)) => 1,
        Basis::Mission(Why::NoRank) => 2,
        Basis::Mission(Why::NoNameVacant) => 3,
        Basis::Mission(Why::NoName) => 4,
        Basis::Mission(Why::NoHead) => 5,
        Basis::Exact | Basis::Override => 6,
    }
}
