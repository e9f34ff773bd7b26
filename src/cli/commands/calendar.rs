//! `demarche calendar`

use serde_json::{Value, json};

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{CalendarArgs, CalendarPart};
use crate::cli::context::{Context, day};
use crate::cli::output::{self, cell};
use crate::config::workspace::Workspace;
use crate::schedule::HolidayKind;
use crate::vocabulary::{Day, Zone};

pub fn run(context: &Context, args: &CalendarArgs) -> Result<Answer, CliError> {
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

fn shown(day: Option<Day>) -> String {
    day.map_or_else(|| "not known".to_owned(), |day| day.to_string())
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
            shown(opens),
            shown(closes),
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
    for session in workspace.calendar.upr_sessions(Some(from), Some(to)) {
        let reviews: Vec<String> = session
            .states
            .iter()
            .map(|state| match workspace.calendar.review(session.number, *state) {
                Some(review) => format!("{state} {}", review.day),
                None => state.to_string(),
            })
            .collect();
        let (opens, closes) = (session.opens.as_ref().map(|d| d.day), session.closes.as_ref().map(|d| d.day));
        table.add_row(vec![
            format!("{}{}", session.number, mark(session.provisional())),
            shown(opens),
            shown(closes),
            reviews.join(", "),
        ]);
        let days: Vec<Value> = session
            .states
            .iter()
            .map(|state| json!({ "state": state, "date": workspace.calendar.review(session.number, *state).map(|r| r.day) }))
            .collect();
        rows.push(json!({ "number": session.number, "opens": opens, "closes": closes, "provisional": session.provisional(), "states": days }));
    }
    (format!("{table}\n\n"), rows)
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
