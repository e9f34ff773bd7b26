//! E-mail addresses, read strictly: what is not surely one address is none.
//!
//! Nothing is guessed and nothing is repaired. A letter about prisoners that reaches a look-alike domain is worse
//! than one that waits for a correction.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use unicode_security::MixedScript as _;

use super::safe_text;

/// One address, `local@domain`, in ASCII: an internationalised domain is held as its A-labels (RFC 5890).
///
/// Two addresses are equal when their domains are, and their local parts but for case: no mission tells apart
/// `Mission@` and `mission@`, and a letter to both would be a letter twice.
#[derive(Clone, Eq)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is not one address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the address is empty")]
    Empty,
    #[error("the address holds an invisible or control character, U+{0:04X}")]
    Invisible(u32),
    #[error("there are two addresses where one is expected")]
    Several,
    #[error("this is a name with an address, not an address alone")]
    WithName,
    #[error("the address holds a space")]
    Space,
    #[error("an address has exactly one `@`")]
    At,
    #[error(
        "the part before `@` holds `{0}`, which only ASCII letters, digits and !#$%&'*+-/=?^_`{{|}}~. may stand beside"
    )]
    Local(char),
    #[error("a dot begins or ends the part before `@`, or stands twice")]
    Dots,
    #[error("the part before `@` is longer than 64 characters (RFC 5321, 4.5.3.1.1)")]
    LongLocal,
    #[error("`{0}` looks like a domain in other letters: it mixes scripts or imitates Latin ones")]
    LookAlike(String),
    #[error("the domain is not a host name with a dot, such as mission.example")]
    Domain,
    #[error("an address literal such as [192.0.2.1] names no mission")]
    Literal,
    #[error("`localhost` names no mission")]
    Localhost,
}

impl Address {
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The receiving domain, in small ASCII letters.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether the domain is reserved for examples (RFC 2606, RFC 6761) and so reaches nobody.
    pub fn is_example(&self) -> bool {
        ["example", "test", "invalid", "localhost"].iter().any(|reserved| {
            self.domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }) || ["example.com", "example.net", "example.org"].iter().any(|reserved| {
            self.domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// `o…@coalition.example`: enough to recognise, too little to write to. For logs.
    pub fn masked(&self) -> String {
        let first = self.local.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain)
    }

    /// What makes two addresses the same.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_ascii_lowercase(), self.domain)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        // A full-width @ or a no-break space would pass for the plain one in a spreadsheet.
        if let Some(c) = text.chars().find(|c| {
            safe_text::is_unsafe(*c) || (c.is_whitespace() && *c != ' ') || matches!(c, '\u{FF20}' | '\u{FE6B}')
        }) {
            return Err(AddressError::Invisible(u32::from(c)));
        }
        let ats = text.matches('@').count();
        if ats > 1 && text.contains([',', ';', ' ', '<', '>', '|', '/']) || text.contains([',', ';']) {
            return Err(AddressError::Several);
        }
        if text.contains(['<', '>', '"', '(', ')']) {
            return Err(AddressError::WithName);
        }
        if text.contains(' ') {
            return Err(AddressError::Space);
        }
        let (local, domain) = text.split_once('@').filter(|_| ats == 1).ok_or(AddressError::At)?;
        check_local(local)?;
        Ok(Self { local: local.to_owned(), domain: checked_domain(domain)? })
    }
}

/// `Dot-string` of RFC 5321, 4.1.2. Quoted local parts are legal and unheard of at missions; refused.
fn check_local(local: &str) -> Result<(), AddressError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if let Some(c) = local.chars().find(|c| !allowed(*c)) {
        return Err(AddressError::Local(c));
    }
    if local.is_empty() || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(AddressError::Dots);
    }
    if local.len() > 64 {
        return Err(AddressError::LongLocal);
    }
    Ok(())
}

fn checked_domain(domain: &str) -> Result<String, AddressError> {
    if domain.starts_with('[') {
        return Err(AddressError::Literal);
    }
    if domain.eq_ignore_ascii_case("localhost") {
        return Err(AddressError::Localhost);
    }
    let (unicode, decoded) = idna::domain_to_unicode(domain);
    if decoded.is_err() {
        return Err(AddressError::Domain);
    }
    for label in unicode.split('.').filter(|label| !label.is_ascii()) {
        let imitates = unicode_security::skeleton(label).all(|c| c.is_ascii_alphanumeric() || c == '-');
        if imitates || !label.is_single_script() {
            return Err(AddressError::LookAlike(unicode.clone()));
        }
    }
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let wrong = |label: &&str| {
        label.is_empty()
            || label.len() > 63
            || label.starts_with('-')
            || label.ends_with('-')
            || !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last_is_number = labels.last().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    if labels.len() < 2 || labels.iter().any(wrong) || last_is_number || ascii.len() > 253 {
        return Err(AddressError::Domain);
    }
    Ok(ascii)
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.domain == other.domain && self.local.eq_ignore_ascii_case(&other.local)
    }
}

impl std::hash::Hash for Address {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Masked, so that no `{:?}` in a log gives an address away.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A name with an address: `The coalition <outreach@coalition.example>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: Address,
}

/// Why a text is no mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("the name holds an invisible or control character, U+{0:04X}")]
    Name(u32),
    #[error("the name holds an address of its own, so that two would be shown")]
    NameIsAddress,
    #[error("a mailbox is written `Name <address>` or as an address alone")]
    Shape,
}

impl FromStr for Mailbox {
    type Err = MailboxError;
    fn from_str(text: &str) -> Result<Self, MailboxError> {
        let text = text.trim_matches(' ');
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let address = rest.strip_suffix('>').ok_or(MailboxError::Shape)?.parse()?;
        let name = name.trim_matches(' ').trim_matches('"');
        check_name(name)?;
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address })
    }
}

/// A name that may stand beside an address in a header.
///
/// # Errors
/// Controls and invisible characters; an `@`, which would show a second address (CVE-2023-27043 and its like).
pub fn check_name(name: &str) -> Result<(), MailboxError> {
    if let Some(c) = name.chars().find(|c| safe_text::is_unsafe(*c)) {
        return Err(MailboxError::Name(u32::from(c)));
    }
    if name.contains(['@', '<', '>']) {
        return Err(MailboxError::NameIsAddress);
    }
    Ok(())
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> AddressError {
        match text.parse::<Address>() {
            Ok(taken) => panic!("{text:?} was taken as {taken}"),
            Err(e) => e,
        }
    }

    #[test]
    fn what_is_not_surely_one_address_is_refused_by_name() {
        assert_eq!(refused("a@x.example,b@y.example"), AddressError::Several);
        assert_eq!(refused("a@x.example; b@y.example"), AddressError::Several);
        assert_eq!(refused("a@x.example b@y.example"), AddressError::Several);
        assert_eq!(refused("A B <a@x.example>"), AddressError::WithName);
        assert_eq!(refused("a @x.example"), AddressError::Space);
        assert_eq!(refused("a@@x.example"), AddressError::At);
        assert_eq!(refused("a＠x.example"), AddressError::Invisible(0xFF20));
        assert_eq!(refused("a@x.example\u{a0}"), AddressError::Invisible(0xA0));
        assert_eq!(refused("a\r\nBcc: b@x.example"), AddressError::Invisible(0x0D));
        assert_eq!(refused("a\u{200b}@x.example"), AddressError::Invisible(0x200B));
        assert_eq!(refused("a@[127.0.0.1]"), AddressError::Literal);
        assert_eq!(refused("a@localhost"), AddressError::Localhost);
        assert_eq!(refused("a@mission"), AddressError::Domain);
        assert_eq!(refused("a..b@x.example"), AddressError::Dots);
        assert_eq!(refused("sé@x.example"), AddressError::Local('é'));
        assert_eq!(refused("a@127.0.0.1"), AddressError::Domain);
    }

    #[test]
    fn a_domain_that_imitates_another_in_other_letters_is_refused() {
        // Cyrillic а in the middle; the same word wholly in Cyrillic letters; and the first one as its A-label.
        for text in ["b@exаmple.example", "b@аррӏе.example", "b@xn--exmple-4nf.example"] {
            assert!(matches!(refused(text), AddressError::LookAlike(_)), "{text}");
        }
    }

    #[test]
    fn an_internationalised_domain_is_held_in_ascii() {
        let address: Address = "info@münchen.example".parse().unwrap();
        assert_eq!(address.to_string(), "info@xn--mnchen-3ya.example");
    }

    #[test]
    fn case_alone_does_not_make_another_address() {
        let a: Address = "Mission@X.Example".parse().unwrap();
        assert_eq!(a, "mission@x.example".parse().unwrap());
        assert_eq!(a.to_string(), "Mission@x.example");
    }

    #[test]
    fn an_address_never_shows_whole_in_a_log() {
        let a: Address = "outreach@coalition.example".parse().unwrap();
        assert_eq!(format!("{a:?}"), "o…@coalition.example");
    }

    #[test]
    fn a_name_that_hides_an_address_is_refused() {
        assert!("\"x@evil.example\" <a@x.example>".parse::<Mailbox>().is_err());
        assert!("A\r\nBcc: b@x.example <a@x.example>".parse::<Mailbox>().is_err());
        let plain: Mailbox = "The coalition <outreach@coalition.example>".parse().unwrap();
        assert_eq!(plain.to_string(), "The coalition <outreach@coalition.example>");
    }
}
