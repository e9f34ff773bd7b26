//! Words of the log, as they are typed.

use crate::cli::answer::CliError;
use crate::config::workspace::Workspace;
use crate::inbox::Kind;
use crate::responses::Stance;
use crate::vocabulary::{AskId, CampaignId};

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
