//! A server's words without the password that it was told: some repeat the command that they refuse, and words are kept and shown.

use super::mail::transfer::base64;

const STARS: &str = "***";

/// The password in plain, and every run of base64 that holds it (SASL PLAIN and LOGIN; RFC 4616).
pub(super) fn unsaid(words: &str, password: &str) -> String {
    if password.is_empty() {
        return words.to_owned();
    }
    let plain = words.replace(password, STARS);
    let mut safe = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(start) = rest.find(is_digit) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !is_digit(c)).unwrap_or(from.len()));
        safe.push_str(before);
        safe.push_str(if holds(&base64(run.as_bytes()), password.as_bytes()) { STARS } else { run });
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn is_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_repeats_the_password_is_quoted_without_it() {
        for (said, wanted) in [
            ("5.5.1 bad: AUTH PLAIN AG91dHJlYWNoAGNvcnJlY3QgaG9yc2U=", "5.5.1 bad: AUTH PLAIN ***"),
            ("wrong <Y29ycmVjdCBob3JzZQ==>, sorry", "wrong <***>, sorry"),
            ("no \"correct horse\" here", "no \"***\" here"),
            ("5.7.8 wrong name or password, queue id 4F3ab9C01", "5.7.8 wrong name or password, queue id 4F3ab9C01"),
            ("", ""),
        ] {
            assert_eq!(unsaid(said, "correct horse"), wanted);
        }
    }
}
