//! `demarche hold` and `demarche cancel`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::DecideArgs;
use crate::cli::context::{Context, planned};
use crate::cli::output::{self, cell};
use crate::cli::wiring::confirm;
use crate::outbox::Status;
use crate::steps::decide::{ALONE, Decided, Decider, Decision, decide};

pub async fn hold(context: &Context, args: &DecideArgs) -> Result<Answer, CliError> {
    // Stopping is never asked twice: a letter could leave meanwhile.
    run(context, args, Decision::Hold).await
}

pub async fn cancel(context: &Context, args: &DecideArgs) -> Result<Answer, CliError> {
    run(context, args, Decision::Cancel).await
}

async fn run(context: &Context, args: &DecideArgs, decision: Decision) -> Result<Answer, CliError> {
    // A campaign can be stopped whatever its files say.
    let workspace = context.workspace();
    let reason = reason(&args.reason)?;
    let store = context.planned_store(&workspace).await?;
    let (_, filter) = planned(&store, &args.selection).await?;
    if decision == Decision::Cancel {
        let open = store.dispatches(&filter).await?;
        let open: Vec<_> = open.iter().filter(|d| !matches!(d.status, Status::Sent | Status::Cancelled)).collect();
        let first: Vec<String> = open.iter().take(10).map(|d| format!("{} ({})", d.id, d.status)).collect();
        output::say(&format!(
            "to be cancelled, for good: {}: {}",
            output::count(open.len(), "letter"),
            first.join(", ")
        ));
        confirm(context, args.yes, &format!("Cancel {} for good?", output::count(open.len(), "letter")))?;
    }
    let who = Decider { by: &context.by, now: context.now(), reason: Some(reason) };
    let decided = decide(&store, &filter, decision, &who).await?;
    answer(&decided)
}

/// A reason is for colleagues to read.
///
/// # Errors
/// When it is empty.
pub fn reason(text: &str) -> Result<&str, CliError> {
    let text = text.trim();
    if text.is_empty() {
        Err(CliError::request("the reason is empty", "say why, for your colleagues: --reason TEXT"))
    } else {
        Ok(text)
    }
}

/// What moved and what did not, and why.
///
/// # Errors
/// When nothing moved: the request did not fit.
pub fn answer(decided: &Decided) -> Result<Answer, CliError> {
    if decided.moved.is_empty() && decided.later.is_empty() && decided.guarded.is_empty() {
        let why = decided
            .untouched
            .iter()
            .find(|(_, why)| why == ALONE)
            .or(decided.untouched.first())
            .map(|(id, why)| format!("{id}: {why}"))
            .unwrap_or_else(|| "no letter fits the selection".to_owned());
        return Err(CliError::request(why, "`demarche dispatches` shows where they stand"));
    }
    let mut text = String::new();
    for status in Status::ALL {
        let n = decided.moved.iter().filter(|(_, to)| *to == status).count();
        if n > 0 {
            text.push_str(&format!("{n:>6} {}\n", output::coloured(status)));
        }
    }
    if !decided.guarded.is_empty() {
        text.push_str(&format!(
            "{:>6} {} by what the guards found in the words:\n",
            decided.guarded.len(),
            output::coloured(Status::Held)
        ));
        for (id, why) in decided.guarded.iter().take(5) {
            text.push_str(&format!("       {id}: {}\n", cell(why)));
        }
        text.push_str("       correct the words and plan again, or look at the letter and release it once more\n");
    }
    if !decided.later.is_empty() {
        let (n, first) = (decided.later.len(), &decided.later[0]);
        text.push_str(&format!("{n:>6} out now, as {first}: they stop should they come back\n"));
    }
    if !decided.untouched.is_empty() {
        text.push_str(&format!("{:>6} left as they are\n", decided.untouched.len()));
        for (id, why) in decided.untouched.iter().take(5) {
            text.push_str(&format!("       {id}: {}\n", cell(why)));
        }
    }
    let value = json!({
        "moved": decided.moved.iter().map(|(id, status)| json!({ "id": id, "status": status })).collect::<Vec<_>>(),
        "guarded": decided.guarded.iter().map(|(id, why)| json!({ "id": id, "reason": why })).collect::<Vec<_>>(),
        "later": decided.later,
        "untouched": decided.untouched.iter().map(|(id, why)| json!({ "id": id, "reason": why })).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, &value))
}
