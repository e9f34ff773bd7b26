//! `demarche collect`

use serde_json::{Value, json};

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::CollectArgs;
use crate::cli::commands::explain;
use crate::cli::context::Context;
use crate::cli::output::{self, cell};
use crate::cli::{mail, wiring};
use crate::steps::collect::{CollectError, CollectRequest, Collected, collect};

pub async fn run(context: &Context, args: &CollectArgs) -> Result<Answer, CliError> {
    if let Some(file) = &args.explain {
        return explain::run(context, file).await;
    }
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let mut mailbox = match &args.from {
        Some(path) => wiring::mailbox_at(path).await?,
        None => wiring::mailbox(context, &workspace)?.ok_or_else(no_mailbox)?,
    };
    let clerk = context.clerk(&workspace)?;
    let watched = mail::mailbox_name(context, &workspace);
    // A folder that somebody names is read from its beginning.
    let since = if args.from.is_some() { None } else { Some(context.mail_since(&workspace, &store).await?) };
    let request = CollectRequest { clerk: &clerk, since, watched: watched.as_deref() };
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |done: u64, all: usize| {
        bar.tick();
        bar.set_message(format!("{done} of {all} messages"));
    };
    let mut collected = Collected::default();
    let outcome = collect(&store, &mut mailbox, &context.clock, &request, &mut collected, progress).await;
    bar.finish_and_clear();
    let mut answer = told(&collected);
    if let Err(error) = outcome {
        output::say(answer.text.trim_end());
        return Err(failed(error));
    }
    if args.from.is_some() && watched.is_none() {
        answer.text.push_str("[inbox] mode is \"none\": nothing is read by itself; see config/demarche.toml\n");
    }
    Ok(answer)
}

fn no_mailbox() -> CliError {
    CliError::request(
        "no mailbox is named: [inbox] mode is \"none\"",
        "name one in config/demarche.toml, or read a folder or a file with `collect --from PATH`",
    )
}

/// Why a mailbox was not read to its end. What was stored before is in the log already.
pub fn failed(error: CollectError) -> CliError {
    match error {
        CollectError::Store(error) => error.into(),
        CollectError::Mailbox(fault) => fault.into(),
    }
}

/// What came of it, for people and for scripts.
pub fn told(collected: &Collected) -> Answer {
    let mail = &collected.mail;
    let mut text = String::new();
    if let Some(day) = collected.first_since {
        text.push_str(&format!(
            "{} is read for the first time: mail since {day}, and none before; `[inbox] since` in config/demarche.toml says otherwise\n",
            cell(&collected.mailbox)
        ));
    }
    for entered in &mail.entered {
        let where_to = match &entered.under {
            Some((campaign, delegation)) => format!("{delegation} in {campaign}"),
            None => "in the pen".to_owned(),
        };
        text.push_str(&format!("entry {}: {}, {where_to}: {}\n", entered.entry, entered.kind, cell(&entered.why)));
    }
    for id in &mail.bounced {
        text.push_str(&format!("{id} is bounced: correct the address, `demarche plan`, then `demarche retry {id}`\n"));
    }
    for (place, why) in &collected.faults {
        text.push_str(&format!("message {} was set aside: {}\n", cell(place), cell(why)));
    }
    text.push_str(&super::pen::free(&collected.let_go));
    let filed = mail.entered.iter().filter(|entered| entered.under.is_some()).count();
    let in_pen = mail.entered.len() - filed;
    let mut counts = vec![output::count(collected.new, "new message")];
    for (n, words) in [
        (filed as u64, "filed"),
        (in_pen as u64, "in the pen"),
        (mail.aside, "set aside"),
        (collected.doubles, "here already"),
        (mail.later, "to be read again: their letters are in hand"),
    ] {
        if n > 0 {
            counts.push(format!("{n} {words}"));
        }
    }
    text.push_str(&format!("{}\n", counts.join(", ")));
    if in_pen > 0 {
        text.push_str("`demarche pen` shows what waits for you\n");
    }
    let entered: Vec<Value> = mail
        .entered
        .iter()
        .map(|e| {
            let (campaign, delegation) = e.under.clone().unzip();
            json!({ "entry": e.entry, "kind": e.kind, "campaign": campaign, "delegation": delegation, "why": e.why })
        })
        .collect();
    let value = json!({
        "mailbox": collected.mailbox, "first_since": collected.first_since, "new": collected.new, "here_already": collected.doubles,
        "entries": entered, "filed": filed, "pen": in_pen, "aside": mail.aside, "later": mail.later, "bounced": mail.bounced,
        "let_go": collected.let_go,
        "set_aside": collected.faults.iter().map(|(place, why)| json!({ "place": place, "why": why })).collect::<Vec<_>>(),
    });
    Answer::new(text, &value).needs_a_person(in_pen > 0 || !mail.bounced.is_empty() || !collected.faults.is_empty())
}
