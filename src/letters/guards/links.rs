//! Links whose words are another address than the one that they lead to.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Finding;
use crate::vocabulary::safe_text;

/// The address among a link's words that is not where the link leads; `None` when the words are no address, or the same.
///
/// `www.` and the scheme are often left out, and so is what stands behind the host; another host, or another path where one is
/// written, is a difference.
pub fn differs(label: &str, url: &str) -> Option<String> {
    let target = Target::of(url)?;
    label.split_whitespace().map(trimmed).find(|word| looks_like_address(word) && !target.is(word)).map(str::to_owned)
}

struct Target {
    host: String,
    rest: String,
}

impl Target {
    fn of(address: &str) -> Option<Self> {
        let bare = ["https://", "http://", "mailto:"].iter().find_map(|scheme| {
            let head = address.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then(|| &address[scheme.len()..])
        });
        let bare = bare.unwrap_or(address);
        // `https://un.org@evil.example` leads to evil.example; of a mail address the whole is the host.
        let end = bare.find(['/', '?', '#']).unwrap_or(bare.len());
        let mut host = bare[..end].to_ascii_lowercase();
        if !address.to_ascii_lowercase().starts_with("mailto:")
            && address.contains("://")
            && let Some((_, behind)) = host.rsplit_once('@')
        {
            host = behind.to_owned();
        }
        let host = host.strip_prefix("www.").unwrap_or(&host).trim_end_matches('.').to_owned();
        (!host.is_empty()).then(|| Self { host, rest: bare[end..].trim_end_matches('/').to_owned() })
    }

    fn is(&self, word: &str) -> bool {
        Self::of(word).is_some_and(|said| self.host == said.host && (said.rest.is_empty() || said.rest == self.rest))
    }
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| "()[]<>“”\"'’‘«».,;:!?…".contains(c))
}

/// `https://a.example`, `www.a.example`, `a.example/page`, `mail@a.example`; not `e.g`, not `3.2`.
fn looks_like_address(word: &str) -> bool {
    let lower = word.to_lowercase();
    if lower.contains("://") || lower.starts_with("www.") || lower.starts_with("mailto:") {
        return true;
    }
    let host = lower.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or("");
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels.last().copied().unwrap_or("");
    labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
}

static LINK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("<a href=\""));

/// The same in a rendered letter, whose links are `<a href="…">…</a>`: a value may have brought the words.
pub(super) fn in_html(html: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if LINK.find(html.as_bytes()).is_none() {
        return findings;
    }
    for link in html.split("<a href=\"").skip(1) {
        let Some((url, rest)) = link.split_once('"') else { continue };
        let Some((_, label)) = rest.split_once('>') else { continue };
        let label = words(label.split("</a>").next().unwrap_or(""));
        let url = unescaped(url);
        if let Some(said) = differs(&label, &url) {
            let said = safe_text::line(&said).into_owned();
            findings.push(Finding {
                what: format!("has a link that says {said} and leads to {}", safe_text::line(&url)),
                excerpt: safe_text::line(label.trim()).into_owned(),
                words: said,
                state: None,
            });
        }
    }
    findings
}

/// Without elements.
fn words(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut text = pieces.next().unwrap_or("").to_owned();
    text.extend(pieces.filter_map(|piece| piece.split_once('>')).map(|(_, words)| words));
    unescaped(&text)
}

fn unescaped(html: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x3D;", "="),
        ("&#x60;", "`"),
    ];
    let text = named.iter().fold(html.to_owned(), |text, (escape, plain)| text.replace(escape, plain));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_another_address_than_the_link_s_are_found() {
        let says = |label, url| differs(label, url).unwrap_or_default();
        assert_eq!(says("https://a.example", "https://b.example"), "https://a.example");
        assert_eq!(says("www.a.example", "https://b.example"), "www.a.example");
        assert_eq!(says("see a.example.", "https://b.example"), "a.example");
        assert_eq!(says("un.example", "https://un.example@b.example/"), "un.example");
        assert_eq!(says("a@un.example", "mailto:b@un.example"), "a@un.example");
        assert_eq!(says("a.example/one", "https://a.example/two"), "a.example/one");
    }

    #[test]
    fn plain_words_and_the_same_address_are_no_difference() {
        for (label, url) in [
            ("our report", "https://b.example"),
            ("www.b.example", "https://b.example/"),
            ("B.example", "https://www.b.example/report"),
            ("https://b.example/a", "https://b.example/a/"),
            ("a@b.example", "mailto:a@b.example"),
            ("e.g. point 3.2 of the U.N. text", "https://b.example"),
        ] {
            assert_eq!(differs(label, url), None, "{label}");
        }
    }

    #[test]
    fn links_of_a_rendered_letter_are_read_with_their_elements() {
        let html = r#"<p><a href="https://b.example?x=1&amp;y=2"><strong>www.</strong>a.example</a> <a href="https://b.example">b.example</a></p>"#;
        let findings = in_html(html);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].what, "has a link that says www.a.example and leads to https://b.example?x=1&y=2");
    }
}
