//! From files to letters: for each step the date, for each delegation the message.

use std::collections::{BTreeMap, HashMap};

use crate::adapters::render::Frames;
use crate::adapters::render::pdf::Printer;
use crate::campaign::{Campaign, MilestoneRef, Selector, Step};
use crate::letters::guards::Guards;
use crate::schedule::{Calendar, Milestone, ScheduleError, due};
use crate::steps::confirming::Confirming;
pub use crate::steps::drafting::{Drafted, Drafting, LeftOutRow, Override, Pdf, Wanted};
pub use crate::steps::finish::Letter;
use crate::steps::finish::{Common, finish};
use crate::steps::one_step::{Earlier, OneStep};
use crate::steps::presses::{self, Presses, Pressroom};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Day, StateCode, StepId, hint};

/// Drafts every letter of a campaign, in the order of steps and States; all problems are found at once.
pub fn draft(input: &Drafting<'_>, each: impl FnMut(Letter)) -> Drafted {
    draft_only(input, &Wanted::default(), each)
}

/// The same, for some letters.
pub fn draft_only(input: &Drafting<'_>, wanted: &Wanted<'_>, mut each: impl FnMut(Letter)) -> Drafted {
    let mut drafter = Drafter::new(input, wanted);
    while let Some(letters) = drafter.step() {
        letters.into_iter().for_each(&mut each);
    }
    drafter.end()
}

/// Drafts a campaign step by step, so that the bytes of a step's letters need not wait in memory for the next one's.
#[expect(missing_debug_implementations, reason = "a choice made by a function has nothing to show")]
pub struct Drafter<'a> {
    input: &'a Drafting<'a>,
    wanted: &'a Wanted<'a>,
    /// `None`: a frame or a name is at fault, and nothing is drafted.
    tools: Option<Tools>,
    pressroom: Pressroom,
    earlier: HashMap<(StepId, StateCode), Earlier>,
    drafted: Drafted,
    position: usize,
}

/// What all steps need.
struct Tools {
    frames: Frames,
    guards: Guards,
    /// Where any step prints.
    printer: Option<Printer>,
}

impl Tools {
    fn of(input: &Drafting<'_>, wanted: &Wanted<'_>) -> Result<Self, Vec<Problem>> {
        let campaign = &input.file.campaign;
        let frames = presses::frames(input.workspace)?;
        let guards = Guards::new(campaign, input.workspace.states(), &input.workspace.missions)
            .map_err(|why| vec![Problem::error(why).in_file(input.file.source.file.clone())])?;
        let prints = campaign.steps.iter().any(|step| wanted.prints(step));
        let printer = prints.then(|| presses::printer(input.workspace)).transpose()?;
        Ok(Self { frames, guards, printer })
    }
}

impl<'a> Drafter<'a> {
    pub fn new(input: &'a Drafting<'a>, wanted: &'a Wanted<'a>) -> Self {
        let mut drafted = Drafted { fixed: input.fixed.clone(), ..Drafted::default() };
        check_selectors(input, &mut drafted.problems);
        let tools = Tools::of(input, wanted).map_err(|problems| drafted.problems.extend(problems)).ok();
        let (pressroom, earlier) = (Pressroom::default(), HashMap::new());
        Self { input, wanted, tools, pressroom, earlier, drafted, position: 0 }
    }

    /// The next step's letters, in the order of States; `None` when there is no other step.
    pub fn step(&mut self) -> Option<Vec<Letter>> {
        let (input, wanted) = (self.input, self.wanted);
        let Self { tools, pressroom, earlier, drafted, position, .. } = self;
        let Tools { frames, guards, printer } = tools.as_ref()?;
        let campaign = &input.file.campaign;
        let at = *position;
        let step = campaign.steps.get(at)?;
        *position += 1;
        let position = at;
        let (presses, problems) = pressroom.of(input.workspace, input.file, step, frames);
        let presses: &Presses = &presses;
        drafted.problems.extend(problems);
        let common = Common { workspace: input.workspace, step, zone: campaign.zone, printer: printer.as_ref() };
        if step.is_for_meetings() {
            let confirming = Confirming { input, wanted, step, position, presses, guards, common };
            let letters = confirming.letters(earlier, drafted);
            drafted.letters += letters.len();
            return Some(letters);
        }
        let dated = milestone(input, step, &mut drafted.fixed).and_then(|milestone| {
            let due = due(&step.when, &milestone, campaign.zone, &input.workspace.calendar)?;
            Ok((milestone, due))
        });
        let (milestone, due) = match dated {
            Ok(dated) => dated,
            Err(error) => {
                let place = input.file.source.place(input.file.steps[position].when.clone());
                drafted.problems.push(Problem::error(with_readings(&error)).at(place).help(error.help()));
                return Some(Vec::new());
            }
        };
        let mut one = OneStep {
            input,
            wanted,
            step,
            id: step.id.clone(),
            meeting: None,
            position,
            milestone,
            due,
            presses,
            guards,
            faults: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
        };
        let mut unfinished = Vec::new();
        for state in input.workspace.states().iter() {
            unfinished.extend(one.state(state, earlier, drafted));
        }
        let mut letters = Vec::with_capacity(unfinished.len());
        for letter in finish(unfinished, &common) {
            match letter {
                Ok(letter) => letters.push(letter),
                Err((state, problems)) => problems.into_iter().for_each(|problem| one.fault(problem, state)),
            }
        }
        drafted.letters += letters.len();
        one.report_faults(&mut drafted.problems);
        one.report_fallbacks(&mut drafted.problems);
        drafted.dates.push((step.id.clone(), one.milestone, one.due));
        Some(letters)
    }

    /// All but the letters, once there is no other step.
    pub fn end(self) -> Drafted {
        let Self { input, wanted, mut drafted, .. } = self;
        let only_meetings = input.file.campaign.steps.iter().all(Step::is_for_meetings);
        if drafted.letters == 0
            && !only_meetings
            && wanted.only.is_none()
            && !drafted.problems.iter().any(Problem::is_error)
        {
            let problem = Problem::warning("the campaign writes to nobody").in_file(&input.file.source.file);
            drafted.problems.push(problem.help("look at [audience]: does any mission have that tag, group or State?"));
        }
        drafted
    }
}

/// A time in a gap or an overlap is told with both readings.
fn with_readings(error: &ScheduleError) -> String {
    use crate::vocabulary::time::LocalTimeError as L;
    match error {
        ScheduleError::LocalTime(gap @ L::Gap { with_offset_before, with_offset_after, .. }) => {
            format!("{gap}; it could mean {with_offset_before} or {with_offset_after}")
        }
        ScheduleError::LocalTime(overlap @ L::Overlap { first, second, .. }) => {
            format!("{overlap}; it could mean {first} or {second}")
        }
        other => other.to_string(),
    }
}

/// The milestone of a step. `upr:next` counts from the campaign's other milestones and stays what it once was.
fn milestone(
    input: &Drafting<'_>,
    step: &Step,
    fixed: &mut BTreeMap<String, String>,
) -> Result<Milestone, ScheduleError> {
    let calendar: &Calendar = &input.workspace.calendar;
    let states = input.workspace.states();
    let MilestoneRef::UprNext(state) = &step.when.milestone else {
        return calendar.milestone(&step.when.milestone, states);
    };
    let name = step.when.milestone.to_string();
    if let Some(reference) = fixed.get(&name).and_then(|text| text.parse::<MilestoneRef>().ok()) {
        return calendar.milestone(&reference, states);
    }
    let dated = input.file.campaign.steps.iter().filter(|step| !step.is_for_meetings());
    let others = dated.map(|step| &step.when.milestone);
    let mut after: Option<Day> = None;
    for other in others.filter(|other| !matches!(other, MilestoneRef::UprNext(_))) {
        let day = calendar.milestone(other, states)?.day;
        after = Some(after.map_or(day, |latest| latest.max(day)));
    }
    let after = after.ok_or(ScheduleError::NextNeedsTheOthers { state: *state })?;
    let next = calendar.next_review(*state, after, states)?;
    fixed.insert(name, next.reference.to_string());
    Ok(next)
}

/// `joined:ID` must name a statement.
fn check_selectors(input: &Drafting<'_>, problems: &mut Vec<Problem>) {
    let audience = &input.file.campaign.audience;
    let known = || input.workspace.positions.statements.iter().map(|s| s.id.as_str());
    for selector in audience.include.iter().chain(&audience.exclude) {
        let (Selector::Joined(id) | Selector::NotJoined(id)) = selector else { continue };
        if input.workspace.positions.statement(id).is_some() {
            continue;
        }
        let written = selector.to_string();
        let at = input.file.source.text.find(&written).unwrap_or(0);
        let help = match hint::nearest(id.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("known are {}; add others to config/positions.toml", known().collect::<Vec<_>>().join(", "))
            }
        };
        let place = input.file.source.place(at..at + written.len());
        problems.push(Problem::error(format!("there is no statement `{id}`")).at(place).help(help));
    }
}

/// Steps and delegations of a campaign that a command names, checked.
///
/// # Errors
/// One clause, with the nearest known name.
pub fn known_step(campaign: &Campaign, step: &str) -> Result<StepId, String> {
    if let Some(found) = campaign.steps.iter().find(|s| s.id.as_str() == step) {
        return Ok(found.id.clone());
    }
    // `confirmation-2` and `confirmation-2-1`: letters about one meeting.
    if let Ok(id) = step.parse::<StepId>() {
        let whole: Option<StepId> = format!("{id}-0").parse().ok();
        let named =
            |s: &Step| s.confirms(&id).is_some() || whole.as_ref().is_some_and(|whole| s.confirms(whole).is_some());
        if campaign.steps.iter().any(named) {
            return Ok(id);
        }
    }
    let known = campaign.steps.iter().map(|s| s.id.as_str());
    Err(match hint::nearest(step, known.clone()) {
        Some(near) => format!("campaign {} has no step `{step}`; did you mean `{near}`?", campaign.id),
        None => format!(
            "campaign {} has no step `{step}`; its steps are {}",
            campaign.id,
            known.collect::<Vec<_>>().join(", ")
        ),
    })
}
