//! The book of approvals.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, NotSet, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};

use super::entities::{approval, approval_mail};
use super::{Store, StoreError, Tx, rows};
use crate::outbox::approval::{Approval, Given};
use crate::vocabulary::{Digest, Instant};

/// An approval to be stored.
#[derive(Debug, Clone)]
pub struct NewApproval<'a> {
    pub dispatch: i64,
    pub seal: Digest,
    pub digest: Digest,
    pub due: Instant,
    pub approver: &'a str,
    pub organisation: &'a str,
    pub by: &'a str,
    /// The mail in which a colleague approved.
    pub evidence: Option<&'a [u8]>,
}

/// The mail in which a letter was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalMail {
    pub approver: String,
    /// Of the approval that it belongs to.
    pub seal: String,
    pub message: Vec<u8>,
}

/// Dispatches in one query: far below both databases' limits for parameters.
const ASKED_AT_ONCE: usize = 500;

/// A row without the mail, which may be megabytes.
#[derive(Debug, FromQueryResult)]
struct Row {
    dispatch: i64,
    seal: String,
    digest: String,
    approver: String,
    organisation: String,
    approved_at: i64,
    entered_by: String,
    revoked_at: Option<i64>,
    due: Option<i64>,
    mail: Option<String>,
    /// The mail stands in the row itself, as in databases of the first version.
    inside: bool,
}

impl Row {
    fn read(self) -> Result<Given, StoreError> {
        Ok(Given {
            digest: rows::digest("approvals", &self.digest)?,
            due: self.due.map(Instant::from_millis),
            at: Instant::from_millis(self.approved_at),
            by_mail: self.inside || self.mail.is_some(),
            revoked_at: self.revoked_at.map(Instant::from_millis),
            by: self.entered_by,
            approval: Approval {
                seal: self.seal,
                approver: self.approver,
                organisation: self.organisation,
                revoked: self.revoked_at.is_some(),
            },
        })
    }
}

async fn found(db: &impl ConnectionTrait, dispatches: &[i64]) -> Result<Vec<Row>, StoreError> {
    use approval::Column as C;
    let mut found = Vec::new();
    for batch in dispatches.chunks(ASKED_AT_ONCE) {
        let rows = approval::Entity::find()
            .select_only()
            .columns([C::Dispatch, C::Seal, C::Digest, C::Approver, C::Organisation, C::ApprovedAt])
            .columns([C::EnteredBy, C::RevokedAt, C::Due, C::Mail])
            .expr_as(Expr::col(C::Evidence).is_not_null(), "inside")
            .filter(C::Dispatch.is_in(batch.iter().copied()))
            .order_by_asc(C::Key)
            .into_model::<Row>()
            .all(db);
        found.extend(rows.await?);
    }
    Ok(found)
}

async fn given(db: &impl ConnectionTrait, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Given>>, StoreError> {
    let mut by_dispatch: HashMap<i64, Vec<Given>> = HashMap::new();
    for row in found(db, dispatches).await? {
        by_dispatch.entry(row.dispatch).or_default().push(row.read()?);
    }
    Ok(by_dispatch)
}

fn plain(given: HashMap<i64, Vec<Given>>) -> HashMap<i64, Vec<Approval>> {
    let bare = |given: Vec<Given>| given.into_iter().map(|g| g.approval).collect();
    given.into_iter().map(|(dispatch, given)| (dispatch, bare(given))).collect()
}

impl Tx {
    /// All approvals of these dispatches, by dispatch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn approvals(&self, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Approval>>, StoreError> {
        Ok(plain(given(&self.tx, dispatches).await?))
    }

    /// Stores approvals. One that this approver gave before for the same seal, and took back, is given again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_approvals(&self, approvals: &[NewApproval<'_>], at: Instant) -> Result<(), StoreError> {
        use approval::Column as C;
        let mails = self.keep_mails(approvals).await?;
        for batch in approvals.chunks(200) {
            let rows = batch.iter().map(|new| approval::ActiveModel {
                key: NotSet,
                dispatch: Set(new.dispatch),
                seal: Set(new.seal.to_string()),
                digest: Set(new.digest.to_string()),
                approver: Set(new.approver.to_owned()),
                organisation: Set(new.organisation.to_owned()),
                approved_at: Set(at.millis()),
                entered_by: Set(new.by.to_owned()),
                evidence: Set(None),
                revoked_at: Set(None),
                due: Set(Some(new.due.millis())),
                mail: Set(new.evidence.and_then(|mail| mails.get(mail)).map(ToString::to_string)),
            });
            let again = sea_orm::sea_query::OnConflict::columns([C::Dispatch, C::Seal, C::Approver])
                .update_columns([C::Organisation, C::ApprovedAt, C::EnteredBy, C::Evidence, C::RevokedAt])
                .update_columns([C::Due, C::Mail])
                .to_owned();
            approval::Entity::insert_many(rows).on_conflict(again).exec_without_returning(&self.tx).await?;
        }
        Ok(())
    }

    /// One mail that approves six hundred letters is kept once.
    async fn keep_mails<'a>(&self, approvals: &[NewApproval<'a>]) -> Result<BTreeMap<&'a [u8], Digest>, StoreError> {
        let mut mails: BTreeMap<&[u8], Digest> = BTreeMap::new();
        for mail in approvals.iter().filter_map(|new| new.evidence) {
            mails.entry(mail).or_insert_with(|| Digest::of(mail));
        }
        for (mail, digest) in &mails {
            let row = approval_mail::ActiveModel { digest: Set(digest.to_string()), message: Set((*mail).to_vec()) };
            approval_mail::Entity::insert_many([row])
                .on_conflict_do_nothing_on([approval_mail::Column::Digest])
                .exec_without_returning(&self.tx)
                .await?;
        }
        Ok(mails)
    }

    /// Takes back this approver's approvals of these dispatches. Returns how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revoke_approvals(&self, dispatches: &[i64], approver: &str, at: Instant) -> Result<u64, StoreError> {
        use approval::Column as C;
        let mut taken_back = 0;
        for batch in dispatches.chunks(ASKED_AT_ONCE) {
            let change = approval::ActiveModel { revoked_at: Set(Some(at.millis())), ..Default::default() };
            let done = approval::Entity::update_many()
                .set(change)
                .filter(C::Dispatch.is_in(batch.iter().copied()))
                .filter(C::Approver.eq(approver))
                .filter(C::RevokedAt.is_null())
                .exec(&self.tx)
                .await?;
            taken_back += done.rows_affected;
        }
        Ok(taken_back)
    }
}

impl Store {
    /// As [`Tx::approvals`], for reading commands.
    ///
    /// # Errors
    /// As there.
    pub async fn approvals(&self, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Approval>>, StoreError> {
        Ok(plain(given(&self.db, dispatches).await?))
    }

    /// All approvals of these dispatches with their circumstances, in the order in which they were first given.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn approvals_given(&self, dispatches: &[i64]) -> Result<HashMap<i64, Vec<Given>>, StoreError> {
        given(&self.db, dispatches).await
    }

    /// The mails in which this dispatch was approved, the latest approval last.
    ///
    /// # Errors
    /// When the database refuses; also when a mail is not the one that was kept.
    pub async fn approval_mails(&self, dispatch: i64) -> Result<Vec<ApprovalMail>, StoreError> {
        use approval::Column as C;
        let rows = approval::Entity::find()
            .filter(C::Dispatch.eq(dispatch))
            .filter(C::Mail.is_not_null().or(C::Evidence.is_not_null()))
            .order_by_asc(C::ApprovedAt)
            .order_by_asc(C::Key);
        let mut mails = Vec::new();
        for row in rows.all(&self.db).await? {
            let message = match (row.mail, row.evidence) {
                (Some(digest), _) => self.approval_mail(&digest).await?,
                (None, inside) => inside,
            };
            let message = message.ok_or_else(|| StoreError::row("approval_mails", row.key, "the mail is missing"))?;
            mails.push(ApprovalMail { approver: row.approver, seal: row.seal, message });
        }
        Ok(mails)
    }

    async fn approval_mail(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = approval_mail::Entity::find_by_id(digest.to_owned()).one(&self.db).await?;
        let expected = rows::digest("approval_mails", digest)?;
        match found {
            Some(mail) if Digest::of(&mail.message) != expected => {
                Err(StoreError::row("approval_mails", digest, "its bytes have another digest"))
            }
            found => Ok(found.map(|mail| mail.message)),
        }
    }

    /// The bytes of letters, for each digest. Those that are missing, or are not those of their digest, are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn letters(&self, digests: &[Digest]) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
        super::outbox::messages(&self.db, digests).await
    }
}
