//! What every command knows: where, who, when, and for whom it prints.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::adapters::clock::SystemClock;
use crate::adapters::store::{DispatchFilter, PlanRecord, Store};
use crate::adapters::workspace as files;
use crate::campaign::Campaign;
use crate::cli::answer::CliError;
use crate::cli::args::Selection;
use crate::config::sections::campaign::CampaignFile;
use crate::config::un;
use crate::config::workspace::Workspace;
use crate::outbox::Status;
use crate::ports::Clock as _;
use crate::steps::draft::known_step;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Day, DispatchId, Instant, StateCode, StepId, TimeOfDay, Zone, hint};

/// Made once by `wiring`.
#[derive(Debug)]
pub struct Context {
    pub folder: PathBuf,
    pub json: bool,
    pub by: String,
    pub clock: SystemClock,
    /// Which database this command opened, for messages; holds no password.
    pub database: OnceLock<String>,
    /// Whether standard input and output are a person's.
    pub interactive: bool,
    /// Whether standard output is a screen: bytes of a file do not belong there.
    pub screen: bool,
}

impl Context {
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        // An absolute path takes the place of the folder.
        self.folder.join(relative)
    }

    /// Reads all files. Problems are inside.
    pub fn workspace(&self) -> Workspace {
        Workspace::read(files::read(&self.folder), Zone::GENEVA.day_of(self.now()))
    }

    /// Reads all files, and ends here when any is at fault.
    ///
    /// # Errors
    /// All problems of all files at once.
    pub fn sound_workspace(&self) -> Result<Workspace, CliError> {
        let workspace = self.workspace();
        if workspace.has_errors() { Err(CliError::Files(workspace.problems)) } else { Ok(workspace) }
    }
}

/// The campaign of that name in the files.
///
/// # Errors
/// With the nearest name, or its file's problems.
pub fn campaign<'a>(workspace: &'a Workspace, name: &str) -> Result<&'a CampaignFile, CliError> {
    if let Some(found) = workspace.campaigns.iter().find(|file| file.campaign.id.as_str() == name) {
        return Ok(found);
    }
    let own_file = format!("config/campaigns/{name}.toml");
    let own: Vec<Problem> = workspace
        .problems
        .iter()
        .filter(|p| p.is_error() && p.place.as_ref().is_some_and(|at| at.file == own_file))
        .cloned()
        .collect();
    if !own.is_empty() {
        return Err(CliError::Files(own));
    }
    let names = workspace.campaigns.iter().map(|file| file.campaign.id.as_str());
    let help = match hint::nearest(name, names.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None if workspace.campaigns.is_empty() => "write config/campaigns/NAME.toml, or go into a workspace".to_owned(),
        None => format!("the campaigns here are {}", names.collect::<Vec<_>>().join(", ")),
    };
    Err(CliError::request(format!("there is no campaign `{name}`"), help))
}

/// The State of those letters.
///
/// # Errors
/// With the nearest code.
pub fn state(text: &str) -> Result<StateCode, CliError> {
    un::states()
        .known(text)
        .map_err(|why| CliError::request(why, "a delegation is named by its State's code, as in FRA"))
}

/// # Errors
/// With the form that a dispatch is written in.
pub fn dispatch_id(text: &str) -> Result<DispatchId, CliError> {
    text.parse().map_err(|why: String| {
        CliError::request(
            format!("`{}`: {why}", crate::vocabulary::safe_text::line(text)),
            "`demarche dispatches` lists them",
        )
    })
}

/// # Errors
/// With the nearest word.
pub fn status(text: &str) -> Result<Status, CliError> {
    text.parse().map_err(|why: String| CliError::request(why, "see `demarche dispatches --help`"))
}

/// # Errors
/// With the form that a day is written in.
pub fn day(text: &str) -> Result<Day, CliError> {
    let wrong = || {
        CliError::request(
            format!("`{}` is no day", crate::vocabulary::safe_text::line(text)),
            "write it as year-month-day, as in 2026-11-23",
        )
    };
    text.parse().map_err(|_| wrong())
}

/// A campaign's name that need not be in the files any more.
///
/// # Errors
/// With the form of a name.
pub fn campaign_id(text: &str) -> Result<CampaignId, CliError> {
    text.parse().map_err(|e| {
        CliError::request(
            format!("`{}`: {e}", crate::vocabulary::safe_text::line(text)),
            "`demarche status` lists the campaigns",
        )
    })
}

/// `2018-02-06 09:30`, or a day alone (its beginning), in `zone`.
///
/// # Errors
/// With the form, or with both readings of a time that a clock change makes doubtful.
pub fn moment(text: &str, zone: Zone) -> Result<Instant, CliError> {
    let wrong = || {
        CliError::request(
            format!("`{}` is no time", crate::vocabulary::safe_text::line(text)),
            "write it as in \"2018-02-06 09:30\", or a day alone",
        )
    };
    let (day, at) = match text.trim().split_once([' ', 'T']) {
        Some((day, at)) => (day, at.parse::<TimeOfDay>().map_err(|_| wrong())?),
        None => (text.trim(), TimeOfDay::new(0, 0).ok_or_else(wrong)?),
    };
    let day: Day = day.parse().map_err(|_| wrong())?;
    zone.instant(day, at).map_err(|error| {
        use crate::vocabulary::time::LocalTimeError as L;
        let readings = match &error {
            L::Gap { with_offset_before, with_offset_after, .. } => {
                format!("it could be read as {with_offset_before} or {with_offset_after}")
            }
            L::Overlap { first, second, .. } => format!("it could be {first} or {second}"),
            L::OutOfRange { .. } => "choose a nearer day".to_owned(),
        };
        CliError::request(error.to_string(), format!("{readings}; choose a time outside of the clock change"))
    })
}

/// The part of a campaign that a command names, checked against the files.
///
/// # Errors
/// With the nearest step or State.
pub fn filter(campaign: &Campaign, selection: &Selection) -> Result<DispatchFilter, CliError> {
    let step = selection.step.as_deref().map(|step| known_step(campaign, step)).transpose();
    Ok(DispatchFilter {
        campaign: Some(campaign.id.clone()),
        step: step.map_err(|why| CliError::request(why, "`demarche plan` lists the steps"))?,
        delegations: selection.delegations.iter().map(|text| state(text)).collect::<Result<_, _>>()?,
        status: None,
        keys: None,
    })
}

/// The part of a planned campaign that a command names, checked against the database: stopping a letter must not depend on
/// whether the files are sound.
///
/// # Errors
/// With the nearest campaign or step.
pub async fn planned(store: &Store, selection: &Selection) -> Result<(PlanRecord, DispatchFilter), CliError> {
    let id = campaign_id(&selection.campaign)?;
    let plans = store.plans().await?;
    let Some(plan) = plans.iter().find(|plan| plan.campaign == id) else {
        let help = match hint::nearest(id.as_str(), plans.iter().map(|plan| plan.campaign.as_str())) {
            Some(near) => format!("did you mean {near}?"),
            None => "`demarche status` lists the campaigns".to_owned(),
        };
        return Err(CliError::request(format!("campaign {id} has not been planned"), help));
    };
    let mut filter = DispatchFilter { campaign: Some(id.clone()), ..DispatchFilter::default() };
    if let Some(step) = &selection.step {
        let steps = store.steps(&id).await?;
        let about_meetings = |known: &&StepId| known.as_str().strip_prefix(step.as_str()).is_some_and(of_a_meeting);
        let named = || step.parse().ok().filter(|_: &StepId| steps.iter().any(|known| about_meetings(&known)));
        let known = steps.iter().find(|known| known.as_str() == step).cloned().or_else(named);
        filter.step = Some(known.ok_or_else(|| {
            let help = match hint::nearest(step, steps.iter().map(StepId::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its steps are {}", steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", ")),
            };
            CliError::request(
                format!("campaign {id} has no planned step `{}`", crate::vocabulary::safe_text::line(step)),
                help,
            )
        })?);
    }
    filter.delegations = selection.delegations.iter().map(|text| state(text)).collect::<Result<_, _>>()?;
    Ok((plan.clone(), filter))
}

/// `-2-1` or `-1`: what stands behind the name of the step that confirms meetings, or of one meeting's letters.
fn of_a_meeting(rest: &str) -> bool {
    rest.strip_prefix('-')
        .is_some_and(|rest| rest.split('-').count() <= 2 && rest.split('-').all(|n| n.parse::<u64>().is_ok()))
}

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    crate::vocabulary::safe_text::line(&path.display().to_string()).into_owned()
}
