//! Holes: what shows that a letter was not finished, or that a fact was missing where it is printed.

use std::ops::Range;

/// One hole and where in the searched text it is (bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    pub what: HoleKind,
    pub range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoleKind {
    /// `TODO`, `XXX`, `TBD`.
    Unfinished,
    /// `[NAME]`, `[DATE OF SESSION]`.
    Placeholder,
    /// `{{` or `}}`.
    Braces,
    /// Two spaces inside a line: something between them printed nothing.
    DoubleSpace,
    /// ` ,`, ` .` or `()`: what stood before or inside printed nothing.
    Orphan,
}

impl HoleKind {
    /// One clause, without a full stop.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unfinished => "the letter says that it is not finished",
            Self::Placeholder => "a placeholder in brackets was never filled in",
            Self::Braces => "braces of a template are left over",
            Self::DoubleSpace => "two spaces in a row show that something between them is missing",
            Self::Orphan => "a mark without its word shows that something before it is missing",
        }
    }
}

/// The holes that an author leaves in the words themselves.
pub fn unfinished(line: &str) -> Vec<Hole> {
    let mut holes = Vec::new();
    for word in ["TODO", "XXX", "TBD"] {
        let outside = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        holes.extend(
            line.match_indices(word)
                .filter(|(at, _)| {
                    outside(line[..*at].chars().next_back()) && outside(line[at + word.len()..].chars().next())
                })
                .map(|(at, _)| Hole { what: HoleKind::Unfinished, range: at..at + word.len() }),
        );
    }
    for (at, _) in line.match_indices('[') {
        let inside = line[at + 1..].split([']', '[']).next().unwrap_or("");
        let end = at + 1 + inside.len();
        let capitals = inside.chars().filter(|c| c.is_uppercase()).count();
        let shouted =
            capitals >= 2 && inside.chars().all(|c| c.is_uppercase() || c.is_numeric() || " _-/.,'’".contains(c));
        if shouted && line[end..].starts_with(']') {
            holes.push(Hole { what: HoleKind::Placeholder, range: at..end + 1 });
        }
    }
    holes
}

/// All holes of one rendered line or paragraph, before it is wrapped.
pub fn rendered(line: &str) -> Vec<Hole> {
    if !may_have(line) {
        return Vec::new();
    }
    let mut holes = unfinished(line);
    let mut find = |pattern: &str, what| {
        holes.extend(line.match_indices(pattern).map(|(at, _)| Hole { what, range: at..at + pattern.len() }));
    };
    find("{{", HoleKind::Braces);
    find("}}", HoleKind::Braces);
    find("  ", HoleKind::DoubleSpace);
    find("()", HoleKind::Orphan);
    for (at, mark) in line.match_indices([',', '.']) {
        // ` ...` and ` .5` are words of their own.
        let after = line[at + mark.len()..].chars().next();
        if line[..at].ends_with(' ') && !after.is_some_and(|c| c == '.' || c.is_alphanumeric()) {
            holes.push(Hole { what: HoleKind::Orphan, range: at - 1..at + mark.len() });
        }
    }
    if line.starts_with([',', ';']) {
        holes.push(Hole { what: HoleKind::Orphan, range: 0..1 });
    }
    holes
}

/// Whether there is any pair of bytes with which a hole begins or ends. One pass, so that the search for each kind is only made
/// where there is something to find.
fn may_have(line: &str) -> bool {
    let bytes = line.as_bytes();
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    // Without a way out in the middle the processor looks at many at once.
    let found = pairs.fold(false, |found, (a, b)| {
        let word = (*a == b'T') & ((*b == b'O') | (*b == b'B')) | (*a == b'X') & (*b == b'X');
        let brackets = (*a == b'{') & (*b == b'{') | (*a == b'}') & (*b == b'}') | (*a == b'(') & (*b == b')');
        let space = (*a == b' ') & ((*b == b' ') | (*b == b',') | (*b == b'.'));
        found | word | brackets | space | (*a == b'[')
    });
    found || line.starts_with([',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: Option<HoleKind>) {
        assert_eq!(rendered(line).first().map(|h| h.what), wanted, "{line:?}");
    }

    #[test]
    fn a_letter_that_says_it_is_not_finished_is_stopped() {
        check("TODO: ask Geneva", Some(HoleKind::Unfinished));
        check("on XXX we", Some(HoleKind::Unfinished));
        check("Dear [NAME],", Some(HoleKind::Placeholder));
        check("on [DATE OF SESSION]", Some(HoleKind::Placeholder));
        check("{{salutation", Some(HoleKind::Braces));
    }

    #[test]
    fn the_trace_of_an_empty_fact_is_a_hole() {
        check("We ask  to join", Some(HoleKind::DoubleSpace));
        check("Excellency ,", Some(HoleKind::Orphan));
        check("in Geneva .", Some(HoleKind::Orphan));
        check(", we write", Some(HoleKind::Orphan));
        check("the review ()", Some(HoleKind::Orphan));
    }

    #[test]
    fn plain_words_are_no_hole() {
        for line in [
            "the quote […] goes on ...",
            "Madame, Monsieur, nous écrivons : oui ; non !",
            "see [1] and [sic]",
            "XXXIX and METHODOLOGY, TODOS",
            "he said ... and .5 per cent",
            "“Excellency,” she said. Yes.",
        ] {
            check(line, None);
        }
    }
}
