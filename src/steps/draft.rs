//! From files to letters: for each step the date, for each delegation the message.

use std::collections::{BTreeMap, HashMap};

use crate::adapters::render::Press;
use crate::campaign::audience::{Candidate, LeftOut};
use crate::campaign::{Attach, Campaign, MilestoneRef, Mission, Selector, State, Step};
use crate::config::forms::FORMS_OF_ADDRESS;
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::Workspace;
use crate::letters::facts::{FactsInput, MilestoneFact, PreviousFact, ReviewFact, SessionFact};
use crate::letters::guards::{Guarded, Guards};
use crate::letters::{Facts, Message, MessageId, Sheet, fallback};
use crate::outbox::{Draft, Recipients, SendingRules};
use crate::schedule::{Calendar, Due, Milestone, ScheduleError, due};
pub use crate::steps::finish::Letter;
use crate::steps::finish::{Common, Print, Unfinished, finish};
use crate::steps::guarding;
use crate::steps::presses::{self, Presses};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{
    Address, Day, Digest, DispatchId, Instant, Language, Mailbox, StateCode, StatementId, StepId, hint,
};

/// What drafting starts from.
#[derive(Debug)]
pub struct Drafting<'a> {
    pub workspace: &'a Workspace,
    pub file: &'a CampaignFile,
    /// Message-IDs are made from it.
    pub secret: &'a str,
    /// What `upr:next.STATE` was fixed as by an earlier plan.
    pub fixed: &'a BTreeMap<String, String>,
    /// What people decided about single dispatches.
    pub overrides: &'a HashMap<DispatchId, Override>,
}

/// What is stored of a dispatch and outlives a plan: a person's decisions, and what has left.
#[derive(Debug, Clone, Default)]
pub struct Override {
    /// `release --at`.
    pub due: Option<Instant>,
    /// After a bounce: the corrected addresses alone.
    pub only_to: Vec<Address>,
    /// Given once, and kept for the dispatch's life.
    pub message_id: Option<MessageId>,
    /// What a person let pass of the guards' objections.
    pub accepted: Vec<String>,
    /// Due time and subject of a letter that has left: what a later step says of it is what the mission has read.
    pub left: Option<(Instant, String)>,
}

/// A State that does not get a step's letter.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LeftOutRow {
    pub delegation: StateCode,
    pub step: StepId,
    pub reason: String,
}

/// All but the letters themselves, which go to the caller one by one.
#[derive(Debug, Default)]
pub struct Drafted {
    pub left_out: Vec<LeftOutRow>,
    pub problems: Vec<Problem>,
    /// `upr:next.STATE` → `upr:N.STATE`, with those fixed now.
    pub fixed: BTreeMap<String, String>,
    pub letters: usize,
    /// For each step that has a date.
    pub dates: Vec<(StepId, Milestone, Due)>,
}

/// Which letters are wanted. The others are still rendered, for later letters name them; but they get no bytes.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "a choice made by a function has nothing to show")]
pub struct Wanted<'a> {
    /// Asked once for each letter, in their order; `None`: all.
    pub only: Option<&'a dyn Fn(&DispatchId) -> bool>,
    pub pdf: Pdf,
}

/// Which letters are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pdf {
    /// Those that take it along.
    #[default]
    AsAttached,
    All,
    /// None: for those who ask for dates and recipients. The bytes are then not those that leave.
    None,
}

impl<'a> Wanted<'a> {
    pub fn only(only: &'a dyn Fn(&DispatchId) -> bool) -> Self {
        Self { only: Some(only), pdf: Pdf::AsAttached }
    }

    fn prints(&self, step: &Step) -> bool {
        match self.pdf {
            Pdf::AsAttached => step.attach.contains(&Attach::Letter),
            Pdf::All => true,
            Pdf::None => false,
        }
    }
}

/// What a later step needs of an earlier one to the same delegation.
struct Earlier {
    day: Day,
    subject: String,
    thread: Vec<MessageId>,
}

/// Drafts every letter of a campaign, in the order of steps and States; all problems are found at once.
pub fn draft(input: &Drafting<'_>, each: impl FnMut(Letter)) -> Drafted {
    draft_only(input, &Wanted::default(), each)
}

/// The same, for some letters.
pub fn draft_only(input: &Drafting<'_>, wanted: &Wanted<'_>, mut each: impl FnMut(Letter)) -> Drafted {
    let mut drafted = Drafted { fixed: input.fixed.clone(), ..Drafted::default() };
    let campaign = &input.file.campaign;
    check_selectors(input, &mut drafted.problems);
    let frames = match presses::frames(input.workspace) {
        Ok(frames) => frames,
        Err(problems) => {
            drafted.problems.extend(problems);
            return drafted;
        }
    };
    let guards = match Guards::new(campaign, input.workspace.states(), &input.workspace.missions) {
        Ok(guards) => guards,
        Err(why) => {
            drafted.problems.push(Problem::error(why).in_file(input.file.source.file.clone()));
            return drafted;
        }
    };
    let prints = campaign.steps.iter().any(|step| wanted.prints(step));
    let printer = match prints.then(|| presses::printer(input.workspace)).transpose() {
        Ok(printer) => printer,
        Err(problems) => {
            drafted.problems.extend(problems);
            return drafted;
        }
    };
    let mut earlier: HashMap<(StepId, StateCode), Earlier> = HashMap::new();
    for (position, step) in campaign.steps.iter().enumerate() {
        let (presses, problems) = presses::compile(input.workspace, input.file, step, &frames);
        drafted.problems.extend(problems);
        let dated = milestone(input, step, &mut drafted.fixed).and_then(|milestone| {
            let due = due(&step.when, &milestone, campaign.zone, &input.workspace.calendar)?;
            Ok((milestone, due))
        });
        let (milestone, due) = match dated {
            Ok(dated) => dated,
            Err(error) => {
                let place = input.file.source.place(input.file.steps[position].when.clone());
                drafted.problems.push(Problem::error(with_readings(&error)).at(place).help(error.help()));
                continue;
            }
        };
        let mut one = OneStep {
            input,
            wanted,
            step,
            position,
            milestone,
            due,
            presses,
            guards: &guards,
            faults: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
        };
        let mut unfinished = Vec::new();
        for state in input.workspace.states().iter() {
            unfinished.extend(one.state(state, &mut earlier, &mut drafted));
        }
        let common = Common { workspace: input.workspace, step, zone: campaign.zone, printer: printer.as_ref() };
        for letter in finish(unfinished, &common) {
            match letter {
                Ok(letter) => {
                    drafted.letters += 1;
                    each(letter);
                }
                Err((state, problems)) => problems.into_iter().for_each(|problem| one.fault(problem, state)),
            }
        }
        one.report_faults(&mut drafted.problems);
        one.report_fallbacks(&mut drafted.problems);
        drafted.dates.push((step.id.clone(), one.milestone, one.due));
    }
    drafted
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
    let others = input.file.campaign.steps.iter().map(|step| &step.when.milestone);
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

/// One step while its letters are drafted.
struct OneStep<'a> {
    input: &'a Drafting<'a>,
    wanted: &'a Wanted<'a>,
    step: &'a Step,
    position: usize,
    milestone: Milestone,
    due: Due,
    presses: Presses,
    guards: &'a Guards,
    /// Problems that many delegations share, told once: message and place → whom it concerns.
    faults: BTreeMap<String, (Problem, Vec<StateCode>)>,
    /// Who gets another language than its own: wished and given.
    fallbacks: BTreeMap<(Language, Language), Vec<StateCode>>,
}

impl OneStep<'_> {
    fn state(
        &mut self,
        state: &State,
        earlier: &mut HashMap<(StepId, StateCode), Earlier>,
        drafted: &mut Drafted,
    ) -> Option<Unfinished> {
        let campaign = &self.input.file.campaign;
        let workspace = self.input.workspace;
        let mission = workspace.mission(state.code);
        let id = DispatchId { campaign: campaign.id.clone(), step: self.step.id.clone(), delegation: state.code };
        let override_ = self.input.overrides.get(&id);
        let due_at = override_.and_then(|o| o.due).unwrap_or(self.due.at);
        let due_day = campaign.zone.day_of(due_at);
        let member = self.hrc_member(state);
        let candidate = |hrc_member| Candidate { state, mission, hrc_member, due: due_day };
        let judged = |member| campaign.audience.judge(&candidate(member), campaign.target, &workspace.positions);
        let previous = self.step.follows.as_ref().map(|follows| earlier.get(&(follows.clone(), state.code)));
        let mut leave_out = |reason: String| {
            drafted.left_out.push(LeftOutRow { delegation: state.code, step: self.step.id.clone(), reason });
            None
        };
        if member.is_none() && judged(true).is_ok() != judged(false).is_ok() {
            // Not known is neither yes nor no: nobody is left out, and nobody written to, at a guess.
            self.fault(self.members_not_known(), state.code);
            return None;
        }
        let mission = match (judged(member.unwrap_or(false)), mission) {
            // Observers are not part of `all`; they need no line each time.
            (Err(LeftOut::NotIncluded), None) if !state.is_member() => return None,
            (Err(why), _) => return leave_out(why.to_string()),
            (Ok(_), None) => return leave_out(LeftOut::NoContact.to_string()),
            (Ok(_), Some(mission)) => mission,
        };
        if previous.as_ref().is_some_and(Option::is_none) {
            let follows = self.step.follows.as_ref().map(ToString::to_string).unwrap_or_default();
            return leave_out(format!("it gets no letter `{follows}` for this one to follow"));
        }
        if member.is_none() && self.letter_asks_for_membership() {
            self.fault(self.members_not_known(), state.code);
            return None;
        }
        let choice = fallback::choose(Some(mission), state, |language| self.presses.has(language))?;
        let press = self.presses.get(choice.language)?;
        if choice.is_fallback() {
            self.fallbacks.entry((choice.wished, choice.language)).or_default().push(state.code);
        }
        let recipients = recipients(mission, override_);
        let wanted = self.wanted.only.is_none_or(|wanted| wanted(&id));
        let print = wanted && self.wanted.prints(self.step);
        let made = self.letter(&id, state, mission, member, press, recipients, due_at, previous.flatten(), print);
        match made {
            Ok((letter, thread)) => {
                let accepted = override_.map(|known| known.accepted.as_slice()).unwrap_or_default();
                let source = &press.letter().source;
                let open = letter.findings.iter().filter(|finding| !accepted.contains(&finding.to_string()));
                let warnings: Vec<Problem> =
                    open.map(|finding| guarding::warning(self.input.file, source, finding, mission)).collect();
                warnings.into_iter().for_each(|warning| self.fault(warning, state.code));
                let (day, subject) = match override_.and_then(|known| known.left.clone()) {
                    Some((due, subject)) => (campaign.zone.day_of(due), subject),
                    None => (due_day, letter.rendered.subject.clone()),
                };
                earlier.insert((self.step.id.clone(), state.code), Earlier { day, subject, thread });
                wanted.then_some(letter)
            }
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.fault(problem, state.code));
                None
            }
        }
    }

    fn fault(&mut self, problem: Problem, state: StateCode) {
        let key = format!("{:?} {}", problem.place, problem.message);
        let states = &mut self.faults.entry(key).or_insert_with(|| (problem, Vec::new())).1;
        if states.last() != Some(&state) {
            states.push(state);
        }
    }

    fn report_faults(&mut self, problems: &mut Vec<Problem>) {
        for (_, (mut problem, states)) in std::mem::take(&mut self.faults) {
            let named: Vec<&str> = states.iter().take(5).map(StateCode::as_str).collect();
            let more = states.len().saturating_sub(named.len());
            let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
            problem.message = format!("{} (step `{}`: {}{and_more})", problem.message, self.step.id, named.join(", "));
            problems.push(problem);
        }
    }

    fn report_fallbacks(&self, problems: &mut Vec<Problem>) {
        for ((wished, given), states) in &self.fallbacks {
            let named: Vec<&str> = states.iter().take(5).map(StateCode::as_str).collect();
            let more = states.len().saturating_sub(named.len());
            let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let letter = &self.step.letter;
            let message = format!(
                "the letter `{letter}` has no text in `{wished}`: {}{and_more} get it in `{given}`",
                named.join(", ")
            );
            let place = self.input.file.source.place(self.input.file.steps[self.position].letter.clone());
            let help = format!(
                "write templates/letters/{letter}/{wished}.md, or leave it so: a letter goes out in the contact's language, else the State's, else English"
            );
            problems.push(Problem::notice(message).at(place).help(help));
        }
    }

    /// `None`: the Council of that day is not known.
    fn hrc_member(&self, state: &State) -> Option<bool> {
        if !state.is_member() {
            return Some(false);
        }
        self.input.workspace.calendar.hrc_member(state.code, self.milestone.day).ok()
    }

    fn members_not_known(&self) -> Problem {
        let message = format!("the members of the Human Rights Council on {} are not known", self.milestone.day);
        let help = "leave out hrc-members, not-hrc-members and delegation.hrc_member for dates that far away";
        let place = self.input.file.source.place(self.input.file.steps[self.position].when.clone());
        Problem::error(message).at(place).help(help)
    }

    fn letter_asks_for_membership(&self) -> bool {
        let letters = self.input.workspace.snapshot.letter(&self.step.letter);
        letters.iter().any(|(_, text)| text.contains("hrc_member"))
    }

    #[expect(clippy::too_many_arguments, reason = "one letter is made of all of them, and of nothing else")]
    fn letter(
        &self,
        id: &DispatchId,
        state: &State,
        mission: &Mission,
        member: Option<bool>,
        press: &Press,
        recipients: Recipients,
        due_at: Instant,
        previous: Option<&Earlier>,
        print: bool,
    ) -> Result<(Unfinished, Vec<MessageId>), Vec<Problem>> {
        let campaign = &self.input.file.campaign;
        let language = press.language();
        let facts = Facts::gather(FactsInput {
            campaign,
            states: self.input.workspace.states(),
            state,
            mission,
            forms: &FORMS_OF_ADDRESS,
            language,
            hrc_member: member.unwrap_or(false),
            milestone: MilestoneFact { title: self.milestone.title.clone(), date: self.milestone.day },
            session: self.session(),
            review: self.review(language),
            previous: previous.map(|p| PreviousFact { date: p.day, subject: p.subject.clone() }),
            send_date: campaign.zone.day_of(due_at),
            joined: self.joined(state, campaign.zone.day_of(due_at)),
        })
        .ok_or_else(|| vec![Problem::error("there is no form of address for this mission")])?;
        let rendered = press.render(&facts)?;
        let fault = |what: String| vec![Problem::error(what).in_file(press.letter().source.file.clone())];
        let known = self.input.overrides.get(id).and_then(|known| known.message_id.clone());
        let message_id = match known {
            Some(known) => known,
            None => message_id(self.input.secret, id, &campaign.from.address).map_err(fault)?,
        };
        let thread: Vec<MessageId> = previous.map(|p| p.thread.clone()).unwrap_or_default();
        let message = Message {
            message_id: message_id.clone(),
            in_reply_to: thread.last().cloned(),
            references: thread.clone(),
            from: campaign.from.clone(),
            reply_to: campaign.reply_to.clone().map(|address| Mailbox { name: None, address }),
            to: named(mission, &recipients.to),
            cc: named(mission, &recipients.cc),
            subject: rendered.subject.clone(),
            text: rendered.text.clone(),
            html: rendered.html.clone(),
            language,
            attachments: Vec::new(),
        };
        let findings = self.guards.findings(&Guarded {
            to: mission,
            about: self.about(),
            rendered: &rendered,
            lines: &guarding::lines_around(&message, mission, state),
        });
        let mut thread = thread;
        thread.push(message_id.clone());
        let draft = Draft {
            id: id.clone(),
            position: i32::try_from(self.position).unwrap_or(i32::MAX),
            due: due_at,
            milestone: self.milestone.reference.to_string(),
            milestone_day: self.milestone.day,
            provisional: self.due.provisional,
            language,
            sender: campaign.from.address.clone(),
            recipients,
            subject: rendered.subject.clone(),
            digest: Digest::of(b""),
            message: Vec::new(),
            message_id: message_id.to_string(),
            rules: rules(self.step),
            why: self.why(due_at),
            objections: findings.iter().map(ToString::to_string).collect(),
        };
        let print = match print {
            true => Some(Print {
                sheet: Sheet::new(campaign, &facts, language, campaign.zone.day_of(due_at), &rendered.subject),
                blocks: press.set(&facts)?,
            }),
            false => None,
        };
        let file = press.letter().source.file.clone();
        Ok((Unfinished { draft, rendered, message, findings, print, file }, thread))
    }

    /// The State under review, where the step is timed by a review.
    fn about(&self) -> Option<StateCode> {
        match &self.milestone.reference {
            MilestoneRef::UprReview(_, state) | MilestoneRef::UprNext(state) => Some(*state),
            _ => None,
        }
    }

    fn why(&self, due_at: Instant) -> Vec<String> {
        let mut why = self.due.reasoning.clone();
        if due_at != self.due.at {
            why.push(format!("A person set another time with `release --at`: {due_at}."));
        }
        why
    }

    fn session(&self) -> Option<SessionFact> {
        let (MilestoneRef::HrcOpens(number) | MilestoneRef::HrcCloses(number)) = &self.milestone.reference else {
            return None;
        };
        let session = self.input.workspace.calendar.hrc_session(*number)?;
        // A session of which one day is not known yet is one day long to whoever asks; letters that print it are provisional.
        let opens = session.opens.as_ref().map(|d| d.day);
        let closes = session.closes.as_ref().map(|d| d.day);
        Some(SessionFact { number: *number, opens: opens.or(closes)?, closes: closes.or(opens)? })
    }

    fn review(&self, language: Language) -> Option<ReviewFact> {
        match &self.milestone.reference {
            MilestoneRef::UprReview(session, state) => {
                let name = self.input.workspace.states().get(*state).map(|s| s.name(language).to_owned());
                Some(ReviewFact { session: *session, date: Some(self.milestone.day), state: name })
            }
            MilestoneRef::UprOpens(session) | MilestoneRef::UprCloses(session) => {
                Some(ReviewFact { session: *session, date: None, state: None })
            }
            _ => None,
        }
    }

    fn joined(&self, state: &State, on: Day) -> Vec<StatementId> {
        let positions = &self.input.workspace.positions;
        let joined = positions.statements.iter().filter(|s| s.date <= on && s.signatories.contains(&state.code));
        joined.map(|s| s.id.clone()).collect()
    }
}

fn rules(step: &Step) -> SendingRules {
    SendingRules {
        follows: step.follows.clone(),
        only_if: step.only_if,
        late: step.late,
        late_by: step.late_by,
        give_up: step.give_up,
        if_provisional: step.if_provisional,
    }
}

fn recipients(mission: &Mission, override_: Option<&Override>) -> Recipients {
    match override_ {
        Some(o) if !o.only_to.is_empty() => Recipients { to: o.only_to.clone(), cc: Vec::new() },
        _ => Recipients { to: mission.to(), cc: mission.cc() },
    }
}

/// Addresses with the names of the people they belong to.
fn named(mission: &Mission, addresses: &[Address]) -> Vec<Mailbox> {
    let name = |address: &Address| {
        let row = mission.contacts.iter().find(|c| c.email.as_ref() == Some(address) && !c.name.is_empty());
        row.map(|c| c.name.clone())
    };
    addresses.iter().map(|address| Mailbox { name: name(address), address: address.clone() }).collect()
}

/// The name of a letter for its whole life. It comes from the database's secret, so nobody outside can guess it and forge an answer.
fn message_id(secret: &str, id: &DispatchId, from: &Address) -> Result<MessageId, String> {
    let digest = Digest::of_parts([secret.as_bytes(), id.to_string().as_bytes()]);
    let hex: String = digest.bytes()[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("<{hex}@{}>", from.domain()).parse().map_err(|e| format!("{e}"))
}

/// Steps and delegations of a campaign that a command names, checked.
///
/// # Errors
/// One clause, with the nearest known name.
pub fn known_step(campaign: &Campaign, step: &str) -> Result<StepId, String> {
    if let Some(found) = campaign.steps.iter().find(|s| s.id.as_str() == step) {
        return Ok(found.id.clone());
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
