//! The letter as it would be printed: PDF/A-2a and PDF/UA-1, set by Typst from the same tree as text and HTML.

#[cfg(feature = "pdf")]
mod faults;
#[cfg(feature = "pdf")]
mod fonts;
#[cfg(feature = "pdf")]
mod laid_out;
#[cfg(feature = "pdf")]
mod printer;
#[cfg(feature = "pdf")]
mod world;

#[cfg(feature = "pdf")]
pub use printer::Printer;

#[cfg(not(feature = "pdf"))]
mod without;
#[cfg(not(feature = "pdf"))]
pub use without::Printer;

use crate::letters::Sheet;
use crate::vocabulary::{Instant, Language};

/// One letter for the printer.
#[derive(Debug)]
pub struct Order<'a> {
    pub sheet: &'a Sheet,
    /// What `Press::set` gave.
    pub blocks: &'a str,
    pub language: Language,
    /// Stands in the file as its date.
    pub due: Instant,
    /// Makes the file's own number; the same for the same letter.
    pub name: &'a str,
}
