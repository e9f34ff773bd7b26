//! `demarche release`

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ReleaseArgs;
use crate::cli::commands::decide::{answer, reason};
use crate::cli::context::{Context, campaign, moment, planned};
use crate::cli::output;
use crate::outbox::{Dispatch, Guard, Status};
use crate::steps::correct::{CorrectRequest, Correction, correct};
use crate::steps::decide::{ALONE, Decided, Decider, Decision, decide};
use crate::steps::plan::{PlanRequest, causes, plan};

pub async fn run(context: &Context, args: &ReleaseArgs) -> Result<Answer, CliError> {
    let reason = reason(&args.reason)?;
    // A new time means a new letter, so the files must be sound; else what was approved goes on as it is.
    let workspace = if args.at.is_some() { context.sound_workspace()? } else { context.workspace() };
    let store = context.planned_store(&workspace).await?;
    let (_, filter) = planned(&store, &args.selection).await?;
    let Some(at) = &args.at else {
        let who = Decider { by: &context.by, now: context.now(), reason: Some(reason) };
        let decided = decide(&store, &filter, Decision::Release, &who).await?;
        return answer(&decided);
    };
    let file = campaign(&workspace, &args.selection.campaign)?;
    let at = moment(at, file.campaign.zone)?;
    if at < context.now() {
        return Err(CliError::request(
            "the new due time is past",
            "without --at a letter leaves as soon as it is approved",
        ));
    }
    let all = store.dispatches(&filter).await?;
    let words = |d: &Dispatch| d.reason.as_deref().and_then(Guard::of_reason) == Some(Guard::Words);
    let (unread, all): (Vec<Dispatch>, Vec<Dispatch>) =
        all.into_iter().partition(|d| filter.delegations.len() != 1 && d.status == Status::Held && words(d));
    let (stopped, others): (Vec<Dispatch>, Vec<Dispatch>) =
        all.into_iter().partition(|d| matches!(d.status, Status::Held | Status::Skipped | Status::Missed));
    let request =
        CorrectRequest { workspace: &workspace, file, by: &context.by, now: context.now(), reason: Some(reason) };
    let done = correct(&store, &request, &stopped, Correction::ReleaseAt(at)).await?;
    let (held, moved): (Vec<_>, Vec<_>) = done.into_iter().partition(|d| d.status == Status::Held);
    let decided = Decided {
        later: Vec::new(),
        guarded: held.into_iter().map(|d| (d.id, d.reason.unwrap_or_default())).collect(),
        moved: moved.into_iter().map(|d| (d.id, d.status)).collect(),
        untouched: others
            .into_iter()
            .map(|d| (d.id, format!("a dispatch that is {} cannot be released", d.status)))
            .chain(unread.into_iter().map(|d| (d.id, ALONE.to_owned())))
            .collect(),
    };
    // Letters that name this one's date follow it, and must be approved again.
    let again = PlanRequest { workspace: &workspace, file, by: &context.by, now: context.now(), dry: false };
    let planned = plan(&store, &again).await?;
    let mut told = answer(&decided)?;
    for (step, cause, changes) in causes(&planned.changes, file.campaign.zone) {
        told.text.push_str(&format!(
            "  {step}: {}: {}\n",
            output::count(changes.len(), "letter"),
            output::cell(&cause)
        ));
    }
    Ok(told)
}
