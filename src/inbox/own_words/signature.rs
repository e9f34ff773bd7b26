//! The signature that a program marked as one: below `-- `, or below a rule.
//!
//! A name and a title below "Kind regards" stay: staff want to know who answered, and what looks like a closing may be a sentence.

/// More lines, or longer ones in sum, are no signature but a second part of the letter.
const MOST_LINES: usize = 25;
const MOST_BYTES: usize = 2_000;
const LONGEST_LINE: usize = 160;

/// At which line the signature begins that ends with the last of `lines`.
pub fn begins(lines: &[&str]) -> Option<usize> {
    let mut bytes = 0;
    let mut found = None;
    for (at, line) in lines.iter().enumerate().rev().take(MOST_LINES + 1) {
        bytes += line.len();
        if bytes > MOST_BYTES {
            break;
        }
        let below = &lines[at + 1..];
        let marked = match line.trim() {
            // RFC 3676, 4.3; its space at the end is lost on many ways.
            "--" => !below.iter().any(|line| is_prose(line, 12)),
            rule if is_rule(rule) => below.is_empty() || is_card(below),
            _ => false,
        };
        if marked {
            found = Some(at);
        }
    }
    found
}

fn is_rule(line: &str) -> bool {
    let one_sign = |sign: char| line.chars().all(|c| c == sign);
    line.chars().nth(1).is_some() && ['_', '—', '–', '-', '='].into_iter().any(one_sign) && line != "--" && line != "=="
}

/// Whether lines read like a visiting card: short, no sentences, and a way to reach somebody if there are many.
fn is_card(lines: &[&str]) -> bool {
    let words = || lines.iter().filter(|line| !line.is_empty());
    let reachable = words().any(|line| reaches_somebody(line));
    let longest = if reachable { 6 } else { 3 };
    let sober = words().all(|line| line.len() <= LONGEST_LINE && !is_prose(line, longest) && !is_postscript(line));
    sober && (reachable || words().count() <= 6)
}

/// A sentence of at least so many words. Languages without spaces count each sign as half a word.
fn is_prose(line: &str, words: usize) -> bool {
    let line = line.trim_end_matches(['"', ')', '”', '»', ' ']);
    let wide = line.chars().filter(|c| *c >= '\u{2E80}').count() / 2;
    line.ends_with(['.', '?', '!', '。', '？', '！', '؟', ':', '，', ','])
        && line.split_whitespace().count() + wide >= words
}

fn is_postscript(line: &str) -> bool {
    let low: String = line.trim_start().chars().take(6).collect::<String>().to_lowercase();
    ["ps", "p.s", "p. s", "nb", "n.b", "пс", "p.d", "ps.", "附", "又及"]
        .iter()
        .any(|sign| low.strip_prefix(sign).is_some_and(|rest| !rest.starts_with(char::is_alphabetic) || *sign == "附"))
}

fn reaches_somebody(line: &str) -> bool {
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    line.contains('@') || line.contains("://") || line.contains("www.") || digits >= 7
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn a_rule_inside_a_letter_begins_no_signature() {
        let letter = ["Our position:", "-----", "We support the draft and will say so on Friday.", "", "Anna"];
        assert_eq!(begins(&letter), None);
        assert_eq!(begins(&["Thank you.", "_____", "Anna Example", "+41 22 555 01 02"]), Some(1));
        assert_eq!(begins(&["Thank you.", "_____", "PS: and on Monday"]), None);
    }

    #[test]
    fn many_lines_below_two_dashes_are_a_part_of_the_letter() {
        let mut letter = vec!["First part", "--"];
        letter.extend(["a point"; 40]);
        assert_eq!(begins(&letter), None);
    }
}
