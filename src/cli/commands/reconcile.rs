//! `demarche database reconcile`

use serde_json::{Value, json};

use crate::cli::answer::{Answer, CliError};
use crate::cli::context::{Context, shown};
use crate::cli::output::{self, cell};
use crate::cli::wiring;
use crate::delivery::remembrance::{Doubt, Fate};
use crate::steps::reconcile::{Comparison, Forgotten, Reconciled, compare, reconcile};

/// Letters that a table shows; `--json` has them all.
const SHOWN: usize = 50;

pub async fn run(context: &Context, yes: bool, gone: &[String]) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    // Nobody may send meanwhile.
    let lock = wiring::worker_lock(&wiring::database(context, &workspace)?)?;
    let store = context.planned_store(&workspace).await?;
    let known = store.journals().await?;
    if let Some(unknown) = gone.iter().find(|id| !known.iter().any(|journal| journal.id == **id)) {
        let ids: Vec<&str> = known.iter().map(|journal| journal.id.as_str()).collect();
        let message = format!("the database knows no journal {}", cell(unknown));
        return Err(CliError::request(message, format!("it knows {}", ids.join(", "))));
    }
    let mut journal = wiring::journal(context, &store.secret(context.now()).await?)?;
    let comparison = compare(&store, &journal, true).await?;
    if comparison.forgotten.is_empty() && comparison.doubts.is_empty() && gone.is_empty() {
        let text = format!("the database knows of every letter in {}\n", shown(journal.path()));
        let text = text + &others(&comparison, gone);
        let value = json!({ "forgotten": [], "marked": 0, "letters": [], "doubts": [], "others": [] });
        return Ok(Answer::new(text, &value).needs_a_person(!comparison.others.is_empty()));
    }
    output::say(&told(&comparison));
    for id in gone {
        output::say(&format!("journal {id} will never be compared: nobody will know what was sent from there"));
    }
    wiring::confirm(context, yes, question(&comparison))?;
    let done = reconcile(&store, &mut journal, &comparison, gone, &context.by, context.now()).await?;
    drop(lock);
    Ok(answer(&comparison, &done, gone))
}

fn question(comparison: &Comparison) -> &'static str {
    if comparison.forgotten.is_empty() {
        "Go on with this database as it is?"
    } else {
        "Mark them as uncertain, so that none leaves twice?"
    }
}

/// Everything that a person needs in order to say yes.
fn told(comparison: &Comparison) -> String {
    let mut text: String = comparison.doubts.iter().map(|doubt| format!("{}\n", cell(&doubt.to_string()))).collect();
    if comparison.doubts.iter().any(|doubt| matches!(doubt, Doubt::Gone { .. } | Doubt::Shorter { .. })) {
        text.push_str(
            "If the database itself was restored from a backup, letters that left since then are unknown to it and to this journal: \
             look into the Sent folder, or into the mail server's log, before you say yes.\n",
        );
    }
    if comparison.forgotten.is_empty() {
        text.push_str("the database knows of every letter in the journal");
        return text;
    }
    let mut table = output::table(&["letter", "handed over", "the journal says", "the database says"]);
    for one in comparison.forgotten.iter().take(SHOWN) {
        table.add_row(vec![
            one.id.to_string(),
            one.handed_over.at.to_string(),
            cell(one.handed_over.told()),
            one.status.map_or_else(|| "not planned".to_owned(), |status| status.to_string()),
        ]);
    }
    let n = comparison.forgotten.len();
    let more = n.saturating_sub(SHOWN);
    let and_more = if more > 0 { format!(" ({more} of them not shown)") } else { String::new() };
    text.push_str(&format!("{table}\n{n} letters were handed over, and the database does not know it{and_more}"));
    text
}

fn answer(comparison: &Comparison, done: &Reconciled, gone: &[String]) -> Answer {
    let mut text = String::new();
    if !done.uncertain.is_empty() {
        text.push_str(&format!(
            "{} letters are uncertain now: `demarche settle` says what became of each\n",
            done.uncertain.len()
        ));
    }
    if !done.unmoved.is_empty() {
        text.push_str(&format!("{} letters were provably not taken, and may leave again\n", done.unmoved.len()));
    }
    if !done.unplanned.is_empty() {
        text.push_str(&format!(
            "{} letters are not planned in this database; they will be uncertain as soon as they are\n",
            done.unplanned.len()
        ));
    }
    if comparison.forgotten.is_empty() {
        text.push_str("the database is trusted again as it is\n");
    }
    text.push_str(&others(comparison, gone));
    let ids: Vec<_> = comparison.forgotten.iter().map(|one| &one.id).collect();
    let value = json!({
        "forgotten": ids,
        "marked": done.uncertain.len(),
        "letters": comparison.forgotten.iter().map(letter).collect::<Vec<_>>(),
        "doubts": comparison.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "others": comparison.others.iter().map(|other| &other.id).collect::<Vec<_>>(),
    });
    let waits = comparison.others.iter().any(|other| !gone.contains(&other.id));
    Answer::new(text, &value).needs_a_person(!done.uncertain.is_empty() || waits)
}

fn letter(one: &Forgotten) -> Value {
    json!({
        "id": one.id,
        "handed_over": one.handed_over.at.to_string(),
        "message_id": one.handed_over.message_id,
        "outcome": one.handed_over.ended.as_ref().map(|ended| &ended.outcome),
        "words": one.handed_over.ended.as_ref().map(|ended| &ended.words),
        "status": one.status,
        "uncertain": one.handed_over.fate() == Fate::Uncertain,
    })
}

/// Other workspaces still have to look.
fn others(comparison: &Comparison, gone: &[String]) -> String {
    let still = comparison.others.iter().filter(|other| !gone.contains(&other.id));
    let line = |place: &str, id: &str| {
        format!("still to be compared: {} (run `demarche database reconcile` there; journal {id})\n", cell(place))
    };
    still.map(|other| line(&other.place, &other.id)).collect()
}
