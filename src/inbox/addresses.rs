//! Addresses in free text.

/// An address and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `local@domain`, the domain in small letters.
    pub address: String,
    /// Bytes from the beginning of the text to the address.
    pub start: usize,
    pub end: usize,
}

/// RFC 5322, 3.2.3 (atext) with the dot, and letters beyond ASCII (RFC 6531). Not all of it: what servers write around
/// addresses is taken for no part of them.
fn in_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&*+-./=?^_{|}~'".contains(c)
}

fn in_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '.'
}

/// RFC 5321, 4.5.3.1.1 and 4.5.3.1.2, generously.
const LONGEST_LOCAL: usize = 130;
const LONGEST_DOMAIN: usize = 255;

/// All addresses in the text, in order. Linear: of each `@` only so many letters on both sides are looked at.
pub fn addresses_in(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let least = found.last().map_or(0, |last| last.end);
        if at < least {
            continue;
        }
        let (local, start) = local_before(&text[..at], least);
        let domain: &str = domain_after(&text[at + 1..]);
        if local.is_empty() || !domain.contains('.') && domain != "localhost" || domain.len() < 3 {
            continue;
        }
        let end = at + 1 + domain.len();
        found.push(Found { address: format!("{local}@{}", domain.to_lowercase()), start, end });
    }
    found
}

/// The local part that ends the text, and where it begins. A quoted one too (RFC 5321, 4.1.2).
fn local_before(before: &str, least: usize) -> (&str, usize) {
    if let Some(inner) = before.strip_suffix('"')
        && let Some(open) = inner.rfind('"')
        && open >= least
        && inner.len() - open < LONGEST_LOCAL
    {
        return (&before[open..], open);
    }
    let mut start = before.len();
    for (at, c) in before.char_indices().rev().take(LONGEST_LOCAL) {
        if !in_local(c) || at < least {
            break;
        }
        start = at;
    }
    let local = &before[start..];
    // `=<a@x>`, `'a@x'`, `rfc822;a@x`, `...a@x`
    let trimmed = local.trim_start_matches(['\'', '.', '=', '*', '|', '#', '-', '/', '?', '&']);
    (trimmed, before.len() - trimmed.len())
}

fn domain_after(after: &str) -> &str {
    let end = after
        .char_indices()
        .take(LONGEST_DOMAIN)
        .find(|(_, c)| !in_domain(*c))
        .map_or_else(|| after.char_indices().nth(LONGEST_DOMAIN).map_or(after.len(), |(at, _)| at), |(at, _)| at);
    after[..end].trim_end_matches(['.', '-'])
}

/// Whether two addresses are one mailbox as far as servers' spelling goes.
pub fn same(one: &str, other: &str) -> bool {
    one.trim_matches(['<', '>', ' ']).to_lowercase() == other.trim_matches(['<', '>', ' ']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_servers_prose() {
        let all = |text: &str| addresses_in(text).into_iter().map(|found| found.address).collect::<Vec<_>>();
        assert_eq!(all("<a@X.Example>: said: 550 a.b+c@y.example."), ["a@x.example", "a.b+c@y.example"]);
        assert_eq!(
            all("[SMTP:a@x.example] 'b@x.example' \"a b\"@x.example"),
            ["a@x.example", "b@x.example", "\"a b\"@x.example"]
        );
        assert_eq!(all("чин@посольство.example"), ["чин@посольство.example"]);
        assert_eq!(all("@ a@ @b a@b 1@@2.3"), [""; 0]);
        assert!(all(&"@".repeat(10_000)).is_empty());
    }
}
