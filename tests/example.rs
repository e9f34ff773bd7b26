//! The workspace at the repository's root: what a newcomer rehearses with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashSet};

use demarche::campaign::contact::{Contact, Post, missions};
use demarche::config;
use demarche::vocabulary::Day;

const CONTACTS: &str = "config/contacts.csv";

fn example() -> config::contacts::ContactsRead {
    let bytes = std::fs::read(format!("{}/{CONTACTS}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    // Fixed: the example is a rehearsal, and must not grow old by itself.
    let today = Day::new(2026, 11, 23).unwrap();
    config::contacts::read(CONTACTS, &bytes, config::un::states(), today, chrono::Duration::days(180))
}

fn contacts() -> Vec<Contact> {
    example().contacts
}

#[test]
fn the_example_list_reads_without_an_error_or_a_warning() {
    let told: Vec<_> = example()
        .problems
        .into_iter()
        .filter(|p| p.severity != demarche::vocabulary::problem::Severity::Notice)
        .collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn every_member_state_has_a_mission_that_gets_the_letter() {
    let missions = missions(contacts());
    let receiving: BTreeSet<_> = missions.iter().filter(|m| !m.to().is_empty()).map(|m| m.state).collect();
    let members: BTreeSet<_> = config::un::states().iter().filter(|s| s.is_member()).map(|s| s.code).collect();
    assert_eq!(members.len(), 193);
    assert_eq!(receiving, members);
}

#[test]
fn no_address_of_the_example_can_reach_anybody() {
    for contact in contacts() {
        if let Some(email) = contact.email {
            assert!(email.is_example(), "line {}: {email}", contact.line);
        }
    }
}

#[test]
fn every_rank_is_held_by_a_woman_a_man_and_a_person_of_unknown_gender() {
    let held: HashSet<_> =
        contacts().into_iter().filter(|c| !c.name.is_empty()).filter_map(|c| Some((c.rank?, c.gender))).collect();
    assert_eq!(held.len(), 15, "{held:?}");
}

#[test]
fn the_example_has_a_vacant_post_and_a_head_of_mission_without_a_name() {
    use demarche::campaign::contact::Rank;
    let heads: Vec<_> = contacts().into_iter().filter(|c| c.post == Post::Head).collect();
    assert!(heads.len() >= 60);
    assert!(heads.iter().any(|c| c.rank == Some(Rank::Charge) && !c.name.is_empty()));
    assert!(heads.iter().any(|c| c.name.is_empty()));
}
