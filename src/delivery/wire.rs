//! What bytes may follow DATA. Anything a server could read as the letter's end, or as a command, is refused here.

use std::fmt;

/// Octets of the longest line, without its CRLF (RFC 5322, 2.1.1; RFC 5321, 4.5.3.1.6).
pub const LONGEST_LINE: usize = 998;

/// Why a finished message cannot be put on the wire. `line` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the message {what}")]
pub struct WireError {
    pub line: usize,
    pub what: WireFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// A carriage return without a line feed: some servers end the line there, others do not.
    BareCr,
    /// A line feed without a carriage return: with a dot after it, the way to smuggle a second letter (RUSTSEC-2026-0561).
    BareLf,
    /// More octets than [`LONGEST_LINE`]; a server may break it anywhere.
    LongLine(usize),
    /// An octet above 127: every part is to be encoded, since not every server takes 8BITMIME (RFC 6152).
    NonAscii,
    Nul,
    /// The message does not end with CRLF, or is empty.
    NoFinalCrlf,
}

impl fmt::Display for WireFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BareCr => f.write_str("holds a carriage return without a line feed"),
            Self::BareLf => f.write_str("holds a line feed without a carriage return"),
            Self::LongLine(octets) => write!(f, "has {octets} octets, at most {LONGEST_LINE} are allowed"),
            Self::NonAscii => f.write_str("holds an octet outside ASCII"),
            Self::Nul => f.write_str("holds a NUL"),
            Self::NoFinalCrlf => f.write_str("does not end with CRLF"),
        }
    }
}

/// Whether a whole message, without dot-stuffing, can be handed to any server and means the same to all of them.
///
/// # Errors
/// The first fault, with its line.
pub fn check_wire(message: &[u8]) -> Result<(), WireError> {
    if is_sound(message) { Ok(()) } else { first_fault(message) }
}

/// The same rule, a register of bytes at a time: this stands before every letter, and nearly every letter passes.
fn is_sound(message: &[u8]) -> bool {
    let mut start = 0;
    let mut lines = 0;
    for end in memchr::memchr_iter(b'\n', message) {
        match &message[start..end] {
            [line @ .., b'\r'] if line.len() <= LONGEST_LINE => {}
            _ => return false,
        }
        start = end + 1;
        lines += 1;
    }
    lines > 0
        && start == message.len()
        && message.is_ascii()
        && memchr::memchr(0, message).is_none()
        // Each line has its own at the end: one more would be bare.
        && memchr::memchr_iter(b'\r', message).count() == lines
}

/// One pass, byte by byte.
fn first_fault(message: &[u8]) -> Result<(), WireError> {
    let mut line = 1;
    let mut start = 0;
    let mut at = 0;
    while at < message.len() {
        let what = match message[at] {
            b'\r' if message.get(at + 1) == Some(&b'\n') => {
                if at - start > LONGEST_LINE {
                    return Err(WireError { line, what: WireFault::LongLine(at - start) });
                }
                at += 2;
                start = at;
                line += 1;
                continue;
            }
            b'\r' => WireFault::BareCr,
            b'\n' => WireFault::BareLf,
            0 => WireFault::Nul,
            128.. => WireFault::NonAscii,
            _ => {
                at += 1;
                continue;
            }
        };
        return Err(WireError { line, what });
    }
    if start < message.len() || message.is_empty() {
        return Err(WireError { line, what: WireFault::NoFinalCrlf });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(message: &[u8], wanted: Option<(usize, WireFault)>) {
        let got = check_wire(message).err().map(|e| (e.line, e.what));
        assert_eq!(got, wanted, "{:?}", String::from_utf8_lossy(message));
    }

    #[test]
    fn a_message_that_could_end_early_is_refused_with_its_line() {
        check(b"Subject: x\r\n\r\nbody\r\n", None);
        check(b"\r\n", None);
        check(b".\r\n..\r\n", None);
        check(b"a\r\nb\n.\nMAIL FROM:<evil@example.org>\r\n", Some((2, WireFault::BareLf)));
        check(b"a\r\n\r\nb\r.\r\n", Some((3, WireFault::BareCr)));
        check(b"a\r\r\n", Some((1, WireFault::BareCr)));
        check(b"a\r", Some((1, WireFault::BareCr)));
        check(b"a\r\nb", Some((2, WireFault::NoFinalCrlf)));
        check(b"", Some((1, WireFault::NoFinalCrlf)));
        check(b"a\0b\r\n", Some((1, WireFault::Nul)));
        check("é\r\n".as_bytes(), Some((1, WireFault::NonAscii)));
    }

    #[test]
    fn a_line_of_998_octets_passes_and_one_of_999_does_not() {
        let line = |octets| [vec![b'x'; octets], b"\r\n".to_vec()].concat();
        check(&line(LONGEST_LINE), None);
        check(&line(LONGEST_LINE + 1), Some((1, WireFault::LongLine(999))));
    }

    #[test]
    fn a_fault_is_told_in_one_clause() {
        let error = check_wire(b"a\r\nb\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2 of the message holds a line feed without a carriage return");
    }

    proptest! {
        #[test]
        fn what_passes_is_whole_lines_and_nothing_else(message in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a'), any::<u8>()], 0..200)) {
            let passes = check_wire(&message).is_ok();
            // The slow, plain reading of the same rule.
            let text = String::from_utf8_lossy(&message).into_owned();
            let plain = message.is_ascii()
                && text.ends_with("\r\n")
                && text.split("\r\n").all(|l| l.len() <= LONGEST_LINE && !l.contains(['\r', '\n', '\0']));
            prop_assert_eq!(passes, plain);
        }
    }
}
