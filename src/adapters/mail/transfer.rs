//! Content-Transfer-Encoding (RFC 2045, 6): what is damaged is read as far as it goes.

/// How a part's bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `7bit`, `8bit`, `binary`, and what nobody knows.
    Identity,
    Base64,
    QuotedPrintable,
}

impl Encoding {
    pub fn of(value: &str) -> Self {
        let word = value.split([' ', ';', '\t', '(']).find(|word| !word.is_empty()).unwrap_or_default();
        match word.trim_matches('"').to_ascii_lowercase().as_str() {
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            _ => Self::Identity,
        }
    }

    pub fn decode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Base64 => base64(bytes),
            Self::QuotedPrintable => quoted_printable(bytes),
        }
    }

    /// How many bytes [`Self::decode`] gives, without making them.
    pub fn decoded_length(self, bytes: &[u8]) -> u64 {
        let length = match self {
            Self::Identity => bytes.len(),
            Self::Base64 => {
                let mut digits = 0_usize;
                for byte in bytes {
                    digits += usize::from(DIGITS[usize::from(*byte)] < 64);
                }
                digits * 3 / 4
            }
            Self::QuotedPrintable => quoted_printable(bytes).len(),
        };
        u64::try_from(length).unwrap_or(u64::MAX)
    }
}

const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [255; 256];
    let mut value = 0_u8;
    while value < 64 {
        table[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    table
}

/// What is no digit is passed over; padding ends a group, so that parts which were joined are all read.
pub fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut group, mut digits) = (0_u32, 0_u8);
    for byte in bytes {
        let value = DIGITS[usize::from(*byte)];
        if value < 64 {
            group = group << 6 | u32::from(value);
            digits += 1;
        }
        if digits == 4 {
            decoded.extend_from_slice(&group.to_be_bytes()[1..]);
        } else if *byte != b'=' {
            continue;
        } else {
            flush(&mut decoded, group, digits);
        }
        (group, digits) = (0, 0);
    }
    flush(&mut decoded, group, digits);
    decoded
}

fn flush(decoded: &mut Vec<u8>, group: u32, digits: u8) {
    match digits {
        2 => decoded.push((group >> 4).to_be_bytes()[3]),
        3 => decoded.extend_from_slice(&(group >> 2).to_be_bytes()[2..]),
        _ => {}
    }
}

/// An `=` that begins nothing stays as it is.
pub fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let rest = &bytes[at..];
        if let [high, low, ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            at += 2;
            continue;
        }
        // A soft line break, perhaps with spaces that a server added.
        let blanks = rest.iter().take(80).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match &rest[blanks..] {
            [b'\r', b'\n', ..] => at += blanks + 2,
            [b'\n' | b'\r', ..] => at += blanks + 1,
            [] => at += blanks,
            _ => decoded.push(b'='),
        }
    }
    decoded
}

pub fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_through_line_ends_rubbish_and_padding_in_the_middle() {
        assert_eq!(base64(b"SGVs\r\nbG8="), b"Hello");
        assert_eq!(base64(b"SGVs!*bG8"), b"Hello");
        assert_eq!(base64(b"SGVsbG8=SGVsbG8="), b"HelloHello");
        for text in [&b"SGVs\r\nbG8="[..], b"SGVsbG8", b"", b"A"] {
            let whole = Encoding::Base64.decode(text).len() as u64;
            assert_eq!(Encoding::Base64.decoded_length(text), whole);
        }
    }

    #[test]
    fn quoted_printable_is_read_as_far_as_it_goes() {
        assert_eq!(quoted_printable(b"caf=C3=A9 =\r\nau lait=\nnoir=3"), "café au laitnoir=3".as_bytes());
        assert_eq!(quoted_printable(b"a=  \r\nb"), b"ab");
        assert_eq!(quoted_printable(b"1=2 ="), b"1=2 ");
    }
}
