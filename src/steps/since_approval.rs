//! What differs in letters from what was last approved of them.

use std::collections::{HashMap, HashSet};

use crate::adapters::mime::reading;
use crate::adapters::store::{Store, StoreError};
use crate::outbox::approval::{Given, last_given, seal};
use crate::outbox::comparison::{Group, Version, compare, grouped};
use crate::outbox::{Dispatch, Draft, Token};
use crate::vocabulary::{Digest, DispatchId};

/// Letters compared with what was approved of them.
#[derive(Debug, Default)]
pub struct Changed {
    /// Those that differ, by what differs.
    pub groups: Vec<Group>,
    /// Those that differ, but the old bytes are gone from the database.
    pub unreadable: Vec<DispatchId>,
    /// Those that are as they were approved.
    pub same: usize,
    /// Those that nobody ever approved.
    pub never_approved: usize,
}

impl Changed {
    pub fn number(&self) -> usize {
        self.groups.iter().map(|group| group.letters.len()).sum::<usize>() + self.unreadable.len()
    }

    /// All that differ.
    pub fn letters(&self) -> HashSet<&DispatchId> {
        self.groups.iter().flat_map(|group| &group.letters).chain(&self.unreadable).collect()
    }
}

/// A letter as it would leave: as the files say now, or as it is stored.
struct Now<'a> {
    dispatch: &'a Dispatch,
    draft: Option<&'a Draft>,
    seal: Digest,
    digest: Digest,
}

impl<'a> Now<'a> {
    fn new(dispatch: &'a Dispatch, drafts: &HashMap<&DispatchId, &'a Draft>) -> Self {
        let draft = drafts.get(&dispatch.id).copied();
        Self {
            dispatch,
            draft,
            seal: draft.map_or(dispatch.seal, Draft::seal),
            digest: draft.map_or(dispatch.digest, |draft| draft.digest),
        }
    }
}

/// Letters read and compared at once: with their attachments they may be large.
const AT_ONCE: usize = 50;

/// Compares letters with their last approval, by whomever and whether it was taken back since or not; by `who`, where that
/// approver has given one. `drafts`: letters as the files say now; those that are not among them are compared as they are stored.
///
/// # Errors
/// When the database refuses.
pub async fn since_approval(
    store: &Store,
    dispatches: &[Dispatch],
    given: &HashMap<i64, Vec<Given>>,
    who: Option<&str>,
    drafts: &HashMap<&DispatchId, &Draft>,
) -> Result<Changed, StoreError> {
    let mut changed = Changed::default();
    let mut differing: Vec<(Now<'_>, &Given)> = Vec::new();
    for dispatch in dispatches {
        let now = Now::new(dispatch, drafts);
        match given.get(&dispatch.key).and_then(|given| last_given(given, who)) {
            None => changed.never_approved += 1,
            Some(last) if last.approval.seal == now.seal.to_string() => changed.same += 1,
            Some(last) => differing.push((now, last)),
        }
    }
    let mut compared = Vec::new();
    for batch in differing.chunks(AT_ONCE) {
        let wanted: HashSet<Digest> = batch.iter().flat_map(|(now, last)| [now.digest, last.digest]).collect();
        let bytes = store.letters(&wanted.into_iter().collect::<Vec<_>>()).await?;
        for (now, last) in batch {
            let id = &now.dispatch.id;
            let before = bytes.get(&last.digest).and_then(|message| reading::read(message));
            let message = now.draft.map(|draft| &draft.message).or_else(|| bytes.get(&now.digest));
            let after = message.and_then(|message| reading::read(message));
            let (Some(before), Some(after)) = (before, after) else {
                changed.unreadable.push(id.clone());
                continue;
            };
            let due = now.draft.map_or(now.dispatch.due, |draft| draft.due);
            let before = Version { due: last.due, ..without_what_is_its_own(before, id) };
            let after = Version { due: Some(due), ..without_what_is_its_own(after, id) };
            match compare(&before, &after, due_changed(now, last), now.digest == last.digest) {
                Some(changes) => compared.push((id.clone(), changes)),
                None => changed.same += 1,
            }
        }
    }
    changed.groups = grouped(compared);
    Ok(changed)
}

/// An old row does not say which time was approved; with the same bytes its seal still tells whether it is another one.
fn due_changed(now: &Now<'_>, last: &Given) -> bool {
    let (due, sender, recipients) = match now.draft {
        Some(draft) => (draft.due, &draft.sender, &draft.recipients),
        None => (now.dispatch.due, &now.dispatch.sender, &now.dispatch.recipients),
    };
    match last.due {
        Some(before) => before != due,
        None => {
            now.digest == last.digest
                && seal(last.digest, &sender.to_string(), recipients, due).to_string() != last.approval.seal
        }
    }
}

/// The letter's own PDF is named by day and delegation, and its reply token is no other letter's: either would make every
/// letter's change another one.
fn without_what_is_its_own(mut version: Version, id: &DispatchId) -> Version {
    for address in &mut version.reply_to {
        if let Some(token) = address.parse().ok().as_ref().and_then(Token::in_address) {
            *address = address.replace(token.as_str(), "TOKEN");
        }
    }
    let own = format!("-{}.pdf", id.delegation);
    for file in version.attached.iter_mut().filter(|file| file.name.ends_with(&own)) {
        "the letter as PDF".clone_into(&mut file.name);
    }
    version
}
