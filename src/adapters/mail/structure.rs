//! Which bytes of a message are which part: one pass over its lines, a stack of open boundaries, no recursion.

use std::io::BufRead as _;
use std::ops::Range;

use super::fields::{self, RawField};
use super::limits::{DEEPEST, LONGEST, LeftOut, MOST_FIELDS, MOST_HEADER_BYTES, MOST_PARTS};
use super::transfer::Encoding;

/// A header and what follows it.
#[derive(Debug)]
pub struct Entity {
    /// The entity that holds it; `None` for the message itself. Those inside it come later in the list.
    pub parent: Option<usize>,
    pub depth: usize,
    /// A message of its own, with fields of its own: the outermost one, or what a `message/rfc822` part holds.
    pub is_message: bool,
    pub fields: Vec<RawField>,
    pub kind: Kind,
    pub media_type: String,
    pub parameters: Vec<(String, String)>,
    pub encoding: Encoding,
    pub body: Range<usize>,
}

/// What is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Leaf,
    Several,
    /// The next entity is the message that it holds.
    Message,
}

/// An entity that has begun and not ended.
struct Open {
    index: usize,
    /// Of a `multipart`, once its header is read; empty for others.
    boundary: Vec<u8>,
    /// A `multipart` that does not name its boundary takes the first line that could be one.
    wants_boundary: bool,
}

struct Scan<'a> {
    raw: &'a [u8],
    entities: Vec<Entity>,
    open: Vec<Open>,
    /// Whether lines belong to the header of the innermost open entity.
    in_header: bool,
    header_start: usize,
    header_bytes: usize,
    field_count: usize,
    left_out: &'a mut LeftOut,
}

/// What stands in a message, in order of beginning.
pub fn scan(raw: &[u8], left_out: &mut LeftOut) -> Vec<Entity> {
    let raw = if raw.len() > LONGEST {
        left_out.note("it is longer than 50 MiB");
        &raw[..LONGEST]
    } else {
        raw
    };
    let line_end = line_end(raw);
    let mut scan = Scan {
        raw,
        entities: Vec::new(),
        open: Vec::new(),
        in_header: false,
        header_start: 0,
        header_bytes: 0,
        field_count: 0,
        left_out,
    };
    scan.begin(0, None, true);
    let mut at = 0;
    while at < raw.len() {
        let line = line_at(raw, at, line_end);
        let next = at + line;
        if !scan.take(at, next) {
            break;
        }
        at = next;
    }
    scan.close_down_to(0, at);
    scan.entities
}

/// How many bytes the line at `at` has, its end included.
fn line_at(raw: &[u8], at: usize, line_end: u8) -> usize {
    // The standard library's search is fast in every build; reading from memory cannot fail.
    let mut rest = &raw[at..];
    rest.skip_until(line_end).unwrap_or(raw.len() - at)
}

/// A line feed; a carriage return where there is no line feed at all, as old Macintoshes wrote.
fn line_end(raw: &[u8]) -> u8 {
    let head = &raw[..raw.len().min(64 << 10)];
    if !head.contains(&b'\n') && head.contains(&b'\r') { b'\r' } else { b'\n' }
}

impl Scan<'_> {
    /// One line, from `at` to `next`. `false`: no more is read.
    fn take(&mut self, at: usize, next: usize) -> bool {
        let line = self.raw[at..next].trim_ascii_end();
        let delimits = line.starts_with(b"--") && line.len() > 2 && self.take_delimiter(line, at, next);
        if self.in_header && !delimits {
            self.take_header_line(line, at, next);
        }
        if self.entities.len() > MOST_PARTS {
            self.left_out.note("it has more than 1,000 parts");
            return false;
        }
        true
    }

    /// RFC 2046, 5.1.1. An outer boundary ends everything inside.
    fn take_delimiter(&mut self, line: &[u8], at: usize, next: usize) -> bool {
        if let Some(innermost) = self.open.last_mut()
            && innermost.wants_boundary
            && line.len() <= 202
        {
            innermost.wants_boundary = false;
            innermost.boundary = line[2..].to_vec();
        }
        let said = &line[2..];
        let fits = |open: &Open| {
            let rest = said.strip_prefix(open.boundary.as_slice());
            !open.boundary.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest == b"--")
        };
        let Some(level) = self.open.iter().rposition(fits) else { return false };
        let ends = said.len() > self.open[level].boundary.len();
        self.close_down_to(level + 1, at);
        self.in_header = false;
        if ends {
            return true;
        }
        self.begin(next, Some(level), false);
        true
    }

    fn begin(&mut self, at: usize, level: Option<usize>, is_message: bool) {
        let parent = level.map(|level| self.open[level].index);
        let depth = parent.map_or(0, |parent| self.entities[parent].depth + 1);
        self.open.push(Open { index: self.entities.len(), boundary: Vec::new(), wants_boundary: false });
        self.entities.push(Entity {
            parent,
            depth,
            is_message,
            fields: Vec::new(),
            kind: Kind::Leaf,
            media_type: String::new(),
            parameters: Vec::new(),
            encoding: Encoding::Identity,
            body: at..at,
        });
        self.in_header = true;
        self.header_start = at;
    }

    fn take_header_line(&mut self, line: &[u8], at: usize, next: usize) {
        let Some(index) = self.open.last().map(|open| open.index) else { return };
        let first = at == self.header_start;
        if line.is_empty() {
            // Some servers leave a line empty before the header of a message that they enclose.
            if first && self.entities[index].is_message && self.entities[index].parent.is_some() {
                self.header_start = next;
                return;
            }
            return self.end_header(next);
        }
        let entity = &mut self.entities[index];
        let folded = self.raw[at] == b' ' || self.raw[at] == b'\t';
        let envelope = first && (line.starts_with(b"From ") || line.starts_with(b">From "));
        if envelope {
            self.header_start = next;
            return;
        }
        let too_much = self.header_bytes > MOST_HEADER_BYTES || self.field_count >= MOST_FIELDS;
        if folded && let Some(last) = entity.fields.last_mut() {
            self.header_bytes += next - at;
            if last.range.end == at && !too_much {
                last.range.end = next;
            }
        } else if let Some(name) = fields::name_of(line) {
            self.header_bytes += next - at;
            if too_much {
                self.left_out.note("its headers are too long or too many");
            } else {
                self.field_count += 1;
                entity.fields.push(RawField { name, range: at..next });
            }
        } else {
            // No empty line before the body.
            self.end_header(at);
        }
        if self.header_bytes > MOST_HEADER_BYTES {
            self.left_out.note("its headers are longer than 1 MiB");
        }
    }

    /// The header of the innermost entity is complete; its body begins at `body`.
    fn end_header(&mut self, body: usize) {
        self.in_header = false;
        let Some(open) = self.open.last_mut() else { return };
        let in_digest = self.entities[open.index]
            .parent
            .is_some_and(|parent| self.entities[parent].media_type == "multipart/digest");
        let full = self.entities.len() >= MOST_PARTS;
        let entity = &mut self.entities[open.index];
        entity.body = body..body;
        let head = fields::content_head(self.raw, &entity.fields, in_digest);
        (entity.media_type, entity.parameters, entity.encoding) = (head.media_type, head.parameters, head.encoding);
        let deep = entity.depth >= DEEPEST;
        if entity.media_type.starts_with("multipart/") {
            if deep {
                self.left_out.note("its parts are nested more than 50 deep");
                return;
            }
            entity.kind = Kind::Several;
            open.boundary = head.boundary;
            open.wants_boundary = open.boundary.is_empty();
        } else if holds_a_message(&entity.media_type) && entity.encoding == Encoding::Identity {
            if deep {
                self.left_out.note("its messages are nested more than 50 deep");
                return;
            }
            if full {
                self.left_out.note("it has more than 1,000 parts");
                return;
            }
            entity.kind = Kind::Message;
            let level = self.open.len() - 1;
            self.begin(body, Some(level), true);
        }
    }

    /// Ends all open entities but the outer `keep`; the line at `at` is not theirs, nor is the line end before it.
    fn close_down_to(&mut self, keep: usize, at: usize) {
        while self.open.len() > keep {
            if self.in_header {
                self.end_header(at);
                self.in_header = false;
            }
            let Some(open) = self.open.pop() else { return };
            let body = &mut self.entities[open.index].body;
            body.end = at.max(body.start);
            if keep > 0 {
                let slice = &self.raw[body.clone()];
                let ended = slice.strip_suffix(b"\n").map_or(slice, |slice| slice.strip_suffix(b"\r").unwrap_or(slice));
                body.end = body.start + ended.len();
            }
        }
    }
}

/// RFC 2046, 5.2.1; RFC 6532, 3.7; RFC 3462, 2.
pub fn holds_a_message(media_type: &str) -> bool {
    matches!(
        media_type,
        "message/rfc822"
            | "message/global"
            | "message/news"
            | "text/rfc822-headers"
            | "message/global-headers"
            | "text/rfc822"
            | "message/rfc822-headers"
    )
}
