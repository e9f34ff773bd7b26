//! The numbers in which servers say what happened.

use crate::delivery::enhanced;

/// An enhanced status code in free text (RFC 3463, 2): `5.1.1` but not `5.1.1.7`, which is a network address.
pub fn enhanced_in(text: &str) -> Option<String> {
    enhanced::written_in(text).map(str::to_owned)
}

/// An SMTP reply code of a refusal in free text (RFC 5321, 4.2): 4yz or 5yz where a reply begins, as `550 `, `550-`, `550: `.
pub fn reply_in(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    for (at, three) in bytes.windows(3).enumerate() {
        let [class @ (b'4' | b'5'), kind @ b'0'..=b'7', last @ b'0'..=b'9'] = three else { continue };
        let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
        let after = bytes.get(at + 3).copied().unwrap_or(b' ');
        let begins = before.is_ascii_whitespace()
            || matches!(before, b':' | b';' | b'(' | b'[' | b'"' | b'\'' | b'>' | b'#' | b'=');
        let ends =
            after.is_ascii_whitespace() || matches!(after, b'-' | b':' | b',' | b')' | b']' | b'"' | b'\'' | b';');
        // A time of day is none, nor a number of things that are counted.
        let clock = before == b':' || after == b':' && bytes.get(at + 4).is_some_and(u8::is_ascii_digit);
        let counted = ["bytes", "kb", "seconds", "days", "hours", "characters"].iter().any(|unit| {
            bytes.get(at + 4..at + 4 + unit.len()).is_some_and(|next| next.eq_ignore_ascii_case(unit.as_bytes()))
        });
        if begins && ends && !counted && !(clock && before.is_ascii_digit()) {
            return Some(u16::from(class - b'0') * 100 + u16::from(kind - b'0') * 10 + u16::from(last - b'0'));
        }
    }
    None
}

/// 5: for good; 4: for now. RFC 3463, 3.1; RFC 5321, 4.2.1.
pub fn is_permanent(code: &str) -> Option<bool> {
    match code.as_bytes().first()? {
        b'5' => Some(true),
        b'4' => Some(false),
        _ => None,
    }
}

/// Whether the code says that the address is wrong, as far from being full, unwilling or out of reach. RFC 3463, 3.2 and 3.5;
/// 5.1.7 and 5.1.8 are about the sender, 5.1.0 and 5.0.0 about anything.
pub fn blames_the_address(code: &str) -> bool {
    let listed = ["5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.1.351", "5.2.1", "5.4.4", "5.4.310"];
    listed.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_and_a_network_address_is_none() {
        for (text, code) in [
            ("550 5.1.1 <a@x.example>: unknown", Some("5.1.1")),
            ("(#5.1.1)", Some("5.1.1")),
            ("#< #5.1.1 SMTP;", Some("5.1.1")),
            ("host[4.3.2.1] said", None),
            ("relay 5.1.1.10", None),
            ("version 8.14.5/5.1.2653", None),
            ("delayed (4.4.7).", Some("4.4.7")),
            ("status=5.2.2.", Some("5.2.2")),
            ("Dienst 15.4.3", None),
        ] {
            assert_eq!(enhanced_in(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn a_reply_is_found_and_a_number_of_bytes_is_none() {
        for (text, code) in [
            ("said: 550 no such user", Some(550)),
            ("550-first line", Some(550)),
            ("smtp;450 wait", Some(450)),
            ("550: 5.1.1", Some(550)),
            ("552", Some(552)),
            ("a message of 512 bytes", None),
            ("1550 letters", None),
            ("x550", None),
            ("599 Nine", None),
        ] {
            assert_eq!(reply_in(text), code, "{text}");
        }
    }

    #[test]
    fn a_full_mailbox_does_not_make_an_address_doubtful() {
        assert!(blames_the_address("5.1.1") && blames_the_address("5.4.4"));
        assert!(!blames_the_address("5.2.2") && !blames_the_address("5.7.1") && !blames_the_address("4.1.1"));
    }
}
