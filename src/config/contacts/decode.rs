//! Bytes to text: UTF-8 or a named refusal.

use std::borrow::Cow;

pub(super) const SAVE_AS_UTF8: &str = "save the list as UTF-8: in Excel “CSV UTF-8”, in LibreOffice “Save as”, “Edit filter \
                            settings”, character set “Unicode (UTF-8)”";

/// A file's text, without its byte order mark.
#[derive(Debug)]
pub(super) struct Decoded<'b> {
    /// Where the bytes were not UTF-8 stands U+FFFD, so that the rest can be checked in the same pass.
    pub text: Cow<'b, str>,
    /// The first place that is not UTF-8.
    pub broken: Option<Broken>,
}

/// Why the text is not UTF-8, and from which byte offset on.
#[derive(Debug)]
pub(super) struct Broken {
    pub offset: usize,
    pub message: String,
    pub help: &'static str,
}

/// # Errors
/// The name of the encoding where it is UTF-16 or UTF-32, in which not even the lines can be told.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, &'static str> {
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(encoding);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded { text: Cow::Borrowed(text), broken: None }),
        Err(error) => {
            let offset = error.valid_up_to();
            let (message, help) = match (error.error_len(), bytes.get(offset)) {
                (None, _) | (_, None) => (
                    "the file ends in the middle of a character: it was cut off".to_owned(),
                    "get the whole file, then run `demarche check`",
                ),
                (Some(_), Some(byte)) => (not_utf8(*byte), SAVE_AS_UTF8),
            };
            Ok(Decoded { text: String::from_utf8_lossy(bytes), broken: Some(Broken { offset, message, help }) })
        }
    }
}

fn not_utf8(byte: u8) -> String {
    // Below A0 Windows-1252 has signs and Latin-1 has controls: no letter to show.
    if byte >= 0xA0 {
        let letter = char::from(byte);
        format!("the file is not UTF-8: it looks like Windows-1252 or Latin-1, where the byte {byte:02X} is `{letter}`")
    } else {
        format!("the file is not UTF-8: it looks like Windows-1252 or another single-byte encoding (byte {byte:02X})")
    }
}

/// By its byte order mark, or by the zero bytes that every second (or more) letter of ours would have.
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xFF\xFE\0\0") || bytes.starts_with(b"\0\0\xFE\xFF") {
        return Some("UTF-32");
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Some("UTF-16");
    }
    let start = &bytes[..bytes.len().min(1024)];
    let zeros = |rest: usize| start.iter().skip(rest).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let most = start.len() / 2 * 9 / 10;
    if start.len() < 8 || even.max(odd) < most {
        return None;
    }
    Some(if even.min(odd) >= most / 2 { "UTF-32" } else { "UTF-16" })
}
