//! What `run` does about the digest: mails it beside the rounds.

use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};

use crate::adapters::clock::SystemClock;
use crate::adapters::store::Store;
use crate::cli::context::Context;
use crate::cli::wiring::Folder;
use crate::config::workspace::Workspace;
use crate::ports::Mailer;
use crate::schedule::Slots;
use crate::steps::digest::Letterhead;
use crate::steps::dispatch::Policy;
use crate::worker::bell::Bell;
use crate::worker::{ClockWatch, DigestDesk, Stop, files_watch};

pub type OurDigest<M> = DigestDesk<SystemClock, M, Folder>;

/// Once somebody has asked to stop, a digest in hand has that long of the worker's 10 s.
const GRACE: Duration = Duration::from_secs(8);

/// Who mails the digest; `None` where nobody is to get one.
pub fn desk<M: Mailer>(
    context: &Context,
    workspace: &Workspace,
    store: &Store,
    mailer: M,
    policy: &Policy,
    watch: &ClockWatch,
) -> Option<OurDigest<M>> {
    let worker = &workspace.installation.as_ref()?.worker;
    let files = Folder(context.folder.clone());
    Some(DigestDesk {
        store: store.clone(),
        clock: context.clock,
        watch: watch.clone(),
        mailer,
        settings: files_watch::settings(&files),
        files,
        slots: Slots::new(worker.digest.as_str(), worker.zone)?,
        head: Letterhead::of(worker)?,
        worker: policy.worker.clone(),
        real_server: policy.real_server,
    })
}

/// Mails digests as the schedule says, until somebody asks to stop. One that is cut off then is sent again by whoever comes next.
pub fn beside<M: Mailer>(desk: Option<OurDigest<M>>, workspace: &Workspace, stop: &Stop) -> Option<JoinHandle<()>> {
    let worker = &workspace.installation.as_ref()?.worker;
    let (desk, expression, zone) = (desk?, worker.digest.as_str().to_owned(), worker.zone);
    let own = stop.clone();
    let digests = tokio::spawn(async move {
        match Bell::hang(&expression, zone).await {
            Ok(bell) => desk.run(bell, own).await,
            Err(error) => tracing::error!(%error, "the schedule of the digest cannot be started"),
        }
    });
    tokio::spawn(cut_off(digests.abort_handle(), stop.clone()));
    Some(digests)
}

async fn cut_off(digests: AbortHandle, stop: Stop) {
    stop.asked().await;
    tokio::time::sleep(GRACE).await;
    digests.abort();
}

/// Returns once the digest in hand has left or was cut off. What went wrong it has said itself.
pub async fn ended(digests: Option<JoinHandle<()>>) {
    if let Some(digests) = digests {
        let _cut_off = digests.await;
    }
}
