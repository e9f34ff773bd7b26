//! `demarche contacts`

use serde_json::json;

use crate::campaign::{Mission, Send, State};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::ContactsArgs;
use crate::cli::context::{Context, state};
use crate::cli::diagnostics;
use crate::cli::output::{self, cell};
use crate::config::forms::FORMS_OF_ADDRESS;
use crate::config::workspace::CONTACTS;
use crate::vocabulary::problem::Problem;

pub fn run(context: &Context, args: &ContactsArgs) -> Result<Answer, CliError> {
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
    let mut table = output::table(&["State", "salutation", "language", "to", "cc"]);
    let mut rows = Vec::new();
    let mut detail = String::new();
    for mission in missions {
        let Some(state) = workspace.states().get(mission.state) else { continue };
        let language = mission.language().unwrap_or(state.language);
        let form = FORMS_OF_ADDRESS.address(mission, state, language);
        let salutation = form.as_ref().map(|f| f.salutation.clone()).unwrap_or_default();
        let list = |addresses: Vec<crate::vocabulary::Address>| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        table.add_row(vec![
            format!("{} {}", mission.state, cell(&state.name_en)),
            cell(&salutation),
            language.to_string(),
            list(mission.to()),
            list(mission.cc()),
        ]);
        rows.push(json!({
            "state": mission.state, "language": language, "salutation": salutation,
            "closing": form.as_ref().map(|f| f.closing.clone()),
            "inside_address": form.as_ref().map(|f| f.inside.lines().iter().map(|l| (*l).to_owned()).collect::<Vec<_>>()),
            "to": mission.to(), "cc": mission.cc(),
            "contacts": mission.contacts.iter().map(|c| json!({ "name": c.name, "email": c.email, "send": send(c.send), "as_of": c.as_of, "source": c.source, "line": c.line, "tags": c.tags })).collect::<Vec<_>>(),
        }));
        if only.is_some() {
            detail = one(mission, state, form.as_ref());
        }
    }
    let shown: Vec<Problem> = match only {
        Some(_) => {
            let lines: Vec<usize> = rows
                .iter()
                .flat_map(|r| r["contacts"].as_array().cloned().unwrap_or_default())
                .filter_map(|c| c["line"].as_u64())
                .filter_map(|l| usize::try_from(l).ok())
                .collect();
            own.into_iter().filter(|p| p.place.as_ref().is_some_and(|at| lines.contains(&at.line))).collect()
        }
        None => own,
    };
    let text = format!("{table}\n{detail}\n{}", diagnostics::show(&shown));
    Ok(Answer::new(text, &json!({ "missions": rows, "problems": shown })))
}

fn send(send: Send) -> &'static str {
    match send {
        Send::To => "to",
        Send::Cc => "cc",
        Send::No => "no",
    }
}

/// How the letter will begin and end, and where each row comes from.
fn one(mission: &Mission, state: &State, form: Option<&crate::letters::address_forms::AddressForm>) -> String {
    let mut text = String::new();
    if let Some(form) = form {
        text.push_str("\ninside address:\n");
        for line in form.inside.lines() {
            text.push_str(&format!("  {}\n", cell(line)));
        }
        text.push_str(&format!("salutation: {}\nclosing: {}\n", cell(&form.salutation), cell(&form.closing)));
        if !form.verified {
            text.push_str("the form of address rests on general usage, not on a named source\n");
        }
    }
    text.push_str(&format!("\nrows of {}:\n", cell(&state.name_en)));
    for c in &mission.contacts {
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
