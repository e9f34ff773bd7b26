//! The header line: which column stands where.

use super::csv::Field;
use super::found::{At, Found, words};
use crate::vocabulary::{hint, safe_text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    State,
    Post,
    Rank,
    Name,
    Gender,
    Email,
    Send,
    Language,
    AsOf,
    Source,
    Tags,
    Surname,
    Salutation,
    Closing,
}

impl Column {
    pub const ALL: [Self; 14] = [
        Self::State,
        Self::Post,
        Self::Rank,
        Self::Name,
        Self::Gender,
        Self::Email,
        Self::Send,
        Self::Language,
        Self::AsOf,
        Self::Source,
        Self::Tags,
        Self::Surname,
        Self::Salutation,
        Self::Closing,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Post => "post",
            Self::Rank => "rank",
            Self::Name => "name",
            Self::Gender => "gender",
            Self::Email => "email",
            Self::Send => "send",
            Self::Language => "language",
            Self::AsOf => "as_of",
            Self::Source => "source",
            Self::Tags => "tags",
            Self::Surname => "surname",
            Self::Salutation => "salutation",
            Self::Closing => "closing",
        }
    }

    /// Whether a list may leave it out: the overrides.
    pub fn optional(self) -> bool {
        matches!(self, Self::Surname | Self::Salutation | Self::Closing)
    }

    /// Whether people write it in their own words, so that a spreadsheet might run it.
    pub fn is_free_text(self) -> bool {
        self.optional() || matches!(self, Self::Name | Self::Source | Self::Tags)
    }

    fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == text)
    }
}

/// The header that a new list begins with.
pub(super) const HEADER: &str = "state,post,rank,name,gender,email,send,language,as_of,source,tags";

/// The columns of one file, from left to right; `None` for one that is unknown or doubled.
#[derive(Debug)]
pub(super) struct Columns {
    in_order: Vec<Option<Column>>,
}

impl Columns {
    /// Reads the header; every mistake in it goes to `found`. `None`: it is no header at all.
    pub fn read(header: &[Field<'_>], found: &mut Found<'_>) -> Option<Self> {
        let row = header.first()?.at;
        if !header.iter().any(|cell| nearest(&cell.text).is_some()) {
            found.error(row, || {
                words("the first line is no header: it names no known column", format!("begin the list with {HEADER}"))
            });
            return None;
        }
        let mut in_order: Vec<Option<Column>> = Vec::with_capacity(header.len());
        let mut meant: Vec<Column> = Vec::new();
        for cell in header {
            let column = Column::named(&cell.text);
            match column {
                None if cell.broken => {}
                None => {
                    let near = nearest(&cell.text);
                    meant.extend(near);
                    found.error(cell.at, || unknown(&cell.text, near));
                }
                Some(twice) if in_order.contains(&column) => {
                    found.error(cell.at, || {
                        words(
                            format!("the column `{}` stands twice", twice.as_str()),
                            "keep one of the two, and its cells",
                        )
                    });
                    in_order.push(None);
                    continue;
                }
                Some(_) => {}
            }
            in_order.push(column);
        }
        let columns = Self { in_order };
        columns.report_missing(row, &meant, found);
        Some(columns)
    }

    pub fn len(&self) -> usize {
        self.in_order.len()
    }

    pub fn position(&self, column: Column) -> Option<usize> {
        self.in_order.iter().position(|c| *c == Some(column))
    }

    /// Whether `row` is the header once more.
    pub fn is_header(&self, row: &[Field<'_>]) -> bool {
        let known = || self.in_order.iter().zip(row).filter_map(|(column, cell)| column.map(|c| (c, cell)));
        known().next().is_some() && known().all(|(column, cell)| cell.text == column.as_str())
    }

    /// A column that an unknown one was probably meant for has had its error.
    fn report_missing(&self, row: At, meant: &[Column], found: &mut Found<'_>) {
        for column in Column::ALL {
            if !column.optional() && self.position(column).is_none() && !meant.contains(&column) {
                found.error(row, || {
                    words(
                        format!("the column `{}` is missing", column.as_str()),
                        format!("name it in the header, even if its cells are empty: {HEADER}"),
                    )
                });
            }
        }
    }
}

fn nearest(text: &str) -> Option<Column> {
    hint::nearest(text, Column::ALL.map(Column::as_str)).and_then(Column::named)
}

fn unknown(text: &str, near: Option<Column>) -> super::found::Words {
    if text.is_empty() {
        return words("a column has no name", "delete it, or name it in the header");
    }
    let shown: String = safe_text::line(text).chars().take(40).collect();
    match near {
        Some(near) => words(
            format!("there is no column `{shown}`; did you mean `{}`?", near.as_str()),
            "columns are written exactly, in small letters, without spaces around them",
        ),
        None => words(
            format!("there is no column `{shown}`"),
            format!("the columns are {HEADER}, and if wished surname,salutation,closing"),
        ),
    }
}

/// `;` where the header has more of them than commas, as spreadsheets in French or German write.
pub(super) fn separator(header: &str) -> u8 {
    if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' }
}
