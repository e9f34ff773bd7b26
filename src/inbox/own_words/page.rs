//! A mail's text as clean lines, and which of them carry a mark of quotation.

use super::labels::{Field, field};
use crate::vocabulary::safe_text::is_unsafe;

/// Longer lines are prose: nothing is looked for in them but a mark at their beginning. In bytes.
const LONGEST_LINE: usize = 600;

/// Text from outside without what [`is_unsafe`] names, its line ends made `\n`, its odd spaces made plain.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => end_line(&mut clean),
            '\t' => clean.push('\t'),
            c if is_unsafe(c) => {}
            c if c.is_whitespace() && c != '\u{3000}' => clean.push(' '),
            c => clean.push(c),
        }
    }
    let end = clean.trim_end().len();
    clean.truncate(end);
    clean
}

fn end_line(text: &mut String) {
    let end = text.trim_end_matches([' ', '\t', '\u{3000}']).len();
    text.truncate(end);
    text.push('\n');
}

/// Clean text, line by line.
pub struct Page<'a> {
    pub lines: Vec<&'a str>,
    quoted: Vec<bool>,
    /// For each line, where the next line with words stands; the number of lines if there is none.
    next: Vec<usize>,
    fields: Vec<Option<(Field, usize)>>,
}

impl<'a> Page<'a> {
    pub fn of(clean: &'a str) -> Self {
        let lines: Vec<&str> = clean.split('\n').collect();
        let quoted = quoted(&lines);
        let mut next = vec![lines.len(); lines.len() + 1];
        for at in (0..lines.len()).rev() {
            next[at] = if lines[at].is_empty() { next[at + 1] } else { at };
        }
        let mut page = Self { lines, quoted, next, fields: Vec::new() };
        page.fields = (0..page.len()).map(|at| page.plain(at).and_then(field)).collect();
        page
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_blank(&self, at: usize) -> bool {
        self.lines.get(at).is_none_or(|line| line.is_empty())
    }

    /// Marked as quotation at its beginning.
    pub fn is_quoted(&self, at: usize) -> bool {
        self.quoted.get(at).copied().unwrap_or(false)
    }

    /// The first line with words at `at` or below; the number of lines if there is none.
    pub fn words_from(&self, at: usize) -> usize {
        self.next.get(at).copied().unwrap_or(self.lines.len())
    }

    /// `Label: value` of a mail's head, and the value.
    pub fn field(&self, at: usize) -> Option<(Field, &'a str)> {
        let (field, value) = self.fields.get(at).copied().flatten()?;
        Some((field, self.lines[at].get(value..).unwrap_or("")))
    }

    /// A line in which an introduction may be looked for: it has words, no mark of quotation, and a reasonable length.
    pub fn plain(&self, at: usize) -> Option<&'a str> {
        let line = self.lines.get(at).copied()?;
        (!line.is_empty() && line.len() <= LONGEST_LINE && !self.is_quoted(at)).then_some(line)
    }
}

/// What stands at the beginning of a quoted line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Angle,
    /// A mark that means something else when it stands alone: a table's bar, initials.
    OnlyWithOthers,
}

fn sign(line: &str) -> Option<Sign> {
    let line = line.trim_start();
    if line.starts_with(['>', '＞']) {
        return Some(Sign::Angle);
    }
    if let Some(rest) = line.strip_prefix('|') {
        // A table closes its rows.
        let bar = rest.is_empty() || (rest.starts_with(' ') && !rest.ends_with('|'));
        return bar.then_some(Sign::OnlyWithOthers);
    }
    let initials = line.chars().take_while(char::is_ascii_uppercase).take(4).count();
    let follows = initials > 0 && initials < 4 && line[initials..].starts_with('>');
    follows.then_some(Sign::OnlyWithOthers)
}

fn quoted(lines: &[&str]) -> Vec<bool> {
    let signs: Vec<Option<Sign>> = lines.iter().map(|line| sign(line)).collect();
    let neighbour =
        |at: usize, of: Sign| (at > 0 && signs[at - 1] == Some(of)) || signs.get(at + 1).copied().flatten() == Some(of);
    let mut quoted: Vec<bool> = (0..lines.len())
        .map(|at| match signs[at] {
            // `>From` alone is a mailbox file's way to write `From` at the beginning of a line.
            Some(Sign::Angle) if lines[at].starts_with(">From ") => neighbour(at, Sign::Angle),
            // `Name <address` was folded before its bracket closed.
            Some(Sign::Angle) => at == 0 || quoted_above(&signs, at) || !is_open_address(lines[at - 1]),
            Some(Sign::OnlyWithOthers) => neighbour(at, Sign::OnlyWithOthers),
            None => false,
        })
        .collect();
    for at in 1..lines.len() {
        let between = quoted[at - 1] && quoted.get(at + 1) == Some(&true) && !quoted[at];
        if between && runs_on(lines[at - 1], lines[at]) {
            quoted[at] = true;
        }
    }
    quoted
}

fn quoted_above(signs: &[Option<Sign>], at: usize) -> bool {
    at > 0 && signs[at - 1] == Some(Sign::Angle)
}

fn is_open_address(line: &str) -> bool {
    line.len() <= LONGEST_LINE
        && line.rfind('<').is_some_and(|at| line[at..].contains('@') && !line[at..].contains('>'))
}

/// Whether a mail server broke a long quoted line, so that its rest lost the mark.
fn runs_on(before: &str, line: &str) -> bool {
    let long = before.chars().nth(60).is_some();
    let open = before.ends_with(|c: char| c.is_alphanumeric() || c == ',');
    long && open && line.starts_with(char::is_lowercase)
}
