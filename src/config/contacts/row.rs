//! One row, cell by cell.

use super::cell;
use super::columns::{Column, Columns};
use super::csv::Field;
use super::found::{At, Found, words};
use super::words as enumerations;
use super::words::short;
use crate::campaign::contact::{Contact, Gender, Post, Rank, Send};
use crate::campaign::states::States;
use crate::vocabulary::address::{Address, AddressError, check_name};
use crate::vocabulary::{Day, Language, StateCode};

/// By what rows are judged.
#[derive(Debug)]
pub(super) struct Rules<'s> {
    pub states: &'s States,
    pub today: Day,
    pub warn_after: chrono::Duration,
    /// See [`cell::sound`].
    pub lossy: bool,
}

/// What could be read of a row; the checks between rows take what there is.
#[derive(Debug)]
pub(super) struct Row {
    pub state: Option<StateCode>,
    pub post: Option<Post>,
    pub send: Option<Send>,
    pub email: Option<Address>,
    pub named: bool,
    pub state_at: At,
    pub post_at: At,
    pub name_at: At,
    pub email_at: At,
    /// Where the row overrides a form of address.
    pub own_words_at: Option<At>,
    /// `None` where a cell is wrong.
    pub contact: Option<Contact>,
}

/// Reads a record that has as many cells as the header.
pub(super) fn read(record: &[Field<'_>], columns: &Columns, rules: &Rules<'_>, found: &mut Found<'_>) -> Option<Row> {
    let first = record.first()?.at;
    let hints = !found.has_enough();
    let mut cells = Cells { record, columns, lossy: rules.lossy, found };
    let state = cells.parse(Column::State, |text| state(text, rules.states, hints));
    let post = cells.parse(Column::Post, |text| enumerations::POST.read(text));
    let rank = cells.parse(Column::Rank, |text| enumerations::RANK.read_or_empty(text));
    let name = cells.parse(Column::Name, name);
    let gender = cells.parse(Column::Gender, |text| enumerations::GENDER.read_or_empty(text));
    let email = cells.parse(Column::Email, email);
    let send = cells.parse(Column::Send, |text| enumerations::SEND.read(text));
    let language = cells.parse(Column::Language, language);
    let as_of = cells.parse(Column::AsOf, |text| as_of(text, rules.today));
    let source = cells.parse(Column::Source, |text| Ok(text.to_owned()));
    let tags = cells.parse(Column::Tags, tags);
    let surname = cells.parse_override(Column::Surname, name_of_one);
    let salutation = cells.parse_override(Column::Salutation, |text| Ok(text.to_owned()));
    let closing = cells.parse_override(Column::Closing, |text| Ok(text.to_owned()));

    let email = cells.addressed(email, send);
    cells.warn_of_age(as_of, rules);
    cells.warn_of_no_source(source.as_deref());
    Some(Row {
        state,
        post,
        send,
        email: email.clone().flatten(),
        named: name.as_deref().is_none_or(|name| !name.is_empty()),
        state_at: cells.at(Column::State, first),
        post_at: cells.at(Column::Post, first),
        name_at: cells.at(Column::Name, first),
        email_at: cells.at(Column::Email, first),
        own_words_at: [Column::Salutation, Column::Closing].into_iter().find_map(|column| cells.filled(column)),
        contact: contact(Parts {
            state,
            post,
            rank,
            name,
            gender,
            email,
            send,
            language,
            as_of,
            source,
            tags,
            surname,
            salutation,
            closing,
            line: first.line,
        }),
    })
}

type Read<T> = Result<T, super::found::Words>;

/// The cells of one row by column, and where their mistakes go.
struct Cells<'r, 't, 'f> {
    record: &'r [Field<'t>],
    columns: &'r Columns,
    lossy: bool,
    found: &'r mut Found<'f>,
}

impl<'r, 't> Cells<'r, 't, '_> {
    fn cell(&self, column: Column) -> Option<&'r Field<'t>> {
        self.columns.position(column).and_then(|i| self.record.get(i))
    }

    fn at(&self, column: Column, otherwise: At) -> At {
        self.cell(column).map_or(otherwise, |cell| cell.at)
    }

    fn filled(&self, column: Column) -> Option<At> {
        self.cell(column).filter(|cell| !cell.text.trim().is_empty()).map(|cell| cell.at)
    }

    /// `None`: the cell is wrong, which is reported, or its column is missing, which the header's check has reported.
    fn parse<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Read<T>) -> Option<T> {
        let cell = self.cell(column)?;
        let text = cell::sound(cell, column, self.lossy, self.found)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.found.error(cell.at, || what);
                None
            }
        }
    }

    /// An optional column: `Some(None)` where it is absent or empty.
    fn parse_override<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Read<T>) -> Option<Option<T>> {
        if self.cell(column).is_none_or(|cell| cell.text.is_empty() && !cell.broken) {
            return Some(None);
        }
        self.parse(column, read).map(Some)
    }

    fn addressed(&mut self, email: Option<Option<Address>>, send: Option<Send>) -> Option<Option<Address>> {
        if let (Some(None), Some(send @ (Send::To | Send::Cc)), Some(cell)) = (&email, send, self.cell(Column::Email)) {
            let word = if send == Send::To { "to" } else { "cc" };
            self.found.error(cell.at, || {
                words(
                    format!("the row is to get the letter (`{word}`) and has no address"),
                    "write the address, or `no` under `send`",
                )
            });
            return None;
        }
        email
    }

    fn warn_of_age(&mut self, as_of: Option<Day>, rules: &Rules<'_>) {
        let (Some(as_of), Some(cell)) = (as_of, self.cell(Column::AsOf)) else { return };
        let age = rules.today.days_since(as_of);
        if chrono::Duration::try_days(age).is_some_and(|age| age >= rules.warn_after) {
            self.found.warning(cell.at, || {
                words(
                    format!("the row was last confirmed {age} days ago"),
                    "confirm it with the mission, and write that day under `as_of`",
                )
            });
        }
    }

    fn warn_of_no_source(&mut self, source: Option<&str>) {
        if let (Some(""), Some(cell)) = (source, self.cell(Column::Source)) {
            self.found.warning(cell.at, || {
                words("nobody can tell from where the row is known", "write it under `source`: a list, a call, a note")
            });
        }
    }
}

/// A [`Contact`] in the making: `None` for every cell that is wrong.
struct Parts {
    state: Option<StateCode>,
    post: Option<Post>,
    rank: Option<Option<Rank>>,
    name: Option<String>,
    gender: Option<Option<Gender>>,
    email: Option<Option<Address>>,
    send: Option<Send>,
    language: Option<Option<Language>>,
    as_of: Option<Day>,
    source: Option<String>,
    tags: Option<Vec<String>>,
    surname: Option<Option<String>>,
    salutation: Option<Option<String>>,
    closing: Option<Option<String>>,
    line: usize,
}

fn contact(parts: Parts) -> Option<Contact> {
    Some(Contact {
        state: parts.state?,
        post: parts.post?,
        rank: parts.rank?,
        name: parts.name?,
        gender: parts.gender?,
        email: parts.email?,
        send: parts.send?,
        language: parts.language?,
        as_of: parts.as_of?,
        source: parts.source?,
        tags: parts.tags?,
        surname: parts.surname?,
        salutation: parts.salutation?,
        closing: parts.closing?,
        line: parts.line,
    })
}

/// `hints`: whether an error is still shown; a hint compares with every State's names, too slow for 200,000 rows.
fn state(text: &str, states: &States, hints: bool) -> Read<StateCode> {
    if let Some(code) = text.parse().ok().filter(|code| states.get(*code).is_some()) {
        return Ok(code);
    }
    if !hints {
        return Err(words("no such State", "write the State's code"));
    }
    states.known(text).map_err(|clause| {
        let capitals = text.to_uppercase();
        let known = capitals.parse().is_ok_and(|code| states.get(code).is_some());
        let help =
            if known && capitals != text { format!("write {capitals}") } else { "write the State's code".to_owned() };
        words(clause, help)
    })
}

fn name(text: &str) -> Read<String> {
    if text.is_empty() { Ok(String::new()) } else { name_of_one(text) }
}

fn name_of_one(text: &str) -> Read<String> {
    check_name(text)
        .map_err(|error| words(error.to_string(), "write the name alone here, and the address under `email`"))?;
    if let Some(word) = cell::look_alike(text) {
        let foreign: Vec<String> =
            word.chars().filter(|c| !c.is_ascii()).take(3).map(|c| format!("`{c}` U+{:04X}", u32::from(c))).collect();
        return Err(words(
            format!("`{}` looks like a word in other letters: {}", short(word), foreign.join(", ")),
            "type the name again, in letters of one script",
        ));
    }
    Ok(text.to_owned())
}

fn email(text: &str) -> Read<Option<Address>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: AddressError| words(error.to_string(), email_help(&error)))
}

fn email_help(error: &AddressError) -> &'static str {
    match error {
        AddressError::Several => "give each address a row of its own: one `to`, the other `cc`",
        AddressError::WithName => "write the address alone here, and the name under `name`",
        AddressError::Space | AddressError::Invisible(_) => "type the address again rather than paste it",
        AddressError::LookAlike(_) => "ask the mission by another way, then type the address by hand",
        AddressError::Literal | AddressError::Localhost | AddressError::Domain => {
            "write the mission's address as it gives it, such as mission@fra.example"
        }
        AddressError::Empty
        | AddressError::At
        | AddressError::Local(_)
        | AddressError::Dots
        | AddressError::LongLocal => "correct the address, such as mission@fra.example",
    }
}

fn language(text: &str) -> Read<Option<Language>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: crate::vocabulary::language::LanguageError| {
        words(error.to_string(), "write the code, or leave the cell empty for the State's default")
    })
}

fn as_of(text: &str, today: Day) -> Read<Day> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    match text.parse::<Day>() {
        Ok(day) if day > today => Err(words(
            format!("{day} lies in the future: today is {today}"),
            "write the day on which the row was last confirmed",
        )),
        Ok(day) => Ok(day),
        Err(_) if text.is_empty() => {
            Err(words("`as_of` is empty", "write the day on which the row was last confirmed, as in 2026-11-23"))
        }
        Err(_) if shaped => Err(words(format!("there is no day {text}"), "correct the month or the day")),
        Err(error) => Err(words(
            format!("{error}, and not `{}`", short(text)),
            "a spreadsheet may have changed its form: set the column to text",
        )),
    }
}

fn tags(text: &str) -> Read<Vec<String>> {
    if let Some(sign) = text.chars().find(|c| matches!(c, ',' | ';' | ':')) {
        return Err(words(format!("a tag holds `{sign}`"), "separate tags with spaces: core eu"));
    }
    Ok(text.split(' ').filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
}
