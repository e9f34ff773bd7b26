//! The frames around every letter: HTML and text. They hold no words, only `{{{body}}}`, `{{language}}`, `{{direction}}`
//! and `{{subject}}`.

use super::html::escape;
use super::marks::shield;
use crate::config::source::Source;
use crate::vocabulary::Language;
use crate::vocabulary::problem::Problem;

/// `templates/frames/letter.html.hbs` and `letter.txt.hbs`, checked.
#[derive(Debug, Clone)]
pub struct Frames {
    html: Vec<Part>,
    text: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// As it stands in the frame.
    Own(String),
    Body,
    Language,
    Direction,
    Subject,
}

const TAGS: [(&str, Part); 4] = [
    ("{{{body}}}", Part::Body),
    ("{{language}}", Part::Language),
    ("{{direction}}", Part::Direction),
    ("{{subject}}", Part::Subject),
];

/// What an HTML frame could load from outside, or run.
const FROM_OUTSIDE: [&str; 8] = ["http:", "https:", "src=", "srcset=", "url(", "<script", "<link", "@import"];

impl Frames {
    /// Reads both frames.
    ///
    /// # Errors
    /// Every unknown tag, every word and every remote content, with its place.
    pub fn read(html: &Source, text: &Source) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let frames = Self { html: parts(html, &mut problems), text: parts(text, &mut problems) };
        let lower = html.text.to_ascii_lowercase();
        for outside in FROM_OUTSIDE {
            for (at, _) in lower.match_indices(outside) {
                let problem = Problem::error(format!("a frame must load nothing from outside: `{outside}`"));
                problems
                    .push(problem.at(html.place(at..at + outside.len())).help("write the style into the frame itself"));
            }
        }
        if problems.is_empty() { Ok(frames) } else { Err(problems) }
    }

    /// The HTML template of a letter. `body` and `subject` are templates of their own.
    pub(super) fn html(&self, language: Language, subject: &str, body: &str) -> String {
        self.html.iter().fold(String::new(), |mut all, part| {
            match part {
                // Handlebars would take a backslash before a tag for an escape.
                Part::Own(own) => all.push_str(&own.replace('\\', "&#92;")),
                other => other.fill(language, subject, body, &mut all),
            }
            all
        })
    }

    /// The text template of a letter.
    pub(super) fn text(&self, language: Language, subject: &str, body: &str) -> String {
        self.text.iter().fold(String::new(), |mut all, part| {
            match part {
                Part::Own(own) => shield(own, &mut all),
                other => other.fill(language, subject, body, &mut all),
            }
            all
        })
    }
}

impl Part {
    fn fill(&self, language: Language, subject: &str, body: &str, into: &mut String) {
        match self {
            Self::Own(_) => {}
            Self::Body => into.push_str(body),
            Self::Language => escape(language.as_str(), into),
            Self::Direction => into.push_str(if language.right_to_left() { "rtl" } else { "ltr" }),
            Self::Subject => into.push_str(subject),
        }
    }
}

fn parts(source: &Source, problems: &mut Vec<Problem>) -> Vec<Part> {
    let text = &source.text;
    let mut parts = Vec::new();
    let mut at = 0;
    let mut inside_element = false;
    while at < text.len() {
        let next = text[at..].find("{{").map_or(text.len(), |i| at + i);
        let own = &text[at..next];
        if let Some(i) = own.char_indices().find_map(|(i, c)| {
            match c {
                '<' => inside_element = true,
                '>' => inside_element = false,
                _ => {}
            }
            (!inside_element && c.is_alphabetic()).then_some(i)
        }) {
            let word = own[i..].find(|c: char| !c.is_alphanumeric()).unwrap_or(own.len() - i);
            let problem = Problem::error("a frame holds no words of its own: each language would need others");
            problems.push(problem.at(source.place(at + i..at + i + word)).help("write them into the letter"));
        }
        if !own.is_empty() {
            parts.push(Part::Own(own.to_owned()));
        }
        at = next;
        if at == text.len() {
            break;
        }
        match TAGS.iter().find(|(tag, _)| text[at..].starts_with(tag)) {
            Some((tag, part)) => {
                parts.push(part.clone());
                at += tag.len();
            }
            None => {
                let end = text[at..].find("}}").map_or(text.len(), |i| at + i + 2);
                let known: Vec<&str> = TAGS.iter().map(|(tag, _)| *tag).collect();
                let problem = Problem::error("a frame knows no such tag");
                problems.push(problem.at(source.place(at..end)).help(format!("a frame knows {}", known.join(", "))));
                at = end;
            }
        }
    }
    if parts.iter().filter(|part| **part == Part::Body).count() != 1 {
        let problem = Problem::error("a frame prints the letter's body exactly once").in_file(&source.file);
        problems.push(problem.help("write {{{body}}} where the letter belongs"));
    }
    parts
}
