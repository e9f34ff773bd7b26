//! `demarche retry`

use std::collections::BTreeMap;

use serde_json::json;

use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RetryArgs;
use crate::cli::context::{Context, campaign, dispatch_id};
use crate::cli::output::{self, cell};
use crate::cli::wiring::confirm;
use crate::outbox::{Dispatch, Status};
use crate::steps::correct::{CorrectRequest, Correction, correct};

pub async fn run(context: &Context, args: &RetryArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let store = context.planned_store(&workspace).await?;
    let dispatches = named(&store, &args.dispatches).await?;
    for dispatch in &dispatches {
        if !matches!(dispatch.status, Status::Refused | Status::Bounced) {
            let message =
                format!("{} is {}; only what was refused or returned is tried again", dispatch.id, dispatch.status);
            return Err(CliError::request(message, "for an uncertain one, `demarche settle`"));
        }
    }
    for d in &dispatches {
        let why = d.reason.as_deref().unwrap_or("");
        output::say(&format!(
            "{}: {} ({})",
            d.id,
            d.recipients.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            cell(why)
        ));
    }
    confirm(context, args.yes, &format!("Render these {} letters again and send them?", dispatches.len()))?;
    if dispatches.iter().any(|d| d.id.campaign != dispatches[0].id.campaign) {
        return Err(CliError::request("these letters are of two campaigns", "try one campaign again, then the other"));
    }
    let mut by_campaign: BTreeMap<String, Vec<Dispatch>> = BTreeMap::new();
    for dispatch in dispatches {
        by_campaign.entry(dispatch.id.campaign.to_string()).or_default().push(dispatch);
    }
    let (mut text, mut rows) = (String::new(), Vec::new());
    for (name, dispatches) in by_campaign {
        let file = campaign(&workspace, &name)?;
        let request = CorrectRequest {
            workspace: &workspace,
            file,
            by: &context.by,
            now: context.now(),
            reason: Some("retry after a correction"),
        };
        for done in correct(&store, &request, &dispatches, Correction::Retry).await? {
            let bytes = if done.same_bytes { "the same letter" } else { "the letter has changed" };
            let next =
                if done.status == Status::Approved { "leaves with the next round" } else { "must be approved again" };
            let to = done.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            text.push_str(&format!("{}: {bytes}, to {to}: {}, {next}\n", done.id, output::coloured(done.status)));
            rows.push(json!({ "id": done.id, "status": done.status, "to": done.to, "same_bytes": done.same_bytes }));
        }
        let planned = store.planned_files().await?;
        if let Some(why) =
            planned.get(&file.campaign.id).and_then(|files| workspace.snapshot.difference(&file.campaign.id, files))
        {
            text.push_str(&format!("{}: nothing is sent until `demarche plan {name}` has run\n", cell(&why)));
        }
    }
    Ok(Answer::new(text, &rows))
}

/// The dispatches of these names, each once.
///
/// # Errors
/// When one of them does not exist.
pub async fn named(store: &Store, names: &[String]) -> Result<Vec<Dispatch>, CliError> {
    let mut found: Vec<Dispatch> = Vec::new();
    for name in names {
        let id = dispatch_id(name)?;
        let dispatch = store.dispatch(&id).await?;
        let dispatch = dispatch.ok_or_else(|| {
            CliError::request(format!("there is no dispatch {id}"), "`demarche dispatches` lists them")
        })?;
        if !found.iter().any(|d| d.key == dispatch.key) {
            found.push(dispatch);
        }
    }
    Ok(found)
}
