//! `demarche plan`

use serde_json::json;

use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::PlanArgs;
use crate::cli::context::{Context, campaign};
use crate::cli::{diagnostics, output};
use crate::config::sections::campaign::CampaignFile;
use crate::outbox::{Dispatch, Draft, Status};
use crate::steps::plan::{PlanRequest, Planned, causes, left_out_everywhere, plan};
use crate::vocabulary::problem::{Problem, Severity};

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
    // Notices about the other files were shown by `check`; warnings are worth repeating.
    let warnings = workspace.problems.iter().filter(|p| p.severity == Severity::Warning).cloned();
    planned.drafted.problems.extend(warnings);
    Ok(Answer::new(text(file, &planned, args.dry_run), &value(file, &planned)))
}

/// A milestone in the past is a notice, not an error.
fn past(context: &Context, file: &CampaignFile, planned: &Planned) -> Vec<Problem> {
    let late = planned.drafted.dates.iter().enumerate().filter(|(_, (_, _, due))| due.at < context.now());
    late.map(|(index, (step, _, due))| {
        let place = file.steps.get(index).map(|places| file.source.place(places.when.clone()));
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
        for (cause, changes) in causes(&planned.changes) {
            let n = changes.len();
            let who = if n <= 6 {
                format!(" ({})", changes.iter().map(|c| c.id.delegation.to_string()).collect::<Vec<_>>().join(", "))
            } else {
                String::new()
            };
            text.push_str(&format!("  {n} letter{}: {}{who}\n", if n == 1 { "" } else { "s" }, output::cell(&cause)));
        }
    }
    if !planned.drafted.problems.is_empty() {
        text.push('\n');
        text.push_str(&diagnostics::show(&planned.drafted.problems));
    }
    let waiting = planned.stored.iter().filter(|d| d.status == Status::Planned).count();
    if dry {
        text.push_str("\nNothing was stored: this was a dry run.\n");
    } else if waiting > 0 {
        text.push_str(&format!(
            "\n{waiting} letters wait for approval by {} of different organisations: look at them with `demarche preview {id}`, then `demarche approve {id} --as NAME`.\n",
            campaign.approvals,
            id = campaign.id
        ));
    }
    text
}

fn value(file: &CampaignFile, planned: &Planned) -> serde_json::Value {
    let dispatches: Vec<serde_json::Value> = if planned.stored.is_empty() {
        planned.drafts.iter().map(of_draft).collect()
    } else {
        planned.stored.iter().map(of_stored).collect()
    };
    json!({
        "campaign": file.campaign.id,
        "dispatches": dispatches,
        "left_out": planned.drafted.left_out,
        "changes": planned.changes,
        "problems": planned.drafted.problems,
    })
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
