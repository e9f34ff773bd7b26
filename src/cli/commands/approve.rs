//! `demarche approve`

use std::collections::HashMap;

use serde_json::json;

use crate::campaign::Doubts;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ApproveArgs;
use crate::cli::context::{Context, campaign, filter, shown};
use crate::cli::doubts::{before_the_yes, left_out, value};
use crate::cli::wiring::confirm;
use crate::cli::{differences, output, proposal};
use crate::steps::approve::{Approved, Proposal, approve, approver, propose};
use crate::steps::since_approval::since_approval;
use crate::vocabulary::Digest;

/// The largest mail that is kept as evidence of an approval.
const LARGEST_EVIDENCE: u64 = 10 * 1024 * 1024;

pub async fn run(context: &Context, args: &ApproveArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.selection.campaign)?;
    let filter = filter(&file.campaign, &args.selection)?;
    let approver = approver(&file.campaign, &args.as_whom)
        .map_err(|why| CliError::request(why, "approvers stand in the campaign's file, as [[approver]]"))?;
    let wanted = args.manifest.as_deref().map(manifest).transpose()?;
    let evidence = args.evidence.as_deref().map(read_evidence).transpose()?;
    let store = context.planned_store(&workspace).await?;
    refuse_changed_files(&store, &workspace, file).await?;
    let doubts = Doubts::of(&workspace.missions);
    let proposal = propose(&store, &filter, approver, &doubts).await?;
    if let Some(wanted) = wanted.filter(|wanted| *wanted != proposal.manifest) {
        let message = format!("the letters that wait for approval have another manifest: {}", proposal.manifest);
        let help =
            format!("{wanted} was approved; they changed since, or the selection is another one; nothing was approved");
        return Err(CliError::request(message, help));
    }
    if proposal.to_be_planned > 0 {
        let letters = output::count(proposal.to_be_planned, "letter");
        let message = format!("the files changed while {letters} were out: their bytes are not what the files say now");
        return Err(CliError::request(message, format!("run `demarche plan {}` first", file.campaign.id)));
    }
    if proposal.dispatches.is_empty() {
        let text = format!(
            "nothing to approve: {} approved by {} already\n{}{}\n",
            proposal.already,
            output::cell(&approver.name),
            proposal::left_out(&proposal),
            left_out(&proposal.doubtful, &file.campaign.id)
        );
        return Ok(Answer::new(
            text,
            &json!({ "approved": 0, "complete": 0, "manifest": proposal.manifest, "left_out": value(&proposal.doubtful) }),
        ));
    }
    let who = Some(approver.name.as_str());
    let changed = since_approval(&store, &proposal.dispatches, &proposal.given, who, &HashMap::new()).await?;
    let aside = left_out(&proposal.doubtful, &file.campaign.id);
    let look = before_the_yes(&proposal.dispatches, &doubts);
    output::say(&format!("{}{aside}{look}", proposal::describe(&proposal, &changed, &file.campaign)));
    let letters = output::count(proposal.dispatches.len(), "letter");
    confirm(context, args.yes, &format!("Approve {letters} as {}?", approver.name))?;
    let done =
        approve(&store, &proposal, file.campaign.approvals, &context.by, evidence.as_deref(), context.now()).await?;
    let answer = json!({
        "approved": done.given,
        "complete": done.complete,
        "manifest": proposal.manifest,
        "changed": differences::value(&changed),
        "evidence": evidence.as_deref().map(Digest::of),
        "left_out": value(&proposal.doubtful),
    });
    Ok(Answer::new(text(&proposal, &done, evidence.as_deref()), &answer))
}

fn text(proposal: &Proposal, done: &Approved, evidence: Option<&[u8]>) -> String {
    let approver = &proposal.approver;
    let mut text = format!(
        "{} approved by {}, {}\n",
        output::count(done.given, "letter"),
        output::cell(&approver.name),
        output::cell(&approver.organisation)
    );
    if let Some(mail) = evidence {
        text.push_str(&format!("by mail, which is kept with the approval: {}\n", Digest::of(mail)));
    }
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
    text
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

fn manifest(text: &str) -> Result<Digest, CliError> {
    let wrong =
        |e| CliError::request(format!("--manifest: {e}"), "copy it from the mail, or from `demarche preview --all`");
    text.trim().parse().map_err(wrong)
}

fn read_evidence(path: &std::path::Path) -> Result<Vec<u8>, CliError> {
    let name = shown(path);
    let wrong = |why: String| CliError::request(format!("{name} {why}"), "name the file of the saved mail");
    let failed = |e: std::io::Error| wrong(format!("cannot be read: {e}"));
    let about = std::fs::metadata(path).map_err(failed)?;
    // A pipe or a device would be read for ever, or once only.
    if !about.is_file() {
        return Err(wrong("is no file".to_owned()));
    }
    if about.len() > LARGEST_EVIDENCE {
        return Err(CliError::request(
            format!("{name} is larger than 10 MiB"),
            "save the mail without its attachments",
        ));
    }
    let mail = std::fs::read(path).map_err(failed)?;
    if mail.iter().all(u8::is_ascii_whitespace) {
        return Err(wrong("is empty".to_owned()));
    }
    Ok(mail)
}
