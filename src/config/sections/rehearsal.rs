//! `config/rehearsal.toml`: invented answers, so that a rehearsal shows what answers do.

use chrono::Duration;

use crate::campaign::States;
use crate::config::reader::{Document, Table};
use crate::config::source::Source;
use crate::inbox::Kind;
use crate::responses::Stance;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{AskId, CampaignId, StateCode, StepId, time};

/// One invented answer.
#[derive(Debug, Clone)]
pub struct SampleAnswer {
    pub campaign: CampaignId,
    pub delegation: StateCode,
    /// The step whose letter it answers.
    pub step: StepId,
    /// How long after that letter it comes.
    pub after: Duration,
    pub kind: Kind,
    pub text: String,
    pub from: Option<String>,
    pub stance: Option<Stance>,
    pub ask: Option<AskId>,
}

pub fn read(source: &Source, states: &States) -> (Vec<SampleAnswer>, Vec<Problem>) {
    let document = Document::parse(source);
    let root = document.root();
    let answers = root.tables("answer").into_iter().filter_map(|table| answer(table, states)).collect();
    root.finish();
    (answers, document.into_problems())
}

fn answer(table: Table<'_>, states: &States) -> Option<SampleAnswer> {
    let campaign = table.required::<CampaignId>("campaign", "\"hrc37-china\"");
    let delegation = table.required::<StateCode>("delegation", "\"FRA\"");
    if let Some(code) = &delegation
        && let Err(why) = states.known(code.value.as_str())
    {
        table.wrong("delegation", why, "write the three letters of ISO 3166-1");
    }
    let step = table.required::<StepId>("step", "\"letter\"");
    let after = table
        .read_with("after", "write a length of time, as in \"3 days\"", |t| time::span(t).map_err(|e| e.to_string()));
    let kind = table.required::<Kind>("kind", "\"reply\"");
    if let Some(kind) = kind.as_ref().filter(|kind| !Kind::BY_HAND.contains(&kind.value)) {
        let by_hand = Kind::BY_HAND.map(Kind::as_str).join(", ");
        table.wrong(
            "kind",
            format!("a {} is no answer that a rehearsal plays", kind.value),
            format!("write one of {by_hand}"),
        );
    }
    let text = table.required_text("text", "\"We thank you for your letter.\"").map(|at| at.value.to_owned());
    let from = table.text("from").map(|at| at.value.to_owned());
    let stance = table.read::<Stance>("stance", "write one of the stances of the log").map(|at| at.value);
    let ask = table.read::<AskId>("ask", "write the id of an ask").map(|at| at.value);
    table.finish();
    Some(SampleAnswer {
        campaign: campaign?.value,
        delegation: delegation?.value,
        step: step?.value,
        after: after.map_or(Duration::days(2), |at| at.value),
        kind: kind?.value,
        text: text?,
        from,
        stance,
        ask,
    })
}
