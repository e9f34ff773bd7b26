//! Moving from one database to another, checked by counts and digests.

use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryOrder as _, Statement,
};

use super::dialect::Dialect;
use super::{Store, StoreError, entities};
use crate::vocabulary::Digest;

/// What was copied of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub table: &'static str,
    pub rows: u64,
    /// Over all rows, in whatever order the database has them.
    pub digest: Digest,
}

/// Rows in one statement: far below both databases' limits for parameters (32,766 and 65,535).
const ROWS_AT_ONCE: u64 = 200;

/// Runs one piece of code for every table, in the order of [`migrations::TABLES`].
macro_rules! each_table {
    ($run:ident) => {
        $run!(installation, "installation", [Id]);
        $run!(plan, "plans", [Campaign]);
        $run!(planned_file, "planned_files", [Campaign, File]);
        $run!(fixed_milestone, "fixed_milestones", [Campaign, Milestone]);
        $run!(letter, "letters", [Digest]);
        $run!(dispatch, "dispatches", [Key]);
        $run!(approval_mail, "approval_mails", [Digest]);
        $run!(approval, "approvals", [Key]);
        $run!(attempt, "attempts", [Key]);
        $run!(history, "history", [Key]);
        $run!(mailbox, "mailboxes", [Name]);
        $run!(message, "messages", [Key]);
        $run!(mail_place, "mail_places", [Mailbox, Validity, Place]);
        $run!(guess, "guesses", [Message, Place]);
        $run!(correspondent, "correspondents", [Address, Delegation]);
        $run!(remembered_sender, "remembered_senders", [Address]);
        $run!(doubtful_address, "doubtful_addresses", [Address]);
        $run!(entry, "entries", [Key]);
        $run!(meeting, "meetings", [Key]);
        $run!(meeting_event, "meeting_events", [Key]);
        $run!(followup, "followups", [Key]);
        $run!(followup_event, "followup_events", [Key]);
        $run!(slot, "slots", [Job, Slot]);
        $run!(pace, "pace", [Domain, Second, Worker]);
        $run!(sending_pause, "sending_pauses", [Via]);
    };
}

impl Store {
    /// Copies everything into `to`, which must be empty, in one transaction, and compares both sides row by row.
    ///
    /// # Errors
    /// When `to` holds anything, when a letter is in some worker's hand, or when the two sides differ afterwards; then `to`
    /// is left as it was.
    pub async fn copy_to(&self, to: &Self) -> Result<Vec<Copied>, StoreError> {
        if self.anything_in_hand().await? {
            return Err(StoreError::Copy(
                "a worker has a letter in hand; stop it, and start it once more so that nothing is left in hand",
            ));
        }
        for copied in to.fingerprints().await? {
            if copied.rows > 0 {
                return Err(StoreError::Copy("the database to copy into is not empty"));
            }
        }
        let tx = to.begin().await?;
        macro_rules! copy {
            ($entity:ident, $table:literal, [$($column:ident),+]) => {
                let mut query = entities::$entity::Entity::find();
                $(query = query.order_by_asc(entities::$entity::Column::$column);)+
                let mut pages = query.paginate(&self.db, ROWS_AT_ONCE);
                while let Some(rows) = pages.fetch_and_next().await? {
                    if !rows.is_empty() {
                        let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
                        entities::$entity::Entity::insert_many(rows).exec_without_returning(&tx.tx).await?;
                    }
                }
            };
        }
        each_table!(copy);
        if to.dialect == Dialect::Postgres {
            let numbered =
                ["dispatches", "approvals", "attempts", "history", "messages", "entries", "meetings", "meeting_events"];
            for table in numbered.into_iter().chain(["followups", "followup_events"]) {
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', 'key'), (SELECT COALESCE(MAX(key), 0) + 1 FROM {table}), false)"
                );
                tx.tx.query_one_raw(Statement::from_string(tx.tx.get_database_backend(), sql)).await?;
            }
        }
        let copied = fingerprints(&tx.tx).await?;
        let original = self.fingerprints().await?;
        if let Some((there, _)) = copied.iter().zip(&original).find(|(there, here)| there != here) {
            return Err(StoreError::row(
                there.table,
                "copy",
                "the copy differs from the original; nothing was kept of it",
            ));
        }
        tx.commit().await?;
        Ok(original)
    }

    /// Row count and digest of every table.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fingerprints(&self) -> Result<Vec<Copied>, StoreError> {
        fingerprints(&self.db).await
    }
}

async fn fingerprints(db: &impl sea_orm::ConnectionTrait) -> Result<Vec<Copied>, StoreError> {
    let mut all = Vec::new();
    macro_rules! fingerprint {
        ($entity:ident, $table:literal, [$($column:ident),+]) => {
            let mut query = entities::$entity::Entity::find();
            $(query = query.order_by_asc(entities::$entity::Column::$column);)+
            let mut pages = query.paginate(db, ROWS_AT_ONCE);
            // The two databases may sort words differently, which is no difference in content.
            let mut digests: Vec<Digest> = Vec::new();
            while let Some(page) = pages.fetch_and_next().await? {
                for row in page {
                    // Debug of a plain row names every column and value.
                    digests.push(Digest::of(format!("{row:?}").as_bytes()));
                }
            }
            digests.sort_unstable();
            let digest = Digest::of_parts(digests.iter().map(|digest| digest.bytes().as_slice()));
            all.push(Copied { table: $table, rows: digests.len() as u64, digest });
        };
    }
    each_table!(fingerprint);
    Ok(all)
}
