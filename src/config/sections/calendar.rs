//! `config/calendar.toml`: the coalition's additions to, and corrections of, the built-in calendar.

use crate::campaign::States;
use crate::config::reader::{Document, Table};
use crate::config::source::Source;
use crate::schedule::{Corrections, Custom, Holiday, HolidayKind, HrcCorrection, Sure, UprReview};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CustomId, StateCode};

pub fn read(source: &Source, states: &States) -> (Corrections, Vec<Problem>) {
    let document = Document::parse(source);
    let root = document.root();
    let mut corrections = Corrections::default();
    for table in root.tables("custom") {
        let id = table.span_of("id");
        if let Some(custom) = custom(table) {
            if corrections.customs.iter().any(|c| c.id == custom.id) {
                document.report_at(
                    id,
                    format!("two [[custom]] have the id `{}`", custom.id),
                    "give each an id of its own",
                );
            }
            corrections.customs.push(custom);
        }
    }
    for table in root.tables("hrc") {
        let span = table.span();
        let Some(entry) = hrc(table) else { continue };
        if corrections.hrc.iter().any(|known| known.number == entry.number) {
            let message = format!("two [[hrc]] entries are about session {}", entry.number);
            document.report_at(span, message, "put both days into one entry");
        }
        corrections.hrc.push(entry);
    }
    for table in root.tables("upr") {
        let span = table.span();
        let Some(entry) = upr(table, states) else { continue };
        if corrections.upr.iter().any(|known| known.session == entry.session && known.state == entry.state) {
            let message = format!("two [[upr]] entries are about {} in session {}", entry.state, entry.session);
            document.report_at(span, message, "leave one out");
        }
        corrections.upr.push(entry);
    }
    corrections.holidays.extend(root.tables("holiday").into_iter().filter_map(holiday));
    for year in root.numbers("holiday_years", 1990, 2200) {
        corrections.holiday_years.extend(i32::try_from(year));
    }
    root.finish();
    (corrections, document.into_problems())
}

/// `status = "provisional"`; left out, the date stands.
fn provisional(table: &Table<'_>) -> bool {
    table.choice("status", &[("provisional", true), ("confirmed", false)]).unwrap_or(false)
}

fn sure(table: &Table<'_>) -> Sure {
    Sure::coalition(table.text("source").map(|at| at.value.to_owned()), provisional(table))
}

fn custom(table: Table<'_>) -> Option<Custom> {
    let id = table.required::<CustomId>("id", "\"launch\"");
    let date = table.required_day("date");
    let title = table.text("title").map(|at| at.value.to_owned());
    let provisional = provisional(&table);
    table.finish();
    Some(Custom { id: id?.value, day: date?.value, title, provisional })
}

fn session_number(table: &Table<'_>, key: &'static str) -> Option<u16> {
    if !table.has(key) {
        table.document().report_at(table.span(), format!("the entry has no `{key}`"), format!("add `{key} = 37`"));
    }
    table.number(key, 1, 999).and_then(|n| u16::try_from(n).ok())
}

fn hrc(table: Table<'_>) -> Option<HrcCorrection> {
    let number = session_number(&table, "number");
    let opens = table.day("opens");
    let closes = table.day("closes");
    if let (Some(opens), Some(closes)) = (&opens, &closes)
        && closes.value < opens.value
    {
        table.wrong("closes", "the session closes before it opens", "exchange the two days");
    }
    if !table.has("opens") && !table.has("closes") {
        table.document().report_at(table.span(), "the entry corrects nothing", "give `opens`, `closes`, or both");
    }
    let sure = sure(&table);
    table.finish();
    Some(HrcCorrection { number: number?, opens: opens.map(|at| at.value), closes: closes.map(|at| at.value), sure })
}

fn upr(table: Table<'_>, states: &States) -> Option<UprReview> {
    let session = session_number(&table, "session");
    let state = state(&table, states);
    let date = table.required_day("date");
    let sure = sure(&table);
    table.finish();
    Some(UprReview { session: session?, state: state?, day: date?.value, sure })
}

fn state(table: &Table<'_>, states: &States) -> Option<StateCode> {
    if !table.has("state") {
        table.document().report_at(table.span(), "the entry has no `state`", "add `state = \"CHN\"`");
        return None;
    }
    table.read_with("state", "write the three letters of ISO 3166-1", |text| states.known(text)).map(|at| at.value)
}

fn holiday(table: Table<'_>) -> Option<Holiday> {
    let date = table.required_day("date");
    let name = table.required_text("name", "\"Office closed\"").map(|at| at.value.to_owned());
    table.finish();
    Some(Holiday { day: date?.value, name: name?, kind: HolidayKind::Coalition, verified: true })
}
