//! Moving from one database to another, checked by counts and digests.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, EntityTrait as _, IdenStatic as _, IntoActiveModel as _, Iterable as _,
    ModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement, Value,
};

use super::dialect::{self, Dialect};
use super::transaction::Transaction;
use super::{Store, StoreError, Tx, entities};
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

/// Bytes of rows in one statement, roughly: letters may carry whole files.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// Rows of tables whose rows may be large, in one query.
const LARGE_ROWS_AT_ONCE: u64 = 20;

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
        $run!(journal, "journals", [Id]);
        $run!(lost_letter, "lost_letters", [Campaign, Step, Delegation]);
        $run!(sending_pause, "sending_pauses", [Via]);
    };
}

/// The next rows of a table behind `$last`, by its key: no row is skipped over twice, however many there are.
macro_rules! next_rows {
    ($db:expr, $entity:ident, $table:literal, [$($column:ident),+], $last:ident) => {{
        use entities::$entity::Column as C;
        let mut query = entities::$entity::Entity::find();
        $(query = query.order_by_asc(C::$column);)+
        if let Some(last) = &$last {
            let key = [$(Expr::col(C::$column)),+];
            let behind: Vec<Expr> = [$(C::$column),+].map(|column| Expr::value(entities::$entity::Model::get(last, column))).into();
            query = query.filter(Expr::tuple(key).gt(Expr::tuple(behind)));
        }
        let most = if ["letters", "approval_mails"].contains(&$table) { LARGE_ROWS_AT_ONCE } else { ROWS_AT_ONCE };
        query.limit(most).all($db).await?
    }};
}

/// The sum of all rows' digests, modulo 2^256: the two databases may sort words differently, which is no difference in content,
/// and a sum needs no memory.
#[derive(Debug, Default)]
struct Sum {
    rows: u64,
    digits: [u8; 32],
}

impl Sum {
    /// The debug form of a plain row names every column and value.
    fn add(&mut self, row: &str) {
        self.rows += 1;
        let mut carry = 0_u16;
        for (digit, more) in self.digits.iter_mut().zip(Digest::of(row.as_bytes()).bytes()).rev() {
            let sum = u16::from(*digit) + u16::from(*more) + carry;
            carry = sum >> 8;
            *digit = sum.to_be_bytes()[1];
        }
    }

    fn of(self, table: &'static str) -> Copied {
        let digest = Digest::of_parts([self.rows.to_be_bytes().as_slice(), &self.digits]);
        Copied { table, rows: self.rows, digest }
    }
}

impl Store {
    /// Copies everything into `to`, which must be empty, in one transaction, and compares both sides row by row. Meanwhile nobody
    /// writes to either.
    ///
    /// # Errors
    /// When `to` holds anything, when a worker has a letter in hand or is connected to this PostgreSQL, when a table or a column
    /// would be left behind, or when the two sides differ afterwards; then `to` is left as it was.
    pub async fn copy_to(&self, to: &Self) -> Result<Vec<Copied>, StoreError> {
        if let Some(table) = first_that_holds_anything(&to.db).await? {
            return Err(StoreError::CopyInto(table));
        }
        let here = self.begin().await?;
        if dialect::workers_connected(&here.tx, self.dialect).await? > 0 {
            return Err(StoreError::Copy("a worker is connected to the database to copy from; stop it first"));
        }
        if here.anything_in_hand().await? {
            return Err(StoreError::Copy(
                "a worker has a letter in hand; stop it, and start it once more so that nothing is left in hand",
            ));
        }
        let lineage = to.lineage().await?;
        let there = to.begin().await?;
        for (tx, dialect) in [(&here.tx, self.dialect), (&there.tx, to.dialect)] {
            nothing_is_left_behind(tx, dialect).await?;
        }
        if let Some(table) = first_that_holds_anything(&there.tx).await? {
            return Err(StoreError::CopyInto(table));
        }
        let mut originals = Vec::new();
        macro_rules! copy {
            ($entity:ident, $table:literal, $key:tt) => {
                let mut sum = Sum::default();
                let mut last: Option<entities::$entity::Model> = None;
                loop {
                    let rows = next_rows!(&here.tx, $entity, $table, $key, last);
                    let Some(end) = rows.last() else { break };
                    last = Some(end.clone());
                    let (mut batch, mut bytes) = (Vec::new(), 0);
                    for row in rows {
                        let shown = format!("{row:?}");
                        sum.add(&shown);
                        bytes += shown.len();
                        batch.push(row.into_active_model().reset_all());
                        if bytes > BYTES_AT_ONCE {
                            let full = std::mem::take(&mut batch);
                            entities::$entity::Entity::insert_many(full).exec_without_returning(&there.tx).await?;
                            bytes = 0;
                        }
                    }
                    if !batch.is_empty() {
                        entities::$entity::Entity::insert_many(batch).exec_without_returning(&there.tx).await?;
                    }
                }
                originals.push(sum.of($table));
            };
        }
        each_table!(copy);
        dialect::number_on(&there.tx, to.dialect).await?;
        let copied = fingerprints(&there.tx).await?;
        if let Some((there, _)) = copied.iter().zip(&originals).find(|(there, here)| there != here) {
            return Err(StoreError::row(
                there.table,
                "copy",
                "the copy differs from the original; nothing was kept of it",
            ));
        }
        if let Some(lineage) = &lineage {
            // What was checked a moment ago was not put back.
            there.note_lineage(lineage).await?;
        }
        there.commit().await?;
        Ok(originals)
    }

    /// Row count and digest of every table.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fingerprints(&self) -> Result<Vec<Copied>, StoreError> {
        fingerprints(&self.db).await
    }
}

async fn fingerprints(db: &impl ConnectionTrait) -> Result<Vec<Copied>, StoreError> {
    let mut all = Vec::new();
    macro_rules! fingerprint {
        ($entity:ident, $table:literal, $key:tt) => {
            let mut sum = Sum::default();
            let mut last: Option<entities::$entity::Model> = None;
            loop {
                let rows = next_rows!(db, $entity, $table, $key, last);
                let Some(end) = rows.last() else { break };
                last = Some(end.clone());
                for row in &rows {
                    sum.add(&format!("{row:?}"));
                }
            }
            all.push(sum.of($table));
        };
    }
    each_table!(fingerprint);
    Ok(all)
}

async fn first_that_holds_anything(db: &impl ConnectionTrait) -> Result<Option<&'static str>, StoreError> {
    for table in migrations::TABLES {
        let sql = format!("SELECT 1 AS one FROM {table} LIMIT 1");
        if db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?.is_some() {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// A table or a column that a change of the schema has brought, and that the code above does not copy, would be lost in silence.
async fn nothing_is_left_behind(tx: &Transaction, dialect: Dialect) -> Result<(), StoreError> {
    let mut copied: Vec<(&str, String)> = Vec::new();
    macro_rules! columns {
        ($entity:ident, $table:literal, $key:tt) => {
            copied.extend(entities::$entity::Column::iter().map(|column| ($table, column.as_str().to_owned())));
        };
    }
    each_table!(columns);
    for (table, column) in dialect::columns(tx, dialect).await? {
        let known = copied.iter().any(|(t, c)| *t == table && *c == column);
        if !known && !migrations::NOT_COPIED.contains(&table.as_str()) {
            return Err(StoreError::row("the schema", format!("{table}.{column}"), "it would not be copied"));
        }
    }
    Ok(())
}

impl Tx {
    async fn anything_in_hand(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM dispatches WHERE status = 'sending' LIMIT 1";
        Ok(self.tx.query_one_raw(self.statement(sql, Vec::<Value>::new())).await?.is_some())
    }
}
