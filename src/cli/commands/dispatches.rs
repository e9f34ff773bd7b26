//! `demarche dispatches`

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::adapters::store::{AttemptRecord, DispatchFilter, Store};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::DispatchesArgs;
use crate::cli::context::{Context, campaign_id, dispatch_id, state, status};
use crate::cli::output;
use crate::cli::stream::{PAGE, Rows};
use crate::outbox::{Dispatch, Status};
use crate::vocabulary::Zone;

pub async fn run(context: &Context, args: &DispatchesArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let filter = DispatchFilter {
        campaign: args.campaign.as_deref().map(campaign_id).transpose()?,
        step: args
            .step
            .as_deref()
            .map(|step| step.parse().map_err(|e| CliError::request(format!("{e}"), "`demarche plan` lists the steps")))
            .transpose()?,
        delegations: args.delegation.as_deref().map(state).transpose()?.into_iter().collect(),
        status: args.status.as_deref().map(status).transpose()?,
        keys: None,
    };
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("nothing has been planned\n", &json!([])));
    };
    let zones: HashMap<String, Zone> =
        store.plans().await?.into_iter().map(|p| (p.campaign.to_string(), p.zone)).collect();
    if let Some(campaign) = &filter.campaign
        && !zones.contains_key(campaign.as_str())
    {
        return Err(CliError::request(
            format!("campaign {campaign} has not been planned"),
            "`demarche status` lists the campaigns",
        ));
    }
    let mut last = match &args.after {
        Some(name) => Some(the(&store, name).await?),
        None => None,
    };
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut rows = Rows::begin(context, &["letter", "status", "when", "to", "why, in the server's words"])?;
    while left > 0 {
        let wanted = left.min(PAGE as u64);
        let page = store.dispatches_after(&filter, last.as_ref(), wanted).await?;
        let keys: Vec<i64> = page.iter().map(|d| d.key).collect();
        let mut attempts: HashMap<i64, Vec<AttemptRecord>> = HashMap::new();
        for attempt in store.attempts(&keys).await? {
            attempts.entry(attempt.dispatch).or_default().push(attempt);
        }
        for dispatch in &page {
            let own = attempts.remove(&dispatch.key).unwrap_or_default();
            let zone = zones.get(dispatch.id.campaign.as_str()).copied().unwrap_or(Zone::GENEVA);
            rows.row(|| cells(dispatch, &own, zone), || value(dispatch, &own))?;
        }
        left -= page.len() as u64;
        let more = page.len() as u64 == wanted;
        last = page.into_iter().next_back();
        if !rows.end_page()? || !more {
            break;
        }
    }
    rows.end("no letter fits\n", |count| format!("{count} letters\n"))?;
    Ok(Answer::told())
}

/// The dispatch behind which a list is to go on.
async fn the(store: &Store, name: &str) -> Result<Dispatch, CliError> {
    let id = dispatch_id(name)?;
    let none = || CliError::request(format!("there is no dispatch {id}"), "name the last one of the list before");
    store.dispatch(&id).await?.ok_or_else(none)
}

fn cells(dispatch: &Dispatch, attempts: &[AttemptRecord], zone: Zone) -> Vec<String> {
    vec![
        dispatch.id.to_string(),
        dispatch.status.to_string(),
        when(dispatch, zone),
        dispatch.recipients.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        output::cell(&words(dispatch, attempts)),
    ]
}

fn when(dispatch: &Dispatch, zone: Zone) -> String {
    match (dispatch.status, dispatch.sent_at) {
        (Status::Sent | Status::Bounced, Some(at)) => zone.show(at),
        (Status::Deferred, _) => format!("again {}", zone.show(dispatch.next_at)),
        _ => format!("due {}", zone.show(dispatch.due)),
    }
}

/// The reason, else what the server said last.
fn words(dispatch: &Dispatch, attempts: &[AttemptRecord]) -> String {
    let said = || attempts.last().and_then(|attempt| attempt.detail.clone());
    dispatch.reason.clone().or_else(said).unwrap_or_default()
}

/// The contract's keys; `reason` and, in attempts, `detail` and `evidence` are additions.
pub fn value(dispatch: &Dispatch, attempts: &[AttemptRecord]) -> Value {
    let attempts: Vec<Value> = attempts
        .iter()
        .map(|a| {
            let recipients: Vec<Value> =
                a.recipients.iter().map(|r| json!({ "address": r.address, "code": r.code, "text": r.text })).collect();
            json!({ "at": a.at, "outcome": a.outcome, "recipients": recipients, "detail": a.detail, "evidence": a.late_evidence })
        })
        .collect();
    json!({
        "id": dispatch.id,
        "campaign": dispatch.id.campaign,
        "step": dispatch.id.step,
        "delegation": dispatch.id.delegation,
        "status": dispatch.status,
        "via": dispatch.via.map(|via| via.as_str()),
        "due": dispatch.due,
        "next_at": dispatch.next_at,
        "digest": dispatch.digest,
        "message_id": dispatch.message_id,
        "sent_at": dispatch.sent_at,
        "reason": dispatch.reason,
        "attempts": attempts,
    })
}
