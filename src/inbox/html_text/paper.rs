//! The sheet on which the text is written: white space as a browser would show it, marks of quotation before each line.

use crate::vocabulary::safe_text::is_unsafe;

/// Deeper quotations have as many marks: nobody counts them, and depth must not multiply the text.
const MOST_MARKS: usize = 4;
/// Deeper lists are indented as far.
const MOST_INDENTS: usize = 6;

/// One empty line at most: more say no more.
const MOST_BREAKS: usize = 2;

/// What is owed before the next word, and what stands already.
#[derive(Debug, Default)]
pub struct Paper {
    text: String,
    /// Line breaks owed: one ends the line, two leave an empty one.
    breaks: usize,
    space: bool,
    /// The next word stands in another cell of the same row.
    cell: bool,
    /// A cell or an item was opened, and nothing stands in it yet: blocks inside break nothing.
    opened: bool,
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
        if self.in_line {
            self.owe(1);
        }
    }

    /// The next words stand below an empty line.
    pub fn paragraph(&mut self) {
        self.owe(2);
    }

    /// Lists inside lists stay together.
    pub fn end_list(&mut self, lists: usize) {
        if lists <= 1 { self.paragraph() } else { self.block() }
    }

    fn owe(&mut self, breaks: usize) {
        if !self.opened {
            self.breaks = self.breaks.max(breaks);
        }
    }

    /// `br`: ends the line, or leaves an empty one where the line had ended.
    pub fn line(&mut self) {
        self.breaks = (self.breaks + 1).min(MOST_BREAKS);
    }

    pub fn row(&mut self) {
        self.block();
        self.in_row = false;
    }

    pub fn end_row(&mut self) {
        self.row();
    }

    /// Cells of a row stand beside each other, whatever blocks they are made of.
    pub fn cell(&mut self) {
        if self.in_row {
            self.cell = true;
            self.breaks = 0;
        }
        self.opened = true;
    }

    /// Rows stand close, whatever blocks their cells are made of.
    pub fn end_cell(&mut self) {
        self.breaks = self.breaks.min(1);
        self.opened = false;
    }

    pub fn item(&mut self, number: Option<u32>, lists: usize) {
        self.block();
        let mark = number.map_or_else(|| "- ".to_owned(), |number| format!("{number}. "));
        let indent = "  ".repeat(lists.saturating_sub(1).min(MOST_INDENTS));
        self.item = Some(indent + &mark);
        self.opened = true;
    }

    pub fn end_item(&mut self) {
        self.breaks = self.breaks.min(1);
        self.opened = false;
    }

    /// Words, their white space as in running text.
    pub fn write(&mut self, text: &str, quotes: usize) {
        for (at, word) in text.split([' ', '\n', '\t', '\r', '\u{c}']).enumerate() {
            self.space |= at > 0;
            if word.chars().any(|c| !is_unsafe(c) && c != '\u{a0}') {
                self.put(word, quotes);
            } else if word.contains('\u{a0}') {
                self.space = true;
                self.empty_line();
            }
        }
    }

    /// A fixed space alone on its line keeps that line.
    fn empty_line(&mut self) {
        if !self.text.is_empty() && self.breaks > 0 && !self.cell {
            self.breaks = self.breaks.max(2);
        }
    }

    /// Words, their white space as it is.
    pub fn write_lines(&mut self, text: &str, quotes: usize) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line();
            }
            if line.trim().is_empty() {
                self.space |= !line.trim_matches('\r').is_empty();
            } else {
                self.put(line, quotes);
            }
        }
    }

    pub fn write_signature_mark(&mut self, quotes: usize) {
        if !self.text.ends_with("\n--") && self.in_line {
            self.put("--", quotes);
            self.paragraph();
            self.breaks = 1;
        }
    }

    fn put(&mut self, words: &str, quotes: usize) {
        if self.in_line && quotes.min(MOST_MARKS) != self.quotes {
            self.breaks = self.breaks.max(1);
        }
        self.settle(quotes.min(MOST_MARKS));
        for c in words.chars() {
            match c {
                '\u{a0}' => self.text.push(' '),
                '\t' => self.text.push('\t'),
                c if is_unsafe(c) => {}
                c => self.text.push(c),
            }
        }
        (self.in_line, self.in_row) = (true, true);
    }

    /// Pays what is owed before a word.
    fn settle(&mut self, quotes: usize) {
        let between = self.quotes.min(quotes);
        self.quotes = quotes;
        let (breaks, cell) = (std::mem::take(&mut self.breaks), std::mem::take(&mut self.cell));
        let space = std::mem::take(&mut self.space);
        self.opened = false;
        if self.in_line && breaks > 0 {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            for further in (0..breaks).rev() {
                self.text.push('\n');
                if further > 0 {
                    self.mark(between);
                }
            }
            self.in_line = false;
        }
        if !self.in_line {
            self.mark(quotes);
            if quotes > 0 {
                self.text.push(' ');
            }
            self.text.push_str(&self.item.take().unwrap_or_default());
        } else if cell {
            self.text.push_str(" | ");
        } else if space {
            self.text.push(' ');
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
