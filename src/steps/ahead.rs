//! What a plan keeps before it is stored as a whole: the bytes of new letters.

use std::collections::HashMap;

use crate::adapters::store::{Store, StoreError};
use crate::outbox::{Dispatch, Draft};
use crate::vocabulary::{Digest, DispatchId};

/// The bytes of letters that are new, on their way to the database. Those that it has already need not wait in memory.
#[derive(Debug)]
pub struct Ahead<'a> {
    store: &'a Store,
    stored: HashMap<DispatchId, Digest>,
    waiting: Vec<(Digest, Vec<u8>)>,
    /// Unit: bytes.
    weight: usize,
    kept: Vec<Digest>,
}

/// Unit: bytes. A campaign with fewer is stored in one transaction; one with more keeps its letters beforehand, so many at once.
const IN_MEMORY: usize = 16 * 1024 * 1024;

impl<'a> Ahead<'a> {
    /// `stored`: what is planned already.
    pub fn new(store: &'a Store, stored: &[Dispatch]) -> Self {
        let stored = stored.iter().map(|row| (row.id.clone(), row.digest)).collect();
        Self { store, stored, waiting: Vec::new(), weight: 0, kept: Vec::new() }
    }

    /// The draft without its bytes; but one that differs from what is stored needs them, to say how.
    pub fn without_bytes(&mut self, mut draft: Draft) -> Draft {
        match self.stored.get(&draft.id) {
            Some(digest) if *digest != draft.digest => {}
            known => {
                let bytes = std::mem::take(&mut draft.message);
                if known.is_none() {
                    self.weight += bytes.len();
                    self.waiting.push((draft.digest, bytes));
                }
            }
        }
        draft
    }

    /// Keeps them where there are many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_many(&mut self) -> Result<(), StoreError> {
        if self.weight >= IN_MEMORY {
            self.store.keep_ahead(&self.waiting).await?;
            self.kept.extend(self.waiting.drain(..).map(|(digest, _)| digest));
            self.weight = 0;
        }
        Ok(())
    }

    /// Nobody wants to keep them.
    pub fn drop_all(&mut self) {
        self.waiting.clear();
    }

    /// Those that were not kept yet.
    pub fn rest(&self) -> Vec<(Digest, &Vec<u8>)> {
        self.waiting.iter().map(|(digest, bytes)| (*digest, bytes)).collect()
    }

    /// Whether some are in the database already, without a dispatch that names them.
    pub fn kept_some(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The plan failed: what was kept for it goes, where nobody else needs it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget(&self) -> Result<(), StoreError> {
        if self.kept.is_empty() { Ok(()) } else { self.store.forget_letters(&self.kept).await }
    }
}
