//! `demarche revoke`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RevokeArgs;
use crate::cli::context::{Context, campaign, filter};
use crate::cli::output;
use crate::steps::approve::{approver, revoke};

pub async fn run(context: &Context, args: &RevokeArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let file = campaign(&workspace, &args.selection.campaign)?;
    let filter = filter(&file.campaign, &args.selection)?;
    let approver = approver(&file.campaign, &args.as_whom)
        .map_err(|why| CliError::request(why, "approvers stand in the campaign's file, as [[approver]]"))?;
    let store = context.planned_store(&workspace).await?;
    let (taken_back, unapproved) =
        revoke(&store, &filter, approver, file.campaign.approvals, &context.by, context.now()).await?;
    let text = format!(
        "{taken_back} approvals of {} taken back; {unapproved} letters are planned again and do not leave\n",
        output::cell(&approver.name)
    );
    Ok(Answer::new(text, &json!({ "revoked": taken_back, "unapproved": unapproved })))
}
