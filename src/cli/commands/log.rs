//! `demarche log`

use std::path::Path;

use serde_json::{Value, json};

use crate::adapters::private;
use crate::adapters::store::{EntryFilter, Store, StoredEntry};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{LogAddArgs, LogArgs, LogCommand};
use crate::cli::commands::meeting::{planned, writing_campaign};
use crate::cli::context::{Context, campaign_id, day, moment, shown, state};
use crate::cli::output::{self, cell};
use crate::config::workspace::Workspace;
use crate::inbox::Kind;
use crate::responses::{Attachment, NewEntry, Stance};
use crate::steps::record::{CorrectionError, Reading, add_entry, correct_entry};
use crate::vocabulary::{AskId, CampaignId, Digest, TimeOfDay, Zone, safe_text};

/// The largest file that is kept with an entry.
const LARGEST_FILE: u64 = 50 * 1024 * 1024;

pub async fn run(context: &Context, args: &LogArgs) -> Result<Answer, CliError> {
    match &args.command {
        None => list(context, args).await,
        Some(LogCommand::Show { entry, save }) => show(context, *entry, save.as_deref()).await,
        Some(LogCommand::Add(args)) => add(context, args).await,
        Some(LogCommand::Classify { entry, stance, ask }) => {
            let reading = Reading {
                stance: Some(stance_of(stance)?),
                ask: ask.as_deref().map(ask_of).transpose()?,
                delegation: None,
            };
            correct(context, *entry, &reading).await
        }
        Some(LogCommand::Assign { entry, delegation }) => {
            let reading = Reading { delegation: Some(state(delegation)?), ..Reading::default() };
            correct(context, *entry, &reading).await
        }
    }
}

fn kind_of(text: &str) -> Result<Kind, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche log --help`"))
}

pub fn stance_of(text: &str) -> Result<Stance, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche log --help`"))
}

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

async fn list(context: &Context, args: &LogArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let midnight = TimeOfDay::new(0, 0).ok_or_else(|| CliError::request("no such time", ""))?;
    let since = match &args.since {
        Some(text) => Some(
            Zone::GENEVA
                .instant(day(text)?, midnight)
                .map_err(|e| CliError::request(e.to_string(), "choose another day"))?,
        ),
        None => None,
    };
    let filter = EntryFilter {
        campaign: args.campaign.as_deref().map(campaign_id).transpose()?,
        delegation: args.delegation.as_deref().map(state).transpose()?,
        kind: args.kind.as_deref().map(kind_of).transpose()?,
        stance: args.stance.as_deref().map(stance_of).transpose()?,
        since,
        id: None,
        in_force: false,
    };
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("the log is empty\n", &json!([])));
    };
    let zones = store.plans().await?;
    if let Some(campaign) = &filter.campaign {
        planned(&zones, campaign)?;
    }
    let entries = store.entries(&filter).await?;
    let mut table = output::table(&["entry", "when", "from", "kind", "stance", "text"]);
    for e in &entries {
        let zone = zones
            .iter()
            .find(|plan| Some(&plan.campaign) == e.campaign.as_ref())
            .map_or(Zone::GENEVA, |plan| plan.zone);
        let corrects = e.corrects.map(|id| format!(" (corrects {id})")).unwrap_or_default();
        let from =
            [e.delegation.map(|d| d.to_string()), e.from.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        table.add_row(vec![
            format!("{}{corrects}", e.id),
            zone.show(e.at),
            cell(&from),
            e.kind.to_string(),
            e.stance.map(|s| s.to_string()).unwrap_or_default(),
            cell(&first_words(e)),
        ]);
    }
    let rows: Vec<Value> = entries.iter().map(value).collect();
    let text = if rows.is_empty() {
        "no entry fits\n".to_owned()
    } else {
        format!("{table}\n{} {}\n", rows.len(), if rows.len() == 1 { "entry" } else { "entries" })
    };
    Ok(Answer::new(text, &rows))
}

fn first_words(entry: &StoredEntry) -> String {
    if entry.erased_at.is_some() {
        return "(erased at the writer's request)".to_owned();
    }
    let text = entry.text.as_deref().or(entry.subject.as_deref()).unwrap_or("");
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(120).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// The contract's keys.
fn value(e: &StoredEntry) -> Value {
    json!({
        "id": e.id, "at": e.at, "campaign": e.campaign, "delegation": e.delegation, "dispatch": e.dispatch, "kind": e.kind,
        "stance": e.stance, "ask": e.ask, "from": e.from, "subject": e.subject, "text": e.text, "matched_by": e.matched_by,
        "confidence": e.confidence, "attachments": e.attachments, "corrects": e.corrects, "by": e.by,
    })
}

async fn one(store: &Store, id: i64) -> Result<StoredEntry, CliError> {
    let filter = EntryFilter { id: Some(id), ..EntryFilter::default() };
    let none = || CliError::request(format!("there is no entry {id}"), "`demarche log` lists them");
    store.entries(&filter).await?.pop().ok_or_else(none)
}

async fn show(context: &Context, id: i64, save: Option<&Path>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let entry = one(&store, id).await?;
    let mut text = format!("entry {id}: {}", entry.kind);
    if let Some(delegation) = entry.delegation {
        text.push_str(&format!(" of {delegation}"));
    }
    text.push('\n');
    let mut line = |name: &str, words: Option<String>| {
        if let Some(words) = words {
            text.push_str(&format!("  {name:<11} {}\n", cell(&words)));
        }
    };
    line("when", Some(entry.at.to_string()));
    line("campaign", entry.campaign.as_ref().map(ToString::to_string));
    line("answers", entry.dispatch.as_ref().map(ToString::to_string));
    line("from", entry.from.clone());
    line("subject", entry.subject.clone());
    line("stance", entry.stance.map(|s| s.to_string()));
    line("ask", entry.ask.as_ref().map(ToString::to_string));
    line("filed", Some(format!("{}, {}, by {}", entry.matched_by, entry.confidence, entry.by)));
    line("corrects", entry.corrects.map(|n| n.to_string()));
    line("erased", entry.erased_at.map(|at| at.to_string()));
    for a in &entry.attachments {
        line("attachment", Some(format!("{} ({}, {} bytes)", a.name, a.media_type, a.bytes)));
    }
    if let Some(words) = &entry.text {
        text.push_str(&format!("\n{}\n", safe_text::lines(words)));
    }
    if let Some(folder) = save {
        for saved in save_attachments(context, &entry, folder)? {
            text.push_str(&format!("saved {saved}\n"));
        }
    }
    Ok(Answer::new(text, &value(&entry)))
}

/// Saves under the name that the sender gave, made harmless; never over another file.
fn save_attachments(context: &Context, entry: &StoredEntry, folder: &Path) -> Result<Vec<String>, CliError> {
    let failed = |what: &Path, e: std::io::Error| {
        CliError::world(format!("{}: {e}", shown(what)), "look at the folder and the disk")
    };
    private::folder(folder).map_err(|e| failed(folder, e))?;
    let mut saved = Vec::new();
    for a in &entry.attachments {
        let safe: String =
            a.name.chars().map(|c| if c.is_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
        let path = folder.join(format!("{}-{}", entry.id, safe.trim_start_matches('.')));
        let bytes =
            std::fs::read(context.path(&format!("var/attachments/{}", a.sha256))).map_err(|e| failed(&path, e))?;
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    CliError::request(format!("{} is there already", shown(&path)), "name another folder with --save")
                }
                _ => failed(&path, e),
            })?;
        std::io::Write::write_all(&mut file, &bytes).map_err(|e| failed(&path, e))?;
        saved.push(shown(&path));
    }
    Ok(saved)
}

async fn add(context: &Context, args: &LogAddArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let delegation = state(&args.delegation)?;
    let kind = kind_of(&args.kind)?;
    if !Kind::BY_HAND.contains(&kind) {
        let by_hand = Kind::BY_HAND.map(Kind::as_str).join(", ");
        return Err(CliError::request(format!("a {kind} is not entered by hand"), format!("by hand go {by_hand}")));
    }
    if args.text.trim().is_empty() {
        return Err(CliError::request("the text is empty", "say what was said: --text TEXT"));
    }
    let stance = args.stance.as_deref().map(stance_of).transpose()?;
    let ask = args.ask.as_deref().map(ask_of).transpose()?;
    let store = context.planned_store(&workspace).await?;
    let campaign = writing_campaign(&store, delegation, args.campaign.as_deref()).await?;
    if let Some(ask) = &ask {
        known_ask(&workspace, &campaign, ask)?;
    }
    let zone = store.plan(&campaign).await?.map_or(Zone::GENEVA, |plan| plan.zone);
    let at = match &args.at {
        Some(text) => moment(text, zone)?,
        None => context.now(),
    };
    if at > context.now() {
        return Err(CliError::request("this would have happened in the future", "give the time at which it happened"));
    }
    let attachments = args.file.as_deref().map(|path| keep(context, path)).transpose()?.into_iter().collect();
    let entry = NewEntry {
        at,
        campaign: Some(campaign),
        delegation: Some(delegation),
        dispatch: None,
        kind,
        stance,
        ask,
        from: args.from.clone(),
        subject: None,
        text: Some(args.text.clone()),
        matched_by: "by-hand",
        confidence: "certain",
        attachments,
        corrects: None,
        by: context.by.clone(),
    };
    let (id, campaign) = add_entry(&store, entry, context.now()).await?;
    let stops = if kind.is_answer() { "; no reminder leaves to this mission" } else { "" };
    let text = format!("entry {id}: {kind} of {delegation}{stops}\n");
    Ok(Answer::new(text, &json!({ "id": id, "campaign": campaign, "delegation": delegation, "kind": kind })))
}

/// Keeps a file byte for byte under its digest (0600); it is never opened.
fn keep(context: &Context, path: &Path) -> Result<Attachment, CliError> {
    let cannot = |e: std::io::Error| {
        CliError::request(format!("{} cannot be read: {e}", shown(path)), "name the scanned letter")
    };
    let meta = std::fs::metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        return Err(CliError::request(format!("{} is not a plain file", shown(path)), "name the scanned letter"));
    }
    if meta.len() > LARGEST_FILE {
        return Err(CliError::request(format!("{} is larger than 50 MiB", shown(path)), "scan it with fewer dots"));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    let digest: String = Digest::of(&bytes).bytes().iter().map(|b| format!("{b:02x}")).collect();
    let folder = context.path("var/attachments");
    let failed = |e: std::io::Error| {
        CliError::world(
            format!("{} cannot be kept: {e}", shown(path)),
            "look at the rights of var/, and whether the disk is full",
        )
    };
    private::folder(&folder).map_err(failed)?;
    let mut file = private::file(&folder.join(&digest)).map_err(failed)?;
    file.set_len(0).map_err(failed)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let media_type = match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("tif" | "tiff") => "image/tiff",
        Some("txt") => "text/plain",
        Some("eml") => "message/rfc822",
        _ => "application/octet-stream",
    };
    Ok(Attachment { name, media_type: media_type.to_owned(), bytes: meta.len(), sha256: digest })
}

async fn correct(context: &Context, id: i64, reading: &Reading) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let number = correct_entry(&store, id, reading, &context.by, context.now()).await.map_err(|error| match error {
        CorrectionError::Store(error) => error.into(),
        CorrectionError::Superseded(_, newer) => CliError::request(error.to_string(), format!("correct entry {newer}")),
        _ => CliError::request(error.to_string(), "`demarche log` lists the entries"),
    })?;
    let entry = one(&store, number).await?;
    let stance = entry.stance.map(|s| s.to_string()).unwrap_or_else(|| "no stance".to_owned());
    let delegation = entry.delegation.map(|d| d.to_string()).unwrap_or_default();
    let text = format!("entry {number} corrects entry {id}: {delegation}, {stance}\n");
    Ok(Answer::new(text, &value(&entry)))
}
