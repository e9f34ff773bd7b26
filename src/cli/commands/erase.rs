//! `demarche erase`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::EraseArgs;
use crate::cli::context::Context;
use crate::cli::output;
use crate::cli::wiring::confirm;
use crate::steps::record::erase;
use crate::vocabulary::Address;

pub async fn run(context: &Context, args: &EraseArgs) -> Result<Answer, CliError> {
    let address: Address = args.address.parse().map_err(|e| CliError::request(format!("{e}"), "give one address"))?;
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    output::say(&format!(
        "names, addresses, texts and attachments of every entry that names {address} will be emptied; number, times, kind, delegation and stance stay"
    ));
    confirm(context, args.yes, "Empty these entries? It cannot be undone.")?;
    let (entries, attachments) = erase(&store, &address.to_string(), context.now()).await?;
    for digest in &attachments {
        let path = context.path(&format!("var/attachments/{digest}"));
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                return Err(CliError::world(
                    format!("the entries are empty, but {} is still there: {e}", super::super::context::shown(&path)),
                    "remove the file yourself",
                ));
            }
        }
    }
    let mut text = format!(
        "{} emptied, {} removed\n",
        output::count(entries, "entry"),
        output::count(attachments.len(), "attachment")
    );
    text.push_str("what was sent to the address stays in the outbox: it proves what the coalition wrote; take it out of config/contacts.csv yourself\n");
    Ok(Answer::new(text, &json!({ "entries": entries, "attachments": attachments.len() })))
}
