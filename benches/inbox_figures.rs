//! How well incoming mail is understood, measured on a labelled folder.
//!
//! `cargo bench --bench inbox_figures -- FOLDER [--wrong] [--only even|odd] [--find PART-OF-A-PATH]`
//!
//! FOLDER has `labels.jsonl`, an object a line, and the messages below `mail/`. Of an object these keys are read: `file`; `format`
//! (`eml`, or `body` and `html` for bare bodies); `kind` (`bounce`, `auto-reply`, `human-reply`, `other`, or absent); `sub`;
//! `recipients`, each with the accepted spellings in `any`; `permanent`; `orig_message_id`; `visible_text`, `contains`, `excludes`.
//! `--wrong` lists what is taken wrongly; `--only` measures half of the files, so that rules can be written with one half and tried on
//! the other; `--find` shows how the files of that path are understood.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]

use std::path::Path;
use std::time::{Duration, Instant};

use demarche::adapters::mail;
use demarche::inbox::{Content, Incoming, MailKind, Reading, understand};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    #[serde(default)]
    format: String,
    kind: Option<String>,
    sub: Option<String>,
    #[serde(default)]
    recipients: Vec<Accepted>,
    permanent: Option<bool>,
    hard: Option<bool>,
    orig_message_id: Option<String>,
    visible_text: Option<String>,
    contains: Option<Several>,
    excludes: Option<Several>,
}

#[derive(Debug, Deserialize)]
struct Accepted {
    any: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

impl Several {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// So many of so many.
#[derive(Debug, Default)]
struct Share {
    good: usize,
    all: usize,
    wrong: Vec<String>,
}

impl Share {
    fn note(&mut self, good: bool, wrong: impl FnOnce() -> String) {
        self.all += 1;
        if good {
            self.good += 1;
        } else {
            self.wrong.push(wrong());
        }
    }

    fn print(&self, name: &str, list: bool) {
        let percent =
            if self.all == 0 { 100.0 } else { 100.0 * f64::from(count(self.good)) / f64::from(count(self.all)) };
        println!("{name:<44} {percent:6.2} %  {:4} of {}", self.good, self.all);
        if list {
            self.wrong.iter().for_each(|wrong| println!("    {wrong}"));
        }
    }
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[derive(Debug, Default)]
struct Figures {
    bounce_recall: Share,
    bounce_precision: Share,
    recipient: Share,
    recipient_without_report: Share,
    soft_kept_soft: Share,
    hard_kept_hard: Share,
    original: Share,
    original_first: Share,
    auto_reply: Share,
    human_kept_human: Share,
    complaints_and_receipts: Share,
    visible_exact: Share,
    words_kept: Share,
    contains: Share,
    excludes: Share,
    no_crash: Share,
    slowest: (Duration, String),
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = words.iter().find(|word| !word.starts_with("--")) else {
        eprintln!(
            "usage: cargo bench --bench inbox_figures -- FOLDER [--wrong] [--only even|odd] [--find PART-OF-A-PATH]"
        );
        return;
    };
    let option = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let list = words.iter().any(|word| word == "--wrong");
    let labels = match std::fs::read_to_string(Path::new(folder).join("labels.jsonl")) {
        Ok(text) => text,
        Err(error) => return eprintln!("{folder}/labels.jsonl: {error}"),
    };
    let mut figures = Figures::default();
    for line in labels.lines() {
        let label: Label = match serde_json::from_str(line) {
            Ok(label) => label,
            Err(error) => {
                eprintln!("a label cannot be read: {error}");
                continue;
            }
        };
        let half = if label.file.bytes().map(u32::from).sum::<u32>() % 2 == 0 { "even" } else { "odd" };
        if option("--only").is_some_and(|only| only != half)
            || option("--find").is_some_and(|part| !label.file.contains(part))
        {
            continue;
        }
        match std::fs::read(Path::new(folder).join("mail").join(&label.file)) {
            Ok(raw) => {
                let reading = figures.measure(&label, &wrapped(raw, &label.format));
                if let (Some(_), Some(reading)) = (option("--find"), reading) {
                    println!("{}: {reading:#?}", label.file);
                }
            }
            Err(error) => eprintln!("{}: {error}", label.file),
        }
    }
    figures.print(list);
}

/// A bare body as a reply would bring it.
fn wrapped(body: Vec<u8>, format: &str) -> Vec<u8> {
    let subtype = match format {
        "body" => "plain",
        "html" => "html",
        _ => return body,
    };
    let mut raw = format!(
        "From: A Person <person@mission.example>\nTo: outreach@coalition.example\nSubject: Re: Joint letter\n\
         Message-ID: <reply@mission.example>\nIn-Reply-To: <letter@coalition.example>\nMIME-Version: 1.0\n\
         Content-Type: text/{subtype}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    .into_bytes();
    raw.extend(body);
    raw
}

impl Figures {
    fn measure(&mut self, label: &Label, raw: &[u8]) -> Option<Reading> {
        let begin = Instant::now();
        let read = std::panic::catch_unwind(|| {
            let message = mail::parse(raw);
            let reading = understand(&message);
            (message, reading)
        });
        let took = begin.elapsed();
        self.no_crash.note(read.is_ok(), || label.file.clone());
        if took > self.slowest.0 {
            self.slowest = (took, label.file.clone());
        }
        let (message, reading) = read.ok()?;
        self.kind(label, &reading);
        if label.kind.as_deref() == Some("bounce") {
            self.bounce(label, &reading, has_report(&message));
        }
        self.text(label, &reading);
        Some(reading)
    }

    fn kind(&mut self, label: &Label, reading: &Reading) {
        let wrong = || format!("{}: {} ({})", label.file, reading.kind, reading.reasons.join("; "));
        let bounce = reading.kind == MailKind::Bounce;
        match label.kind.as_deref() {
            Some("bounce") => self.bounce_recall.note(bounce, wrong),
            Some("auto-reply") => self.auto_reply.note(reading.kind == MailKind::AutoReply, wrong),
            Some("human-reply") => {
                let human = matches!(reading.kind, MailKind::Reply | MailKind::Other);
                self.human_kept_human.note(human, wrong);
            }
            Some("other") => {
                if let Some(sub) = &label.sub {
                    let expected = if sub == "complaint" { MailKind::Other } else { MailKind::Receipt };
                    self.complaints_and_receipts.note(reading.kind == expected, wrong);
                }
            }
            _ => return,
        }
        if bounce {
            self.bounce_precision.note(label.kind.as_deref() == Some("bounce"), wrong);
        }
    }

    fn bounce(&mut self, label: &Label, reading: &Reading, report: bool) {
        if !label.recipients.is_empty() {
            let named = |accepted: &Accepted| {
                reading.returned.iter().any(|one| {
                    let also = one.passed_on_to.as_deref().unwrap_or_default();
                    accepted.any.iter().any(|any| plain(any) == plain(&one.address) || plain(any) == plain(also))
                })
            };
            let right = label.recipients.iter().any(named);
            let wrong = || {
                let found: Vec<&str> = reading.returned.iter().map(|one| one.address.as_str()).collect();
                format!("{}: {found:?}, wanted {:?}", label.file, label.recipients)
            };
            self.recipient.note(right, wrong);
            if !report {
                self.recipient_without_report.note(right, wrong);
            }
        }
        let told = || {
            let said: Vec<_> =
                reading.returned.iter().map(|one| (one.status.clone(), one.permanent, one.words.clone())).collect();
            format!("{}: {} {said:?}", label.file, reading.kind)
        };
        match label.permanent {
            Some(false) => self.soft_kept_soft.note(reading.permanent() != Some(true), told),
            Some(true) if label.hard == Some(true) => {
                self.hard_kept_hard.note(reading.returned.iter().any(|one| one.wrong_address), told)
            }
            _ => {}
        }
        if let Some(id) = &label.orig_message_id {
            let id = id.trim().trim_start_matches('<').trim_end_matches('>');
            let wrong = || format!("{}: {:?}, wanted {id}", label.file, reading.originals);
            self.original.note(reading.originals.iter().any(|one| one == id), wrong);
            self.original_first.note(reading.originals.first().is_some_and(|one| one == id), wrong);
        }
    }

    fn text(&mut self, label: &Label, reading: &Reading) {
        let text = even(&reading.text);
        if let Some(expected) = &label.visible_text {
            let expected = even(expected);
            self.visible_exact.note(text == expected, || format!("{}: {:?}", label.file, reading.text));
            let lost = expected.split(' ').find(|word| !text.contains(word));
            self.words_kept.note(lost.is_none(), || format!("{}: {lost:?}", label.file));
        }
        for wanted in label.contains.iter().flat_map(Several::all) {
            self.contains.note(text.contains(&even(wanted)), || format!("{}: without {wanted:?}", label.file));
        }
        for unwanted in label.excludes.iter().flat_map(Several::all) {
            self.excludes.note(!text.contains(&even(unwanted)), || format!("{}: with {unwanted:?}", label.file));
        }
    }

    fn print(&self, list: bool) {
        let shares = [
            ("bounces found", &self.bounce_recall),
            ("bounces that are ones", &self.bounce_precision),
            ("right recipient", &self.recipient),
            ("  where there is no delivery report", &self.recipient_without_report),
            ("soft kept soft", &self.soft_kept_soft),
            ("wrong addresses known as such", &self.hard_kept_hard),
            ("id of the returned letter found", &self.original),
            ("  and named first", &self.original_first),
            ("automatic replies found", &self.auto_reply),
            ("human replies taken for no machine", &self.human_kept_human),
            ("complaints and delivery receipts", &self.complaints_and_receipts),
            ("visible text exact", &self.visible_exact),
            ("  no own word lost", &self.words_kept),
            ("visible text contains", &self.contains),
            ("visible text excludes", &self.excludes),
            ("read without a crash", &self.no_crash),
        ];
        shares.iter().for_each(|(name, share)| share.print(name, list));
        println!("slowest message: {:?}, {}", self.slowest.0, self.slowest.1);
    }
}

fn has_report(message: &Incoming) -> bool {
    let types = ["message/delivery-status", "message/global-delivery-status"];
    let part = message.part_of_type(&types);
    part.is_some_and(
        |part| matches!(&part.content, Content::Text(text) if text.to_lowercase().contains("final-recipient")),
    )
}

fn plain(address: &str) -> String {
    address.trim_matches(['<', '>', ' ']).replace('"', "").to_lowercase()
}

/// Blanks make no difference.
fn even(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
