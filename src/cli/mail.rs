//! What commands need to read and file incoming mail.

use std::collections::HashSet;

use chrono::Duration;
use secrecy::SecretString;

use super::answer::CliError;
use super::context::{Context, shown};
use super::{reading, wiring};
use crate::adapters::shelf::Shelf;
use crate::adapters::store::Store;
use crate::config::sections::inbox::{Inbox, InboxMode};
use crate::config::workspace::Workspace;
use crate::outbox::token::Token;
use crate::steps::filing::Clerk;
use crate::vocabulary::{Address, Day, Zone};

/// Before a first letter has left nothing older than this can be an answer.
const FIRST_READING_DAYS: i64 = 30;

impl Context {
    /// `var/mail`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn shelf(&self) -> Result<Shelf, CliError> {
        let folder = self.path("var/mail");
        Shelf::open(&folder).map_err(|e| {
            CliError::world(
                format!("incoming mail cannot be kept in {}: {e}", shown(&folder)),
                "look at the rights of var/, and whether the disk is full",
            )
        })
    }

    /// Who files, and with what.
    ///
    /// # Errors
    /// As [`Context::shelf`].
    pub fn clerk(&self, workspace: &Workspace) -> Result<Clerk, CliError> {
        Ok(Clerk {
            shelf: self.shelf()?,
            understand: reading::understand(receiving_server(workspace)),
            own: self.own_addresses(workspace),
            by: self.by.clone(),
        })
    }

    /// Addresses that are ours, in small letters: mail from them answers nobody.
    pub fn own_addresses(&self, workspace: &Workspace) -> HashSet<String> {
        let campaigns = workspace.campaigns.iter().map(|file| &file.campaign);
        let mut own: Vec<&Address> = campaigns
            .flat_map(|campaign| std::iter::once(&campaign.from.address).chain(campaign.reply_to.as_ref()))
            .collect();
        if let Some(installation) = &workspace.installation {
            own.extend(&installation.worker.digest_from);
        }
        // What is a mission's address by mistake of somebody stays the mission's.
        let theirs: HashSet<String> = workspace
            .missions
            .iter()
            .flat_map(|mission| &mission.contacts)
            .filter_map(|row| row.email.as_ref().map(Address::key))
            .collect();
        own.into_iter().map(|address| Token::off(address).key()).filter(|key| !theirs.contains(key)).collect()
    }

    /// From which day on a mailbox is read the first time: as the settings say, else the day before the first letter left.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mail_since(&self, workspace: &Workspace, store: &Store) -> Result<Day, CliError> {
        if let Some(day) = inbox(workspace).and_then(|inbox| inbox.since) {
            return Ok(day);
        }
        let first = match store.first_attempt().await? {
            Some(at) => at.minus(Duration::days(1)),
            None => self.now().minus(Duration::days(FIRST_READING_DAYS)),
        };
        Ok(Zone::GENEVA.day_of(first))
    }
}

fn inbox(workspace: &Workspace) -> Option<&Inbox> {
    workspace.installation.as_ref().map(|installation| &installation.inbox)
}

/// The server whose `Authentication-Results` are believed.
pub fn receiving_server(workspace: &Workspace) -> Option<String> {
    inbox(workspace)?.receiving_server.clone()
}

/// The name of the mailbox that answers are read from; no password is asked for.
pub fn mailbox_name(context: &Context, workspace: &Workspace) -> Option<String> {
    use crate::ports::Mailbox as _;
    match &inbox(workspace)?.mode {
        InboxMode::None => None,
        InboxMode::Imap(imap) => Some(wiring::imap_account(imap, SecretString::default()).url()),
        InboxMode::Maildir(path) => Some(wiring::maildir(context, path).name()),
    }
}
