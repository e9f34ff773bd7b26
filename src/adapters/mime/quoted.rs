//! Words → quoted-printable, in one pass. Source: RFC 2045, 6.7.
//!
//! The bytes are those that the crate `quoted_printable` makes, of which approved letters consist: the approval of a letter must hold
//! when the program is renewed. A test compares the two.

/// Columns of an encoded line. Source: RFC 2045, 6.7, rule 5.
const LIMIT: usize = 76;

/// Lines end with LF here, and with CRLF there. No line begins with a dot: then dot-stuffing (RFC 5321, 4.5.2) has nothing to do, and
/// cannot be done wrongly.
pub fn encode(words: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len() + words.len() / 8 + 64);
    let mut begins = 0;
    for end in memchr::memchr_iter(b'\n', words.as_bytes()).chain([words.len()]) {
        line(&words.as_bytes()[begins..end], &mut out);
        if end < words.len() {
            out.extend_from_slice(b"\r\n");
        }
        begins = end + 1;
    }
    out
}

/// Bytes that stand for themselves.
const fn is_plain(b: u8) -> bool {
    matches!(b, b'\t' | b' '..=b'~') && b != b'='
}

fn line(line: &[u8], out: &mut Vec<u8>) {
    let mut pen = Pen { out, column: 0, last: 0 };
    // Most lines of most letters.
    let ends_in_space = matches!(line.last(), Some(b' ' | b'\t'));
    let fits = line.len() < LIMIT && !ends_in_space;
    if fits && line.iter().fold(true, |plain, b| plain & is_plain(*b)) {
        pen.start(line);
        return;
    }
    // A space at the end would be lost on the way.
    let (inside, end) = match line.split_last() {
        Some((last, inside)) if matches!(last, b' ' | b'\t') => (inside, Some(*last)),
        _ => (line, None),
    };
    let mut rest = inside;
    while let Some(first) = rest.first() {
        let room = (LIMIT - 2).saturating_sub(pen.column);
        let run = if room == 0 { 0 } else { plain_run(&rest[..rest.len().min(room)]) };
        if run > 0 {
            pen.run(&rest[..run]);
            rest = &rest[run..];
        } else {
            if is_plain(*first) {
                pen.put(&[*first])
            } else {
                pen.put(&escape(*first))
            }
            rest = &rest[1..];
        }
    }
    if let Some(space) = end {
        pen.end(space);
    }
}

/// How many bytes from the start stand for themselves.
fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    // Sixteen at once.
    while let Some(chunk) = bytes[run..].first_chunk::<16>() {
        if !chunk.iter().fold(true, |plain, b| plain & is_plain(*b)) {
            break;
        }
        run += 16;
    }
    run + bytes[run..].iter().take_while(|b| is_plain(**b)).count()
}

fn escape(b: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [b'=', DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]
}

struct Pen<'a> {
    out: &'a mut Vec<u8>,
    /// Octets on this line so far.
    column: usize,
    /// Where what was put last begins.
    last: usize,
}

impl Pen<'_> {
    /// Plain bytes that leave room for a soft line break.
    fn run(&mut self, bytes: &[u8]) {
        self.start(bytes);
        self.column += bytes.len();
        self.last = self.out.len();
    }

    /// One byte, plain or escaped; where there is no room for it, after a soft line break.
    fn put(&mut self, bytes: &[u8]) {
        if self.column + bytes.len() > LIMIT {
            let mut moved = [0; 3];
            let mut length = 0;
            // A full line has no room for the break's own sign: what was put last goes to the next line too.
            if self.column == LIMIT {
                length = self.out.len() - self.last;
                moved[..length].copy_from_slice(&self.out[self.last..]);
                self.out.truncate(self.last);
            }
            self.out.extend_from_slice(b"=\r\n");
            self.column = 0;
            if length > 0 {
                self.start(&moved[..length]);
                self.column = length;
            }
        }
        self.last = self.out.len();
        self.start(bytes);
        self.column += bytes.len();
    }

    /// The space or tab with which the line ends.
    fn end(&mut self, space: u8) {
        self.put(&escape(space));
    }

    fn start(&mut self, bytes: &[u8]) {
        match bytes {
            [b'.', rest @ ..] if self.column == 0 => {
                self.out.extend_from_slice(b"=2E");
                self.out.extend_from_slice(rest);
            }
            bytes => self.out.extend_from_slice(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use lettre::message::Body;
    use lettre::message::header::ContentTransferEncoding;
    use proptest::prelude::*;

    use super::*;

    /// The crate's own encoding, its leading dots escaped.
    fn by_the_crate(words: &str) -> String {
        let body = Body::new_with_encoding(words.to_owned(), ContentTransferEncoding::QuotedPrintable).unwrap();
        let quoted = String::from_utf8(body.into_vec()).unwrap();
        let safe = |line: &str| line.strip_prefix('.').map_or(line.to_owned(), |rest| format!("=2E{rest}"));
        quoted.split_inclusive('\n').map(safe).collect()
    }

    fn check(words: &str) {
        assert_eq!(String::from_utf8(encode(words)).unwrap(), by_the_crate(words), "{words:?}");
    }

    #[test]
    fn every_place_of_a_line_s_last_columns_is_encoded_as_the_crate_does() {
        for before in 66..=82 {
            for behind in [
                "", " ", "\t", ".", "=", "é", " é", ". ", "..", "==", "é.", "=.", ".=", "…", "x=y z", " \n.", "\n\n",
                "é \n",
            ] {
                for end in ["", ".", " ", "xyz", "\n"] {
                    check(&format!("{}{behind}{end}", "x".repeat(before)));
                    check(&format!("{}{behind}{end}", ".".repeat(before)));
                    check(&format!("{}{behind}{end}", "=".repeat(before / 3) + &"x".repeat(before % 3)));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_encoded_as_the_crate_does(
            lines in proptest::collection::vec("[a-z =.\té關]{0,200}|[a-z .]{70,80}|[.=]{0,160}", 0..8),
        ) {
            check(&lines.join("\n"));
        }
    }
}
