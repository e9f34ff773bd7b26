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
                if words.chars().any(|c| c != BREAK && !c.is_whitespace()) {
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
            _ => {
                let own = rest.find([GAP, FIRST]).unwrap_or(rest.len());
                text.push_str(&rest[..own]);
                gap = false;
                rest = &rest[own..];
            }
        }
    }
    let mut text = unshield(text.trim_matches('\n')).into_owned();
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
        let line = line.trim();
        if is_plain(line) && first.is_ascii() && other.is_ascii() {
            plain_lines(line, if i == 0 { first } else { other }, other, text);
            continue;
        }
        let options = Options::new(COLUMNS)
            .initial_indent(if i == 0 { first } else { other })
            .subsequent_indent(other)
            .break_words(false)
            .word_separator(WordSeparator::Custom(separate))
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for wrapped in textwrap::wrap(line, options) {
            text.push_str(wrapped.trim_end());
            text.push('\n');
        }
    }
}

/// Without two spaces in a row, and all characters one column wide: every space may end a line.
fn is_plain(line: &str) -> bool {
    let bytes = line.as_bytes();
    let twice = bytes.iter().zip(bytes.iter().skip(1)).fold(false, |twice, (a, b)| twice | (*a == b' ') & (*b == b' '));
    let printable = || bytes.iter().fold(true, |plain, b| plain & (b' '..=b'~').contains(b));
    !twice && (printable() || line.chars().all(is_narrow))
}

/// One column wide, and of a script with spaces: printable ASCII, Latin, Cyrillic, dashes, quotation marks, spaces that do not break.
fn is_narrow(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{AC}' | '\u{AE}'..='\u{24F}' | '\u{400}'..='\u{482}'
        | '\u{2012}'..='\u{2015}' | '\u{2018}'..='\u{201F}' | '\u{2026}' | '\u{202F}')
}

/// What `textwrap` makes of a plain line, from space to space instead of word by word: most lines of most letters are plain.
fn plain_lines(line: &str, first: &str, other: &str, text: &mut String) {
    let mut rest = line;
    let mut indent = first;
    loop {
        let room = COLUMNS.saturating_sub(indent.len());
        // Where the first column behind the line begins.
        let behind = if rest.len() <= room { None } else { rest.char_indices().nth(room) };
        let end = behind.map_or(rest.len(), |(behind, _)| {
            let fits = memchr::memrchr(b' ', &rest.as_bytes()[..=behind]);
            // A word that is longer than a line has one to itself.
            fits.or_else(|| memchr::memchr(b' ', rest.as_bytes())).unwrap_or(rest.len())
        });
        let begins = text.len();
        if !line.is_empty() {
            text.push_str(indent);
        }
        text.push_str(&rest[..end]);
        text.truncate(begins + text[begins..].trim_end().len());
        text.push('\n');
        rest = rest.get(end + 1..).unwrap_or("");
        if rest.is_empty() {
            return;
        }
        indent = other;
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

    fn by_textwrap(line: &str, first: &str, other: &str) -> String {
        let options = Options::new(COLUMNS)
            .initial_indent(first)
            .subsequent_indent(other)
            .break_words(false)
            .word_separator(WordSeparator::Custom(separate))
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::wrap(line, options).iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    proptest::proptest! {
        #[test]
        fn plain_lines_are_wrapped_as_textwrap_wraps_them(
            line in "([!-~é–\u{A0}]{1,14}|[!-~Ж]{60,90})?( ([!-~é’]{1,14}|[!-~]{1,9}|[!-~Ж]{60,90})){0,40}",
            indents in proptest::sample::select(vec![("", ""), ("- ", "  "), ("> ", "> "), ("10. > - ", "    >   ")]),
        ) {
            let line = line.trim();
            proptest::prop_assume!(is_plain(line));
            let mut text = String::new();
            plain_lines(line, indents.0, indents.1, &mut text);
            proptest::prop_assert_eq!(text, by_textwrap(line, indents.0, indents.1));
        }
    }

    #[test]
    fn narrow_characters_have_one_column() {
        let wide = |c: char| is_narrow(c) && unicode_width::UnicodeWidthChar::width(c) != Some(1);
        assert_eq!(('\0'..=char::MAX).find(|c| wide(*c)), None);
        assert!(!('\0'..=char::MAX).any(|c| is_narrow(c) && has_no_spaces(c)));
    }

    #[test]
    fn chinese_is_wrapped_though_it_has_no_spaces() {
        let text = wrap(&record("", "", &"人權".repeat(60))).text;
        assert!(text.lines().count() >= 3, "{text}");
    }
}
