//! RFC 4180, with the place of every field and of every broken quote.

use std::borrow::Cow;

use super::found::{At, Found, words};

/// The longest cell, in bytes; also how far an open quote is followed over a line's end.
pub(super) const LONGEST_CELL: usize = 4096;

/// One cell as it stands in the file.
#[derive(Debug)]
pub(super) struct Field<'t> {
    /// Without the quotes around it, and with doubled quotes made single.
    pub text: Cow<'t, str>,
    /// With the quotes around it.
    pub at: At,
    /// Its quoting is wrong, and has been reported: what it says cannot be known.
    pub broken: bool,
}

impl Field<'_> {
    /// The place of the character at byte `index` of [`Field::text`]; the whole field where quoting or a line break
    /// shifts what stands behind it.
    pub fn at_char(&self, index: usize, c: char) -> At {
        let before = self.text.get(..index).unwrap_or("");
        if matches!(self.text, Cow::Owned(_)) || before.contains('\n') {
            return self.at;
        }
        let quotes = (self.at.end - self.at.start).saturating_sub(self.text.len()) / 2;
        let start = self.at.start + quotes + index;
        At { start, end: start + c.len_utf8(), ..self.at }
    }
}

/// How a field ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Separator,
    Record,
}

/// Reads record after record, in time linear in the text.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    separator: u8,
    /// Byte offset of what is read next.
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'t> Reader<'t> {
    /// `separator` is an ASCII sign.
    pub fn new(text: &'t str, separator: u8) -> Self {
        Self { text, separator, at: 0, line: 1, line_start: 0 }
    }

    /// The next record that is not an empty line, into `record`; `false` at the end of the text.
    pub fn next(&mut self, record: &mut Vec<Field<'t>>, found: &mut Found<'_>) -> bool {
        record.clear();
        while let Some(length) = self.line_end(self.at) {
            self.new_line(self.at + length);
        }
        if self.at >= self.text.len() {
            return false;
        }
        loop {
            let (field, end) =
                if self.byte(self.at) == Some(b'"') { self.quoted(found) } else { self.bare(self.at, found) };
            record.push(field);
            if end == End::Record {
                return true;
            }
        }
    }

    fn bare(&mut self, start: usize, found: &mut Found<'_>) -> (Field<'t>, End) {
        let (end, quote) = self.until_separator(start);
        let at = At { start, end, ..self.here() };
        let field = Field { text: Cow::Borrowed(&self.text[start..end]), at, broken: quote.is_some() };
        if let Some(quote) = quote {
            found.error(At { start: quote, end: quote + 1, ..at }, || {
                words(
                    "a quote stands inside a cell that does not begin with one",
                    "put the whole cell in quotes and write the inner quote twice: \"a \"\"b\"\" c\"",
                )
            });
        }
        (field, self.leave(end))
    }

    fn quoted(&mut self, found: &mut Found<'_>) -> (Field<'t>, End) {
        let start = self.at;
        let opened = self.here();
        let mut doubled = false;
        let mut i = start + 1;
        let close = loop {
            match self.byte(i) {
                Some(b'"') if self.byte(i + 1) == Some(b'"') => {
                    doubled = true;
                    i += 2;
                }
                Some(b'"') => break i,
                Some(b'\n') if self.closes_behind(start, i) => {
                    i += 1;
                    self.new_line(i);
                }
                Some(b'\n') | None => return self.unclosed(opened, i, found),
                Some(_) => i += 1,
            }
        };
        let inner = &self.text[start + 1..close];
        let text = if doubled { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) };
        let (end, _) = self.until_separator(close + 1);
        let broken = end > close + 1;
        if broken {
            found.error(At { start: close + 1, end, ..self.here() }, || {
                words(
                    "text stands behind a closing quote",
                    "write a quote inside a quoted cell twice: \"a \"\"b\"\" c\"",
                )
            });
        }
        let at = At { start, end, ..opened };
        (Field { text, at, broken }, self.leave(end))
    }

    /// A quote that nothing closes ends with its line: the lines below are still read, and their mistakes shown.
    fn unclosed(&mut self, opened: At, line_end: usize, found: &mut Found<'_>) -> (Field<'t>, End) {
        let at = At { end: line_end, ..opened };
        found.error(at, || {
            words(
                format!("the quote that opens here, in line {}, is never closed", opened.line),
                "close it behind the cell's last letter; a quote inside the cell is written twice",
            )
        });
        self.at = line_end;
        (Field { text: Cow::Borrowed(""), at, broken: true }, self.leave(line_end))
    }

    /// Whether the quote opened at `start` closes properly behind the line's end at `from`: then it is a cell with a line
    /// break. Looks no further than a cell may reach, so that reading stays linear.
    fn closes_behind(&self, start: usize, from: usize) -> bool {
        let mut i = from;
        while i < start + 2 + LONGEST_CELL {
            match self.byte(i) {
                None => return false,
                Some(b'"') if self.byte(i + 1) == Some(b'"') => i += 2,
                Some(b'"') => {
                    let next = i + 1;
                    return next >= self.text.len()
                        || self.byte(next) == Some(self.separator)
                        || self.line_end(next).is_some();
                }
                Some(_) => i += 1,
            }
        }
        false
    }

    /// Where the field that begins at `from` ends, and the first quote in it.
    fn until_separator(&self, from: usize) -> (usize, Option<usize>) {
        let mut quote = None;
        let mut i = from;
        while let Some(byte) = self.byte(i) {
            if byte == self.separator || byte == b'\n' || (byte == b'\r' && self.byte(i + 1) == Some(b'\n')) {
                break;
            }
            if byte == b'"' && quote.is_none() {
                quote = Some(i);
            }
            i += 1;
        }
        (i, quote)
    }

    /// Steps over what ends the field at `end`.
    fn leave(&mut self, end: usize) -> End {
        self.at = end;
        if let Some(length) = self.line_end(end) {
            self.new_line(end + length);
            return End::Record;
        }
        if self.byte(end) == Some(self.separator) {
            self.at += 1;
            return End::Separator;
        }
        End::Record
    }

    fn line_end(&self, at: usize) -> Option<usize> {
        match (self.byte(at), self.byte(at + 1)) {
            (Some(b'\n'), _) => Some(1),
            (Some(b'\r'), Some(b'\n')) => Some(2),
            _ => None,
        }
    }

    fn new_line(&mut self, start: usize) {
        self.at = start;
        self.line += 1;
        self.line_start = start;
    }

    fn here(&self) -> At {
        At { line: self.line, line_start: self.line_start, start: self.at, end: self.at }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}
