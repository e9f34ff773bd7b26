//! `demarche approve`

use serde_json::json;

use crate::campaign::Doubts;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ApproveArgs;
use crate::cli::context::{Context, campaign, filter, shown};
use crate::cli::doubts::{before_the_yes, left_out, value};
use crate::cli::output;
use crate::cli::wiring::confirm;
use crate::outbox::Dispatch;
use crate::steps::approve::{Proposal, approve, approver, propose};
use crate::vocabulary::{Digest, Zone};

/// The largest mail that is kept as evidence of an approval.
const LARGEST_EVIDENCE: u64 = 10 * 1024 * 1024;

pub async fn run(context: &Context, args: &ApproveArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.selection.campaign)?;
    let filter = filter(&file.campaign, &args.selection)?;
    let approver = approver(&file.campaign, &args.as_whom)
        .map_err(|why| CliError::request(why, "approvers stand in the campaign's file, as [[approver]]"))?;
    let evidence = args.evidence.as_deref().map(read_evidence).transpose()?;
    let store = context.planned_store(&workspace).await?;
    refuse_changed_files(&store, &workspace, file).await?;
    let doubts = Doubts::of(&workspace.missions);
    let proposal = propose(&store, &filter, approver, &doubts).await?;
    if let Some(wanted) = &args.manifest {
        let wanted: Digest =
            wanted.parse().map_err(|e| CliError::request(format!("{e}"), "copy it from `demarche preview --all`"))?;
        if wanted != proposal.manifest {
            let message = format!("the letters that wait for approval have another manifest: {}", proposal.manifest);
            return Err(CliError::request(
                message,
                "they changed since, or the selection is another one; nothing was approved",
            ));
        }
    }
    if proposal.to_be_planned > 0 {
        let letters = output::count(proposal.to_be_planned, "letter");
        let message = format!("the files changed while {letters} were out: their bytes are not what the files say now");
        return Err(CliError::request(message, format!("run `demarche plan {}` first", file.campaign.id)));
    }
    if proposal.dispatches.is_empty() {
        let text = format!(
            "nothing to approve: {} approved by {} already, {} past approval{}\n",
            proposal.already,
            output::cell(&approver.name),
            proposal.not_planned,
            left_out(&proposal.doubtful, &file.campaign.id)
        );
        return Ok(Answer::new(
            text,
            &json!({ "approved": 0, "complete": 0, "manifest": proposal.manifest, "left_out": value(&proposal.doubtful) }),
        ));
    }
    let aside = left_out(&proposal.doubtful, &file.campaign.id);
    let look = before_the_yes(&proposal.dispatches, &doubts);
    output::say(&format!("{}{aside}{look}", describe(&proposal, file.campaign.zone)));
    let letters = output::count(proposal.dispatches.len(), "letter");
    confirm(context, args.yes, &format!("Approve {letters} as {}?", approver.name))?;
    let done =
        approve(&store, &proposal, file.campaign.approvals, &context.by, evidence.as_deref(), context.now()).await?;
    let mut text = format!(
        "{} approved by {}, {}\n",
        output::count(done.given, "letter"),
        output::cell(&approver.name),
        output::cell(&approver.organisation)
    );
    if done.complete > 0 {
        text.push_str(&format!("{} now have all their approvals, and leave when they are due\n", done.complete));
    }
    if done.same_organisation > 0 {
        text.push_str(&format!(
            "{} were approved before by somebody else of {}: two of one organisation count once\n",
            done.same_organisation,
            output::cell(&approver.organisation)
        ));
    }
    if done.complete < done.given {
        text.push_str(&format!("{} still wait for an approver of another organisation\n", done.given - done.complete));
    }
    Ok(Answer::new(
        text,
        &json!({ "approved": done.given, "complete": done.complete, "manifest": proposal.manifest, "left_out": value(&proposal.doubtful) }),
    ))
}

/// What is approved must be what the files say now; else the approver looks at one text and approves another.
async fn refuse_changed_files(
    store: &crate::adapters::store::Store,
    workspace: &crate::config::workspace::Workspace,
    file: &crate::config::sections::campaign::CampaignFile,
) -> Result<(), CliError> {
    let planned = store.planned_files().await?;
    let id = &file.campaign.id;
    let none =
        || CliError::request(format!("campaign {id} has not been planned"), format!("run `demarche plan {id}` first"));
    let files = planned.get(id).ok_or_else(none)?;
    match workspace.snapshot.difference(id, files) {
        Some(why) => Err(CliError::request(why, format!("run `demarche plan {id}`, and look at the letters again"))),
        None => Ok(()),
    }
}

/// What and to whom, before the yes.
fn describe(proposal: &Proposal, zone: Zone) -> String {
    let mut table = output::table(&["letter", "leaves", "to", "subject"]);
    let row = |d: &Dispatch| {
        let mut to = d.recipients.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if !d.recipients.cc.is_empty() {
            to.push_str(&format!(
                " (cc {})",
                d.recipients.cc.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ));
        }
        vec![d.id.to_string(), zone.show(d.due), to, output::cell(&d.subject)]
    };
    let many = proposal.dispatches.len() > 40;
    for dispatch in proposal.dispatches.iter().take(if many { 12 } else { 40 }) {
        table.add_row(row(dispatch));
    }
    let more = if many {
        format!(
            "\n… and {} more: `demarche preview --all --out DIR` writes each letter to a file",
            proposal.dispatches.len() - 12
        )
    } else {
        String::new()
    };
    let mut steps: std::collections::BTreeMap<i32, (String, u64)> = std::collections::BTreeMap::new();
    for dispatch in &proposal.dispatches {
        steps.entry(dispatch.position).or_insert_with(|| (dispatch.id.step.to_string(), 0)).1 += 1;
    }
    let steps: Vec<String> =
        steps.values().map(|(step, n)| format!("{step}: {}", output::count(*n, "letter"))).collect();
    format!("{table}{more}\n{}\nmanifest {}", steps.join(", "), proposal.manifest)
}

fn read_evidence(path: &std::path::Path) -> Result<Vec<u8>, CliError> {
    let failed =
        |e: std::io::Error| CliError::request(format!("{} cannot be read: {e}", shown(path)), "name the saved mail");
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST_EVIDENCE {
        return Err(CliError::request(
            format!("{} is larger than 10 MiB", shown(path)),
            "save the mail without its attachments",
        ));
    }
    std::fs::read(path).map_err(failed)
}
