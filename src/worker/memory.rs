//! What a worker remembers beside the database: each hand-over before it happens, each answer before it counts.

use std::io;

use tokio::task::JoinHandle;

use super::files_watch::Files;
use super::round::Worker;
use crate::adapters::store::StoreError;
use crate::ports::{Clock, Mailer};
use crate::steps::dispatch::InHand;
use crate::steps::reconcile::still_remembers;

impl<C: Clock, M: Mailer, F: Files> Worker<C, M, F> {
    /// Before a round: a database that was put back while this worker ran would send again what has left.
    pub(super) async fn trust(&self) -> Result<(), StoreError> {
        match &self.journal {
            Some(journal) => still_remembers(&self.store, journal).await,
            None => Ok(()),
        }
    }

    /// What is about to leave; without that nothing does.
    pub(super) fn note_claims(&mut self, letters: &[InHand]) -> Result<(), StoreError> {
        let at = self.clock.now();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let lines = letters.iter().map(|l| (&l.letter.dispatch, l.claim.dispatch.message_id.as_str(), l.claim.fence));
        journal.claimed(lines, at).map_err(StoreError::Journal)
    }

    /// Begins to note the answers that have come. Whether it is done, the piece of work says that is given back: it runs beside the
    /// database's commit, for two flushes at once cost little more than one.
    pub(super) fn note_answers(&mut self) -> Result<Option<JoinHandle<io::Result<()>>>, StoreError> {
        let Some(journal) = &mut self.journal else {
            self.state.unwritten.clear();
            return Ok(None);
        };
        if self.state.unwritten.is_empty() {
            return Ok(None);
        }
        journal.ended(&self.state.unwritten).map_err(StoreError::Journal)?;
        Ok(Some(tokio::task::spawn_blocking(journal.flusher())))
    }

    /// Waits until the answers are durable. Those that are not are kept for the next turn.
    pub(super) async fn noted(&mut self, flush: Option<JoinHandle<io::Result<()>>>) -> Result<(), StoreError> {
        let Some(flush) = flush else { return Ok(()) };
        flush.await.map_err(io::Error::other).and_then(|done| done).map_err(StoreError::Journal)?;
        self.state.unwritten.clear();
        Ok(())
    }

    /// After a round: the database remembers how far it knows the journal, so that the next start reads only what is new.
    /// Should that fail, the next start reads more.
    pub(super) async fn tell_how_far(&mut self) {
        let (at, store) = (self.clock.now(), &self.store);
        let Some(journal) = &mut self.journal else { return };
        let told = async {
            let Some(upto) = journal.news().map_err(StoreError::Journal)? else { return Ok(()) };
            if store.advance_journal(journal.id(), upto, at).await? {
                journal.told(upto, at).map_err(StoreError::Journal)?;
            }
            Ok::<(), StoreError>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(cause = %error.root(), "the journal's length was not noted");
        }
    }
}
