//! The front matter of a letter: `key: text`, one line each, between two lines of `---`.

use std::ops::Range;

use super::tags::TagError;
use crate::vocabulary::hint;

/// Where the parts of a letter stand in its source (bytes).
#[derive(Debug, Clone)]
pub struct Parts {
    /// Without its quotes.
    pub subject: Range<usize>,
    pub body: Range<usize>,
}

const KEYS: [&str; 1] = ["subject"];

/// Splits a letter; what is missing has an empty range and an error.
pub fn split(text: &str, errors: &mut Vec<TagError>) -> Parts {
    let start = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let mut parts = Parts { subject: start..start, body: start..text.len() };
    let mut at = start;
    let mut subject: Option<Range<usize>> = None;
    let mut lines = text[start..].split_inclusive('\n');
    let opens = lines.next().is_some_and(|first| first.trim_end() == "---");
    if !opens {
        errors.push(
            TagError::new(start..start + line_length(text, start), "a letter begins with its front matter")
                .help("begin with three lines: ---, subject: …, ---"),
        );
        return parts;
    }
    at += text[start..].split_inclusive('\n').next().map_or(0, str::len);
    for line in lines {
        let here = at..at + line.trim_end().len();
        at += line.len();
        if line.trim_end() == "---" {
            parts.body = at..text.len();
            match subject {
                Some(range) => parts.subject = range,
                None => errors.push(TagError::new(here, "the front matter has no `subject`").help("write subject: …")),
            }
            return parts;
        }
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.trim_end().split_once(':') else {
            errors.push(TagError::new(here, "front matter is written `key: text`, one line each"));
            continue;
        };
        let key_range = here.start..here.start + key.len();
        if key.trim() != KEYS[0] {
            let error = TagError::new(key_range, format!("there is no key `{}`", key.trim()));
            errors.push(match hint::nearest(key.trim(), KEYS) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("the only key is `subject`"),
            });
            continue;
        }
        if subject.is_some() {
            errors.push(TagError::new(key_range, "`subject` stands twice"));
            continue;
        }
        let value_start = here.start + key.len() + 1 + (value.len() - value.trim_start().len());
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().any(|q| value.len() >= 2 && value.starts_with(q) && value.ends_with(q));
        let range = if quoted {
            value_start + 1..value_start + value.len() - 1
        } else {
            value_start..value_start + value.len()
        };
        if text[range.clone()].trim().is_empty() {
            errors.push(TagError::new(here, "the subject is empty").help("write subject: …"));
        }
        subject = Some(range);
    }
    errors.push(
        TagError::new(start..start + 3, "the front matter is never closed")
            .help("close it with a line of three hyphens: ---"),
    );
    parts.subject = subject.unwrap_or(start..start);
    parts.body = text.len()..text.len();
    parts
}

fn line_length(text: &str, start: usize) -> usize {
    text[start..].lines().next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, subject: &str, messages: &[&str]) {
        let mut errors = Vec::new();
        let parts = split(text, &mut errors);
        assert_eq!(&text[parts.subject], subject, "{text:?}");
        let found: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
        assert_eq!(found, messages, "{text:?}");
    }

    #[test]
    fn a_subject_may_stand_in_quotes_and_hold_colons() {
        check("---\nsubject: Item 4: a letter\n---\nBody", "Item 4: a letter", &[]);
        check("\u{FEFF}---\r\nsubject: \"A letter\"\r\n---\r\nBody", "A letter", &[]);
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let mut errors = Vec::new();
        split("---\nsubjet: x\n---\n", &mut errors);
        assert_eq!(errors[0].range, 4..10);
        assert_eq!(errors[0].help.as_deref(), Some("did you mean `subject`?"));
    }

    #[test]
    fn front_matter_that_is_missing_or_open_is_an_error() {
        check("Excellency,", "", &["a letter begins with its front matter"]);
        check(
            "---\nsubject: x\n\nExcellency,",
            "x",
            &["front matter is written `key: text`, one line each", "the front matter is never closed"],
        );
        check("---\nsubject:\n---\n", "", &["the subject is empty"]);
        check("---\n---\n", "", &["the front matter has no `subject`"]);
    }
}
