//! `demarche collect --explain`

use std::path::Path;

use serde_json::{Value, json};

use crate::adapters::mailbox::LARGEST;
use crate::adapters::shelf;
use crate::adapters::store::{Store, shown as who};
use crate::cli::answer::{Answer, CliError};
use crate::cli::context::{Context, shown};
use crate::cli::output::cell;
use crate::cli::{mail, reading};
use crate::inbox::matching::{Filing, Guess};
use crate::steps::filing::{Understood, explain};
use crate::vocabulary::{DispatchId, safe_text};

pub async fn run(context: &Context, file: &Path) -> Result<Answer, CliError> {
    let (bytes, whole) = read(file)?;
    // It works outside of a workspace too; then nothing can match.
    let workspace = context.workspace();
    let server = mail::receiving_server(&workspace);
    let understood = (reading::understand(server).0)(&bytes).of(whole);
    let store = match workspace.installation {
        Some(_) => context.existing_store(&workspace).await.ok().flatten(),
        None => None,
    };
    let filing = match &store {
        Some(store) => Some(explain(store, &understood, context.own_addresses(&workspace), context.now()).await?),
        None => None,
    };
    let dispatch = match (&store, &filing) {
        (Some(store), Some(Filing::Filed(filed))) => dispatch(store, filed.letter).await?,
        _ => None,
    };
    Ok(Answer::new(
        text(&understood, filing.as_ref(), dispatch.as_ref()),
        &value(&understood, filing.as_ref(), dispatch.as_ref()),
    ))
}

/// What is read of it, and how long it is: as of a message that `collect` finds.
fn read(file: &Path) -> Result<(Vec<u8>, u64), CliError> {
    let cannot = |e: std::io::Error| {
        CliError::request(format!("{} cannot be read: {e}", shown(file)), "name a file with one message")
    };
    let meta = std::fs::metadata(file).map_err(cannot)?;
    if !meta.is_file() {
        return Err(CliError::request(format!("{} is not a plain file", shown(file)), "name a file with one message"));
    }
    if meta.len() > LARGEST {
        let message = format!("{} has more than {} MiB", shown(file), LARGEST >> 20);
        return Err(CliError::request(message, "`collect` does not take it either: it is told, and stays where it is"));
    }
    Ok((shelf::beginning(file).map_err(cannot)?, meta.len()))
}

async fn dispatch(store: &Store, key: i64) -> Result<Option<DispatchId>, CliError> {
    let filter = crate::adapters::store::DispatchFilter { keys: Some(vec![key]), ..Default::default() };
    Ok(store.dispatches(&filter).await?.pop().map(|d| d.id))
}

/// The contract's keys.
fn value(understood: &Understood, filing: Option<&Filing>, dispatch: Option<&DispatchId>) -> Value {
    let reading = &understood.reading;
    let filed = match filing {
        Some(Filing::Filed(filed)) => Some(filed),
        _ => None,
    };
    let guesses: &[Guess] = match filing {
        Some(Filing::Pen { guesses, .. }) => guesses,
        _ => &[],
    };
    json!({
        "kind": reading.kind,
        "message_id": reading.message_id,
        "original_message_id": reading.originals.first(),
        "from": who(&reading.from),
        "campaign": filed.map(|f| &f.campaign),
        "delegation": filed.map(|f| f.delegation),
        "dispatch": dispatch,
        "matched_by": filed.map(|f| f.matched_by.as_str()),
        "confidence": filed.map(|f| f.confidence.as_str()),
        "recipients": reading.returned.iter().map(|r| r.address.as_str()).collect::<Vec<_>>(),
        "smtp_status": reading.smtp_status(),
        "permanent": reading.permanent(),
        "text": reading.text,
        "attachments": reading.enclosures,
        "authenticity": understood.authenticity.standing,
        "authenticity_why": understood.authenticity.reason,
        "subject": reading.subject,
        "date": reading.date,
        "back_on": reading.back_on.map(|day| day.to_string()),
        "reasons": reading.reasons,
        "guesses": guesses,
        "cut_off": reading.cut_off,
    })
}

fn text(understood: &Understood, filing: Option<&Filing>, dispatch: Option<&DispatchId>) -> String {
    let reading = &understood.reading;
    let mut text = String::new();
    let mut line = |name: &str, words: &str| {
        if !words.is_empty() {
            text.push_str(&format!("{name:<12} {}\n", cell(words)));
        }
    };
    line("kind", reading.kind.as_str());
    line("because", &reading.reasons.join("; "));
    line("from", &who(&reading.from));
    line("sender", &format!("{}: {}", understood.authenticity.standing, understood.authenticity.reason));
    line("subject", &reading.subject);
    line("message id", reading.message_id.as_deref().unwrap_or(""));
    line("original", reading.originals.first().map_or("", String::as_str));
    for returned in &reading.returned {
        let lasting = match returned.permanent {
            Some(true) => "for good",
            Some(false) => "for now",
            None => "not said for how long",
        };
        let status = returned.status.as_deref().unwrap_or("no code");
        line("returned", &format!("{} ({status}, {lasting}): {}", returned.address, returned.words));
    }
    line("back on", &reading.back_on.map(|day| day.to_string()).unwrap_or_default());
    for file in &reading.enclosures {
        line("attachment", &format!("{} ({}, {} bytes)", file.name, file.media_type, file.bytes));
    }
    line("not read", reading.cut_off.as_deref().unwrap_or(""));
    match filing {
        None => line("filed", "nowhere: no database is here to match it with"),
        Some(Filing::Filed(filed)) => {
            let of = dispatch.map(ToString::to_string).unwrap_or_default();
            line("filed", &format!("{}, answers {of}: {}, {}", filed.delegation, filed.matched_by, filed.confidence));
            line("for", &filed.because);
        }
        Some(Filing::Pen { why, guesses }) => {
            line("filed", &format!("in the pen: {why}"));
            guesses.iter().for_each(|guess| line("may be", &format!("{}: {}", guess.delegation, guess.because)));
        }
        Some(Filing::Aside { why }) => line("filed", &format!("set aside: {why}")),
        Some(Filing::Later) => line("filed", "not yet: its letter is in hand"),
    }
    if !reading.text.trim().is_empty() {
        text.push_str(&format!("\n{}\n", safe_text::lines(reading.text.trim_end())));
    }
    text
}
