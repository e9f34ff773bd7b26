//! `demarche database reconcile`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::context::Context;

pub async fn run(context: &Context, _yes: bool) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let _store = context.planned_store(&workspace).await?;
    Ok(Answer::new("", &json!({})))
}
