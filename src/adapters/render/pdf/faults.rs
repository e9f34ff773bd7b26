//! What Typst refuses, as a problem with its place.

use typst::World as _;
use typst::WorldExt as _;
use typst::diag::SourceDiagnostic;

use super::world::{FRAME, LetterWorld};
use crate::config::source::Source;
use crate::vocabulary::problem::Problem;

/// The first of Typst's errors. Those in the frame are its author's; all others are ours.
pub fn problem(world: &LetterWorld<'_>, frame: &Source, errors: &[SourceDiagnostic]) -> Problem {
    let Some(first) = errors.first() else {
        return Problem::error("the letter cannot be printed").in_file(&frame.file);
    };
    let message = format!("the letter cannot be printed: {}", first.message);
    // The innermost place of the frame on the way to the mistake.
    let spans = std::iter::once(first.span).chain(first.trace.iter().map(|step| step.span.into()));
    let in_frame = spans.filter(|span| span.id() == Some(*FRAME)).find_map(|span| world.range(span));
    let hint = first.hints.first().map(|hint| hint.v.to_string());
    match in_frame {
        Some(range) => {
            let help = hint.unwrap_or_else(|| {
                "correct the frame, or take it from a fresh workspace: `demarche init DIR`".to_owned()
            });
            // Typst reads the text as it is; places count in the same bytes.
            let range = range.start.min(frame.text.len())..range.end.min(frame.text.len());
            Problem::error(message).at(frame.place(range)).help(help)
        }
        None => Problem::error(message).in_file(&frame.file).help(hint.unwrap_or_else(|| {
            format!(
                "compare the frame with that of a fresh workspace: `demarche init DIR` ({} is ours)",
                world.main().get().vpath().get_without_slash()
            )
        })),
    }
}
