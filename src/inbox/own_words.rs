//! What the writer of a mail wrote: without the mails below it, without signature, notices and what a telephone adds.
//!
//! To lose the writer's words is worse than to keep a line too many: what is doubtful stays. Names and titles below the closing
//! stay as well, since staff want to know who answered. The whole text is always kept beside it.

mod attribution;
mod device;
mod headers;
mod labels;
mod notices;
mod page;
mod phrases;
mod signature;

use page::Page;

use super::html_text::text_of_html;

/// Signatures, notices and lines of telephones one below the other: more only a machine makes.
const MOST_CLOSINGS: usize = 12;

/// The writer's part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnWords {
    /// Lines end with `\n`; no control characters, nothing that [`is_unsafe`](crate::vocabulary::safe_text::is_unsafe) names.
    pub own: String,
    /// `own` with the quoted lines that it answers, each with its `>`: those between the writer's words, and those above them that
    /// nothing introduces. Attributions, and what is quoted below the last word, are left out. Often the same as `own`.
    pub in_context: String,
    /// What stood below `-- ` or a rule, and is not in `own`; may be empty.
    pub signature: String,
    /// The writer seems to have written nothing: `own` is what was quoted or sent on.
    pub borrowed: bool,
}

/// Both readings of a mail: the writer's words, and all that a reader sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visible {
    pub own: String,
    /// As in [`OwnWords`].
    pub in_context: String,
    pub whole: String,
    /// As in [`OwnWords`].
    pub signature: String,
    /// As in [`OwnWords`].
    pub borrowed: bool,
}

/// The words of a mail with a plain part, an HTML part or both. The plain one is believed, unless it says nothing itself.
pub fn visible(plain: Option<&str>, html: Option<&str>) -> Visible {
    let plain = plain.map(page::clean).filter(|text| !text.trim().is_empty());
    let whole = match (plain, html) {
        (Some(text), None) => text,
        (Some(text), Some(_)) if !says_nothing(&text) => text,
        (text, Some(html)) => {
            let read = text_of_html(html);
            if read.trim().is_empty() { text.unwrap_or_default() } else { read }
        }
        (None, None) => String::new(),
    };
    let OwnWords { own, in_context, signature, borrowed } = own_words(&whole);
    Visible { own, in_context, whole: trimmed(&whole).to_owned(), signature, borrowed }
}

/// A plain part that only sends the reader to the other one, or that a program made of HTML without taking the tags off.
pub fn says_nothing(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(400).collect::<String>().to_lowercase();
    let pointer = text.len() < 400
        && start.contains("html")
        && [
            "view",
            "support",
            "display",
            "see",
            "client",
            "viewer",
            "afficher",
            "ver ",
            "anzeigen",
            "просмотр",
            "查看",
            "عرض",
        ]
        .iter()
        .any(|word| start.contains(word));
    let markup = ["<!doctype html", "<html"].iter().any(|tag| start.starts_with(tag));
    pointer || markup
}

/// The writer's own words in plain text. Linear in the text's length; any text is taken.
pub fn own_words(text: &str) -> OwnWords {
    let clean = page::clean(text);
    let page = Page::of(&clean);
    let Reading { runs, sent_on } = read(&page);
    let last = runs.iter().rposition(|run| run.speaks(&page)).map_or(0, |at| at + 1);
    let (mut own, mut in_context, mut signature) = (String::new(), String::new(), String::new());
    for (at, run) in runs.iter().enumerate() {
        let lines = &page.lines[run.start..run.end];
        match run.voice {
            Voice::Writer => {
                let kept = Kept::of(lines);
                append(&mut own, kept.own);
                append(&mut in_context, kept.own);
                append(&mut signature, kept.signature);
            }
            Voice::Quoted { introduced } => {
                if at < last && (!introduced || !own.is_empty()) {
                    append(&mut in_context, lines);
                }
            }
        }
    }
    if own.is_empty() {
        let all = trimmed(&clean).to_owned();
        return OwnWords { in_context: all.clone(), borrowed: !all.is_empty(), own: all, signature: String::new() };
    }
    let text = |text: &str| trimmed(text).to_owned();
    OwnWords { own: text(&own), in_context: text(&in_context), signature: text(&signature), borrowed: sent_on }
}

/// Who speaks in a run of lines.
#[derive(Clone, Copy)]
enum Voice {
    Writer,
    Quoted {
        /// Something above says whose words these are.
        introduced: bool,
    },
}

struct Run {
    start: usize,
    /// The line behind the last.
    end: usize,
    voice: Voice,
}

impl Run {
    /// Whether the writer says anything here.
    fn speaks(&self, page: &Page<'_>) -> bool {
        matches!(self.voice, Voice::Writer) && !Kept::of(&page.lines[self.start..self.end]).own.is_empty()
    }
}

/// A page, taken apart.
#[derive(Default)]
struct Reading {
    /// In their order; introductions, and all below a mail that is quoted without marks, are left out.
    runs: Vec<Run>,
    /// A mail that was sent on without a word: the runs are another's.
    sent_on: bool,
}

fn read(page: &Page<'_>) -> Reading {
    let mut reading = Reading::default();
    let mut at = notices::banner(&page.lines[..page.len().min(12)]);
    let (mut said, mut introduced) = (false, false);
    while at < page.len() {
        if let Some(Introduction { end, marked, heads }) = introduction(page, at) {
            if !marked && said {
                return reading;
            }
            if !marked && heads {
                // Nothing of the writer's above: a reader wants to know whose mail was sent on.
                reading.runs.push(Run { start: at, end, voice: Voice::Writer });
                reading.sent_on = true;
            }
            introduced = true;
            at = end;
            continue;
        }
        let start = at;
        let quoted = page.is_quoted(at);
        let ends = |at: usize| page.is_quoted(at) != quoted || (at > start && introduction(page, at).is_some());
        at = (at..page.len()).find(|at| ends(*at)).unwrap_or(page.len());
        let voice = if quoted { Voice::Quoted { introduced } } else { Voice::Writer };
        let run = Run { start, end: at, voice };
        let speaks = run.speaks(page);
        said |= speaks;
        introduced &= !speaks;
        reading.runs.push(run);
    }
    reading
}

/// Lines that say that what follows is another's.
struct Introduction {
    /// The line behind the last.
    end: usize,
    /// What follows carries marks of quotation, so that what has none is the writer's again.
    marked: bool,
    /// It is the head of a mail.
    heads: bool,
}

fn introduction(page: &Page<'_>, at: usize) -> Option<Introduction> {
    page.plain(at)?;
    if let Some(end) = headers::block(page, at) {
        let marked = end == at + 1 && page.is_quoted(page.words_from(end));
        return Some(Introduction { end, marked, heads: true });
    }
    let end = attribution::line(page, at)?;
    Some(Introduction { end, marked: page.is_quoted(page.words_from(end)), heads: false })
}

/// A run of lines, what closes it taken off.
struct Kept<'p, 'a> {
    own: &'p [&'a str],
    signature: &'p [&'a str],
}

impl<'p, 'a> Kept<'p, 'a> {
    fn of(lines: &'p [&'a str]) -> Self {
        let mut own = without_empty_end(lines);
        let mut signature: &[&str] = &[];
        for _ in 0..MOST_CLOSINGS {
            let before = own.len();
            own = without_empty_end(&own[..notices::begin(own)]);
            while own.last().is_some_and(|line| device::says(line)) {
                own = without_empty_end(&own[..own.len() - 1]);
            }
            if let Some(at) = signature::begins(own) {
                signature = &own[at + 1..];
                own = without_empty_end(&own[..at]);
            }
            if own.len() == before {
                break;
            }
        }
        Self { own, signature }
    }
}

fn without_empty_end<'p, 'a>(lines: &'p [&'a str]) -> &'p [&'a str] {
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    &lines[..end]
}

fn append(text: &mut String, lines: &[&str]) {
    if lines.iter().all(|line| line.is_empty()) {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for line in lines.iter().skip_while(|line| line.is_empty()) {
        text.push_str(line);
        text.push('\n');
    }
}

/// Without empty lines at the beginning and white space at the end; the first line keeps its indentation.
fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let indented = text.len() - text.trim_start().len();
    let start = text[..indented].rfind('\n').map_or(0, |at| at + 1);
    &text[start..]
}
