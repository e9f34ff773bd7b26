//! `demarche why`

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::adapters::store::DispatchFilter;
use crate::campaign::{MilestoneRef, Step};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::WhyArgs;
use crate::cli::context::{Context, campaign, state};
use crate::cli::output::{cell, coloured};
use crate::config::sections::campaign::CampaignFile;
use crate::outbox::neighbours::TooClose;
use crate::outbox::revision::moved_because;
use crate::outbox::{Dispatch, Draft};
use crate::steps::draft::{Drafting, Wanted, draft_only};
use crate::steps::meetings::agreed_meetings;
use crate::steps::neighbours;
use crate::steps::plan::overrides;
use crate::vocabulary::DispatchId;
use crate::vocabulary::problem::Problem;

pub async fn run(context: &Context, args: &WhyArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let delegation = state(&args.delegation)?;
    let store = context.existing_store(&workspace).await?;
    let (stored, fixed, secret) = match &store {
        Some(store) => {
            let filter = DispatchFilter { campaign: Some(file.campaign.id.clone()), ..DispatchFilter::default() };
            let fixed = store.fixed_milestones(&file.campaign.id).await?;
            // Without the secret the Message-IDs, and so the bytes, would differ from the planned ones.
            (store.dispatches(&filter).await?, fixed, store.secret(context.now()).await?)
        }
        None => (Vec::new(), BTreeMap::new(), String::new()),
    };
    let decided: HashMap<_, _> = overrides(&stored);
    let meetings = match &store {
        Some(store) => agreed_meetings(store, &file.campaign.id).await?,
        None => Vec::new(),
    };
    let drafting = Drafting {
        workspace: &workspace,
        file,
        secret: &secret,
        fixed: &fixed,
        meetings: &meetings,
        overrides: &decided,
    };
    let mut drafts: Vec<Draft> = Vec::new();
    let theirs = |id: &DispatchId| id.delegation == delegation;
    let drafted = draft_only(&drafting, &Wanted::only(&theirs), |letter| drafts.push(letter.draft));
    if drafted.problems.iter().any(Problem::is_error) {
        return Err(CliError::Files(drafted.problems));
    }
    let days = neighbours::days_between(&workspace);
    let close = match &store {
        Some(store) => {
            let letters = neighbours::to_leave(&drafts, &stored);
            neighbours::too_close_to_others(store, &file.campaign.id, &letters, days).await?
        }
        None => Vec::new(),
    };
    let name = workspace.states().get(delegation).map(|s| s.name_en.clone()).unwrap_or_default();
    let mut text = format!("{} to {name} ({delegation})\n", file.campaign.id);
    let mut rows = Vec::new();
    for step in &file.campaign.steps {
        text.push_str(&format!("\n{}: {}\n", step.id, step.when));
        if let Some(row) = drafted.left_out.iter().find(|row| row.step == step.id && row.delegation == delegation) {
            text.push_str(&format!("  No letter: {}.\n", cell(&row.reason)));
            rows.push(json!({ "step": step.id, "letter": false, "why": [row.reason] }));
            continue;
        }
        let letters: Vec<&Draft> = drafts.iter().filter(|d| file.campaign.means(&step.id, &d.id.step)).collect();
        if letters.is_empty() {
            let why = if step.is_for_meetings() {
                "no meeting with it is agreed"
            } else {
                "no selector of `include` names it"
            };
            text.push_str(&format!("  No letter: {why}.\n"));
            rows.push(json!({ "step": step.id, "letter": false, "why": [why] }));
        }
        for draft in letters {
            let (words, row) =
                one_letter(&Asked { file, step, stored: &stored, fixed: &fixed, close: &close, days }, draft);
            text.push_str(&words);
            rows.push(row);
        }
    }
    Ok(Answer::new(text, &json!({ "campaign": file.campaign.id, "delegation": delegation, "steps": rows })))
}

/// What one letter's rules are told from.
struct Asked<'a> {
    file: &'a CampaignFile,
    step: &'a Step,
    stored: &'a [Dispatch],
    fixed: &'a BTreeMap<String, String>,
    close: &'a [TooClose],
    days: u32,
}

/// The rules that decide one letter, and where it stands.
fn one_letter(asked: &Asked<'_>, draft: &Draft) -> (String, Value) {
    let Asked { file, step, stored, fixed, close, days } = asked;
    let mut text = String::new();
    let row = stored.iter().find(|d| d.id == draft.id);
    // What has left, or ended, is explained as it was then, whatever the files say now.
    let settled = row.filter(|row| !row.status.is_open());
    let mut why = settled.map_or_else(|| draft.why.clone(), |row| row.why.clone());
    if matches!(step.when.milestone, MilestoneRef::UprNext(_)) {
        let fixed = if fixed.contains_key(&step.when.milestone.to_string()) {
            "it was fixed at the first plan, and stays"
        } else {
            "the first plan fixes it"
        };
        why.insert(0, format!("{} is {}: {fixed}.", step.when.milestone, draft.milestone));
    }
    let due = settled.map_or(draft.due, |row| row.due);
    match settled {
        Some(row) => {
            why.extend(
                moved_because(row, draft).filter(|_| row.due != draft.due).map(|because| {
                    format!("Since then {because}: that does not change a letter that is {}.", row.status)
                }),
            );
        }
        None => {
            why.extend(conditions(step));
            let own = close.iter().filter(|found| found.this.id == draft.id);
            why.extend(own.map(|found| neighbours::sentence(found, file, *days)));
        }
    }
    for rule in &why {
        text.push_str(&format!("  {}\n", cell(rule)));
    }
    if let Some(row) = row {
        let reason = row.reason.as_deref().map(|r| format!(" ({})", cell(r))).unwrap_or_default();
        text.push_str(&format!("  It is {}{reason}.\n", coloured(row.status)));
        if row.seal != draft.seal() && row.status.is_open() {
            text.push_str("  The files have changed since the last plan: run `demarche plan`.\n");
        }
    }
    let zone = file.campaign.zone;
    let language = settled.map_or(draft.language, |row| row.language);
    text.push_str(&match (settled, settled.and_then(|row| row.sent_at)) {
        (_, Some(at)) => format!("  Left {} in {language}.\n", zone.show(at)),
        (Some(_), None) => format!("  Was due {} in {language}.\n", zone.show(due)),
        (None, None) => format!("  Leaves {} in {language}.\n", zone.show(due)),
    });
    let json = json!({ "step": draft.id.step, "letter": true, "due": due, "why": why, "status": row.map(|r| r.status), "language": language });
    (text, json)
}

/// What is judged only at the moment of sending.
fn conditions(step: &Step) -> Vec<String> {
    let mut rules = Vec::new();
    if step.is_for_meetings() {
        return rules;
    }
    if let Some(follows) = &step.follows {
        rules.push(format!("It follows `{follows}`: it leaves only if that letter was sent."));
    }
    if step.only_if.is_some() {
        rules.push(
            "It leaves only if nobody at the mission has answered by then; an automatic reply is no answer.".to_owned(),
        );
    }
    let late_by = crate::vocabulary::time::show_span(step.late_by);
    rules.push(match step.late {
        crate::campaign::Late::Ask => {
            format!("Found more than {late_by} past its time it is held, and a person decides.")
        }
        crate::campaign::Late::Skip => {
            format!("Found more than {late_by} past its time it is missed, and does not leave.")
        }
    });
    rules
}
