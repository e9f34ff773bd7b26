//! `demarche log`

mod add;
mod attachments;
mod correct;
mod list;
mod show;

use serde_json::{Value, json};

use crate::adapters::store::{EntryFilter, Store, StoredEntry};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{LogArgs, LogCommand};
use crate::cli::context::Context;

pub async fn run(context: &Context, args: &LogArgs) -> Result<Answer, CliError> {
    match &args.command {
        None => list::list(context, args).await,
        Some(LogCommand::Show { entry, whole, raw, save }) => {
            show::show(context, *entry, *whole, *raw, save.as_deref()).await
        }
        Some(LogCommand::Add(args)) => add::add(context, args).await,
        Some(LogCommand::Classify { entry, stance, ask }) => {
            correct::classify(context, *entry, stance, ask.as_deref()).await
        }
        Some(LogCommand::Assign { entry, delegation, campaign }) => {
            correct::assign(context, *entry, delegation, campaign.as_deref()).await
        }
    }
}

/// The entry of that number.
///
/// # Errors
/// When there is none.
pub async fn one(store: &Store, id: i64) -> Result<StoredEntry, CliError> {
    let filter = EntryFilter { id: Some(id), ..EntryFilter::default() };
    let none = || CliError::request(format!("there is no entry {id}"), "`demarche log` lists them");
    store.entries(&filter).await?.pop().ok_or_else(none)
}

/// The first words of an entry, on one line.
pub fn first_words(entry: &StoredEntry) -> String {
    if entry.erased_at.is_some() {
        return "(erased at the writer's request)".to_owned();
    }
    let text = entry.text.as_deref().filter(|t| !t.trim().is_empty()).or(entry.subject.as_deref()).unwrap_or("");
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(120).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// The contract's keys.
pub fn value(e: &StoredEntry) -> Value {
    json!({
        "id": e.id, "at": e.at, "campaign": e.campaign, "delegation": e.delegation, "dispatch": e.dispatch, "kind": e.kind,
        "stance": e.stance, "ask": e.ask, "from": e.from, "subject": e.subject, "text": e.text, "matched_by": e.matched_by,
        "confidence": e.confidence, "attachments": e.attachments, "corrects": e.corrects, "by": e.by,
    })
}
