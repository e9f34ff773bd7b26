//! The enhanced status code in a server's words: class, subject and detail (RFC 3463; where it stands in a reply: RFC 2034).

use std::fmt;

/// `5.7.1`. What the numbers mean is registered with IANA (RFC 5248); those that matter to us are named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2: done, 4: refused for now, 5: refused for good. Where it contradicts the reply's own first digit, that one holds
    /// (RFC 2034, 4).
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 3 the mail system, 4 the way there, 5 the protocol, 6 the message's form,
    /// 7 security and policy.
    pub subject: u16,
    pub detail: u16,
}

impl Enhanced {
    /// The first one in a server's words.
    pub fn in_words(text: &str) -> Option<Self> {
        let mut numbers = written_in(text)?.split('.');
        let mut next = || numbers.next()?.parse().ok();
        Some(Self { class: u8::try_from(next()?).ok()?, subject: next()?, detail: next()? })
    }

    /// The address or the mailbox of somebody else (X.1.Y, X.2.Y), but not the sender's own (X.1.7, X.1.8).
    pub fn is_about_a_recipient(self) -> bool {
        // X.7.2: a list that takes no outside mail. X.7.17 and X.7.18 (RFC 7293): mailbox or domain has a new owner.
        (matches!(self.subject, 1 | 2) && !self.is_about_the_sender())
            || (self.subject == 7 && matches!(self.detail, 2 | 17 | 18))
    }

    /// A recipient, in so many words: an address or a mailbox that is not there, is full or shut, or moved (X.1.1 to X.1.6, X.1.10 of
    /// RFC 7505; X.2.1 to X.2.4), a way that leads nowhere (X.4.Y). X.1.0 and X.2.0 only say "something else".
    pub fn names_a_recipient(self) -> bool {
        match self.subject {
            1 => matches!(self.detail, 1..=6 | 10),
            2 => matches!(self.detail, 1..=4),
            4 => true,
            7 => self.is_about_a_recipient(),
            _ => false,
        }
    }

    /// X.3.4: this message is too long for the system.
    pub fn is_about_length(self) -> bool {
        (self.subject, self.detail) == (3, 4)
    }

    /// The sender's address: bad syntax, an unknown domain (RFC 3463, 3.2), a domain that takes no mail (RFC 7505, X.7.27).
    pub fn is_about_the_sender(self) -> bool {
        matches!((self.subject, self.detail), (1, 7 | 8) | (7, 27))
    }

    /// Our account with the server: how it signs in, or that it is shut (RFC 4954, 6; RFC 5248, 2.4: X.7.8 to X.7.13).
    pub fn is_about_the_account(self) -> bool {
        self.subject == 7 && matches!(self.detail, 8..=13)
    }

    /// X.7.Y, whoever it is about.
    pub fn is_policy(self) -> bool {
        self.subject == 7
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// The first code as it is written: `5.1.1` but not `5.1.1.7`, which is a network address.
pub fn written_in(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'2' | b'4' | b'5') || bytes.get(at + 1) != Some(&b'.') {
            continue;
        }
        let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
        if before.is_ascii_alphanumeric() || matches!(before, b'.' | b'_' | b'@' | b'/') {
            continue;
        }
        let subject = digits(at + 2);
        let dot = at + 2 + subject;
        if !(1..=3).contains(&subject) || bytes.get(dot) != Some(&b'.') {
            continue;
        }
        let detail = digits(dot + 1);
        let end = dot + 1 + detail;
        let after = bytes.get(end).copied().unwrap_or(b' ');
        let goes_on = after.is_ascii_alphanumeric()
            || (after == b'.' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit))
            || matches!(after, b'_' | b'@');
        if (1..=3).contains(&detail) && !goes_on {
            return Some(&text[at..end]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Enhanced {
        Enhanced::in_words(text).unwrap()
    }

    #[test]
    fn the_first_code_in_a_server_s_words_is_taken_apart() {
        assert_eq!(code("5.7.1 blocked"), Enhanced { class: 5, subject: 7, detail: 1 });
        assert_eq!(code("<a@x.example>: 4.7.650 see 5.1.1").to_string(), "4.7.650");
        for none in ["no code", "from 5.1.1.7", "v5.1.1", "5.1", "5..1", "", "1.2.3", "5.1234.1"] {
            assert_eq!(Enhanced::in_words(none), None, "{none}");
        }
    }

    #[test]
    fn a_code_says_whether_it_is_about_them_or_about_us() {
        for theirs in ["5.1.1", "5.1.2", "5.2.1", "4.2.2", "5.2.2", "5.7.2", "5.7.17"] {
            assert!(code(theirs).is_about_a_recipient(), "{theirs}");
        }
        for theirs in ["5.1.1", "5.1.10", "4.2.2", "5.2.1", "5.4.1", "5.7.2", "5.7.17"] {
            assert!(code(theirs).names_a_recipient(), "{theirs}");
        }
        for anybody in ["5.1.0", "5.1.90", "5.2.0", "5.2.252", "5.1.8", "5.3.0", "5.5.2", "5.6.0", "5.7.1"] {
            assert!(!code(anybody).names_a_recipient(), "{anybody}");
        }
        for ours in ["5.1.7", "5.1.8", "5.7.27"] {
            assert!(code(ours).is_about_the_sender() && !code(ours).is_about_a_recipient(), "{ours}");
        }
        for account in ["5.7.8", "5.7.9", "5.7.11", "4.7.12", "5.7.13"] {
            assert!(code(account).is_about_the_account(), "{account}");
        }
        for policy in ["5.7.1", "5.7.26", "4.7.28", "5.7.606"] {
            let code = code(policy);
            assert!(code.is_policy() && !code.is_about_a_recipient() && !code.is_about_the_account(), "{policy}");
        }
    }
}
