//! A whole workspace: every file read, every problem found, all at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::contacts;
use super::sections::campaign::CampaignFile;
use super::sections::installation::Installation;
use super::sections::rehearsal::SampleAnswer;
use super::sections::{calendar, campaign, installation, positions, rehearsal};
use super::source::Source;
use super::un;
use crate::campaign::{Attach, FileName, Mission, Positions, States, contact};
use crate::letters::letter::LARGEST_ATTACHMENTS;
use crate::schedule::Calendar;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Day, Digest, LetterName, hint};

pub const INSTALLATION: &str = "config/demarche.toml";
pub const CALENDAR: &str = "config/calendar.toml";
pub const CONTACTS: &str = "config/contacts.csv";
pub const POSITIONS: &str = "config/positions.toml";
pub const REHEARSAL: &str = "config/rehearsal.toml";
const CAMPAIGNS: &str = "config/campaigns/";
const LETTERS: &str = "templates/letters/";
const FRAMES: &str = "templates/frames/";

/// The bytes of all files at one moment; names are relative to the workspace, with `/`.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Where the files were read; what settings name by a relative path lies there.
    pub root: PathBuf,
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files and folders that could not be read, and why.
    pub unreadable: BTreeMap<String, String>,
}

/// What a file is, as far as the campaign is concerned that it is part of.
fn concerns(file: &str, campaign: &CampaignId, letters: &[LetterName]) -> bool {
    matches!(file, CALENDAR | CONTACTS | POSITIONS)
        || file == format!("{CAMPAIGNS}{campaign}.toml")
        || file.starts_with(FRAMES)
        || letters.iter().any(|letter| file.starts_with(&format!("{LETTERS}{letter}/")))
}

impl Snapshot {
    /// A file as text.
    fn text(&self, file: &str) -> Option<Result<String, Problem>> {
        let bytes = self.files.get(file)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let problem = |what: &str| Problem::error(what.to_owned()).in_file(file).help("save the file again as UTF-8");
        if bytes.contains(&0) {
            return Some(Err(problem("the file is not UTF-8 text: it holds zero bytes, as UTF-16 does")));
        }
        Some(String::from_utf8(bytes.to_vec()).map_err(|_| problem("the file is not UTF-8 text")))
    }

    /// Digests of the files that a campaign's letters are made of.
    pub fn digests(&self, campaign: &CampaignId, letters: &[LetterName]) -> BTreeMap<String, Digest> {
        let part = self.files.iter().filter(|(file, _)| concerns(file, campaign, letters));
        part.map(|(file, bytes)| (file.clone(), Digest::of(bytes))).collect()
    }

    /// Why the files of a campaign are not those that its last plan read; `None` when they are.
    pub fn difference(&self, campaign: &CampaignId, planned: &BTreeMap<String, Digest>) -> Option<String> {
        let mut letters: Vec<LetterName> =
            planned.keys().filter_map(|file| file.strip_prefix(LETTERS)?.split('/').next()?.parse().ok()).collect();
        letters.dedup();
        if let Some((file, why)) = self.unreadable.iter().find(|(file, _)| {
            concerns(file, campaign, &letters)
                || letters.iter().any(|l| **file == format!("{LETTERS}{l}"))
                || ["config", "config/campaigns", "templates", "templates/letters", "templates/frames"]
                    .contains(&file.as_str())
        }) {
            return Some(format!("{file} cannot be read: {why}"));
        }
        let now = self.digests(campaign, &letters);
        let changed = planned.iter().find(|(file, digest)| now.get(*file) != Some(*digest));
        if let Some((file, _)) = changed {
            let what = if now.contains_key(file) { "was changed" } else { "is gone" };
            return Some(format!("{file} {what} since the last plan"));
        }
        let new = now.keys().find(|file| !planned.contains_key(*file));
        new.map(|file| format!("{file} is new since the last plan"))
    }

    /// The languages of a letter and their sources.
    pub fn letter(&self, name: &LetterName) -> Vec<(String, String)> {
        let folder = format!("{LETTERS}{name}/");
        let mut found = Vec::new();
        for file in self.files.keys().filter(|file| file.starts_with(&folder) && file.ends_with(".md")) {
            if let Some(Ok(text)) = self.text(file) {
                found.push((file.clone(), text));
            }
        }
        found
    }

    /// A file beside a letter's `LANG.md`.
    pub fn attachment(&self, letter: &LetterName, name: &FileName) -> Option<&[u8]> {
        self.files.get(&format!("{LETTERS}{letter}/{name}")).map(Vec::as_slice)
    }

    /// A frame's text.
    pub fn frame(&self, name: &str) -> Option<String> {
        self.text(&format!("{FRAMES}{name}")).and_then(Result::ok)
    }

    fn letters(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.files.keys().filter_map(|file| file.strip_prefix(LETTERS)?.split('/').next()).collect();
        names.dedup();
        names
    }
}

/// The digest names delegations and what they answered: it is for staff, and a mission must never get it.
fn digest_to_missions(
    missions: &[Mission],
    installation: Option<&Installation>,
    source: Option<&Source>,
) -> Vec<Problem> {
    let (Some(installation), Some(source)) = (installation, source) else { return Vec::new() };
    let contacts = || missions.iter().flat_map(|mission| &mission.contacts);
    let found = installation.worker.digest_to.iter().filter_map(|address| {
        let contact = contacts().find(|contact| contact.email.as_ref() == Some(address))?;
        let (state, line) = (contact.state, contact.line);
        let problem =
            Problem::error(format!("an address of `digest_to` is in the contact list, under {state} in line {line}"));
        let written = address.to_string();
        let problem = match source.text.find(&written) {
            Some(at) => problem.at(source.place(at..at + written.len())),
            None => problem.in_file(INSTALLATION),
        };
        Some(problem.help("the digest goes to the coalition's own staff only"))
    });
    found.collect()
}

/// All of a workspace, checked. Parts that are at fault are missing, and `problems` says why.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub snapshot: Snapshot,
    pub installation: Option<Installation>,
    pub calendar: Calendar,
    pub missions: Vec<Mission>,
    pub positions: Positions,
    pub campaigns: Vec<CampaignFile>,
    /// Invented answers, for rehearsals only.
    pub sample_answers: Vec<SampleAnswer>,
    pub problems: Vec<Problem>,
}

impl Workspace {
    /// Reads everything. `today` judges the age of contacts.
    pub fn read(snapshot: Snapshot, today: Day) -> Self {
        let states = un::states();
        let mut problems: Vec<Problem> = Vec::new();
        for (file, why) in &snapshot.unreadable {
            let help = if file == "config" {
                "go into a workspace, name one with --workspace DIR, or make one with `demarche init DIR`"
            } else {
                "look at the rights of the file"
            };
            problems.push(Problem::error(format!("{file} cannot be read: {why}")).in_file(file).help(help));
        }
        let mut source = |file: &str| match snapshot.text(file) {
            Some(Ok(text)) => Some(Source::new(file, text)),
            Some(Err(problem)) => {
                problems.push(problem);
                None
            }
            None => None,
        };
        let installation_source = source(INSTALLATION).map(Source::with_secrets);
        let calendar_source = source(CALENDAR);
        let positions_source = source(POSITIONS);
        let rehearsal_source = source(REHEARSAL);
        let campaign_sources: Vec<Source> = snapshot
            .files
            .keys()
            .filter(|file| file.starts_with(CAMPAIGNS) && file.ends_with(".toml"))
            .filter_map(|file| source(file))
            .collect();
        let mut take = |found: Vec<Problem>| problems.extend(found);

        let empty = Source::new(INSTALLATION, "").with_secrets();
        let (installation, found) = installation::read(installation_source.as_ref().unwrap_or(&empty));
        take(found);
        let mut calendar = un::calendar();
        if let Some(source) = &calendar_source {
            let (corrections, found) = calendar::read(source, states);
            take(found);
            calendar = calendar.corrected(corrections);
            let odd = calendar.contradictions();
            take(
                odd.iter()
                    .map(|c| Problem::warning(c.to_string()).in_file(CALENDAR).help("look at the dates once more"))
                    .collect(),
            );
        }
        let mut all = Positions { statements: un::statements().to_vec(), positions: Vec::new() };
        if let Some(source) = &positions_source {
            let (file, found) = positions::read(source, states);
            take(found);
            // The coalition's own list of a statement takes the place of the shipped one.
            all.statements.retain(|shipped| !file.statements.iter().any(|own| own.id == shipped.id));
            all.statements.extend(file.statements);
            all.positions.extend(file.positions);
        }
        let mut sample_answers = Vec::new();
        if let Some(source) = &rehearsal_source {
            let (answers, found) = rehearsal::read(source, states);
            take(found);
            sample_answers = answers;
        }
        let missions = match snapshot.files.get(CONTACTS) {
            Some(bytes) => {
                let warn_after = installation.as_ref().map_or(chrono::Duration::days(180), |i| i.warn_after);
                let read = contacts::read(CONTACTS, bytes, states, today, warn_after);
                // All or nothing: a list with a mistake in it is not half a list.
                let whole = !read.problems.iter().any(Problem::is_error);
                take(read.problems);
                if whole { contact::missions(read.contacts) } else { Vec::new() }
            }
            None => {
                if !snapshot.unreadable.contains_key(CONTACTS) {
                    take(vec![
                        Problem::error("there is no contact list")
                            .in_file(CONTACTS)
                            .help("make config/contacts.csv; `demarche init` shows one"),
                    ]);
                }
                Vec::new()
            }
        };
        take(digest_to_missions(&missions, installation.as_ref(), installation_source.as_ref()));
        let mut campaigns = Vec::new();
        for source in &campaign_sources {
            let stem = source.file.trim_start_matches(CAMPAIGNS).trim_end_matches(".toml");
            let (campaign, found) = campaign::read(source, stem, states);
            take(found);
            campaigns.extend(campaign);
        }
        let mut workspace =
            Self { snapshot, installation, calendar, missions, positions: all, campaigns, sample_answers, problems };
        workspace.check_letters_exist();
        workspace.check_attachments();
        workspace.check_sample_answers();
        workspace
    }

    fn check_letters_exist(&mut self) {
        let known = self.snapshot.letters();
        let mut found = Vec::new();
        for file in &self.campaigns {
            for (step, places) in file.campaign.steps.iter().zip(&file.steps) {
                let english = format!("{LETTERS}{}/en.md", step.letter);
                if known.contains(&step.letter.as_str()) {
                    if !self.snapshot.files.contains_key(&english) {
                        found.push(
                            Problem::error(format!("the letter `{}` has no English text", step.letter))
                                .at(file.source.place(places.letter.clone()))
                                .help(format!(
                                    "write {english}: it is what a mission gets when its own language is missing"
                                )),
                        );
                    }
                    continue;
                }
                let help = match hint::nearest(step.letter.as_str(), known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write {english}"),
                };
                found.push(
                    Problem::error(format!("there is no letter `{}`", step.letter))
                        .at(file.source.place(places.letter.clone()))
                        .help(help),
                );
            }
        }
        self.problems.extend(found);
        for file in self.snapshot.files.keys().filter(|file| file.starts_with(LETTERS) && file.ends_with(".md")) {
            if let Some(Err(problem)) = self.snapshot.text(file) {
                self.problems.push(problem);
            }
        }
    }

    /// A file that a step attaches lies beside the letter, holds something, and is not too large for a mission's mail server.
    fn check_attachments(&mut self) {
        let mut found = Vec::new();
        for file in &self.campaigns {
            for (step, places) in file.campaign.steps.iter().zip(&file.steps) {
                let mut bytes = 0;
                for (attach, place) in step.attach.iter().zip(&places.attached) {
                    let Attach::File(name) = attach else { continue };
                    let path = format!("{LETTERS}{}/{name}", step.letter);
                    let problem = |what: String, help: String| {
                        Problem::error(what).at(file.source.place(place.clone())).help(help)
                    };
                    match self.snapshot.attachment(&step.letter, name).map(<[u8]>::len) {
                        None if self.snapshot.unreadable.contains_key(&path) => {}
                        None => {
                            let folder = format!("{LETTERS}{}/", step.letter);
                            let there = self.snapshot.files.keys().filter_map(|file| file.strip_prefix(&folder));
                            let help = match hint::nearest(name.as_str(), there.filter(|file| !file.ends_with(".md"))) {
                                Some(near) => format!("did you mean `{near}`?"),
                                None => format!("put it beside the letter, as {path}"),
                            };
                            found.push(problem(format!("there is no file {path}"), help));
                        }
                        Some(0) => found.push(problem(format!("{path} is empty"), "save it again".to_owned())),
                        Some(length) => bytes += length,
                    }
                    if bytes > LARGEST_ATTACHMENTS {
                        let what = format!("the files of step `{}` have {bytes} bytes together, over 3 MiB", step.id);
                        let help =
                            "many missions' mail servers refuse more: make them smaller, or put a link into the letter";
                        found.push(problem(what, help.to_owned()));
                        break;
                    }
                }
            }
        }
        self.problems.extend(found);
    }

    /// An invented answer to a letter that does not exist would be missing from the rehearsal without anybody noticing.
    fn check_sample_answers(&mut self) {
        let mut found = Vec::new();
        for answer in &self.sample_answers {
            let wrong = match self.campaign(&answer.campaign) {
                // A campaign with a mistake of its own is told of already.
                None if self.snapshot.files.contains_key(&format!("{CAMPAIGNS}{}.toml", answer.campaign)) => None,
                None => Some(format!("there is no campaign `{}`", answer.campaign)),
                Some(file) if file.campaign.step(&answer.step).is_none() => {
                    Some(format!("campaign {} has no step `{}`", answer.campaign, answer.step))
                }
                Some(file) => answer
                    .ask
                    .as_ref()
                    .filter(|ask| !file.campaign.asks.iter().any(|known| known.id == **ask))
                    .map(|ask| format!("campaign {} has no ask `{ask}`", answer.campaign)),
            };
            let named = |what: String| format!("the answer of {}: {what}", answer.delegation);
            let problem = wrong.map(|what| Problem::error(named(what)).in_file(REHEARSAL));
            found.extend(problem.map(|problem| problem.help("correct the entry, or leave it out")));
        }
        self.problems.extend(found);
    }

    pub fn states(&self) -> &'static States {
        un::states()
    }

    pub fn campaign(&self, id: &CampaignId) -> Option<&CampaignFile> {
        self.campaigns.iter().find(|file| file.campaign.id == *id)
    }

    pub fn mission(&self, state: crate::vocabulary::StateCode) -> Option<&Mission> {
        self.missions.iter().find(|mission| mission.state == state)
    }

    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}
