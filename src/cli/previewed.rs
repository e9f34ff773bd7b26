//! What `preview` shows: the letters as the files make them now, and what the database knows of them.

use std::collections::{BTreeMap, HashMap};

use crate::adapters::store::{DispatchFilter, Store, StoreError};
use crate::campaign::Doubts;
use crate::cli::answer::CliError;
use crate::cli::args::{Format, PreviewArgs};
use crate::cli::context::{Context, state};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::outbox::approval::Given;
use crate::outbox::{Dispatch, Draft};
use crate::responses::Meeting;
use crate::steps::doubtful::{Doubtful, set_aside};
use crate::steps::draft::{Drafted, Drafting, Letter, Pdf, Wanted, draft_only, known_step};
use crate::steps::meetings::agreed_meetings;
use crate::steps::plan::overrides;
use crate::steps::since_approval::{Changed, since_approval};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Digest, DispatchId};

/// What was asked for, drafted from the files as they are now.
pub struct Preview {
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

/// Drafts what was asked for.
///
/// # Errors
/// What is wrong with the request or with the files; when no letter is left.
pub fn select(
    args: &PreviewArgs,
    workspace: &Workspace,
    file: &CampaignFile,
    known: &Known<'_>,
) -> Result<Preview, CliError> {
    let step = args.step.as_deref().map(|step| known_step(&file.campaign, step)).transpose();
    let step = step.map_err(|why| CliError::request(why, "`demarche plan` lists the steps"))?;
    let delegation = args.delegation.as_deref().map(state).transpose()?;
    let chosen = |id: &DispatchId| {
        step.as_ref().is_none_or(|step| file.campaign.means(step, &id.step))
            && delegation.is_none_or(|code| code == id.delegation)
    };
    let drafting = Drafting {
        workspace,
        file,
        secret: &known.secret,
        fixed: &known.fixed,
        meetings: &known.meetings,
        overrides: &overrides(&known.stored),
    };
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
pub struct Known<'a> {
    pub store: Option<&'a Store>,
    pub secret: String,
    pub fixed: BTreeMap<String, String>,
    pub meetings: Vec<Meeting>,
    pub stored: Vec<Dispatch>,
    pub digests: HashMap<String, String>,
    pub given: HashMap<i64, Vec<Given>>,
}

impl<'a> Known<'a> {
    /// # Errors
    /// When the database refuses.
    pub async fn read(store: Option<&'a Store>, campaign: &CampaignId, context: &Context) -> Result<Self, CliError> {
        let Some(store) = store else {
            return Ok(Self {
                store,
                secret: String::new(),
                fixed: BTreeMap::new(),
                meetings: Vec::new(),
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
            meetings: agreed_meetings(store, campaign).await?,
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
