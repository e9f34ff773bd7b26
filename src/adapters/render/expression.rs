//! What stands inside a tag: names, literals and helpers, each with its place in the source.
//!
//! Handlebars knows more than this. What is read here is written anew for it, so that nothing reaches the engine that was
//! not understood and checked.

use std::ops::Range;

/// A value and where it stands (bytes of the source).
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub range: Range<usize>,
    pub node: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `delegation.name`, `this.text`, `@last`
    Name(String),
    Text(String),
    Number(u64),
    YesNo(bool),
    Call {
        helper: Range<usize>,
        name: String,
        arguments: Vec<Expression>,
    },
}

#[derive(Debug, Clone)]
pub struct ParseError {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

fn error(range: Range<usize>, message: impl Into<String>) -> ParseError {
    ParseError { range, message: message.into(), help: None }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
}

/// Reads one value: a name, a literal, or a helper with its arguments.
///
/// # Errors
/// What is no value, with its place.
pub fn parse(text: &str, range: Range<usize>) -> Result<Expression, ParseError> {
    let tokens = tokens(text, range.clone())?;
    let mut at = 0;
    let found = sequence(&tokens, &mut at, &range, 0)?;
    match tokens.get(at) {
        None => Ok(found),
        Some((_, place)) => Err(error(place.clone(), "this `)` closes nothing")),
    }
}

/// Deeper than this no reader follows; and no stack is at stake.
const DEEPEST: usize = 8;

/// One value, or a helper's name and its arguments, up to `)` or the end.
fn sequence(
    tokens: &[(Token, Range<usize>)],
    at: &mut usize,
    whole: &Range<usize>,
    depth: usize,
) -> Result<Expression, ParseError> {
    if depth > DEEPEST {
        return Err(error(whole.clone(), "brackets are nested too deeply"));
    }
    let start = *at;
    let mut values = Vec::new();
    while let Some((token, place)) = tokens.get(*at) {
        *at += 1;
        let node = match token {
            Token::Close => {
                *at -= 1;
                break;
            }
            Token::Open => {
                let inside = sequence(tokens, at, place, depth + 1)?;
                let Some((Token::Close, end)) = tokens.get(*at) else {
                    return Err(error(place.clone(), "this `(` is never closed"));
                };
                *at += 1;
                values.push(Expression { range: place.start..end.end, ..inside });
                continue;
            }
            Token::Text(text) => Node::Text(text.clone()),
            Token::Word(word) => word_node(word, place)?,
        };
        values.push(Expression { range: place.clone(), node });
    }
    let mut values = values.into_iter();
    let Some(first) = values.next() else {
        return Err(error(whole.clone(), "here a name is missing"));
    };
    let arguments: Vec<Expression> = values.collect();
    let written_in_brackets = matches!(tokens.get(start), Some((Token::Open, _)));
    match (&first.node, arguments.last()) {
        (_, None) => Ok(first),
        (Node::Name(name), Some(last)) if !written_in_brackets => Ok(Expression {
            range: first.range.start..last.range.end,
            node: Node::Call { helper: first.range.clone(), name: name.clone(), arguments },
        }),
        (_, Some(_)) => Err(error(first.range.clone(), "only a helper can have something behind it")),
    }
}

fn word_node(word: &str, place: &Range<usize>) -> Result<Node, ParseError> {
    match word {
        "true" => return Ok(Node::YesNo(true)),
        "false" => return Ok(Node::YesNo(false)),
        "as" => return Err(error(place.clone(), "`as` is refused: an item is called `this`")),
        _ => {}
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().map(Node::Number).map_err(|_| error(place.clone(), "this number is too large"));
    }
    Ok(Node::Name(word.to_owned()))
}

fn tokens(text: &str, range: Range<usize>) -> Result<Vec<(Token, Range<usize>)>, ParseError> {
    let mut tokens = Vec::new();
    let mut at = range.start;
    while let Some(c) = text[at..range.end].chars().next() {
        let rest = &text[at..range.end];
        let (token, length) = match c {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '\'' => {
                let inside = rest[1..].find(c).map(|i| &rest[1..=i]);
                let inside = inside.ok_or_else(|| error(at..at + 1, "this text in quotes is never closed"))?;
                if inside.contains(['\\', '\n', '\r', '{', '}']) {
                    return Err(error(
                        at..at + inside.len() + 2,
                        "a text in a tag holds no backslash, brace or line break",
                    ));
                }
                (Token::Text(inside.to_owned()), inside.len() + 2)
            }
            c if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            '=' => return Err(error(at..at + 1, "named arguments are refused")),
            c => return Err(error(at..at + c.len_utf8(), format!("`{c}` has no meaning in a tag"))),
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_and_its_arguments_keep_their_places() {
        let text = "and (joined \"a\") head.name";
        let Node::Call { name, arguments, .. } = parse(text, 0..text.len()).unwrap().node else { panic!("a call") };
        assert_eq!(name, "and");
        assert_eq!(&text[arguments[0].range.clone()], "(joined \"a\")");
        assert_eq!(&text[arguments[1].range.clone()], "head.name");
    }

    #[test]
    fn what_is_no_value_is_refused_at_its_place() {
        for (text, range) in [
            ("a (b", 2..3),
            ("a b)", 3..4),
            ("a \"b", 2..3),
            ("a b=c", 3..4),
            ("a |b|", 2..3),
            ("\"x\" a", 0..3),
            ("()", 0..1),
        ] {
            assert_eq!(parse(text, 0..text.len()).map_err(|e| e.range), Err(range), "{text}");
        }
    }
}
