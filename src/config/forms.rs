//! The built-in forms of address.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::campaign::Gender;
use crate::letters::FormsOfAddress;
use crate::letters::address_forms::{Form, Role};

/// `config/un/forms-of-address.toml`, compiled in and read at first use.
pub static FORMS_OF_ADDRESS: LazyLock<FormsOfAddress> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
    let file: File = toml::from_str(include_str!("../../config/un/forms-of-address.toml"))
        .expect("config/un/forms-of-address.toml is well formed");
    FormsOfAddress::new(file.form.into_iter().map(Form::from).collect())
});

#[derive(Deserialize)]
struct File {
    form: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    language: Tongue,
    role: RoleWord,
    gender: GenderLetter,
    envelope: String,
    title: String,
    salutation: String,
    closing: String,
    verified: bool,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tongue {
    En,
    Fr,
    Es,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RoleWord {
    PermanentRepresentative,
    ChargeDAffaires,
    DeputyPermanentRepresentative,
    ApostolicNuncio,
    PermanentObserver,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum GenderLetter {
    F,
    M,
    X,
}

impl From<Row> for Form {
    fn from(row: Row) -> Self {
        use crate::vocabulary::Language;
        Self {
            language: match row.language {
                Tongue::En => Language::ENGLISH,
                Tongue::Fr => Language::FRENCH,
                Tongue::Es => Language::SPANISH,
            },
            role: match row.role {
                RoleWord::PermanentRepresentative => Role::PermanentRepresentative,
                RoleWord::ChargeDAffaires => Role::ChargeDAffaires,
                RoleWord::DeputyPermanentRepresentative => Role::DeputyPermanentRepresentative,
                RoleWord::ApostolicNuncio => Role::ApostolicNuncio,
                RoleWord::PermanentObserver => Role::PermanentObserver,
            },
            gender: match row.gender {
                GenderLetter::F => Some(Gender::Female),
                GenderLetter::M => Some(Gender::Male),
                GenderLetter::X => None,
            },
            envelope: row.envelope,
            title: row.title,
            salutation: row.salutation,
            closing: row.closing,
            verified: row.verified,
            source: row.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::states::Standing;
    use crate::campaign::{Contact, Mission, Post, Rank, State};
    use crate::letters::address_forms::samples::{a_head, a_mission, a_state};
    use crate::letters::{AddressForm, Basis};
    use crate::vocabulary::Language;

    #[test]
    fn the_built_in_forms_of_address_are_read_and_none_is_empty() {
        let forms = FORMS_OF_ADDRESS.forms();
        assert!(forms.len() >= 30, "{} forms", forms.len());
        for form in forms {
            for text in [&form.envelope, &form.title, &form.salutation, &form.closing, &form.source] {
                assert!(!text.trim().is_empty(), "{form:?}");
            }
            assert!(form.envelope.contains("{full_name}"), "{form:?}");
        }
    }

    #[test]
    fn every_language_knows_how_to_address_an_unknown_person() {
        for language in ["en", "fr", "es"] {
            let found = FORMS_OF_ADDRESS.forms().iter().find(|f| {
                f.language.as_str() == language && f.role == Role::PermanentRepresentative && f.gender.is_none()
            });
            let form = found.unwrap();
            assert!(!form.salutation.contains('{') && !form.closing.contains('{'), "{form:?}");
        }
    }

    fn addressed(head: Contact, state: &State, language: &str) -> AddressForm {
        FORMS_OF_ADDRESS.address(&a_mission(head), state, language.parse().unwrap()).unwrap()
    }

    fn france() -> State {
        a_state("FRA", Language::FRENCH)
    }

    #[test]
    fn an_ambassador_is_addressed_by_language_and_gender() {
        let form = addressed(a_head(), &france(), "fr");
        assert_eq!(form.salutation, "Madame l'Ambassadrice,");
        assert_eq!(
            form.inside.lines(),
            [
                "Son Excellence Madame Anne Personne",
                "Ambassadrice, Représentante permanente",
                "Mission permanente",
                "France"
            ]
        );
        assert_eq!(addressed(a_head(), &france(), "es").salutation, "Excelencia:");
    }

    #[test]
    fn an_unknown_person_is_greeted_but_not_named() {
        let nobody = Contact { name: " ".to_owned(), ..a_head() };
        let form = addressed(nobody, &france(), "en");
        assert_eq!(form.salutation, "Excellency,");
        assert_eq!(form.inside.lines(), ["Permanent Mission", "France"]);
    }

    #[test]
    fn an_unknown_gender_is_not_guessed() {
        let form = addressed(Contact { gender: None, ..a_head() }, &france(), "fr");
        assert_eq!(form.salutation, "Excellence,");
        assert_eq!(form.inside.lines(), ["S.E. Anne Personne", "Mission permanente", "France"]);
    }

    #[test]
    fn a_charge_d_affaires_is_not_called_excellency() {
        let form = addressed(Contact { rank: Some(Rank::Charge), ..a_head() }, &france(), "en");
        assert_eq!(form.salutation, "Madam,");
        assert!(!form.closing.contains("Excellency"));
    }

    #[test]
    fn what_the_contact_list_says_wins() {
        let head = Contact { salutation: Some("Dear Anne,".to_owned()), ..a_head() };
        let form = addressed(head, &france(), "en");
        assert_eq!(form.salutation, "Dear Anne,");
        assert!(!form.verified);
    }

    #[test]
    fn whom_the_sources_have_no_form_for_gets_the_mission_s_and_is_not_called_what_they_are_not() {
        // There is no French form for a deputy of unknown gender.
        let minister = Contact { rank: Some(Rank::Minister), gender: None, ..a_head() };
        let form = addressed(minister.clone(), &france(), "fr");
        assert_eq!(form.salutation, "Excellence,");
        assert_eq!(form.inside.lines(), ["Mission permanente", "France"], "a minister is no Excellency");
        assert_eq!(
            form.basis.to_string(),
            "the mission's form: the sources give none for a minister whose gender is not known in French"
        );
        // Whoever heads the mission is no deputy, whatever the form's title says.
        let form = addressed(Contact { gender: Some(Gender::Male), ..minister }, &france(), "fr");
        assert_eq!(form.salutation, "Monsieur le Ministre,");
        assert_eq!(form.inside.lines(), ["Monsieur Anne Personne", "Mission permanente", "France"]);
    }

    #[test]
    fn a_counsellor_is_addressed_by_name_only_in_the_contact_list_s_own_words() {
        let counsellor = Contact { rank: Some(Rank::Counsellor), ..a_head() };
        for language in ["en", "fr", "es"] {
            let form = addressed(counsellor.clone(), &france(), language);
            let nobody = addressed(Contact { name: String::new(), ..a_head() }, &france(), language);
            assert_eq!(
                (&form.salutation, &form.closing, &form.inside),
                (&nobody.salutation, &nobody.closing, &nobody.inside)
            );
        }
        let own = Contact { salutation: Some("Madame la Conseillère,".to_owned()), ..counsellor };
        let form = addressed(own, &france(), "fr");
        assert_eq!(form.inside.lines(), ["Anne Personne", "Mission permanente", "France"]);
        assert!(form.doubt().is_some(), "the closing is still the mission's");
    }

    #[test]
    fn a_mission_without_a_head_s_row_or_name_can_override_too() {
        let mailbox = Contact {
            post: Post::Mission,
            name: String::new(),
            rank: None,
            salutation: Some("Dear friends,".to_owned()),
            closing: Some("With thanks,".to_owned()),
            ..a_head()
        };
        let nameless = Contact { post: Post::Head, ..mailbox.clone() };
        for contact in [mailbox, nameless] {
            let form = addressed(contact, &france(), "en");
            assert_eq!((form.salutation.as_str(), form.closing.as_str()), ("Dear friends,", "With thanks,"));
            assert_eq!((form.basis.clone(), form.doubt()), (Basis::Override, None));
        }
    }

    #[test]
    fn another_row_s_words_are_not_the_head_s() {
        let deputy = Contact { post: Post::Deputy, salutation: Some("Dear Kari,".to_owned()), ..a_head() };
        let mission = Mission { state: deputy.state, contacts: vec![deputy, a_head()] };
        let form = FORMS_OF_ADDRESS.address(&mission, &france(), Language::ENGLISH).unwrap();
        assert_eq!(form.salutation, "Excellency,");
    }

    #[test]
    fn observers_have_forms_of_their_own() {
        let holy_see = State { standing: Standing::ObserverState, ..a_state("VAT", Language::ENGLISH) };
        let nuncio = Contact { state: holy_see.code, gender: None, ..a_head() };
        assert_eq!(addressed(nuncio.clone(), &holy_see, "fr").salutation, "Excellence,");
        assert!(addressed(nuncio, &holy_see, "en").inside.title.unwrap().starts_with("Apostolic Nuncio"));
        let union = State { standing: Standing::ObserverOrganisation, ..a_state("EUE", Language::ENGLISH) };
        let head = Contact { state: union.code, ..a_head() };
        assert_eq!(addressed(head, &union, "en").inside.title, None, "Permanent Observer is not the Union's title");
    }

    #[test]
    fn a_language_without_forms_is_greeted_in_english_and_says_so_until_the_list_has_its_own_words() {
        let form = addressed(a_head(), &france(), "de");
        assert_eq!((form.language, form.verified), (Language::ENGLISH, false));
        assert_eq!(form.inside.name.as_deref(), Some("Anne Personne"), "no English honorific in a German letter");
        assert!(form.doubt().unwrap().contains("no forms of address in `de`"));
        let own = Contact { salutation: Some("Exzellenz,".to_owned()), ..a_head() };
        assert!(addressed(own.clone(), &france(), "de").doubt().is_some(), "the closing is still English");
        let own = Contact { closing: Some("Mit vorzüglicher Hochachtung".to_owned()), ..own };
        assert_eq!(addressed(own, &france(), "de").doubt(), None);
    }
}
