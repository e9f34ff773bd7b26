//! The scheduler rings; what is due, the database says.
//!
//! tokio-cron-scheduler keeps the offset of the day on which a job was registered, doubles and shifts firings around clock
//! changes, and forgets those of a suspended machine. So a firing means nothing by itself: it starts a round, and a round asks the
//! database. A late, doubled or shifted bell is harmless, and a second one rings every minute in UTC in case the first is silent.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::vocabulary::Zone;

/// The bell of a round.
pub struct Bell {
    scheduler: JobScheduler,
    rings: mpsc::Receiver<()>,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

/// Second 0 of every minute.
const EVERY_MINUTE: &str = "0 * * * * *";

/// How long nobody rings at most.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);

impl Bell {
    /// Rings as `expression` says, read in `zone`, and once a minute besides.
    ///
    /// # Errors
    /// When the scheduler does not take the expression.
    pub async fn hang(expression: &str, zone: Zone) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        // Room for one: a bell that rings while a round is on means one more round, not several.
        let (ring, rings) = mpsc::channel(1);
        scheduler.add(job(expression, zone, ring.clone())?).await?;
        scheduler.add(job(EVERY_MINUTE, Zone::UTC, ring)?).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, rings })
    }

    /// Returns when it rings, and after [`LONGEST_SILENCE`] anyhow: the scheduler goes by the wall clock, and is silent for a day
    /// when that was set back by a day.
    pub async fn rings(&mut self) {
        // Were the scheduler ever to die, rounds go on at a slower pace instead of without a pause.
        if let Ok(None) = tokio::time::timeout(LONGEST_SILENCE, self.rings.recv()).await {
            tracing::error!("the scheduler is gone; looking without it");
            tokio::time::sleep(LONGEST_SILENCE).await;
        }
    }

    pub async fn take_down(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not shut down");
        }
    }
}

fn job(expression: &str, zone: Zone, ring: mpsc::Sender<()>) -> Result<Job, JobSchedulerError> {
    Job::new_async_tz(expression, zone.tz(), move |_, _| {
        let ring = ring.clone();
        Box::pin(async move {
            // Full means that a round is called for already.
            let _full = ring.try_send(());
        })
    })
}
