//! No letter names the wrong country: what the guards find, what holds a letter, and what lets it go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;

use std::collections::BTreeMap;

use coalition::*;
use demarche::adapters::store::Store;
use demarche::adapters::workspace;
use demarche::campaign::{Campaign, Mission, State};
use demarche::config::un;
use demarche::config::workspace::Workspace;
use demarche::letters::Rendered;
use demarche::letters::guards::{Finding, Guarded, Guards};
use demarche::outbox::{Guard, Status};
use demarche::steps::decide::{Decider, Decision, decide};
use demarche::steps::draft::{Drafting, draft};
use demarche::vocabulary::{CampaignId, StateCode};

fn spring() -> Campaign {
    let workspace = Files::new().workspace();
    file(&workspace, CAMPAIGN).campaign.clone()
}

fn code(text: &str) -> StateCode {
    text.parse().unwrap()
}

fn mission(state: StateCode) -> Mission {
    Mission { state, contacts: Vec::new() }
}

/// What the guards of `campaign` say of these words to that State.
fn said_in(campaign: &Campaign, missions: &[Mission], to: &str, words: &str) -> Vec<String> {
    let guards = Guards::new(campaign, un::states(), missions).unwrap();
    let to = missions.iter().find(|m| m.state == code(to)).cloned().unwrap_or_else(|| mission(code(to)));
    found(&guards, &to, words).into_iter().map(|finding| finding.what).collect()
}

fn said(to: &str, words: &str) -> Vec<String> {
    said_in(&spring(), &[], to, words)
}

fn found(guards: &Guards, to: &Mission, words: &str) -> Vec<Finding> {
    let rendered = Rendered { subject: "Joint letter".into(), text: words.into(), html: String::new() };
    guards.findings(&Guarded { to, about: None, rendered: &rendered, lines: &[] })
}

/// Whether the words name these States and no others, in order.
#[track_caller]
fn names(to: &str, words: &str, wanted: &[&str]) {
    let guards = Guards::new(&spring(), un::states(), &[]).unwrap();
    let found = found(&guards, &mission(code(to)), words);
    let states: Vec<String> = found.iter().map(|f| f.state.unwrap().to_string()).collect();
    assert_eq!(states, wanted, "{words:?} to {to}: {found:#?}");
}

#[test]
fn every_state_s_name_in_every_other_s_letter_is_found_in_every_language() {
    let guards = Guards::new(&spring(), un::states(), &[]).unwrap();
    let all: Vec<&State> = un::states().iter().collect();
    let mut pairs = 0;
    for to in &all {
        let own = mission(to.code);
        for other in all.iter().filter(|other| other.code != to.code) {
            for name in [&other.name_en, &other.official_en, &other.name_fr, &other.name_es] {
                let found = found(&guards, &own, &format!("We write to the Government of {name}, and thank you."));
                assert!(found.iter().any(|f| f.state == Some(other.code)), "{name} to {}: {found:?}", to.code);
                pairs += 1;
            }
        }
        for name in [&to.name_en, &to.official_en, &to.name_fr, &to.name_es] {
            assert_eq!(found(&guards, &own, &format!("To {name}.")), [], "a State's own name is no finding");
        }
    }
    assert_eq!(pairs, 196 * 195 * 4);
}

#[test]
fn of_names_within_each_other_the_longest_counts() {
    names("GNB", "the Republic of Guinea-Bissau and Guinea-Bissau", &[]);
    names("GIN", "Guinea, not Equatorial Guinea", &["GNQ"]);
    names("PNG", "Papua New Guinea and Guinea", &["GIN"]);
    names("NGA", "Nigeria and Niger, Nigerian and Nigerien", &["NER"]);
    names("COD", "la République démocratique du Congo et la république démocratique du Congo", &[]);
    names("COG", "the Democratic Republic of the Congo", &["COD"]);
    names("SSD", "South Sudan and Sudan", &["SDN"]);
    names("DMA", "Dominica and the Dominican Republic", &["DOM"]);
    names("IRL", "Ireland, Northern Ireland", &["GBR"]);
    names("GBR", "the United Kingdom of Great Britain and Northern Ireland", &[]);
    names("GBR", "Royaume-Uni de Grande-Bretagne et d'Irlande du Nord", &[]);
    names("PRK", "the Democratic People's Republic of Korea", &[]);
    names("KOR", "the Democratic People’s Republic of Korea", &["PRK"]);
    names("MEX", "los Estados Unidos Mexicanos", &[]);
}

#[test]
fn a_name_that_two_states_share_is_either_s_own() {
    names("KOR", "peace in Korea", &[]);
    names("PRK", "peace in Korea", &[]);
    assert_eq!(
        said("SWE", "peace in Korea"),
        ["names \"Korea\" (Republic of Korea or Democratic People's Republic of Korea)"]
    );
}

#[test]
fn a_name_is_found_however_it_is_broken_accented_or_encoded() {
    for words in ["the South\nSudan", "the South\u{A0}Sudan", "> the South\n> Sudan", "SOUTH SUDAN", "south Sudan"] {
        names("SWE", words, &["SSD"]);
    }
    names("SWE", "de l’Égypte, de l'Egypte, d'E\u{301}gypte", &["EGY", "EGY", "EGY"]);
    names("SWE", "la Co\u{302}te d\u{2019}Ivoire", &["CIV"]);
    names("SWE", "Guinea Bissau, GUINÉE\u{2011}BISSAU", &["GNB", "GNB"]);
    names("SWE", "Norway's", &["NOR"]);
    names("SWE", "non-Norway-based", &["NOR"]);
    names("SWE", "San Vicente y las\n   Granadinas", &["VCT"]);
}

#[test]
fn words_that_only_look_like_a_name_are_none() {
    for words in [
        "a Swedish citizen, the Norwegian and Nigerian delegations",
        "he had turkey, chili and jersey; une grenade; el salvador",
        "norway in small letters, as in https://www.norway.example/oman",
        "Indiana, Malians and Chadwick",
        "the South\n\nAfrica",
        "Geneva, Switzerland",
        "Hong Kong, Tibet",
    ] {
        names("SWE", words, &[]);
    }
}

#[test]
fn the_target_what_the_campaign_may_name_and_signatories_are_exempt() {
    let mut campaign = spring();
    assert_eq!(said_in(&campaign, &[], "SWE", "vanished from Thailand").len(), 1);
    campaign.may_name = vec![code("THA")];
    campaign.target = Some(code("CHN"));
    for (name, note) in [("Friends of Norway", None), ("PEN", Some("with the Free Chad Network of Denmark"))] {
        let note = note.map(str::to_owned);
        campaign.signatories.push(demarche::campaign::Signatory { name: name.into(), note });
    }
    let words = "China took him from Thailand.\n\nFriends of Norway\nPEN*\n\n* with the Free Chad Network of\nDenmark";
    assert_eq!(said_in(&campaign, &[], "SWE", words), [""; 0]);
    assert_eq!(said_in(&campaign, &[], "SWE", "the friends in Norway"), ["names \"Norway\" (Norway)"]);
}

fn listed(rows: &str) -> Vec<Mission> {
    let mut files = Files::new();
    let head = "state,post,rank,name,gender,email,send,language,as_of,source,tags\n";
    files.put(CONTACTS, &format!("{head}{rows}"));
    files.workspace().missions
}

const TWO_MISSIONS: &str = "\
NOR,head,ambassador,Kari Nordmann,f,mission@norway.example,to,en,2018-01-05,invented,
SWE,head,ambassador,Jordan Salvador Larsson,m,larsson@provider.example,to,en,2018-01-05,invented,
FIN,head,ambassador,Kari Nordmann,f,head@provider.example,to,en,2018-01-05,invented,
";

#[test]
fn another_mission_s_head_and_addresses_are_found() {
    let missions = listed(TWO_MISSIONS);
    let says = |to, words| said_in(&spring(), &missions, to, words);
    assert_eq!(says("SWE", "Dear KARI\nNordmann,"), ["names \"KARI Nordmann\" (head of mission of Finland or Norway)"]);
    assert_eq!(says("SWE", "Dear Ms. Nordmann,"), [""; 0], "a surname alone is many people's");
    assert_eq!(says("FIN", "Dear Kari Nordmann,"), [""; 0]);
    let address = "names \"mission@norway.example\" (an address of the mission of Norway)";
    assert_eq!(says("SWE", "write to <mission@norway.example>."), [address]);
    assert_eq!(says("SWE", "or press@news.norway.example").len(), 1, "any address at a mission's own domain");
    assert_eq!(says("NOR", "write to mission@norway.example"), [""; 0]);
    assert_eq!(says("SWE", "us@provider.example, outreach@coalition.example"), [""; 0], "nobody's own domain");
    assert_eq!(says("SWE", "head@provider.example").len(), 1);
}

#[test]
fn a_person_of_the_delegation_may_be_called_like_a_state() {
    let missions = listed(TWO_MISSIONS);
    let says = |words| said_in(&spring(), &missions, "SWE", words);
    assert_eq!(says("Dear Jordan Salvador Larsson,"), [""; 0]);
    assert_eq!(says("we met in Jordan"), ["names \"Jordan\" (Jordan)"]);
}

#[test]
fn no_letter_of_the_example_campaign_is_held() {
    let snapshot = workspace::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    let workspace = Workspace::read(snapshot, "2026-11-23".parse().unwrap());
    let id: CampaignId = "hrc37-china".parse().unwrap();
    let file = workspace.campaign(&id).unwrap();
    let (fixed, overrides) = (BTreeMap::new(), std::collections::HashMap::new());
    let drafting =
        Drafting { workspace: &workspace, file, secret: "", fixed: &fixed, meetings: &[], overrides: &overrides };
    let mut letters = 0;
    draft(&drafting, |letter| {
        assert_eq!(letter.findings, [], "{}", letter.draft.id);
        letters += 1;
    });
    assert!(letters > 500, "{letters}");
    let without = demarche::config::sections::campaign::CampaignFile {
        campaign: Campaign { may_name: vec![], ..file.campaign.clone() },
        ..file.clone()
    };
    let drafting = Drafting { file: &without, ..drafting };
    let mut held = 0;
    draft(&drafting, |letter| held += usize::from(!letter.findings.is_empty()));
    assert_eq!(held, 191, "all but Thailand's own name Thailand");
}

async fn store() -> Store {
    Store::in_memory().await.unwrap()
}

const NORWAY: &str = "{{#if (eq delegation.code \"FRA\")}}We thank the Government of Norway for its words.{{/if}}";

/// A slip in one paragraph for France.
fn with_norway() -> Files {
    let mut files = Files::new();
    files.edit(LETTER, "We write to you.", &format!("We write to you.\n\n{NORWAY}"));
    files
}

async fn released(store: &Store, state: &str) -> Status {
    let who = Decider { by: "Ada", now: early(), reason: Some("it is meant") };
    decide(store, &only("letter", state), Decision::Release, &who).await.unwrap();
    status(store, "letter", state).await
}

#[tokio::test]
async fn norway_in_france_s_letter_holds_it_alone_and_nobody_can_approve_it() {
    let store = store().await;
    let planned = plan_it(&store, &with_norway()).await;
    let held = the(&store, "letter", "FRA").await;
    let why = "words: names \"Norway\" (Norway): “We thank the Government of Norway for its words.”";
    assert_eq!((held.status, held.reason.as_deref()), (Status::Held, Some(why)));
    let warned: Vec<&str> = planned.drafted.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(warned, ["the letter names \"Norway\" (Norway), and is held (step `letter`: FRA)"]);
    let place = planned.drafted.problems[0].place.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), (LETTER, 8));
    approve_all(&store, &with_norway(), CAMPAIGN).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Held);
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved);
}

#[tokio::test]
async fn an_approved_letter_that_comes_to_name_another_state_is_held_and_corrected_waits_again() {
    let store = store().await;
    plan_and_approve(&store, &Files::new()).await;
    plan_it(&store, &with_norway()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Held);
    assert_eq!(status(&store, "letter", "DEU").await, Status::Approved, "its bytes are the same");
    let mut corrected = with_norway();
    corrected.edit(LETTER, "the Government of Norway", "your Government");
    plan_it(&store, &corrected).await;
    let france = the(&store, "letter", "FRA").await;
    assert_eq!((france.status, france.objections.len()), (Status::Planned, 0));
    // The words that were approved once, back again: the guards object to nothing, and the approvals are there.
    plan_it(&store, &Files::new()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Approved);
}

#[tokio::test]
async fn what_a_person_released_is_not_held_again_until_the_words_change() {
    let store = store().await;
    let mut files = with_norway();
    plan_it(&store, &files).await;
    assert_eq!(released(&store, "FRA").await, Status::Planned);
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned);
    files.edit(LETTER, "We write to you.", "We write to you today.");
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Planned, "those very words were looked at");
    approve_all(&store, &files, CAMPAIGN).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Approved);
    files.edit(LETTER, "Government of Norway", "Kingdom of Norway");
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Held, "these were not");
}

#[tokio::test]
async fn a_hold_that_a_person_made_is_theirs_and_its_release_meets_the_guards() {
    let store = store().await;
    plan_and_approve(&store, &Files::new()).await;
    let who = Decider { by: "Ada", now: early(), reason: Some("wait for Geneva") };
    decide(&store, &only("letter", "FRA"), Decision::Hold, &who).await.unwrap();
    plan_it(&store, &with_norway()).await;
    assert_eq!(the(&store, "letter", "FRA").await.reason.as_deref(), Some("wait for Geneva"));
    assert_eq!(released(&store, "FRA").await, Status::Held, "the person did not know of the words");
    let reason = the(&store, "letter", "FRA").await.reason.unwrap();
    assert_eq!(Guard::of_reason(&reason), Some(Guard::Words));
    assert_eq!(released(&store, "FRA").await, Status::Planned);
    plan_it(&store, &Files::new()).await;
    decide(&store, &only("letter", "FRA"), Decision::Hold, &who).await.unwrap();
    plan_it(&store, &Files::new()).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Held, "the guards never let go what a person holds");
}

#[tokio::test]
async fn a_name_that_enters_the_contact_list_holds_a_letter_whose_bytes_stay() {
    let store = store().await;
    let mut files = Files::new();
    files.edit(LETTER, "We write to you.", "We write to you with Kari Nordmann.");
    plan_and_approve(&store, &files).await;
    files.edit(
        CONTACTS,
        "DEU,mission,,,,",
        "DEU,head,ambassador,Kari Nordmann,f,,no,en,2018-01-05,invented,\nDEU,mission,,,,",
    );
    plan_it(&store, &files).await;
    assert_eq!(status(&store, "letter", "FRA").await, Status::Held);
    assert_eq!(released(&store, "FRA").await, Status::Approved, "approved by enough, and now looked at");
}

#[tokio::test]
async fn a_dry_plan_tells_what_would_be_held_and_holds_nothing() {
    let store = store().await;
    plan_and_approve(&store, &Files::new()).await;
    let workspace = with_norway().workspace();
    let request = demarche::steps::plan::PlanRequest {
        workspace: &workspace,
        file: file(&workspace, CAMPAIGN),
        by: "tests",
        now: early(),
        dry: true,
    };
    let planned = demarche::steps::plan::plan(&store, &request).await.unwrap();
    let held: Vec<String> = planned.changes.iter().filter(|c| c.what == "held").map(|c| c.id.to_string()).collect();
    assert_eq!(held, ["spring/letter/FRA"]);
    assert_eq!(status(&store, "letter", "FRA").await, Status::Approved);
}

#[tokio::test]
async fn one_delegation_s_strange_name_holds_its_letter_alone() {
    let store = store().await;
    let mut files = Files::new();
    let head = "GHA,head,ambassador,Ama Owusu,f,,no,en,2018-01-05,invented,,Owusu,";
    let columns = "state,post,rank,name,gender,email,send,language,as_of,source,tags";
    files.edit(CONTACTS, columns, &format!("{columns},surname,salutation"));
    files.edit(CONTACTS, "invented,\n", "invented,,,\n");
    for (salutation, words) in [
        ("Dear Am\u{3BF} Owusu", "has a strange word: `Am\u{3BF}` mixes letters of two scripts: `\u{3BF}` is U+03BF"),
        ("Dear Norway", "names \"Norway\" (Norway)"),
    ] {
        let mut files = files.clone();
        files.edit(CONTACTS, "GHA,mission", &format!("{head}{salutation}\nGHA,mission"));
        plan_it(&store, &files).await;
        let reason = the(&store, "letter", "GHA").await.reason.unwrap();
        assert!(reason.starts_with(&format!("words: {words}")), "{reason}");
        assert_eq!(status(&store, "letter", "DEU").await, Status::Planned);
    }
}
