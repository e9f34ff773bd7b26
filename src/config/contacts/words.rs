//! The words that a cell may hold, and the nearest of them to a slip.

use super::found::{Words, words};
use crate::campaign::contact::{Gender, Post, Rank, Send};
use crate::vocabulary::{hint, safe_text};

/// A column's closed list of words.
#[derive(Debug)]
pub(super) struct Enumeration<T: 'static> {
    column: &'static str,
    words: &'static [(&'static str, T)],
}

pub(super) const POST: Enumeration<Post> = Enumeration {
    column: "post",
    words: &[
        ("head", Post::Head),
        ("deputy", Post::Deputy),
        ("human-rights", Post::HumanRights),
        ("mission", Post::Mission),
    ],
};

pub(super) const RANK: Enumeration<Rank> = Enumeration {
    column: "rank",
    words: &[
        ("ambassador", Rank::Ambassador),
        ("charge", Rank::Charge),
        ("minister", Rank::Minister),
        ("counsellor", Rank::Counsellor),
        ("secretary", Rank::Secretary),
    ],
};

pub(super) const GENDER: Enumeration<Gender> =
    Enumeration { column: "gender", words: &[("f", Gender::Female), ("m", Gender::Male)] };

pub(super) const SEND: Enumeration<Send> =
    Enumeration { column: "send", words: &[("to", Send::To), ("cc", Send::Cc), ("no", Send::No)] };

impl<T: Copy> Enumeration<T> {
    pub fn read(&self, text: &str) -> Result<T, Words> {
        self.find(text).ok_or_else(|| self.wrong(text, ""))
    }

    /// An empty cell is `None`: unknown.
    pub fn read_or_empty(&self, text: &str) -> Result<Option<T>, Words> {
        if text.is_empty() {
            return Ok(None);
        }
        self.find(text).map(Some).ok_or_else(|| self.wrong(text, ", or empty"))
    }

    fn find(&self, text: &str) -> Option<T> {
        self.words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn wrong(&self, text: &str, or_empty: &str) -> Words {
        let column = self.column;
        let known = self.words.iter().map(|(word, _)| *word);
        let help = format!("`{column}` is {}{or_empty}", known.clone().collect::<Vec<_>>().join(" | "));
        if text.is_empty() {
            return words(format!("`{column}` is empty"), help);
        }
        // A slip of one letter says nothing about a word of one letter.
        let near = hint::nearest(text, known).filter(|near| near.len() > 1 || near.eq_ignore_ascii_case(text));
        let message = match near {
            Some(near) => format!("`{column}` cannot be `{}`; did you mean `{near}`?", short(text)),
            None => format!("`{column}` cannot be `{}`", short(text)),
        };
        words(message, help)
    }
}

/// Enough of a cell to recognise it.
pub(super) fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    safe_text::line(&shown).into_owned()
}
