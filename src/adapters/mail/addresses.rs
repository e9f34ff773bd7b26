//! Lists of addresses (RFC 5322, 3.4, with the obsolete forms): structure first, encoded words after it, so that a comma or an
//! angle bracket inside an encoded word makes no address.

use super::charsets::{clean_line, encoded_words};
use crate::inbox::reading::Correspondent;

/// Of one field; a letter to more people names none of them to us.
const MOST: usize = 500;

/// One address as it is put together.
#[derive(Default)]
struct Draft {
    words: String,
    comment: String,
    angle: Option<String>,
    /// The angle bracket has been closed.
    closed: bool,
}

impl Draft {
    fn push(&mut self, c: char, depth: u32) {
        match &mut self.angle {
            _ if depth > 0 => self.comment.push(c),
            Some(angle) if !self.closed => angle.push(c),
            _ => self.words.push(c),
        }
    }
}

/// Everybody in `value`. Group names are left out.
pub fn read(value: &str) -> Vec<Correspondent> {
    let mut people = Vec::new();
    let mut draft = Draft::default();
    let mut chars = value.chars();
    let (mut quoted, mut depth) = (false, 0_u32);
    while let Some(c) = chars.next() {
        if people.len() >= MOST {
            return people;
        }
        let in_angle = draft.angle.is_some() && !draft.closed;
        match c {
            '\\' if quoted || depth > 0 => {
                if let Some(next) = chars.next() {
                    draft.push(next, depth);
                }
            }
            '"' => {
                quoted = !quoted && depth == 0;
                draft.push('"', depth);
            }
            _ if quoted => draft.push(c, depth),
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => draft.push(c, depth),
            '<' if draft.angle.is_none() => draft.angle = Some(String::new()),
            '>' if in_angle => draft.closed = true,
            ',' | ';' if !in_angle => people.extend(finish(&mut draft)),
            ':' if draft.angle.is_none() && !draft.words.contains('@') => draft = Draft::default(),
            _ => draft.push(c, depth),
        }
    }
    people.extend(finish(&mut draft));
    people
}

fn finish(draft: &mut Draft) -> Option<Correspondent> {
    let Draft { words, comment, angle, .. } = std::mem::take(draft);
    let (name, address) = match angle {
        Some(angle) => (words, angle.trim_matches(['<', '>', ' ']).to_owned()),
        None if words.contains('@') => (String::new(), words),
        None => (words, String::new()),
    };
    let name = if name.trim().is_empty() { comment } else { name };
    let name = clean_line(&encoded_words(&name.replace('"', "")));
    let address = tidy(&address);
    (!name.is_empty() || !address.is_empty()).then_some(Correspondent { name, address })
}

/// `local@domain`, the domain in small letters; a source route (`@a,@b:user@c`) and spaces are gone.
fn tidy(address: &str) -> String {
    let address = clean_line(address);
    let address =
        if address.starts_with('@') { address.rsplit_once(':').map_or("", |(_, last)| last) } else { &address };
    let address = address.trim().trim_start_matches("mailto:");
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let local = if local.contains('"') { local.trim().to_owned() } else { local.split_whitespace().collect() };
            let domain: String = domain.split_whitespace().collect();
            format!("{local}@{}", domain.to_lowercase())
        }
        None => address.split_whitespace().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn addresses_are_read_in_every_form_that_mail_programs_write() {
        let check = |value: &str, expected: &[(&str, &str)]| {
            let people = read(value);
            let read: Vec<(&str, &str)> = people.iter().map(|p| (p.name.as_str(), p.address.as_str())).collect();
            assert_eq!(read, expected, "{value}");
        };
        check("a@x.example", &[("", "a@x.example")]);
        check("\"Doe, Jo\" <Jo@X.Example>, b@y.example (Bo)", &[("Doe, Jo", "Jo@x.example"), ("Bo", "b@y.example")]);
        check("=?utf-8?q?A=2C_b=3Cc=40d=3E?= <e@x.example>", &[("A, b<c@d>", "e@x.example")]);
        check("Team: a@x.example, B <b@x.example>;", &[("", "a@x.example"), ("B", "b@x.example")]);
        check("<@one.example,@two.example:a@x.example>", &[("", "a@x.example")]);
        check("a @ x.example", &[("", "a@x.example")]);
        check("\"odd name\"@x.example", &[("", "\"odd name\"@x.example")]);
        check("Mail Delivery <>", &[("Mail Delivery", "")]);
        check("undisclosed-recipients:;", &[]);
        check("", &[]);
        check("A (b (c) d) <e@x.example>", &[("A", "e@x.example")]);
        check("\"a \\\" b\" <c@x.example>", &[("a  b", "c@x.example")]);
        check("<a@x.example", &[("", "a@x.example")]);
    }

    #[test]
    fn a_name_that_never_ends_and_ten_thousand_brackets_are_read() {
        for hostile in ["(".repeat(10_000), "<".repeat(10_000), "\"".repeat(9_999), "a@b,".repeat(10_000)] {
            assert!(read(&hostile).len() <= super::MOST);
        }
    }
}
