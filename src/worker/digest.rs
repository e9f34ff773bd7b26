//! The digest's own bell: beside the rounds, never between a letter and its server.

use chrono::Duration;

use super::bell::Bell;
use super::clock_watch::ClockWatch;
use super::files_watch::{Files, changed_campaigns};
use super::stop::Stop;
use crate::adapters::store::{Slot, Store, StoreError};
use crate::config::workspace::Workspace;
use crate::ports::{Clock, Mailer};
use crate::report::digest::{Digest, Facts};
use crate::schedule::Slots;
use crate::steps::digest::{JOB, Letterhead, gather, post};
use crate::vocabulary::{self, Address, Instant, Zone};

/// How long whoever took a slot may need; then another may try. Longer than a mail server may take for its last answer, which is
/// 10 minutes (RFC 5321, 4.5.3.2.6).
const LEASE: Duration = Duration::minutes(20);

/// How long a slot that failed rests.
const REST: Duration = Duration::minutes(5);

/// Writes to staff, once a slot over all workers.
#[derive(Debug)]
pub struct DigestDesk<C, M, F> {
    pub store: Store,
    pub clock: C,
    /// The worker's own: by a clock in doubt no digest leaves either.
    pub watch: ClockWatch,
    pub mailer: M,
    pub files: F,
    /// `config/demarche.toml` as it was when the worker started.
    pub settings: Option<vocabulary::Digest>,
    pub slots: Slots,
    pub head: Letterhead,
    /// Unique among all workers.
    pub worker: String,
    /// Letters go to a server that is not this machine: then no invented address may be used.
    pub real_server: bool,
}

/// What a look at the clock came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Nothing is to be done now: no slot, or it is done, in another's hand, or resting after a failure.
    Nothing,
    /// The first look of this installation: the slots before it are nobody's.
    Began,
    Sent {
        slot: Instant,
        to: usize,
        failed: Vec<String>,
    },
    Failed {
        slot: Instant,
        why: String,
    },
}

impl<C: Clock, M: Mailer, F: Files> DigestDesk<C, M, F> {
    /// Looks whenever the bell rings, until somebody asks to stop. Nothing that goes wrong here reaches the letters.
    pub async fn run(self, mut bell: Bell, stop: Stop) {
        while !stop.is_asked() {
            match self.look().await {
                Ok(Looked::Sent { slot, to, failed }) => {
                    tracing::info!(%slot, to, "the digest was sent");
                    for why in failed {
                        tracing::error!(%slot, why, "the digest did not go to everybody");
                    }
                }
                Ok(Looked::Failed { slot, why }) => {
                    tracing::error!(%slot, why, "the digest was not sent; it is tried again in some minutes");
                }
                Ok(Looked::Nothing | Looked::Began) => {}
                Err(error) => {
                    tracing::error!(cause = %error.root(), "the database refuses; no digest is sent meanwhile")
                }
            }
            tokio::select! {
                () = bell.rings() => {}
                () = stop.asked() => {}
            }
        }
        bell.take_down().await;
    }

    /// Sends the digest of the newest slot, if nobody has.
    ///
    /// # Errors
    /// When the database refuses. Where it does so after the mail has left, a second mail may follow once the lease is over.
    pub async fn look(&self) -> Result<Looked, StoreError> {
        if self.watch.look(&self.clock, &self.store).await?.is_some() {
            return Ok(Looked::Nothing);
        }
        let now = self.clock.now();
        let Some(at) = self.slots.newest(now) else { return Ok(Looked::Nothing) };
        let slot = Slot { job: JOB, at };
        if !self.store.knows_job(JOB).await? {
            self.store.finish_slot(slot, &self.worker, now).await?;
            return Ok(Looked::Began);
        }
        if !self.store.take_slot(slot, &self.worker, now, LEASE).await? {
            return Ok(Looked::Nothing);
        }
        let fail = async |why: String| {
            self.store.fail_slot(slot, &self.worker, &why, self.clock.now().plus(REST)).await?;
            Ok(Looked::Failed { slot: at, why })
        };
        let Some(snapshot) = self.files.snapshot() else { return fail("there are no files to read".to_owned()).await };
        let workspace = Workspace::read(snapshot, Zone::GENEVA.day_of(now));
        let facts = match self.facts(&workspace, now).await {
            Ok(facts) => facts,
            Err(error) => return fail(error.root()).await,
        };
        let may = |address: &Address| may_get(address, &workspace, self.real_server);
        let posted = post(&self.mailer, &self.head, &Digest::of(&facts), at, now, may).await;
        if posted.sent == 0 {
            return fail(posted.failed.join("; ")).await;
        }
        self.store.finish_slot(slot, &self.worker, now).await?;
        Ok(Looked::Sent { slot: at, to: posted.sent, failed: posted.failed })
    }

    /// What stops a campaign is what stops it in this worker's rounds.
    async fn facts(&self, workspace: &Workspace, now: Instant) -> Result<Facts, StoreError> {
        let facts = gather(&self.store, workspace, self.head.zone, now).await?;
        let blocked = changed_campaigns(&self.store, &self.files, self.settings).await?;
        Ok(Facts { blocked: blocked.into_iter().collect(), ..facts })
    }
}

/// Whether the digest may go there: never to a mission, and over a real server to no invented address.
///
/// # Errors
/// With the reason, in one clause.
pub fn may_get(address: &Address, workspace: &Workspace, real_server: bool) -> Result<(), String> {
    let missions = || workspace.missions.iter().flat_map(|mission| &mission.contacts);
    if missions().any(|contact| contact.email.as_ref() == Some(address)) {
        return Err("this address is in the contact list: the digest goes to staff only".to_owned());
    }
    if real_server && address.is_example() {
        return Err("this is an example address, which reaches nobody".to_owned());
    }
    Ok(())
}
