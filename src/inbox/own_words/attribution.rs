//! The line above a quotation that says who wrote it, and when: folded over up to four lines, in many languages.

use super::headers;
use super::page::Page;
use super::phrases::{OPENERS, SHORT_WEEKDAYS, WEEKDAYS, WROTE, WROTE_INSIDE};

/// Lines over which mail programs fold it.
const MOST_FOLDS: usize = 4;
/// In bytes; a long name with a long address in Cyrillic has 300.
const LONGEST: usize = 500;
/// What may follow the verb in the middle of the line: a name, an address, a date. In characters.
const LONGEST_REST: usize = 140;

/// What stands below a line that may be an attribution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Lines with marks of quotation: nothing of the writer's is lost if the attribution is none.
    Quotation,
    Headers,
    /// Without a mark: all below goes, so the line itself must be beyond doubt.
    Text,
}

/// Where the attribution that begins at line `at` ends: the line behind it.
pub fn line(page: &Page<'_>, at: usize) -> Option<usize> {
    let first = page.plain(at)?;
    let mut length = 0;
    for end in at + 1..=at + MOST_FOLDS {
        let last = page.plain(end - 1)?;
        length += last.len() + 1;
        if length > LONGEST {
            return None;
        }
        let closed = last.ends_with([':', '：']);
        let below = below(page, end);
        if below == Below::Text && !closed && !last.ends_with("--") {
            continue;
        }
        if introduces(&joined(page, at, end), below, end - at, first) {
            // The writer's last line may stand right above.
            let later = (at + 1..end).any(|start| opens_later(page, start, end, below));
            return (!later).then_some(end);
        }
        if closed {
            return None;
        }
    }
    None
}

fn below(page: &Page<'_>, end: usize) -> Below {
    let next = page.words_from(end);
    if page.is_quoted(next) {
        Below::Quotation
    } else if next <= end + 1 && page.field(next).is_some() && headers::block(page, next).is_some() {
        Below::Headers
    } else {
        Below::Text
    }
}

fn joined(page: &Page<'_>, start: usize, end: usize) -> String {
    page.lines[start..end].iter().map(|line| line.trim().to_lowercase()).collect::<Vec<_>>().join(" ")
}

fn opens_later(page: &Page<'_>, start: usize, end: usize, below: Below) -> bool {
    let joined = joined(page, start, end);
    (opens(&joined) || begins_with_a_date(&joined))
        && joined.contains(char::is_numeric)
        && introduces(&joined, below, 1, &joined)
}

/// Whether `text`, folded over `lines` lines of which `first` is the first, introduces what stands below.
fn introduces(text: &str, below: Below, lines: usize, first: &str) -> bool {
    let bare = text.trim_matches(['*', '_', '-', '—', ' ', '<']);
    let framed = text.starts_with("--") && text.ends_with("--");
    let closed = bare.ends_with([':', '：']) || framed;
    let body = bare.trim_end_matches([':', '：', ' ', '*', '_']);
    let dated = body.contains(char::is_numeric);
    let (address, time) = (address_at(body), dated && has_time(body));
    if below == Below::Text && address.is_none() && !time {
        return false;
    }
    let verb = Verb::of(body);
    if !closed {
        let names = body.ends_with('>') && address.is_some() && begins_with_a_date(body);
        return match below {
            Below::Quotation => names || (verb.is_some() && opens(body) && dated),
            Below::Headers => verb.is_some() && opens(body) && time,
            Below::Text => false,
        };
    }
    let sure = dated && (address.is_some() || time);
    if verb.is_some() && (opens(body) || begins_with_a_date(body)) {
        return sure || (below == Below::Quotation && dated);
    }
    // `Name <address> wrote:`, `address wrote:`, `Name schrieb am …:`; never begun in the middle of somebody's sentence.
    let named = |name: &str| name.split_whitespace().count() <= 6 && !name.contains([';', '!', '?']);
    if let Some(verb) = verb {
        let at = address.map_or(verb.at, |address| address.min(verb.at));
        let near = &body[..at];
        let on_first = at < first.len();
        let in_brackets = body[..at].ends_with('<') || body[..at].ends_with('(') || body[..at].trim().is_empty();
        if on_first && named(near) && lines <= 2 {
            let by_address = address.is_some_and(|address| address < verb.at) && in_brackets;
            let by_date = verb.inside && sure && !near.trim().is_empty();
            if by_address || by_date || (below == Below::Quotation && body.split_whitespace().count() <= 6) {
                return true;
            }
        }
    }
    // Without a verb: `30.09.2017, 18:30, "Name" <address>:`.
    let by_form = begins_with_a_date(body) && dated && address.is_some() && body.ends_with(['>', ')', '"']);
    // In a language that we do not know, above a quotation.
    let by_place = below == Below::Quotation && dated && (address.is_some() || (time && has_year(body))) && lines <= 3;
    by_form || (by_place && (lines == 1 || opens(body) || begins_with_a_date(body)))
}

struct Verb {
    /// In bytes.
    at: usize,
    inside: bool,
}

impl Verb {
    fn of(body: &str) -> Option<Self> {
        let last = WROTE.iter().filter(|verb| body.ends_with(*verb)).map(|verb| body.len() - verb.len());
        let last = last.filter(|at| stands_alone(body, *at)).min();
        if let Some(at) = last {
            return Some(Self { at, inside: false });
        }
        let inside = WROTE_INSIDE.iter().filter_map(|verb| {
            let at = body.find(verb)?;
            let rest = &body[at + verb.len()..];
            let alone = stands_alone(body, at) && !rest.starts_with(char::is_alphanumeric);
            (alone && rest.chars().count() <= LONGEST_REST).then_some(at)
        });
        inside.min().map(|at| Self { at, inside: true })
    }
}

/// A word begins at `at`. Chinese, Japanese and Korean write no spaces.
fn stands_alone(body: &str, at: usize) -> bool {
    let spaced = body[at..].chars().next().is_some_and(|c| c < '\u{2E80}');
    !spaced || !body[..at].ends_with(char::is_alphabetic)
}

fn opens(body: &str) -> bool {
    OPENERS.iter().any(|opener| body.starts_with(opener))
}

/// A figure, or a weekday with a figure close behind it.
fn begins_with_a_date(body: &str) -> bool {
    let body = body.trim_start_matches(['"', '(', '[', ' ']);
    if body.starts_with(char::is_numeric) {
        return true;
    }
    let word: &str = body.split([' ', ',', '.']).next().unwrap_or("");
    let weekday = WEEKDAYS.iter().any(|day| word.starts_with(day)) || SHORT_WEEKDAYS.contains(&word);
    weekday && body[word.len()..].chars().take(8).any(char::is_numeric)
}

fn address_at(body: &str) -> Option<usize> {
    let at = body.match_indices('@').map(|(at, _)| at).find(|at| {
        body[..*at].ends_with(|c: char| c.is_alphanumeric() || "._-+'".contains(c))
            && body[at + 1..].starts_with(char::is_alphanumeric)
    })?;
    let starts = body[..at].char_indices().rev().take_while(|(_, c)| c.is_alphanumeric() || "._-+'".contains(*c));
    starts.last().map(|(start, _)| start)
}

/// `10:00`, `10h00`, `10 h 00`, `kl. 10.00`.
fn has_time(body: &str) -> bool {
    let chars: Vec<char> = body.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    (1..chars.len()).any(|at| match chars[at] {
        ':' | 'h' => {
            let (left, right) = (at.checked_sub(1 + usize::from(chars[at - 1] == ' ')), at + 1);
            let right = if chars.get(right) == Some(&' ') { right + 1 } else { right };
            digit(left) && digit(Some(right)) && digit(Some(right + 1))
        }
        '.' => {
            let pair = digit(Some(at - 1)) && digit(Some(at + 1)) && digit(Some(at + 2)) && !digit(Some(at + 3));
            let before = (0..at).rev().find(|i| !chars[*i].is_ascii_digit()).map(|i| chars[i]);
            pair && before != Some('.') && chars.get(at + 3) != Some(&'.')
        }
        _ => false,
    })
}

fn has_year(body: &str) -> bool {
    let figures = body.split(|c: char| !c.is_ascii_digit());
    figures.into_iter().any(|figure| figure.len() == 4 && (figure.starts_with("20") || figure.starts_with("19")))
}
