//! One letter in one language, compiled once, rendered for every delegation.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use handlebars::{Context, Handlebars, RenderError};
use serde_json::{Map, Value as Json};

use super::check;
use super::frames::Frames;
use super::helpers::{Alarm, engine};
use super::marks::{is_private, unshield};
use super::pieces::{Piece, Span};
use super::placeholders::{self, MOST_TAGS};
use super::scope::Scope;
use super::tags::{self, Block as BlockTag, Tag, TagError};
use super::tree::{Inline, Mark, settle};
use super::{bidi, front, html, markdown, set, text, typography, wrap};
use crate::config::source::Source;
use crate::letters::facts::Lists;
use crate::letters::guards::words::{Strange, strange_words};
use crate::letters::letter::{LARGEST_PART, LONGEST_SUBJECT, Rendered};
use crate::letters::wording::Tongue;
use crate::letters::{Facts, Words, holes};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Language, LetterName, safe_text};

/// `templates/letters/NAME/LANG.md` as it was read.
#[derive(Debug, Clone)]
pub struct LetterSource {
    pub name: LetterName,
    pub language: Language,
    pub source: Source,
}

/// A letter ready to be rendered hundreds of thousands of times.
#[derive(Debug)]
pub struct Press {
    letter: LetterSource,
    /// Where the tags stand, by number.
    tags: Vec<Range<usize>>,
    subject: Range<usize>,
    /// Values as they are: `subject` and `text`.
    plain: Handlebars<'static>,
    /// Values escaped: `html`.
    html: Handlebars<'static>,
    /// Values escaped for JSON: `set`. Read by the engine where the first letter is printed, for many never are.
    set: OnceLock<Result<Handlebars<'static>, String>>,
    set_template: String,
    /// The lists of the letter before, which are mostly those of the next.
    lists: Mutex<Option<(Lists, Map<String, Json>)>>,
}

impl Press {
    /// Checks a letter and makes its templates.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the lines.
    pub fn compile(letter: &LetterSource, frames: &Frames, scope: &Scope) -> Result<Self, Vec<Problem>> {
        let source = &letter.source;
        let mut errors = Vec::new();
        strange_characters(&source.text, &mut errors);
        let parts = front::split(&source.text, &mut errors);
        let subject_tags = tags::scan(&source.text, parts.subject.clone(), &mut errors);
        let first_of_body = subject_tags.len();
        let mut all_tags = subject_tags;
        all_tags.extend(tags::scan(&source.text, parts.body.clone(), &mut errors));
        if all_tags.len() > MOST_TAGS {
            errors.push(TagError::new(parts.body.start..parts.body.start, "a letter has at most 60,000 tags"));
            return Err(shown(source, errors));
        }
        let (pieces, spans) = check::check(&all_tags, scope, letter.language, &mut errors);
        let mut subject = subject_line(source, &parts.subject, &all_tags[..first_of_body], &pieces, &mut errors);
        let hidden = placeholders::hide(&source.text, parts.body.clone(), &all_tags, first_of_body, &pieces);
        let parsed = markdown::parse(&source.text, &hidden, &pieces, &mut errors);
        if parsed.blocks.is_empty() && errors.is_empty() {
            errors.push(TagError::new(parts.body.clone(), "the letter is empty"));
        }
        if errors.is_empty() {
            nothing_lost(&all_tags, first_of_body, &pieces, &parsed.container, &mut errors);
        }
        well_nested(&spans, &parsed.container, first_of_body, &all_tags, &mut errors);
        if !errors.is_empty() {
            return Err(shown(source, errors));
        }
        let marks = marks_of(&spans);
        let tongue = Tongue::of(letter.language);
        typography::line(&mut subject, tongue);
        let mut blocks = settle(parsed.blocks, &|tag| marks.get(&tag).copied().unwrap_or(Mark::Leaf));
        typography::typeset(&mut blocks, tongue);
        let (plain_subject, html_subject) = (text::line(&subject, &pieces), html::line(&subject, &pieces));
        let mut plain = engine(letter.language, str::to_owned);
        let mut rich = engine(letter.language, handlebars::html_escape);
        let text_template = frames.text(letter.language, &plain_subject, &text::write(&blocks, &pieces));
        let html_template = frames.html(
            letter.language,
            &html_subject,
            &html::write(&blocks, &pieces, letter.language.right_to_left()),
        );
        plain
            .register_template_string("subject", plain_subject)
            .and_then(|()| plain.register_template_string("text", text_template))
            .and_then(|()| rich.register_template_string("html", html_template))
            .map_err(|error| vec![engine_problem(source, &error.reason().to_string())])?;
        Ok(Self {
            letter: letter.clone(),
            tags: all_tags.into_iter().map(|tag| tag.range).collect(),
            subject: parts.subject,
            plain,
            html: rich,
            set: OnceLock::new(),
            set_template: set::write(&blocks, &pieces),
            lists: Mutex::default(),
        })
    }

    pub fn language(&self) -> Language {
        self.letter.language
    }

    pub fn letter(&self) -> &LetterSource {
        &self.letter
    }

    /// One delegation's letter.
    ///
    /// # Errors
    /// Every fact that is printed and not known, empty or unsafe, at its tag; every hole that is left.
    pub fn render(&self, facts: &Facts) -> Result<Rendered, Vec<Problem>> {
        let failed = |error: &dyn std::fmt::Display| vec![engine_problem(&self.letter.source, &error.to_string())];
        let (mut context, lists) = self.context(facts).map_err(|e| failed(&e))?;
        let print =
            |engine: &Handlebars<'static>, name| engine.render_with_context(name, &context).map_err(|e| failed(&e));
        let subject = print(&self.plain, "subject")?;
        let marked = print(&self.plain, "text")?;
        let html = print(&self.html, "html")?;
        self.keep_lists(lists, &mut context);

        let alarms: BTreeSet<(usize, Alarm)> =
            [&subject, &marked, &html].into_iter().flat_map(|t| Alarm::all_in(t)).collect();
        let mut problems: Vec<Problem> = alarms.into_iter().map(|(tag, alarm)| self.alarmed(tag, alarm)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let subject = unshield(subject.trim()).into_owned();
        let wrapped = wrap::wrap(&marked);
        let html = html::without_empty_elements(bidi::isolated(&html, self.language().right_to_left()));
        self.judge_subject(&subject, &mut problems);
        for paragraph in &wrapped.paragraphs {
            self.judge_words(paragraph, &mut problems);
        }
        for (part, bytes) in [("text", wrapped.text.len()), ("HTML", html.len())] {
            if bytes > LARGEST_PART {
                problems.push(self.problem(format!("the letter's {part} has {bytes} bytes, over 1 MiB")));
            }
        }
        if wrapped.paragraphs.is_empty() {
            problems.push(self.problem("nothing is left of the letter for this delegation"));
        }
        if problems.is_empty()
            && let Some((text, html)) = Words::of(&wrapped.text).difference(&html::words(&html))
        {
            problems.push(self.differs("HTML", &text, &html));
        }
        if problems.is_empty() { Ok(Rendered { subject, text: wrapped.text, html }) } else { Err(problems) }
    }

    /// That a form of the letter says other words than its text.
    pub fn differs(&self, form: &str, text: &str, other: &str) -> Problem {
        let message = format!("the letter's {form} and its text do not say the same: “…{other}…” against “…{text}…”");
        self.problem(message)
            .help("this is our mistake, or the frame's: compare the frame with that of a fresh workspace")
    }

    /// The letter's blocks with their values, as the printer takes them: JSON.
    ///
    /// # Errors
    /// When the engine refuses; facts that must not be printed are [`Press::render`]'s to find.
    pub fn set(&self, facts: &Facts) -> Result<String, Vec<Problem>> {
        let failed = |error: &dyn std::fmt::Display| vec![engine_problem(&self.letter.source, &error.to_string())];
        let (context, _) = self.context(facts).map_err(|e| failed(&e))?;
        let engine = self.set.get_or_init(|| self.engine_of_set()).as_ref().map_err(|e| failed(e))?;
        engine.render_with_context("set", &context).map_err(|e| failed(&e))
    }

    /// All facts, as the engines take them.
    fn context(&self, facts: &Facts) -> Result<(Context, Lists), RenderError> {
        let mut context = Context::wraps(facts)?;
        let kept = self.lists.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (of, mut lists) = match kept {
            Some(kept) if kept.0 == *facts.lists() => kept,
            _ => match Context::wraps(facts.lists())?.data_mut().take() {
                Json::Object(lists) => (facts.lists().clone(), lists),
                _ => (facts.lists().clone(), Map::new()),
            },
        };
        if let Json::Object(all) = context.data_mut() {
            all.append(&mut lists);
        }
        Ok((context, of))
    }

    /// Takes the lists back, for the next letter.
    fn keep_lists(&self, of: Lists, context: &mut Context) {
        let Json::Object(all) = context.data_mut() else { return };
        let lists = ["signatories", "asks"].into_iter().filter_map(|name| all.remove_entry(name)).collect();
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Some((of, lists));
    }

    fn engine_of_set(&self) -> Result<Handlebars<'static>, String> {
        let mut data = engine(self.letter.language, set::escape);
        data.register_template_string("set", &self.set_template).map_err(|e| e.reason().to_string())?;
        Ok(data)
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::error(message).in_file(&self.letter.source.file)
    }

    /// What an alarm means, at the tag that sounded it.
    fn alarmed(&self, tag: usize, alarm: Alarm) -> Problem {
        let range = self.tags.get(tag).cloned().unwrap_or_default();
        let written = self.letter.source.text.get(range.clone()).unwrap_or("");
        let name = written.trim_matches(['{', '}', ' ']).trim_start_matches("#each ").trim();
        let fact = name.split_whitespace().nth(1).map_or(name, |fact| fact.trim_matches('"'));
        let (message, help) = match alarm {
            Alarm::Missing => (
                format!("`{fact}` is not known for this delegation"),
                format!("fill it in, or write {{{{#if {fact}}}}} … {{{{/if}}}} around it"),
            ),
            Alarm::Empty => (
                format!("`{fact}` is empty for this delegation"),
                format!("fill it in, or write {{{{#if {fact}}}}} … {{{{/if}}}} around it"),
            ),
            Alarm::Unsafe => (
                format!("`{fact}` holds an invisible or control character"),
                "type it anew where it comes from".to_owned(),
            ),
            Alarm::Wrong => (format!("`{fact}` cannot be printed this way"), "look at the helper before it".to_owned()),
            Alarm::EmptyList => (
                format!("`{fact}` is empty"),
                format!("fill it in, or write {{{{#if {fact}}}}} … {{{{/if}}}} around it"),
            ),
        };
        Problem::error(message).at(self.letter.source.place(range)).help(help)
    }

    fn judge_subject(&self, subject: &str, problems: &mut Vec<Problem>) {
        let place = || self.letter.source.place(self.subject.clone());
        let length = subject.chars().count();
        if subject.is_empty() {
            problems.push(Problem::error("the subject is empty for this delegation").at(place()));
        } else if length > LONGEST_SUBJECT {
            let message = format!("the subject has {length} characters, over {LONGEST_SUBJECT}: mail programs cut it");
            problems.push(Problem::error(message).at(place()).help("shorten it"));
        }
        if let Some(hole) = holes::rendered(subject).first() {
            problems.push(Problem::error(hole.what.describe()).at(place()).help(excerpt(subject, &hole.range)));
        }
    }

    fn judge_words(&self, paragraph: &str, problems: &mut Vec<Problem>) {
        for hole in holes::rendered(paragraph) {
            problems.push(self.problem(hole.what.describe()).help(excerpt(paragraph, &hole.range)));
        }
    }
}

fn excerpt(line: &str, range: &Range<usize>) -> String {
    let before: String = line[..range.start].chars().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect();
    let after: String = line[range.start..].chars().take(30).collect();
    format!("it stands in: {}", safe_text::line(&format!("{before}{after}")))
}

fn engine_problem(source: &Source, message: &str) -> Problem {
    Problem::error(format!("the template engine refuses the letter: {message}"))
        .in_file(&source.file)
        .help("this is our mistake, not the letter's: please report it with the letter")
}

/// Errors with their places, in the order of the file, each once.
fn shown(source: &Source, mut errors: Vec<TagError>) -> Vec<Problem> {
    errors.sort_by_key(|error| (error.range.start, error.range.end));
    let mut problems: Vec<Problem> = Vec::new();
    for error in errors {
        let problem = Problem { help: error.help, ..Problem::error(error.message) }.at(source.place(error.range));
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// Characters that nobody sees, or that we use ourselves. Joiners and marks of direction are letters of some scripts.
fn strange_characters(text: &str, errors: &mut Vec<TagError>) {
    for (at, c) in text.char_indices() {
        let plain = matches!(c, '\n' | '\t' | '\u{200C}'..='\u{200F}')
            || (c == '\r' && text[at..].starts_with("\r\n"))
            || (c == '\u{FEFF}' && at == 0);
        if !plain && (safe_text::is_unsafe(c) || is_private(c)) {
            let message = format!("an invisible or control character, U+{:04X}", u32::from(c));
            errors.push(
                TagError::new(at..at + c.len_utf8(), message).help("delete it, and type the words around it anew"),
            );
        }
    }
}

/// The subject as inlines: plain words and tags, no Markdown.
fn subject_line(
    source: &Source,
    range: &Range<usize>,
    tags: &[Tag],
    pieces: &[Piece],
    errors: &mut Vec<TagError>,
) -> Vec<Inline> {
    let mut inlines = Vec::new();
    let mut words = |range: Range<usize>, inlines: &mut Vec<Inline>| {
        let text = &source.text[range.clone()];
        for hole in holes::unfinished(text) {
            let at = range.start + hole.range.start..range.start + hole.range.end;
            errors.push(TagError::new(at, hole.what.describe()).help("write what it stands for, or remove it"));
        }
        // How long a subject may be is judged when it is rendered.
        for (strange, place) in strange_words(text).into_iter().filter(|(strange, _)| *strange == Strange::Mixed) {
            let at = range.start + place.start..range.start + place.end;
            errors.push(TagError::new(at, strange.describe(&text[place])).help(strange.help()));
        }
        if !text.is_empty() {
            let mut words = text.to_owned();
            while words.contains("  ") {
                words = words.replace("  ", " ");
            }
            inlines.push(Inline::Text(words, range));
        }
    };
    let mut at = range.start;
    let mut lists = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        words(at..tag.range.start, &mut inlines);
        at = tag.range.end;
        match pieces[index] {
            Piece::Nothing => {}
            Piece::Signatories | Piece::Asks => lists.push(tag.range.clone()),
            _ => inlines.push(Inline::Tag(index)),
        }
    }
    words(at..range.end.max(at), &mut inlines);
    for range in lists {
        errors.push(TagError::new(range, "a list cannot stand in the subject").help("write {{list asks}}"));
    }
    inlines
}

/// Every block must begin and end within the same paragraph, item or quote, or between the same paragraphs: otherwise half
/// an element would be left when it does not hold.
fn well_nested(
    spans: &[Span],
    container: &[Option<usize>],
    first_of_body: usize,
    tags: &[Tag],
    errors: &mut Vec<TagError>,
) {
    for span in spans {
        let place = |tag: usize| if tag < first_of_body { Some(0) } else { container[tag] };
        let here = place(span.open);
        let same = span.elses.iter().chain([&span.close]).all(|tag| place(*tag) == here);
        let reached = here.is_some() && place(span.close).is_some();
        if !same && reached {
            let line = |tag: usize| tags[tag].range.clone();
            errors.push(
                TagError::new(
                    line(span.open),
                    format!("this `#{}` begins and ends in different parts of the letter", span.block.word()),
                )
                .help("put both tags on lines of their own, or both into the same paragraph"),
            );
        }
    }
}

/// Markdown drops what it takes for the definition of a link: a tag in it would be gone without a word.
fn nothing_lost(
    tags: &[Tag],
    first_of_body: usize,
    pieces: &[Piece],
    container: &[Option<usize>],
    errors: &mut Vec<TagError>,
) {
    for (index, tag) in tags.iter().enumerate().skip(first_of_body) {
        if pieces[index] != Piece::Nothing && container[index].is_none() {
            errors.push(
                TagError::new(tag.range.clone(), "this tag stands where nothing is printed")
                    .help("move it into a paragraph"),
            );
        }
    }
}

fn marks_of(spans: &[Span]) -> BTreeMap<usize, Mark> {
    let mut marks = BTreeMap::new();
    for span in spans {
        let each = span.block == BlockTag::Each && span.elses.is_empty();
        marks.insert(span.open, Mark::Open { close: span.close, each });
        marks.insert(span.close, Mark::Close);
        for tag in &span.elses {
            marks.insert(*tag, Mark::Else { close: span.close });
        }
    }
    marks
}
