//! Words that are looked for whatever their case, spacing and apostrophes.

/// Text made even: small letters, one space between words, straight quotes, Arabic without its optional marks.
pub fn even(text: &str) -> String {
    let mut even = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.chars() {
        // Most mail is written in these, and their small letters are found without a table.
        if c.is_ascii() {
            push(&mut even, &mut blank, if c == '`' { '\'' } else { c.to_ascii_lowercase() });
            continue;
        }
        for c in c.to_lowercase() {
            if let Some(c) = plain(c) {
                push(&mut even, &mut blank, c);
            }
        }
    }
    even.truncate(even.trim_end().len());
    even
}

fn push(even: &mut String, blank: &mut bool, c: char) {
    let space = c.is_whitespace();
    if !space {
        even.push(c);
    } else if !*blank {
        even.push(' ');
    }
    *blank = space;
}

/// `None`: a mark that is left out.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}' | '\u{B4}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{AB}' | '\u{BB}' => '"',
        '\u{2013}' | '\u{2014}' | '\u{2010}' | '\u{2011}' => '-',
        // Alef with hamza or madda, and alef maqsura, are written both ways.
        'أ' | 'إ' | 'آ' => 'ا',
        'ى' => 'ي',
        // Short vowels and the stroke that only stretches; the dot over a capital I.
        '\u{64B}'..='\u{652}' | '\u{640}' | '\u{307}' => return None,
        'ё' => 'е',
        c => c,
    })
}

/// The first of `phrases` that stands in `even`, text made even as phrases are.
pub fn among(even: &str, phrases: &[&'static str]) -> Option<&'static str> {
    phrases.iter().copied().find(|phrase| even.contains(phrase))
}

/// The beginning of a text, at most so many bytes, cut between letters.
pub fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spacing_and_apostrophes_make_no_difference() {
        assert_eq!(even(" I\u{2019}m  OUT\r\n of\u{a0}Office "), "i'm out of office");
        assert_eq!(even("إجازة"), even("اجازة"));
        assert_eq!(among("i'm out of office", &["away", "out of office"]), Some("out of office"));
        assert_eq!(beginning("été", 1), "");
    }
}
