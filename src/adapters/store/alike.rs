//! The same move of many dispatches: an approval of ten thousand letters, a plan that holds them.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::entities::dispatch;
use super::outbox::Move;
use super::{StoreError, Tx, history};
use crate::outbox::{Event, Status};
use crate::vocabulary::Instant;

/// Rows in one statement: far below both databases' limits for parameters.
const WRITTEN_AT_ONCE: usize = 500;

/// So many groups of moves are looked through for one like the next move.
const LOOKED_BACK: usize = 8;

impl Tx {
    /// As [`Tx::apply`] of each. Moves that are alike are written together: an approval of ten thousand letters is twenty statements.
    ///
    /// # Errors
    /// As there.
    pub async fn apply_all(&self, moves: &[Move<'_>]) -> Result<(), StoreError> {
        let mut groups: Vec<(dispatch::ActiveModel, Vec<&Move<'_>>)> = Vec::new();
        let mut lines = Vec::with_capacity(moves.len());
        for one in moves {
            if matches!(one.event, Event::Restart { .. } | Event::SettleNotSent { .. }) {
                self.apply(one).await?;
                continue;
            }
            let (to, reason, change) = one.change()?;
            let Move { dispatch, at, event, by, .. } = one;
            lines.push(history::line(dispatch.key, *at, *event, Some(dispatch.status), to, by, reason.as_deref()));
            // Where every letter has a reason of its own there is nothing to gather.
            let same = |(known, like): &&mut (dispatch::ActiveModel, Vec<&Move<'_>>)| {
                let from = |like: &&Move<'_>| {
                    like.dispatch.status == one.dispatch.status && like.dispatch.fence == one.dispatch.fence
                };
                *known == change && like.first().is_some_and(from)
            };
            match groups.iter_mut().rev().take(LOOKED_BACK).find(same) {
                Some((_, like)) => like.push(one),
                None => groups.push((change, vec![one])),
            }
        }
        for (change, like) in &groups {
            for batch in like.chunks(WRITTEN_AT_ONCE) {
                self.write_alike(change, batch).await?;
            }
        }
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(WRITTEN_AT_ONCE));
            history::add(&self.tx, std::mem::replace(&mut lines, rest)).await?;
        }
        Ok(())
    }

    /// The same change of dispatches that all have the same status and fence.
    async fn write_alike(&self, change: &dispatch::ActiveModel, moves: &[&Move<'_>]) -> Result<(), StoreError> {
        use dispatch::Column as C;
        let Some(Move { dispatch: first, .. }) = moves.first() else { return Ok(()) };
        let written = dispatch::Entity::update_many()
            .set(change.clone())
            .filter(C::Key.is_in(moves.iter().map(|one| one.dispatch.key)))
            .filter(C::Status.eq(first.status.as_str()))
            .filter(C::Fence.eq(first.fence))
            .exec(&self.tx)
            .await?;
        if written.rows_affected != moves.len() as u64 {
            return Err(StoreError::Changed(first.id.to_string()));
        }
        Ok(())
    }

    /// As [`Tx::remark`] of each of these dispatches, given with their status.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remark_all(
        &self,
        dispatches: &[(i64, Status)],
        at: Instant,
        event: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        for batch in dispatches.chunks(WRITTEN_AT_ONCE) {
            let line =
                |(key, status): &(i64, Status)| history::line_named(*key, at, event, Some(*status), *status, by, None);
            history::add(&self.tx, batch.iter().map(line).collect()).await?;
        }
        Ok(())
    }
}
