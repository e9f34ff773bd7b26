//! In which language a delegation is written to.

use crate::campaign::{Mission, State};
use crate::vocabulary::Language;

/// The language of one delegation's letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The first wish for which the letter has a text.
    pub language: Language,
    /// What the delegation would have been written in.
    pub wished: Language,
}

impl Choice {
    /// Whether the delegation gets another language than it should.
    pub fn is_fallback(&self) -> bool {
        self.language != self.wished
    }
}

/// The contact's language, else the State's, else English: the first for which `LANG.md` exists.
///
/// `None` when not even English exists.
pub fn choose(mission: Option<&Mission>, state: &State, exists: impl Fn(Language) -> bool) -> Option<Choice> {
    let asked = mission.and_then(Mission::language);
    let wished = asked.unwrap_or(state.language);
    [asked, Some(state.language), Some(Language::ENGLISH)]
        .into_iter()
        .flatten()
        .find(|language| exists(*language))
        .map(|language| Choice { language, wished })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::address_forms::samples::{a_head, a_mission, a_state};

    #[test]
    fn a_contact_s_language_comes_before_the_state_s_and_english_last() {
        let mut head = a_head();
        head.language = Some(Language::SPANISH);
        let mission = a_mission(head);
        let state = a_state("FRA", Language::FRENCH);
        let choose = |exists: &[&str]| choose(Some(&mission), &state, |l| exists.contains(&l.as_str()));
        let choice = |language| Some(Choice { language, wished: Language::SPANISH });
        assert_eq!(choose(&["en", "fr", "es"]), choice(Language::SPANISH));
        assert_eq!(choose(&["en", "fr"]), choice(Language::FRENCH));
        assert_eq!(choose(&["en"]), choice(Language::ENGLISH));
        assert_eq!(choose(&["de"]), None);
        assert!(choose(&["en"]).unwrap().is_fallback());
    }
}
