//! Whom a letter greets, and how: every rank, gender and vacancy in every language, and what a campaign officer sees of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use demarche::campaign::{Contact, Gender, Mission, Post, Rank, Send};
use demarche::config::forms::FORMS_OF_ADDRESS;
use demarche::config::un;
use demarche::letters::AddressForm;
use workspace::{ANNA, BORIS, CONTACTS, LETTER, Workspace};

const RANKS: [(&str, Option<Rank>); 6] = [
    ("ambassador", Some(Rank::Ambassador)),
    ("charge", Some(Rank::Charge)),
    ("minister", Some(Rank::Minister)),
    ("counsellor", Some(Rank::Counsellor)),
    ("secretary", Some(Rank::Secretary)),
    ("no rank", None),
];
const GENDERS: [(&str, Option<Gender>, &str); 3] =
    [("f", Some(Gender::Female), "Ana Rivero"), ("m", Some(Gender::Male), "Jean Duval"), ("?", None, "Sam Okoro")];

fn head(state: &str, rank: Option<Rank>, gender: Option<Gender>, name: &str) -> Contact {
    Contact {
        state: state.parse().unwrap(),
        post: Post::Head,
        rank,
        name: name.to_owned(),
        gender,
        email: None,
        send: Send::No,
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

fn addressed(state: &str, contacts: Vec<Contact>, language: &str) -> AddressForm {
    let state = un::states().get(state.parse().unwrap()).unwrap();
    let mission = Mission { state: state.code, contacts };
    FORMS_OF_ADDRESS.address(&mission, state, language.parse().unwrap()).unwrap()
}

/// Every case of one language, four lines a case, as a native reader goes through them.
fn every_case(language: &str) -> String {
    let mut text = String::new();
    let mut add = |case: String, form: &AddressForm| {
        let doubt = form.doubt().map(|doubt| format!("  [{doubt}]")).unwrap_or_default();
        text.push_str(&format!("{case}{doubt}\n"));
        text.push_str(&format!("    {}\n", form.inside.lines().join(" / ")));
        text.push_str(&format!("    {}\n    {}\n", form.salutation, form.closing));
    };
    for state in ["CHE", "VAT", "PSE", "EUE"] {
        for (rank_word, rank) in RANKS {
            for (gender_word, gender, name) in GENDERS {
                let form = addressed(state, vec![head(state, rank, gender, name)], language);
                add(format!("{state}, {rank_word}, {gender_word}"), &form);
            }
        }
        for (rank_word, rank) in RANKS {
            // Whose name is not known is greeted alike, whatever else the row says of them.
            let forms: Vec<AddressForm> =
                GENDERS.iter().map(|(_, g, _)| addressed(state, vec![head(state, rank, *g, "")], language)).collect();
            assert!(forms.windows(2).all(|two| two[0] == two[1]), "{state} {rank_word}");
            add(format!("{state}, {rank_word}, no name"), &forms[0]);
        }
        add(format!("{state}, no row for a head"), &addressed(state, Vec::new(), language));
    }
    text
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.add_filter(r" +\n", "\n");
    settings.bind(|| insta::assert_snapshot!(format!("forms_of_address__{name}"), text));
}

#[test]
fn every_rank_gender_and_vacancy_in_english() {
    golden("english", &every_case("en"));
}

#[test]
fn every_rank_gender_and_vacancy_in_french() {
    golden("french", &every_case("fr"));
}

#[test]
fn every_rank_gender_and_vacancy_in_spanish() {
    golden("spanish", &every_case("es"));
}

#[test]
fn no_block_salutation_or_closing_has_a_hole_or_both_genders_at_once() {
    for language in ["en", "fr", "es"] {
        for line in every_case(language).lines().filter(|line| line.starts_with("    ")) {
            assert!(!line.contains(['{', '}', '(']) && !line.contains("  /"), "{line}");
            assert!(!line.replace(" / ", " ").contains('/'), "{line}");
            assert!(!line.trim().contains("  "), "{line}");
        }
    }
}

#[test]
fn every_state_has_a_name_of_its_own_on_the_last_line_in_every_language() {
    for state in un::states().iter() {
        for (language, name) in [("en", &state.name_en), ("fr", &state.name_fr), ("es", &state.name_es)] {
            let form = addressed(state.code.as_str(), Vec::new(), language);
            assert_eq!(form.inside.lines().last(), Some(&name.as_str()));
            assert!(!name.trim().is_empty(), "{} in {language}", state.code);
        }
    }
}

#[test]
fn rows_of_other_posts_change_nothing_of_how_the_head_is_greeted() {
    for post in [Post::Deputy, Post::HumanRights, Post::Mission] {
        let other = Contact { post, ..head("CHE", Some(Rank::Minister), Some(Gender::Male), "Jean Duval") };
        let ambassador = head("CHE", Some(Rank::Ambassador), Some(Gender::Female), "Ana Rivero");
        for language in ["en", "fr", "es"] {
            let alone = addressed("CHE", vec![ambassador.clone()], language);
            assert_eq!(addressed("CHE", vec![other.clone(), ambassador.clone()], language), alone);
            assert_eq!(addressed("CHE", vec![other.clone()], language), addressed("CHE", Vec::new(), language));
        }
    }
}

// what a campaign officer sees

/// Replaces the rows of Norway's head and mailbox.
fn with_norway(rows: &str) -> Workspace {
    let workspace = Workspace::small();
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let mut kept: Vec<&str> = list.lines().filter(|line| !line.starts_with("NOR,")).collect();
    kept.extend(rows.lines());
    workspace.write(CONTACTS, kept.join("\n") + "\n");
    workspace
}

#[test]
fn whom_the_sources_have_no_form_for_is_listed_with_the_reason() {
    let workspace = with_norway("NOR,head,counsellor,Ola Nordmann,m,rights@nor.example,to,,2026-01-05,invented,");
    golden("contacts_list", &workspace.run("contacts").ends_with_code(0).out);
    golden("contacts_of_a_counsellor", &workspace.run("contacts --state NOR").ends_with_code(0).out);
    let value = workspace.run("contacts --state NOR --json").ends_with_code(0).json();
    let mission = &value["missions"][0];
    assert_eq!((mission["basis"].as_str(), mission["verified"].as_bool()), (Some("mission"), Some(false)));
    assert_eq!(value["doubts"][0]["delegations"][0], "NOR");
    workspace.run("check").ends_with_code(0).says("the sources give none for a counsellor in English: NOR");
}

#[test]
fn a_letter_in_a_language_without_forms_of_address_is_warned_of_until_the_list_greets() {
    let workspace = with_norway("NOR,head,ambassador,Ola Nordmann,m,rights@nor.example,to,de,2026-01-05,invented,");
    let german = String::from_utf8(workspace.read(LETTER)).unwrap().replace("subject: ", "subject: Ein Appell: ");
    workspace.write("templates/letters/appeal/de.md", &german);
    let said = workspace.run("check").ends_with_code(0);
    said.says("warning: forms of address: English salutation and closing: there are no forms of address in `de`: NOR");
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let (header, rows) = list.split_once('\n').unwrap();
    let rows: Vec<String> = rows
        .lines()
        .map(
            |row| if row.starts_with("NOR") { format!("{row},Exzellenz,Hochachtungsvoll") } else { format!("{row},,") },
        )
        .collect();
    workspace.write(CONTACTS, format!("{header},salutation,closing\n{}\n", rows.join("\n")));
    let said = workspace.run("check").ends_with_code(0);
    assert!(!said.out.contains("forms of address in `de`"), "{}", said.out);
    workspace.run("contacts --state NOR").says("salutation: Exzellenz (from the contact list)");
}

#[test]
fn words_in_a_row_that_does_not_decide_the_greeting_are_warned_of() {
    let workspace = Workspace::small();
    let list = String::from_utf8(workspace.read(CONTACTS)).unwrap();
    let (header, rows) = list.split_once('\n').unwrap();
    let rows: Vec<String> = rows
        .lines()
        .map(|row| if row.contains("rights@nor.example") { format!("{row},Dear Kari,") } else { format!("{row},,") })
        .collect();
    workspace.write(CONTACTS, format!("{header},salutation,closing\n{}\n", rows.join("\n")));
    workspace.run("contacts --state NOR").ends_with_code(0).says("these words are not used");
}

#[test]
fn a_row_that_changed_since_its_letter_was_approved_is_marked_and_plan_puts_the_letter_back() {
    let workspace = Workspace::small();
    workspace.run("plan spring").ends_with_code(0);
    workspace.approve(ANNA);
    workspace.approve(BORIS);
    let quiet = workspace.run("contacts").ends_with_code(0);
    assert!(!quiet.out.contains("hanged"), "{}", quiet.out);
    workspace.edit(CONTACTS, "rights@nor.example", "hr@nor.example");
    golden("contacts_changed", &workspace.run("contacts").ends_with_code(0).out);
    let value = workspace.run("contacts --state NOR --json").json();
    assert_eq!(value["missions"][0]["changed"][0]["id"], "spring/letter/NOR");
    assert_eq!(value["missions"][0]["changed"][0]["planned_again"], true);
    assert_eq!(workspace.status_of("spring/letter/NOR"), "approved", "looking changes nothing");
    workspace.run("plan spring").ends_with_code(0);
    assert_eq!(workspace.status_of("spring/letter/NOR"), "planned");
    assert_eq!(workspace.status_of("spring/letter/DEU"), "approved");
    let quiet = workspace.run("contacts").ends_with_code(0);
    assert!(!quiet.out.contains("hanged"), "{}", quiet.out);
}

#[test]
fn an_address_that_changed_since_a_letter_left_is_told_as_history() {
    let workspace = Workspace::approved();
    workspace.run("run --until-idle").ends_with_code(0);
    workspace.edit(CONTACTS, "rights@nor.example", "hr@nor.example");
    let said = workspace.run("contacts --state NOR").ends_with_code(0);
    let said = said.says("changed since the letter spring/letter/NOR left (to)");
    said.says("changed since the letter spring/reminder/NOR was approved");
    // What speaks of the letter's text alone is no news of the mission.
    workspace.edit(CONTACTS, "hr@nor.example", "rights@nor.example");
    workspace.edit(LETTER, "subject: ", "subject: Again: ");
    let said = workspace.run("contacts --state NOR").ends_with_code(0);
    assert!(!said.out.contains("spring/letter/NOR left"), "{}", said.out);
}

#[test]
fn a_fallback_names_the_chain_of_languages() {
    let workspace = with_norway("NOR,head,ambassador,Ola Nordmann,m,rights@nor.example,to,fr,2026-01-05,invented,");
    let said = workspace.run("check").ends_with_code(0);
    let said = said.says("the letter `appeal` has no text in `fr`: NOR get it in `en`");
    said.says("in the contact's language, else the State's, else English");
}
