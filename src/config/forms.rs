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
}
