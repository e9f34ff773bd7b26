//! `demarche pen`

use serde_json::{Value, json};

use crate::adapters::store::{EntryFilter, Guessed, MailState, Store, StoredMessage};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{PenArgs, PenCommand};
use crate::cli::commands::log::first_words;
use crate::cli::context::Context;
use crate::cli::mail;
use crate::cli::output::{self, cell};
use crate::cli::reading;
use crate::steps::filing;
use crate::steps::pen::{self, PenError};
use crate::vocabulary::{DispatchId, Zone, safe_text};

pub async fn run(context: &Context, args: &PenArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    match &args.command {
        None if args.aside => aside(context).await,
        None => list(context).await,
        Some(PenCommand::Dismiss { entries, reason }) => {
            let store = context.planned_store(&workspace).await?;
            if reason.trim().is_empty() {
                return Err(CliError::request("the reason is empty", "say why: --reason TEXT"));
            }
            let mailbox = mail::mailbox_name(context, &workspace);
            let let_go = pen::dismiss(&store, entries, reason, mailbox.as_deref(), &context.by, context.now()).await;
            let let_go = let_go.map_err(not_done)?;
            let mut text = format!("{} taken out of the pen\n", output::count(entries.len(), "entry"));
            text.push_str(&free(&let_go));
            Ok(Answer::new(text, &json!({ "dismissed": entries, "let_go": let_go })))
        }
        Some(PenCommand::Take { message }) => take(context, *message).await,
    }
}

/// Letters that waited for what is no longer in the pen.
pub fn free(let_go: &[DispatchId]) -> String {
    let_go.iter().map(|id| format!("{id} waits for the pen no longer\n")).collect()
}

fn not_done(error: PenError) -> CliError {
    match error {
        PenError::Store(error) => error.into(),
        PenError::Correction(error) => error.into(),
        PenError::NotInPen(_) => CliError::request(error.to_string(), "`demarche pen` lists those that do"),
        PenError::NotAside(_) => CliError::request(error.to_string(), "`demarche pen --aside` lists those"),
    }
}

async fn list(context: &Context) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("the pen is empty\n", &json!([])));
    };
    let messages = store.messages_in(MailState::Pen).await?;
    let keys: Vec<i64> = messages.iter().map(|message| message.key).collect();
    let guesses = store.guesses(&keys).await?;
    let entries =
        store.entries(&EntryFilter { messages: Some(keys), in_force: true, ..EntryFilter::default() }).await?;
    let (mut text, mut rows) = (String::new(), Vec::new());
    for entry in &entries {
        let Some(message) = messages.iter().find(|message| Some(message.key) == entry.message) else { continue };
        let own: Vec<&Guessed> = guesses.iter().filter(|guess| guess.message == message.key).collect();
        text.push_str(&format!("entry {}: {}, {}\n", entry.id, entry.kind, Zone::GENEVA.show(entry.at)));
        let mut line = |name: &str, words: &str| {
            if !words.is_empty() {
                text.push_str(&format!("  {name:<8} {}\n", cell(words)));
            }
        };
        line("from", entry.from.as_deref().unwrap_or(""));
        line("subject", entry.subject.as_deref().unwrap_or(""));
        line("says", &first_words(entry));
        line("because", message.why.as_deref().unwrap_or(""));
        for guess in &own {
            line("may be", &format!("{}{}: {}", guess.delegation, guess.under(), guess.because));
        }
        let best = own.first().map_or("STATE", |guess| guess.delegation.as_str());
        text.push_str(&format!("  file it  demarche log assign {} --delegation {best}\n\n", entry.id));
        rows.push(json!({
            "id": entry.id, "at": entry.at, "kind": entry.kind, "from": entry.from, "subject": entry.subject,
            "text": entry.text, "why": message.why, "authenticity": message.authenticity,
            "guesses": own.iter().map(|guess| guess.value()).collect::<Vec<Value>>(),
        }));
    }
    if rows.is_empty() {
        text.push_str("the pen is empty\n");
    } else {
        text.push_str(&format!(
            "{} in the pen; what has to do with no letter: demarche pen dismiss ENTRY --reason TEXT\n",
            output::count(rows.len(), "entry")
        ));
    }
    Ok(Answer::new(text, &rows))
}

async fn aside(context: &Context) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("nothing was set aside\n", &json!([])));
    };
    let messages = store.messages_in(MailState::Aside).await?;
    let mut table = output::table(&["message", "arrived", "kind", "from", "subject", "because"]);
    for m in &messages {
        table.add_row(vec![
            m.key.to_string(),
            Zone::GENEVA.show(m.arrived_at),
            m.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            cell(m.from.as_deref().unwrap_or("")),
            cell(m.subject.as_deref().unwrap_or("")),
            cell(m.why.as_deref().unwrap_or("")),
        ]);
    }
    let value = |m: &StoredMessage| json!({ "message": m.key, "at": m.arrived_at, "kind": m.kind, "from": m.from, "subject": m.subject, "why": m.why });
    let rows: Vec<Value> = messages.iter().map(value).collect();
    let text = if rows.is_empty() {
        "nothing was set aside\n".to_owned()
    } else {
        format!("{table}\nto enter one in the pen: demarche pen take MESSAGE\n")
    };
    Ok(Answer::new(text, &rows))
}

async fn take(context: &Context, key: i64) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store: Store = context.planned_store(&workspace).await?;
    let missing = || not_done(PenError::NotAside(key));
    let message = store.incoming(key).await?.filter(|m| m.state == MailState::Aside && m.erased_at.is_none());
    let message = message.ok_or_else(missing)?;
    let shelf = context.shelf()?;
    let bytes = shelf.read(&message.raw).map_err(|e| {
        let place = safe_text::line(&shelf.place(&message.raw).display().to_string()).into_owned();
        CliError::world(format!("the message cannot be read from {place}: {e}"), "look at var/mail")
    })?;
    let entry = filing::entry(key, &reading::read(&bytes), message.arrived_at, None, &context.by);
    let number = pen::take(&store, key, entry, context.now()).await.map_err(not_done)?;
    let text = format!("entry {number}: in the pen; file it with `demarche log assign {number} --delegation STATE`\n");
    Ok(Answer::new(text, &json!({ "id": number, "message": key })))
}
