//! Letters as people write them → letters as delegations read them.
//!
//! A letter's Markdown is read once. What comes of it are three Handlebars templates (subject, text, HTML) into which each
//! delegation's facts are put, escaped: a value can never be read as Markdown, as HTML or as a template.

mod bidi;
mod check;
mod expression;
mod frames;
mod front;
mod helpers;
mod html;
mod markdown;
mod marks;
mod names;
pub mod pdf;
mod pieces;
mod placeholders;
mod press;
mod scope;
mod set;
mod tags;
mod text;
mod tree;
mod typography;
mod wrap;

pub use frames::Frames;
pub use press::{LetterSource, Press};
pub use scope::Scope;
