//! What stands on the page for approvers, gathered from the files and the database.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::cli::args::PreviewArgs;
use crate::cli::index_page::{Page, Row, Since, StepRows};
use crate::cli::output::count;
use crate::cli::previewed::{Known, Preview};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::Status;
use crate::outbox::approval::{Given, last_given, organisations};
use crate::steps::approve::manifest_of;
use crate::steps::draft::Letter;
use crate::steps::since_approval::Changed;
use crate::vocabulary::{DispatchId, StateCode};

/// `links`: each letter's files, which go onto the page.
pub fn page<'a>(
    args: &PreviewArgs,
    preview: &Preview,
    known: &Known<'_>,
    changed: &'a Changed,
    links: &mut HashMap<&DispatchId, Vec<(&'static str, String)>>,
    workspace: &Workspace,
    file: &CampaignFile,
) -> Page<'a> {
    let campaign = &file.campaign;
    let name = |code: StateCode| workspace.states().get(code).map_or_else(String::new, |state| state.name_en.clone());
    let stored: HashMap<&DispatchId, _> = preview.stored.iter().map(|d| (&d.id, d)).collect();
    let differ: HashSet<&DispatchId> = changed.letters();
    let mut steps: Vec<StepRows> = Vec::new();
    for letter in &preview.letters {
        let draft = &letter.draft;
        let row = stored.get(&draft.id).copied();
        let given: &[Given] = row.and_then(|d| known.given.get(&d.key)).map(Vec::as_slice).unwrap_or_default();
        let approvals = Approvals::of(letter, given);
        let since = match last_given(given, None) {
            None => Since::NeverApproved,
            Some(_) if differ.contains(&draft.id) => Since::Changed,
            Some(_) => Since::AsApproved,
        };
        let list = |all: &[crate::vocabulary::Address]| all.iter().map(ToString::to_string).collect();
        let made = Row {
            code: draft.id.delegation.to_string(),
            delegation: name(draft.id.delegation),
            language: draft.language.to_string(),
            salutation: letter.salutation.clone(),
            leaves: format!("{} {}", campaign.zone.day_of(draft.due).weekday(), campaign.zone.show(draft.due)),
            provisional: draft.provisional,
            to: list(&draft.recipients.to),
            cc: list(&draft.recipients.cc),
            subject: draft.subject.clone(),
            digest: draft.digest.to_string(),
            short_digest: draft.digest.short(),
            status: row.map_or_else(|| "not planned".to_owned(), |d| d.status.to_string()),
            approvals: approvals.by,
            organisations: approvals.organisations,
            since,
            files: links.remove(&draft.id).unwrap_or_default(),
        };
        match steps.last_mut().filter(|step| step.step == draft.id.step.as_str()) {
            Some(step) => step.letters.push(made),
            None => steps.push(StepRows { step: draft.id.step.to_string(), letters: vec![made] }),
        }
    }
    let unplanned = preview.unplanned();
    let warning = (unplanned > 0 && !preview.stored.is_empty()).then(|| {
        format!(
            "The files have changed since the plan: {} shown here {} not what the manifest covers. Plan and preview again before approving.",
            count(unplanned, "letter"),
            if unplanned == 1 { "is" } else { "are" }
        )
    });
    Page {
        title: campaign.title.clone(),
        campaign: campaign.id.to_string(),
        manifest: (!preview.stored.is_empty()).then(|| manifest_of(&preview.covered).to_string()),
        selection: selection(args),
        wanted: campaign.approvals,
        steps,
        changed: &changed.groups,
        zone: campaign.zone,
        standing: standing(preview),
        left_out: left_out(preview, name),
        warning,
    }
}

/// Whose yes holds for the letter as it is shown.
struct Approvals {
    by: Vec<String>,
    organisations: usize,
}

impl Approvals {
    fn of(letter: &Letter, given: &[Given]) -> Self {
        let seal = letter.draft.seal().to_string();
        let in_force = given.iter().filter(|g| !g.approval.revoked && g.approval.seal == seal);
        let by_mail = |g: &Given| if g.by_mail { ", by mail" } else { "" };
        let bare: Vec<_> = given.iter().map(|g| g.approval.clone()).collect();
        Self {
            by: in_force
                .map(|g| format!("{} ({}){}", g.approval.approver, g.approval.organisation, by_mail(g)))
                .collect(),
            organisations: organisations(&bare, &seal).len(),
        }
    }
}

/// The flags without which the manifest is another one.
fn selection(args: &PreviewArgs) -> String {
    let step = args.step.as_ref().map(|step| format!("--step {step} "));
    let delegation = args.delegation.as_ref().map(|state| format!("--delegation {state} "));
    step.into_iter().chain(delegation).collect()
}

fn standing(preview: &Preview) -> Vec<(String, String, String)> {
    let stands = |status| {
        matches!(
            status,
            Status::Held | Status::Missed | Status::Refused | Status::Bounced | Status::Uncertain | Status::Skipped
        )
    };
    let row =
        |d: &crate::outbox::Dispatch| (d.id.to_string(), d.status.to_string(), d.reason.clone().unwrap_or_default());
    let mut rows: Vec<_> = preview.stored.iter().filter(|d| stands(d.status)).map(row).collect();
    // Released, or not planned yet: whoever approves is to know what was objected to.
    for letter in &preview.letters {
        let id = &letter.draft.id;
        let held = preview.stored.iter().any(|d| d.id == *id && stands(d.status));
        let found = letter.findings.iter().filter(|_| !held);
        rows.extend(found.map(|finding| (id.to_string(), "objected to".to_owned(), finding.to_string())));
    }
    for one in &preview.doubtful {
        let domains: Vec<String> = one.doubts.iter().map(ToString::to_string).collect();
        let why = format!("its domain is {}; the manifest does not cover it", domains.join(", and "));
        rows.push((one.dispatch.id.to_string(), "to be approved alone".to_owned(), why));
    }
    rows
}

/// One row a reason: a hundred States without a contact are one thing to know.
fn left_out(preview: &Preview, name: impl Fn(StateCode) -> String) -> Vec<(String, String, String)> {
    let mut states: BTreeMap<(StateCode, &str), Vec<&str>> = BTreeMap::new();
    for row in &preview.drafted.left_out {
        states.entry((row.delegation, &row.reason)).or_default().push(row.step.as_str());
    }
    let mut reasons: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for ((code, reason), steps) in states {
        reasons.entry((reason, steps.join(", "))).or_default().push(format!("{} ({code})", name(code)));
    }
    reasons
        .into_iter()
        .map(|((reason, steps), states)| {
            let states = format!("{}: {}", count(states.len(), "State"), states.join(", "));
            (reason.to_owned(), steps, states)
        })
        .collect()
}
