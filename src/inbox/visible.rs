//! The words of a message that a person sees.

use super::html_text::text_of_html;
use super::incoming::{Content, Incoming, Part};
use super::own_words::{own_words, says_nothing};

/// The whole visible text: plain parts, and those in HTML that have no plain twin.
pub fn whole(message: &Incoming) -> String {
    let mut texts = Vec::new();
    for (at, part) in message.parts.iter().enumerate() {
        let Content::Text(text) = &part.content else { continue };
        // The message's own body is read whatever it calls itself, be it a named file.
        let alone = message.parts.len() == 1 && part.media_type.starts_with("text/");
        if !part.is_body() && !alone {
            continue;
        }
        match part.media_type.as_str() {
            "text/html" if has_plain_twin(&message.parts, at) => {}
            "text/html" => texts.push(text_of_html(text)),
            _ => texts.push(of_plain(part, text)),
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    texts.join("\n\n")
}

/// The writer's own words: what is left of [`whole`] without quotation and signature.
pub fn own(whole: &str) -> String {
    own_words(whole).in_context
}

/// Whether another form of the same words stands beside the part: a plain one in the same `multipart/alternative`.
fn has_plain_twin(parts: &[Part], at: usize) -> bool {
    let depth = parts[at].depth;
    let mut inside = depth;
    for earlier in parts[..at].iter().rev() {
        if earlier.depth < inside {
            inside = earlier.depth;
            if earlier.media_type == "multipart/alternative" {
                let after = parts.iter().skip_while(|part| part.number <= earlier.number);
                let mut held = after.take_while(|part| part.depth > earlier.depth);
                return held.any(|part| {
                    part.media_type == "text/plain"
                        && part.text().is_some_and(|text| !text.trim().is_empty() && !says_nothing(text))
                });
            }
        }
    }
    false
}

/// `format=flowed` put together again (RFC 3676, 4.1 to 4.3).
fn of_plain(part: &Part, text: &str) -> String {
    if part.parameter("format").is_none_or(|format| !format.eq_ignore_ascii_case("flowed")) {
        return text.to_owned();
    }
    let joins_words = part.parameter("delsp").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    let mut whole = String::with_capacity(text.len());
    let mut flowing: Option<usize> = None;
    for line in text.lines() {
        let quote = line.chars().take_while(|c| *c == '>').count();
        let words = &line[quote..];
        let words = words.strip_prefix(' ').unwrap_or(words);
        if flowing != Some(quote) || words == "-- " {
            if !whole.is_empty() {
                whole.push('\n');
            }
            if quote > 0 {
                whole.push_str(&">".repeat(quote));
                whole.push(' ');
            }
        }
        let flows = words.ends_with(' ') && words != "-- ";
        whole.push_str(if flows && joins_words { &words[..words.len() - 1] } else { words });
        flowing = flows.then_some(quote);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: usize, depth: usize, media_type: &str, text: Option<&str>) -> Part {
        let content = text.map_or(Content::Several, |text| Content::Text(text.to_owned()));
        Part { number, depth, media_type: media_type.to_owned(), content, ..Part::default() }
    }

    #[test]
    fn of_two_forms_of_the_same_words_the_plain_one_is_read() {
        let parts = vec![
            part(0, 0, "multipart/mixed", None),
            part(1, 1, "multipart/alternative", None),
            part(2, 2, "text/plain", Some("words")),
            part(3, 2, "text/html", Some("<p>words</p>")),
            part(4, 1, "text/html", Some("a footer")),
        ];
        assert_eq!(whole(&Incoming { parts, ..Incoming::default() }), "words\n\na footer");
        let parts = vec![part(0, 0, "multipart/alternative", None), part(1, 1, "text/html", Some("<p>only</p>"))];
        assert_eq!(whole(&Incoming { parts, ..Incoming::default() }).trim(), "only");
    }

    #[test]
    fn flowed_text_has_its_paragraphs_back() {
        let mut flowed = part(0, 0, "text/plain", None);
        flowed.parameters = vec![("format".to_owned(), "flowed".to_owned())];
        assert_eq!(of_plain(&flowed, "one \ntwo\n> quoted \n> words\n-- \nname"), "one two\n> quoted words\n-- \nname");
    }
}
