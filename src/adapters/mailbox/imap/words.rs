//! What we say to a server: names and texts as IMAP writes them, so that none can carry a second command.

use crate::ports::MailboxFault;
use crate::vocabulary::{Day, Instant, safe_text};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// A folder's name, quoted, in modified UTF-7 (RFC 3501, 5.1.3).
pub(super) fn folder(name: &str) -> Result<String, MailboxFault> {
    if name.is_empty() || name.chars().any(safe_text::is_unsafe) {
        return Err(MailboxFault::Settings {
            what: format!("`{}` is no name of a mail folder", safe_text::line(name)),
            help: "write the folder's name as the mail program shows it".to_owned(),
        });
    }
    quoted(&modified_utf7(name)).ok_or_else(|| MailboxFault::Settings {
        what: "the folder's name cannot be written".to_owned(),
        help: "use another folder".to_owned(),
    })
}

/// A text in quotes; `None` if it holds what no quoted text can (RFC 9051, 9: `quoted`).
pub(super) fn quoted(text: &str) -> Option<String> {
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return None;
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// `05-Feb-2018`, for SEARCH.
pub(super) fn day(day: Day) -> String {
    day.date().format("%d-%b-%Y").to_string()
}

/// `"05-Feb-2018 08:30:00 +0000"`, for APPEND.
pub(super) fn date_time(at: Instant) -> String {
    at.utc().format("\"%d-%b-%Y %H:%M:%S +0000\"").to_string()
}

/// Printable ASCII but `&` stands for itself; the rest is UTF-16 in base 64 between `&` and `-`.
fn modified_utf7(name: &str) -> String {
    let mut out = String::new();
    let mut shifted: Vec<u16> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            unshift(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            shifted.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

fn unshift(out: &mut String, shifted: &mut Vec<u16>) {
    if shifted.is_empty() {
        return;
    }
    out.push('&');
    let octets: Vec<u8> = shifted.drain(..).flat_map(u16::to_be_bytes).collect();
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, b| bits << 8 | usize::from(*b)) << (8 * (3 - three.len()));
        let letters = (0..=three.len()).map(|i| char::from(BASE64[bits >> (18 - 6 * i) & 63]));
        out.extend(letters);
    }
    out.push('-');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_all_scripts_have_a_name_in_ascii() {
        let check = |name: &str, wanted: &str| assert_eq!(folder(name).unwrap(), format!("\"{wanted}\""), "{name}");
        check("INBOX", "INBOX");
        check("Sent & filed", "Sent &- filed");
        check("Gesendet \"neu\" \\", "Gesendet \\\"neu\\\" \\\\");
        check("Entwürfe", "Entw&APw-rfe");
        check("台北", "&U,BTFw-");
        check("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        check("😀!", "&2D3eAA-!");
    }

    #[test]
    fn a_name_with_a_line_break_is_refused() {
        for name in ["INBOX\r\nA1 LOGOUT", "a\nb", "", "a\u{202e}b", "a\0b"] {
            assert!(folder(name).is_err(), "{name:?}");
        }
        assert_eq!(quoted("a\r\nb"), None);
        assert_eq!(quoted("é"), None);
    }

    #[test]
    fn days_and_times_are_in_english() {
        assert_eq!(day("2018-02-05".parse().unwrap()), "05-Feb-2018");
        assert_eq!(date_time("2018-02-05T08:30:00Z".parse().unwrap()), "\"05-Feb-2018 08:30:00 +0000\"");
    }
}
