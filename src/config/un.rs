//! The UN's reference data, compiled into the binary from `config/un/`.
//!
//! Each file is parsed the first time that it is asked for. The files are ours and tests read every row, so that a row that cannot be
//! read is a mistake of the build and not of the user.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::campaign::states::{Standing, State};
use crate::campaign::{Group, Statement, States};
use crate::schedule::{
    Calendar, Dated, Holiday, HolidayKind, HrcSession, Membership, Memberships, Origin, Sure, UprReview, UprSession,
};
use crate::vocabulary::{Day, StateCode, StatementId};

const STATES: &str = include_str!("../../config/un/states.csv");
const MEMBERSHIP: &str = include_str!("../../config/un/hrc-membership.csv");
const HRC: &str = include_str!("../../config/un/hrc-sessions.toml");
const UPR: &str = include_str!("../../config/un/upr.toml");
const HOLIDAYS: &str = include_str!("../../config/un/geneva-holidays.toml");
const STATEMENTS: &str = include_str!("../../config/un/joint-statements.toml");

/// The days for which every seat of the Council is known. A test counts the members on each of them.
const COUNCIL_KNOWN: [&str; 2] = ["2016-01-01", "2026-12-31"];

/// The 193 member States, the two observer States and the European Union's delegation.
pub fn states() -> &'static States {
    static PARSED: LazyLock<States> = LazyLock::new(|| States::new(rows(STATES).map(state).collect()));
    &PARSED
}

/// The shipped joint statements, letters and votes, in the order of the file.
///
/// Of a vote, the signatories are those in favour. Names that no opened source gives are included, and make the statement unverified.
/// Who withdrew is no signatory.
pub fn statements() -> &'static [Statement] {
    static PARSED: LazyLock<Vec<Statement>> =
        LazyLock::new(|| toml::<StatementFile>(STATEMENTS).statement.into_iter().map(statement).collect());
    &PARSED
}

/// The built-in calendar, for the caller to correct.
pub fn calendar() -> Calendar {
    static PARSED: LazyLock<Calendar> = LazyLock::new(|| {
        let upr: UprFile = toml(UPR);
        Calendar::new(
            hrc_sessions(),
            upr.session.into_iter().map(upr_session).collect(),
            upr.review.into_iter().map(upr_review).collect(),
            holidays(),
            memberships(),
        )
    });
    PARSED.clone()
}

fn state(row: Vec<String>) -> State {
    let [_, code, name_en, official_en, name_fr, name_es, group, _, language, _, standing] = columns(row);
    State {
        code: word(&code),
        name_en,
        official_en,
        name_fr,
        name_es,
        group: match group.as_str() {
            "African Group" => Some(Group::Africa),
            "Asia-Pacific Group" => Some(Group::AsiaPacific),
            "Eastern European Group" => Some(Group::EasternEurope),
            "GRULAC" => Some(Group::Grulac),
            "WEOG" => Some(Group::Weog),
            _ => None,
        },
        language: word(&language),
        standing: match standing.as_str() {
            "member" => Standing::Member,
            "observer-state" => Standing::ObserverState,
            _ => Standing::ObserverOrganisation,
        },
    }
}

fn memberships() -> Memberships {
    let term = |row| {
        let [state, _, _, from, until, _, _] = columns(row);
        Membership { state: word(&state), from: word(&from), until: word(&until) }
    };
    let [from, until] = COUNCIL_KNOWN;
    Memberships::new(rows(MEMBERSHIP).map(term).collect(), word(from)..=word(until))
}

#[derive(Deserialize)]
struct HrcFile {
    session: Vec<HrcRow>,
    /// Sessions of which not both days are known.
    partial: Vec<HrcRow>,
}

#[derive(Deserialize)]
struct HrcRow {
    number: u16,
    starts: Option<toml::value::Date>,
    ends: Option<toml::value::Date>,
    verified: bool,
    source: String,
    note: Option<String>,
}

fn hrc_sessions() -> Vec<HrcSession> {
    let file: HrcFile = toml(HRC);
    let session = |row: HrcRow| {
        let sure = built_in(row.source, !row.verified);
        HrcSession {
            number: row.number,
            opens: row.starts.map(|date| Dated { day: day(date), sure: sure.clone() }),
            closes: row.ends.map(|date| Dated { day: day(date), sure: sure.clone() }),
            note: row.note,
        }
    };
    file.session.into_iter().chain(file.partial).map(session).collect()
}

#[derive(Deserialize)]
struct UprFile {
    session: Vec<UprSessionRow>,
    review: Vec<UprReviewRow>,
}

#[derive(Deserialize)]
struct UprSessionRow {
    number: u16,
    cycle: u16,
    starts: Option<toml::value::Date>,
    ends: Option<toml::value::Date>,
    /// A month, as in `2026-11`.
    window: Option<String>,
    #[serde(default)]
    expected: bool,
    states: Vec<String>,
    verified: bool,
    source: String,
    note: Option<String>,
}

#[derive(Deserialize)]
struct UprReviewRow {
    session: u16,
    iso3: String,
    date: toml::value::Date,
    verified: bool,
    source: String,
}

fn upr_session(row: UprSessionRow) -> UprSession {
    let sure = built_in(row.source, row.expected || !row.verified);
    UprSession {
        number: row.number,
        cycle: Some(row.cycle),
        opens: row.starts.map(|date| Dated { day: day(date), sure: sure.clone() }),
        closes: row.ends.map(|date| Dated { day: day(date), sure: sure.clone() }),
        expected: row.window.map(|month| word(&format!("{month}-01"))),
        states: row.states.iter().map(|code| word(code)).collect(),
        sure,
        note: row.note,
    }
}

fn upr_review(row: UprReviewRow) -> UprReview {
    UprReview {
        session: row.session,
        state: word(&row.iso3),
        day: day(row.date),
        sure: built_in(row.source, !row.verified),
    }
}

#[derive(Deserialize)]
struct HolidayFile {
    holiday: Vec<CantonRow>,
    un_office: Vec<OfficeRow>,
    eid: Vec<EidRow>,
}

#[derive(Deserialize)]
struct CantonRow {
    date: toml::value::Date,
    name_en: String,
}

#[derive(Deserialize)]
struct OfficeRow {
    date: toml::value::Date,
    name: String,
    verified: bool,
}

#[derive(Deserialize)]
struct EidRow {
    name: String,
    feast: toml::value::Date,
    un_headquarters_holiday: Option<toml::value::Date>,
}

fn holidays() -> Vec<Holiday> {
    let file: HolidayFile = toml(HOLIDAYS);
    let canton = file.holiday.into_iter().map(|row| Holiday {
        day: day(row.date),
        name: row.name_en,
        kind: HolidayKind::Canton,
        verified: true,
    });
    let office = file.un_office.into_iter().map(|row| Holiday {
        day: day(row.date),
        name: row.name,
        kind: HolidayKind::UnOffice,
        verified: row.verified,
    });
    canton.chain(office).chain(file.eid.into_iter().flat_map(eid)).collect()
}

/// The day that UN Headquarters kept, where it is known. Otherwise the estimated feast day, or the working days on both sides when it falls on
/// a weekend, as the Office then takes one of them.
fn eid(row: EidRow) -> Vec<Holiday> {
    let office = |day, name, verified| Holiday { day, name, kind: HolidayKind::UnOffice, verified };
    if let Some(kept) = row.un_headquarters_holiday {
        return vec![office(day(kept), format!("{}, as kept at UN Headquarters", row.name), true)];
    }
    let feast = day(row.feast);
    if !feast.is_weekend() {
        return vec![office(feast, format!("{}, estimated", row.name), false)];
    }
    let before = (1..3).filter_map(|n| feast.plus_days(-n)).find(|d| !d.is_weekend());
    let after = (1..3).filter_map(|n| feast.plus_days(n)).find(|d| !d.is_weekend());
    let name = format!("{}, estimated for the weekend of {feast}", row.name);
    before.into_iter().chain(after).map(|day| office(day, name.clone(), false)).collect()
}

#[derive(Deserialize)]
struct StatementFile {
    statement: Vec<StatementRow>,
}

#[derive(Deserialize)]
struct StatementRow {
    id: String,
    date: toml::value::Date,
    title: String,
    #[serde(default)]
    signatories: Vec<String>,
    #[serde(default)]
    unverified_signatories: Vec<String>,
    /// Of a vote: in favour.
    #[serde(default)]
    yes: Vec<String>,
    verified: bool,
    source: String,
}

fn statement(row: StatementRow) -> Statement {
    let names = row.signatories.iter().chain(&row.unverified_signatories).chain(&row.yes);
    Statement {
        id: word::<StatementId>(&row.id),
        date: day(row.date),
        title: row.title,
        signatories: names.map(|code| word::<StateCode>(code)).collect::<BTreeSet<_>>(),
        verified: row.verified && row.unverified_signatories.is_empty(),
        source: row.source,
    }
}

fn built_in(source: String, provisional: bool) -> Sure {
    Sure { source, provisional, origin: Origin::BuiltIn }
}

#[expect(clippy::expect_used, reason = "the text is compiled in and a test parses it")]
fn toml<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("a file of config/un/ has the shape that this module expects")
}

#[expect(clippy::panic, reason = "the text is compiled in and a test reads every word of it")]
fn word<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} in config/un/ cannot be read"))
}

fn day(date: toml::value::Date) -> Day {
    word(&date.to_string())
}

/// The rows of a file below its heading, cut at commas outside of quotes. A doubled quote inside quotes does not occur.
fn rows(csv: &str) -> impl Iterator<Item = Vec<String>> {
    csv.lines().skip(1).map(|line| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
            }
        }
        cells
    })
}

#[expect(clippy::expect_used, reason = "the text is compiled in and a test reads every row of it")]
fn columns<const N: usize>(row: Vec<String>) -> [String; N] {
    row.try_into().expect("a row of config/un/ has as many cells as its heading")
}
