//! The clock, looked at before every turn: while it is in doubt no letter is handed out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Duration;

use crate::adapters::store::{Store, StoreError};
use crate::ports::Clock;
use crate::schedule::{Anchor, ClockTrust, Doubt, Reading};
use crate::vocabulary::Instant;

/// How often the database server is asked for its hour; in between its clock is taken to go on.
const ASK_DATABASE: Duration = Duration::seconds(5);

/// What one worker knows of the clocks, shared by its rounds and its digest. Where a clock has no count of the time since the
/// machine's start, as the rehearsal's, nothing is doubted.
#[derive(Debug, Clone, Default)]
pub struct ClockWatch(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    trust: ClockTrust,
    doubt: Option<Doubt>,
    database: Option<Anchor>,
}

impl ClockWatch {
    pub fn remembering(trust: ClockTrust) -> Self {
        Self(Arc::new(Mutex::new(Watched { trust, ..Watched::default() })))
    }

    /// Reads all clocks and judges them. `Some`: why nothing may leave now.
    ///
    /// # Errors
    /// When the database does not say what time it is.
    pub async fn look(&self, clock: &impl Clock, store: &Store) -> Result<Option<String>, StoreError> {
        let Some(up) = clock.up() else { return Ok(None) };
        let known = self.watched().database.filter(|known| up - known.up < ASK_DATABASE);
        let database = match known {
            Some(_) => known,
            None => store.hour().await?.map(|wall| Anchor { wall, up }),
        };
        // Asked for last, so that a server that is slow to answer makes no difference of its own.
        let (wall, up) = (clock.now(), clock.up().unwrap_or(up));
        let mut watched = self.watched();
        watched.database = database;
        let reading = Reading { wall, up, database: database.map(|theirs| hour_now(theirs, up)) };
        let doubt = watched.trust.judge(&reading);
        match (&watched.doubt, &doubt) {
            (None, Some(doubt)) => tracing::error!("nothing is sent: {doubt}"),
            (Some(_), None) => tracing::warn!(hour = %wall, "the clock makes sense again: letters leave"),
            _ => {}
        }
        watched.doubt = doubt;
        Ok(watched.doubt.as_ref().map(ToString::to_string))
    }

    /// What the next run is to remember, and why the clock is in doubt now.
    pub fn known(&self) -> (Option<Anchor>, Option<String>) {
        let watched = self.watched();
        (watched.trust.known(), watched.doubt.as_ref().map(ToString::to_string))
    }

    /// Whoever died with it in hand has left it whole: every change is one assignment.
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hour_now(known: Anchor, up: Duration) -> Instant {
    known.wall.plus(up - known.up)
}
