//! The block of headers (From, Sent, To, Subject) that stands above a mail quoted as a whole.

use super::labels::Field;
use super::page::Page;
use super::phrases::{FORWARD_BEGINS, ORIGINAL_MESSAGE};

/// More lines than any block has. A folded list of recipients is counted too.
const MOST_LINES: usize = 40;
/// Folded lines of one field.
const MOST_FOLDS: usize = 25;

/// Where a block that begins at line `at`, its rule of dashes included, ends: the line behind it.
pub fn block(page: &Page<'_>, at: usize) -> Option<usize> {
    let line = page.plain(at)?;
    if is_rule(line) {
        let below = page.words_from(at + 1);
        return fields(page, below, Trust::Ruled);
    }
    if says_original(line) {
        let below = page.words_from(at + 1);
        return Some(fields(page, below, Trust::Announced).unwrap_or(at + 1));
    }
    if says_forward(line) {
        let below = page.words_from(at + 1);
        let quoted = page.is_quoted(below);
        return fields(page, below, Trust::Announced).or(quoted.then_some(at + 1));
    }
    fields(page, at, Trust::Alone)
}

/// A line of nothing but underscores or dashes, as Outlook and some others put above what they quote.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 8 && (line.bytes().all(|b| b == b'_') || line.bytes().all(|b| b == b'-'))
}

/// `-----Original Message-----` in many languages; some programs go on with the headers in the same line.
pub fn says_original(line: &str) -> bool {
    let frame: &[char] = &['-', '=', '_', '*', '—', '–', ' ', '\t'];
    let line = line.trim();
    let inner = line.trim_start_matches(frame);
    let framed = |side: &str| side.matches(['-', '=', '_', '—', '–']).take(2).count() == 2 || side.contains('—');
    if !framed(&line[..line.len() - inner.len()]) {
        return false;
    }
    let low = inner.to_lowercase().replace('’', "'");
    let begun = ORIGINAL_MESSAGE.iter().filter_map(|phrase| low.strip_prefix(phrase));
    begun.into_iter().any(|rest| {
        let closing = rest.trim_start_matches(|c| !frame.contains(&c) || c == ' ');
        framed(rest) && (closing.is_empty() || framed(closing)) || rest.ends_with([':', '：'])
    })
}

fn says_forward(line: &str) -> bool {
    let line = line.trim().trim_matches('*');
    if !line.ends_with([':', '：']) || line.len() > 120 {
        return false;
    }
    let low = line.to_lowercase();
    FORWARD_BEGINS.iter().any(|phrase| low.starts_with(phrase))
}

/// Whether something above says that a mail follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// `Original Message`, in words.
    Announced,
    /// A rule of dashes, which may be the writer's.
    Ruled,
    Alone,
}

/// What a block has shown so far.
#[derive(Default)]
struct Seen {
    /// A sender's field, and one that names somebody.
    begun: bool,
    from: bool,
    sent: bool,
    to: bool,
    subject: bool,
    other: bool,
    /// An address, or a date with year and hour: what an agenda or the dates of a journey have not.
    convincing: bool,
}

impl Seen {
    fn had(&self, field: Field) -> bool {
        match field {
            Field::From => self.begun,
            Field::Sent => self.sent,
            Field::Subject => self.subject,
            Field::To | Field::Other => false,
        }
    }

    fn note(&mut self, field: Field, value: &str) {
        match field {
            Field::From => {
                self.begun = true;
                self.from = names_somebody(value);
            }
            Field::Sent => self.sent = true,
            Field::To => self.to = true,
            Field::Subject => self.subject = true,
            Field::Other => self.other = true,
        }
        self.convincing |= value.contains('@') || (field == Field::Sent && is_exact(value));
    }

    fn suffices(&self, trust: Trust) -> bool {
        let kinds = [self.from, self.sent, self.to, self.subject].into_iter().filter(|seen| *seen).count();
        match trust {
            Trust::Announced => kinds >= 2 || (kinds == 1 && (self.other || self.convincing)),
            Trust::Ruled => self.from && kinds >= 2 && (self.convincing || kinds >= 3),
            Trust::Alone => self.from && kinds >= 3 && (self.convincing || (self.sent && self.subject)),
        }
    }
}

/// A year and an hour.
fn is_exact(value: &str) -> bool {
    let figures = || value.split(|c: char| !c.is_numeric());
    figures().any(|figure| figure.chars().count() == 4) && figures().filter(|figure| !figure.is_empty()).count() >= 4
}

fn names_somebody(value: &str) -> bool {
    value.contains('@') || value.trim_start_matches(['"', '\'', ' ']).starts_with(char::is_alphabetic)
}

/// Where the fields that begin at line `at` end.
fn fields(page: &Page<'_>, at: usize, trust: Trust) -> Option<usize> {
    page.field(at)?;
    let mut seen = Seen::default();
    let (mut line, mut end) = (at, at);
    while line < page.len() && line < at + MOST_LINES {
        let Some((kind, value)) = page.field(line) else { break };
        if seen.had(kind) {
            // The next mail's head.
            break;
        }
        seen.note(kind, value);
        end = line + 1;
        // Between fields there may be an empty line, or the rest of a long one.
        line = match next_field(page, end) {
            Some(next) => next,
            None => break,
        };
    }
    if !seen.suffices(trust) {
        return None;
    }
    // The last field may be folded as well: a subject up to the empty line.
    let rest = (end..page.len()).take(2).take_while(|l| !page.is_blank(*l)).count();
    let folded = rest == 1 && page.lines[end].starts_with([' ', '\t']);
    Some(if folded { end + 1 } else { end })
}

fn next_field(page: &Page<'_>, from: usize) -> Option<usize> {
    let first = page.words_from(from);
    if page.field(first).is_some() {
        return Some(first);
    }
    let folds = (from..page.len()).take(MOST_FOLDS);
    folds.take_while(|at| page.plain(*at).is_some()).find(|at| page.field(*at).is_some())
}
