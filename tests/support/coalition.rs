//! A small campaign made from the repository's own frames: five missions, a letter and a reminder, days that tests choose.

use std::path::Path;

use demarche::adapters::store::{DispatchFilter, Store};
use demarche::adapters::workspace;
use demarche::config::sections::campaign::CampaignFile;
use demarche::config::un;
use demarche::config::workspace::{Snapshot, Workspace};
use demarche::outbox::{Dispatch, Status};
use demarche::steps::approve::{Approved, approve, approver, propose};
use demarche::steps::plan::{PlanError, PlanRequest, Planned, plan};
use demarche::vocabulary::{CampaignId, Day, Instant};

pub const CAMPAIGN: &str = "spring";
pub const CONTACTS: &str = "config/contacts.csv";
pub const CALENDAR: &str = "config/calendar.toml";
pub const CAMPAIGN_FILE: &str = "config/campaigns/spring.toml";
pub const LETTER: &str = "templates/letters/first/en.md";

/// The files of a workspace, as tests edit them.
#[derive(Debug, Clone)]
pub struct Files(pub Snapshot);

const ROWS: &str = "\
state,post,rank,name,gender,email,send,language,as_of,source,tags
DEU,mission,,,,mission@deu.mission.example,to,en,2018-01-05,invented,
ESP,mission,,,,mission@esp.mission.example,to,en,2018-01-05,invented,
FRA,mission,,,,mission@fra.mission.example,to,en,2018-01-05,invented,
FRA,human-rights,,,,rights@fra.mission.example,cc,en,2018-01-05,invented,
GHA,mission,,,,mission@gha.mission.example,to,en,2018-01-05,invented,
PER,mission,,,,mission@per.mission.example,to,en,2018-01-05,invented,
";

const DAYS: &str = "\
[[custom]]
id = \"launch\"
date = 2018-03-20
title = \"Launch of the report\"

[[custom]]
id = \"debate\"
date = 2018-03-27
title = \"General debate\"
";

pub fn campaign(id: &str, steps: &str) -> String {
    format!(
        "[campaign]
id = \"{id}\"
title = \"Campaign {id}\"
from = \"The coalition <outreach@coalition.example>\"
time_zone = \"Europe/Zurich\"
approvals = 2

[audience]
include = [\"all\"]

[[approver]]
name = \"Ada\"
organisation = \"PEN\"

[[approver]]
name = \"Ben\"
organisation = \"Swedish PEN\"

[[approver]]
name = \"Cleo\"
organisation = \"PEN\"

[[signatory]]
name = \"PEN\"

{steps}"
    )
}

/// 08:30 UTC: Geneva has winter time on that day.
pub const LETTER_STEP: &str = "
[[step]]
id = \"letter\"
letter = \"first\"
when = { milestone = \"custom:launch\", offset = \"0 days\", at = \"09:30\" }
";

/// 07:30 UTC: summer time.
pub const REMINDER_STEP: &str = "
[[step]]
id = \"reminder\"
letter = \"reminder\"
follows = \"letter\"
only_if = \"no-answer\"
when = { milestone = \"custom:debate\", offset = \"0 days\", at = \"09:30\" }
";

impl Files {
    pub fn new() -> Self {
        let mut snapshot = workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")));
        snapshot.files.retain(|file, _| file.starts_with("templates/frames/") || file == "config/demarche.toml");
        let mut files = Self(snapshot);
        files.put(CONTACTS, ROWS);
        files.put(CALENDAR, DAYS);
        files.put(CAMPAIGN_FILE, &campaign(CAMPAIGN, &format!("{LETTER_STEP}{REMINDER_STEP}")));
        files.put(
            LETTER,
            "---\nsubject: Joint letter\n---\n{{salutation}}\n\nWe write to you.\n\n{{closing}}\n\n{{signatories}}\n",
        );
        files.put(
            "templates/letters/reminder/en.md",
            "---\nsubject: Our letter of {{date previous.date}}\n---\n{{salutation}}\n\nWe wrote to you.\n\n{{closing}}\n",
        );
        files
    }

    /// With so many missions, each with one mailbox, and one step.
    pub fn with_missions(count: usize, mailbox: impl Fn(&str, usize) -> String) -> Self {
        let mut rows = ROWS.lines().next().unwrap().to_owned();
        for (n, state) in un::states().iter().filter(|state| state.is_member()).take(count).enumerate() {
            let mailbox = mailbox(&state.code.to_string().to_lowercase(), n);
            rows.push_str(&format!("\n{},mission,,,,{mailbox},to,en,2018-01-05,invented,", state.code));
        }
        let mut files = Self::new();
        files.put(CONTACTS, &rows);
        files.put(CAMPAIGN_FILE, &campaign(CAMPAIGN, LETTER_STEP));
        files
    }

    pub fn put(&mut self, file: &str, text: &str) {
        self.0.files.insert(file.to_owned(), text.as_bytes().to_vec());
    }

    pub fn edit(&mut self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.0.files[file].clone()).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        self.put(file, &text.replace(from, to));
    }

    pub fn workspace(&self) -> Workspace {
        let today: Day = "2018-03-01".parse().unwrap();
        let workspace = Workspace::read(self.0.clone(), today);
        assert!(!workspace.has_errors(), "{:#?}", workspace.problems);
        workspace
    }
}

pub fn at(text: &str) -> Instant {
    Instant::from(chrono::DateTime::parse_from_rfc3339(text).unwrap())
}

/// Planning and approving happen weeks before the first letter.
pub fn early() -> Instant {
    at("2018-03-01T10:00:00Z")
}

pub fn everything() -> DispatchFilter {
    DispatchFilter::default()
}

pub fn only(step: &str, state: &str) -> DispatchFilter {
    DispatchFilter {
        campaign: Some(CAMPAIGN.parse().unwrap()),
        step: Some(step.parse().unwrap()),
        delegations: vec![state.parse().unwrap()],
        status: None,
        keys: None,
    }
}

pub fn file<'a>(workspace: &'a Workspace, id: &str) -> &'a CampaignFile {
    let id: CampaignId = id.parse().unwrap();
    workspace.campaign(&id).unwrap()
}

pub async fn try_plan(store: &Store, files: &Files, id: &str) -> Result<Planned, PlanError> {
    let workspace = files.workspace();
    let request =
        PlanRequest { workspace: &workspace, file: file(&workspace, id), by: "tests", now: early(), dry: false };
    plan(store, &request).await
}

pub async fn plan_it(store: &Store, files: &Files) -> Planned {
    try_plan(store, files, CAMPAIGN).await.unwrap()
}

pub async fn approve_as(store: &Store, files: &Files, id: &str, name: &str) -> Approved {
    let workspace = files.workspace();
    let campaign = &file(&workspace, id).campaign;
    let who = approver(campaign, name).unwrap();
    let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..everything() };
    let proposal = propose(store, &filter, who, &demarche::campaign::Doubts::of(&workspace.missions)).await.unwrap();
    approve(store, &proposal, campaign.approvals, name, None, early()).await.unwrap()
}

/// Two organisations approve whatever waits for approval.
pub async fn approve_all(store: &Store, files: &Files, id: &str) {
    approve_as(store, files, id, "Ada").await;
    approve_as(store, files, id, "Ben").await;
}

pub async fn plan_and_approve(store: &Store, files: &Files) {
    plan_it(store, files).await;
    approve_all(store, files, CAMPAIGN).await;
}

pub async fn the(store: &Store, step: &str, state: &str) -> Dispatch {
    store.dispatches(&only(step, state)).await.unwrap().pop().unwrap()
}

pub async fn status(store: &Store, step: &str, state: &str) -> Status {
    the(store, step, state).await.status
}
