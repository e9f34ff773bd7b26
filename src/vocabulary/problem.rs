//! What is wrong in a file that a person wrote: where, why, and what to do next.

use serde::Serialize;

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Notice,
    /// Probably not what was meant; nothing is stopped.
    Warning,
    /// Nothing is stored or sent while it stands.
    Error,
}

/// A place in a file. Lines and columns count from 1; a column is a character, not a byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the workspace, with `/`.
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// Characters that the caret underlines, at least 1.
    pub width: usize,
    /// The line as it may be shown: secrets are already stars.
    pub text: String,
}

/// One thing that is wrong. Made where it is found, shown by `cli::diagnostics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// What is wrong: one clause, small first letter, no full stop.
    pub message: String,
    /// Where; `None` for what has no place, such as a missing folder.
    pub place: Option<Place>,
    /// What to do next.
    pub help: Option<String>,
}

impl Problem {
    pub fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), place: None, help: None }
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    pub fn notice(message: impl Into<String>) -> Self {
        Self { severity: Severity::Notice, ..Self::error(message) }
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// A problem of a whole file: its first line, nothing underlined.
    #[must_use]
    pub fn in_file(self, file: impl Into<String>) -> Self {
        self.at(Place { file: file.into(), line: 1, column: 1, width: 0, text: String::new() })
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `{file, line, column, message, help}`, as the contract prints it; `severity` is an addition.
impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut row = serializer.serialize_struct("Problem", 6)?;
        row.serialize_field("severity", &self.severity)?;
        row.serialize_field("file", &self.place.as_ref().map(|p| &p.file))?;
        row.serialize_field("line", &self.place.as_ref().map(|p| p.line))?;
        row.serialize_field("column", &self.place.as_ref().map(|p| p.column))?;
        row.serialize_field("message", &self.message)?;
        row.serialize_field("help", &self.help)?;
        row.end()
    }
}
