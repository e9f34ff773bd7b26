//! Which fonts there are: Libertinus Serif for Latin, Greek and Cyrillic, compiled in, and a folder for all other scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;

/// The SIL Open Font License 1.1 stands beside them.
const BUILT_IN: [&[u8]; 4] = [
    include_bytes!("fonts/LibertinusSerif-Regular.otf"),
    include_bytes!("fonts/LibertinusSerif-Bold.otf"),
    include_bytes!("fonts/LibertinusSerif-Italic.otf"),
    include_bytes!("fonts/LibertinusSerif-BoldItalic.otf"),
];

/// Folders within the folder of fonts that are looked into.
const DEEPEST: usize = 4;

/// The largest file that is taken for a font: all of Noto CJK in one has 120 MB.
const LARGEST: u64 = 192 * 1024 * 1024;

static LIBERTINUS: LazyLock<Fonts> = LazyLock::new(|| {
    let faces = BUILT_IN.iter().filter_map(|bytes| Font::new(Bytes::new(*bytes), 0)).map(Face::loaded).collect();
    Fonts::of(faces)
});

/// Fonts in a fixed order, and what each covers.
#[derive(Debug)]
pub struct Fonts {
    book: LazyHash<FontBook>,
    faces: Vec<Face>,
}

#[derive(Debug)]
struct Face {
    info: FontInfo,
    /// `None`: compiled in. A font of a folder is read when its first letter is set.
    file: Option<(PathBuf, u32)>,
    font: OnceLock<Option<Font>>,
}

impl Face {
    fn loaded(font: Font) -> Self {
        Self { info: font.info().clone(), file: None, font: OnceLock::from(Some(font)) }
    }
}

impl Fonts {
    fn of(faces: Vec<Face>) -> Self {
        Self { book: LazyHash::new(FontBook::from_infos(faces.iter().map(|face| face.info.clone()))), faces }
    }

    /// Those compiled in.
    pub fn built_in() -> &'static Self {
        &LIBERTINUS
    }

    /// Those compiled in, and behind them all of a folder, in the order of their file names.
    ///
    /// # Errors
    /// The folder or file that cannot be read.
    pub fn with_folder(folder: &Path) -> Result<Self, (PathBuf, std::io::Error)> {
        let mut files = Vec::new();
        walk(folder, 0, &mut files)?;
        files.sort();
        let own = BUILT_IN.iter().filter_map(|bytes| Font::new(Bytes::new(*bytes), 0)).map(Face::loaded);
        let mut faces: Vec<Face> = own.collect();
        for path in files {
            let bytes = fs::read(&path).map_err(|e| (path.clone(), e))?;
            let infos = FontInfo::iter(&bytes).zip(0..);
            faces.extend(infos.map(|(info, index)| Face {
                info,
                file: Some((path.clone(), index)),
                font: OnceLock::new(),
            }));
        }
        Ok(Self::of(faces))
    }

    pub fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub fn font(&self, index: usize) -> Option<Font> {
        let face = self.faces.get(index)?;
        let read = || {
            let (path, index) = face.file.as_ref()?;
            Font::new(Bytes::new(fs::read(path).ok()?), *index)
        };
        face.font.get_or_init(read).clone()
    }

    /// Characters of `text` that no font has. Spaces and marks that are never drawn need none.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let mut missing: Vec<char> = Vec::new();
        for c in text.chars() {
            let drawn = !c.is_whitespace() && !c.is_control() && !is_joiner(c);
            let covered = || self.faces.iter().any(|face| face.info.coverage.contains(u32::from(c)));
            if drawn && !missing.contains(&c) && !covered() {
                missing.push(c);
            }
        }
        missing
    }
}

/// Zero-width joiners and marks of direction.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FE00}'..='\u{FE0F}')
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    let failed = |e| (folder.to_owned(), e);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            if depth < DEEPEST {
                walk(&path, depth + 1, files)?;
            }
            continue;
        }
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let font = ending.is_some_and(|ending| ["ttf", "otf", "ttc", "otc"].iter().any(|known| ending == *known));
        if font && fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST) {
            files.push(path);
        }
    }
    Ok(())
}
