//! `demarche contacts`

use serde_json::{Value, json};

use crate::adapters::store::DoubtfulAddress;
use crate::campaign::doubts::{self as domains, Doubts};
use crate::campaign::{Mission, Send, State};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ContactsArgs;
use crate::cli::context::{Context, state};
use crate::cli::diagnostics;
use crate::cli::output::{self, cell, count};
use crate::config::forms::FORMS_OF_ADDRESS;
use crate::config::workspace::{CONTACTS, Workspace};
use crate::letters::doubts::{Doubt, doubts};
use crate::letters::{AddressForm, Basis};
use crate::outbox::Status;
use crate::steps::addressing::some_of;
use crate::steps::changed::{Changed, changed};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, Language, Zone};

/// A mission as the list has it, and what it will be called.
struct Row<'a> {
    mission: &'a Mission,
    state: &'a State,
    language: Language,
    form: Option<AddressForm>,
    changed: Vec<Changed>,
    /// Domains among its addresses that a person looks at before approving.
    alike: Vec<domains::Doubt>,
    /// Addresses of which a letter came back.
    returned: Vec<DoubtfulAddress>,
}

pub async fn run(context: &Context, args: &ContactsArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let own: Vec<Problem> =
        workspace.problems.iter().filter(|p| p.place.as_ref().is_some_and(|at| at.file == CONTACTS)).cloned().collect();
    if own.iter().any(Problem::is_error) {
        return Err(CliError::Files(own));
    }
    let only = args.state.as_deref().map(state).transpose()?;
    let missions: Vec<&Mission> =
        workspace.missions.iter().filter(|m| only.is_none_or(|code| m.state == code)).collect();
    if let (Some(code), true) = (only, missions.is_empty()) {
        return Err(CliError::request(
            format!("{code} has no row in {CONTACTS}"),
            "add one: a functional mailbox is enough",
        ));
    }
    let (changes, returned, unknown) = compared(context, &workspace).await;
    let domains = Doubts::of(&workspace.missions);
    let rows: Vec<Row<'_>> =
        missions.into_iter().filter_map(|mission| row(&workspace, mission, &changes, &domains, &returned)).collect();
    let doubtful = doubts(rows.iter().filter_map(|row| Some((row.mission.state, row.form.as_ref()?))));
    let mut shown: Vec<Problem> = own.into_iter().filter(|p| only.is_none() || concerns(p, &rows)).collect();
    shown.extend(unknown);

    let mut text = format!("{}\n", table(&rows));
    if let (Some(_), Some(row)) = (only, rows.first()) {
        text.push_str(&one(row));
    }
    text.push_str(&listed(&doubtful));
    text.push_str(&told(rows.iter().flat_map(|row| &row.changed)));
    text.push_str(&came_back(&rows));
    text.push_str(&format!("\n{}", diagnostics::show(&shown)));
    let value = json!({
        "missions": rows.iter().map(value).collect::<Vec<_>>(), "doubts": doubtful, "problems": shown,
    });
    Ok(Answer::new(text, &value))
}

fn row<'a>(
    workspace: &Workspace,
    mission: &'a Mission,
    changes: &[Changed],
    domains: &Doubts,
    returned: &[DoubtfulAddress],
) -> Option<Row<'a>> {
    let state = workspace.states().get(mission.state)?;
    let language = mission.language().unwrap_or(state.language);
    let form = FORMS_OF_ADDRESS.address(mission, state, language);
    let changed = changes.iter().filter(|c| c.id.delegation == mission.state).cloned().collect();
    let alike = domains.among(mission.to().iter().chain(&mission.cc()));
    let own = |doubt: &&DoubtfulAddress| {
        mission.contacts.iter().any(|c| c.email.as_ref().is_some_and(|address| address.key() == doubt.address))
    };
    let returned = returned.iter().filter(own).cloned().collect();
    Some(Row { mission, state, language, form, changed, alike, returned })
}

/// Letters that differ from what was approved or sent, where anything was planned. A database that cannot be read is told of,
/// and hides nothing of the list.
async fn compared(context: &Context, workspace: &Workspace) -> (Vec<Changed>, Vec<DoubtfulAddress>, Option<Problem>) {
    let found = async {
        match context.existing_store(workspace).await? {
            Some(store) => Ok((changed(&store, workspace, context.now()).await?, store.doubtful_addresses().await?)),
            None => Ok((Vec::new(), Vec::new())),
        }
    };
    match found.await {
        Ok((found, returned)) => (found, returned, None),
        Err(error) => {
            let why = match error {
                CliError::World { message, .. }
                | CliError::Database { message, .. }
                | CliError::Request { message, .. } => message,
                CliError::Files(_) => "config/demarche.toml is at fault".to_owned(),
            };
            let problem = Problem::warning(format!("whether a row has changed since an approval is not known: {why}"));
            (
                Vec::new(),
                Vec::new(),
                Some(problem.help("`demarche check` looks at the files, `demarche status` at the database")),
            )
        }
    }
}

fn concerns(problem: &Problem, rows: &[Row<'_>]) -> bool {
    let line = problem.place.as_ref().map(|at| at.line);
    rows.iter().flat_map(|row| &row.mission.contacts).any(|contact| Some(contact.line) == line)
}

fn table(rows: &[Row<'_>]) -> comfy_table::Table {
    let mut table = output::table(&["State", "salutation", "language", "gets the letter", "note"]);
    for row in rows {
        // Each on a line of its own: an address that is broken in two cannot be compared with anything.
        let line = |word: &str, address: &Address| format!("{word} {address}");
        let to: Vec<String> = row.mission.to().iter().map(|address| line("to", address)).collect();
        let cc: Vec<String> = row.mission.cc().iter().map(|address| line("cc", address)).collect();
        table.add_row(vec![
            format!("{} {}", row.mission.state, cell(&row.state.name_en)),
            row.form.as_ref().map(|form| cell(&form.salutation)).unwrap_or_default(),
            row.language.to_string(),
            [to, cc].concat().join("\n"),
            note(row),
        ]);
    }
    table
}

/// What is to be known of a row, in few words; the lists below the table have the rest.
fn note(row: &Row<'_>) -> String {
    let mut notes = Vec::new();
    if let Some(form) = &row.form {
        notes.extend(Some(form.basis.mark()).filter(|mark| !mark.is_empty()));
        if form.basis == Basis::Exact && form.doubt().is_some() {
            notes.push("general usage");
        }
    }
    if !row.changed.is_empty() {
        notes.push("changed");
    }
    if !row.alike.is_empty() {
        notes.push("domain to look at");
    }
    if !row.returned.is_empty() {
        notes.push("doubtful address");
    }
    notes.join(", ")
}

/// The forms that somebody should look at.
fn listed(doubtful: &[Doubt]) -> String {
    let mut text = String::new();
    if !doubtful.is_empty() {
        text.push_str(
            "\nForms of address to look at (`salutation` and `closing` in config/contacts.csv override them):\n",
        );
    }
    for doubt in doubtful {
        let missions = count(doubt.delegations.len(), "mission");
        text.push_str(&format!("  {}: {missions}, {}\n", cell(&doubt.reason), some_of(&doubt.delegations)));
    }
    text
}

/// The letters that differ, with what follows.
fn told<'a>(changes: impl Iterator<Item = &'a Changed>) -> String {
    let mut text = String::new();
    for Changed { id, status, what, planned_again } in changes {
        let what = what.join(", ");
        let line = match (planned_again, status) {
            (true, _) => format!(
                "changed since the letter {id} was approved ({what}): run `demarche plan {}`, which puts it back to planned",
                id.campaign
            ),
            (false, Status::Refused | Status::Bounced) => {
                format!(
                    "changed since the letter {id} was {status} ({what}): `demarche retry` sends it to the new address"
                )
            }
            (false, _) => format!("changed since the letter {id} left ({what}): it went to the address of that day"),
        };
        if text.is_empty() {
            text.push_str("\nChanged:\n");
        }
        text.push_str(&format!("  {}: {line}\n", id.delegation));
    }
    text
}

/// Addresses that a later server called wrong. They stay in the list until somebody corrects them.
fn came_back(rows: &[Row<'_>]) -> String {
    let mut text = String::new();
    for row in rows {
        for doubt in &row.returned {
            if text.is_empty() {
                text.push_str("\nDoubtful addresses, of which a letter came back (correct config/contacts.csv, plan, and `demarche retry`):\n");
            }
            let since = Zone::GENEVA.day_of(doubt.since);
            let status = doubt.status.as_deref().map(|status| format!(" ({status})")).unwrap_or_default();
            text.push_str(&format!(
                "  {}: {}, on {since}{status}: {}\n",
                row.mission.state,
                cell(&doubt.address),
                cell(&doubt.words)
            ));
        }
    }
    text
}

/// How the letter will begin and end, on what that rests, and where each row comes from.
fn one(row: &Row<'_>) -> String {
    let mut text = String::new();
    if let Some(form) = &row.form {
        text.push_str("\ninside address:\n");
        for line in form.inside.lines() {
            text.push_str(&format!("  {}\n", cell(line)));
        }
        let own = |own: bool| if own { " (from the contact list)" } else { "" };
        text.push_str(&format!("salutation: {}{}\n", cell(&form.salutation), own(form.own_salutation)));
        text.push_str(&format!("closing: {}{}\n", cell(&form.closing), own(form.own_closing)));
        let named = row.mission.head().filter(|head| !head.name.trim().is_empty());
        if let (Some(head), None) = (named, &form.inside.name) {
            text.push_str(&format!("the letter is addressed to the mission, and does not name {}\n", cell(&head.name)));
        }
    }
    text.push_str(&format!("\nrows of {}:\n", cell(&row.state.name_en)));
    for c in &row.mission.contacts {
        let email = c.email.as_ref().map(ToString::to_string).unwrap_or_else(|| "no address".to_owned());
        let name = if c.name.is_empty() { "nobody named" } else { &c.name };
        text.push_str(&format!(
            "  line {}: {} <{email}>, {}, known since {} from {}\n",
            c.line,
            cell(name),
            send(c.send),
            c.as_of,
            cell(&c.source)
        ));
    }
    text
}

fn send(send: Send) -> &'static str {
    match send {
        Send::To => "to",
        Send::Cc => "cc",
        Send::No => "no",
    }
}

fn value(row: &Row<'_>) -> Value {
    let form = row.form.as_ref();
    let contacts: Vec<Value> = row
        .mission
        .contacts
        .iter()
        .map(|c| {
            json!({
                "name": c.name, "email": c.email, "send": send(c.send), "as_of": c.as_of, "source": c.source,
                "line": c.line, "tags": c.tags,
            })
        })
        .collect();
    json!({
        "state": row.mission.state, "language": row.language,
        "salutation": form.map(|f| f.salutation.clone()).unwrap_or_default(),
        "closing": form.map(|f| f.closing.clone()),
        "inside_address": form.map(|f| f.inside.lines().iter().map(|l| (*l).to_owned()).collect::<Vec<_>>()),
        "basis": form.map(|f| f.basis.word()), "verified": form.map(|f| f.verified), "doubt": form.and_then(AddressForm::doubt),
        "to": row.mission.to(), "cc": row.mission.cc(), "contacts": contacts, "changed": row.changed,
        "doubtful": row.returned.iter().map(|d| json!({ "address": d.address, "since": d.since, "status": d.status, "words": d.words })).collect::<Vec<_>>(),
        "look_alike": row.alike.iter().map(|d| json!({ "domain": d.domain(), "shown_as": d.unicode() })).collect::<Vec<_>>(),
    })
}
