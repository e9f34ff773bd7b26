//! `demarche log add`

use serde_json::json;

use super::attachments::keep;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::LogAddArgs;
use crate::cli::campaigns::writing_campaign;
use crate::cli::context::{Context, moment, state};
use crate::cli::words::{ask_of, kind_of, known_ask, stance_of};
use crate::inbox::Kind;
use crate::responses::NewEntry;
use crate::steps::record::add_entry;
use crate::vocabulary::Zone;

pub async fn add(context: &Context, args: &LogAddArgs) -> Result<Answer, CliError> {
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
        message: None,
        corrects: None,
        by: context.by.clone(),
    };
    let (id, campaign) = add_entry(&store, entry, context.now()).await?;
    let stops = if kind.is_answer() { "; no reminder leaves to this mission" } else { "" };
    let text = format!("entry {id}: {kind} of {delegation}{stops}\n");
    Ok(Answer::new(text, &json!({ "id": id, "campaign": campaign, "delegation": delegation, "kind": kind })))
}
