//! `demarche settle`

use serde_json::json;

use crate::adapters::store::DispatchFilter;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{SettleArgs, Settlement};
use crate::cli::commands::decide::answer;
use crate::cli::commands::retry::named;
use crate::cli::context::Context;
use crate::cli::output::{self, cell};
use crate::cli::wiring::confirm;
use crate::outbox::Status;
use crate::steps::decide::{Decider, Decision, decide};
use crate::steps::returned::weigh_bounces;

pub async fn run(context: &Context, args: &SettleArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let dispatches = named(&store, &args.dispatches).await?;
    if let Some(other) = dispatches.iter().find(|d| d.status != Status::Uncertain) {
        let message = format!("{} is {}; only what is uncertain is settled", other.id, other.status);
        return Err(CliError::request(message, "`demarche status` lists what is uncertain"));
    }
    let keys: Vec<i64> = dispatches.iter().map(|d| d.key).collect();
    let attempts = store.attempts(&keys).await?;
    for dispatch in &dispatches {
        let last = attempts.iter().rfind(|a| a.dispatch == dispatch.key);
        let evidence = last
            .and_then(|a| a.late_evidence.as_deref())
            .map(|e| format!("; later the server said: {}", cell(e)))
            .unwrap_or_default();
        output::say(&format!("{}: {}{evidence}", dispatch.id, cell(dispatch.reason.as_deref().unwrap_or(""))));
    }
    let (decision, question) = match args.as_what {
        Settlement::Sent => (Decision::SettleSent, "Did the server take these letters?"),
        Settlement::NotSent => {
            (Decision::SettleNotSent, "Did the server surely not take these letters? They will be sent again.")
        }
    };
    confirm(context, args.yes, question)?;
    let who = Decider { by: &context.by, now: context.now(), reason: args.reason.as_deref() };
    // All of them or none: one that somebody settled meanwhile is told, and left as it is.
    let filter = DispatchFilter { status: Some(Status::Uncertain), keys: Some(keys), ..DispatchFilter::default() };
    let decided = decide(&store, &filter, decision, &who).await?;
    let mut answer = answer(&decided)?;
    if decision == Decision::SettleSent {
        // What came back meanwhile could not count while nobody knew that it had left.
        let bounced = weigh_bounces(&store, &dispatches, &context.by, context.now()).await?;
        for id in &bounced {
            answer.text.push_str(&format!(
                "{id} has come back and is bounced: correct the address, `demarche plan`, then `demarche retry {id}`\n"
            ));
        }
        answer.json["bounced"] = json!(bounced);
        answer = answer.needs_a_person(!bounced.is_empty());
    }
    Ok(answer)
}
