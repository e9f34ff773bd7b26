//! What a person asks to be forgotten: emptied where it stands, while numbers, times, kinds, delegations and stances stay.

use sea_orm::{ConnectionTrait as _, Value};

use super::dialect::Dialect;
use super::{Store, StoreError, Tx};
use crate::responses::Attachment;
use crate::vocabulary::Instant;

/// What was emptied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Entries of the log.
    pub entries: u64,
    /// Names in `var/attachments`, whose files are then to be removed.
    pub attachments: Vec<String>,
    /// Meetings and next actions that named the address.
    pub others: u64,
}

/// Texts that people write about meetings and actions, and what stands in place of one that names an address.
const TEXTS: [(&str, &str, &str); 8] = [
    ("meetings", "attendees", "[\"(erased)\"]"),
    ("meetings", "ours", "[\"(erased)\"]"),
    ("meetings", "agenda", "(erased)"),
    ("meetings", "place", "(erased)"),
    ("meeting_events", "reason", "(erased)"),
    ("followups", "what", "(erased)"),
    ("followups", "owner", "(erased)"),
    ("followup_events", "note", "(erased)"),
];

impl Tx {
    /// Empties who wrote, what, and what came with it, in every entry that names `address` or was made of a message from it; and
    /// all that is remembered of the address elsewhere. `messages`: incoming mail that names it, whose raw bytes are gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erase(&self, address: &str, messages: &[i64], now: Instant) -> Result<Erased, StoreError> {
        let mut erased = self.erase_entries(address, now).await?;
        self.erase_messages(address, messages, now).await?;
        let pattern = containing(address);
        for (table, column, instead) in TEXTS {
            let sql = format!("UPDATE {table} SET {column} = $2 WHERE LOWER({column}) LIKE $1 ESCAPE '!'");
            let values: Vec<Value> = vec![pattern.clone().into(), instead.into()];
            erased.others += self.tx.execute_raw(self.statement(&sql, values)).await?.rows_affected();
        }
        for table in ["remembered_senders", "doubtful_addresses", "correspondents"] {
            let sql = format!("DELETE FROM {table} WHERE address = $1");
            self.tx.execute_raw(self.statement(&sql, vec![address.to_lowercase().into()])).await?;
        }
        Ok(erased)
    }

    async fn erase_entries(&self, address: &str, now: Instant) -> Result<Erased, StoreError> {
        let names = "(LOWER(COALESCE(from_whom, '')) LIKE $1 ESCAPE '!' OR LOWER(COALESCE(body, '')) LIKE $1 ESCAPE '!' \
                     OR LOWER(COALESCE(subject, '')) LIKE $1 ESCAPE '!' \
                     OR message IN (SELECT key FROM messages WHERE from_address = $2))";
        let wanted: Vec<Value> = vec![containing(address).into(), address.to_lowercase().into()];
        let select = format!("SELECT attachments FROM entries WHERE {names}");
        let mut erased = Erased::default();
        for row in self.tx.query_all_raw(self.statement(&select, wanted.clone())).await? {
            let text: String = row.try_get("", "attachments")?;
            let attachments: Vec<Attachment> =
                serde_json::from_str(&text).map_err(|e| StoreError::row("entries", "attachments", e))?;
            erased.attachments.extend(attachments.into_iter().filter_map(|a| a.sha256));
        }
        let update = format!(
            "UPDATE entries SET from_whom = NULL, subject = NULL, body = NULL, attachments = '[]', erased_at = $3 WHERE {names}"
        );
        let values: Vec<Value> = [wanted, vec![now.millis().into()]].concat();
        erased.entries = self.tx.execute_raw(self.statement(&update, values)).await?.rows_affected();
        Ok(erased)
    }

    /// Of mail that only names the address the writer's name stays; all else that was understood of it is emptied.
    async fn erase_messages(&self, address: &str, messages: &[i64], now: Instant) -> Result<(), StoreError> {
        for batch in messages.chunks(500) {
            let keys = batch.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let sql = format!(
                "UPDATE messages SET erased_at = $1, reading = '{{}}', authenticity_why = NULL, why = NULL, \
                 state = CASE WHEN state IN ('pen', 'new') THEN 'aside' ELSE state END WHERE key IN ({keys})"
            );
            self.tx.execute_raw(self.statement(&sql, vec![now.millis().into()])).await?;
            let sql = format!(
                "UPDATE messages SET from_whom = NULL, from_address = NULL, subject = NULL, message_id = NULL WHERE key IN ({keys}) \
                 AND (from_address = $1 OR LOWER(COALESCE(from_whom, '')) LIKE $2 ESCAPE '!' \
                 OR LOWER(COALESCE(subject, '')) LIKE $2 ESCAPE '!')"
            );
            let values: Vec<Value> = vec![address.to_lowercase().into(), containing(address).into()];
            self.tx.execute_raw(self.statement(&sql, values)).await?;
            let sql = format!("DELETE FROM guesses WHERE message IN ({keys})");
            self.tx.execute_raw(self.statement(&sql, vec![])).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Makes what was emptied unreadable on the disk too: SQLite's journal is written back and cut off, PostgreSQL's dead rows go.
    ///
    /// # Errors
    /// When the database refuses; what was emptied stays emptied.
    pub async fn forget_for_good(&self) -> Result<(), StoreError> {
        let statements: &[&str] = match self.dialect {
            Dialect::Sqlite => &["PRAGMA wal_checkpoint(TRUNCATE)"],
            Dialect::Postgres => &["VACUUM entries", "VACUUM messages", "VACUUM meetings", "VACUUM followups"],
        };
        for statement in statements {
            self.db.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// The wildcards of LIKE occur in addresses (`_`), so they are escaped.
fn containing(address: &str) -> String {
    let quoted = address.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{quoted}%")
}
