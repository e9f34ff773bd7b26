//! What the engine calls for every value that is printed or judged.
//!
//! None of them fails: a value that must not be printed leaves an alarm in its place, so that all that is wrong with a
//! letter is known after one rendering.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy as _, Output, RenderContext, RenderError,
    RenderErrorReason, Renderable as _, ScopedJson, StringOutput,
};
use serde_json::Value as Json;

use super::marks::{ALARM, ALARM_END, Mark, is_private};
use crate::letters::wording::Tongue;
use crate::vocabulary::{Day, Language, safe_text};

/// Why a value was not printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// It is not known for this delegation.
    Missing,
    /// It is known and empty.
    Empty,
    /// It holds a character that could be taken for something else than text.
    Unsafe,
    /// It is not what the helper takes.
    Wrong,
    /// The list is empty.
    EmptyList,
}

impl Alarm {
    const ALL: [(Self, char); 5] =
        [(Self::Missing, 'm'), (Self::Empty, 'e'), (Self::Unsafe, 'u'), (Self::Wrong, 'w'), (Self::EmptyList, 'l')];

    fn sign(self, tag: u64) -> String {
        let letter = Self::ALL.iter().find(|(alarm, _)| *alarm == self).map_or('w', |(_, letter)| *letter);
        format!("{ALARM}{letter}{tag}{ALARM_END}")
    }

    /// All alarms in a rendered text, each with the number of its tag.
    pub fn all_in(text: &str) -> Vec<(usize, Self)> {
        let read = |rest: &str| {
            let (inside, _) = rest.split_once(ALARM_END)?;
            let (alarm, letter) = Self::ALL.iter().find(|(_, letter)| inside.starts_with(*letter))?;
            Some((inside[letter.len_utf8()..].parse().ok()?, *alarm))
        };
        // Most letters have none.
        match Mark::new(ALARM).split(text) {
            Some(_) => text.split(ALARM).skip(1).filter_map(read).collect(),
            None => Vec::new(),
        }
    }
}

/// A strict engine for one language: `escape` is put on every value.
pub fn engine(language: Language, escape: fn(&str) -> String) -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(escape);
    engine.register_helper("put", Box::new(Printing(printed)));
    engine.register_helper("some", Box::new(Some_));
    engine.register_helper("same", Box::<Same>::default());
    if let Some(tongue) = Tongue::of(language) {
        engine.register_helper("date", Box::new(Date(tongue)));
        engine.register_helper("ordinal", Box::new(Ordinal(tongue)));
        engine.register_helper("list", Box::new(List(tongue)));
    }
    engine.register_helper(
        "joined",
        Box::new(Judging(|values| match values {
            [id, Json::Array(list)] => list.contains(id),
            _ => false,
        })),
    );
    engine.register_helper("eq", Box::new(Judging(|values| matches!(values, [a, b] if a == b))));
    engine.register_helper("and", Box::new(Judging(|values| values.iter().all(|v| v.is_truthy(false)))));
    engine.register_helper("or", Box::new(Judging(|values| values.iter().any(|v| v.is_truthy(false)))));
    engine.register_helper("not", Box::new(Judging(|values| !values.iter().any(|v| v.is_truthy(false)))));
    engine
}

/// One line without runs of spaces; or why it cannot be printed.
fn clean(text: &str) -> Result<String, Alarm> {
    // Most values are one line of plain words already.
    let bytes = text.as_bytes();
    let printable = bytes.iter().fold(true, |plain, b| plain & (b' '..=b'~').contains(b));
    let spaces = bytes.iter().zip(bytes.iter().skip(1)).fold(false, |two, (a, b)| two | (*a == b' ') & (*b == b' '));
    let ends = |b: Option<&u8>| b.is_none_or(|b| *b == b' ');
    if printable && !spaces && !ends(bytes.first()) && !ends(bytes.last()) {
        return Ok(text.to_owned());
    }
    let line_end = |c: char| c.is_whitespace() || c.is_control() && matches!(c, '\r' | '\n' | '\t');
    let joiner = |c: char| matches!(c, '\u{200C}' | '\u{200D}');
    if text.chars().any(|c| is_private(c) || (safe_text::is_unsafe(c) && !line_end(c) && !joiner(c))) {
        return Err(Alarm::Unsafe);
    }
    // A no-break space stays: "37 %" keeps together.
    let kept = |c: char| c == '\u{A0}' || c == '\u{202F}' || !c.is_whitespace();
    let words: Vec<&str> = text.split(|c| !kept(c)).filter(|word| !word.is_empty()).collect();
    if words.iter().all(|word| word.trim().is_empty()) { Err(Alarm::Empty) } else { Ok(words.join(" ")) }
}

fn printed(value: &Json) -> Result<String, Alarm> {
    match value {
        Json::String(text) => clean(text),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err(Alarm::Wrong),
    }
}

type Inner<'rc> = Result<ScopedJson<'rc>, RenderError>;

/// Arguments: the tag's number, the value, and whatever the helper takes besides.
fn print<'rc>(helper: &Helper<'rc>, words: impl FnOnce(&Json) -> Result<String, Alarm>) -> Inner<'rc> {
    let missing = |at| RenderErrorReason::ParamNotFoundForIndex("print", at);
    let tag = helper.param(0).and_then(|p| p.value().as_u64()).ok_or_else(|| missing(0))?;
    let value = helper.param(1).ok_or_else(|| missing(1))?;
    let words = if value.is_value_missing() { Err(Alarm::Missing) } else { words(value.value()) };
    Ok(ScopedJson::Derived(Json::String(words.unwrap_or_else(|alarm| alarm.sign(tag)))))
}

struct Printing(fn(&Json) -> Result<String, Alarm>);

impl HelperDef for Printing {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Inner<'rc> {
        print(helper, self.0)
    }
}

/// Sounds the alarm when a list is empty; prints nothing otherwise.
struct Some_;

impl HelperDef for Some_ {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let tag = helper.param(0).and_then(|p| p.value().as_u64()).unwrap_or_default();
        let filled = helper.param(1).and_then(|p| p.value().as_array()).is_some_and(|list| !list.is_empty());
        if !filled {
            out.write(&Alarm::EmptyList.sign(tag))?;
        }
        Ok(())
    }
}

/// `{{#same TAG @root.LIST}} … {{/same}}`: what it holds depends on that list alone. The signatories and the asks are those of all
/// letters of a campaign, so they are set once and not once a letter.
#[derive(Default)]
struct Same(Mutex<BTreeMap<u64, (Json, String)>>);

impl HelperDef for Same {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let tag = helper.param(0).and_then(|p| p.value().as_u64()).unwrap_or_default();
        let list = helper.param(1).map_or(&Json::Null, |p| p.value());
        // What is kept is put there whole: a thread that ended meanwhile leaves nothing half done.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, words)) = kept.get(&tag)
            && of == list
        {
            out.write(words)?;
            return Ok(());
        }
        let mut words = StringOutput::new();
        if let Some(inside) = helper.template() {
            inside.render(registry, context, render, &mut words)?;
        }
        let words = words.into_string()?;
        out.write(&words)?;
        kept.insert(tag, (list.clone(), words));
        Ok(())
    }
}

struct Date(Tongue);

impl HelperDef for Date {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Inner<'rc> {
        print(helper, |value| {
            let day: Option<Day> = value.as_str().and_then(|text| text.parse().ok());
            day.map(|day| self.0.date(day)).ok_or(Alarm::Wrong)
        })
    }
}

struct Ordinal(Tongue);

impl HelperDef for Ordinal {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Inner<'rc> {
        let feminine = helper.param(2).and_then(|p| p.value().as_str()) == Some("f");
        print(helper, |value| value.as_u64().map(|n| self.0.ordinal(n, feminine)).ok_or(Alarm::Wrong))
    }
}

struct List(Tongue);

impl HelperDef for List {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Inner<'rc> {
        print(helper, |value| {
            let items = value.as_array().ok_or(Alarm::Wrong)?;
            let words = |item: &Json| {
                let text = item.get("name").or_else(|| item.get("text"));
                text.map_or(Err(Alarm::Wrong), printed)
            };
            let items: Vec<String> = items.iter().map(words).collect::<Result<_, _>>()?;
            if items.is_empty() {
                return Err(Alarm::EmptyList);
            }
            Ok(self.0.list(&items.iter().map(String::as_str).collect::<Vec<_>>()))
        })
    }
}

/// A helper that answers yes or no. A fact that is not known counts as no.
struct Judging(fn(&[Json]) -> bool);

impl HelperDef for Judging {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Inner<'rc> {
        let values: Vec<Json> = helper.params().iter().map(|p| p.value().clone()).collect();
        Ok(ScopedJson::Derived(Json::Bool((self.0)(&values))))
    }
}
