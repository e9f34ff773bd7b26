//! Every language of a step's letter, compiled once.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::adapters::render::pdf::Printer;
use crate::adapters::render::{Frames, LetterSource, Press, Scope};
use crate::campaign::{MilestoneRef, Step};
use crate::config::sections::campaign::CampaignFile;
use crate::config::source::Source;
use crate::config::workspace::Workspace;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Language, LetterName};

/// The presses of one step.
#[derive(Debug, Default)]
pub struct Presses(BTreeMap<Language, Press>);

impl Presses {
    pub fn has(&self, language: Language) -> bool {
        self.0.contains_key(&language)
    }

    pub fn get(&self, language: Language) -> Option<&Press> {
        self.0.get(&language)
    }
}

/// The two frames, or why they cannot be used.
pub fn frames(workspace: &Workspace) -> Result<Frames, Vec<Problem>> {
    let read = |name: &str| {
        let file = format!("templates/frames/{name}");
        workspace.snapshot.frame(name).map(|text| Source::new(file.clone(), text)).ok_or_else(|| {
            let problem = Problem::error(format!("there is no frame {file}")).in_file(file);
            vec![problem.help("take it from a fresh workspace: `demarche init DIR`")]
        })
    };
    match (read("letter.html.hbs"), read("letter.txt.hbs")) {
        (Ok(html), Ok(text)) => Frames::read(&html, &text),
        (html, text) => Err([html.err(), text.err()].into_iter().flatten().flatten().collect()),
    }
}

/// The printer of the campaign's PDFs, or why there can be none.
pub fn printer(workspace: &Workspace) -> Result<Printer, Vec<Problem>> {
    const FILE: &str = "templates/frames/letter.typ";
    let Some(text) = workspace.snapshot.frame("letter.typ") else {
        let problem = Problem::error(format!("there is no frame {FILE}")).in_file(FILE);
        return Err(vec![problem.help("take it from a fresh workspace: `demarche init DIR`")]);
    };
    let fonts = workspace.installation.as_ref().and_then(|installation| installation.fonts.as_ref());
    let folder = fonts.map(|folder| workspace.snapshot.root.join(folder));
    Printer::new(&Source::new(FILE, text), folder.as_deref())
}

/// The presses of a campaign's steps so far: steps that send the same letter and know the same facts share them.
#[derive(Debug, Default)]
pub struct Pressroom(BTreeMap<(LetterName, Scope), Rc<Presses>>);

impl Pressroom {
    /// As [`compile`].
    pub fn of(
        &mut self,
        workspace: &Workspace,
        file: &CampaignFile,
        step: &Step,
        frames: &Frames,
    ) -> (Rc<Presses>, Vec<Problem>) {
        let key = (step.letter.clone(), scope(workspace, file, step));
        if let Some(presses) = self.0.get(&key) {
            return (Rc::clone(presses), Vec::new());
        }
        let (presses, problems) = compile(workspace, file, step, frames);
        let presses = Rc::new(presses);
        // What is wrong is told of every step.
        if problems.is_empty() {
            self.0.insert(key, Rc::clone(&presses));
        }
        (presses, problems)
    }
}

/// Compiles all languages of a step's letter, also those that no delegation asks for yet: a mistake is found before it is needed.
pub fn compile(workspace: &Workspace, file: &CampaignFile, step: &Step, frames: &Frames) -> (Presses, Vec<Problem>) {
    let mut presses = Presses::default();
    let mut problems = Vec::new();
    let scope = scope(workspace, file, step);
    for (path, text) in workspace.snapshot.letter(&step.letter) {
        let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".md")).unwrap_or("");
        let Ok(language) = stem.parse::<Language>() else {
            problems.push(
                Problem::error(format!("`{stem}` is no language"))
                    .in_file(path)
                    .help("name the file after its language: en.md, fr.md"),
            );
            continue;
        };
        let source = LetterSource { name: step.letter.clone(), language, source: Source::new(path, text) };
        match Press::compile(&source, frames, &scope) {
            Ok(press) => drop(presses.0.insert(language, press)),
            Err(found) => problems.extend(found),
        }
    }
    (presses, problems)
}

fn scope(workspace: &Workspace, file: &CampaignFile, step: &Step) -> Scope {
    let milestone = &step.when.milestone;
    let review_of_state = matches!(milestone, MilestoneRef::UprReview(..) | MilestoneRef::UprNext(_));
    Scope {
        target: file.campaign.target.is_some(),
        session: matches!(milestone, MilestoneRef::HrcOpens(_) | MilestoneRef::HrcCloses(_)),
        review: review_of_state || matches!(milestone, MilestoneRef::UprOpens(_) | MilestoneRef::UprCloses(_)),
        review_of_state,
        previous: step.follows.is_some(),
        meeting: step.is_for_meetings(),
        statements: workspace.positions.statements.iter().map(|s| s.id.clone()).collect(),
    }
}
