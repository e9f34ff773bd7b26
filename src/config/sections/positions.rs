//! `config/positions.toml`: what States have said or joined, beside the statements that are built in.

use std::collections::BTreeSet;

use crate::campaign::{Statement, States, positions::Position};
use crate::config::reader::{At, Document, Table};
use crate::config::source::Source;
use crate::config::un;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{AskId, StateCode, StatementId, hint};

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
        file.positions.extend(position(table, states, &file.statements));
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

/// One State's position, or that of all who stand behind a statement.
fn position(table: Table<'_>, states: &States, own: &[Statement]) -> Vec<Position> {
    let statement = table.has("statement").then(|| named_statement(&table, own));
    let codes: Vec<StateCode> = match &statement {
        Some(found) => {
            if table.has("state") {
                let help = "leave one of them out: `statement` stands for all of its signatories";
                table.wrong("state", "the position has a `statement` and a `state`", help);
            }
            found.iter().flat_map(|statement| statement.signatories.iter().copied()).collect()
        }
        None => state(&table, states).into_iter().collect(),
    };
    let statement = statement.flatten();
    let ask = table.required::<AskId>("ask", "\"item4-statement\"");
    let words: Vec<(&str, &str)> = STANCES.iter().map(|s| (*s, *s)).collect();
    let stance = match table.choice("stance", &words) {
        None if statement.is_some() && !table.has("stance") => Some("joined"),
        stance => stance,
    };
    if !table.has("stance") && !table.has("statement") {
        table.document().report_at(
            table.span(),
            "the position has no `stance`",
            format!("add `stance` with one of {}", STANCES.join(", ")),
        );
    }
    let date = match statement {
        Some(statement) if !table.has("date") => Some(statement.date),
        _ => table.required_day("date").map(|at| at.value),
    };
    let source = table.text("source").map(|at| at.value.to_owned());
    let source = source.or_else(|| statement.map(|statement| statement.title.clone()));
    table.finish();
    let (Some(ask), Some(stance), Some(date)) = (ask, stance, date) else { return Vec::new() };
    let of = |state| Position {
        state,
        ask: ask.value.clone(),
        stance: stance.to_owned(),
        date,
        source: source.clone().unwrap_or_else(|| "config/positions.toml".to_owned()),
        statement: statement.map(|statement| statement.id.clone()),
    };
    codes.into_iter().map(of).collect()
}

fn state(table: &Table<'_>, states: &States) -> Option<StateCode> {
    let Some(text) = table.text("state") else {
        if !table.has("state") {
            let help = "add `state = \"FRA\"`, or `statement = \"…\"` for all who stand behind one";
            table.document().report_at(table.span(), "the position has no `state`", help);
        }
        return None;
    };
    let wrong = |why| table.wrong("state", why, "write the three letters of ISO 3166-1");
    states.known(text.value).map_err(wrong).ok()
}

/// The coalition's own list of a statement goes before the one that is built in.
fn named_statement<'s>(table: &Table<'_>, own: &'s [Statement]) -> Option<&'s Statement> {
    let id = table.required::<StatementId>("statement", "\"hrc31-item2-2016-03-10\"")?.value;
    let all = || own.iter().chain(un::statements());
    let found = all().find(|statement| statement.id == id);
    if found.is_none() {
        let help = match hint::nearest(id.as_str(), all().map(|statement| statement.id.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it as a [[statement]], or name one of those that are built in".to_owned(),
        };
        table.wrong("statement", format!("there is no statement `{id}`"), help);
    }
    found
}
