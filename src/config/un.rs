//! The UN's reference data, compiled into the binary from `config/un/`.
//!
//! Each file is parsed the first time that it is asked for. The files are ours and tests read every row: one that cannot be
//! read is a mistake of the build and not of the user.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::campaign::states::{Standing, State};
use crate::campaign::{Group, Statement, States};
use crate::schedule::Calendar;
use crate::vocabulary::{Day, StateCode, StatementId};

mod dates;

const STATES: &str = include_str!("../../config/un/states.csv");
const STATEMENTS: &str = include_str!("../../config/un/joint-statements.toml");

/// The 193 member States, the two observer States and the European Union's delegation.
pub fn states() -> &'static States {
    static PARSED: LazyLock<States> = LazyLock::new(|| States::new(rows(STATES).map(state).collect()));
    &PARSED
}

/// The shipped joint statements, letters and votes, in the order of the file.
///
/// Of a vote, the signatories are those in favour. Names that no opened source gives are included, and make the statement
/// unverified. Who withdrew is no signatory.
pub fn statements() -> &'static [Statement] {
    static PARSED: LazyLock<Vec<Statement>> =
        LazyLock::new(|| parsed::<StatementFile>(STATEMENTS).statement.into_iter().map(statement).collect());
    &PARSED
}

/// The built-in calendar, for the caller to correct.
pub fn calendar() -> Calendar {
    static PARSED: LazyLock<Calendar> = LazyLock::new(dates::calendar);
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

#[expect(clippy::expect_used, reason = "the text is compiled in and a test parses it")]
fn parsed<T: DeserializeOwned>(text: &str) -> T {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Positions;

    #[test]
    fn every_state_of_the_un_is_known_with_its_group() {
        assert_eq!(states().iter().count(), 196);
        assert_eq!(states().iter().filter(|s| s.is_member()).count(), 193);
        let seats = Group::ALL.map(|group| states().iter().filter(|s| s.is_member() && s.group == Some(group)).count());
        assert_eq!(seats, [54, 54, 23, 33, 29]);
        for (code, standing) in [
            ("VAT", Standing::ObserverState),
            ("PSE", Standing::ObserverState),
            ("EUE", Standing::ObserverOrganisation),
        ] {
            let observer = states().get(word(code)).unwrap();
            assert_eq!((observer.standing, observer.group), (standing, None));
        }
    }

    #[test]
    fn a_row_with_a_comma_inside_quotes_keeps_its_columns() {
        let cyprus = states().get(word("CYP")).unwrap();
        assert_eq!((cyprus.name_en.as_str(), cyprus.language.as_str(), cyprus.is_member()), ("Cyprus", "en", true));
    }

    #[test]
    fn a_vote_in_favour_is_a_signature_and_a_withdrawal_is_none() {
        let positions = Positions { statements: statements().to_vec(), positions: Vec::new() };
        let joined = |id: &str, state| positions.joined(&word(id), word(state), word("2026-01-01")).unwrap();
        assert_eq!(statements().len(), 10);
        assert!(joined("hrc51-l6-2022-10-06", "SOM") && !joined("hrc51-l6-2022-10-06", "UKR"));
        assert!(joined("hrc47-2021-06-22", "CHE") && !joined("hrc47-2021-06-22", "UKR"));
        assert_eq!(statements().iter().filter(|s| !s.verified).count(), 2);
        for statement in statements() {
            assert!(statement.signatories.iter().all(|code| states().get(*code).is_some()), "{}", statement.id);
        }
    }
}
