//! Marked paragraphs → lines of at most 72 columns.

use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::marks::{BREAK, END, FIRST, GAP, REST, WORDS, unshield};

/// Columns, as terminals count them. Short enough to be quoted a few times in 78 (RFC 5322, 2.1.1).
const COLUMNS: usize = 72;

/// A text part, and its paragraphs before they were wrapped: holes are looked for in these.
#[derive(Debug)]
pub struct Wrapped {
    pub text: String,
    pub paragraphs: Vec<String>,
}

/// Wraps what stands between marks; anything else (a frame's own lines) stays as it is.
pub fn wrap(marked: &str) -> Wrapped {
    let mut text = String::with_capacity(marked.len() + marked.len() / 16);
    let mut paragraphs = Vec::new();
    let mut rest = marked;
    let mut gap = false;
    while let Some(c) = rest.chars().next() {
        match c {
            GAP => {
                gap = true;
                rest = &rest[c.len_utf8()..];
            }
            FIRST => {
                let Some((record, after)) = rest.split_once(END) else { break };
                let words = unshield(record.split_once(WORDS).map_or("", |(_, words)| words));
                if !words.replace(BREAK, " ").trim().is_empty() {
                    let indents = record.trim_start_matches(FIRST).split_once(WORDS).map_or("", |(indents, _)| indents);
                    let (first, other) = indents.split_once(REST).unwrap_or(("", ""));
                    if gap && !text.is_empty() {
                        end_line(&mut text);
                        text.push_str(quote_bars(&text, first).trim_end());
                        text.push('\n');
                    }
                    gap = false;
                    paragraph(&words, first, other, &mut text);
                    paragraphs.extend(words.split(BREAK).map(|line| line.trim().to_owned()));
                }
                rest = after;
            }
            c => {
                text.push(c);
                gap = false;
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    let mut text = unshield(text.trim_matches('\n'));
    text.push('\n');
    Wrapped { text, paragraphs }
}

/// The bars of a quote run through the empty lines within it.
fn quote_bars<'a>(before: &str, indent: &'a str) -> &'a str {
    let bars = indent.len() - indent.trim_start_matches(['>', ' ']).len();
    let last = before.lines().next_back().unwrap_or("");
    let common = indent[..bars].bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    indent.get(..common).unwrap_or("")
}

fn end_line(text: &mut String) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

fn paragraph(words: &str, first: &str, other: &str, text: &mut String) {
    for (i, line) in words.split(BREAK).enumerate() {
        let options = Options::new(COLUMNS)
            .initial_indent(if i == 0 { first } else { other })
            .subsequent_indent(other)
            .break_words(false)
            .word_separator(WordSeparator::Custom(separate))
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for wrapped in textwrap::wrap(line.trim(), options) {
            text.push_str(wrapped.trim_end());
            text.push('\n');
        }
    }
}

/// Breaks at spaces only, so that no address of the web is cut; and between the signs of scripts that have no spaces.
fn separate(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let spaced = line.split_inclusive(' ');
    Box::new(spaced.flat_map(|word| -> Box<dyn Iterator<Item = Word<'_>>> {
        if word.chars().any(has_no_spaces) {
            WordSeparator::UnicodeBreakProperties.find_words(word)
        } else {
            Box::new(std::iter::once(Word::from(word)))
        }
    }))
}

/// Chinese, Japanese, Thai, Lao, Khmer, Burmese.
fn has_no_spaces(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(first: &str, rest: &str, words: &str) -> String {
        format!("{GAP}{FIRST}{first}{REST}{rest}{WORDS}{words}{END}{GAP}")
    }

    #[test]
    fn lines_end_at_column_72_and_addresses_of_the_web_are_never_cut() {
        let url = format!("https://www.coalition.example/{}", "long-name/".repeat(12));
        let text = wrap(&record("", "", &format!("{}{url} and more", "word ".repeat(20)))).text;
        assert!(text.lines().any(|line| line == url), "{text}");
        assert!(text.lines().filter(|line| *line != url).all(|line| line.chars().count() <= 72), "{text}");
    }

    #[test]
    fn a_bullet_hangs_and_a_quote_keeps_its_bars() {
        let marked = record("- ", "  ", &"word ".repeat(20)) + &record("> ", "> ", "a") + &record("> ", "> ", "b");
        let text = wrap(&marked).text;
        assert!(text.starts_with("- word") && text.lines().nth(1).unwrap().starts_with("  word"), "{text}");
        assert!(text.ends_with("\n\n> a\n>\n> b\n"), "{text}");
    }

    #[test]
    fn chinese_is_wrapped_though_it_has_no_spaces() {
        let text = wrap(&record("", "", &"人權".repeat(60))).text;
        assert!(text.lines().count() >= 3, "{text}");
    }
}
