//! `demarche preview`

use std::collections::HashMap;
use std::path::Path;

use serde_json::json;

use crate::adapters::files::file_name;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{Format, PreviewArgs};
use crate::cli::commands::preview_page;
use crate::cli::context::{Context, campaign, shown};
use crate::cli::output::count;
use crate::cli::previewed::{Known, Preview, select};
use crate::cli::{differences, index_page, preview_folder};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::Dispatch;
use crate::steps::approve::manifest_of;
use crate::steps::draft::Letter;
use crate::vocabulary::{CampaignId, DispatchId, Zone, safe_text};

pub async fn run(context: &Context, args: &PreviewArgs) -> Result<Answer, CliError> {
    let format = formats(args)?;
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let store = context.existing_store(&workspace).await?;
    let known = Known::read(store.as_ref(), &file.campaign.id, context).await?;
    let preview = select(args, &workspace, file, &known)?;
    if args.diff {
        return diff(&preview, &known, file).await;
    }
    match &args.out {
        Some(folder) => write(folder, args, &preview, &known, &workspace, file).await,
        None => on_screen(context, args, format, preview, &known, file),
    }
}

/// The format for the screen.
///
/// # Errors
/// When several are named and no folder.
fn formats(args: &PreviewArgs) -> Result<Format, CliError> {
    match args.format.as_slice() {
        [only] => Ok(*only),
        _ if args.out.is_some() => Ok(Format::Text),
        _ => Err(CliError::request("a screen shows one format", "name one, or write them to files with --out DIR")),
    }
}

async fn diff(preview: &Preview, known: &Known<'_>, file: &CampaignFile) -> Result<Answer, CliError> {
    let changed = known.changed(preview).await?;
    let mut text = differences::text(&changed, file.campaign.zone);
    let n = changed.number();
    let differ = if n == 1 { "differs" } else { "differ" };
    text.push_str(&format!("{} {differ} from what was last approved", count(n, "letter")));
    for (n, words) in [(changed.same, "as approved"), (changed.never_approved, "never approved")] {
        if n > 0 {
            text.push_str(&format!(", {n} {words}"));
        }
    }
    text.push('\n');
    let unplanned = preview.unplanned();
    if unplanned > 0 {
        text.push_str(&not_as_planned(unplanned, &file.campaign.id));
    }
    let mut value = differences::value(&changed);
    value["campaign"] = json!(file.campaign.id);
    Ok(Answer::new(text, &value))
}

fn not_as_planned(letters: usize, campaign: &CampaignId) -> String {
    format!(
        "{} not as planned: this is what the files say now; run `demarche plan {campaign}` before anybody approves\n",
        match letters {
            1 => "1 letter is".to_owned(),
            n => format!("{n} letters are"),
        }
    )
}

fn on_screen(
    context: &Context,
    args: &PreviewArgs,
    format: Format,
    mut preview: Preview,
    known: &Known<'_>,
    file: &CampaignFile,
) -> Result<Answer, CliError> {
    // One letter is shown; of many, the first of each step, so that a screen is enough.
    let single = preview.letters.len() == 1;
    if format == Format::Eml && single {
        return Ok(Answer::raw(preview.letters.swap_remove(0).draft.message));
    }
    if format == Format::Pdf && !context.json {
        return match preview.letters.pop().and_then(|letter| letter.pdf) {
            Some(pdf) if single && !context.screen => Ok(Answer::raw(pdf)),
            _ => Err(CliError::request(
                "a PDF is not shown on a terminal",
                "write the letters to a folder with --out DIR, or one letter into a file: … --delegation FRA --step letter > letter.pdf",
            )),
        };
    }
    let Preview { letters, covered, .. } = &preview;
    let mut text = String::new();
    let mut shown_steps = Vec::new();
    for letter in letters {
        let id = &letter.draft.id;
        if !args.all && shown_steps.contains(&id.step) {
            continue;
        }
        shown_steps.push(id.step.clone());
        text.push_str(&one(letter, format, known, file.campaign.zone));
    }
    if !args.all && letters.len() > shown_steps.len() {
        text.push_str(&format!(
            "{} letters in all; here is one of each step. --delegation shows another, --all shows all, --out DIR writes them to files.\n",
            letters.len()
        ));
    }
    text.push_str(&manifest_line(covered, args.all));
    let rows: Vec<serde_json::Value> = letters
        .iter()
        .map(|l| json!({ "id": l.draft.id, "due": l.draft.due, "to": l.draft.recipients.to, "cc": l.draft.recipients.cc, "subject": l.draft.subject, "digest": l.draft.digest, "findings": l.draft.objections, "attachments": l.message.attachments.iter().map(|file| json!({ "name": file.name.as_str(), "type": file.name.media_type(), "bytes": file.bytes.len() })).collect::<Vec<_>>(), "text": l.rendered.text, "html": l.rendered.html }))
        .collect();
    Ok(Answer::new(text, &json!({ "campaign": file.campaign.id, "letters": rows, "manifest": manifest_of(covered) })))
}

fn manifest_line(selected: &[Dispatch], all: bool) -> String {
    if !all {
        return String::new();
    }
    if selected.is_empty() {
        return "not planned yet: there is no manifest to approve\n".to_owned();
    }
    format!("manifest of what waits for approval: {}\n", manifest_of(selected))
}

fn one(letter: &Letter, format: Format, known: &Known<'_>, zone: Zone) -> String {
    let draft = &letter.draft;
    let list = |addresses: &[crate::vocabulary::Address]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let body = match format {
        Format::Html => letter.rendered.html.clone(),
        Format::Eml => String::from_utf8_lossy(&draft.message).replace('\r', ""),
        Format::Text | Format::Pdf => letter.rendered.text.clone(),
    };
    let mut head = format!("── {} ──\n", draft.id);
    if format != Format::Eml {
        head.push_str(&format!("To: {}\n", list(&draft.recipients.to)));
        if !draft.recipients.cc.is_empty() {
            head.push_str(&format!("Cc: {}\n", list(&draft.recipients.cc)));
        }
        head.push_str(&format!(
            "Subject: {}\nDue: {}\nDigest: {}\n",
            safe_text::line(&draft.subject),
            zone.show(draft.due),
            draft.digest
        ));
        for file in &letter.message.attachments {
            head.push_str(&format!("Attached: {} ({} bytes)\n", file.name, file.bytes.len()));
        }
        for finding in &letter.findings {
            head.push_str(&format!("The guards object: it {}\n", safe_text::line(&finding.to_string())));
        }
        match known.digests.get(&draft.id.to_string()) {
            Some(planned) if *planned != draft.digest.to_string() => {
                head.push_str("This differs from what was planned: run `demarche plan` again.\n");
            }
            None => {
                head.push_str("Not planned yet: its Message-ID, and so its digest, are given by `demarche plan`.\n")
            }
            Some(_) => {}
        }
    }
    format!("{head}\n{}\n", safe_text::lines(&body))
}

/// The folder then holds exactly this preview; with `--all` also the page for approvers.
async fn write(
    folder: &Path,
    args: &PreviewArgs,
    preview: &Preview,
    known: &Known<'_>,
    workspace: &Workspace,
    file: &CampaignFile,
) -> Result<Answer, CliError> {
    let mut formats = args.format.clone();
    formats.dedup();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut links: HashMap<&DispatchId, Vec<(&'static str, String)>> = HashMap::new();
    for letter in &preview.letters {
        for format in &formats {
            let (label, name, bytes) = as_file(letter, *format);
            links.entry(&letter.draft.id).or_default().push((label, name.clone()));
            files.push((name, bytes));
        }
    }
    let number = preview.letters.len();
    let manifest = manifest_of(&preview.covered);
    let mut text = format!("{} written to {}\n", count(number, "letter"), shown(folder));
    if args.all {
        let changed = known.changed(preview).await?;
        let page = preview_page::page(args, preview, known, &changed, &mut links, workspace, file);
        files.push(("index.html".to_owned(), index_page::page(&page).into_bytes()));
        text.push_str(&format!("for approvers: {}\n", shown(&folder.join("index.html"))));
    }
    preview_folder::write(folder, &files)?;
    let unplanned = preview.unplanned();
    if unplanned > 0 && !preview.stored.is_empty() {
        text.push_str(&not_as_planned(unplanned, &file.campaign.id));
    }
    text.push_str(&manifest_line(&preview.covered, args.all));
    let index = args.all.then(|| folder.join("index.html"));
    Ok(Answer::new(text, &json!({ "letters": number, "folder": folder, "index": index, "manifest": manifest })))
}

/// What a link to it says, the file's name, and what it holds. One branch a format.
fn as_file(letter: &Letter, format: Format) -> (&'static str, String, Vec<u8>) {
    let eml = file_name(&letter.draft.id);
    let stem = eml.trim_end_matches(".eml");
    match format {
        Format::Html => ("HTML", format!("{stem}.html"), letter.rendered.html.clone().into_bytes()),
        Format::Eml => ("message", eml.clone(), letter.draft.message.clone()),
        Format::Pdf => ("PDF", format!("{stem}.pdf"), letter.pdf.clone().unwrap_or_default()),
        Format::Text => ("text", format!("{stem}.txt"), letter.rendered.text.clone().into_bytes()),
    }
}
