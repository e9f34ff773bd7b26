//! The outbox's book: reading dispatches, and the one function that moves one.

use std::borrow::Cow;
use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
    sea_query::{Expr, LikeExpr},
};

use super::entities::{dispatch, letter};
use super::{Store, StoreError, Tx, history, rows};
use crate::outbox::{Dispatch, Draft, Event, Guard, Status, Wish, transition};
use crate::vocabulary::{Address, CampaignId, Digest, DispatchId, Instant, StateCode, StepId};

/// Which dispatches are wanted; empty means all.
#[derive(Debug, Clone, Default)]
pub struct DispatchFilter {
    pub campaign: Option<CampaignId>,
    pub step: Option<StepId>,
    pub delegations: Vec<StateCode>,
    pub status: Option<Status>,
    /// Only these rows.
    pub keys: Option<Vec<i64>>,
}

/// One move of one dispatch, with what it changes besides the status.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    pub dispatch: &'a Dispatch,
    pub event: Event,
    /// Stored with the dispatch and in its history.
    pub reason: Option<String>,
    pub by: &'a str,
    pub at: Instant,
    /// The earliest next attempt; `None` leaves it.
    pub next_at: Option<Instant>,
    pub waive: Option<Guard>,
    /// Objections of the guards that a person lets pass.
    pub accept: Vec<String>,
    /// Close the window of `give_up`, so that the next attempt opens a new one.
    pub reset_window: bool,
    /// Forget that it was ever attempted: it went to a file only.
    pub start_over: bool,
    /// The number of the claim that the journal remembers.
    pub fence: Option<i64>,
    /// When the server took it, where a person says that it did.
    pub sent_at: Option<Instant>,
}

impl<'a> Move<'a> {
    pub fn new(dispatch: &'a Dispatch, event: Event, by: &'a str, at: Instant) -> Self {
        Self {
            dispatch,
            event,
            reason: None,
            by,
            at,
            next_at: None,
            waive: None,
            accept: Vec::new(),
            reset_window: false,
            start_over: false,
            fence: None,
            sent_at: None,
        }
    }

    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Where it leads, the reason that is stored, and what the row becomes.
    pub(super) fn change(&self) -> Result<(Status, Option<String>, dispatch::ActiveModel), StoreError> {
        let mut accepted = Cow::Borrowed(self.dispatch);
        if !self.accept.is_empty() {
            let more = self.accept.iter().filter(|words| !self.dispatch.accepted.contains(words)).cloned();
            accepted.to_mut().accepted.extend(more);
        }
        let (to, objection) = accepted.guarded(transition::next(self.dispatch.status, self.event)?);
        let reason = objection.or_else(|| self.reason.clone());
        let mut change = dispatch::ActiveModel {
            status: Set(to.as_str().to_owned()),
            // A sent letter has a reason only where something is amiss with it; how a person knows that it was sent is history.
            reason: Set(reason.clone().filter(|_| to != Status::Sent)),
            updated_at: Set(self.at.millis()),
            ..Default::default()
        };
        if let Some(at) = self.next_at {
            change.next_at = Set(at.millis());
        }
        // The window of give_up counts from the first attempt since it was approved or released.
        let new_window = matches!(self.event, Event::Approve | Event::Unapprove | Event::Release { .. });
        if self.reset_window || new_window {
            change.tried_since = Set(None);
        }
        if self.start_over {
            change.attempts = Set(0);
            change.via = Set(None);
            change.sent_at = Set(None);
        }
        if let Some(fence) = self.fence {
            change.fence = Set(fence);
            change.attempts = Set(i32::try_from(self.dispatch.attempts.max(1)).unwrap_or(i32::MAX));
        }
        if let Some(at) = self.sent_at {
            change.sent_at = Set(Some(at.millis()));
        }
        if let Some(guard) = self.waive {
            let mut waived = self.dispatch.waived.clone();
            if !waived.contains(&guard) {
                waived.push(guard);
            }
            change.waived = Set(rows::json(&waived));
        }
        if !self.accept.is_empty() {
            change.accepted = Set(rows::json(&accepted.accepted));
        }
        Ok((to, reason, change))
    }
}

fn select(filter: &DispatchFilter, after: Option<&Dispatch>) -> sea_orm::Select<dispatch::Entity> {
    use dispatch::Column as C;
    use sea_orm::sea_query::ExprTrait as _;
    let mut query = dispatch::Entity::find();
    if let Some(campaign) = &filter.campaign {
        query = query.filter(C::Campaign.eq(campaign.as_str()));
    }
    if let Some(step) = &filter.step {
        // As `Campaign::means`: all letters of the step that confirms meetings, `STEP-N-M`, or those about one of them. An
        // underscore is a letter of names.
        let below = |rest| LikeExpr::new(format!("{}-{rest}", step.as_str().replace('_', "!_"))).escape('!');
        let about_meetings = Condition::all()
            .add(Expr::col(C::Step).like(below("%")))
            .add(Expr::col(C::Step).not_like(below("%-%-%")))
            .add(C::Milestone.like("meeting:%"));
        query = query.filter(Condition::any().add(C::Step.eq(step.as_str())).add(about_meetings));
    }
    if !filter.delegations.is_empty() {
        query = query.filter(C::Delegation.is_in(filter.delegations.iter().map(StateCode::as_str)));
    }
    if let Some(status) = filter.status {
        // In the statement's text, so that the index which holds this status alone is found.
        query = query.filter(Expr::cust(super::standing::is(status)));
    }
    if let Some(keys) = &filter.keys {
        query = query.filter(C::Key.is_in(keys.iter().copied()));
    }
    if let Some(last) = after {
        let values = [C::Campaign, C::Position, C::Delegation, C::Key].map(Expr::col);
        let [campaign, delegation] = [last.id.campaign.as_str(), last.id.delegation.as_str()].map(Expr::value);
        let last = [campaign, Expr::value(last.position), delegation, Expr::value(last.key)];
        query = query.filter(Expr::tuple(values).gt(Expr::tuple(last)));
    }
    query.order_by_asc(C::Campaign).order_by_asc(C::Position).order_by_asc(C::Delegation).order_by_asc(C::Key)
}

impl Store {
    /// In the order of campaign, step and delegation.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn dispatches(&self, filter: &DispatchFilter) -> Result<Vec<Dispatch>, StoreError> {
        select(filter, None).all(&self.db).await?.iter().map(rows::dispatch).collect()
    }

    /// A page of them: what comes after `after`, the last of the page before.
    ///
    /// # Errors
    /// As [`Store::dispatches`].
    pub async fn dispatches_after(
        &self,
        filter: &DispatchFilter,
        after: Option<&Dispatch>,
        limit: u64,
    ) -> Result<Vec<Dispatch>, StoreError> {
        select(filter, after).limit(limit).all(&self.db).await?.iter().map(rows::dispatch).collect()
    }

    /// # Errors
    /// As [`Store::dispatches`].
    pub async fn dispatch(&self, id: &DispatchId) -> Result<Option<Dispatch>, StoreError> {
        use dispatch::Column as C;
        let named = dispatch::Entity::find()
            .filter(C::Campaign.eq(id.campaign.as_str()))
            .filter(C::Step.eq(id.step.as_str()))
            .filter(C::Delegation.eq(id.delegation.as_str()));
        named.one(&self.db).await?.as_ref().map(rows::dispatch).transpose()
    }

    /// The steps of a campaign that have dispatches, in their order.
    ///
    /// # Errors
    /// As [`Store::dispatches`].
    pub async fn steps(&self, campaign: &CampaignId) -> Result<Vec<StepId>, StoreError> {
        use dispatch::Column as C;
        let steps: Vec<(String, i32)> = dispatch::Entity::find()
            .select_only()
            .column(C::Step)
            .column_as(C::Position.min(), "place")
            .filter(C::Campaign.eq(campaign.as_str()))
            .group_by(C::Step)
            .order_by_asc(C::Position.min())
            .into_tuple()
            .all(&self.db)
            .await?;
        steps.into_iter().map(|(step, _)| step.parse().map_err(|e| StoreError::row("dispatches", &step, e))).collect()
    }

    /// The approved bytes, without `Date`.
    ///
    /// # Errors
    /// As [`Store::dispatches`]; also when the bytes are no longer those of their digest.
    pub async fn message(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let row = letter::Entity::find_by_id(digest.to_string()).one(&self.db).await?;
        row.map(|row| checked(digest, row.message)).transpose()
    }
}

/// Bytes that are not what their digest says never leave, nor are they shown as if they did.
pub(super) fn checked(digest: Digest, message: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    if Digest::of(&message) == digest {
        Ok(message)
    } else {
        Err(StoreError::row("letters", digest, "its bytes have another digest"))
    }
}

pub(super) async fn messages(
    db: &impl sea_orm::ConnectionTrait,
    digests: &[Digest],
) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
    let names = digests.iter().map(ToString::to_string);
    let found = letter::Entity::find().filter(letter::Column::Digest.is_in(names)).all(db).await?;
    let mut messages = HashMap::with_capacity(found.len());
    for row in found {
        let digest = rows::digest("letters", &row.digest)?;
        if let Ok(message) = checked(digest, row.message) {
            messages.insert(digest, message);
        }
    }
    Ok(messages)
}

impl Tx {
    /// As [`Store::dispatches`], inside the transaction.
    ///
    /// # Errors
    /// As there.
    pub async fn dispatches(&self, filter: &DispatchFilter) -> Result<Vec<Dispatch>, StoreError> {
        select(filter, None).all(&self.tx).await?.iter().map(rows::dispatch).collect()
    }

    /// The one function that writes a new status. It asks [`transition::next`] whether there is such a move, changes the row only
    /// where it still is what was read, and adds a line to the history. What the guards object to is held wherever the move would
    /// have led it.
    ///
    /// # Errors
    /// [`StoreError::Impossible`]; [`StoreError::Changed`] when somebody else was faster.
    pub async fn apply(&self, moves: &Move<'_>) -> Result<Status, StoreError> {
        use dispatch::Column as C;
        let from = moves.dispatch.status;
        let (to, reason, change) = moves.change()?;
        let written = dispatch::Entity::update_many()
            .set(change)
            .filter(C::Key.eq(moves.dispatch.key))
            .filter(C::Status.eq(from.as_str()))
            .filter(C::Fence.eq(moves.dispatch.fence))
            .exec(&self.tx)
            .await?;
        if written.rows_affected != 1 {
            return Err(StoreError::Changed(moves.dispatch.id.to_string()));
        }
        let line =
            history::line(moves.dispatch.key, moves.at, moves.event, Some(from), to, moves.by, reason.as_deref());
        history::add(&self.tx, vec![line]).await?;
        match moves.event {
            Event::Restart { .. } | Event::SettleNotSent { .. } => {
                self.fulfil(moves.dispatch.key, to, &moves.dispatch.wish, moves.at).await
            }
            _ => Ok(to),
        }
    }

    /// A letter that was out is back, as `status`: what was wished of it meanwhile happens now. That it must be planned again
    /// stays noted until a plan has rewritten it.
    pub(super) async fn fulfil(
        &self,
        key: i64,
        status: Status,
        wish: &Wish,
        at: Instant,
    ) -> Result<Status, StoreError> {
        use dispatch::Column as C;
        let Some((event, by, reason)) = wish.on_return() else { return Ok(status) };
        // What is planned needs no approval taken back.
        let Ok(to) = transition::next(status, event) else { return Ok(status) };
        let left = Wish { plan_again: wish.plan_again, stop: None };
        let change = dispatch::ActiveModel {
            status: Set(to.as_str().to_owned()),
            reason: Set(Some(reason.to_owned())),
            wish: Set((!left.is_empty()).then(|| rows::json(&left))),
            updated_at: Set(at.millis()),
            ..Default::default()
        };
        let found =
            dispatch::Entity::update_many().set(change).filter(C::Key.eq(key)).filter(C::Status.eq(status.as_str()));
        if found.exec(&self.tx).await?.rows_affected != 1 {
            return Err(StoreError::Changed(format!("dispatch {key}")));
        }
        let line = history::line(key, at, event, Some(status), to, by, Some(reason));
        history::add(&self.tx, vec![line]).await?;
        Ok(to)
    }

    /// Notes what is to happen to a letter that is out, should it come back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_wish(&self, key: i64, wish: &Wish) -> Result<(), StoreError> {
        let row = dispatch::ActiveModel {
            key: sea_orm::Unchanged(key),
            wish: Set((!wish.is_empty()).then(|| rows::json(wish))),
            ..Default::default()
        };
        row.update(&self.tx).await?;
        Ok(())
    }

    /// Stores dispatches that are planned for the first time, and gives them as they are stored. Their bytes are for
    /// [`Tx::keep_letters`].
    ///
    /// # Errors
    /// [`StoreError::AlreadyPlanned`] when one exists: the database's own rule.
    pub async fn add_dispatches(&self, drafts: &[&Draft], by: &str, now: Instant) -> Result<Vec<Dispatch>, StoreError> {
        let mut all = Vec::with_capacity(drafts.len());
        for batch in drafts.chunks(200) {
            let rows = batch.iter().map(|draft| rows::new_row(draft, now));
            let added = dispatch::Entity::insert_many(rows).exec_with_returning(&self.tx).await.map_err(unique)?;
            let lines = added
                .iter()
                .map(|row| history::line_named(row.key, now, "plan", None, Status::Planned, by, None))
                .collect();
            history::add(&self.tx, lines).await?;
            for row in &added {
                all.push(rows::dispatch(row)?);
            }
        }
        Ok(all)
    }

    /// Writes what a new plan makes of a stored dispatch; its status is for [`Tx::apply`] to move.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rewrite(&self, stored: &Dispatch, draft: &Draft, now: Instant) -> Result<(), StoreError> {
        // Without bytes they are kept already, and whoever says so looks whether they are.
        if draft.digest != stored.digest && !draft.message.is_empty() {
            self.keep_letters(&[(draft.digest, &draft.message)]).await?;
        }
        let mut row = rows::planned_part(draft, now);
        row.accepted = Set(rows::json(&stored.rewritten(draft).accepted));
        if stored.due == draft.due {
            // A deferred letter keeps the time of its next attempt.
            row.next_at = Set(stored.next_at.millis());
        } else {
            // What a person waived was said of the other time.
            row.waived = Set("[]".to_owned());
        }
        row.key = sea_orm::Unchanged(stored.key);
        row.update(&self.tx).await?;
        self.forget_letter(stored).await
    }

    /// Sets or clears a due time that a person chose, and the recipients left after a bounce.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_overrides(&self, key: i64, due: Option<Instant>, only_to: &[Address]) -> Result<(), StoreError> {
        let only_to: Vec<String> = only_to.iter().map(ToString::to_string).collect();
        let row = dispatch::ActiveModel {
            key: sea_orm::Unchanged(key),
            due_override: Set(due.map(Instant::millis)),
            only_to: Set(rows::json(&only_to)),
            ..Default::default()
        };
        row.update(&self.tx).await?;
        Ok(())
    }

    /// Removes dispatches that were never attempted, or went to files only and were restarted, with all that hangs on them.
    /// Entries of the log stay, and no longer name the dispatch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_dispatches(&self, gone: &[Dispatch]) -> Result<(), StoreError> {
        use super::entities::{approval, attempt, entry, history};
        for batch in gone.chunks(500) {
            let keys: Vec<i64> = batch.iter().map(|d| d.key).collect();
            approval::Entity::delete_many()
                .filter(approval::Column::Dispatch.is_in(keys.clone()))
                .exec(&self.tx)
                .await?;
            history::Entity::delete_many().filter(history::Column::Dispatch.is_in(keys.clone())).exec(&self.tx).await?;
            attempt::Entity::delete_many().filter(attempt::Column::Dispatch.is_in(keys.clone())).exec(&self.tx).await?;
            entry::Entity::update_many()
                .set(entry::ActiveModel { dispatch: Set(None), ..Default::default() })
                .filter(entry::Column::Dispatch.is_in(keys.clone()))
                .exec(&self.tx)
                .await?;
            dispatch::Entity::delete_many().filter(dispatch::Column::Key.is_in(keys)).exec(&self.tx).await?;
            for one in batch {
                self.forget_letter(one).await?;
            }
        }
        Ok(())
    }

    /// The bytes that are to leave, for each digest. Bytes that are missing, or are not those of their digest, are left out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn messages(&self, digests: &[Digest]) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
        messages(&self.tx, digests).await
    }
}

/// The database's rule, as the domain says it.
fn unique(error: sea_orm::DbErr) -> StoreError {
    match error.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => StoreError::AlreadyPlanned,
        _ => StoreError::Db(error),
    }
}
