//! What the letters of a whole campaign cost: `cargo bench --bench letters`.
//!
//! The bar: 193 letters as text, HTML and PDF, guarded and compared word by word, in under 2 s on two cores and under 200 MB.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures, and ends where it cannot go on"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use demarche::adapters::workspace;
use demarche::config::workspace::Workspace;
use demarche::steps::draft::{Drafting, Pdf, Wanted, draft_only};
use demarche::vocabulary::DispatchId;

fn main() {
    divan::main();
    if let Some(kilobytes) = peak_memory() {
        println!("peak memory of all of it: {} MB", kilobytes / 1000);
    }
}

/// The example's first letter, to every member State.
fn every_member_state() -> Workspace {
    let mut snapshot = workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let file = "config/campaigns/hrc37-china.toml";
    let text = String::from_utf8(snapshot.files[file].clone()).unwrap();
    // Without a target China, too, gets one.
    let text: String =
        text.lines().filter(|line| !line.starts_with("target ")).map(|line| format!("{line}\n")).collect();
    snapshot.files.insert(file.to_owned(), text.into_bytes());
    Workspace::read(snapshot, "2026-11-23".parse().unwrap())
}

fn letters(workspace: &Workspace, pdf: Pdf) -> usize {
    let first = |id: &DispatchId| id.step.as_str() == "letter";
    let file = &workspace.campaigns[0];
    let (fixed, overrides) = (BTreeMap::new(), HashMap::new());
    let drafting =
        Drafting { workspace, file, secret: "a secret", fixed: &fixed, meetings: &[], overrides: &overrides };
    let mut bytes = 0;
    let mut number = 0;
    let drafted = draft_only(&drafting, &Wanted { only: Some(&first), pdf }, |letter| {
        number += 1;
        bytes += letter.draft.message.len();
    });
    assert_eq!(number, 193, "{:#?}", drafted.problems);
    bytes
}

/// Read, set, printed, guarded, compared, and composed into the message that leaves.
#[divan::bench(sample_count = 7, sample_size = 1)]
fn text_html_and_pdf_of_193_letters(bencher: divan::Bencher<'_, '_>) {
    let workspace = every_member_state();
    bencher.counter(divan::counter::ItemsCount::new(193_usize)).bench(|| letters(&workspace, Pdf::All));
}

/// The same without the PDF.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn text_and_html_of_193_letters(bencher: divan::Bencher<'_, '_>) {
    let workspace = every_member_state();
    bencher.counter(divan::counter::ItemsCount::new(193_usize)).bench(|| letters(&workspace, Pdf::None));
}

/// All files of the workspace, from their bytes to checked values.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn the_workspace_read_and_checked(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(every_member_state);
}

/// Unit: kilobytes. Linux says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
