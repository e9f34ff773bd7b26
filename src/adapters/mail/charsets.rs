//! Bytes in some charset → text that harms nothing.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::transfer;
use crate::vocabulary::safe_text::is_unsafe;

/// Text of a body. What the charset does not say, or says wrongly, the bytes themselves decide.
pub fn body(bytes: &[u8], charset: Option<&str>) -> String {
    clean_lines(&decode(bytes, charset))
}

/// One line: breaks become spaces.
pub fn clean_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.push(' ');
        } else if !is_unsafe(c) {
            line.push(c);
        }
    }
    line.trim().to_owned()
}

/// Several lines, each ended by a line feed. Direction marks, private letters and controls are gone.
fn clean_lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    lines.push('\n');
                }
            }
            '\n' | '\t' => lines.push(c),
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{c}' => lines.push('\n'),
            c if is_unsafe(c) => {}
            c => lines.push(c),
        }
    }
    lines
}

fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let named = charset.map(|name| name.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let vague = matches!(named.as_deref(), None | Some("" | "us-ascii" | "ascii" | "unknown-8bit" | "utf-8" | "utf8"));
    if vague {
        if bytes.windows(2).any(|pair| pair == b"\x1b$") {
            return by_name(bytes, "iso-2022-jp").unwrap_or_default();
        }
        let said_utf8 = named.as_deref().is_some_and(|name| name.starts_with("utf"));
        return match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if said_utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => guess(bytes),
        };
    }
    named.and_then(|name| by_name(bytes, &name)).unwrap_or_else(|| guess(bytes))
}

fn by_name(bytes: &[u8], charset: &str) -> Option<String> {
    (charset.len() <= 45).then(|| charset_decoder(charset.as_bytes())).flatten().map(|decode| decode(bytes))
}

fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Every byte is a letter there.
        Err(_) => by_name(bytes, "windows-1252").unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// A header field's value on one line: unfolded, its encoded words (RFC 2047) read, cleaned after that, because a word may hide
/// a line break or an escape (the "Mailsploit" mails).
pub fn header(value: &[u8], charset: Option<&str>) -> String {
    clean_line(&encoded_words(&decode(value, charset)))
}

/// A header field's value with its encoded words as they are.
pub fn undecoded(value: &[u8], charset: Option<&str>) -> String {
    decode(value, charset)
}

/// Encoded words of one charset that follow each other are decoded together, since programs cut letters in two.
pub fn encoded_words(text: &str) -> String {
    if !text.contains("=?") {
        return text.to_owned();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((charset, bytes, after)) = encoded_word(from) else {
            settle(&mut decoded, &mut pending);
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = &from[2..];
            continue;
        };
        let follows = pending.is_some() && before.chars().all(char::is_whitespace);
        if !follows {
            settle(&mut decoded, &mut pending);
            decoded.push_str(before);
        }
        match &mut pending {
            Some((same, collected)) if *same == charset => collected.extend(bytes),
            _ => {
                settle(&mut decoded, &mut pending);
                pending = Some((charset, bytes));
            }
        }
        rest = after;
    }
    settle(&mut decoded, &mut pending);
    decoded.push_str(rest);
    decoded
}

fn settle(decoded: &mut String, pending: &mut Option<(String, Vec<u8>)>) {
    if let Some((charset, bytes)) = pending.take() {
        decoded.push_str(&decode(&bytes, Some(&charset)));
    }
}

/// `=?charset*language?B?text?=` at the beginning of `from`, and what follows it. Looks no further than a word may go.
fn encoded_word(from: &str) -> Option<(String, Vec<u8>, &str)> {
    let inner = &from[2..];
    let (charset, inner) = inner.split_at_checked(inner.bytes().take(46).position(|byte| byte == b'?')?)?;
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let charset = charset.split('*').next().unwrap_or(charset).to_ascii_lowercase();
    let how = inner.as_bytes().get(1)?.to_ascii_lowercase();
    if inner.as_bytes().get(2) != Some(&b'?') {
        return None;
    }
    let inner = inner.get(3..)?;
    // 75 bytes by the book; some programs write the whole subject into one word.
    let (word, after) = inner.split_at_checked(inner.bytes().take(4_000).position(|byte| byte == b'?')?)?;
    let after = after.strip_prefix("?=")?;
    let bytes = match how {
        b'b' => transfer::base64(word.as_bytes()),
        b'q' => transfer::quoted_printable(word.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some((charset, bytes, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_read_and_joined() {
        for (written, read) in [
            ("=?utf-8?q?caf=C3=A9?= au lait", "café au lait"),
            ("=?UTF-8?B?w6k=?= =?UTF-8?B?w6g=?=", "éè"),
            // One letter cut in two.
            ("=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9?=", "café"),
            ("=?windows-1256?B?5d3M?=", "هفج"),
            ("=?iso-8859-1*fr?q?=E9t=E9?=", "été"),
            ("a =?nonsense", "a =?nonsense"),
            ("=?x-unknown?q?hello_there?=", "hello there"),
            ("=??q?a?=", "=??q?a?="),
        ] {
            assert_eq!(header(written.as_bytes(), None), read, "{written}");
        }
    }

    #[test]
    fn what_hides_in_an_encoded_word_is_no_line_break_and_no_escape() {
        let hostile = b"=?utf-8?q?a=0D=0ABcc:_b=1B[31m=00=E2=80=AEc?= =?utf-8?b?cG90dXNAeC5leGFtcGxlAA==?=";
        assert_eq!(header(hostile, None), "a  Bcc: b [31m cpotus@x.example");
    }

    #[test]
    fn a_body_without_a_charset_or_with_a_wrong_one_is_read_all_the_same() {
        assert_eq!(body("été".as_bytes(), None), "été");
        assert_eq!(body(b"\xe9t\xe9", Some("us-ascii")), "été");
        assert_eq!(body(b"\xe9t\xe9", Some("x-nobody-knows")), "été");
        assert_eq!(body(b"+AOk-t", Some("utf-7")), "ét");
        assert_eq!(body(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("koi8-r")), "Привет");
        assert_eq!(body(b"a\r\nb\rc\x00\x1b[2J\xe2\x80\xae", Some("utf-8")), "a\nb\nc[2J");
        assert_eq!(body(b"\x1b$B$3\x1b(B", None), "こ");
    }
}
