//! `demarche log`: the entries, as a table, as JSON or for a spreadsheet.

use serde_json::{Value, json};

use super::{first_words, value};
use crate::adapters::store::{EntryFilter, StoredEntry};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::LogArgs;
use crate::cli::campaigns::planned;
use crate::cli::context::{Context, campaign_id, day, state};
use crate::cli::output::{self, cell};
use crate::cli::words::{kind_of, stance_of};
use crate::report::csv::Csv;
use crate::vocabulary::{TimeOfDay, Zone};

pub async fn list(context: &Context, args: &LogArgs) -> Result<Answer, CliError> {
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
        words: args.search.clone(),
        in_force: args.in_force,
        ..EntryFilter::default()
    };
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new("the log is empty\n", &json!([])));
    };
    let zones = store.plans().await?;
    if let Some(campaign) = &filter.campaign {
        planned(&zones, campaign)?;
    }
    let entries = store.entries(&filter).await?;
    if args.csv {
        return Ok(Answer::raw(spreadsheet(&entries).into_bytes()));
    }
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

/// For a spreadsheet: no cell can run as a formula there.
fn spreadsheet(entries: &[StoredEntry]) -> String {
    let mut csv = Csv::new(&[
        "entry",
        "at",
        "campaign",
        "delegation",
        "dispatch",
        "kind",
        "stance",
        "ask",
        "from",
        "subject",
        "text",
        "matched_by",
        "confidence",
        "attachments",
        "corrects",
        "by",
    ]);
    for e in entries {
        let word = |value: Option<String>| value.unwrap_or_default();
        csv.row([
            e.id.to_string(),
            e.at.to_string(),
            word(e.campaign.as_ref().map(ToString::to_string)),
            word(e.delegation.map(|d| d.to_string())),
            word(e.dispatch.as_ref().map(ToString::to_string)),
            e.kind.to_string(),
            word(e.stance.map(|s| s.to_string())),
            word(e.ask.as_ref().map(ToString::to_string)),
            word(e.from.clone()),
            word(e.subject.clone()),
            word(e.text.clone()),
            e.matched_by.clone(),
            e.confidence.clone(),
            e.attachments.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", "),
            word(e.corrects.map(|n| n.to_string())),
            e.by.clone(),
        ]);
    }
    csv.into_text()
}
