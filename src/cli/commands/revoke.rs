//! `demarche revoke`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RevokeArgs;
use crate::cli::context::{Context, planned};
use crate::cli::output::{cell, count};
use crate::steps::approve::{Revoked, approvers_in_force, revoke};
use crate::vocabulary::{DispatchId, hint};

pub async fn run(context: &Context, args: &RevokeArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let (plan, filter) = planned(&store, &args.selection).await?;
    let who = args.as_whom.trim();
    let done = revoke(&store, &filter, who, plan.approvals_wanted, &context.by, context.now()).await?;
    if done.approvals == 0 {
        if !done.too_late.is_empty() {
            let message = format!("too late: {} with the yes of {}", left(&done.too_late), cell(who));
            return Err(CliError::request(
                message,
                "what was sent stays on record as it was approved; no later letter is approved by this name",
            ));
        }
        let others = approvers_in_force(&store, &filter).await?;
        let help = match (hint::nearest(who, others.iter().map(String::as_str)), others.is_empty()) {
            (Some(near), _) => format!("did you mean \"{}\"?", cell(near)),
            (None, true) => "no approval is in force there; `demarche show` lists a letter's approvals".to_owned(),
            (None, false) => format!("approvals in force there are those of {}", cell(&others.join(", "))),
        };
        return Err(CliError::request(format!("{} has no approval in force there", cell(who)), help));
    }
    Ok(Answer::new(
        text(&done, who),
        &json!({
            "revoked": done.approvals,
            "unapproved": done.planned_again.len(),
            "planned_again": done.planned_again,
            "still_approved": done.still_approved,
            "out": done.out,
            "too_late": done.too_late,
        }),
    ))
}

fn text(done: &Revoked, who: &str) -> String {
    let mut text = format!(
        "{} of {} taken back; {}\n",
        count(done.approvals, "approval"),
        cell(who),
        match done.planned_again.len() {
            1 => "1 letter is planned again and does not leave".to_owned(),
            n => format!("{} are planned again and do not leave", count(n, "letter")),
        }
    );
    if !done.still_approved.is_empty() {
        let letters = named(&done.still_approved);
        text.push_str(&format!(
            "approved by enough others, so they leave all the same: {letters}; `demarche hold` stops them\n"
        ));
    }
    if !done.out.is_empty() {
        let letters = named(&done.out);
        text.push_str(&format!(
            "out now, or written to a file: {letters}; should they come back they wait for a new approval\n"
        ));
    }
    if !done.too_late.is_empty() {
        text.push_str(&format!("too late: {} with this approval\n", left(&done.too_late)));
    }
    text
}

fn left(letters: &[DispatchId]) -> String {
    format!("{} left already", named(letters))
}

/// A few by name, and how many there are.
fn named(letters: &[DispatchId]) -> String {
    let first: Vec<String> = letters.iter().take(5).map(ToString::to_string).collect();
    let more = letters.len() - first.len();
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} ({}{and_more})", count(letters.len(), "letter"), first.join(", "))
}
