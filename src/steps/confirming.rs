//! The letters of the step that confirms meetings: one for each meeting as it stands.

use std::collections::{BTreeMap, HashMap};

use crate::campaign::{MilestoneRef, Step};
use crate::letters::guards::Guards;
use crate::responses::Meeting;
use crate::schedule::{Due, Milestone};
use crate::steps::drafting::{Drafted, Drafting, Wanted};
use crate::steps::finish::{Common, Letter, finish};
use crate::steps::one_step::{Earlier, OneStep};
use crate::steps::presses::Presses;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{StateCode, StepId, Zone, time};

/// What all of them have in common.
pub struct Confirming<'a> {
    pub input: &'a Drafting<'a>,
    pub wanted: &'a Wanted<'a>,
    pub step: &'a Step,
    pub position: usize,
    pub presses: &'a Presses,
    pub guards: &'a Guards,
    pub common: Common<'a>,
}

impl Confirming<'_> {
    pub fn letters(&self, earlier: &mut HashMap<(StepId, StateCode), Earlier>, drafted: &mut Drafted) -> Vec<Letter> {
        // What was noted after the fact is confirmed to nobody.
        let meetings = self.input.meetings.iter().filter(|m| m.changed_at < m.arranged.at);
        meetings.filter_map(|meeting| self.letter(meeting, earlier, drafted)).collect()
    }

    fn letter(
        &self,
        meeting: &Meeting,
        earlier: &mut HashMap<(StepId, StateCode), Earlier>,
        drafted: &mut Drafted,
    ) -> Option<Letter> {
        let state = self.input.workspace.states().get(meeting.delegation)?;
        let id = match self.step.confirmation(meeting.id, meeting.sequence) {
            Ok(id) => id,
            Err(error) => {
                let place = self.input.file.source.place(self.input.file.steps[self.position].when.clone());
                drafted.problems.push(Problem::error(error.to_string()).at(place).help("shorten the step's id"));
                return None;
            }
        };
        let zone = self.input.file.campaign.zone;
        let mut one = OneStep {
            input: self.input,
            wanted: self.wanted,
            step: self.step,
            id,
            meeting: Some(meeting),
            position: self.position,
            milestone: milestone(meeting),
            due: due(meeting, zone),
            presses: self.presses,
            guards: self.guards,
            faults: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
        };
        let unfinished = one.state(state, earlier, drafted);
        let mut letters = Vec::new();
        for letter in finish(unfinished.into_iter().collect(), &self.common) {
            match letter {
                Ok(letter) => letters.push(letter),
                Err((state, problems)) => problems.into_iter().for_each(|problem| one.fault(problem, state)),
            }
        }
        one.report_faults(&mut drafted.problems);
        one.report_fallbacks(&mut drafted.problems);
        letters.pop()
    }
}

fn milestone(meeting: &Meeting) -> Milestone {
    Milestone {
        reference: MilestoneRef::Meeting(meeting.id),
        title: "the meeting".to_owned(),
        day: Zone::GENEVA.day_of(meeting.arranged.at),
        provisional: false,
        source: "noted with `demarche meeting`".to_owned(),
    }
}

/// Due at once: a confirmation that comes late is none.
fn due(meeting: &Meeting, zone: Zone) -> Due {
    let noted = if meeting.sequence == 0 { "agreed" } else { "moved" };
    let begins = zone.show_with_weekday(meeting.arranged.at);
    let lasts = time::show_span(meeting.arranged.lasts);
    Due {
        day: zone.day_of(meeting.changed_at),
        at: meeting.changed_at,
        moved_from: None,
        provisional: false,
        notice: None,
        reasoning: vec![
            format!("Meeting {} is on {begins} ({lasts}).", meeting.id),
            format!("It was {noted} on {}: its confirmation is due since then.", zone.show(meeting.changed_at)),
            "It leaves before the meeting begins, or not at all.".to_owned(),
        ],
    }
}
