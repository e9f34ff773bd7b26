//! `demarche erase`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::EraseArgs;
use crate::cli::context::{Context, shown};
use crate::cli::wiring::confirm;
use crate::cli::{output, reading};
use crate::steps::erase::erase;
use crate::vocabulary::Address;

pub async fn run(context: &Context, args: &EraseArgs) -> Result<Answer, CliError> {
    let address: Address = args.address.parse().map_err(|e| CliError::request(format!("{e}"), "give one address"))?;
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    output::say(&format!(
        "names, addresses, texts and attachments of every entry that names {address} will be emptied, and every message that does removed; number, times, kind, delegation and stance stay"
    ));
    confirm(context, args.yes, "Empty these entries? It cannot be undone.")?;
    let shelf = context.shelf()?;
    let forgotten = erase(&store, &shelf, &reading::for_erasure(), &address.to_string(), context.now()).await?;
    for digest in &forgotten.erased.attachments {
        let path = context.path(&format!("var/attachments/{digest}"));
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                return Err(CliError::world(
                    format!("the entries are empty, but {} is still there: {e}", shown(&path)),
                    "remove the file yourself",
                ));
            }
        }
    }
    let (entries, attachments) = (forgotten.erased.entries, forgotten.erased.attachments.len());
    let mut text = format!(
        "{} emptied, {} and {} removed\n",
        output::count(entries, "entry"),
        output::count(forgotten.messages, "message"),
        output::count(attachments, "attachment")
    );
    if forgotten.erased.others > 0 {
        text.push_str(&format!(
            "{} of meetings and next actions that named the address emptied\n",
            output::count(forgotten.erased.others, "text")
        ));
    }
    text.push_str("what was sent to the address stays in the outbox: it proves what the coalition wrote; take it out of config/contacts.csv yourself\n");
    text.push_str("the mailbox itself was not touched, and backups are yours to look after\n");
    let value = json!({
        "entries": entries, "messages": forgotten.messages, "attachments": attachments, "others": forgotten.erased.others,
    });
    Ok(Answer::new(text, &value))
}
