//! The mailbox is read beside the rounds: on its own bell, and whenever a letter waits for it.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::adapters::store::Store;
use crate::ports::{Archive, Clock, Mailbox};
use crate::steps::collect::{CollectError, CollectRequest, Collected, collect};
use crate::steps::filing::Clerk;
use crate::steps::sent_copies::file_copies;
use crate::vocabulary::Day;

/// A wish for the mailbox to be read, shared by the rounds and whoever reads it.
#[derive(Debug, Clone, Default)]
pub struct MailWanted(Arc<Notify>);

impl MailWanted {
    pub fn ask(&self) {
        // One that nobody waits for is remembered: the next to wait returns at once.
        self.0.notify_one();
    }

    pub async fn asked(&self) {
        self.0.notified().await;
    }
}

/// Reads the mailbox, and files copies of what was sent.
#[derive(Debug)]
pub struct Collector<C, M, A> {
    pub store: Store,
    pub clock: C,
    /// `None`: answers are entered by hand, and only copies are filed.
    pub mailbox: Option<M>,
    pub clerk: Clerk,
    /// From when on, the first time.
    pub since: Day,
    /// Where copies of sent letters go, where the settings ask for them.
    pub archive: Option<A>,
}

impl<C: Clock, M: Mailbox, A: Archive> Collector<C, M, A> {
    /// Reads what is new. What was stored before a failure stays stored, and is told.
    pub async fn collect(&mut self) -> (Collected, Result<(), CollectError>) {
        let mut collected = Collected::default();
        let Some(mailbox) = &mut self.mailbox else { return (collected, Ok(())) };
        let watched = mailbox.name();
        let request = CollectRequest { clerk: &self.clerk, since: Some(self.since), watched: Some(&watched) };
        let outcome = collect(&self.store, mailbox, &self.clock, &request, &mut collected, |_, _| {}).await;
        for entered in &collected.mail.entered {
            tracing::info!(entry = entered.entry, kind = %entered.kind, in_pen = entered.under.is_none(), "mail");
        }
        for id in &collected.mail.bounced {
            tracing::warn!(dispatch = %id, "bounced: correct the address, plan, and retry it");
        }
        (collected, outcome)
    }

    /// Files copies of what was sent. Why some wait, if they do.
    pub async fn file_copies(&mut self) -> Option<String> {
        let archive = self.archive.as_mut()?;
        match file_copies(&self.store, archive, &self.clock).await {
            Ok(copies) => copies.fault.map(|fault| fault.to_string()),
            Err(error) => Some(error.root()),
        }
    }
}
