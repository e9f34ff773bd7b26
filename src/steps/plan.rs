//! `plan`: what is stored, what would be now, and the difference.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::adapters::store::{DispatchFilter, DoubtfulAddress, MeetingFilter, Move, PlanRecord, Store, StoreError, Tx};
use crate::config::sections::campaign::CampaignFile;
use crate::config::workspace::{CONTACTS, Workspace};
use crate::outbox::approval::{Approval, holds};
use crate::outbox::revision::{Difference, Revision, revise};
use crate::outbox::token::token;
use crate::outbox::{Dispatch, Draft, Event, Status, Via, Wish};
use crate::responses::Meeting;
use crate::steps::ahead::Ahead;
use crate::steps::draft::{Drafted, Drafter, Drafting, LeftOutRow, Override, Wanted};
use crate::steps::meetings::{agreed, agreed_meetings};
use crate::steps::reconcile::remember_lost;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, CampaignId, DispatchId, Instant, LetterName, StateCode, StepId, Zone};

/// One line of the difference from last time.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    pub id: DispatchId,
    /// `new`, `removed`, `approval void`, `held`, `let go`, or what differs: `due`, `text`, `to` …
    pub what: String,
    /// Of `new` and `due`: RFC 3339 in UTC.
    pub before: String,
    pub after: String,
    /// Of `due`: what moved it, in one clause.
    pub because: Option<String>,
}

/// What a plan found, and, unless it was dry, stored.
#[derive(Debug)]
pub struct Planned {
    pub drafted: Drafted,
    pub drafts: Vec<Draft>,
    /// As stored before the plan.
    pub before: Vec<Dispatch>,
    /// As stored after the plan; empty for a dry one.
    pub stored: Vec<Dispatch>,
    pub changes: Vec<Change>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the files are at fault")]
    Problems(Vec<Problem>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who plans, when, and whether anything is to be stored.
#[derive(Debug)]
pub struct PlanRequest<'a> {
    pub workspace: &'a Workspace,
    pub file: &'a CampaignFile,
    pub by: &'a str,
    pub now: Instant,
    pub dry: bool,
}

/// Drafts the campaign and stores what changed. Running it again changes nothing.
///
/// # Errors
/// Every problem of the files at once: then nothing is stored.
pub async fn plan(store: &Store, request: &PlanRequest<'_>) -> Result<Planned, PlanError> {
    let campaign = &request.file.campaign;
    let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() };
    let stored = store.dispatches(&filter).await?;
    let secret: String = store.secret(request.now).await?;
    let fixed = store.fixed_milestones(&campaign.id).await?;
    let overrides = overrides(&stored);
    let meetings = agreed_meetings(store, &campaign.id).await?;
    let drafting = Drafting {
        workspace: request.workspace,
        file: request.file,
        secret: &secret,
        fixed: &fixed,
        meetings: &meetings,
        overrides: &overrides,
    };
    let mut ahead = Ahead::new(store, &stored);
    let mut drafts = Vec::new();
    let everything = Wanted::default();
    let mut drafter = Drafter::new(&drafting, &everything);
    while let Some(letters) = drafter.step() {
        drafts.extend(letters.into_iter().map(|letter| ahead.without_bytes(letter.draft)));
        if request.dry {
            ahead.drop_all();
        } else {
            ahead.keep_many().await?;
        }
    }
    let mut drafted = drafter.end();
    drafted.problems.extend(vanished(&stored, &drafts, request.file, &meetings));
    drafted.problems.extend(doubtful(&drafts, &stored, &store.doubtful_addresses().await?));
    if drafted.problems.iter().any(Problem::is_error) {
        ahead.forget().await?;
        return Err(PlanError::Problems(drafted.problems));
    }
    let found = Found { drafted, drafts, meetings, secret };
    let planned = write(store, request, found, &ahead).await;
    if planned.is_err()
        && let Err(why) = ahead.forget().await
    {
        tracing::warn!(%why, "letters of a plan that failed stay in the database");
    }
    planned
}

/// What was drafted, and from what.
struct Found {
    drafted: Drafted,
    drafts: Vec<Draft>,
    meetings: Vec<Meeting>,
    secret: String,
}

/// Stores what changed, all of it or nothing.
async fn write(
    store: &Store,
    request: &PlanRequest<'_>,
    found: Found,
    ahead: &Ahead<'_>,
) -> Result<Planned, PlanError> {
    let Found { drafted, drafts, meetings, secret } = found;
    let campaign = &request.file.campaign;
    let filter = DispatchFilter { campaign: Some(campaign.id.clone()), ..DispatchFilter::default() };
    let tx = store.begin().await?;
    // What was moved meanwhile must not be confirmed as it was.
    let of_campaign = MeetingFilter { campaign: Some(campaign.id.clone()), ..MeetingFilter::default() };
    if agreed(tx.meetings(&of_campaign).await?) != meetings {
        return Err(StoreError::Changed("a meeting of this campaign".to_owned()).into());
    }
    // Read again inside the transaction: a worker may have moved something meanwhile.
    let stored = tx.dispatches(&filter).await?;
    if !request.dry {
        tx.keep_letters(&ahead.rest()).await?;
    }
    let (changes, now_stored) = reconcile(&tx, &stored, &drafts, request).await?;
    if request.dry {
        return Ok(Planned { drafted, drafts, before: stored, stored: Vec::new(), changes });
    }
    tx.give_tokens(&campaign.id, |id| token(&secret, id)).await?;
    if !changes.is_empty()
        && let Some(digest) = tx.without_bytes(&campaign.id).await?
    {
        return Err(StoreError::Changed(format!("the letter {digest}")).into());
    }
    // An earlier plan may have been killed while it kept letters ahead: the next one of that size sweeps behind it.
    if ahead.kept_some() {
        tx.forget_unnamed_letters().await?;
    }
    let record = PlanRecord {
        campaign: campaign.id.clone(),
        title: campaign.title.clone(),
        planned_at: request.now,
        planned_by: request.by.to_owned(),
        approvals_wanted: campaign.approvals,
        zone: campaign.zone,
        files_changed: None,
    };
    let letters: Vec<LetterName> = campaign.steps.iter().map(|step| step.letter.clone()).collect();
    let files = request.workspace.snapshot.digests(&campaign.id, &letters);
    tx.save_plan(&record, &files, &drafted.fixed).await?;
    tx.note_correspondents(&correspondents(request.workspace)).await?;
    tx.commit().await?;
    Ok(Planned { drafted, drafts, before: stored, stored: now_stored, changes })
}

/// Everybody in the contact list, whether written to or not: any of them may answer.
fn correspondents(workspace: &Workspace) -> Vec<(StateCode, Address)> {
    let all = workspace.missions.iter().flat_map(|mission| mission.contacts.iter().map(|row| (mission.state, row)));
    all.filter_map(|(state, row)| row.email.clone().map(|address| (state, address))).collect()
}

/// What outlives a plan, of every stored dispatch.
pub fn overrides(stored: &[Dispatch]) -> HashMap<DispatchId, Override> {
    let known = |d: &Dispatch| Override {
        due: d.due_override,
        only_to: d.only_to.clone(),
        message_id: d.message_id.parse().ok(),
        accepted: d.accepted.clone(),
        left: matches!(d.status, Status::Sent | Status::Bounced).then(|| (d.due, d.subject.clone())),
    };
    stored.iter().map(|d| (d.id.clone(), known(d))).collect()
}

/// Letters still to leave that go to an address of which an earlier one came back.
fn doubtful(drafts: &[Draft], stored: &[Dispatch], returned: &[DoubtfulAddress]) -> Vec<Problem> {
    let left: HashSet<&DispatchId> =
        stored.iter().filter(|row| row.status == Status::Sent).map(|row| &row.id).collect();
    let ahead: Vec<&Draft> = drafts.iter().filter(|draft| !left.contains(&draft.id)).collect();
    let mut problems = Vec::new();
    for doubt in returned {
        let to = |draft: &&&Draft| {
            draft.recipients.to.iter().chain(&draft.recipients.cc).any(|address| address.key() == doubt.address)
        };
        let Some(first) = ahead.iter().find(to) else { continue };
        let message = format!(
            "a letter to {} came back: {}; {} goes there too",
            doubt.address,
            doubt.status.as_deref().unwrap_or("no code"),
            first.id
        );
        problems.push(
            Problem::warning(message)
                .in_file(CONTACTS)
                .help("correct the address, or leave the row as it is if you know better"),
        );
    }
    problems
}

/// A step or a State with an attempt has vanished from the files: what was sent would no longer be explained by them.
fn vanished(stored: &[Dispatch], drafts: &[Draft], file: &CampaignFile, meetings: &[Meeting]) -> Vec<Problem> {
    let there: HashSet<&DispatchId> = drafts.iter().map(|d| &d.id).collect();
    // What confirmed a meeting before it was moved, cancelled or held, is explained by the meeting's history.
    let of_before = |dispatch: &Dispatch| {
        let confirmed = file.campaign.steps.iter().find_map(|step| step.confirms(&dispatch.id.step));
        confirmed.is_some_and(|(id, sequence)| !meetings.iter().any(|m| m.id == id && m.sequence == sequence))
    };
    let gone: Vec<&Dispatch> =
        stored.iter().filter(|d| d.attempts > 0 && !there.contains(&d.id) && !of_before(d)).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> = gone.iter().take(5).map(|d| d.id.to_string()).collect();
    let more = gone.len().saturating_sub(named.len());
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let problem = Problem::error(format!(
        "letters that were handed over already have vanished from the files: {}{and_more}",
        named.join(", ")
    ));
    let help = "put the step, the contact or the selector back; to stop what is still to come, use `demarche cancel`";
    vec![problem.in_file(file.source.file.clone()).help(help)]
}

/// Gives what changed, and all dispatches as they are stored then; those are read again only where that is not known.
async fn reconcile(
    tx: &Tx,
    stored: &[Dispatch],
    drafts: &[Draft],
    request: &PlanRequest<'_>,
) -> Result<(Vec<Change>, Vec<Dispatch>), StoreError> {
    let by_id: HashMap<&DispatchId, &Dispatch> = stored.iter().map(|d| (&d.id, d)).collect();
    let there: HashSet<&DispatchId> = drafts.iter().map(|d| &d.id).collect();
    let mut changes = Vec::new();
    let mut new = Vec::new();
    let mut moved = false;
    for draft in drafts {
        let Some(row) = by_id.get(&draft.id) else {
            changes.push(change(&draft.id, "new", "", &draft.due.to_string()));
            new.push(draft);
            continue;
        };
        if is_out(row) {
            // What its guards object to now must not leave as it is, should it come back.
            let plan_again = row.seal != draft.seal() || !row.rewritten(draft).open_objections().is_empty();
            if plan_again != row.wish.plan_again && !request.dry {
                moved = true;
                tx.set_wish(row.key, &Wish { plan_again, ..row.wish.clone() }).await?;
            }
            if plan_again && !row.wish.plan_again {
                changes.push(change(&draft.id, "differs while it is out", row.status.as_str(), ""));
            }
            continue;
        }
        if row.wish.plan_again && row.seal == draft.seal() && !request.dry {
            // The files say again what was approved: nothing is left to plan anew.
            moved = true;
            tx.set_wish(row.key, &Wish { plan_again: false, ..row.wish.clone() }).await?;
        }
        if let Revision::Rewrite { differences, event } = revise(row, draft) {
            changes.extend(
                differences
                    .iter()
                    .map(|d| Change { because: d.because.clone(), ..change(&draft.id, d.what, &d.before, &d.after) }),
            );
            if !request.dry {
                moved = true;
                tx.rewrite(row, draft, request.now).await?;
            }
            // What the guards are about to hold is no longer approved either way.
            let guarded = !row.rewritten(draft).open_objections().is_empty();
            if let Some(event) = event {
                let cause = differences.iter().map(told).collect::<Vec<_>>().join(", ");
                if event == Event::Unapprove {
                    changes.push(change(&draft.id, "approval void", row.status.as_str(), Status::Planned.as_str()));
                }
                if !request.dry && !guarded {
                    let reason = format!("changed since its approval: {cause}");
                    tx.apply(&Move::new(row, event, request.by, request.now).because(reason)).await?;
                }
            }
        }
    }
    // What a person cancelled stays cancelled, even where the files no longer ask for it.
    let gone: Vec<Dispatch> = stored
        .iter()
        .filter(|d| !there.contains(&d.id) && d.attempts == 0 && d.status != Status::Cancelled)
        .cloned()
        .collect();
    changes.extend(gone.iter().map(|d| change(&d.id, "removed", d.status.as_str(), "")));
    if request.dry {
        changes.extend(would_be_guarded(&by_id, drafts));
        let weighed = weigh_approvals(tx, stored, &changes, request).await?;
        changes.extend(weighed);
        return Ok((changes, Vec::new()));
    }
    let added = tx.add_dispatches(&new, request.by, request.now).await?;
    tx.remove_dispatches(&gone).await?;
    moved |= remember_lost(tx, &request.file.campaign.id, request.by, request.now).await?;
    // As they are now: a correction that was put back has its old approvals again.
    let filter = DispatchFilter { campaign: Some(request.file.campaign.id.clone()), ..DispatchFilter::default() };
    let now_stored = if moved {
        tx.dispatches(&filter).await?
    } else {
        let gone: HashSet<i64> = gone.iter().map(|d| d.key).collect();
        let left = stored.iter().filter(|d| !gone.contains(&d.key)).cloned();
        let mut all: Vec<Dispatch> = left.chain(added).collect();
        // As the database gives them; the sort is stable.
        all.sort_by(|a, b| (a.position, a.id.delegation.as_str()).cmp(&(b.position, b.id.delegation.as_str())));
        all
    };
    let (now_stored, held) = guard(tx, now_stored, &filter, request).await?;
    changes.extend(held);
    let weighed = weigh_approvals(tx, &now_stored, &[], request).await?;
    let now_stored = if weighed.is_empty() { now_stored } else { tx.dispatches(&filter).await? };
    changes.extend(weighed);
    Ok((changes, now_stored))
}

/// Holds what the guards object to, and lets go what they held and object to no more. Gives the dispatches as they are then.
async fn guard(
    tx: &Tx,
    stored: Vec<Dispatch>,
    filter: &DispatchFilter,
    request: &PlanRequest<'_>,
) -> Result<(Vec<Dispatch>, Vec<Change>), StoreError> {
    let mut changes = Vec::new();
    let mut moves = Vec::new();
    for dispatch in &stored {
        let Some((event, reason)) = dispatch.after_planning() else { continue };
        changes.push(guard_change(&dispatch.id, dispatch.status, event, reason.as_deref()));
        moves.push(Move { reason, ..Move::new(dispatch, event, request.by, request.now) });
    }
    tx.apply_all(&moves).await?;
    let stored = if changes.is_empty() { stored } else { tx.dispatches(filter).await? };
    Ok((stored, changes))
}

/// What [`guard`] would do, for a plan that stores nothing.
fn would_be_guarded(stored: &HashMap<&DispatchId, &Dispatch>, drafts: &[Draft]) -> Vec<Change> {
    let change = |draft: &Draft| match stored.get(&draft.id) {
        Some(row) => {
            let (event, reason) = row.rewritten(draft).after_planning()?;
            Some(guard_change(&draft.id, row.status, event, reason.as_deref()))
        }
        None => {
            let first = draft.objections.first()?;
            Some(change(&draft.id, "held", Status::Planned.as_str(), first))
        }
    };
    drafts.iter().filter_map(change).collect()
}

fn guard_change(id: &DispatchId, before: Status, event: Event, reason: Option<&str>) -> Change {
    match event {
        Event::Clear => change(id, "let go", before.as_str(), Status::Planned.as_str()),
        _ => change(id, "held", before.as_str(), reason.unwrap_or("")),
    }
}

/// A letter that may come back as it is: in hand, uncertain, or in a file only.
fn is_out(dispatch: &Dispatch) -> bool {
    matches!(dispatch.status, Status::Sending | Status::Uncertain)
        || (dispatch.status == Status::Sent && dispatch.via == Some(Via::Files))
}

/// Letters whose approvals are no longer enough, because the campaign asks for more or for other approvers, and those whose
/// approvals are enough now. Letters among `changes` are left out.
async fn weigh_approvals(
    tx: &Tx,
    stored: &[Dispatch],
    changes: &[Change],
    request: &PlanRequest<'_>,
) -> Result<Vec<Change>, StoreError> {
    let campaign = &request.file.campaign;
    let changed: HashSet<&DispatchId> = changes.iter().map(|change| &change.id).collect();
    let leaving = |d: &&Dispatch| {
        matches!(d.status, Status::Planned | Status::Approved | Status::Deferred) && !changed.contains(&d.id)
    };
    let leaving: Vec<&Dispatch> = stored.iter().filter(leaving).collect();
    let keys: Vec<i64> = leaving.iter().map(|d| d.key).collect();
    let approvals = tx.approvals(&keys).await?;
    let mut voided = Vec::new();
    let mut moves = Vec::new();
    for dispatch in leaving {
        let may = |a: &&Approval| {
            campaign.approvers.iter().any(|known| known.name == a.approver && known.organisation == a.organisation)
        };
        let given: Vec<Approval> = approvals.get(&dispatch.key).into_iter().flatten().filter(may).cloned().collect();
        let enough = holds(&given, &dispatch.seal.to_string(), campaign.approvals);
        if dispatch.status == Status::Planned {
            // Fewer approvals are asked for than before, and these are there.
            if enough {
                voided.push(change(&dispatch.id, "approved", dispatch.status.as_str(), Status::Approved.as_str()));
                moves.push(Move::new(dispatch, Event::Approve, request.by, request.now));
            }
            continue;
        }
        if enough {
            continue;
        }
        voided.push(change(&dispatch.id, "approval void", dispatch.status.as_str(), Status::Planned.as_str()));
        let reason = format!("the campaign asks for {} approvals of its approvers", campaign.approvals);
        moves.push(Move::new(dispatch, Event::Unapprove, request.by, request.now).because(reason));
    }
    if !request.dry {
        tx.apply_all(&moves).await?;
    }
    Ok(voided)
}

fn change(id: &DispatchId, what: &str, before: &str, after: &str) -> Change {
    Change { id: id.clone(), what: what.to_owned(), before: before.to_owned(), after: after.to_owned(), because: None }
}

/// `due (hrc:37.opens moved from 2018-02-26 to 2018-02-19)`
fn told(difference: &Difference) -> String {
    let because = difference.because.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{}{because}", difference.what)
}

/// Changes gathered by what happened, so that `plan` prints one line a cause: "letter: 192 letters: text changed". The times
/// are those of `zone`.
pub fn causes(changes: &[Change], zone: Zone) -> Vec<(StepId, String, Vec<&Change>)> {
    let mut told: Vec<(StepId, String, Vec<&Change>)> = Vec::new();
    let mut places: HashMap<(&StepId, String), usize> = HashMap::new();
    for change in changes {
        let cause = cause(change, zone);
        let place = *places.entry((&change.id.step, cause.clone())).or_insert(told.len());
        match told.get_mut(place) {
            Some((_, _, changes)) => changes.push(change),
            None => told.push((change.id.step.clone(), cause, vec![change])),
        }
    }
    told
}

/// Letters with the same cause are told together, so it has nothing in it that differs from letter to letter, as digests do.
fn cause(change: &Change, zone: Zone) -> String {
    let at = |text: &str| text.parse().map_or_else(|_| text.to_owned(), |due| zone.show_with_weekday(due));
    let Change { before, after, .. } = change;
    match change.what.as_str() {
        "new" => format!("new, leaves {}", at(after)),
        "removed" => "removed: the files no longer ask for it".to_owned(),
        "approval void" => "no longer approved".to_owned(),
        "held" => "held for its words".to_owned(),
        "let go" => "no longer held: planned".to_owned(),
        "reply tokens" => format!("reply tokens turned {after}"),
        "approved" => "approved by enough approvers now".to_owned(),
        "differs while it is out" => {
            format!("{before} with other bytes than the files give now; should it come back it is planned again")
        }
        "due" => {
            let because = change.because.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
            format!("leaves {} → {}{because}", at(before), at(after))
        }
        what @ ("text" | "to" | "cc" | "subject") => format!("{what} changed"),
        what => format!("{what}: {before} → {after}"),
    }
}

/// States that get no letter at all, for the plan's report.
pub fn left_out_everywhere<'a>(rows: &'a [LeftOutRow], campaign: &CampaignId, drafts: &[Draft]) -> Vec<&'a LeftOutRow> {
    let gets: HashSet<_> = drafts.iter().filter(|d| d.id.campaign == *campaign).map(|d| d.id.delegation).collect();
    let mut seen = HashSet::new();
    rows.iter().filter(|row| !gets.contains(&row.delegation) && seen.insert(row.delegation)).collect()
}
