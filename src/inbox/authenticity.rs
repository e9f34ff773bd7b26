//! Whether a message is from whom it says: by the word of our own receiving server, and of nobody else (RFC 8601).
//!
//! Anybody may write `Authentication-Results` into a message. Ours stands above what the message brought along, so we look for the
//! hand-over, the topmost `Received` in which our server took the message from a stranger:
//!
//! - all results of our server above the hand-over were written by it: whatever a message brings stands below;
//! - servers also write them directly below their own `Received` (Google, milters). Between the hand-over and the next
//!   `Received` the topmost result of our server counts, and only that: what was forged stands below it;
//! - below the next `Received` nothing counts, whatever name it bears.
//!
//! Where no hand-over can be made out, only what stands above every `Received` counts. A server that writes no results at all and
//! lets forged ones of its own name pass (against RFC 8601, 5) would be believed: then `receiving_server` must not be set.

use std::fmt;

use serde::Serialize;

use super::addresses::{addresses_in, same};
use super::incoming::Incoming;

/// How far a sender is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The receiving server has checked that the domain of `From` stands behind it.
    Verified,
    Unverified,
    /// A check failed, or the message shows somebody else than who sent it.
    Suspicious,
}

/// The judgement, with its reason in one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticity {
    pub standing: Standing,
    pub reason: String,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Suspicious => "suspicious",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Standing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Judges by the fields of the header. `receiving_server` is the name under which our server writes its results (its authserv-id).
pub fn judge(message: &Incoming, receiving_server: Option<&str>) -> Authenticity {
    let of = |standing, reason: String| Authenticity { standing, reason };
    if let Some(reason) = shows_another(message) {
        return of(Standing::Suspicious, reason);
    }
    let domain = message.from().and_then(|from| from.address.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else {
        return of(Standing::Unverified, "its From names no address".to_owned());
    };
    let Some(server) = receiving_server.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty())
    else {
        return of(Standing::Unverified, "no receiving server is configured whose checks are believed".to_owned());
    };
    let results = believed(message, &server);
    if results.is_empty() {
        return of(Standing::Unverified, format!("{server} has not checked it"));
    }
    if let Some(failed) = results.iter().find(|one| one.method == "dmarc" && one.result == "fail") {
        let policy = failed.property("header.from").unwrap_or(&domain).to_owned();
        return of(Standing::Suspicious, format!("{server}: dmarc=fail for {policy}"));
    }
    let passed = results.iter().filter(|one| one.result == "pass").find(|one| {
        let behind = match one.method.as_str() {
            "dmarc" => Some(one.property("header.from").unwrap_or(&domain)),
            "dkim" => one.property("header.d").or(one.property("header.i")),
            "spf" => one.property("smtp.mailfrom").or(one.property("smtp.from")),
            _ => None,
        };
        behind.is_some_and(|behind| aligned(&domain, behind))
    });
    match passed {
        Some(passed) => of(Standing::Verified, format!("{server}: {}=pass for {domain}", passed.method)),
        None => of(Standing::Unverified, format!("{server} found nothing that speaks for {domain}")),
    }
}

/// What makes a sender suspicious whatever was checked: several `From`, or a name that reads as another address.
fn shows_another(message: &Incoming) -> Option<String> {
    let people: Vec<_> = message.people("from").collect();
    if people.len() > 1 || message.all("from").count() > 1 {
        return Some("it has more than one From".to_owned());
    }
    let from = people.first()?;
    let shown = addresses_in(&from.name).into_iter().map(|found| found.address).find(|shown| {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        !same(shown, &from.address) && !aligned(&domain(shown), &domain(&from.address))
    })?;
    Some(format!("its From shows {shown} and is {}", from.address))
}

/// One method's result: `dkim=pass header.d=fra.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Checked {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl Checked {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The results that our server has written, by where they stand.
fn believed(message: &Incoming, server: &str) -> Vec<Checked> {
    let mut believed = Vec::new();
    let mut taken_over = false;
    let mut below = false;
    for field in &message.fields {
        match field.name.as_str() {
            "received" if taken_over => break,
            "received" => match hop(&field.value, server) {
                Hop::Inside => {}
                Hop::TakenOver => taken_over = true,
                Hop::Foreign => break,
            },
            "authentication-results" if !below => {
                if let Some(results) = results_of(&field.value, server) {
                    below = taken_over;
                    believed.extend(results);
                }
            }
            _ => {}
        }
    }
    believed
}

enum Hop {
    /// Between our own machines.
    Inside,
    /// Our server took the message from another.
    TakenOver,
    /// Neither end is ours.
    Foreign,
}

fn hop(received: &str, server: &str) -> Hop {
    let words: Vec<&str> = received.split(';').next().unwrap_or_default().split_whitespace().collect();
    let after = |word: &str| {
        words.iter().position(|other| other.eq_ignore_ascii_case(word)).and_then(|at| words.get(at + 1)).copied()
    };
    let ours = |host: &str| {
        let host = host.trim_matches(['(', ')', '[', ']', ',']).to_ascii_lowercase();
        host == server
            || host.ends_with(&format!(".{server}"))
            || parent(server).is_some_and(|parent| host.ends_with(&format!(".{parent}")))
    };
    let local = |host: &str| {
        let host = host.trim_matches(['(', ')', '[', ']']).to_ascii_lowercase();
        host == "localhost" || host.starts_with("localhost.") || host.starts_with("127.") || host == "::1"
    };
    // Between our own machines: by a protocol that no stranger can speak to us (RFC 2033), or from an address within.
    let within = after("with").is_some_and(|with| with.to_ascii_uppercase().starts_with("LMTP"))
        || words.iter().any(|word| is_within(word));
    match (after("from"), after("by").is_some_and(ours)) {
        (None, _) => Hop::Inside,
        // The name is what the other side says of itself: alone it proves nothing.
        (Some(from), _) if within && (local(from) || ours(from)) => Hop::Inside,
        (Some(_), true) => Hop::TakenOver,
        (Some(_), false) => Hop::Foreign,
    }
}

/// `[127.0.0.1]`, `([10.0.0.5])`: an address that nobody outside has, as our server saw it.
fn is_within(word: &str) -> bool {
    let Some(address) = word.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(address, _)| address)
    else {
        return false;
    };
    match address.trim_start_matches("IPv6:").parse() {
        Ok(core::net::IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private(),
        Ok(core::net::IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local(),
        Err(_) => false,
    }
}

/// `mx1.coalition.example` → `coalition.example`; no more of a name of two labels.
fn parent(server: &str) -> Option<&str> {
    server.split_once('.').map(|(_, parent)| parent).filter(|parent| is_own(parent))
}

/// Whether a domain belongs to one owner, as far as its form tells: two labels at least, and none of `co.uk`, `gov.xx`.
fn is_own(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let shared = ["co", "com", "gov", "gob", "gouv", "gov", "go", "org", "or", "net", "ne", "ac", "edu", "mil", "int"];
    match labels.as_slice() {
        [second, top] => !(second.is_empty() || top.len() == 2 && shared.contains(second)),
        [_, _, ..] => labels.iter().all(|label| !label.is_empty()),
        _ => false,
    }
}

/// Whether one domain stands behind the other: the same, or one above the other (RFC 7489, 3.1, relaxed).
fn aligned(from: &str, behind: &str) -> bool {
    let (from, behind) = (from.to_lowercase(), behind.rsplit('@').next().unwrap_or_default().to_lowercase());
    let under = |lower: &str, upper: &str| is_own(upper) && lower.ends_with(&format!(".{upper}"));
    !from.is_empty() && (from == behind || under(&from, &behind) || under(&behind, &from))
}

/// The results of a field, if it bears that server's name.
fn results_of(value: &str, server: &str) -> Option<Vec<Checked>> {
    let pieces = pieces(value);
    let (id, rest) = pieces.split_first()?;
    let id = id.split_whitespace().next()?;
    (id.eq_ignore_ascii_case(server)).then(|| rest.iter().filter_map(|piece| checked(piece)).collect())
}

fn checked(piece: &str) -> Option<Checked> {
    let mut words = piece.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let properties = words.filter_map(|word| word.split_once('='));
    let properties =
        properties.map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches('"').to_ascii_lowercase()));
    // `dkim/1=pass`: a version.
    let method = method.split('/').next().unwrap_or(method);
    Some(Checked {
        method: method.to_ascii_lowercase(),
        result: result.to_ascii_lowercase(),
        properties: properties.collect(),
    })
}

/// A value without comments, divided at semicolons that are in no quotation: both are written by whoever sent the message.
fn pieces(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for c in value.chars().take(8_000) {
        let kept = match c {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' if quoted || depth > 0 => {
                escaped = true;
                None
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                Some('"')
            }
            // What is quoted is no new word.
            c if quoted => Some(if c.is_whitespace() || c == ';' || c == '=' { '_' } else { c }),
            '(' => {
                depth += 1;
                None
            }
            ')' if depth > 0 => {
                depth -= 1;
                Some(' ').filter(|_| depth == 0)
            }
            _ if depth > 0 => None,
            ';' => {
                pieces.push(String::new());
                None
            }
            c => Some(c),
        };
        if let (Some(c), Some(last)) = (kept, pieces.last_mut()) {
            last.push(c);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::incoming::Field;
    use super::super::reading::Correspondent;
    use super::*;

    const HAND_OVER: (&str, &str) =
        ("received", "from mail.fra.example (mail.fra.example [192.0.2.1]) by mx.coalition.example; Mon, 5 Feb 2018");
    const EARLIER: (&str, &str) = ("received", "from pc.fra.example by mail.fra.example; Mon, 5 Feb 2018");
    const PASS: (&str, &str) = ("authentication-results", "mx.coalition.example; dmarc=pass header.from=fra.example");

    fn standing(from: &[(&str, &str)], fields: &[(&str, &str)], server: Option<&str>) -> Standing {
        let field = |(name, value): &(&str, &str)| Field {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            mailboxes: Vec::new(),
        };
        let person =
            |(name, address): &(&str, &str)| Correspondent { name: (*name).to_owned(), address: (*address).to_owned() };
        let mut fields: Vec<Field> = fields.iter().map(field).collect();
        fields.push(Field {
            name: "from".to_owned(),
            value: String::new(),
            mailboxes: from.iter().map(person).collect(),
        });
        judge(&Incoming { fields, ..Incoming::default() }, server).standing
    }

    fn of(fields: &[(&str, &str)]) -> Standing {
        standing(&[("The Head", "head@fra.example")], fields, Some("mx.coalition.example"))
    }

    #[test]
    fn our_server_s_word_counts_above_the_hand_over_and_directly_below_it() {
        assert_eq!(of(&[PASS, HAND_OVER, EARLIER]), Standing::Verified);
        assert_eq!(of(&[HAND_OVER, PASS, EARLIER]), Standing::Verified);
        let inside = ("received", "from localhost (localhost [127.0.0.1]) by mx.coalition.example with LMTP");
        assert_eq!(of(&[inside, PASS, HAND_OVER, EARLIER]), Standing::Verified);
    }

    #[test]
    fn what_the_message_brought_along_does_not_count() {
        assert_eq!(of(&[HAND_OVER, EARLIER, PASS]), Standing::Unverified);
        assert_eq!(of(&[EARLIER, PASS]), Standing::Unverified, "no hand-over at all");
        let none = ("authentication-results", "mx.coalition.example; dmarc=none header.from=fra.example");
        assert_eq!(of(&[HAND_OVER, none, PASS, EARLIER]), Standing::Unverified, "the topmost counts, and no other");
        let other = ("authentication-results", "mx.attacker.example; dmarc=pass header.from=fra.example");
        assert_eq!(of(&[other, HAND_OVER]), Standing::Unverified);
        assert_eq!(standing(&[("", "head@fra.example")], &[PASS, HAND_OVER], None), Standing::Unverified);
    }

    #[test]
    fn a_stranger_who_calls_itself_by_our_name_is_a_stranger() {
        for name in ["localhost", "mx.coalition.example"] {
            let taken =
                format!("from {name} (attacker.example [203.0.113.9]) by mx.coalition.example; Mon, 5 Feb 2018");
            let fail = ("authentication-results", "mx.coalition.example; dmarc=none header.from=fra.example");
            assert_eq!(of(&[fail, ("received", &taken), HAND_OVER, PASS, EARLIER]), Standing::Unverified, "{name}");
            assert_eq!(of(&[("received", &taken), fail, HAND_OVER, PASS]), Standing::Unverified, "{name}");
        }
        let handed_on =
            ("received", "from mx.coalition.example ([192.0.2.25]) by mail.coalition.example with LMTP id x");
        assert_eq!(of(&[handed_on, PASS, HAND_OVER, EARLIER]), Standing::Verified);
    }

    #[test]
    fn results_are_read_and_not_what_hides_in_comments_and_quotations() {
        let of_results = |results: &str| of(&[("authentication-results", results), HAND_OVER]);
        assert_eq!(of_results("mx.coalition.example 1; spf=pass smtp.mailfrom=bounce@fra.example"), Standing::Verified);
        assert_eq!(of_results("mx.coalition.example; dkim=pass (2048 bit) header.d=fra.example"), Standing::Verified);
        assert_eq!(of_results("mx.coalition.example; dkim=pass header.d=attacker.example"), Standing::Unverified);
        assert_eq!(
            of_results("mx.coalition.example; dkim=fail (x; dmarc=pass header.from=fra.example) header.d=a.example"),
            Standing::Unverified
        );
        assert_eq!(
            of_results("mx.coalition.example; spf=fail smtp.mailfrom=\"a; dmarc=pass header.from=fra.example \""),
            Standing::Unverified
        );
        assert_eq!(
            of_results("mx.coalition.example; dmarc=fail header.from=fra.example; spf=pass smtp.mailfrom=fra.example"),
            Standing::Suspicious
        );
        assert_eq!(of_results("mx.coalition.example; none"), Standing::Unverified);
    }

    #[test]
    fn two_senders_and_a_name_that_is_another_address_are_suspicious() {
        let server = Some("mx.coalition.example");
        assert_eq!(
            standing(&[("", "head@fra.example"), ("", "b@x.example")], &[PASS, HAND_OVER], server),
            Standing::Suspicious
        );
        assert_eq!(
            standing(&[("head@fra.example", "b@attacker.example")], &[PASS, HAND_OVER], server),
            Standing::Suspicious
        );
        assert_eq!(
            standing(&[("head@fra.example", "head@fra.example")], &[PASS, HAND_OVER], server),
            Standing::Verified
        );
    }

    #[test]
    fn a_shared_ending_is_nobody_s_domain() {
        assert!(aligned("mail.fra.example", "fra.example") && aligned("fra.example", "mail.fra.example"));
        assert!(
            !aligned("mfa.gov.uk", "gov.uk")
                && !aligned("a.example", "b.example")
                && !aligned("fra.example", "example")
        );
    }
}
