//! The writer's own words, out of mails of many programs in many languages: each sample beside what must be left of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use demarche::inbox::html_text::text_of_html;
use demarche::inbox::own_words::{own_words, visible};
use demarche::vocabulary::safe_text::is_unsafe;
use proptest::prelude::*;

/// Debug builds are slow and the machine may be busy; quadratic work takes minutes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Sample {
    title: String,
    mail: String,
    own: String,
}

/// A sample is `######## title`, the mail, `######## own`, and what is left.
fn samples(file: &Path) -> Vec<Sample> {
    let text = fs::read_to_string(file).unwrap();
    let parts: Vec<(&str, &str)> = text.split("######## ").skip(1).map(|part| part.split_once('\n').unwrap()).collect();
    let pair = |pair: &[(&str, &str)]| {
        let [(title, mail), (own, left)] = pair else { panic!("{}: half a sample", file.display()) };
        assert_eq!(*own, "own", "{}: {title}", file.display());
        Sample { title: (*title).to_owned(), mail: (*mail).to_owned(), own: left.trim_end().to_owned() }
    };
    parts.chunks(2).map(pair).collect()
}

fn wrong(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/own_words").join(file);
    let html = file == "html.txt";
    let left = |mail: &str| if html { visible(None, Some(mail)) } else { visible(Some(mail), None) };
    let compared = samples(&path).into_iter().map(|sample| (left(&sample.mail).own, sample));
    let wrong = compared.filter(|(own, sample)| *own != sample.own);
    wrong
        .map(|(own, sample)| format!("{file}, {}:\n--- wanted\n{}\n--- left\n{own}", sample.title, sample.own))
        .collect()
}

#[test]
fn what_the_writer_wrote_is_left_of_each_sample_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/own_words");
    let files: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(files.len() >= 10, "{files:?}");
    let wrong: Vec<String> = files.iter().flat_map(|file| wrong(file)).collect();
    assert!(wrong.is_empty(), "{} samples\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn windows_line_ends_change_nothing() {
    for file in ["en.txt", "ar.txt", "zh.txt"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/own_words").join(file);
        for sample in samples(&path) {
            assert_eq!(own_words(&sample.mail.replace('\n', "\r\n")).own, sample.own, "{file}, {}", sample.title);
        }
    }
}

#[test]
fn a_signature_is_taken_off_and_kept_beside() {
    let read = own_words("We agree.\n\n-- \nAnna Example\nFirst Secretary\n");
    assert_eq!((read.own.as_str(), read.signature.as_str()), ("We agree.", "Anna Example\nFirst Secretary"));
    assert!(!read.borrowed);
}

#[test]
fn answers_between_the_quotations_can_be_shown_with_what_they_answer() {
    let mail = "Dear all,\n\nOn 02/03/2026 10:15, Coalition wrote:\n> Will you speak?\nYes.\n> Could we meet?\nThursday.\n> Best,";
    let read = own_words(mail);
    assert_eq!(read.own, "Dear all,\n\nYes.\n\nThursday.");
    assert_eq!(read.in_context, "Dear all,\n\n> Will you speak?\n\nYes.\n\n> Could we meet?\n\nThursday.");
    // A reply below all that it quotes answers the whole of it, which stands in our own letter.
    let below = own_words("On 02/03/2026 10:15, Coalition wrote:\n> Could we meet?\n\nThursday.");
    assert_eq!((below.own.as_str(), below.in_context.as_str()), ("Thursday.", "Thursday."));
}

#[test]
fn a_mail_of_quotation_alone_is_shown_and_said_to_be_borrowed() {
    let read = own_words("On Mon, 2 Mar 2026 at 10:15, Coalition wrote:\n\n> Excellency,\n");
    assert!(read.borrowed && read.own.contains("> Excellency,"));
    assert!(!own_words("").borrowed && own_words("").own.is_empty());
}

#[test]
fn the_plain_part_is_believed_unless_it_says_nothing() {
    let html = Some("<p>The letter</p>");
    assert_eq!(visible(Some("The plain letter"), html).own, "The plain letter");
    assert_eq!(visible(Some(" \r\n"), html).own, "The letter");
    assert_eq!(visible(Some("Please view this message in an HTML capable client."), html).own, "The letter");
    assert_eq!(visible(Some("<html><body>The letter</body></html>"), html).own, "The letter");
    assert_eq!(visible(None, None).whole, "");
    assert_eq!(visible(Some("Only this"), Some("<img src=x>")).own, "Only this");
}

#[test]
fn long_and_deep_texts_cost_their_length_and_no_more() {
    let texts = [
        ">".repeat(1 << 20),
        " ".repeat(1 << 20),
        "> ".repeat(1 << 19),
        ">\n".repeat(1 << 18),
        "\n".repeat(1 << 20),
        "From: a\n".repeat(1 << 15),
        "On 1:00 a:\n".repeat(1 << 15),
        "On 2 March 2026 at 10:00, somebody\n".repeat(1 << 14),
        "--\nSent from my iPhone\n".repeat(1 << 14),
        "a@b.example wrote:\n".repeat(1 << 14),
        "-----Original Message-----\n".repeat(1 << 14),
        "________________\n".repeat(1 << 15),
        "é".repeat(1 << 19),
        "<a@".repeat(1 << 18),
    ];
    for text in texts {
        quick(&text[..text.char_indices().nth(24).map_or(text.len(), |(at, _)| at)], || drop(own_words(&text)));
    }
    let pages = [
        "<div>".repeat(1 << 18),
        "<blockquote>a".repeat(200_000),
        "<span>".repeat(1 << 17) + &"</b></div>".repeat(1 << 16),
        "<ul><li>".repeat(1 << 16),
        "<table><tr><td>".repeat(1 << 15),
        "<p><i>".repeat(1 << 16) + &"</p>".repeat(1 << 16),
        "<div class=gmail_quote>a".repeat(1 << 16),
        "<".repeat(1 << 19),
        "&".repeat(1 << 19),
        "<!--".repeat(1 << 18),
        format!("<a {}>", "b=c ".repeat(1 << 15)),
        format!("<p style='{}'>a", "display:block;".repeat(1 << 16)),
    ];
    for page in pages {
        quick(&page[..24], || drop(visible(None, Some(&page))));
    }
}

fn quick(what: &str, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    assert!(begun.elapsed() < PATIENCE, "{what}…: {:?}", begun.elapsed());
}

#[test]
fn hidden_controls_and_reversed_writing_never_come_through() {
    let plain = own_words("Yes\u{1b}]52;c;x\u{7}\u{202e}gpj\u{200b}\u{feff}\r\nBest\u{0}\n");
    assert_eq!(plain.own, "Yes]52;c;xgpj\nBest");
    let html = text_of_html("<p>Yes&#27;[31m &#x202e;no&#8203;&#0;&#x9b;</p>");
    assert!(!html.chars().any(|c| is_unsafe(c) && c != '\n'), "{html:?}");
}

fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t')
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}|(\\PC|\n|\r|>|:|-|_|\u{3000}|@|<){0,300}") {
        let read = own_words(&text);
        prop_assert!(is_clean(&read.own) && is_clean(&read.signature));
        prop_assert!(read.own.len() <= text.len() * 2);
    }

    #[test]
    fn any_mixture_of_lines_is_read_and_what_is_nobodys_mark_is_kept(
        lines in prop::collection::vec(prop::sample::select(LINES), 0..30)
    ) {
        let text = lines.join("\n");
        let read = own_words(&text);
        prop_assert!(read.own.lines().all(|line| line.is_empty() || text.lines().any(|other| other.trim() == line.trim())));
        prop_assert!(lines.iter().all(|line| line.trim().is_empty()) || !read.own.is_empty());
    }

    #[test]
    fn any_page_is_read_without_a_panic(
        parts in prop::collection::vec(prop::sample::select(TAGS), 0..60), text in "\\PC{0,40}"
    ) {
        let page = parts.join(&text);
        let read = visible(Some(""), Some(&page));
        prop_assert!(is_clean(&read.own) && is_clean(&read.whole));
    }
}

const LINES: &[&str] = &[
    "",
    " ",
    "We agree.",
    "> Excellency,",
    ">",
    "On Mon, 2 Mar 2026 at 10:15, A <a@b.example> wrote:",
    "On Mon, 2 Mar 2026",
    "at 10:15, A <a@b.example>",
    "wrote:",
    "From: A <a@b.example>",
    "Sent: 2 March 2026",
    "To: b@c.example",
    "Subject: x",
    "-- ",
    "--",
    "________",
    "-----Original Message-----",
    "Sent from my iPhone",
    "Am 2.3.2026 um 10:15 schrieb A:",
    "| a | b |",
    "| a",
    "发件人: A",
    "写道：",
    "PS: é",
    ">From here",
    "Begin forwarded message:",
    "Disclaimer",
];

const TAGS: &[&str] = &[
    "<div>",
    "</div>",
    "<p>",
    "</p>",
    "<blockquote>",
    "</blockquote>",
    "<div class=gmail_quote>",
    "<br>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</tr>",
    "</table>",
    "<ul>",
    "<ol>",
    "<li>",
    "</ul>",
    "<span style='display:none'>",
    "</span>",
    "<pre>",
    "</pre>",
    "<style>",
    "</style>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "&amp;",
    "&#x202e;",
    "&#0;",
    "<",
    "'",
    "<a b='",
    "<div id=appendonsend>",
    "<font style='font-size:0'>",
    "</font>",
    "<div class=gmail_signature>",
    "---",
    "<textarea>",
    "\u{0}",
];
