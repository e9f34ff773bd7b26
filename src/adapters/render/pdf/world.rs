//! All that Typst may see: our own source, the frame, and one letter's data. No file, no package, no clock.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use super::fonts::Fonts;

/// Ids of files are interned for the life of the program, and there are only 65,535: they are made once.
pub static MAIN: LazyLock<FileId> = LazyLock::new(|| id("main.typ"));
pub static FRAME: LazyLock<FileId> = LazyLock::new(|| id("frame.typ"));
static LETTER: LazyLock<FileId> = LazyLock::new(|| id("letter.json"));

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static MAIN_SOURCE: LazyLock<Source> = LazyLock::new(|| Source::new(*MAIN, include_str!("main.typ").to_owned()));

#[expect(clippy::expect_used, reason = "the three names are ours, and hold nothing that a path may not hold")]
fn id(name: &str) -> FileId {
    FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).expect("a plain name is a path")))
}

/// One letter's world.
pub struct LetterWorld<'a> {
    pub fonts: &'a Fonts,
    pub frame: &'a Source,
    pub letter: Bytes,
}

impl World for LetterWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        *MAIN
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == *MAIN {
            Ok(MAIN_SOURCE.clone())
        } else if id == *FRAME {
            Ok(self.frame.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == *LETTER { Ok(self.letter.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
