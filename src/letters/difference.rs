//! What differs between two texts, word by word, for people who approved the one and are asked for the other.
//!
//! Where a line breaks is no difference: a name that is longer by a letter wraps the whole paragraph anew.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A run of text, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Same(String),
    Gone(String),
    New(String),
}

/// A line of the new text, with what stood there before.
pub type Line = Vec<Piece>;

/// Lines that stand together: changed ones, and some around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Lines are left out before it.
    pub after_a_gap: bool,
    pub lines: Vec<Line>,
}

/// The difference of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    lines: Vec<Line>,
    /// Each place that changed: the words that went, and those that came.
    changed: Vec<(String, String)>,
}

/// A word, and the white space behind it.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    space: &'a str,
}

/// Words of which less than a quarter stayed are shown as one whole in place of another: what remains between them is chance.
const LEAST_IN_COMMON: usize = 4;

impl Difference {
    /// Compares two texts. Paragraphs first, so that words of one never pair with those of another that stayed as it is.
    pub fn of(old: &str, new: &str) -> Self {
        let (old, new) = (paragraphs(old), paragraphs(new));
        let bare = |all: &[Vec<Word<'_>>]| -> Vec<String> {
            all.iter().map(|words| words.iter().map(|w| w.text).collect::<Vec<_>>().join(" ")).collect()
        };
        let mut made = Maker::default();
        for run in runs(&bare(&old), &bare(&new)) {
            let gone: Vec<Word<'_>> = old[run.old].concat();
            let came: Vec<Word<'_>> = new[run.new].concat();
            if run.same { made.same(&came) } else { made.replaced(&gone, &came) }
        }
        made.finish()
    }

    /// Not a word differs. Spaces and line ends may.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Each place that changed: what went and what came. Two letters with the same places changed in the same way.
    pub fn changed(&self) -> &[(String, String)] {
        &self.changed
    }

    /// The changed lines, with `around` lines before and after each.
    pub fn excerpts(&self, around: usize) -> Vec<Excerpt> {
        let touched = |line: &Line| line.iter().any(|piece| !matches!(piece, Piece::Same(_)));
        let places: Vec<usize> = (0..self.lines.len()).filter(|at| touched(&self.lines[*at])).collect();
        let mut excerpts: Vec<(usize, usize)> = Vec::new();
        for at in places {
            let (from, to) = (at.saturating_sub(around), (at + around + 1).min(self.lines.len()));
            match excerpts.last_mut() {
                Some(last) if from <= last.1 => last.1 = to,
                _ => excerpts.push((from, to)),
            }
        }
        let cut = |(from, to): (usize, usize)| Excerpt { after_a_gap: from > 0, lines: self.lines[from..to].to_vec() };
        excerpts.into_iter().map(cut).collect()
    }
}

/// Paragraphs are divided by empty lines.
fn paragraphs(text: &str) -> Vec<Vec<Word<'_>>> {
    let mut all: Vec<Vec<Word<'_>>> = Vec::new();
    let mut open: Vec<Word<'_>> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        let next = after.find(|c: char| !c.is_whitespace()).unwrap_or(after.len());
        let (space, after) = after.split_at(next);
        open.push(Word { text, space });
        if space.matches('\n').count() > 1 {
            all.push(std::mem::take(&mut open));
        }
        rest = after;
    }
    if !open.is_empty() {
        all.push(open);
    }
    all
}

/// Things that stayed, or some in place of others.
#[derive(Debug, Clone)]
struct Run {
    same: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// Both lists from end to end; runs that stayed and runs that changed take turns.
fn runs(old: &[String], new: &[String]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Counted here: the positions inside an operation that deletes or inserts are not always those of its neighbours.
    let (mut from, mut to) = (0, 0);
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let same = matches!(op, DiffOp::Equal { .. });
        let (old_end, new_end) = (from + op.old_range().len(), to + op.new_range().len());
        match runs.last_mut() {
            Some(last) if last.same == same => (last.old.end, last.new.end) = (old_end, new_end),
            _ => runs.push(Run { same, old: from..old_end, new: to..new_end }),
        }
        (from, to) = (old_end, new_end);
    }
    runs
}

/// A single word that stayed between two changes belongs to them: it reads better so.
fn joined_over_single_words(runs: &[Run]) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let whole = |run: &Run| !run.same && !run.old.is_empty() && !run.new.is_empty();
        let between = at + 1 < runs.len() && joined.last().is_some_and(whole);
        let island = run.same && run.new.len() == 1 && between;
        match joined.last_mut() {
            Some(last) if island || last.same == run.same => {
                (last.old.end, last.new.end) = (run.old.end, run.new.end);
            }
            _ => joined.push(run.clone()),
        }
    }
    joined
}

/// Puts the lines together.
#[derive(Debug, Default)]
struct Maker {
    lines: Vec<Line>,
    open: Line,
    changed: Vec<(String, String)>,
}

impl Maker {
    fn finish(mut self) -> Difference {
        self.end_line();
        while self.lines.last().is_some_and(Vec::is_empty) {
            self.lines.pop();
        }
        Difference { lines: self.lines, changed: self.changed }
    }

    fn end_line(&mut self) {
        if let Some(Piece::Same(last)) = self.open.last_mut() {
            last.truncate(last.trim_end().len());
        }
        self.open.retain(|piece| !matches!(piece, Piece::Same(text) if text.is_empty()));
        self.lines.push(std::mem::take(&mut self.open));
    }

    fn plain(&mut self, text: &str) {
        match self.open.last_mut() {
            Some(Piece::Same(last)) => last.push_str(text),
            _ => self.open.push(Piece::Same(text.to_owned())),
        }
    }

    /// White space as the text has it: lines end, and the next one keeps its indent.
    fn space(&mut self, space: &str) {
        let mut lines = space.split('\n');
        if let Some(first) = lines.next() {
            self.plain(first);
        }
        for indent in lines {
            self.end_line();
            self.plain(indent);
        }
    }

    fn same(&mut self, words: &[Word<'_>]) {
        for word in words {
            self.plain(word.text);
            self.space(word.space);
        }
    }

    /// Words that went, or words that came, with their own line ends.
    fn run(&mut self, words: &[Word<'_>], piece: fn(String) -> Piece) {
        let mut text = String::new();
        for (at, word) in words.iter().enumerate() {
            text.push_str(word.text);
            let last = at + 1 == words.len();
            match word.space.find('\n') {
                _ if last => {}
                None => text.push_str(word.space),
                Some(_) => {
                    self.open.push(piece(std::mem::take(&mut text)));
                    self.space(word.space);
                }
            }
        }
        if !text.is_empty() {
            self.open.push(piece(text));
        }
    }

    fn change(&mut self, gone: &[Word<'_>], came: &[Word<'_>]) {
        if let Some(Piece::Same(last)) = self.open.last_mut()
            && !last.is_empty()
            && !last.ends_with(char::is_whitespace)
        {
            last.push(' ');
        }
        self.run(gone, Piece::Gone);
        self.run(came, Piece::New);
        let joined = |words: &[Word<'_>]| words.iter().map(|w| w.text).collect::<Vec<_>>().join(" ");
        self.changed.push((joined(gone), joined(came)));
        let space = came.last().or(gone.last()).map_or("", |word| word.space);
        self.space(space);
    }

    fn replaced(&mut self, gone: &[Word<'_>], came: &[Word<'_>]) {
        let bare = |words: &[Word<'_>]| words.iter().map(|w| w.text.to_owned()).collect::<Vec<_>>();
        let runs = runs(&bare(gone), &bare(came));
        let kept: usize = runs.iter().filter(|run| run.same).map(|run| run.new.len()).sum();
        if kept * LEAST_IN_COMMON < gone.len().max(came.len()) {
            return self.whole(gone, came);
        }
        for run in joined_over_single_words(&runs) {
            if run.same {
                self.same(&came[run.new]);
            } else {
                self.change(&gone[run.old], &came[run.new]);
            }
        }
    }

    /// One text went, another came: on lines of their own.
    fn whole(&mut self, gone: &[Word<'_>], came: &[Word<'_>]) {
        let joined = |words: &[Word<'_>]| words.iter().map(|w| w.text).collect::<Vec<_>>().join(" ");
        self.changed.push((joined(gone), joined(came)));
        for (words, piece) in [(gone, Piece::Gone as fn(String) -> Piece), (came, Piece::New)] {
            if let Some(last) = words.last() {
                self.run(words, piece);
                self.space(if last.space.contains('\n') { last.space } else { "\n" });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Marked as on the screen.
    fn shown(difference: &Difference, around: usize) -> String {
        let mut text = String::new();
        for excerpt in difference.excerpts(around) {
            if excerpt.after_a_gap {
                text.push_str("…\n");
            }
            for line in &excerpt.lines {
                for piece in line {
                    match piece {
                        Piece::Same(words) => text.push_str(words),
                        Piece::Gone(words) => text.push_str(&format!("[-{words}-]")),
                        Piece::New(words) => text.push_str(&format!("{{+{words}+}}")),
                    }
                }
                text.push('\n');
            }
        }
        text
    }

    fn check(old: &str, new: &str, wanted: &str) {
        let difference = Difference::of(old, new);
        let shown = shown(&difference, 0).replace("…\n", "");
        assert_eq!(shown.trim_end(), wanted, "{difference:#?}");
    }

    #[test]
    fn words_that_changed_are_marked_where_they_stand() {
        check("We raise the case.\n", "We raise the case.\n", "");
        check("We raise the case.\n", "We press the case.\n", "We [-raise-]{+press+} the case.");
        check("We raise the case.\n", "We raise the whole case.\n", "We raise the {+whole+} case.");
        check("We raise the old case.\n", "We raise the case.\n", "We raise the [-old-] case.");
        check("a b c d e f\n", "a x c y e f\n", "a [-b c d-]{+x c y+} e f");
        check("one two three four five", "one two three four six", "one two three four [-five-]{+six+}");
    }

    #[test]
    fn a_paragraph_that_came_or_went_is_marked_whole() {
        check("One.\n\nThree.\n", "One.\n\nTwo words.\n\nThree.\n", "{+Two words.+}");
        check("One.\n\nTwo,\nin lines.\n\nThree.\n", "One.\n\nThree.\n", "[-Two,-]\n[-in lines.-]");
        check(
            "Alpha beta gamma.\n",
            "Quite another sentence stands here.\n",
            "[-Alpha beta gamma.-]\n{+Quite another sentence stands here.+}",
        );
    }

    #[test]
    fn where_lines_break_is_no_difference() {
        let difference = Difference::of("We write\nto you today.\n", "We write to\nyou today.\n");
        assert!(difference.is_empty() && difference.excerpts(2).is_empty());
        let (one, other) =
            ("To Fiji: we write to you\ntoday of it.\n", "To Saint Lucia: we write to\nyou today of it.\n");
        let changed = |text: &str| Difference::of(text, &text.replace("today", "now")).changed().to_vec();
        assert_eq!(changed(one), changed(other), "letters that differ in a name have the same change");
    }

    #[test]
    fn lines_around_a_change_are_shown_and_the_rest_is_left_out() {
        let old = "1\n2\n3\n4\n5 old text here\n6\n7\n8\n9\n";
        let difference = Difference::of(old, &old.replace("old", "new"));
        assert_eq!(shown(&difference, 1), "…\n4\n5 [-old-]{+new+} text here\n6\n");
        assert_eq!(difference.changed(), [("old".to_owned(), "new".to_owned())]);
    }

    proptest! {
        /// Whatever the texts: nothing of either is lost.
        #[test]
        fn the_words_of_both_texts_can_be_read_from_their_difference(
            old in "([abc]{1,2}[ \n]{1,3}){0,30}",
            new in "([abc]{1,2}[ \n]{1,3}){0,30}",
        ) {
            let difference = Difference::of(&old, &new);
            let side = |wanted: fn(&Piece) -> Option<&String>| -> Vec<String> {
                let pieces = difference.lines.iter().flat_map(|line| line.iter().filter_map(wanted).chain(std::iter::once(&NONE)));
                pieces.flat_map(|text| text.split_whitespace()).map(ToOwned::to_owned).collect()
            };
            let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
            let before = side(|p| match p { Piece::Same(t) | Piece::Gone(t) => Some(t), Piece::New(_) => None });
            let after = side(|p| match p { Piece::Same(t) | Piece::New(t) => Some(t), Piece::Gone(_) => None });
            prop_assert_eq!(before, words(&old));
            prop_assert_eq!(after, words(&new));
            prop_assert_eq!(difference.is_empty(), words(&old) == words(&new));
        }
    }

    static NONE: String = String::new();
}
