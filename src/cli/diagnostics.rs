//! A problem on the screen: kind, place, the line with a caret, and a next step. Reads as well without colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::vocabulary::problem::{Problem, Severity};
use crate::vocabulary::safe_text;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTICE: Style = AnsiColor::Cyan.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();

/// All problems, the worst kind last, so that it is what a person sees first when the list is long; within a kind by place.
pub fn show(problems: &[Problem]) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by(|a, b| (a.severity, &a.place, &a.message).cmp(&(b.severity, &b.place, &b.message)));
    let mut text = String::new();
    for problem in sorted {
        text.push_str(&one(problem));
        text.push('\n');
    }
    let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
    let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Notice, "notice")]
        .into_iter()
        .map(|(severity, word)| (count(severity), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    if !parts.is_empty() {
        let _infallible = writeln!(text, "{}", parts.join(", "));
    }
    text
}

fn one(problem: &Problem) -> String {
    let (style, word) = match problem.severity {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
        Severity::Notice => (NOTICE, "notice"),
    };
    let mut text = format!("{style}{word}{style:#}: {}\n", safe_text::line(&problem.message));
    let mut margin = 1;
    if let Some(place) = &problem.place {
        let number = place.line.to_string();
        margin = number.len();
        let pad = " ".repeat(margin);
        let file = safe_text::line(&place.file);
        if place.width == 0 && place.text.is_empty() {
            let _infallible = writeln!(text, "{FRAME}{pad}-->{FRAME:#} {file}");
        } else {
            let _infallible = writeln!(text, "{FRAME}{pad}-->{FRAME:#} {file}:{}:{}", place.line, place.column);
            let before: String = place.text.chars().take(place.column.saturating_sub(1)).collect();
            let room = place.text.width().saturating_sub(before.width()).max(1);
            let carets = "^".repeat(place.width.clamp(1, room));
            let _infallible = writeln!(text, "{FRAME}{pad} |{FRAME:#}");
            let _infallible = writeln!(text, "{FRAME}{number} |{FRAME:#} {}", safe_text::line(&place.text));
            let indent = " ".repeat(before.width());
            let _infallible = writeln!(text, "{FRAME}{pad} |{FRAME:#} {indent}{style}{carets}{style:#}");
        }
    }
    if let Some(help) = &problem.help {
        let pad = " ".repeat(margin);
        let mut lines = help.lines();
        let first = lines.next().unwrap_or("");
        let _infallible = writeln!(text, "{FRAME}{pad} ={FRAME:#} help: {}", safe_text::line(first));
        for line in lines {
            let _infallible = writeln!(text, "{pad}         {}", safe_text::line(line));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::Source;

    #[test]
    fn a_problem_has_a_kind_a_place_a_caret_and_a_next_step() {
        let source = Source::new("config/calendar.toml", "[[hrc]]\ncloses = 2018-03-02\n");
        let problem =
            Problem::error("the session closes before it opens").at(source.place(17..27)).help("exchange the two days");
        let shown = anstream::adapter::strip_str(&show(&[problem])).to_string();
        assert_eq!(
            shown,
            "error: the session closes before it opens\n --> config/calendar.toml:2:10\n  |\n2 | closes = 2018-03-02\n  |          ^^^^^^^^^^\n  = help: exchange the two days\n\n1 error\n"
        );
    }
}
