//! The letters of one step, delegation by delegation.

use std::collections::{BTreeMap, HashMap};

use crate::adapters::ics::{self, Invitation};
use crate::adapters::render::Press;
use crate::campaign::audience::{Candidate, LeftOut};
use crate::campaign::{MilestoneRef, Mission, State, Step};
use crate::config::forms::FORMS_OF_ADDRESS;
use crate::config::workspace::Workspace;
use crate::letters::facts::{FactsInput, MeetingFact, MilestoneFact, PreviousFact, ReviewFact, SessionFact};
use crate::letters::guards::{Guarded, Guards};
use crate::letters::{Facts, Message, MessageId, Sheet, fallback};
use crate::outbox::token::token;
use crate::outbox::{Draft, Recipients, SendingRules, Token};
use crate::responses::{Arrangement, Meeting};
use crate::schedule::{Due, Milestone};
use crate::steps::drafting::{Drafted, Drafting, LeftOutRow, Override, Wanted};
use crate::steps::finish::{Print, Unfinished};
use crate::steps::guarding;
use crate::steps::presses::Presses;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, Day, Digest, DispatchId, Instant, Language, Mailbox, StateCode, StatementId, StepId};

/// What a later step needs of an earlier one to the same delegation.
#[derive(Debug)]
pub struct Earlier {
    pub day: Day,
    pub subject: String,
    pub thread: Vec<MessageId>,
}

/// One step while its letters are drafted.
pub struct OneStep<'a> {
    pub input: &'a Drafting<'a>,
    pub wanted: &'a Wanted<'a>,
    pub step: &'a Step,
    /// What its letters are called: the step itself, or the letter that confirms one meeting.
    pub id: StepId,
    /// The meeting that is confirmed.
    pub meeting: Option<&'a Meeting>,
    pub position: usize,
    pub milestone: Milestone,
    pub due: Due,
    pub presses: &'a Presses,
    pub guards: &'a Guards,
    /// Problems that many delegations share, told once: message and place → whom it concerns.
    pub faults: BTreeMap<String, (Problem, Vec<StateCode>)>,
    /// Who gets another language than its own: wished and given.
    pub fallbacks: BTreeMap<(Language, Language), Vec<StateCode>>,
}

impl OneStep<'_> {
    pub fn state(
        &mut self,
        state: &State,
        earlier: &mut HashMap<(StepId, StateCode), Earlier>,
        drafted: &mut Drafted,
    ) -> Option<Unfinished> {
        let campaign = &self.input.file.campaign;
        let workspace = self.input.workspace;
        let mission = workspace.mission(state.code);
        let id = DispatchId { campaign: campaign.id.clone(), step: self.id.clone(), delegation: state.code };
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
                earlier.insert((self.id.clone(), state.code), Earlier { day, subject, thread });
                wanted.then_some(letter)
            }
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.fault(problem, state.code));
                None
            }
        }
    }

    pub fn fault(&mut self, problem: Problem, state: StateCode) {
        let key = format!("{:?} {}", problem.place, problem.message);
        let states = &mut self.faults.entry(key).or_insert_with(|| (problem, Vec::new())).1;
        if states.last() != Some(&state) {
            states.push(state);
        }
    }

    pub fn report_faults(&mut self, problems: &mut Vec<Problem>) {
        for (_, (mut problem, states)) in std::mem::take(&mut self.faults) {
            let named: Vec<&str> = states.iter().take(5).map(StateCode::as_str).collect();
            let more = states.len().saturating_sub(named.len());
            let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
            problem.message = format!("{} (step `{}`: {}{and_more})", problem.message, self.step.id, named.join(", "));
            problems.push(problem);
        }
    }

    pub fn report_fallbacks(&self, problems: &mut Vec<Problem>) {
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
            meeting: self.meeting.map(|meeting| {
                let Arrangement { at, lasts, place } = &meeting.arranged;
                MeetingFact::new(*at, *lasts, place, meeting.agenda.as_deref(), campaign.zone)
            }),
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
        let reply_token = token(self.input.secret, id);
        let answers = self.answers(&reply_token)?;
        let message = Message {
            message_id: message_id.clone(),
            in_reply_to: thread.last().cloned(),
            references: thread.clone(),
            from: campaign.from.clone(),
            reply_to: answers.reply_to.map(|address| Mailbox { name: None, address }),
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
            lines: &[guarding::lines_around(&message, facts.inside_address()), self.lines_of_meeting()].concat(),
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
            sender: answers.sender,
            recipients,
            subject: rendered.subject.clone(),
            digest: Digest::of(b""),
            message: Vec::new(),
            message_id: message_id.to_string(),
            reply_token,
            rules: self.rules(),
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
        let invitation = self.meeting.map(|meeting| {
            ics::invite(&Invitation {
                meeting,
                title: &rendered.subject,
                from: &campaign.from,
                to: &draft.recipients.to,
            })
        });
        let file = press.letter().source.file.clone();
        let salutation = facts.salutation().to_owned();
        Ok((Unfinished { draft, rendered, message, findings, salutation, print, invitation, file }, thread))
    }

    /// What the invitation says, whether or not the letter prints it.
    fn lines_of_meeting(&self) -> Vec<String> {
        let lines = self.meeting.map(|m| [Some(m.arranged.place.clone()), m.agenda.clone()]);
        lines.into_iter().flatten().flatten().collect()
    }

    fn rules(&self) -> SendingRules {
        let rules = rules(self.step);
        match self.meeting {
            None => rules,
            // Until it begins nothing is late, and then it is too late.
            Some(meeting) => {
                let begins = meeting.arranged.at;
                SendingRules { late_by: begins.since(self.due.at), not_after: Some(begins), ..rules }
            }
        }
    }

    /// Where answers and bounces go: to addresses that name the letter, where the installation asks for it.
    fn answers(&self, token: &Token) -> Result<Answers, Vec<Problem>> {
        let campaign = &self.input.file.campaign;
        let from = &campaign.from.address;
        if !reply_tokens(self.input.workspace) {
            return Ok(Answers { sender: from.clone(), reply_to: campaign.reply_to.clone() });
        }
        let with_token = |address: &Address| {
            token.on(address).ok_or_else(|| {
                let message = "an address of the campaign has no room for a reply token before its `@`";
                let help =
                    "let `from` and `reply_to` have at most 43 characters before `@`, or write `reply_tokens = false`";
                vec![Problem::error(message).in_file(self.input.file.source.file.clone()).help(help)]
            })
        };
        let reply_to = with_token(campaign.reply_to.as_ref().unwrap_or(from))?;
        Ok(Answers { sender: with_token(from)?, reply_to: Some(reply_to) })
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

/// The envelope's sender, and `Reply-To`.
struct Answers {
    sender: Address,
    reply_to: Option<Address>,
}

/// Whether `[inbox] reply_tokens` is set.
fn reply_tokens(workspace: &Workspace) -> bool {
    workspace.installation.as_ref().is_some_and(|installation| installation.inbox.reply_tokens)
}

fn rules(step: &Step) -> SendingRules {
    SendingRules {
        follows: step.follows.clone(),
        only_if: step.only_if,
        late: step.late,
        late_by: step.late_by,
        give_up: step.give_up,
        if_provisional: step.if_provisional,
        not_after: None,
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
    format!("<{}@{}>", digest.digits(16), from.domain()).parse().map_err(|e| format!("{e}"))
}
