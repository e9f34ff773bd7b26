//! `demarche log`: the entries, as a table, as JSON or for a spreadsheet.

use serde_json::json;

use super::{first_words, one, value};
use crate::adapters::store::{EntryFilter, PlanRecord, StoredEntry};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::LogArgs;
use crate::cli::campaigns::{planned, zone_of};
use crate::cli::context::{Context, campaign_id, day, state};
use crate::cli::output::{self, cell};
use crate::cli::stream::{PAGE, Rows, Stream};
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
    let mut after = match args.after {
        Some(id) => Some(one(&store, id).await?).map(|entry| (entry.at, entry.id)),
        None => None,
    };
    let mut told = Told::begin(context, args.csv)?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        // A search goes through more than it finds.
        let wanted = if filter.words.is_some() { PAGE as u64 } else { left.min(PAGE as u64) };
        let (mut page, more) = store.entries_after(&filter, after, wanted).await?;
        page.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= page.len() as u64;
        let goes_on = told.page(&page, &zones)?;
        after = more;
        if !goes_on || after.is_none() {
            break;
        }
    }
    told.end()?;
    Ok(Answer::told())
}

/// The two forms of the list.
enum Told {
    Rows(Box<Rows<'static>>),
    Spreadsheet(Stream),
}

impl Told {
    fn begin(context: &Context, csv: bool) -> Result<Self, CliError> {
        if csv {
            let mut stream = Stream::raw();
            stream.text(&Csv::new(&COLUMNS).into_text())?;
            return Ok(Self::Spreadsheet(stream));
        }
        Rows::begin(context, &["entry", "when", "from", "kind", "stance", "text"])
            .map(|rows| Self::Rows(Box::new(rows)))
    }

    /// `false`: nobody reads any more.
    fn page(&mut self, entries: &[StoredEntry], plans: &[PlanRecord]) -> Result<bool, CliError> {
        match self {
            Self::Spreadsheet(stream) => {
                stream.text(&spreadsheet(entries))?;
                stream.is_read()
            }
            Self::Rows(rows) => {
                for e in entries {
                    let zone = e.campaign.as_ref().map_or(Zone::GENEVA, |campaign| zone_of(plans, campaign));
                    rows.row(|| cells(e, zone), || value(e))?;
                }
                rows.end_page()
            }
        }
    }

    fn end(self) -> Result<(), CliError> {
        match self {
            Self::Spreadsheet(mut stream) => stream.is_read().map(drop),
            Self::Rows(rows) => rows.end("no entry fits\n", |n| format!("{}\n", output::count(n, "entry"))),
        }
    }
}

fn cells(e: &StoredEntry, zone: Zone) -> Vec<String> {
    let corrects = e.corrects.map(|id| format!(" (corrects {id})")).unwrap_or_default();
    let from =
        [e.delegation.map(|d| d.to_string()), e.from.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    vec![
        format!("{}{corrects}", e.id),
        zone.show(e.at),
        cell(&from),
        e.kind.to_string(),
        e.stance.map(|s| s.to_string()).unwrap_or_default(),
        cell(&first_words(e)),
    ]
}

const COLUMNS: [&str; 16] = [
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
];

/// Rows for a spreadsheet: no cell can run as a formula there.
fn spreadsheet(entries: &[StoredEntry]) -> String {
    let mut csv = Csv::default();
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
