//! One paragraph as the guards read it, and those that they have read already: most paragraphs of a campaign's letters stand in each
//! of them word for word.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::Finding;
use super::fold::Folded;
use super::lookout::{Hit, Lookout};
use super::words::{LONGEST_RUN, strange};

/// What does not depend on whom the letter goes to.
#[derive(Debug)]
pub(super) struct Reading {
    pub folded: Folded,
    /// All names in it, the letter's own too.
    pub hits: Vec<Hit>,
    pub strange: Vec<Finding>,
    /// It may hold an e-mail address.
    pub has_at: bool,
}

impl Reading {
    fn of(words: &str, lookout: &Lookout) -> Self {
        let folded = Folded::of(&[words]);
        let hits = lookout.hits(&folded);
        Self { folded, hits, strange: strange(&[words]), has_at: words.contains('@') }
    }
}

/// So many paragraphs are remembered: a campaign's letters in three languages, and what differs between 193 missions.
const REMEMBERED: usize = 2_000;

/// Longer paragraphs are read anew each time, so that memory has a limit.
const LONGEST: usize = 2_000;

#[derive(Debug, Default)]
pub(super) struct Readings(RefCell<HashMap<String, Rc<Reading>>>);

impl Readings {
    pub fn of(&self, words: &str, lookout: &Lookout) -> Rc<Reading> {
        let mut known = self.0.borrow_mut();
        if let Some(reading) = known.get(words) {
            return Rc::clone(reading);
        }
        let reading = Rc::new(Reading::of(words, lookout));
        if words.len() <= LONGEST {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(words.to_owned(), Rc::clone(&reading));
        }
        reading
    }
}

/// The paragraphs of a part, divided where [`Folded`] sees a new paragraph: nothing that a guard looks for goes over that border.
pub(super) fn paragraphs(part: &str) -> impl Iterator<Item = &str> {
    let mut rest = part;
    std::iter::from_fn(move || {
        // The bars of a quote are no words; a run of them without end is a strange word.
        let is_blank =
            |line: &str| line.len() <= LONGEST_RUN && line.trim_start_matches(['>', ' ']).trim_end().is_empty();
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            match (is_blank(line), length) {
                (true, 0) => rest = &rest[line.len()..],
                (true, _) => break,
                (false, _) => length += line.len(),
            }
        }
        let (paragraph, behind) = rest.split_at(length);
        rest = behind;
        (!paragraph.is_empty()).then_some(paragraph)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_at_empty_lines_and_nothing_of_it_is_lost() {
        let text = "\n \nOne\ntwo\r\n\r\n> three\n>\n> four\n\n\nfive";
        let divided: Vec<&str> = paragraphs(text).collect();
        assert_eq!(divided, ["One\ntwo\r\n", "> three\n", "> four\n", "five"]);
        assert_eq!(paragraphs("").count() + paragraphs("\n\n").count(), 0);
    }

    #[test]
    fn bars_without_end_are_words() {
        let bars = ">".repeat(300);
        assert_eq!(paragraphs(&bars).collect::<Vec<_>>(), [bars.as_str()]);
    }
}
