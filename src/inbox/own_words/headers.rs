//! The block of headers (From, Sent, To, Subject) that stands above a mail quoted as a whole.

use super::labels::Field;
use super::page::Page;
use super::phrases::{FORWARD_BEGINS, ORIGINAL_MESSAGE};

/// More lines than any block has. A folded list of recipients is counted too.
const MOST_LINES: usize = 60;
/// Folded lines of one field.
const MOST_FOLDS: usize = 25;

/// Where a block that begins at line `at`, its rule of dashes included, ends: the line behind it.
pub fn block(page: &Page<'_>, at: usize) -> Option<usize> {
    let line = page.plain(at)?;
    if is_rule(line) {
        let below = page.words_from(at + 1);
        return fields(page, below, Trust::Announced);
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

/// `-----Original Message-----` in many languages.
pub fn says_original(line: &str) -> bool {
    let frame: &[char] = &['-', '=', '_', '*', '—', '–', ' ', '\t'];
    let inner = line.trim().trim_matches(frame);
    let framed = |side: &str| side.matches(['-', '=', '_', '—', '–']).take(2).count() == 2 || side.contains('—');
    let Some(from) = line.find(inner) else { return false };
    if inner.is_empty() || inner.chars().count() > 80 {
        return false;
    }
    let (left, right) = (&line[..from], &line[from + inner.len()..]);
    if !framed(left) || !(framed(right) || inner.ends_with([':', '：'])) {
        return false;
    }
    let low = inner.to_lowercase().replace('’', "'");
    ORIGINAL_MESSAGE.iter().any(|phrase| low.starts_with(phrase))
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
    Announced,
    Alone,
}

/// What a block has shown so far.
#[derive(Default)]
struct Seen {
    from: bool,
    sent: bool,
    to: bool,
    subject: bool,
    other: bool,
    /// An address or a date: what an agenda with `From: 10:00` and `To: 11:00` has not, at its beginning at least.
    convincing: bool,
}

impl Seen {
    fn note(&mut self, field: Field, value: &str) {
        match field {
            Field::From => self.from |= names_somebody(value),
            Field::Sent => self.sent = true,
            Field::To => self.to = true,
            Field::Subject => self.subject = true,
            Field::Other => self.other = true,
        }
        self.convincing |= value.contains('@') || (field == Field::Sent && value.contains(char::is_numeric));
    }

    fn suffices(&self, trust: Trust) -> bool {
        let kinds = [self.from, self.sent, self.to, self.subject].into_iter().filter(|seen| *seen).count();
        match trust {
            Trust::Announced => kinds >= 2 || (kinds == 1 && (self.other || self.convincing)),
            Trust::Alone => self.from && kinds >= 3 && (self.convincing || kinds == 4),
        }
    }
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
