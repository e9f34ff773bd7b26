//! `demarche restart`

use crate::adapters::store::DispatchFilter;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{RestartArgs, Selection};
use crate::cli::commands::decide::answer;
use crate::cli::context::{Context, planned};
use crate::cli::output;
use crate::cli::wiring::confirm;
use crate::outbox::{Status, Via};
use crate::steps::decide::{Decider, Decision, decide};

pub async fn run(context: &Context, args: &RestartArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let whole = Selection { campaign: args.campaign.clone(), step: None, delegations: Vec::new() };
    let (plan, filter) = planned(&store, &whole).await?;
    let filter = DispatchFilter { status: Some(Status::Sent), ..filter };
    let written = store.dispatches(&filter).await?.into_iter().filter(|d| d.via == Some(Via::Files)).count();
    if written == 0 {
        return Err(CliError::request(
            format!("no letter of {} went to a file", plan.campaign),
            "there is nothing to restart",
        ));
    }
    output::say(&format!(
        "{written} letters of {} went to files; they will be sent for real when they are due",
        plan.campaign
    ));
    confirm(context, args.yes, &format!("Put these {written} letters back?"))?;
    let who =
        Decider { by: &context.by, now: context.now(), reason: Some("it went to a file, and is to be sent for real") };
    answer(&decide(&store, &filter, Decision::Restart, &who).await?)
}
