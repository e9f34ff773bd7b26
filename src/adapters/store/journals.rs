//! What the database remembers of each worker's journal, and the letters that a journal knew better.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, NotSet, QueryFilter as _, Set, Statement, Value,
};

use super::entities::{attempt, dispatch, journal, lost_letter};
use super::{Store, StoreError, Tx};
use crate::delivery::remembrance::{Forgotten, HandedOver, KnownJournal};
use crate::outbox::{Dispatch, Status, Via};
use crate::vocabulary::{CampaignId, DispatchId, Instant};

/// A dispatch as a journal is compared with it.
#[derive(Debug, Clone)]
pub struct ClaimedAs {
    pub key: i64,
    pub id: DispatchId,
    pub status: Status,
    /// The number of its last claim.
    pub fence: i64,
}

impl Store {
    /// # Errors
    /// When the database refuses.
    pub async fn journals(&self) -> Result<Vec<KnownJournal>, StoreError> {
        let rows = journal::Entity::find().all(&self.db).await?;
        Ok(rows.into_iter().map(known).collect())
    }

    /// # Errors
    /// When the database refuses.
    pub async fn journal(&self, id: &str) -> Result<Option<KnownJournal>, StoreError> {
        Ok(journal::Entity::find_by_id(id).one(&self.db).await?.map(known))
    }

    /// A worker's round has ended: nothing up to `checked` is unknown here. Only where that is news, and for a journal that is
    /// known; `false`: it was not. The number never falls, whoever of several workers comes first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn advance_journal(&self, id: &str, checked: u64, now: Instant) -> Result<bool, StoreError> {
        let sql = "UPDATE journals SET checked = $2, noted_at = $3 WHERE id = $1 AND checked <= $2";
        let values: Vec<Value> = vec![id.into(), bytes(checked).into(), now.millis().into()];
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        Ok(self.db.execute_raw(statement).await?.rows_affected() == 1)
    }

    /// These dispatches, as far as they exist, in one query. A few hundred at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claimed_as(&self, ids: &[DispatchId]) -> Result<Vec<ClaimedAs>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Value> = Vec::with_capacity(ids.len() * 3);
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let first = values.len() + 1;
            rows.push(format!("(${}, ${}, ${})", first, first + 1, first + 2));
            values.extend([id.campaign.as_str().into(), id.step.as_str().into(), id.delegation.as_str().into()]);
        }
        let sql = format!(
            "SELECT d.key, d.campaign, d.step, d.delegation, d.status, d.fence FROM (VALUES {}) AS wanted \
             JOIN dispatches d ON d.campaign = wanted.column1 AND d.step = wanted.column2 AND d.delegation = wanted.column3",
            rows.join(", ")
        );
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        let mut found = Vec::with_capacity(ids.len());
        for row in self.db.query_all_raw(statement).await? {
            let key: i64 = row.try_get("", "key")?;
            let text = |column: &str| row.try_get::<String>("", column);
            let name = format!("{}/{}/{}", text("campaign")?, text("step")?, text("delegation")?);
            found.push(ClaimedAs {
                key,
                id: name.parse().map_err(|e| StoreError::row("dispatches", key, e))?,
                status: text("status")?.parse().map_err(|e| StoreError::row("dispatches", key, e))?,
                fence: row.try_get("", "fence")?,
            });
        }
        Ok(found)
    }

    /// What a journal knows of letters whose claim ended without an answer that the database heard of: for `settle`. Gives how
    /// many have it now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_journal_s_evidence(&self, letters: &[(i64, HandedOver)]) -> Result<u64, StoreError> {
        let sql = "UPDATE attempts SET late_evidence = $1 WHERE dispatch = $2 AND fence = $3 AND late_evidence IS NULL \
                   AND (outcome IS NULL OR outcome = 'unknown') \
                   AND EXISTS (SELECT 1 FROM dispatches d WHERE d.key = $2 AND d.fence = $3 AND d.status = 'uncertain')";
        let mut kept = 0;
        for (key, handed_over) in letters.iter().filter(|(_, handed_over)| handed_over.ended.is_some()) {
            let values: Vec<Value> = vec![handed_over.told().into(), (*key).into(), handed_over.fence.into()];
            let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
            kept += self.db.execute_raw(statement).await?.rows_affected();
        }
        Ok(kept)
    }
}

impl Tx {
    /// Nothing up to `checked` is unknown here; nor up to where it was compared before, if that is further.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_journal(&self, id: &str, place: &str, checked: u64, now: Instant) -> Result<(), StoreError> {
        self.write_journal("", id, place, checked, now).await
    }

    /// A person has looked: as [`Tx::note_journal`], and this journal is in nobody's way any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn trust_journal(&self, id: &str, place: &str, checked: u64, now: Instant) -> Result<(), StoreError> {
        self.write_journal(", suspect = NULL", id, place, checked, now).await
    }

    /// A person has looked: the journal was cut there, and is compared from there on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn shorten_journal(&self, id: &str, length: u64) -> Result<(), StoreError> {
        let sql = "UPDATE journals SET checked = $2 WHERE id = $1 AND checked > $2";
        self.tx.execute_raw(self.statement(sql, vec![id.into(), bytes(length).into()])).await?;
        Ok(())
    }

    /// How far it was compared never falls: another worker of the same workspace may have come further.
    async fn write_journal(
        &self,
        besides: &str,
        id: &str,
        place: &str,
        checked: u64,
        now: Instant,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO journals (id, place, checked, noted_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (id) DO UPDATE SET place = $2, noted_at = $4, \
             checked = CASE WHEN journals.checked > $3 THEN journals.checked ELSE $3 END{besides}"
        );
        let values: Vec<Value> = vec![id.into(), place.into(), bytes(checked).into(), now.millis().into()];
        self.tx.execute_raw(self.statement(&sql, values)).await?;
        Ok(())
    }

    /// The database has forgotten something: every journal must be compared before anybody sends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suspect_journals(&self, why: &str) -> Result<(), StoreError> {
        let sql = "UPDATE journals SET suspect = $1 WHERE suspect IS NULL";
        self.tx.execute_raw(self.statement(sql, vec![why.into()])).await?;
        Ok(())
    }

    /// A journal that nobody can compare any more. `false`: there is none of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_journal(&self, id: &str) -> Result<bool, StoreError> {
        Ok(journal::Entity::delete_by_id(id).exec(&self.tx).await?.rows_affected == 1)
    }

    /// The journal's claim takes the place of an older one, without moving the letter: it was provably not taken.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody claimed it meanwhile.
    pub async fn bring_up_claim(&self, of: &Dispatch, fence: i64, now: Instant) -> Result<(), StoreError> {
        let sql = "UPDATE dispatches SET fence = $1, attempts = CASE WHEN attempts < 1 THEN 1 ELSE attempts END, updated_at = $2 \
                   WHERE key = $3 AND fence = $4";
        let values: Vec<Value> = vec![fence.into(), now.millis().into(), of.key.into(), of.fence.into()];
        if self.tx.execute_raw(self.statement(sql, values)).await?.rows_affected() != 1 {
            return Err(StoreError::Changed(of.id.to_string()));
        }
        Ok(())
    }

    /// The attempt that the database had forgotten, as the journal has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_attempt(&self, of: &Dispatch, handed_over: &HandedOver, by: &str) -> Result<(), StoreError> {
        let ended = handed_over.ended.as_ref();
        let row = attempt::ActiveModel {
            key: NotSet,
            dispatch: Set(of.key),
            fence: Set(handed_over.fence),
            worker: Set(format!("journal, by {by}")),
            via: Set(Via::Smtp.as_str().to_owned()),
            claimed_at: Set(handed_over.at.millis()),
            // It is in nobody's hand, so the pace must not wait for it.
            ended_at: Set(Some(ended.map_or(handed_over.at, |ended| ended.at).millis())),
            outcome: Set(Some(ended.map_or_else(|| "unknown".to_owned(), |ended| ended.outcome.clone()))),
            detail: Set(Some(handed_over.told().to_owned())),
            recipients: Set("[]".to_owned()),
            domains: Set(of.recipients.domains().join(" ")),
            late_evidence: Set(ended.map(|ended| ended.words.clone())),
            filed_at: Set(None),
        };
        attempt::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Keeps what a journal knows of a letter that is not even planned here. The latest claim counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_lost_letter(&self, lost: &Forgotten) -> Result<(), StoreError> {
        let handed_over = &lost.handed_over;
        let row = lost_letter::ActiveModel {
            campaign: Set(lost.id.campaign.to_string()),
            step: Set(lost.id.step.to_string()),
            delegation: Set(lost.id.delegation.as_str().to_owned()),
            message_id: Set(handed_over.message_id.clone()),
            fence: Set(handed_over.fence),
            handed_over_at: Set(handed_over.at.millis()),
            outcome: Set(handed_over.ended.as_ref().map(|ended| ended.outcome.clone())),
            words: Set(handed_over.ended.as_ref().map(|ended| ended.words.clone())),
        };
        let key = (lost.id.campaign.to_string(), lost.id.step.to_string(), lost.id.delegation.as_str().to_owned());
        let known = lost_letter::Entity::find_by_id(key.clone()).one(&self.tx).await?;
        if known.as_ref().is_some_and(|known| known.fence >= handed_over.fence) {
            return Ok(());
        }
        lost_letter::Entity::delete_by_id(key).exec(&self.tx).await?;
        lost_letter::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Letters of a campaign that a journal knew before they were planned here; as soon as they are, nobody may send them.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn lost_letters(&self, campaign: &CampaignId) -> Result<Vec<Forgotten>, StoreError> {
        use crate::delivery::remembrance::Ended;
        let rows = lost_letter::Entity::find()
            .filter(lost_letter::Column::Campaign.eq(campaign.as_str()))
            .all(&self.tx)
            .await?;
        let mut lost = Vec::with_capacity(rows.len());
        for row in rows {
            let name = format!("{}/{}/{}", row.campaign, row.step, row.delegation);
            let id = name.parse().map_err(|e| StoreError::row("lost_letters", &name, e))?;
            let at = Instant::from_millis(row.handed_over_at);
            let ended = row.outcome.zip(row.words).map(|(outcome, words)| Ended { at, outcome, words });
            let handed_over = HandedOver { at, message_id: row.message_id, fence: row.fence, ended };
            lost.push(Forgotten { id, handed_over, key: None, status: None });
        }
        Ok(lost)
    }

    /// One dispatch by its row.
    ///
    /// # Errors
    /// As [`Store::dispatches`].
    pub(crate) async fn dispatch_by_key(&self, key: i64) -> Result<Option<Dispatch>, StoreError> {
        let row = dispatch::Entity::find_by_id(key).one(&self.tx).await?;
        row.map(|row| super::rows::dispatch(&row)).transpose()
    }
}

fn known(row: journal::Model) -> KnownJournal {
    KnownJournal {
        id: row.id,
        place: row.place,
        checked: u64::try_from(row.checked).unwrap_or(0),
        noted_at: Instant::from_millis(row.noted_at),
        suspect: row.suspect,
    }
}

fn bytes(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
