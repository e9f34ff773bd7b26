//! An incoming message taken apart: plain values, decoded and harmless to show. How bytes become this, `adapters::mail` knows.

use super::reading::Correspondent;
use crate::vocabulary::Instant;

/// One message, or one that stands inside another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Incoming {
    /// In the order in which they stand: the topmost was added last.
    pub fields: Vec<Field>,
    /// In reading order. The first is the message's own body: the only one, or the container of the others.
    pub parts: Vec<Part>,
    /// The `Date` field.
    pub date: Option<Instant>,
    /// What was too deep, too large or too many to be read.
    pub cut_off: Option<String>,
}

/// A header field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// In small letters.
    pub name: String,
    /// On one line, encoded words decoded, without controls.
    pub value: String,
    /// The people in it, where it is a field of addresses.
    pub mailboxes: Vec<Correspondent>,
}

/// A part of a message (RFC 2045).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Its place in the whole raw message, counted as parts begin, those of inner messages too.
    pub number: usize,
    /// 0 is the message's own body.
    pub depth: usize,
    /// `text/plain`, in small letters.
    pub media_type: String,
    /// Of its `Content-Type`, the names in small letters.
    pub parameters: Vec<(String, String)>,
    /// `attachment`, `inline` or what else stands there, in small letters.
    pub disposition: Option<String>,
    /// As the sender called the file, without a path; may be empty.
    pub name: String,
    /// After decoding.
    pub bytes: u64,
    pub content: Content,
}

/// What a part holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Content {
    /// A container; what it holds follows, one deeper.
    Several,
    /// Decoded, with line feeds, without other controls.
    Text(String),
    /// Not opened. [`Part::number`] says where its bytes are.
    #[default]
    File,
    /// `message/rfc822`, `message/global`, `text/rfc822-headers`.
    Message(Box<Incoming>),
}

impl Incoming {
    /// The first field of that name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }

    /// All fields of that name, the topmost first.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Everybody in the fields of that name.
    pub fn people<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Correspondent> {
        self.fields.iter().filter(move |field| field.name == name).flat_map(|field| &field.mailboxes)
    }

    /// The message ids in the fields of that name, without brackets.
    pub fn ids(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(ids_in).collect()
    }

    pub fn subject(&self) -> &str {
        self.first("subject").unwrap_or_default()
    }

    /// The first address of `From`.
    pub fn from(&self) -> Option<&Correspondent> {
        self.people("from").next()
    }

    /// What the message as a whole is said to be: `multipart/report`.
    pub fn media_type(&self) -> &str {
        self.parts.first().map_or("text/plain", |part| part.media_type.as_str())
    }

    /// A parameter of the message's own `Content-Type`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parts.first().and_then(|part| part.parameter(name))
    }

    /// The first part of one of these types, containers of other messages not looked into.
    pub fn part_of_type(&self, types: &[&str]) -> Option<&Part> {
        self.parts.iter().find(|part| types.contains(&part.media_type.as_str()))
    }

    /// The messages that it encloses, at any depth of parts but not inside one another.
    pub fn enclosed(&self) -> impl Iterator<Item = &Self> {
        self.parts.iter().filter_map(|part| match &part.content {
            Content::Message(message) => Some(&**message),
            _ => None,
        })
    }
}

impl Part {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is there to be read with the message rather than as a file beside it.
    pub fn is_body(&self) -> bool {
        let words = matches!(self.media_type.as_str(), "text/plain" | "text/html");
        words && self.disposition.as_deref() != Some("attachment") && self.name.is_empty()
    }
}

/// Ids between angle brackets; where there are none, words with an `@`. RFC 5322, 3.6.4, and what old programs write.
pub fn ids_in(value: &str) -> Vec<String> {
    let is_id = |id: &&str| !id.is_empty() && id.len() < 998 && !id.contains(char::is_whitespace);
    if value.contains('<') {
        let inside = value.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id.trim());
        return inside.filter(is_id).map(ToOwned::to_owned).collect();
    }
    value.split_whitespace().filter(|id| id.contains('@')).filter(is_id).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::ids_in;

    #[test]
    fn ids_are_found_with_and_without_brackets_and_among_comments() {
        assert_eq!(ids_in("<a@x.example> (why) <b@y.example>"), ["a@x.example", "b@y.example"]);
        assert_eq!(ids_in("Your message of Monday <a@x.example>"), ["a@x.example"]);
        assert_eq!(ids_in("a@x.example"), ["a@x.example"]);
        assert_eq!(ids_in("< spaced @x> <>"), [""; 0]);
    }
}
