//! Letters to addresses that may not be what they seem: approved alone, by somebody who has seen the domain, and never among many.

use crate::adapters::store::DispatchFilter;
use crate::campaign::{Doubt, Doubts};
use crate::outbox::{Dispatch, Status};

/// A letter that is not approved in bulk, and why.
#[derive(Debug, Clone)]
pub struct Doubtful {
    pub dispatch: Dispatch,
    pub doubts: Vec<Doubt>,
}

/// Takes the doubtful ones out of what waits for approval, unless the selection names their delegation and no other. The manifest
/// is made of what is left, so an approval by mail of all letters does not cover them either.
pub fn set_aside(
    dispatches: Vec<Dispatch>,
    doubts: &Doubts,
    selection: &DispatchFilter,
) -> (Vec<Dispatch>, Vec<Doubtful>) {
    if selection.delegations.first().is_some_and(|one| selection.delegations.iter().all(|other| other == one)) {
        return (dispatches, Vec::new());
    }
    let (mut kept, mut aside) = (Vec::with_capacity(dispatches.len()), Vec::new());
    for dispatch in dispatches {
        let found = if dispatch.status == Status::Planned { about(&dispatch, doubts) } else { Vec::new() };
        if found.is_empty() {
            kept.push(dispatch);
        } else {
            aside.push(Doubtful { dispatch, doubts: found });
        }
    }
    (kept, aside)
}

/// What there is to look at in a letter's recipients.
pub fn about(dispatch: &Dispatch, doubts: &Doubts) -> Vec<Doubt> {
    doubts.among(dispatch.recipients.to.iter().chain(&dispatch.recipients.cc))
}
