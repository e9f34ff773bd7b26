//! Sets letters within one frame.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{Datelike as _, Timelike as _};
use serde::Serialize;
use serde_json::value::RawValue;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Bytes, Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::fonts::Fonts;
use super::laid_out::{self, Printed};
use super::world::{FRAME, LetterWorld};
use super::{Order, faults};
use crate::config::source::Source;
use crate::config::workspace::INSTALLATION;
use crate::letters::words::runs_right_to_left;
use crate::letters::{Sheet, Words};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Instant, Language};

/// One frame with its fonts. Shared by threads; a letter takes a few milliseconds.
#[derive(Debug)]
pub struct Printer {
    frame: Source,
    typst: typst::syntax::Source,
    folder: Option<PathBuf>,
    /// Read when the first letter needs it: most need no other script.
    more: OnceLock<Result<Fonts, Box<Problem>>>,
    standards: PdfStandards,
}

#[derive(Serialize)]
struct Letter<'a> {
    language: Language,
    right_to_left: bool,
    sheet: &'a Sheet,
    blocks: &'a RawValue,
}

impl Printer {
    /// A printer for `templates/frames/letter.typ`, with `[letters] fonts`.
    ///
    /// # Errors
    /// None today: what is wrong with a frame shows when it is used.
    pub fn new(frame: &Source, folder: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).map_err(|e| {
            vec![Problem::error(format!("PDF/A-2a and PDF/UA-1 cannot be had together: {}", e.message()))]
        })?;
        Ok(Self {
            typst: typst::syntax::Source::new(*FRAME, frame.text.clone()),
            frame: frame.clone(),
            folder: folder.map(Path::to_owned),
            more: OnceLock::new(),
            standards,
        })
    }

    /// The file, the same bytes for the same order, and the words of the letter on its pages.
    ///
    /// # Errors
    /// A character that no font has; a mistake in the frame, or words of its own in it; a date before the year 1.
    pub fn print(&self, order: &Order<'_>) -> Result<(Vec<u8>, Words), Box<Problem>> {
        let fonts = self.fonts_for(order)?;
        let letter = Letter {
            language: order.language,
            right_to_left: order.language.right_to_left(),
            sheet: order.sheet,
            blocks: serde_json::from_str(order.blocks).map_err(|e| self.ours(&e))?,
        };
        let letter = serde_json::to_vec(&letter).map_err(|e| self.ours(&e))?;
        let world = LetterWorld { fonts, frame: &self.typst, letter: Bytes::new(letter) };
        let refused = |errors: &[SourceDiagnostic]| Box::new(faults::problem(&world, &self.frame, errors));
        let made =
            typst::compile::<PagedDocument>(&world).output.map_err(|errors| refused(&errors)).and_then(|document| {
                let printed = laid_out::read(&document);
                self.judge_frame(order.sheet, &printed)?;
                let options = PdfOptions {
                    ident: Smart::Custom(order.name.to_owned()),
                    creator: Smart::Custom(None),
                    timestamp: timestamp(order.due),
                    standards: self.standards.clone(),
                    ..PdfOptions::default()
                };
                let bytes = typst_pdf::pdf(&document, &options).map_err(|errors| refused(&errors))?;
                Ok((bytes, Words::of(&printed.letter)))
            });
        // What the last letters had in common is kept; what only old ones had is let go.
        comemo::evict(10);
        made
    }

    /// Our own mistake.
    fn ours(&self, error: &serde_json::Error) -> Box<Problem> {
        let problem = Problem::error(format!("the letter's data cannot be set: {error}"))
            .in_file(&self.frame.file)
            .help("this is our mistake, not the letter's: please report it with the letter");
        Box::new(problem)
    }

    /// The built-in fonts when they are enough; so a folder of fonts changes no letter that does not need it.
    fn fonts_for(&self, order: &Order<'_>) -> Result<&Fonts, Box<Problem>> {
        let all: String = order.sheet.strings().collect::<Vec<_>>().concat();
        let own = Fonts::built_in();
        let missing = |fonts: &Fonts| -> Vec<char> {
            let mut missing = fonts.missing(order.blocks);
            missing.extend(fonts.missing(&all));
            missing
        };
        if missing(own).is_empty() {
            return Ok(own);
        }
        let Some(folder) = &self.folder else { return Err(no_glyph(&missing(own), None)) };
        let more = self.more.get_or_init(|| {
            Fonts::with_folder(folder).map_err(|(path, e)| {
                let problem = Problem::error(format!("the fonts in {} cannot be read: {e}", path.display()));
                let help = "look at `[letters] fonts`: it names a folder, relative to the workspace";
                Box::new(problem.in_file(INSTALLATION).help(help))
            })
        });
        let fonts = more.as_ref().map_err(Clone::clone)?;
        match missing(fonts) {
            none if none.is_empty() => Ok(fonts),
            some => Err(no_glyph(&some, Some(folder))),
        }
    }

    /// A frame prints date and inside address, and nothing that the sheet does not say.
    fn judge_frame(&self, sheet: &Sheet, printed: &Printed) -> Result<(), Box<Problem>> {
        let wrong = |what: String, help: &str| Err(Box::new(Problem::error(what).in_file(&self.frame.file).help(help)));
        let known: Vec<Words> = sheet.strings().map(Words::of).collect();
        let number = |word: &str| word.parse::<usize>().is_ok_and(|n| n <= printed.pages);
        let words = printed.around.iter().flat_map(|run| run.split_whitespace());
        for word in words {
            let bare = Words::of(word);
            let said = known.iter().any(|known| known.as_str().contains(bare.as_str()));
            if !said && !number(word) && word != "/" {
                let what = format!("the PDF's frame prints “{word}”, which is neither of the letter nor of its sheet");
                return wrong(what, "a frame holds no words of its own: each language would need others");
            }
        }
        let around = Words::of(&printed.around.concat());
        for line in sheet.inside.iter().chain([&sheet.date]).filter(|line| !runs_right_to_left(line)) {
            if !around.as_str().contains(Words::of(line).as_str()) {
                let what = format!("the PDF's frame does not print “{line}”");
                return wrong(what, "a frame prints sheet.date and every line of sheet.inside");
            }
        }
        if let Some(words) = printed.off_the_page.first() {
            let what = format!("“{words}” runs off the page of the PDF");
            return wrong(what, "shorten it, or make the margins of the frame smaller");
        }
        if printed.letter.is_empty() {
            return wrong(
                "the PDF's frame does not print the letter".to_owned(),
                "put `body` where the letter belongs",
            );
        }
        Ok(())
    }
}

fn no_glyph(missing: &[char], folder: Option<&Path>) -> Box<Problem> {
    let mut named: Vec<String> = missing.iter().take(5).map(|c| format!("“{c}” (U+{:04X})", u32::from(*c))).collect();
    if missing.len() > named.len() {
        named.push(format!("{} more", missing.len() - named.len()));
    }
    let help = match folder {
        Some(folder) => format!("add a font that has it to {}; the Noto fonts have all", folder.display()),
        None => "name a folder with a font that has it: `[letters] fonts = \"…\"`; the Noto fonts have all".to_owned(),
    };
    let problem = Problem::error(format!("no font has {}", named.join(", ")));
    Box::new(problem.in_file(INSTALLATION).help(help))
}

/// In UTC, whatever the machine's zone.
fn timestamp(at: Instant) -> Option<Timestamp> {
    let at = at.utc();
    let small = |n: u32| u8::try_from(n).ok();
    let datetime = Datetime::from_ymd_hms(
        at.year(),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )?;
    Some(Timestamp::new_utc(datetime))
}
