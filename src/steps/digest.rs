//! The digest: facts gathered, and the mail made of them and sent to staff. It touches no dispatch.

use std::sync::Arc;

use crate::adapters::mime::{self, plain};
use crate::adapters::store::{Store, StoreError};
use crate::config::sections::inbox::InboxMode;
use crate::config::sections::installation::Worker;
use crate::config::workspace::Workspace;
use crate::delivery::Verdict;
use crate::letters::MessageId;
use crate::ports::{Courier as _, Mailer, Outgoing};
use crate::report::Needs;
use crate::report::digest::{Digest, Facts, OverdueAction};
use crate::responses::Followup;
use crate::responses::followup::in_order;
use crate::steps::pausing::pause_of;
use crate::steps::summary::summaries;
use crate::vocabulary::{self, Address, DispatchId, Instant, Zone};

/// The job's name in the table of slots.
pub const JOB: &str = "digest";

/// How far back the first digest looks.
const FIRST: chrono::Duration = chrono::Duration::days(1);

/// Who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    pub from: Address,
    /// Each gets a mail of its own, so that one wrong address keeps nothing from the others.
    pub to: Vec<Address>,
    /// In which times are shown.
    pub zone: Zone,
}

impl Letterhead {
    /// `None`: the installation asks for no digest.
    pub fn of(worker: &Worker) -> Option<Self> {
        let from = worker.digest_from.clone()?;
        (!worker.digest_to.is_empty()).then(|| Self { from, to: worker.digest_to.clone(), zone: worker.zone })
    }
}

/// Everything that the digest tells, as of `now`.
///
/// # Errors
/// When the database refuses.
pub async fn gather(store: &Store, workspace: &Workspace, zone: Zone, now: Instant) -> Result<Facts, StoreError> {
    let since = store.last_done(JOB).await?.unwrap_or_else(|| now.minus(FIRST));
    let planned = store.planned_files().await?;
    let summaries = summaries(store, None, &workspace.calendar, now).await?;
    let blocked = summaries.iter().filter_map(|summary| {
        let files = planned.get(&summary.campaign)?;
        Some((summary.campaign.clone(), workspace.snapshot.difference(&summary.campaign, files)?))
    });
    let blocked = blocked.collect();
    let mut attention = Needs::default();
    summaries.into_iter().for_each(|summary| attention.extend(summary.needs_attention));
    let inbox = workspace.installation.as_ref().map(|installation| &installation.inbox);
    let (waiting, oldest) = store.pen().await?;
    let today = Zone::GENEVA.day_of(now);
    let mut overdue = store.overdue_followups(today).await?;
    in_order(&mut overdue);
    let unread_answers = usize::try_from(store.unread_answers().await?).unwrap_or(usize::MAX);
    Ok(Facts {
        pause: pause_of(store, workspace).await?,
        now,
        since,
        zone,
        sent: store.sent_since(since).await?,
        news: store.news_since(since).await?,
        blocked,
        attention,
        waiting_in_pen: usize::try_from(waiting).unwrap_or(usize::MAX),
        oldest_in_pen: oldest,
        unread_answers,
        reads_mail: inbox.is_some_and(|inbox| !matches!(inbox.mode, InboxMode::None)),
        last_collect: store.mail_last_read().await?,
        overdue_actions: overdue.into_iter().map(action).collect(),
    })
}

fn action(followup: Followup) -> OverdueAction {
    let Followup { id, delegation, what, owner, due, .. } = followup;
    OverdueAction { number: id, delegation, what, owner, due }
}

/// What became of a digest's mails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posted {
    /// To how many it went, or may have gone: an answer that never came is no reason to write a second time.
    pub sent: usize,
    /// To whom it did not go, masked, and why.
    pub failed: Vec<String>,
}

/// Mails the digest of that slot. Whom the mail may not go to is among the failures.
pub async fn post<M: Mailer>(
    mailer: &M,
    head: &Letterhead,
    digest: &Digest,
    slot: Instant,
    now: Instant,
    may: impl Fn(&Address) -> Result<(), String>,
) -> Posted {
    let mut posted = Posted::default();
    let mut courier = mailer.courier();
    for (number, to) in head.to.iter().enumerate() {
        let outgoing = may(to).and_then(|()| outgoing(head, digest, slot, now, number, to));
        let verdict = match outgoing {
            Ok(outgoing) => courier.hand_over(&outgoing).await,
            Err(why) => {
                posted.failed.push(format!("{}: {why}", to.masked()));
                continue;
            }
        };
        match verdict {
            Verdict::Taken { .. } | Verdict::Unknown { .. } => posted.sent += 1,
            other => posted.failed.push(format!("{}: {}", to.masked(), other.summary())),
        }
    }
    courier.close().await;
    posted
}

fn outgoing(
    head: &Letterhead,
    digest: &Digest,
    slot: Instant,
    now: Instant,
    number: usize,
    to: &Address,
) -> Result<Outgoing, String> {
    let message = plain::compose(&plain::Plain {
        message_id: message_id(head, slot, to)?,
        from: head.from.clone(),
        to: to.clone(),
        subject: digest.subject.clone(),
        text: digest.text.clone(),
    });
    let message = message.map_err(|e| e.to_string())?;
    Ok(Outgoing {
        dispatch: stand_in(head.zone, slot, number)?,
        sender: head.from.clone(),
        to: vec![to.clone()],
        cc: Vec::new(),
        message: Arc::from(mime::with_date(&message, now, head.zone)),
        last_try: true,
    })
}

/// The same for one slot and one person, so that a mail that came twice is one.
fn message_id(head: &Letterhead, slot: Instant, to: &Address) -> Result<MessageId, String> {
    let parts = [JOB.as_bytes(), slot.to_string().as_bytes(), to.key().as_bytes()].map(<[u8]>::to_vec);
    let name = vocabulary::Digest::of_parts(parts.iter().map(Vec::as_slice));
    let hex: String = name.bytes()[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("<{hex}@{}>", head.from.domain()).parse().map_err(|e| format!("{e}"))
}

/// A digest belongs to no dispatch; in `files` mode this names its file, as `digest_2018-02-05-080000-0_ALL.eml`.
fn stand_in(zone: Zone, slot: Instant, number: usize) -> Result<DispatchId, String> {
    let local = slot.utc().with_timezone(&zone.tz());
    format!("{JOB}/{}-{number}/ALL", local.format("%Y-%m-%d-%H%M%S")).parse()
}
