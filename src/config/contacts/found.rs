//! Gathers problems with their places, and stops showing them when nobody would read on.

use crate::config::source::Source;
use crate::vocabulary::problem::{Problem, Severity};

/// How many problems of each severity are shown; the rest is counted. Errors are never hidden behind warnings.
pub(super) const SHOWN: usize = 200;

/// A stretch of the text, with its line already known, so that a place costs one line and not the whole file.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// From 1.
    pub line: usize,
    /// Byte offset at which that line begins.
    pub line_start: usize,
    /// Byte offsets; `end` may lie on a later line, the caret then stops with the first.
    pub start: usize,
    pub end: usize,
}

/// What is wrong, and what to do next.
#[derive(Debug)]
pub(super) struct Words {
    pub message: String,
    pub help: String,
}

/// `message` and `help` as [`Words`].
pub(super) fn words(message: impl Into<String>, help: impl Into<String>) -> Words {
    Words { message: message.into(), help: help.into() }
}

#[derive(Debug)]
pub(super) struct Found<'t> {
    file: &'t str,
    text: &'t str,
    shown: Vec<Problem>,
    errors: usize,
    warnings: usize,
    notices: usize,
}

impl<'t> Found<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, shown: Vec::new(), errors: 0, warnings: 0, notices: 0 }
    }

    pub fn error(&mut self, at: At, what: impl FnOnce() -> Words) {
        self.add(Severity::Error, at, what);
    }

    pub fn warning(&mut self, at: At, what: impl FnOnce() -> Words) {
        self.add(Severity::Warning, at, what);
    }

    pub fn notice(&mut self, at: At, what: impl FnOnce() -> Words) {
        self.add(Severity::Notice, at, what);
    }

    /// Whether a further error would only be counted.
    pub fn has_enough(&self) -> bool {
        self.errors >= SHOWN
    }

    /// In the order of the file, and then how many more there are.
    pub fn finish(mut self) -> Vec<Problem> {
        self.shown.sort_by(|a, b| a.place.cmp(&b.place));
        for (count, more) in [
            (self.errors, Problem::error as fn(String) -> Problem),
            (self.warnings, Problem::warning),
            (self.notices, Problem::notice),
        ] {
            if count > SHOWN {
                let kind = more(String::new()).severity;
                let message = format!("there are {} more {} in this file", count - SHOWN, plural(kind));
                self.shown
                    .push(more(message).in_file(self.file).help("correct those shown, then run `demarche check`"));
            }
        }
        self.shown
    }

    /// `what` is asked only for a problem that is shown: a hint for each of 200,000 rows would take minutes.
    fn add(&mut self, severity: Severity, at: At, what: impl FnOnce() -> Words) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Notice => &mut self.notices,
        };
        *count += 1;
        if *count > SHOWN {
            return;
        }
        let Words { message, help } = what();
        let mut problem = Problem::error(message).help(help).at(self.place(at));
        problem.severity = severity;
        self.shown.push(problem);
    }

    fn place(&self, at: At) -> crate::vocabulary::problem::Place {
        let line_end = self.text[at.line_start..].find('\n').map_or(self.text.len(), |length| at.line_start + length);
        let line = Source::new(self.file, &self.text[at.line_start..line_end]);
        let mut place = line.place(at.start - at.line_start..at.end.min(line_end).max(at.start) - at.line_start);
        place.line = at.line;
        place
    }
}

fn plural(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "errors",
        Severity::Warning => "warnings",
        Severity::Notice => "notices",
    }
}
