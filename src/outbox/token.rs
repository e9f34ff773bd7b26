//! Reply tokens: a part of the address to which a letter's answers go, so that each answer names its letter.

use std::fmt;

use crate::vocabulary::{Address, Digest, DispatchId};

/// Twenty signs of base 32 in small letters: 100 bits, which nobody guesses. Source of the alphabet: RFC 4648, 6.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(String);

const LENGTH: usize = 20;
const REPLY_TO: &[u8] = b"\r\nReply-To: ";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Longest part before `@`. Source: RFC 5321, 4.5.3.1.1.
const LONGEST_LOCAL: usize = 64;

/// The token of a letter for its whole life. It comes from the database's secret, as the Message-ID does, and neither gives the
/// other away.
pub fn token(secret: &str, id: &DispatchId) -> Token {
    let digest = Digest::of_parts([b"reply token".as_slice(), secret.as_bytes(), id.to_string().as_bytes()]);
    // Five bits of a byte each, and 32 values: none is likelier than another.
    let signs = digest.bytes().iter().take(LENGTH).map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    Token(signs.collect())
}

impl Token {
    /// The token in a recipient of an incoming message: what stands between the last `+` and `@`. Some servers write it in
    /// capitals.
    pub fn in_address(address: &Address) -> Option<Self> {
        let (_, last) = address.local().rsplit_once('+')?;
        last.to_ascii_lowercase().parse().ok()
    }

    /// `local+TOKEN@domain`. `None`: there is no room for it before `@`.
    pub fn on(&self, address: &Address) -> Option<Address> {
        let local = address.local();
        if local.len() + 1 + LENGTH > LONGEST_LOCAL {
            return None;
        }
        format!("{local}+{self}@{}", address.domain()).parse().ok()
    }

    /// The address as it was before [`Token::on`]; the address itself when it has no token.
    pub fn off(address: &Address) -> Address {
        let local = Self::in_address(address).and_then(|_| address.local().rsplit_once('+'));
        let bare = local.and_then(|(local, _)| format!("{local}@{}", address.domain()).parse().ok());
        bare.unwrap_or_else(|| address.clone())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reply token has 20 signs, a-z and 2-7")]
pub struct TokenError;

impl std::str::FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let fits = text.len() == LENGTH && text.bytes().all(|b| ALPHABET.contains(&b));
        fits.then(|| Self(text.to_owned())).ok_or(TokenError)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Not shown: whoever knows it can write an answer that looks like the mission's.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The letter's bytes with another `Reply-To`, or with none: to see whether the token is all that differs between two letters.
pub fn with_reply_to(message: &[u8], reply_to: Option<&Address>) -> Vec<u8> {
    let head = find(message, b"\r\n\r\n").unwrap_or(message.len());
    let mut bytes = message.to_vec();
    if let Some(at) = find(&message[..head], REPLY_TO) {
        let end = find(&message[at + 2..], b"\r\n").map_or(head, |end| at + 2 + end);
        bytes.drain(at..end);
    }
    let line = reply_to.map(|address| format!("\r\nReply-To: {address}"));
    if let (Some(line), Some(at)) = (line, find(&bytes, b"\r\nTo: ")) {
        bytes.splice(at..at, line.into_bytes());
    }
    bytes
}

/// Where one of our own letters says that answers go.
pub fn reply_to(message: &[u8]) -> Option<Address> {
    let head = &message[..find(message, b"\r\n\r\n")?];
    let start = find(head, REPLY_TO)? + REPLY_TO.len();
    let line = &head[start..];
    std::str::from_utf8(&line[..find(line, b"\r\n").unwrap_or(line.len())]).ok()?.parse().ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DispatchId {
        text.parse().unwrap()
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_comes_back_from_the_address_that_carries_it() {
        let token = token("secret", &id("spring/letter/FRA"));
        for base in ["outreach@coalition.example", "outreach+china@coalition.example"] {
            let with = token.on(&address(base)).unwrap();
            assert_eq!(Token::in_address(&with), Some(token.clone()));
            assert_eq!(Token::off(&with).to_string(), base);
            let shouted = address(&with.to_string().to_uppercase());
            assert_eq!(Token::in_address(&shouted), Some(token.clone()), "some servers write capitals");
        }
    }

    #[test]
    fn a_letter_keeps_its_token_and_no_two_letters_share_one() {
        let first = token("secret", &id("spring/letter/FRA"));
        assert_eq!(first, token("secret", &id("spring/letter/FRA")));
        assert_ne!(first, token("secret", &id("spring/letter/DEU")));
        assert_ne!(first, token("another", &id("spring/letter/FRA")));
        assert!(first.as_str().parse::<Token>().is_ok());
    }

    #[test]
    fn an_address_without_a_token_has_none() {
        for plain in
            ["outreach@coalition.example", "outreach+china@coalition.example", "a+aaaaaaaaaaaaaaaaaaa1@x.example"]
        {
            assert_eq!(Token::in_address(&address(plain)), None);
            assert_eq!(Token::off(&address(plain)).to_string(), plain);
        }
    }

    #[test]
    fn an_address_without_room_gets_none() {
        let long = |n: usize| address(&format!("{}@coalition.example", "x".repeat(n)));
        let token = token("secret", &id("spring/letter/FRA"));
        assert_eq!(token.on(&long(43)).unwrap().local().len(), 64);
        assert_eq!(token.on(&long(44)), None);
    }

    #[test]
    fn a_token_is_not_shown_by_chance() {
        let token = token("secret", &id("spring/letter/FRA"));
        let shown = format!("{token:?} {:?}", token.on(&address("a@x.example")));
        assert!(!shown.contains(token.as_str()), "{shown}");
    }

    #[test]
    fn the_line_of_answers_is_put_in_changed_and_taken_out() {
        let with = |line: &str| format!("From: a@x.example\r\n{line}To: b@y.example\r\n\r\nReply-To: no\r\nTo: no\r\n");
        let (none, one) = (with(""), with("Reply-To: c@x.example\r\n"));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(text(with_reply_to(none.as_bytes(), Some(&address("c@x.example")))), one);
        assert_eq!(text(with_reply_to(one.as_bytes(), None)), none);
        assert_eq!(text(with_reply_to(one.as_bytes(), Some(&address("c@x.example")))), one);
        assert_eq!(text(with_reply_to(none.as_bytes(), None)), none);
        assert_eq!(reply_to(one.as_bytes()), Some(address("c@x.example")));
        assert_eq!(reply_to(none.as_bytes()), None);
    }
}
