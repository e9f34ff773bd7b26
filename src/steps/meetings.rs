//! Meetings: agreed, moved, cancelled, held, confirmed. What was to confirm a time that no longer holds is stopped in the same
//! transaction.

use chrono::Duration;

use crate::adapters::store::{DispatchFilter, MeetingFilter, MeetingMove, Move, Store, StoreError, Tx};
use crate::campaign::{MilestoneRef, Mission};
use crate::config::workspace::Workspace;
use crate::inbox::{CalendarAnswer, Kind};
use crate::outbox::{Event, Status, Stop, Via};
use crate::responses::confirming::weigh;
use crate::responses::meeting::{USUAL_LENGTH, uid};
use crate::responses::{
    Action, Arrangement, Happening, Meeting, MeetingError, MeetingState, NewEntry, NewFollowup, NewMeeting, NoAnswer,
    Stance, Weighed,
};
use crate::vocabulary::{AskId, CampaignId, DispatchId, Instant};

/// Why a meeting was not changed.
#[derive(Debug, thiserror::Error)]
pub enum MeetingRefused {
    #[error("there is no meeting {0}")]
    Unknown(i64),
    #[error(transparent)]
    Rule(#[from] MeetingError),
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who changes a meeting, when, and why.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub by: &'a str,
    pub now: Instant,
    pub reason: Option<&'a str>,
}

/// A meeting after its change, and the letters about it.
#[derive(Debug)]
pub struct Changed {
    pub before: Meeting,
    pub meeting: Meeting,
    /// Letters of confirmation that do not leave any more.
    pub stopped: Vec<DispatchId>,
    /// Letters of confirmation that the mission has already, or may have.
    pub left: Vec<DispatchId>,
}

/// Adds a meeting.
///
/// # Errors
/// When the database refuses.
pub async fn add_meeting(store: &Store, meeting: &NewMeeting, now: Instant) -> Result<i64, StoreError> {
    // Its name in calendars is made from the secret, which is there from now on.
    store.secret(now).await?;
    let tx = store.begin().await?;
    let id = tx.add_meeting(meeting, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// What a move changes; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Relocation {
    pub at: Option<Instant>,
    pub lasts: Option<Duration>,
    pub place: Option<String>,
}

impl Relocation {
    fn of(&self, now: &Arrangement) -> Arrangement {
        Arrangement {
            at: self.at.unwrap_or(now.at),
            lasts: self.lasts.unwrap_or(now.lasts),
            place: self.place.clone().unwrap_or_else(|| now.place.clone()),
        }
    }
}

/// Moves a meeting to another time or place.
///
/// # Errors
/// When there is no such meeting, it is over, or nothing would change.
pub async fn move_meeting(store: &Store, id: i64, to: &Relocation, how: Change<'_>) -> Result<Changed, MeetingRefused> {
    change(store, id, Happening::Moved, how, |meeting| meeting.moved(to.of(&meeting.arranged), how.now)).await
}

/// Cancels a meeting.
///
/// # Errors
/// When there is no such meeting, or it is over.
pub async fn cancel_meeting(store: &Store, id: i64, how: Change<'_>) -> Result<Changed, MeetingRefused> {
    change(store, id, Happening::Cancelled, how, |meeting| meeting.cancelled(how.now)).await
}

async fn change(
    store: &Store,
    id: i64,
    what: Happening,
    how: Change<'_>,
    rule: impl FnOnce(&Meeting) -> Result<Meeting, MeetingError>,
) -> Result<Changed, MeetingRefused> {
    let tx = store.begin().await?;
    let before = tx.meeting(id).await?.ok_or(MeetingRefused::Unknown(id))?;
    let meeting = rule(&before)?;
    let event = MeetingMove { what, by: how.by, reason: how.reason, entry: None, now: how.now };
    tx.change_meeting(&before, &meeting, &event).await?;
    let (stopped, left) = stop_confirmations(&tx, &before, what, how).await?;
    tx.commit().await?;
    Ok(Changed { before, meeting, stopped, left })
}

/// Ends the letters that were to confirm the meeting as it was. One that is out is ended should it come back.
async fn stop_confirmations(
    tx: &Tx,
    meeting: &Meeting,
    what: Happening,
    how: Change<'_>,
) -> Result<(Vec<DispatchId>, Vec<DispatchId>), StoreError> {
    let about = MilestoneRef::Meeting(meeting.id).to_string();
    let filter = DispatchFilter {
        campaign: Some(meeting.campaign.clone()),
        delegations: vec![meeting.delegation],
        ..DispatchFilter::default()
    };
    let reason = format!("meeting {} was {}", meeting.id, what.as_str());
    let (mut stopped, mut left) = (Vec::new(), Vec::new());
    for dispatch in tx.dispatches(&filter).await?.into_iter().filter(|d| d.milestone == about) {
        match dispatch.status {
            Status::Cancelled => {}
            Status::Sent if dispatch.via != Some(Via::Files) => left.push(dispatch.id),
            // One that went to a file may come back too.
            Status::Sent | Status::Sending | Status::Uncertain => {
                let mut wish = dispatch.wish.clone();
                wish.stop(Stop::Cancel, how.by, &reason);
                tx.set_wish(dispatch.key, &wish).await?;
                left.push(dispatch.id);
            }
            _ => {
                tx.apply(&Move::new(&dispatch, Event::Cancel, how.by, how.now).because(reason.clone())).await?;
                stopped.push(dispatch.id);
            }
        }
    }
    Ok((stopped, left))
}

/// What was said at a meeting, and what follows from it.
#[derive(Debug, Clone)]
pub struct Minutes {
    pub text: String,
    pub stance: Option<Stance>,
    pub ask: Option<AskId>,
    pub actions: Vec<Action>,
}

/// A meeting that was held.
#[derive(Debug)]
pub struct Held {
    pub meeting: Meeting,
    /// The entry of the log.
    pub entry: i64,
    pub followups: Vec<i64>,
}

/// Notes that a meeting was held: its minutes become an entry of the log, which stops reminders, and its actions follow-ups, all in one
/// transaction.
///
/// # Errors
/// When there is no such meeting, it is over, or has not begun.
pub async fn hold_meeting(
    store: &Store,
    id: i64,
    minutes: &Minutes,
    by: &str,
    now: Instant,
) -> Result<Held, MeetingRefused> {
    let known = store.meeting(id).await?.ok_or(MeetingRefused::Unknown(id))?;
    let answers = store.last_letter_to(known.delegation, Some(&known.campaign)).await?;
    let tx = store.begin().await?;
    let before = tx.meeting(id).await?.ok_or(MeetingRefused::Unknown(id))?;
    before.may_be_held(now)?;
    let entry = tx.add_entry(&entry(&before, minutes, answers.map(|(key, _)| key), by), now).await?;
    let meeting = before.held(entry, now)?;
    let event = MeetingMove { what: Happening::Held, by, reason: None, entry: Some(entry), now };
    tx.change_meeting(&before, &meeting, &event).await?;
    stop_confirmations(&tx, &before, Happening::Held, Change { by, now, reason: None }).await?;
    let mut followups = Vec::new();
    for action in &minutes.actions {
        let new = NewFollowup {
            campaign: meeting.campaign.clone(),
            delegation: meeting.delegation,
            action: action.clone(),
            meeting: Some(id),
            entry: Some(entry),
            by: by.to_owned(),
        };
        followups.push(tx.add_followup(&new, now).await?);
    }
    tx.commit().await?;
    Ok(Held { meeting, entry, followups })
}

fn entry(meeting: &Meeting, minutes: &Minutes, answers: Option<i64>, by: &str) -> NewEntry {
    NewEntry {
        at: meeting.arranged.at,
        campaign: Some(meeting.campaign.clone()),
        delegation: Some(meeting.delegation),
        dispatch: answers,
        kind: Kind::Meeting,
        stance: minutes.stance,
        ask: minutes.ask.clone(),
        from: Some(meeting.theirs.join(", ")).filter(|names| !names.is_empty()),
        subject: meeting.agenda.clone(),
        text: Some(minutes.text.clone()),
        matched_by: "by-hand",
        confidence: "certain",
        attachments: Vec::new(),
        message: None,
        corrects: None,
        by: by.to_owned(),
    }
}

/// A person has read the mission's answer to an invitation: it goes into the meeting's history, and an acceptance of the meeting as
/// it stands confirms it. Nothing else is changed by it.
///
/// # Errors
/// When there is no such meeting, or the answer is none to it.
pub async fn confirm_meeting(
    store: &Store,
    id: i64,
    entry: i64,
    answer: &CalendarAnswer,
    by: &str,
    now: Instant,
) -> Result<(Meeting, Weighed), MeetingRefused> {
    let tx = store.begin().await?;
    let before = tx.meeting(id).await?.ok_or(MeetingRefused::Unknown(id))?;
    let weighed = weigh(&before, answer)?;
    let confirmed = match weighed {
        Weighed::Accepted => Some(before.sequence),
        // They have thought better of it.
        Weighed::Declined | Weighed::Tentative | Weighed::Countered(_) => None,
        Weighed::Outdated { .. } => before.confirmed,
    };
    let meeting = Meeting { confirmed, ..before.clone() };
    let outdated = match weighed {
        Weighed::Outdated { answered, .. } => Some(format!("it answers version {answered} of the invitation")),
        _ => None,
    };
    let event = MeetingMove {
        what: Happening::Answered(weighed.noted()),
        by,
        reason: outdated.as_deref(),
        entry: Some(entry),
        now,
    };
    tx.change_meeting(&before, &meeting, &event).await?;
    tx.commit().await?;
    Ok((meeting, weighed))
}

/// Those that are still to take place, or whose minutes are missing.
pub fn agreed(meetings: Vec<Meeting>) -> Vec<Meeting> {
    meetings.into_iter().filter(|meeting| meeting.still_agreed().is_ok()).collect()
}

/// The meetings of a campaign that letters are to confirm.
///
/// # Errors
/// When the database refuses.
pub async fn agreed_meetings(store: &Store, campaign: &CampaignId) -> Result<Vec<Meeting>, StoreError> {
    let filter = MeetingFilter { campaign: Some(campaign.clone()), ..MeetingFilter::default() };
    Ok(agreed(store.meetings(&filter).await?))
}

/// Meetings that nobody has agreed, one with each mission of the contact list, a week after `now`: for `check`, and for a letter that a
/// colleague is to see. Every second has an agenda.
pub fn sample_meetings(workspace: &Workspace, campaign: &CampaignId, now: Instant) -> Vec<Meeting> {
    let one = |(n, mission): (i64, &Mission)| Meeting {
        id: n,
        campaign: campaign.clone(),
        delegation: mission.state,
        arranged: Arrangement {
            at: now.plus(Duration::days(7)),
            lasts: USUAL_LENGTH,
            place: "Palais des Nations, room XX".to_owned(),
        },
        theirs: Vec::new(),
        ours: Vec::new(),
        agenda: (n % 2 == 1).then(|| "The joint letter, and what your delegation makes of it".to_owned()),
        state: MeetingState::Agreed,
        uid: uid("", n),
        sequence: 0,
        changed_at: now,
        confirmed: None,
        entry: None,
        by: "sample".to_owned(),
    };
    (1..).zip(&workspace.missions).map(one).collect()
}
