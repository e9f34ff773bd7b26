//! What one letter costs on one core, stage by stage: `cargo bench --bench composing --no-default-features`.
//!
//! The example's first letter to every member State but one, as text and HTML; through the functions that `plan` calls. The bar: render
//! and MIME together at twenty times nodemailer's composer, which is timed in the same run where `DEMARCHE_BENCH_NODE_MODULES`
//! names a folder with `nodemailer` in it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures, takes its settings from the environment, and ends where it cannot go on"
)]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use demarche::adapters::render::Press;
use demarche::adapters::{mime, workspace};
use demarche::campaign::{Mission, State};
use demarche::config::forms::FORMS_OF_ADDRESS;
use demarche::config::sections::campaign::CampaignFile;
use demarche::config::workspace::Workspace;
use demarche::letters::facts::{Facts, FactsInput, MilestoneFact, SessionFact};
use demarche::letters::guards::{Guarded, Guards};
use demarche::letters::{Message, fallback};
use demarche::steps::draft::{Drafting, Letter, Pdf, Wanted, draft_only};
use demarche::steps::presses::{self, Presses};
use demarche::vocabulary::{Day, Digest, DispatchId, Language};

/// Composes the messages of a folder as its own fastest way: to a buffer, nothing sent.
const NODEMAILER: &str = "
const fs = require('fs'), path = require('path');
const { createTransport } = require(path.join(process.argv[1], 'nodemailer'));
const letters = JSON.parse(fs.readFileSync(process.argv[2]));
const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
(async () => {
  for (const letter of letters) await transport.sendMail(letter);
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    for (const letter of letters) await transport.sendMail(letter);
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  console.log(best / letters.length);
})();
";

/// The best of so many rounds counts: others share the machine.
const ROUNDS: usize = 30;

fn main() {
    let workspace = to_everybody();
    let file = &workspace.campaigns[0];
    let step = &file.campaign.steps[0];
    let letters = drafted(&workspace, file);
    let number = letters.len();
    let bytes: usize = letters.iter().map(|letter| letter.draft.message.len()).sum();
    println!("{number} letters, {} bytes each as they leave", bytes / number);

    let frames = presses::frames(&workspace).unwrap();
    let (presses, problems) = presses::compile(&workspace, file, step, &frames);
    assert!(problems.is_empty(), "{problems:#?}");
    let wanted = wanted(&workspace, file, &presses);
    let facts: Vec<(&Press, Facts)> = wanted.iter().map(|one| (one.press, one.facts(&workspace, file))).collect();
    let messages: Vec<&Message> = letters.iter().map(|letter| &letter.message).collect();
    let guards = Guards::new(&file.campaign, workspace.states(), &workspace.missions).unwrap();

    let of_facts = timed(|| wanted.iter().for_each(|one| drop(black_box(one.facts(&workspace, file)))));
    let rendering = timed(|| facts.iter().for_each(|(press, facts)| drop(black_box(press.render(facts).unwrap()))));
    let composing = timed(|| messages.iter().for_each(|message| drop(black_box(mime::compose(message).unwrap()))));
    let both = timed(|| {
        for ((press, facts), message) in facts.iter().zip(&messages) {
            let rendered = press.render(facts).unwrap();
            let message = Message { text: rendered.text, html: rendered.html, ..(*message).clone() };
            drop(black_box(mime::compose(&message).unwrap()));
        }
    });
    let guarding = timed(|| {
        for (letter, one) in letters.iter().zip(&wanted) {
            let guarded = Guarded { to: one.mission, about: None, rendered: &letter.rendered, lines: &[] };
            drop(black_box(guards.findings(&guarded)));
        }
    });
    let sealing = timed(|| {
        for letter in &letters {
            black_box((Digest::of(&letter.draft.message), letter.draft.seal()));
        }
    });
    let compiling = timed(|| drop(black_box(presses::compile(&workspace, file, step, &frames))));
    let all = timed(|| drop(black_box(drafted(&workspace, file))));

    tell("facts", of_facts, number);
    tell("render", rendering, number);
    tell("MIME", composing, number);
    tell("render + MIME", both, number);
    tell("guards", guarding, number);
    tell("digest and seal", sealing, number);
    tell("all of a draft", all, number);
    tell("(of which compiled once a step)", compiling, number);
    match nodemailer(&letters) {
        Some(theirs) => {
            println!("{:>32} {:>9.1} µs a letter", "nodemailer's composer", theirs / 1e3);
            let ours = both.as_secs_f64() * 1e9 / f64::from(u32::try_from(number).unwrap());
            println!("render + MIME is {:.1} times nodemailer's composer (the bar: 20)", theirs / ours);
        }
        None => println!("DEMARCHE_BENCH_NODE_MODULES names no folder with nodemailer: not compared"),
    }
}

/// The example's campaign with its first step alone, without the PDF.
fn to_everybody() -> Workspace {
    let mut snapshot = workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let file = "config/campaigns/hrc37-china.toml";
    let text = String::from_utf8(snapshot.files[file].clone()).unwrap();
    let text: String =
        text.lines().filter(|line| !line.starts_with("attach ")).map(|line| format!("{line}\n")).collect();
    snapshot.files.insert(file.to_owned(), text.into_bytes());
    Workspace::read(snapshot, "2026-11-23".parse().unwrap())
}

fn drafted(workspace: &Workspace, file: &CampaignFile) -> Vec<Letter> {
    let first = |id: &DispatchId| id.step.as_str() == "letter";
    let (fixed, overrides) = (BTreeMap::new(), HashMap::new());
    let drafting =
        Drafting { workspace, file, secret: "a secret", fixed: &fixed, meetings: &[], overrides: &overrides };
    let mut letters = Vec::new();
    let drafted = draft_only(&drafting, &Wanted { only: Some(&first), pdf: Pdf::None }, |letter| letters.push(letter));
    assert!(letters.len() > 190, "{:#?}", drafted.problems);
    letters
}

/// One letter before it is written.
struct One<'a> {
    state: &'a State,
    mission: &'a Mission,
    press: &'a Press,
    language: Language,
}

fn wanted<'a>(workspace: &'a Workspace, file: &CampaignFile, presses: &'a Presses) -> Vec<One<'a>> {
    let one = |state: &'a State| {
        let mission = workspace.mission(state.code)?;
        let language = fallback::choose(Some(mission), state, |language| presses.has(language))?.language;
        let press = presses.get(language)?;
        (state.is_member() && file.campaign.target != Some(state.code)).then_some(One {
            state,
            mission,
            press,
            language,
        })
    };
    workspace.states().iter().filter_map(one).collect()
}

impl One<'_> {
    fn facts(&self, workspace: &Workspace, file: &CampaignFile) -> Facts {
        let day = |text: &str| text.parse::<Day>().unwrap();
        Facts::gather(FactsInput {
            campaign: &file.campaign,
            states: workspace.states(),
            state: self.state,
            mission: self.mission,
            forms: &FORMS_OF_ADDRESS,
            language: self.language,
            hrc_member: false,
            milestone: MilestoneFact { title: "the 37th session opens".to_owned(), date: day("2018-02-26") },
            session: Some(SessionFact { number: 37, opens: day("2018-02-26"), closes: day("2018-03-23") }),
            review: None,
            previous: None,
            meeting: None,
            send_date: day("2018-02-05"),
            joined: Vec::new(),
        })
        .unwrap()
    }
}

fn timed(mut work: impl FnMut()) -> Duration {
    let one = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| one(&mut work)).min().unwrap()
}

fn tell(what: &str, took: Duration, letters: usize) {
    let each = took / u32::try_from(letters).unwrap();
    println!("{what:>32} {:>9.1} µs a letter, {:>9.0} a second", each.as_secs_f64() * 1e6, 1.0 / each.as_secs_f64());
}

/// Unit: nanoseconds a letter. The same addresses, subject, text and HTML.
fn nodemailer(letters: &[Letter]) -> Option<f64> {
    let modules = std::env::var("DEMARCHE_BENCH_NODE_MODULES").ok()?;
    let of = |letter: &Letter| {
        let message = &letter.message;
        let all = |list: &[demarche::vocabulary::Mailbox]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        serde_json::json!({
            "from": message.from.to_string(), "to": all(&message.to), "cc": all(&message.cc),
            "replyTo": message.reply_to.as_ref().map(ToString::to_string), "subject": message.subject,
            "messageId": message.message_id.to_string(), "text": message.text, "html": message.html,
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters.json");
    std::fs::write(&path, serde_json::to_vec(&letters.iter().map(of).collect::<Vec<_>>()).unwrap()).unwrap();
    let answer = Command::new("node").args(["-e", NODEMAILER]).arg(&modules).arg(&path).output().ok()?;
    String::from_utf8_lossy(&answer.stdout).trim().parse().ok()
}
