//! Finds the `{{…}}` tags of a letter, and refuses every form that is not needed in one.

use std::ops::Range;

use super::expression::{Expression, ParseError, parse};

/// One tag and where it stands in the source (bytes, braces included).
#[derive(Debug, Clone)]
pub struct Tag {
    pub range: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// `{{salutation}}`, `{{date session.opens}}`
    Print(Expression),
    /// `{{#if …}}`
    Open(Block, Expression),
    /// `{{else}}`, `{{else if …}}`
    Else(Option<(Block, Expression)>),
    /// `{{/if}}`
    Close(Block),
    /// `{{! a note for colleagues }}`: prints nothing.
    Comment,
    /// Already reported.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    If,
    Unless,
    Each,
}

impl Block {
    pub const ALL: [Self; 3] = [Self::If, Self::Unless, Self::Each];

    pub fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Unless => "unless",
            Self::Each => "each",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|block| block.word() == word)
    }
}

/// What is wrong with a tag's form: where, why, what to do.
#[derive(Debug, Clone)]
pub struct TagError {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl TagError {
    pub fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<ParseError> for TagError {
    fn from(error: ParseError) -> Self {
        Self { range: error.range, message: error.message, help: error.help }
    }
}

/// All tags within `range` of `text`, in order; a broken one keeps its place as [`Kind::Broken`].
pub fn scan(text: &str, range: Range<usize>, errors: &mut Vec<TagError>) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = range.start;
    while let Some(found) = text[at..range.end].find(['{', '}']).map(|i| at + i) {
        let rest = &text[found..range.end];
        if rest.starts_with("}}") {
            errors.push(
                TagError::new(found..found + 2, "`}}` closes no tag").help("open it with `{{`, or remove the braces"),
            );
            at = found + 2;
        } else if rest.starts_with("{{") {
            let tag = one(text, found, range.end, errors);
            at = tag.range.end;
            tags.push(tag);
        } else {
            at = found + 1;
        }
    }
    tags
}

fn one(text: &str, start: usize, limit: usize, errors: &mut Vec<TagError>) -> Tag {
    let rest = &text[start..limit];
    let mut broken = |end: usize, error: TagError| {
        errors.push(error);
        Tag { range: start..end, kind: Kind::Broken }
    };
    let Some(end) = end_of(rest).map(|length| start + length) else {
        let line_end = rest.find('\n').map_or(limit, |i| start + i);
        let error = TagError::new(start..start + 2, "this tag is never closed")
            .help("close it with `}}` in the same paragraph");
        return broken(line_end, error);
    };
    let range = start..end;
    if text[..start].ends_with('\\') {
        let error =
            TagError::new(start - 1..end, "an escaped tag has no place in a letter: its braces would be printed");
        return broken(end, error.help("remove the backslash"));
    }
    if rest.starts_with("{{!") {
        return Tag { range, kind: Kind::Comment };
    }
    let inner = start + 2..end - 2;
    let body = &text[inner.clone()];
    if let Some(why) = refused(body) {
        let error = TagError::new(range, why).help("write {{name}}, {{date name}} or {{#if name}} … {{/if}}");
        return broken(end, error);
    }
    match kind(text, inner, &range) {
        Ok(kind) => Tag { range, kind },
        Err(error) => broken(end, error),
    }
}

/// The length of the tag at the start of `rest`, braces included; `None` when it never closes.
fn end_of(rest: &str) -> Option<usize> {
    if rest.starts_with("{{!--") {
        return rest.find("--}}").map(|i| i + 4);
    }
    if rest.starts_with("{{{{") {
        return rest.find("}}}}").map(|i| i + 4);
    }
    if rest.starts_with("{{{") {
        return rest.find("}}}").map(|i| i + 3);
    }
    let comment = rest.starts_with("{{!");
    let mut quote = None;
    let mut line_is_blank = false;
    for (i, c) in rest.char_indices().skip(2) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if rest[i..].starts_with("}}") => return Some(i + 2),
            None if rest[i..].starts_with("{{") => return None,
            None if (c == '"' || c == '\'') && !comment => quote = Some(c),
            None => {}
        }
        // An empty line ends the paragraph, and with it every hope that the tag still closes.
        match c {
            '\n' if line_is_blank => return None,
            '\n' => line_is_blank = true,
            c if !c.is_whitespace() => line_is_blank = false,
            _ => {}
        }
    }
    None
}

fn refused(body: &str) -> Option<&'static str> {
    let first = body.trim_start().chars().next()?;
    let last = body.trim_end().chars().next_back()?;
    match first {
        '{' => Some("an unescaped or raw tag is refused: a value could then be read as HTML"),
        '&' => Some("an unescaped tag is refused: a value could then be read as HTML"),
        '>' => Some("a letter stands alone: partials are refused"),
        '*' => Some("decorators are refused in a letter"),
        '~' => Some("whitespace control is refused: spaces are kept as they are written"),
        _ if last == '~' => Some("whitespace control is refused: spaces are kept as they are written"),
        _ => None,
    }
}

fn kind(text: &str, inner: Range<usize>, whole: &Range<usize>) -> Result<Kind, TagError> {
    let body = &text[inner.clone()];
    let trimmed = body.trim();
    let start = inner.start + (body.len() - body.trim_start().len());
    let end = start + trimmed.len();
    if trimmed.is_empty() {
        return Err(
            TagError::new(whole.clone(), "this tag is empty").help("write the name of a fact: {{delegation.name}}")
        );
    }
    if trimmed.starts_with('#') || trimmed.starts_with('/') {
        let opens = trimmed.starts_with('#');
        let word_start = end - trimmed[1..].trim_start().len();
        let word_len = text[word_start..end].find(char::is_whitespace).unwrap_or(end - word_start);
        let word = word_start..word_start + word_len;
        let block = Block::of(&text[word.clone()]).ok_or_else(|| unknown_block(text, word.clone()))?;
        if opens {
            return Ok(Kind::Open(block, argument(text, word.end..end, block, whole)?));
        }
        return if word.end == end {
            Ok(Kind::Close(block))
        } else {
            Err(TagError::new(word.end..end, format!("nothing can follow `/{}`", block.word())))
        };
    }
    let otherwise = trimmed.strip_prefix('^').or_else(|| {
        trimmed.strip_prefix("else").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    });
    if let Some(rest) = otherwise {
        let rest_start = end - rest.trim_start().len();
        if rest.trim().is_empty() {
            return Ok(Kind::Else(None));
        }
        let word_len = text[rest_start..end].find(char::is_whitespace).unwrap_or(end - rest_start);
        let word = rest_start..rest_start + word_len;
        return match Block::of(&text[word.clone()]) {
            Some(block @ (Block::If | Block::Unless)) => {
                Ok(Kind::Else(Some((block, argument(text, word.end..end, block, whole)?))))
            }
            _ => Err(TagError::new(word, "only `if` or `unless` can follow `else`")),
        };
    }
    Ok(Kind::Print(parse(text, start..end)?))
}

fn argument(text: &str, range: Range<usize>, block: Block, whole: &Range<usize>) -> Result<Expression, TagError> {
    if text[range.clone()].trim().is_empty() {
        let what = if block == Block::Each { "signatories" } else { "head.name" };
        return Err(TagError::new(whole.clone(), format!("`{}` needs a name", block.word()))
            .help(format!("write {{{{#{} {what}}}}}", block.word())));
    }
    Ok(parse(text, range)?)
}

fn unknown_block(text: &str, word: Range<usize>) -> TagError {
    let known = Block::ALL.map(Block::word);
    let near = crate::vocabulary::hint::nearest(&text[word.clone()], known);
    let error = TagError::new(word.clone(), format!("there is no block `{}`", &text[word]));
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("blocks are if, unless and each"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<TagError> {
        let mut errors = Vec::new();
        scan(text, 0..text.len(), &mut errors);
        errors
    }

    #[test]
    fn every_form_of_tag_that_a_letter_does_not_need_is_refused_at_its_place() {
        for (text, range) in [
            ("a {{{x}}} b", 2..9),
            ("a {{{{x}}}} b", 2..11),
            ("a {{& x}} b", 2..9),
            ("a {{> x}} b", 2..9),
            ("a {{* x}} b", 2..9),
            ("a {{~x}} b", 2..8),
            ("a {{x~}} b", 2..8),
            ("a \\{{x}} b", 2..8),
            ("a {{x b", 2..4),
            ("a {{x\n\n}} b", 2..4),
            ("a x}} b", 3..5),
            ("a {{}} b", 2..6),
            ("a {{#wiht x}} b", 5..9),
        ] {
            let errors = refused(text);
            assert_eq!(errors.first().map(|e| e.range.clone()), Some(range), "{text}: {errors:?}");
        }
    }

    #[test]
    fn tags_are_found_in_order_and_comments_may_hold_anything() {
        let text = "{{a}} {{#if b.c}}{{! it's }}{{!-- {{x}} --}}{{else if (not d)}}{{else}}{{/if}}";
        let mut errors = Vec::new();
        let tags = scan(text, 0..text.len(), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(tags.len(), 7);
        assert!(matches!(tags[4].kind, Kind::Else(Some((Block::If, _)))));
    }
}
