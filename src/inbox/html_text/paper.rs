//! The sheet on which the text is written: white space as a browser would show it, marks of quotation before each line.

use crate::vocabulary::safe_text::is_unsafe;

/// Deeper quotations have as many marks: nobody counts them, and depth must not multiply the text.
const MOST_MARKS: usize = 4;
/// Deeper lists are indented as far.
const MOST_INDENTS: usize = 6;

/// What is owed before the next word.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owed {
    #[default]
    Nothing,
    Space,
    Cell,
    Line,
    Paragraph,
}

#[derive(Debug, Default)]
pub struct Paper {
    text: String,
    owed: Owed,
    /// Line breaks that were asked for one by one, by `br`.
    breaks: usize,
    /// Whether something stands in the current line, or in the current row of a table.
    in_line: bool,
    in_row: bool,
    /// The mark of a list's item, waiting for its first word.
    item: Option<String>,
    quotes: usize,
}

impl Paper {
    /// The next words stand on a line of their own.
    pub fn block(&mut self) {
        if self.in_line || self.breaks > 0 {
            self.owe(Owed::Line);
        }
    }

    pub fn paragraph(&mut self) {
        self.owe(Owed::Paragraph);
    }

    /// Lists inside lists stay together.
    pub fn paragraph_unless_nested(&mut self, lists: usize) {
        if lists <= 1 { self.paragraph() } else { self.block() }
    }

    /// `br`: a line break even where there is one already.
    pub fn line(&mut self) {
        self.breaks = (self.breaks + 1).min(3);
        if self.owed < Owed::Line {
            self.owed = Owed::Line;
        }
    }

    pub fn row(&mut self) {
        self.block();
        self.in_row = false;
    }

    pub fn end_row(&mut self) {
        self.in_row = false;
    }

    /// Cells of a row stand beside each other, whatever blocks they are made of.
    pub fn cell(&mut self) {
        if self.in_row {
            self.owed = Owed::Cell;
            self.breaks = 0;
        }
    }

    pub fn item(&mut self, number: Option<u32>, lists: usize) {
        self.block();
        let mark = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
        let indent = "  ".repeat(lists.saturating_sub(1).min(MOST_INDENTS));
        self.item = Some(indent + &mark);
    }

    fn owe(&mut self, owed: Owed) {
        // A block inside a new cell breaks nothing.
        if self.owed != Owed::Cell {
            self.owed = self.owed.max(owed);
        }
    }

    /// Words, their white space as in running text.
    pub fn write(&mut self, text: &str, quotes: usize) {
        for (at, word) in text.split([' ', '\n', '\t', '\r', '\u{c}']).enumerate() {
            if at > 0 && self.in_line && self.owed == Owed::Nothing {
                self.owed = Owed::Space;
            }
            if word.chars().any(|c| !is_unsafe(c)) {
                self.put(word, quotes);
            }
        }
    }

    /// Words, their white space as it is.
    pub fn write_lines(&mut self, text: &str, quotes: usize) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line();
            }
            if line.trim().is_empty() {
                if self.in_line && self.owed == Owed::Nothing && !line.trim_matches('\r').is_empty() {
                    self.owed = Owed::Space;
                }
            } else {
                self.put(line, quotes);
            }
        }
    }

    pub fn write_signature_mark(&mut self, quotes: usize, hidden: bool) {
        let there = self.text.trim_end().ends_with("\n--");
        if !there && !hidden && self.in_line {
            self.put("--", quotes);
            self.owe(Owed::Line);
        }
    }

    fn put(&mut self, words: &str, quotes: usize) {
        let changes = self.in_line && quotes.min(MOST_MARKS) != self.quotes;
        if changes && self.owed < Owed::Line {
            self.owed = Owed::Line;
        }
        self.settle(quotes);
        for c in words.chars() {
            match c {
                '\u{a0}' => self.text.push(' '),
                '\t' => self.text.push('\t'),
                c if is_unsafe(c) => {}
                c => self.text.push(c),
            }
        }
        self.in_line = true;
        self.in_row = true;
    }

    /// Pays what is owed before a word.
    fn settle(&mut self, quotes: usize) {
        let quotes = quotes.min(MOST_MARKS);
        let between = self.quotes.min(quotes);
        self.quotes = quotes;
        let owed = std::mem::take(&mut self.owed);
        let breaks = std::mem::take(&mut self.breaks);
        let begun = !self.text.is_empty();
        match owed {
            Owed::Nothing => {}
            Owed::Space => self.text.push(' '),
            Owed::Cell => self.text.push_str(" | "),
            Owed::Line | Owed::Paragraph if begun => {
                let lines = if owed == Owed::Paragraph { breaks.max(2) } else { breaks.max(1) };
                self.text.truncate(self.text.trim_end_matches(' ').len());
                for line in 0..lines {
                    self.text.push('\n');
                    if line + 1 < lines {
                        self.mark(between);
                    }
                }
                self.in_line = false;
            }
            Owed::Line | Owed::Paragraph => {}
        }
        if !self.in_line {
            self.mark(quotes);
            if quotes > 0 {
                self.text.push(' ');
            }
            if let Some(item) = self.item.take() {
                self.text.push_str(&item);
            }
        }
        self.item = None;
    }

    fn mark(&mut self, quotes: usize) {
        for _ in 0..quotes {
            self.text.push('>');
        }
    }

    pub fn text(self) -> String {
        let mut text = self.text;
        text.truncate(text.trim_end().len());
        text
    }
}
