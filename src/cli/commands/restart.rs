//! `demarche restart`

use crate::adapters::store::DispatchFilter;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RestartArgs;
use crate::cli::commands::decide::answer;
use crate::cli::context::{Context, campaign};
use crate::cli::output;
use crate::cli::wiring::confirm;
use crate::outbox::{Status, Via};
use crate::steps::decide::{Decider, Decision, decide};

pub async fn run(context: &Context, args: &RestartArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let file = campaign(&workspace, &args.campaign)?;
    let store = context.planned_store(&workspace).await?;
    let filter = DispatchFilter {
        campaign: Some(file.campaign.id.clone()),
        status: Some(Status::Sent),
        ..DispatchFilter::default()
    };
    let written = store.dispatches(&filter).await?.into_iter().filter(|d| d.via == Some(Via::Files)).count();
    if written == 0 {
        return Err(CliError::request(
            format!("no letter of {} went to a file", file.campaign.id),
            "there is nothing to restart",
        ));
    }
    output::say(&format!(
        "{written} letters of {} went to files; they will be sent for real when they are due",
        file.campaign.id
    ));
    confirm(context, args.yes, &format!("Put these {written} letters back?"))?;
    let who =
        Decider { by: &context.by, now: context.now(), reason: Some("it went to a file, and is to be sent for real") };
    answer(&decide(&store, &filter, Decision::Restart, &who).await?)
}
