//! `demarche preview`

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::json;

use crate::adapters::files::file_name;
use crate::adapters::store::{DispatchFilter, Store, StoreError};
use crate::campaign::Doubts;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{Format, PreviewArgs};
use crate::cli::commands::preview_page;
use crate::cli::context::{Context, campaign, shown, state};
use crate::cli::output::count;
use crate::cli::{differences, index_page, preview_folder};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::approval::Given;
use crate::outbox::{Dispatch, Draft};
use crate::steps::approve::manifest_of;
use crate::steps::doubtful::{Doubtful, set_aside};
use crate::steps::draft::{Drafted, Drafting, Letter, Pdf, Wanted, draft_only, known_step};
use crate::steps::plan::overrides;
use crate::steps::since_approval::{Changed, since_approval};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Digest, DispatchId, Zone, safe_text};

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

/// What was asked for, drafted from the files as they are now.
pub(super) struct Preview {
    pub letters: Vec<Letter>,
    pub drafted: Drafted,
    /// The same letters as they are stored; none before the first plan.
    pub stored: Vec<Dispatch>,
    /// Those of them that an approval of them all covers, as `approve` would take them: the manifest is made of these.
    pub covered: Vec<Dispatch>,
    /// Those that are approved one delegation at a time.
    pub doubtful: Vec<Doubtful>,
}

impl Preview {
    /// Letters that a plan would change now, or that it has not seen.
    pub fn unplanned(&self) -> usize {
        let planned: HashMap<&DispatchId, Digest> = self.stored.iter().map(|d| (&d.id, d.seal)).collect();
        let open = |letter: &&Letter| {
            let stored = self.stored.iter().find(|d| d.id == letter.draft.id);
            stored.is_none_or(|d| d.status.is_open()) && planned.get(&letter.draft.id) != Some(&letter.draft.seal())
        };
        self.letters.iter().filter(open).count()
    }
}

fn select(
    args: &PreviewArgs,
    workspace: &Workspace,
    file: &CampaignFile,
    known: &Known<'_>,
) -> Result<Preview, CliError> {
    let step = args.step.as_deref().map(|step| known_step(&file.campaign, step)).transpose();
    let step = step.map_err(|why| CliError::request(why, "`demarche plan` lists the steps"))?;
    let delegation = args.delegation.as_deref().map(state).transpose()?;
    let chosen = |id: &DispatchId| {
        step.as_ref().is_none_or(|step| *step == id.step) && delegation.is_none_or(|code| code == id.delegation)
    };
    let drafting =
        Drafting { workspace, file, secret: &known.secret, fixed: &known.fixed, overrides: &overrides(&known.stored) };
    let mut letters: Vec<Letter> = Vec::new();
    let pdf = if args.format.contains(&Format::Pdf) { Pdf::All } else { Pdf::AsAttached };
    let wanted = Wanted { only: Some(&chosen), pdf };
    let mut drafted = draft_only(&drafting, &wanted, |letter| letters.push(letter));
    if drafted.problems.iter().any(Problem::is_error) {
        return Err(CliError::Files(drafted.problems));
    }
    if letters.is_empty() {
        let why = drafted.left_out.iter().find(|row| delegation == Some(row.delegation)).map(|row| row.reason.clone());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        return Err(CliError::request(
            format!("there is no such letter{why}"),
            "`demarche why` tells which rules decide",
        ));
    }
    drafted.left_out.retain(|row| {
        step.as_ref().is_none_or(|step| *step == row.step) && delegation.is_none_or(|code| code == row.delegation)
    });
    let stored: Vec<Dispatch> = known.stored.iter().filter(|d| chosen(&d.id)).cloned().collect();
    let selection = DispatchFilter { delegations: delegation.into_iter().collect(), ..DispatchFilter::default() };
    let (covered, doubtful) = set_aside(stored.clone(), &Doubts::of(&workspace.missions), &selection);
    Ok(Preview { letters, drafted, stored, covered, doubtful })
}

/// What the database knows of the campaign; nothing before the first plan.
pub(super) struct Known<'a> {
    store: Option<&'a Store>,
    secret: String,
    fixed: BTreeMap<String, String>,
    stored: Vec<Dispatch>,
    digests: HashMap<String, String>,
    pub given: HashMap<i64, Vec<Given>>,
}

impl<'a> Known<'a> {
    async fn read(store: Option<&'a Store>, campaign: &CampaignId, context: &Context) -> Result<Self, CliError> {
        let Some(store) = store else {
            return Ok(Self {
                store,
                secret: String::new(),
                fixed: BTreeMap::new(),
                stored: Vec::new(),
                digests: HashMap::new(),
                given: HashMap::new(),
            });
        };
        let filter = DispatchFilter { campaign: Some(campaign.clone()), ..DispatchFilter::default() };
        let stored = store.dispatches(&filter).await?;
        let keys: Vec<i64> = stored.iter().map(|d| d.key).collect();
        Ok(Self {
            store: Some(store),
            secret: store.secret(context.now()).await?,
            fixed: store.fixed_milestones(campaign).await?,
            digests: stored.iter().map(|d| (d.id.to_string(), d.digest.to_string())).collect(),
            given: store.approvals_given(&keys).await?,
            stored,
        })
    }

    /// Against the last approval of each letter.
    pub async fn changed(&self, preview: &Preview) -> Result<Changed, StoreError> {
        let Some(store) = self.store else {
            return Ok(Changed { never_approved: preview.letters.len(), ..Changed::default() });
        };
        // What is out or has ended is as it was approved, whatever the files say now.
        let open: Vec<Dispatch> = preview.stored.iter().filter(|d| d.status.is_open()).cloned().collect();
        let drafts: HashMap<&DispatchId, &Draft> =
            preview.letters.iter().map(|letter| (&letter.draft.id, &letter.draft)).collect();
        since_approval(store, &open, &self.given, None, &drafts).await
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
