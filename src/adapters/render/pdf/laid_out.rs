//! The words that stand on the pages, read back from where Typst put them.

use typst::introspection::{Location, MetadataElem, Tag};
use typst::layout::{Abs, Frame, FrameItem, Point, Size};
use typst::model::FootnoteEntry;
use typst::pdf::ArtifactElem;
use typst_layout::PagedDocument;

/// What is printed, in the order of the pages.
#[derive(Debug, Default)]
pub struct Printed {
    /// The letter itself, each note where the other forms have it.
    pub letter: String,
    /// Everything else, run by run: letterhead, date, inside address, subject, page numbers.
    pub around: Vec<String>,
    pub pages: usize,
    /// Words that stand wholly or partly beside the paper.
    pub off_the_page: Vec<String>,
}

/// Reads all pages.
pub fn read(document: &PagedDocument) -> Printed {
    let mut reader = Reader::default();
    for page in document.pages() {
        reader.paper = page.frame.size();
        reader.frame(&page.frame, Point::zero());
    }
    let mut notes = reader.notes.into_iter();
    let mut letter = String::new();
    for part in reader.parts {
        match part {
            Part::Words(words) => letter.push_str(&words),
            Part::NotesHere(number) => notes.by_ref().take(number).for_each(|note| letter.push_str(&note)),
        }
    }
    // A note that nobody announced is the frame's.
    reader.around.extend(notes);
    Printed { letter, around: reader.around, pages: document.pages().len(), off_the_page: reader.off_the_page }
}

enum Part {
    Words(String),
    NotesHere(usize),
}

#[derive(Default)]
struct Reader {
    parts: Vec<Part>,
    notes: Vec<String>,
    around: Vec<String>,
    /// Of the page that is read.
    paper: Size,
    off_the_page: Vec<String>,
    /// The letter, while we are in it.
    in_letter: Option<Location>,
    /// The note, while we are in one.
    in_note: Option<Location>,
    /// A header, a footer or the like, while we are in one: it stands on the page of the letter, but is not of it.
    in_margin: Option<Location>,
}

impl Reader {
    /// Turned and stretched groups are taken as if they were not: none of ours is.
    fn frame(&mut self, frame: &Frame, origin: Point) {
        for (at, item) in frame.items() {
            let at = origin + *at;
            match item {
                FrameItem::Group(group) => {
                    self.frame(&group.frame, at + Point::new(group.transform.tx, group.transform.ty));
                }
                FrameItem::Text(run) => {
                    let slack = Abs::pt(1.0);
                    let beside = at.x < -slack || at.x + run.width() > self.paper.x + slack;
                    if beside || at.y < -slack || at.y > self.paper.y + slack {
                        self.off_the_page.push(run.text.to_string());
                    }
                    self.words(&run.text);
                }
                FrameItem::Tag(tag) => self.tag(tag),
                FrameItem::Shape(..) | FrameItem::Image(..) | FrameItem::Link(..) => {}
            }
        }
    }

    fn words(&mut self, words: &str) {
        if self.in_margin.is_some() {
            self.around.push(words.to_owned());
        } else if self.in_note.is_some() {
            if let Some(note) = self.notes.last_mut() {
                note.push_str(words);
            }
        } else if self.in_letter.is_some() {
            self.parts.push(Part::Words(words.to_owned()));
        } else {
            self.around.push(words.to_owned());
        }
    }

    fn tag(&mut self, tag: &Tag) {
        match tag {
            Tag::Start(element, _) => {
                let is = |name: &str| element.label().is_some_and(|label| label.resolve().as_str() == name);
                if is("demarche-letter") {
                    self.in_letter = element.location();
                } else if element.is::<ArtifactElem>() && self.in_margin.is_none() {
                    self.in_margin = element.location();
                } else if element.is::<FootnoteEntry>() {
                    self.in_note = element.location();
                    self.notes.push(String::new());
                } else if let Some(meta) = element.to_packed::<MetadataElem>()
                    && is("demarche-notes")
                {
                    let number = meta.value.clone().cast::<usize>().unwrap_or(0);
                    self.parts.push(Part::NotesHere(number));
                }
            }
            Tag::End(location, ..) => {
                if self.in_margin == Some(*location) {
                    self.in_margin = None;
                }
                if self.in_note == Some(*location) {
                    self.in_note = None;
                }
                if self.in_letter == Some(*location) {
                    self.in_letter = None;
                }
            }
        }
    }
}
