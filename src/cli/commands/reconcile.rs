//! `demarche database reconcile`

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::context::{Context, shown};
use crate::cli::output;
use crate::cli::wiring;
use crate::steps::reconcile::{forgotten, remember};

pub async fn run(context: &Context, yes: bool) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    // Nobody may send meanwhile.
    let lock = wiring::worker_lock(&wiring::database(context, &workspace)?)?;
    let store = context.planned_store(&workspace).await?;
    let journal = wiring::journal(context, &store.secret(context.now()).await?)?;
    let letters = forgotten(&store, &journal).await?;
    if letters.is_empty() {
        let text = format!("the database knows of every letter in {}\n", shown(journal.path()));
        return Ok(Answer::new(text, &json!({ "forgotten": [], "marked": 0 })));
    }
    let mut table = output::table(&["letter", "handed over", "the database says"]);
    for one in &letters {
        table.add_row(vec![
            one.dispatch.id.to_string(),
            one.handed_over.at.to_string(),
            one.dispatch.status.to_string(),
        ]);
    }
    output::say(&format!("{table}\n{} letters were handed over, and the database does not know it", letters.len()));
    wiring::confirm(context, yes, "Mark them as uncertain, so that none leaves twice?")?;
    let marked = remember(&store, &letters, &context.by, context.now()).await?;
    drop(lock);
    let text = format!("{marked} letters are uncertain now: `demarche settle` says what became of each\n");
    let ids: Vec<_> = letters.iter().map(|one| &one.dispatch.id).collect();
    Ok(Answer::new(text, &json!({ "forgotten": ids, "marked": marked })).needs_a_person(true))
}
