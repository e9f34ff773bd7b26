//! An answer that is written while it is read from the database, so that a long list is never held in memory.
//!
//! A list that fits on one page looks as if it had been printed at once.

use std::io::{self, BufWriter, Write};

use serde_json::Value;

use super::answer::CliError;
use super::context::Context;

/// Rows of one page: of a table, and of a query.
pub const PAGE: usize = 500;

/// Standard output. Once nobody reads any more it says so, and what is written after that goes nowhere.
pub struct Stream {
    out: BufWriter<Box<dyn Write>>,
    is_read: bool,
    /// Whether the list that is open has an element.
    begun: bool,
    /// How far the open list is indented.
    indent: usize,
}

impl Stream {
    pub fn new() -> Self {
        Self::onto(Box::new(anstream::stdout()))
    }

    /// For a spreadsheet: no styles are looked for, and none are stripped.
    pub fn raw() -> Self {
        Self::onto(Box::new(io::stdout()))
    }

    fn onto(out: Box<dyn Write>) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, out), is_read: true, begun: false, indent: 0 }
    }

    /// # Errors
    /// When standard output cannot be written to, as with a full disk. A reader that has closed it has read enough.
    pub fn text(&mut self, text: &str) -> Result<(), CliError> {
        if self.is_read {
            let written = self.out.write_all(text.as_bytes());
            self.note(written)?;
        }
        Ok(())
    }

    /// Hands over what is ready, and says whether anybody still reads.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn is_read(&mut self) -> Result<bool, CliError> {
        if self.is_read {
            let written = self.out.flush();
            self.note(written)?;
        }
        Ok(self.is_read)
    }

    /// A member of the document whose other members stand before it: a list.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn list(&mut self, name: &str, elements: impl Iterator<Item = Value>) -> Result<(), CliError> {
        self.text(&format!(",\n  \"{name}\": "))?;
        self.open_list(2)?;
        for element in elements {
            self.element(&element)?;
        }
        self.close_list()
    }

    /// Opens a JSON list, so many columns from the left.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn open_list(&mut self, indent: usize) -> Result<(), CliError> {
        (self.begun, self.indent) = (false, indent);
        self.text("[")
    }

    /// The next element of the open list.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn element(&mut self, value: &Value) -> Result<(), CliError> {
        let margin = " ".repeat(self.indent + 2);
        let comma = if std::mem::replace(&mut self.begun, true) { ",\n" } else { "\n" };
        // Values made of strings and numbers always have a JSON form; a line break inside a string is written `\n` there.
        let element = serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', &format!("\n{margin}"));
        self.text(&format!("{comma}{margin}{element}"))
    }

    /// # Errors
    /// As [`Stream::text`].
    pub fn close_list(&mut self) -> Result<(), CliError> {
        if self.begun {
            self.text(&format!("\n{}", " ".repeat(self.indent)))?;
        }
        self.text("]")
    }

    fn note(&mut self, written: io::Result<()>) -> Result<(), CliError> {
        match written {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_read = false;
                Ok(())
            }
            Err(error) => {
                Err(CliError::world(format!("the answer cannot be written: {error}"), "make room, or write elsewhere"))
            }
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("is_read", &self.is_read).finish_non_exhaustive()
    }
}

/// A list of rows that is told as a table or as JSON, page by page.
pub struct Rows<'a> {
    pub stream: Stream,
    json: bool,
    table: Option<comfy_table::Table>,
    header: &'a [&'a str],
    count: u64,
}

impl<'a> Rows<'a> {
    /// # Errors
    /// As [`Stream::text`].
    pub fn begin(context: &Context, header: &'a [&'a str]) -> Result<Self, CliError> {
        let mut stream = Stream::new();
        if context.json {
            stream.open_list(0)?;
        }
        Ok(Self { stream, json: context.json, table: None, header, count: 0 })
    }

    /// `cells` for people, `value` for scripts: only one of the two is made.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn row(&mut self, cells: impl FnOnce() -> Vec<String>, value: impl FnOnce() -> Value) -> Result<(), CliError> {
        self.count += 1;
        if self.json {
            return self.stream.element(&value());
        }
        self.table.get_or_insert_with(|| super::output::table(self.header)).add_row(cells());
        Ok(())
    }

    /// After each page; `false`: nobody reads any more.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn end_page(&mut self) -> Result<bool, CliError> {
        if let Some(table) = self.table.take() {
            self.stream.text(&format!("{table}\n"))?;
        }
        self.stream.is_read()
    }

    /// `none` where there was no row, else what `told` makes of their number.
    ///
    /// # Errors
    /// As [`Stream::text`].
    pub fn end(mut self, none: &str, told: impl FnOnce(u64) -> String) -> Result<(), CliError> {
        self.end_page()?;
        if self.json {
            self.stream.close_list()?;
            self.stream.text("\n")?;
        } else if self.count == 0 {
            self.stream.text(none)?;
        } else {
            self.stream.text(&told(self.count))?;
        }
        self.stream.is_read().map(drop)
    }
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("count", &self.count).finish_non_exhaustive()
    }
}
