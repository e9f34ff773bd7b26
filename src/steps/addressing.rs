//! How the letters of a workspace address the missions, and what somebody should look at.

use std::collections::BTreeSet;

use crate::config::forms::FORMS_OF_ADDRESS;
use crate::config::workspace::{CONTACTS, Workspace};
use crate::letters::AddressForm;
use crate::letters::doubts::{Doubt, doubts};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Language, StateCode};

/// What `check` says of the forms of address, for letters that are written in these languages: one problem a reason.
pub fn problems(workspace: &Workspace, written: &BTreeSet<(StateCode, Language)>) -> Vec<Problem> {
    let forms: Vec<(StateCode, AddressForm)> = written
        .iter()
        .filter_map(|(code, language)| {
            let (mission, state) = (workspace.mission(*code)?, workspace.states().get(*code)?);
            Some((*code, FORMS_OF_ADDRESS.address(mission, state, *language)?))
        })
        .collect();
    let found = doubts(forms.iter().map(|(code, form)| (*code, form)));
    let mut problems: Vec<Problem> = found.iter().filter(|doubt| !doubt.told_at_its_row).map(problem).collect();
    problems.extend(forms_in_another_language(workspace, written));
    problems
}

/// The contact list's own words are in the language that the mission reads; a letter that fell back to another one would begin
/// in one language and go on in the next.
fn forms_in_another_language(workspace: &Workspace, written: &BTreeSet<(StateCode, Language)>) -> Vec<Problem> {
    let in_another = |(code, language): &(StateCode, Language)| {
        let (mission, state) = (workspace.mission(*code)?, workspace.states().get(*code)?);
        let form = FORMS_OF_ADDRESS.address(mission, state, *language)?;
        let own = mission.language().unwrap_or(state.language);
        let told = (form.own_salutation || form.own_closing) && own != *language;
        told.then(|| {
            let message = format!(
                "{code} has a salutation or closing of its own, for `{own}`, and gets a letter in `{language}`"
            );
            let help = format!("write the letter in `{own}`, or change the language or the words of its row");
            Problem::warning(message).in_file(CONTACTS).help(help)
        })
    };
    written.iter().filter_map(in_another).collect()
}

fn problem(doubt: &Doubt) -> Problem {
    let message = format!("forms of address: {}: {}", doubt.reason, some_of(&doubt.delegations));
    if doubt.two_languages {
        // A letter in two languages is seldom what was meant.
        return Problem::warning(message)
            .in_file(CONTACTS)
            .help("write `salutation` and `closing` for them in that language in config/contacts.csv");
    }
    let help = "`demarche contacts` shows each; where you know better, write `salutation` and `closing` in config/contacts.csv";
    Problem::notice(message).in_file(CONTACTS).help(help)
}

/// The first few, and how many more.
pub fn some_of(delegations: &[StateCode]) -> String {
    const SHOWN: usize = 8;
    let named: Vec<&str> = delegations.iter().take(SHOWN).map(StateCode::as_str).collect();
    match delegations.len().saturating_sub(SHOWN) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
