//! `demarche log`

mod add;
mod attachments;
pub mod correct;
mod list;
mod show;

use serde_json::{Value, json};

use crate::adapters::store::{EntryFilter, Store, StoredEntry};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{LogArgs, LogCommand};
use crate::cli::context::Context;
use crate::config::workspace::Workspace;
use crate::inbox::Kind;
use crate::responses::Stance;
use crate::vocabulary::{AskId, CampaignId};

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

/// # Errors
/// With the nearest word.
pub fn kind_of(text: &str) -> Result<Kind, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche log --help`"))
}

/// # Errors
/// With the nearest word.
pub fn stance_of(text: &str) -> Result<Stance, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche log --help`"))
}

/// # Errors
/// With the form of an ask's name.
pub fn ask_of(text: &str) -> Result<AskId, CliError> {
    text.parse().map_err(|e| CliError::request(format!("{e}"), "asks stand in the campaign's file, as [[ask]]"))
}

/// # Errors
/// When the campaign's file has no such ask; without the file nobody can tell.
pub fn known_ask(workspace: &Workspace, campaign: &CampaignId, ask: &AskId) -> Result<(), CliError> {
    let Some(file) = workspace.campaign(campaign) else { return Ok(()) };
    if file.campaign.asks.iter().any(|known| known.id == *ask) {
        return Ok(());
    }
    let known = file.campaign.asks.iter().map(|a| a.id.as_str()).collect::<Vec<_>>().join(", ");
    Err(CliError::request(format!("campaign {campaign} has no ask `{ask}`"), format!("its asks are {known}")))
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
