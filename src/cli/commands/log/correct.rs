//! `demarche log classify` and `log assign`: a new entry that says better what an earlier one was.

use serde_json::{Value, json};

use super::{one, value};
use crate::cli::answer::{Answer, CliError};
use crate::cli::campaigns::planned;
use crate::cli::context::{Context, campaign_id, state};
use crate::cli::mail;
use crate::cli::words::{ask_of, known_ask, stance_of};
use crate::steps::pen::{Assignment, assign as file_under};
use crate::steps::record::{Reading, correct_entry};

pub async fn classify(context: &Context, id: i64, stance: &str, ask: Option<&str>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let reading = Reading { stance: Some(stance_of(stance)?), ask: ask.map(ask_of).transpose()?, delegation: None };
    let store = context.planned_store(&workspace).await?;
    let old = one(&store, id).await?;
    if old.delegation.is_none() {
        let help = format!("file it first: `demarche log assign {id} --delegation STATE`");
        return Err(CliError::request(format!("entry {id} is in the pen: nobody's stance is known by it"), help));
    }
    if let (Some(campaign), Some(ask)) = (&old.campaign, &reading.ask) {
        known_ask(&workspace, campaign, ask)?;
    }
    let number = correct_entry(&store, id, &reading, &context.by, context.now()).await?;
    let entry = one(&store, number).await?;
    let stance = entry.stance.map(|s| s.to_string()).unwrap_or_else(|| "no stance".to_owned());
    let delegation = entry.delegation.map(|d| d.to_string()).unwrap_or_default();
    Ok(Answer::new(format!("entry {number} corrects entry {id}: {delegation}, {stance}\n"), &value(&entry)))
}

pub async fn assign(context: &Context, id: i64, delegation: &str, campaign: Option<&str>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let campaign = campaign.map(campaign_id).transpose()?;
    if let Some(campaign) = &campaign {
        planned(&store.plans().await?, campaign)?;
    }
    let assignment = Assignment {
        delegation: state(delegation)?,
        campaign,
        own: context.own_addresses(&workspace),
        mailbox: mail::mailbox_name(context, &workspace),
    };
    let done = file_under(&store, id, &assignment, &context.by, context.now()).await?;
    let entry = one(&store, done.entry).await?;
    let answers = entry.dispatch.as_ref().map(|id| format!(", answers {id}")).unwrap_or_default();
    let delegation = entry.delegation.map(|state| state.to_string()).unwrap_or_default();
    let mut text = format!("entry {} corrects entry {id}: {delegation}, {}{answers}\n", done.entry, entry.kind);
    if let Some(sender) = &done.remembered {
        text.push_str(&format!("mail of {} is filed there from now on\n", crate::cli::output::cell(sender)));
    }
    if entry.kind.is_answer() {
        text.push_str("no reminder leaves to this mission\n");
    }
    if let Some(bounced) = &done.bounced {
        text.push_str(&format!(
            "{bounced} is bounced: correct the address, `demarche plan`, then `demarche retry {bounced}`\n"
        ));
    }
    for let_go in &done.let_go {
        text.push_str(&format!("{let_go} waits for the pen no longer\n"));
    }
    for skipped in &done.skipped {
        text.push_str(&format!(
            "{skipped} was skipped for an answer, and there is none now; to let it leave: `demarche release {} --step {} \
             --delegation {} --reason TEXT`\n",
            skipped.campaign, skipped.step, skipped.delegation
        ));
    }
    let mut json = value(&entry);
    if let Value::Object(map) = &mut json {
        map.insert("remembered".to_owned(), json!(done.remembered));
        map.insert("bounced".to_owned(), json!(done.bounced));
        map.insert("let_go".to_owned(), json!(done.let_go));
    }
    Ok(Answer::new(text, &json))
}
