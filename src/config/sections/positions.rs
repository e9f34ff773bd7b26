//! `config/positions.toml`: what States have said or joined before, beside the statements that are built in.

use std::collections::BTreeSet;

use crate::campaign::{Statement, States, positions::Position};
use crate::config::reader::{At, Document, Table};
use crate::config::source::Source;
use crate::config::un;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{AskId, StateCode, StatementId};

/// What the file adds.
#[derive(Debug, Clone, Default)]
pub struct PositionsFile {
    pub statements: Vec<Statement>,
    pub positions: Vec<Position>,
}

/// The stances of the contract, section 6.
pub const STANCES: [&str; 8] =
    ["unread", "acknowledged", "considering", "will-raise-privately", "will-support", "joined", "declined", "opposed"];

pub fn read(source: &Source, states: &States) -> (PositionsFile, Vec<Problem>) {
    let document = Document::parse(source);
    let root = document.root();
    let mut file = PositionsFile::default();
    for table in root.tables("statement") {
        file.statements.extend(statement(table, states, &file.statements));
    }
    for table in root.tables("position") {
        file.positions.extend(position(table, states));
    }
    root.finish();
    (file, document.into_problems())
}

fn statement(table: Table<'_>, states: &States, before: &[Statement]) -> Option<Statement> {
    let id = table.required::<StatementId>("id", "\"hrc31-item2-2016-03-10\"");
    if let Some(id) = &id
        && before.iter().any(|s| s.id == id.value)
    {
        table.wrong("id", format!("two statements have the id `{}`", id.value), "give each an id of its own");
    }
    let date = table.required_day("date");
    let title = table.required_text("title", "\"Joint statement …\"").map(|at| at.value.to_owned());
    let mut signatories = BTreeSet::new();
    for text in table.texts("signatories").unwrap_or_default() {
        match states.known(text.value) {
            Ok(code) => {
                if !signatories.insert(code) {
                    table.document().report_at(
                        text.span,
                        format!("{code} stands twice among the signatories"),
                        "leave one out",
                    );
                }
            }
            Err(why) => table.document().report_at(text.span, why, "write the three letters of ISO 3166-1"),
        }
    }
    if !table.has("signatories") {
        table.document().report_at(
            table.span(),
            "the statement has no `signatories`",
            "add `signatories = [\"FRA\", …]`",
        );
    }
    if let Some(id) = &id {
        tell_what_it_replaces(&table, id, &signatories);
    }
    let source = table.text("source").map_or_else(|| "config/positions.toml".to_owned(), |at| at.value.to_owned());
    table.finish();
    Some(Statement { id: id?.value, date: date?.value, title: title?, signatories, verified: true, source })
}

/// A statement that is built in is replaced as a whole: whoever meant to add one State must not lose the others unseen.
fn tell_what_it_replaces(table: &Table<'_>, id: &At<StatementId>, own: &BTreeSet<StateCode>) {
    let Some(shipped) = un::statements().iter().find(|statement| statement.id == id.value) else { return };
    let list = |codes: Vec<&StateCode>| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let added = list(own.difference(&shipped.signatories).collect());
    let lost = list(shipped.signatories.difference(own).collect());
    let told = [("it adds", added), ("it leaves out", lost.clone())];
    let told: Vec<String> = told.iter().filter(|(_, l)| !l.is_empty()).map(|(verb, l)| format!("{verb} {l}")).collect();
    let difference = if told.is_empty() { "the same States".to_owned() } else { told.join("; ") };
    let message = format!("the statement `{}` is built in, and this list takes its place: {difference}", id.value);
    let problem = if lost.is_empty() { Problem::notice(message) } else { Problem::warning(message) };
    let help = "write every signatory into the list, or leave the entry out; `demarche check` shows this again";
    table.document().report(problem.at(table.document().source().place(id.span.clone())).help(help));
}

fn position(table: Table<'_>, states: &States) -> Option<Position> {
    let state = table.text("state");
    let state = match state {
        Some(text) => match states.known(text.value) {
            Ok(code) => Some(code),
            Err(why) => {
                table.wrong("state", why, "write the three letters of ISO 3166-1");
                None
            }
        },
        None => {
            if !table.has("state") {
                table.document().report_at(table.span(), "the position has no `state`", "add `state = \"FRA\"`");
            }
            None
        }
    };
    let ask = table.required::<AskId>("ask", "\"item4-statement\"");
    let words: Vec<(&str, &str)> = STANCES.iter().map(|s| (*s, *s)).collect();
    let stance = table.choice("stance", &words);
    if !table.has("stance") {
        table.document().report_at(
            table.span(),
            "the position has no `stance`",
            format!("add `stance` with one of {}", STANCES.join(", ")),
        );
    }
    let date = table.required_day("date");
    let source = table.text("source").map_or_else(|| "config/positions.toml".to_owned(), |at| at.value.to_owned());
    table.finish();
    Some(Position { state: state?, ask: ask?.value, stance: stance?.to_owned(), date: date?.value, source })
}
