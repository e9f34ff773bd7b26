//! Doubtful domains on the screen: in both forms, so that the eye can compare.

use serde_json::{Value, json};

use crate::campaign::{Doubt, Doubts};
use crate::cli::output::{self, cell};
use crate::outbox::Dispatch;
use crate::steps::doubtful::{Doubtful, about};
use crate::vocabulary::CampaignId;

/// Letters that a bulk approval leaves out, and how to approve each.
pub fn left_out(aside: &[Doubtful], campaign: &CampaignId) -> String {
    let Some(first) = aside.first() else { return String::new() };
    let mut text =
        format!("\nleft out, to be approved one delegation at a time: {}\n", output::count(aside.len(), "letter"));
    for one in aside {
        text.push_str(&format!("  {}: its domain is {}\n", one.dispatch.id, words(&one.doubts)));
    }
    let delegation = first.dispatch.id.delegation;
    text.push_str(&format!(
        "  ask each mission by another way, then `demarche approve {campaign} --delegation {delegation} --as NAME`"
    ));
    text
}

/// What to look at before a letter is approved alone.
pub fn before_the_yes(dispatches: &[Dispatch], doubts: &Doubts) -> String {
    let mut domains: Vec<Doubt> = dispatches.iter().flat_map(|dispatch| about(dispatch, doubts)).collect();
    domains.sort();
    domains.dedup();
    if domains.is_empty() {
        return String::new();
    }
    format!("\nLOOK AT THE DOMAIN: {}; is it the mission's, by its own word?", words(&domains))
}

pub fn value(aside: &[Doubtful]) -> Value {
    let row = |one: &Doubtful| {
        let domains: Vec<Value> =
            one.doubts.iter().map(|doubt| json!({ "domain": doubt.domain(), "shown_as": doubt.unicode() })).collect();
        json!({ "id": one.dispatch.id, "domains": domains })
    };
    aside.iter().map(row).collect()
}

fn words(doubts: &[Doubt]) -> String {
    doubts.iter().map(|doubt| cell(&doubt.to_string())).collect::<Vec<_>>().join(", and ")
}
