//! `demarche plan`

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::PlanArgs;
use crate::cli::context::{Context, campaign};
use crate::cli::stream::Stream;
use crate::cli::{diagnostics, output};
use crate::config::sections::campaign::CampaignFile;
use crate::outbox::neighbours::TooClose;
use crate::outbox::{Dispatch, Draft, Status};
use crate::steps::neighbours;
use crate::steps::plan::{PlanRequest, Planned, causes, left_out_everywhere, plan};
use crate::vocabulary::problem::{Problem, Severity};
use crate::vocabulary::{CampaignId, Day, DispatchId, StepId};

pub async fn run(context: &Context, args: &PlanArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let store = match (args.dry_run, context.existing_store(&workspace).await?) {
        (_, Some(store)) => store,
        // A dry plan makes no database either.
        (true, None) => Store::in_memory().await?,
        (false, None) => context.store(&workspace).await?,
    };
    let request = PlanRequest { workspace: &workspace, file, by: &context.by, now: context.now(), dry: args.dry_run };
    let mut planned = plan(&store, &request).await?;
    planned.drafted.problems.extend(past(context, file, &planned));
    let days = neighbours::days_between(&workspace);
    let letters = neighbours::to_leave(&planned.drafts, &planned.before);
    let close = neighbours::too_close_to_others(&store, &file.campaign.id, &letters, days).await?;
    planned.drafted.problems.extend(neighbours::warnings(&close, file, days));
    // Notices about the other files were shown by `check`; warnings are worth repeating.
    let warnings = workspace.problems.iter().filter(|p| p.severity == Severity::Warning).cloned();
    planned.drafted.problems.extend(warnings);
    if context.json {
        json_document(file, &planned, &close)?;
        return Ok(Answer::told());
    }
    Ok(Answer::new(text(file, &planned, args.dry_run), &serde_json::Value::Null))
}

/// A milestone in the past is a notice, not an error.
fn past(context: &Context, file: &CampaignFile, planned: &Planned) -> Vec<Problem> {
    let late = planned.drafted.dates.iter().filter(|(_, _, due)| due.at < context.now());
    late.map(|(step, _, due)| {
        let place = file.when(step).map(|when| file.source.place(when));
        Problem { place, ..Problem::notice(format!("step `{step}` was due on {}, which is past", due.day)) }
    })
    .collect()
}

fn text(file: &CampaignFile, planned: &Planned, dry: bool) -> String {
    let campaign = &file.campaign;
    let mut text = String::new();
    let mut table = output::table(&["step", "leaves", "counted from", "letters", "left out"]);
    for (step, milestone, due) in &planned.drafted.dates {
        let letters = planned.drafts.iter().filter(|d| d.id.step == *step).count();
        let out = planned.drafted.left_out.iter().filter(|row| row.step == *step).count();
        let provisional = if due.provisional { " (provisional)" } else { "" };
        let moved = due.moved_from.map(|day| format!(", moved from {day}, no working day")).unwrap_or_default();
        table.add_row(vec![
            step.to_string(),
            format!("{} {}{moved}", due.day.weekday(), campaign.zone.show(due.at)),
            format!("{} on {}{provisional}", milestone.reference, milestone.day),
            letters.to_string(),
            out.to_string(),
        ]);
    }
    for step in campaign.steps.iter().filter(|step| step.is_for_meetings()) {
        let letters = planned.drafts.iter().filter(|d| step.confirms(&d.id.step).is_some()).count();
        let out = planned.drafted.left_out.iter().filter(|row| row.step == step.id).count();
        table.add_row(vec![
            step.id.to_string(),
            "as soon as it is agreed or moved".to_owned(),
            "each meeting".to_owned(),
            letters.to_string(),
            out.to_string(),
        ]);
    }
    text.push_str(&format!("{}: {}\n{table}\n\n", campaign.id, output::cell(&campaign.title)));
    let left_out = left_out_everywhere(&planned.drafted.left_out, &campaign.id, &planned.drafts);
    if !left_out.is_empty() {
        text.push_str("No letter goes to:\n");
        for row in left_out.iter().take(20) {
            text.push_str(&format!("  {}  {}\n", row.delegation, output::cell(&row.reason)));
        }
        if left_out.len() > 20 {
            text.push_str(&format!(
                "  … and {} more, see `demarche plan {} --json`\n",
                left_out.len() - 20,
                campaign.id
            ));
        }
        text.push('\n');
    }
    let notices: Vec<String> = planned
        .drafted
        .dates
        .iter()
        .filter_map(|(step, _, due)| {
            due.notice.as_ref().map(|name| {
                format!(
                    "Notice: the UN Office at Geneva may be closed on {} ({name}), when `{step}` leaves.\n",
                    due.day
                )
            })
        })
        .collect();
    text.extend(notices);
    if planned.changes.is_empty() {
        text.push_str("Nothing has changed since the last plan.\n");
    } else {
        text.push_str("Changed since the last plan:\n");
        for (step, cause, changes) in causes(&planned.changes, campaign.zone) {
            let who = if changes.len() <= 6 {
                format!(" ({})", changes.iter().map(|c| c.id.delegation.to_string()).collect::<Vec<_>>().join(", "))
            } else {
                String::new()
            };
            let letters = output::count(changes.len(), "letter");
            text.push_str(&format!("  {step}: {letters}: {}{who}\n", output::cell(&cause)));
        }
    }
    text.push_str(&stay(planned));
    text.push_str(&guarded_text(&guarded(planned), &campaign.id));
    if !planned.drafted.problems.is_empty() {
        text.push('\n');
        text.push_str(&diagnostics::show(&planned.drafted.problems));
    }
    let waiting = planned.stored.iter().filter(|d| d.status == Status::Planned).count();
    if dry {
        text.push_str("\nNothing was stored: this was a dry run.\n");
    } else if waiting > 0 {
        text.push_str(&format!(
            "\n{} for approval by {} of different organisations: look at them with `demarche preview {id}`, then `demarche approve {id} --as NAME`.\n",
            waits(waiting),
            campaign.approvals,
            id = campaign.id
        ));
    }
    text
}

fn waits(letters: usize) -> String {
    let verb = if letters == 1 { "waits" } else { "wait" };
    format!("{} {verb}", output::count(letters, "letter"))
}

/// A date that moved moves no letter that has left.
fn stay(planned: &Planned) -> String {
    let days: HashMap<&DispatchId, Day> = planned.drafts.iter().map(|d| (&d.id, d.milestone_day)).collect();
    let moved = |d: &&Dispatch| {
        matches!(d.status, Status::Sent | Status::Bounced) && days.get(&d.id).is_some_and(|day| *day != d.milestone_day)
    };
    let mut steps: BTreeMap<&StepId, usize> = BTreeMap::new();
    for dispatch in planned.stored.iter().filter(moved) {
        *steps.entry(&dispatch.id.step).or_default() += 1;
    }
    let line = |(step, n)| {
        format!("  {step}: {}: left before the date moved, and stay as they were\n", output::count(n, "letter"))
    };
    steps.into_iter().map(line).collect()
}

/// The contract's document, written element by element: as one value it would be several times as large as all else.
fn json_document(file: &CampaignFile, planned: &Planned, close: &[TooClose]) -> Result<(), CliError> {
    let mut stream = Stream::new();
    stream.text(&format!("{{\n  \"campaign\": {}", json!(file.campaign.id)))?;
    stream.list("changes", planned.changes.iter().map(|change| json!(change)))?;
    if planned.stored.is_empty() {
        stream.list("dispatches", planned.drafts.iter().map(of_draft))?;
    } else {
        stream.list("dispatches", planned.stored.iter().map(of_stored))?;
    }
    stream.list("guarded", guarded(planned).iter().map(|row| json!(row)))?;
    stream.list("left_out", planned.drafted.left_out.iter().map(|row| json!(row)))?;
    stream.list("problems", planned.drafted.problems.iter().map(|problem| json!(problem)))?;
    stream.list("too_close", close.iter().map(|one| json!(one)))?;
    stream.text("\n}\n")?;
    stream.is_read().map(drop)
}

/// A letter to whose words the guards object.
#[derive(Debug, serde::Serialize)]
struct GuardedRow {
    id: DispatchId,
    status: Status,
    /// What they object to, and nobody has let pass.
    findings: Vec<String>,
}

fn guarded(planned: &Planned) -> Vec<GuardedRow> {
    let open = |row: GuardedRow| (!row.findings.is_empty()).then_some(row);
    if planned.stored.is_empty() {
        let drafts = planned.drafts.iter();
        let row = |d: &Draft| GuardedRow { id: d.id.clone(), status: Status::Held, findings: d.objections.clone() };
        return drafts.map(row).filter_map(open).collect();
    }
    let row = |d: &Dispatch| GuardedRow {
        id: d.id.clone(),
        status: d.status,
        findings: d.open_objections().into_iter().map(str::to_owned).collect(),
    };
    planned.stored.iter().filter(|d| d.status.is_open()).map(row).filter_map(open).collect()
}

/// Findings of which only so many are shown.
const SHOWN: usize = 12;

fn guarded_text(rows: &[GuardedRow], campaign: &CampaignId) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut by_words: BTreeMap<(String, &str), Vec<&GuardedRow>> = BTreeMap::new();
    for row in rows {
        for finding in &row.findings {
            by_words.entry((row.id.step.to_string(), finding)).or_default().push(row);
        }
    }
    let whose = if rows.len() == 1 { "its" } else { "their" };
    let mut text =
        format!("\n{} held for {whose} words, and cannot be approved:\n", output::count(rows.len(), "letter"));
    for ((step, finding), rows) in by_words.iter().take(SHOWN) {
        let named: Vec<String> = rows.iter().take(6).map(|row| row.id.delegation.to_string()).collect();
        let more =
            if rows.len() > named.len() { format!(" and {} more", rows.len() - named.len()) } else { String::new() };
        text.push_str(&format!("  {step} to {}{more}: {}\n", named.join(", "), output::cell(finding)));
    }
    if by_words.len() > SHOWN {
        text.push_str(&format!("  … and {} more findings, see --json\n", by_words.len() - SHOWN));
    }
    text.push_str(&format!(
        "Correct the words and plan again. Where they are right: name the State under may_name in the campaign, or look at the\nletter and `demarche release {campaign} --delegation XXX --reason TEXT`.\n"
    ));
    text
}

fn of_draft(d: &Draft) -> serde_json::Value {
    json!({
        "id": d.id, "step": d.id.step, "delegation": d.id.delegation, "status": Status::Planned, "due": d.due,
        "milestone": d.milestone, "provisional": d.provisional, "language": d.language,
        "to": d.recipients.to, "cc": d.recipients.cc, "subject": d.subject, "digest": d.digest, "why": d.why.join(" "),
    })
}

fn of_stored(d: &Dispatch) -> serde_json::Value {
    json!({
        "id": d.id, "step": d.id.step, "delegation": d.id.delegation, "status": d.status, "due": d.due,
        "milestone": d.milestone, "provisional": d.provisional, "language": d.language,
        "to": d.recipients.to, "cc": d.recipients.cc, "subject": d.subject, "digest": d.digest, "why": d.why.join(" "),
    })
}
