//! What differs in letters from what was approved, on the screen and in JSON.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::output::{cell, count};
use crate::letters::difference::{Difference, Piece};
use crate::outbox::comparison::{Changes, Field, Group, Values};
use crate::steps::since_approval::Changed;
use crate::vocabulary::{Zone, safe_text};

const GONE: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();

/// Lines shown around a changed one.
pub const AROUND: usize = 2;

/// Everything: each group with all its letters.
pub fn text(changed: &Changed, zone: Zone) -> String {
    let mut text: String = changed.groups.iter().map(|group| one(group, zone, usize::MAX)).collect();
    if !changed.unreadable.is_empty() {
        let letters: Vec<String> = changed.unreadable.iter().map(ToString::to_string).collect();
        text.push_str(&format!("The approved bytes of these are no longer in the database: {}\n", letters.join(", ")));
    }
    text
}

/// As much as a screen holds, and how to see the rest.
pub fn at_most(changed: &Changed, zone: Zone, lines: usize, rest: &str) -> String {
    let all: String = changed.groups.iter().map(|group| one(group, zone, 8)).collect();
    if all.lines().count() <= lines {
        return all;
    }
    let mut shown: String = all.lines().take(lines).flat_map(|line| [line, "\n"]).collect();
    shown.push_str(&format!("  … cut here; all of it: {rest}\n"));
    shown
}

fn one(group: &Group, zone: Zone, named: usize) -> String {
    let first = &group.letters[0];
    let mut text = if group.letters.len() == 1 {
        format!("{first}:\n")
    } else {
        let states: Vec<&str> = group.letters.iter().take(named).map(|letter| letter.delegation.as_str()).collect();
        let more = group.letters.len() - states.len();
        let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let head = format!(
            "{}: {}, the same change: {}{and_more}",
            first.step,
            count(group.letters.len(), "letter"),
            states.join(", ")
        );
        format!("{}\n", folded(&head, "  "))
    };
    for (field, values) in &group.changes.fields {
        text.push_str(&field_lines(*field, values, zone));
    }
    if let Some(subject) = &group.changes.subject {
        for line in marked(subject, true) {
            text.push_str(&format!("  {:<11}{line}\n", "subject"));
        }
    }
    for (name, difference) in [("text", &group.changes.text), ("html", &group.changes.html)] {
        let Some(difference) = difference else { continue };
        let of = if group.letters.len() > 1 { format!(" (as in {})", first.delegation) } else { String::new() };
        let same = if name == "html" { ", with the same words in the text" } else { "" };
        text.push_str(&format!("  {name}{of}{same}\n"));
        for line in marked(difference, true) {
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        }
    }
    if group.changes.only_form {
        text.push_str("  the same words to the same people at the same time; only how the bytes are written differs\n");
    }
    text
}

fn folded(text: &str, indent: &str) -> String {
    let width = usize::from(super::output::terminal_width());
    textwrap::fill(text, textwrap::Options::new(width).subsequent_indent(indent))
}

fn field_lines(field: Field, values: &Values, zone: Zone) -> String {
    let name = field.as_str();
    match values {
        Values::Times { before, after } => {
            let before = before.map_or_else(|| "another time".to_owned(), |at| zone.show(at));
            format!("  {name:<11}{GONE}[-{before}-]{GONE:#}{NEW}{{+{}+}}{NEW:#}\n", zone.show(*after))
        }
        Values::Lists { gone, came } => {
            let gone = gone.iter().map(|value| format!("{GONE}[-{}-]{GONE:#}", cell(value)));
            let came = came.iter().map(|value| format!("{NEW}{{+{}+}}{NEW:#}", cell(value)));
            gone.chain(came).map(|value| format!("  {name:<11}{value}\n")).collect()
        }
    }
}

/// Lines with what went as `[-…-]` and what came as `{+…+}`: the marks stay where there are no colours.
fn marked(difference: &Difference, colours: bool) -> Vec<String> {
    let (gone, new) = if colours { (GONE, NEW) } else { (Style::new(), Style::new()) };
    let mut lines = Vec::new();
    for excerpt in difference.excerpts(AROUND) {
        if excerpt.after_a_gap {
            lines.push("…".to_owned());
        }
        lines.extend(excerpt.lines.iter().map(|line| {
            line.iter()
                .map(|piece| match piece {
                    Piece::Same(words) => safe_text::line(words).into_owned(),
                    Piece::Gone(words) => format!("{gone}[-{}-]{gone:#}", safe_text::line(words)),
                    Piece::New(words) => format!("{new}{{+{}+}}{new:#}", safe_text::line(words)),
                })
                .collect::<String>()
        }));
    }
    lines
}

/// `[{letters, changes: [{what, before, after} or {what, lines}]}]`
pub fn value(changed: &Changed) -> Value {
    let groups: Vec<Value> = changed
        .groups
        .iter()
        .map(|group| json!({ "letters": group.letters, "changes": changes(&group.changes) }))
        .collect();
    json!({
        "differ": changed.number(),
        "as_approved": changed.same,
        "never_approved": changed.never_approved,
        "groups": groups,
        "approved_bytes_missing": changed.unreadable,
    })
}

fn changes(changes: &Changes) -> Vec<Value> {
    let mut all: Vec<Value> = changes
        .fields
        .iter()
        .map(|(field, values)| match values {
            Values::Lists { gone, came } => json!({ "what": field.as_str(), "before": gone, "after": came }),
            Values::Times { before, after } => json!({ "what": field.as_str(), "before": before, "after": after }),
        })
        .collect();
    for (what, difference) in [("subject", &changes.subject), ("text", &changes.text), ("html", &changes.html)] {
        if let Some(difference) = difference {
            all.push(json!({ "what": what, "lines": marked(difference, false) }));
        }
    }
    if changes.only_form {
        all.push(json!({ "what": "form" }));
    }
    all
}
