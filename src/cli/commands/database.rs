//! `demarche database`

use serde_json::json;

use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{DatabaseArgs, DatabaseCommand};
use crate::cli::commands::reconcile;
use crate::cli::context::Context;
use crate::cli::wiring;

pub async fn run(context: &Context, args: &DatabaseArgs) -> Result<Answer, CliError> {
    match &args.command {
        DatabaseCommand::Migrate => migrate(context).await,
        DatabaseCommand::Copy { from, to } => copy(context, from, to).await,
        DatabaseCommand::Reconcile { yes, gone } => reconcile::run(context, *yes, gone).await,
    }
}

async fn migrate(context: &Context) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let location = wiring::database(context, &workspace)?;
    // Opening brings the schema up to date; a second look says that nothing is left to do.
    let store = Store::open(&location).await?;
    let left = store.migrate().await?;
    let text = format!("{}: the schema is up to date\n", location.shown());
    Ok(Answer::new(text, &json!({ "database": location.shown(), "changes_left": left })))
}

async fn copy(context: &Context, from: &str, to: &str) -> Result<Answer, CliError> {
    if from == to {
        return Err(CliError::request(
            "both are the same database",
            "name the one to copy from first, then the one to copy to",
        ));
    }
    let from = wiring::named_database(context, from, "DEMARCHE_FROM_PASSWORD")?;
    let to = wiring::named_database(context, to, "DEMARCHE_TO_PASSWORD")?;
    let none = || CliError::request(format!("there is no database {}", from.shown()), "look at the path");
    // Nobody may send while letters are being copied.
    let lock = wiring::worker_lock(&from)?;
    let source = Store::open_existing(&from).await?.ok_or_else(none)?;
    let target = Store::open(&to).await?;
    let copied = source.copy_to(&target).await?;
    drop(lock);
    let mut text = String::new();
    for table in &copied {
        text.push_str(&format!("{:>9}  {:<18} {}\n", table.rows, table.table, table.digest.short()));
    }
    text.push_str(&format!("copied and compared; name {} in [database] url of config/demarche.toml\n", to.shown()));
    let rows: Vec<_> = copied.iter().map(|t| json!({ "table": t.table, "rows": t.rows, "digest": t.digest })).collect();
    Ok(Answer::new(text, &json!({ "tables": rows })))
}
