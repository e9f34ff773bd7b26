//! Header fields: where they stand, and what they say.

use std::ops::Range;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::limits::{LONGEST_FIELD, LeftOut};
use super::transfer::Encoding;
use super::{addresses, charsets};
use crate::inbox::incoming::Field;

/// A field as it stands in the message, folded.
#[derive(Debug)]
pub struct RawField {
    /// In small letters.
    pub name: String,
    /// Its name too.
    pub range: Range<usize>,
}

/// What says how a body is to be read.
#[derive(Debug)]
pub struct ContentHead {
    pub media_type: String,
    pub parameters: Vec<(String, String)>,
    pub encoding: Encoding,
    /// As it is written, letter by letter.
    pub boundary: Vec<u8>,
}

/// Fields whose value is people (RFC 5322, 3.6.2, 3.6.3; and what deliveries add).
const PEOPLE: [&str; 13] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "resent-from",
    "resent-to",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-failed-recipients",
];

/// A `Content-Type` beyond this is cut: nobody means it.
const LONGEST_CONTENT_TYPE: usize = 4 << 10;

/// The name of the field that begins with this line, if one does: visible ASCII up to a colon. RFC 5322, 2.2 and 4.5.8.
pub fn name_of(line: &[u8]) -> Option<String> {
    let colon = line.iter().take(200).position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    let named = !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    named.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// The value as it stands, on one line.
fn unfolded(raw: &[u8], field: &RawField) -> Vec<u8> {
    let whole = &raw[field.range.clone()];
    let value = whole.iter().position(|byte| *byte == b':').map_or(whole, |colon| &whole[colon + 1..]);
    let value = &value[..value.len().min(LONGEST_FIELD)];
    value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
}

/// Reads what decides over an entity's body.
pub fn content_head(raw: &[u8], fields: &[RawField], in_digest: bool) -> ContentHead {
    let value = |name: &str| fields.iter().find(|field| field.name == name).map(|field| unfolded(raw, field));
    let encoding = value("content-transfer-encoding");
    let encoding = encoding.map_or(Encoding::Identity, |value| Encoding::of(&String::from_utf8_lossy(&value)));
    let default = if in_digest { "message/rfc822" } else { "text/plain" };
    let said = value("content-type").map(|value| typed(&value));
    let (media_type, parameters) = match said {
        Some((media_type, parameters)) if media_type.contains('/') => (media_type, parameters),
        Some((_, parameters)) => ("text/plain".to_owned(), parameters),
        None => (default.to_owned(), Vec::new()),
    };
    let boundary = parameters.iter().find(|(name, _)| name == "boundary").map_or("", |(_, value)| value.as_str());
    let boundary = boundary.trim_end().as_bytes().to_vec();
    ContentHead { media_type, parameters, encoding, boundary }
}

/// `type/subtype; name=value` with its parameters, continued and encoded ones too (RFC 2231).
fn typed(value: &[u8]) -> (String, Vec<(String, String)>) {
    let mut line = value[..value.len().min(LONGEST_CONTENT_TYPE)].to_vec();
    line.push(b'\n');
    let HeaderValue::ContentType(read) = MessageStream::new(&line).parse_content_type() else {
        return (String::new(), Vec::new());
    };
    let media_type = match read.subtype() {
        Some(subtype) => format!("{}/{subtype}", read.ctype()),
        None => read.ctype().to_owned(),
    };
    let parameters = read.attributes().unwrap_or_default().iter();
    let parameters =
        parameters.map(|one| (charsets::clean_line(&one.name).to_ascii_lowercase(), charsets::clean_line(&one.value)));
    (charsets::clean_line(&media_type).to_ascii_lowercase(), parameters.collect())
}

/// `Content-Disposition`: its word, and the name of the file.
pub fn disposition(raw: &[u8], fields: &[RawField]) -> (Option<String>, Option<String>) {
    let Some(field) = fields.iter().find(|field| field.name == "content-disposition") else { return (None, None) };
    let (word, parameters) = typed(&unfolded(raw, field));
    let name = parameters.into_iter().find(|(name, _)| name == "filename").map(|(_, value)| value);
    ((!word.is_empty()).then_some(word), name)
}

/// All fields of a message, decoded.
pub fn read(raw: &[u8], fields: &[RawField], charset: Option<&str>, left_out: &mut LeftOut) -> Vec<Field> {
    let one = |field: &RawField| {
        if field.range.len() > LONGEST_FIELD {
            left_out.note("a field is longer than 64 KiB");
        }
        let value = unfolded(raw, field);
        let mailboxes = if PEOPLE.contains(&field.name.as_str()) {
            addresses::read(&charsets::undecoded(&value, charset))
        } else {
            Vec::new()
        };
        Field { name: field.name.clone(), value: charsets::header(&value, charset), mailboxes }
    };
    fields.iter().map(one).collect()
}
