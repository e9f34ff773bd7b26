//! `demarche revoke`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RevokeArgs;
use crate::cli::context::{Context, planned};
use crate::cli::output;
use crate::steps::approve::revoke;

pub async fn run(context: &Context, args: &RevokeArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let (plan, filter) = planned(&store, &args.selection).await?;
    let who = args.as_whom.trim();
    let (taken_back, unapproved) =
        revoke(&store, &filter, who, plan.approvals_wanted, &context.by, context.now()).await?;
    if taken_back == 0 {
        let message = format!("{} has no approval in force there", output::cell(who));
        return Err(CliError::request(message, "`demarche show` lists a letter's approvals"));
    }
    let text = format!(
        "{} of {} taken back; {} planned again and do not leave\n",
        output::count(taken_back, "approval"),
        output::cell(who),
        output::count(unapproved, "letter")
    );
    Ok(Answer::new(text, &json!({ "revoked": taken_back, "unapproved": unapproved })))
}
