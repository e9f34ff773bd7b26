//! What a letter takes along.

use std::fmt;
use std::str::FromStr;

/// One thing that a step attaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attach {
    /// `pdf`: the letter itself, as it would be printed.
    Letter,
    /// `meeting.ics`: the invitation to the meeting that the letter confirms.
    Invitation,
    /// A file beside the letter's `LANG.md`.
    File(FileName),
}

/// The name of a file beside a letter, as the mission will see it.
///
/// - Printable ASCII: other names reach many mail programs as question marks.
/// - Of a kind that a mission's mail server lets through; see [`FileName::media_type`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

/// Endings and what they stand for. Source: the IANA registry of media types.
const KINDS: [(&str, &str); 10] = [
    ("pdf", "application/pdf"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("csv", "text/csv"),
    ("txt", "text/plain"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
];

/// As `attach` names it, and as the mission sees it.
pub const INVITATION: &str = "meeting.ics";

/// Why a name is refused; one clause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    #[error(
        "a file's name has at most 80 characters of the kind a-z, A-Z, 0-9, `-`, `_`, `.` and space, and begins with a letter or digit"
    )]
    Characters,
    #[error("a letter takes along files that end in {}", endings())]
    Kind,
}

fn endings() -> String {
    KINDS.iter().map(|(ending, _)| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}

impl FileName {
    /// What the invitation to a meeting is called. A calendar beside a letter would be another matter, and has no ending of its own here.
    pub fn invitation() -> Self {
        Self(INVITATION.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn media_type(&self) -> &'static str {
        match self.0.as_str() {
            // RFC 6047, 2.4: the method stands in both places, and must be the same.
            INVITATION => "text/calendar; method=REQUEST; charset=UTF-8",
            name => kind(name).unwrap_or("application/octet-stream"),
        }
    }
}

fn kind(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, media_type)| *media_type)
}

impl FromStr for FileName {
    type Err = FileNameError;
    fn from_str(text: &str) -> Result<Self, FileNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_. ".contains(&b);
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if !begins || text.len() > 80 || !text.bytes().all(plain) || text.contains("..") || text.contains("  ") {
            return Err(FileNameError::Characters);
        }
        kind(text).ok_or(FileNameError::Kind)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_or_hides_something_is_refused() {
        for wrong in ["", "../en.md", "a/b.pdf", ".hidden.pdf", "a\r\n.pdf", "a\"b.pdf", "é.pdf", "a..pdf", " a.pdf"] {
            assert_eq!(wrong.parse::<FileName>(), Err(FileNameError::Characters), "{wrong:?}");
        }
        for kind in ["a", "a.exe", "a.pdf.js", "a.zip", "en.md", "a.html"] {
            assert_eq!(kind.parse::<FileName>(), Err(FileNameError::Kind), "{kind:?}");
        }
    }

    #[test]
    fn the_ending_says_what_the_file_is() {
        assert_eq!("Annex 1.PDF".parse::<FileName>().unwrap().media_type(), "application/pdf");
        assert_eq!("list.csv".parse::<FileName>().unwrap().media_type(), "text/csv");
    }
}
