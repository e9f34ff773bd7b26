//! Reads TOML so that every mistake of a file is found at once, each with its place.
//!
//! `serde` would stop at the first mistake and could not point at it; this walks the spanned tree instead. A key counts as
//! known once it has been asked for, so the list of known keys can never lag behind the code.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Source;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Day, hint};

/// Collects the problems of one file while it is read.
#[derive(Debug)]
pub struct Document<'s> {
    source: &'s Source,
    root: Spanned<DeTable<'s>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'s> Document<'s> {
    /// Parses what can be parsed; syntax errors are among the problems, and the rest is still read.
    pub fn parse(source: &'s Source) -> Self {
        let (root, errors) = DeTable::parse_recoverable(&source.text);
        let problems = errors.iter().map(|error| syntax_problem(source, error)).collect();
        Self { source, root, problems: RefCell::new(problems) }
    }

    pub fn root(&self) -> Table<'_> {
        Table { document: self, table: self.root.get_ref(), span: 0..0, path: String::new(), known: RefCell::default() }
    }

    pub fn source(&self) -> &'s Source {
        self.source
    }

    pub fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub fn report_at(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.report(Problem::error(message).at(self.source.place(span)).help(help));
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// The parser's own message quotes the line that is broken, so in a file with secrets it is replaced by ours.
fn syntax_problem(source: &Source, error: &toml::de::Error) -> Problem {
    let message = if error.message().starts_with("duplicate key") {
        "this key stands here a second time".to_owned()
    } else if source.secret {
        "this is not valid TOML".to_owned()
    } else {
        format!("this is not valid TOML: {}", error.message().lines().collect::<Vec<_>>().join(", "))
    };
    let span = error.span().unwrap_or(0..0);
    Problem::error(message).at(source.place(span)).help(
        "write `key = \"text\"`, `key = 5` or `[section]`, each on a line of its own, every quote and bracket closed",
    )
}

/// One table of the file.
#[derive(Debug)]
pub struct Table<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    path: String,
    known: RefCell<BTreeMap<&'static str, ()>>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

impl<'d> Table<'d> {
    fn entry(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.borrow_mut().insert(key, ());
        self.table.get(key)
    }

    pub fn has(&self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Where the value of `key` stands, or the table's own head.
    pub fn span_of(&self, key: &'static str) -> Range<usize> {
        self.entry(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// `section.key`, as it is named in messages.
    fn named(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.document.report_at(
            value.span(),
            format!("`{}` is {}, and should be {wanted}", self.named(key), with_article(found)),
            format!("write {wanted}"),
        );
    }

    /// Reports `message` at the value of `key`.
    pub fn wrong(&self, key: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.document.report_at(self.span_of(key), message, help);
    }

    /// A key that must be there is not.
    fn missing(&self, key: &str, example: &str) {
        let place = if self.path.is_empty() { "this file".to_owned() } else { format!("[{}]", self.path) };
        self.document.report_at(
            self.span.clone(),
            format!("{place} has no `{key}`"),
            format!("add `{key} = {example}`"),
        );
    }

    pub fn text(&self, key: &'static str) -> Option<At<&'d str>> {
        let value = self.entry(key)?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.document.report_at(
                    value.span(),
                    format!("`{}` is empty", self.named(key)),
                    "write a text, or leave the line out",
                );
                None
            }
            DeValue::String(text) => {
                let bad = text.chars().find(|c| crate::vocabulary::safe_text::is_unsafe(*c));
                if let Some(c) = bad {
                    self.document.report_at(
                        value.span(),
                        format!(
                            "`{}` holds an invisible or control character, U+{:04X}",
                            self.named(key),
                            u32::from(c)
                        ),
                        "type the text again instead of pasting it",
                    );
                    return None;
                }
                Some(At { value: text.as_ref(), span: value.span() })
            }
            _ => {
                self.wrong_kind(key, value, "a text in quotes");
                None
            }
        }
    }

    pub fn required_text(&self, key: &'static str, example: &str) -> Option<At<&'d str>> {
        if self.entry(key).is_none() {
            self.missing(key, example);
        }
        self.text(key)
    }

    /// A text that a type understands; its error is one clause and `help` the next step.
    pub fn read<T>(&self, key: &'static str, help: &str) -> Option<At<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.read_with(key, help, |text| text.parse::<T>().map_err(|e| e.to_string()))
    }

    pub fn read_with<T>(
        &self,
        key: &'static str,
        help: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let text = self.text(key)?;
        match read(text.value) {
            Ok(value) => Some(At { value, span: text.span }),
            Err(why) => {
                self.document.report_at(text.span, format!("`{}`: {why}", self.named(key)), help);
                None
            }
        }
    }

    pub fn required<T>(&self, key: &'static str, example: &str) -> Option<At<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        if self.entry(key).is_none() {
            self.missing(key, example);
            return None;
        }
        self.read(key, &format!("write it as in `{key} = {example}`"))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(*value);
        }
        let all = words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        // In a file with secrets the value is not repeated, so only the words that would be right are named.
        let near = hint::nearest(text.value, words.iter().map(|(word, _)| *word));
        let help = match near {
            Some(near) => format!("write `{key} = \"{near}\"`"),
            None => format!("write one of {all}"),
        };
        self.document.report_at(text.span, format!("`{}` is none of {all}", self.named(key)), help);
        None
    }

    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.entry(key)?;
        match value.get_ref() {
            DeValue::Boolean(b) => Some(*b),
            _ => {
                self.wrong_kind(key, value, "true or false");
                None
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub fn number(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.entry(key)?;
        let DeValue::Integer(digits) = value.get_ref() else {
            self.wrong_kind(key, value, "a whole number");
            return None;
        };
        let plain = digits.as_str().replace('_', "");
        let number = u32::from_str_radix(plain.trim_start_matches('+'), digits.radix()).ok();
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.document.report_at(
                value.span(),
                format!("`{}` is out of range", self.named(key)),
                format!("write a whole number from {least} to {most}"),
            );
        }
        number
    }

    pub fn day(&self, key: &'static str) -> Option<At<Day>> {
        let value = self.entry(key)?;
        let day = match value.get_ref() {
            DeValue::Datetime(d) if d.time.is_none() && d.offset.is_none() => {
                d.date.and_then(|d| Day::new(i32::from(d.year), u32::from(d.month), u32::from(d.day)))
            }
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        };
        if day.is_none() {
            self.wrong_kind(key, value, "a day, as in 2026-11-23");
        }
        Some(At { value: day?, span: value.span() })
    }

    pub fn required_day(&self, key: &'static str) -> Option<At<Day>> {
        if self.entry(key).is_none() {
            self.missing(key, "2026-11-23");
        }
        self.day(key)
    }

    /// A list of texts.
    pub fn texts(&self, key: &'static str) -> Option<Vec<At<&'d str>>> {
        let value = self.entry(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind(key, value, "a list of texts, as in [\"a\", \"b\"]");
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(At { value: text.as_ref(), span: item.span() }),
                _ => self.wrong_kind(key, item, "a text in quotes"),
            }
        }
        Some(texts)
    }

    /// A list of whole numbers from `least` to `most`.
    pub fn numbers(&self, key: &'static str, least: u32, most: u32) -> Vec<u32> {
        let Some(value) = self.entry(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind(key, value, "a list of whole numbers, as in [2031, 2032]");
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for item in items.iter() {
            let number = match item.get_ref() {
                DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix()).ok(),
                _ => None,
            };
            match number.filter(|n| (least..=most).contains(n)) {
                Some(number) => numbers.push(number),
                None => self.document.report_at(
                    item.span(),
                    format!("`{}` is out of range", self.named(key)),
                    format!("write whole numbers from {least} to {most}"),
                ),
            }
        }
        numbers
    }

    pub fn table(&self, key: &'static str) -> Option<Table<'d>> {
        let value = self.entry(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(self.child(key, table, value.span())),
            _ => {
                self.wrong_kind(key, value, "a table");
                None
            }
        }
    }

    /// `[[key]]`, in the order of the file.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'d>> {
        let Some(value) = self.entry(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.document.report_at(
                value.span(),
                format!(
                    "`{}` is {}, and should be a list of tables",
                    self.named(key),
                    with_article(value.get_ref().type_str())
                ),
                format!("write `[[{key}]]` with two brackets"),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(self.child(key, table, item.span())),
                _ => self.wrong_kind(key, item, "a table"),
            }
        }
        tables
    }

    fn child(&self, key: &'static str, table: &'d DeTable<'d>, span: Range<usize>) -> Table<'d> {
        Table { document: self.document, table, span, path: self.named(key), known: RefCell::default() }
    }

    /// Whether the value of `key` is a text rather than a table.
    pub fn is_text(&self, key: &'static str) -> bool {
        self.entry(key).is_some_and(|value| matches!(value.get_ref(), DeValue::String(_)))
    }

    /// Every key that nobody asked for is unknown; the nearest that somebody did ask for is named.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains_key(name) {
                continue;
            }
            let help = match hint::nearest(name, known.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the known keys here are {}", known.keys().copied().collect::<Vec<_>>().join(", ")),
            };
            // A key can be a secret that lost its quotes, so a file with secrets does not repeat it.
            let message = if self.document.source.secret && hint::nearest(name, known.keys().copied()).is_none() {
                "this key is unknown".to_owned()
            } else {
                format!("`{}` is unknown", self.named(name))
            };
            self.document.report_at(key.span(), message, help);
        }
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "integer" | "array" => format!("an {kind}"),
        "string" => "a text".to_owned(),
        _ => format!("a {kind}"),
    }
}
