//! `demarche preview`

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::json;

use crate::adapters::files::file_name;
use crate::adapters::private;
use crate::adapters::store::{DispatchFilter, Store};
use crate::campaign::Doubts;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{Format, PreviewArgs};
use crate::cli::context::{Context, campaign, shown, state};
use crate::outbox::Dispatch;
use crate::steps::approve::manifest_of;
use crate::steps::doubtful::set_aside;
use crate::steps::draft::{Drafting, Letter, Pdf, Wanted, draft_only, known_step};
use crate::steps::plan::overrides;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{DispatchId, Zone, safe_text};

pub async fn run(context: &Context, args: &PreviewArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let step = args.step.as_deref().map(|step| known_step(&file.campaign, step)).transpose();
    let step = step.map_err(|why| CliError::request(why, "`demarche plan` lists the steps"))?;
    let delegation = args.delegation.as_deref().map(state).transpose()?;
    let store = context.existing_store(&workspace).await?;
    let known = Known::read(store.as_ref(), &file.campaign.id, context).await?;
    let drafting = Drafting {
        workspace: &workspace,
        file,
        secret: &known.secret,
        fixed: &known.fixed,
        overrides: &overrides(&known.stored),
    };
    let mut letters: Vec<Letter> = Vec::new();
    let chosen = |id: &DispatchId| {
        step.as_ref().is_none_or(|step| *step == id.step) && delegation.is_none_or(|code| code == id.delegation)
    };
    let wanted =
        Wanted { only: Some(&chosen), pdf: if args.format == Format::Pdf { Pdf::All } else { Pdf::AsAttached } };
    let drafted = draft_only(&drafting, &wanted, |letter| letters.push(letter));
    let selected = |d: &&Dispatch| {
        step.as_ref().is_none_or(|step| *step == d.id.step) && delegation.is_none_or(|code| code == d.id.delegation)
    };
    let selected: Vec<Dispatch> = known.stored.iter().filter(selected).cloned().collect();
    // As `approve` would take them: the manifest that a colleague approves by mail covers nothing doubtful.
    let selection = DispatchFilter { delegations: delegation.into_iter().collect(), ..DispatchFilter::default() };
    let (selected, _) = set_aside(selected, &Doubts::of(&workspace.missions), &selection);
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
    if let Some(folder) = &args.out {
        let number = letters.len();
        for letter in &letters {
            write(folder, letter, args.format)?;
        }
        let manifest = manifest_of(&selected);
        let mut text = format!("{number} letters written to {}\n", shown(folder));
        text.push_str(&manifest_line(&selected, args.all));
        return Ok(Answer::new(text, &json!({ "letters": number, "folder": folder, "manifest": manifest })));
    }
    // One letter is shown; of many, the first of each step, so that a screen is enough.
    let single = letters.len() == 1;
    if args.format == Format::Eml && single {
        return Ok(Answer::raw(letters.swap_remove(0).draft.message));
    }
    if args.format == Format::Pdf && !context.json {
        return match letters.pop().and_then(|letter| letter.pdf) {
            Some(pdf) if single && !context.screen => Ok(Answer::raw(pdf)),
            _ => Err(CliError::request(
                "a PDF is not shown on a terminal",
                "write the letters to a folder with --out DIR, or one letter into a file: … --delegation FRA --step letter > letter.pdf",
            )),
        };
    }
    let mut text = String::new();
    let mut shown_steps = Vec::new();
    for letter in &letters {
        let id = &letter.draft.id;
        if !args.all && shown_steps.contains(&id.step) {
            continue;
        }
        shown_steps.push(id.step.clone());
        text.push_str(&one(letter, args.format, &known, file.campaign.zone));
    }
    if !args.all && letters.len() > shown_steps.len() {
        text.push_str(&format!(
            "{} letters in all; here is one of each step. --delegation shows another, --all shows all, --out DIR writes them to files.\n",
            letters.len()
        ));
    }
    text.push_str(&manifest_line(&selected, args.all));
    let rows: Vec<serde_json::Value> = letters
        .iter()
        .map(|l| json!({ "id": l.draft.id, "due": l.draft.due, "to": l.draft.recipients.to, "cc": l.draft.recipients.cc, "subject": l.draft.subject, "digest": l.draft.digest, "findings": l.draft.objections, "text": l.rendered.text, "html": l.rendered.html }))
        .collect();
    Ok(Answer::new(text, &json!({ "campaign": file.campaign.id, "letters": rows, "manifest": manifest_of(&selected) })))
}

/// What the database knows of the campaign; nothing before the first plan.
struct Known {
    secret: String,
    fixed: BTreeMap<String, String>,
    stored: Vec<Dispatch>,
    digests: HashMap<String, String>,
}

impl Known {
    async fn read(
        store: Option<&Store>,
        campaign: &crate::vocabulary::CampaignId,
        context: &Context,
    ) -> Result<Self, CliError> {
        let Some(store) = store else {
            return Ok(Self {
                secret: String::new(),
                fixed: BTreeMap::new(),
                stored: Vec::new(),
                digests: HashMap::new(),
            });
        };
        let filter = DispatchFilter { campaign: Some(campaign.clone()), ..DispatchFilter::default() };
        let stored = store.dispatches(&filter).await?;
        Ok(Self {
            secret: store.secret(context.now()).await?,
            fixed: store.fixed_milestones(campaign).await?,
            digests: stored.iter().map(|d| (d.id.to_string(), d.digest.to_string())).collect(),
            stored,
        })
    }
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

fn one(letter: &Letter, format: Format, known: &Known, zone: Zone) -> String {
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

fn write(folder: &Path, letter: &Letter, format: Format) -> Result<(), CliError> {
    let failed = |path: &Path, e: std::io::Error| {
        CliError::world(
            format!("{} cannot be written: {e}", shown(path)),
            "look at the rights of the folder, and whether the disk is full",
        )
    };
    private::folder(folder).map_err(|e| failed(folder, e))?;
    let eml = file_name(&letter.draft.id);
    let stem = eml.trim_end_matches(".eml");
    let (name, bytes) = match format {
        Format::Html => (format!("{stem}.html"), letter.rendered.html.clone().into_bytes()),
        Format::Eml => (eml.clone(), letter.draft.message.clone()),
        Format::Pdf => (format!("{stem}.pdf"), letter.pdf.clone().unwrap_or_default()),
        Format::Text => (format!("{stem}.txt"), letter.rendered.text.clone().into_bytes()),
    };
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|e| failed(&path, e))
}
