//! `demarche calendar`

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{CalendarAction, CalendarArgs, CalendarPart};
use crate::cli::commands::calendar_export;
use crate::cli::context::{Context, day};
use crate::cli::output::{self, cell};
use crate::config::workspace::Workspace;
use crate::schedule::{Dated, HolidayKind, UprReview, UprSession};
use crate::vocabulary::{Day, StateCode, Zone};

pub async fn run(context: &Context, args: &CalendarArgs) -> Result<Answer, CliError> {
    if let Some(CalendarAction::Export(export)) = &args.action {
        return calendar_export::run(context, export).await;
    }
    let workspace = context.workspace();
    let today = Zone::GENEVA.day_of(context.now());
    let from = args.from.as_deref().map(day).transpose()?.unwrap_or(today);
    let to = args.to.as_deref().map(day).transpose()?.or_else(|| from.plus_days(730)).unwrap_or(from);
    if to < from {
        return Err(CliError::request("the last day is before the first", "exchange --from and --to"));
    }
    let (mut text, mut value) = (String::new(), json!({ "from": from, "to": to }));
    let wanted = |part| args.part.is_none_or(|only| only == part);
    for (part, name, (table, rows)) in [
        (CalendarPart::Hrc, "hrc", hrc(&workspace, from, to)),
        (CalendarPart::Upr, "upr", upr(&workspace, from, to)),
        (CalendarPart::Holidays, "holidays", holidays(&workspace, from, to)),
    ] {
        if wanted(part) {
            text.push_str(&table);
            value[name] = Value::Array(rows);
        }
    }
    if wanted(CalendarPart::Holidays) {
        let unknown = workspace.calendar.years_without_holidays(from, to);
        if let Some((_, error)) = unknown.first()
            && args.part == Some(CalendarPart::Holidays)
            && value["holidays"].as_array().is_some_and(Vec::is_empty)
        {
            return Err(CliError::request(error.to_string(), error.help()));
        }
        for (year, error) in &unknown {
            text.push_str(&format!("{year}: {error}. That is not to say that there are none.\n"));
        }
        value["holidays_unknown"] = unknown.iter().map(|(year, _)| *year).collect();
    }
    if wanted(CalendarPart::Hrc) {
        let customs: Vec<Value> = workspace
            .calendar
            .customs(Some(from), Some(to))
            .map(|c| json!({ "id": c.id, "date": c.day, "title": c.title, "provisional": c.provisional }))
            .collect();
        for custom in workspace.calendar.customs(Some(from), Some(to)) {
            let title = custom.title.as_deref().unwrap_or("");
            text.push_str(&format!(
                "custom:{}  {}  {}{}\n",
                custom.id,
                custom.day,
                cell(title),
                mark(custom.provisional)
            ));
        }
        value["custom"] = Value::Array(customs);
    }
    Ok(Answer::new(text, &value))
}

fn mark(provisional: bool) -> &'static str {
    if provisional { " (provisional)" } else { "" }
}

/// A day with its mark: of one session, one day may be certain and the other not.
fn shown(date: Option<&Dated>) -> String {
    date.map_or_else(|| "not known".to_owned(), |date| format!("{}{}", date.day, mark(date.sure.provisional)))
}

fn hrc(workspace: &Workspace, from: Day, to: Day) -> (String, Vec<Value>) {
    let mut table = output::table(&["session of the Human Rights Council", "opens", "closes", "source"]);
    let mut rows = Vec::new();
    for session in workspace.calendar.hrc_sessions(Some(from), Some(to)) {
        let (opens, closes) = (session.opens.as_ref().map(|d| d.day), session.closes.as_ref().map(|d| d.day));
        let source = session
            .opens
            .as_ref()
            .or(session.closes.as_ref())
            .map(|d| d.sure.shown_source().to_owned())
            .unwrap_or_default();
        table.add_row(vec![
            format!("{}{}", session.number, mark(session.provisional())),
            shown(session.opens.as_ref()),
            shown(session.closes.as_ref()),
            cell(&source),
        ]);
        rows.push(json!({ "number": session.number, "opens": opens, "closes": closes, "provisional": session.provisional(), "source": source }));
    }
    (format!("{table}\n\n"), rows)
}

fn upr(workspace: &Workspace, from: Day, to: Day) -> (String, Vec<Value>) {
    let mut table =
        output::table(&["session of the Universal Periodic Review", "opens", "closes", "States under review"]);
    let mut rows = Vec::new();
    let mut told = BTreeSet::new();
    for session in workspace.calendar.upr_sessions(Some(from), Some(to)) {
        told.insert(session.number);
        let (opens, closes) = (session.opens.as_ref().map(|d| d.day), session.closes.as_ref().map(|d| d.day));
        let forecast = match session.expected.filter(|_| opens.is_none() && closes.is_none()) {
            Some(month) => month.date().format("forecast for %B %Y").to_string(),
            None => shown(session.opens.as_ref()),
        };
        let states = under_review(workspace, session);
        table.add_row(vec![
            format!("{}{}", session.number, mark(session.provisional())),
            forecast,
            shown(session.closes.as_ref()),
            states.iter().map(|(state, date)| review(*state, date.as_ref())).collect::<Vec<_>>().join(", "),
        ]);
        let days: Vec<Value> = states.iter().map(|(state, date)| review_value(*state, date.as_ref())).collect();
        rows.push(json!({ "number": session.number, "opens": opens, "closes": closes, "expected": session.expected, "provisional": session.provisional(), "states": days }));
    }
    // Reviews that only config/calendar.toml knows, in sessions that nobody has entered.
    let mut others: BTreeMap<u16, Vec<Reviewed>> = BTreeMap::new();
    for found in workspace.calendar.upr_reviews(Some(from), Some(to)).filter(|r| !told.contains(&r.session)) {
        let date = Dated { day: found.day, sure: found.sure.clone() };
        others.entry(found.session).or_default().push((found.state, Some(date)));
    }
    for (number, states) in others {
        let named = states.iter().map(|(state, date)| review(*state, date.as_ref())).collect::<Vec<_>>().join(", ");
        table.add_row(vec![number.to_string(), shown(None), shown(None), named]);
        let days: Vec<Value> = states.iter().map(|(state, date)| review_value(*state, date.as_ref())).collect();
        rows.push(json!({ "number": number, "opens": null, "closes": null, "expected": null, "provisional": false, "states": days }));
    }
    (format!("{table}\n\n"), rows)
}

/// A State and the day of its review, where that is known.
type Reviewed = (StateCode, Option<Dated>);

/// In the order of the session's list, then those that config/calendar.toml adds to it.
fn under_review(workspace: &Workspace, session: &UprSession) -> Vec<Reviewed> {
    let date = |review: &UprReview| Dated { day: review.day, sure: review.sure.clone() };
    let calendar = &workspace.calendar;
    let listed = session.states.iter().map(|state| (*state, calendar.review(session.number, *state).map(date)));
    let added = calendar.upr_reviews(None, None).filter(|r| r.session == session.number);
    let added = added.filter(|r| !session.states.contains(&r.state)).map(|r| (r.state, Some(date(r))));
    listed.chain(added).collect()
}

fn review(state: StateCode, date: Option<&Dated>) -> String {
    date.map_or_else(|| state.to_string(), |date| format!("{state} {}", shown(Some(date))))
}

fn review_value(state: StateCode, date: Option<&Dated>) -> Value {
    json!({ "state": state, "date": date.map(|d| d.day), "provisional": date.map(|d| d.sure.provisional) })
}

fn holidays(workspace: &Workspace, from: Day, to: Day) -> (String, Vec<Value>) {
    let mut table = output::table(&["day", "holiday", "whose"]);
    let mut rows = Vec::new();
    for holiday in workspace.calendar.holidays(Some(from), Some(to)) {
        let (whose, word) = match holiday.kind {
            HolidayKind::Canton => ("canton of Geneva", "canton"),
            HolidayKind::Coalition => ("config/calendar.toml", "coalition"),
            HolidayKind::UnOffice => ("UN Office at Geneva (a notice, no day off)", "un-office"),
        };
        let sure = if holiday.verified { "" } else { " (not confirmed)" };
        table.add_row(vec![
            format!("{} {}", holiday.day, holiday.day.weekday()),
            format!("{}{sure}", cell(&holiday.name)),
            whose.to_owned(),
        ]);
        rows.push(json!({ "date": holiday.day, "name": holiday.name, "kind": word, "verified": holiday.verified }));
    }
    (format!("{table}\n\n"), rows)
}
