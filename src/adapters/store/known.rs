//! What the books know, as far as a batch of incoming mail asks: a handful of queries, however long the books are.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, Set, Value,
};

use super::entities::{attempt, correspondent, dispatch, remembered_sender};
use super::history::StoredRecipient;
use super::{StoreError, Tx, rows};
use crate::inbox::matching::writer::{domain, domain_and_above, is_of_somebody};
use crate::inbox::matching::{Known, Source, Written};
use crate::vocabulary::{Address, Instant, StateCode};

/// What a batch of mail asks for.
#[derive(Debug, Default)]
pub struct Asked {
    /// Message-IDs without angle brackets.
    pub ids: BTreeSet<String>,
    /// Reply tokens.
    pub tokens: BTreeSet<String>,
    /// In small letters.
    pub addresses: BTreeSet<String>,
    /// States that are asked for whatever the mail says.
    pub states: BTreeSet<StateCode>,
}

/// How many letters to one mission are looked at: far more than any campaign year has.
const LETTERS_LOOKED_AT: usize = 50;

/// States in one statement of which each has a part of its own; SQLite allows 500 parts.
const STATES_AT_ONCE: usize = 100;

/// Parameters in one statement, far below both databases' limits.
const AT_ONCE: usize = 500;

impl Tx {
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn known(&self, asked: &Asked) -> Result<Known, StoreError> {
        let mut known = Known::default();
        let mut states = asked.states.clone();
        for model in self.dispatches_named(&asked.ids).await? {
            let letter = written(&model)?;
            states.insert(letter.id.delegation);
            known.letters.insert(letter.message_id.clone(), letter);
        }
        for model in self.dispatches_of_tokens(&asked.tokens).await? {
            let letter = written(&model)?;
            states.insert(letter.id.delegation);
            if let Some(token) = model.reply_token {
                known.tokens.insert(token, letter);
            }
        }
        self.earlier_recipients(&mut known).await?;
        self.addresses(asked, &mut known, &mut states).await?;
        let mut domains: BTreeSet<String> = BTreeSet::new();
        for address in &asked.addresses {
            if let Some(domain) = domain(address).filter(|domain| is_of_somebody(domain)) {
                domains.extend(domain_and_above(domain).map(ToOwned::to_owned));
            }
        }
        self.domains_of(&states, &mut domains).await?;
        self.states_of(&domains, &mut known, &mut states).await?;
        self.letters_to(&states, &mut known).await?;
        Ok(known)
    }

    async fn dispatches_named(&self, ids: &BTreeSet<String>) -> Result<Vec<dispatch::Model>, StoreError> {
        let mut found = Vec::new();
        let stored: Vec<String> = ids.iter().map(|id| format!("<{id}>")).collect();
        for batch in stored.chunks(AT_ONCE) {
            let query = dispatch::Entity::find().filter(dispatch::Column::MessageId.is_in(batch.iter().cloned()));
            found.extend(query.all(&self.tx).await?);
        }
        Ok(found)
    }

    /// Where earlier tries of the letters that mail names went: after a correction, what comes back late still names the old address.
    async fn earlier_recipients(&self, known: &mut Known) -> Result<(), StoreError> {
        let mut letters: Vec<&mut Written> = known.letters.values_mut().chain(known.tokens.values_mut()).collect();
        let keys: Vec<i64> = letters.iter().map(|letter| letter.key).collect();
        for batch in keys.chunks(AT_ONCE) {
            let rows = attempt::Entity::find()
                .filter(attempt::Column::Dispatch.is_in(batch.iter().copied()))
                .filter(attempt::Column::EndedAt.is_not_null())
                .all(&self.tx)
                .await?;
            for row in rows {
                let tried: Vec<StoredRecipient> =
                    serde_json::from_str(&row.recipients).map_err(|e| StoreError::row("attempts", row.key, e))?;
                for letter in letters.iter_mut().filter(|letter| letter.key == row.dispatch) {
                    let earlier = tried.iter().map(|one| one.address.to_lowercase());
                    let earlier: Vec<String> = earlier.filter(|address| !letter.went_to(address)).collect();
                    letter.earlier_recipients.extend(earlier);
                }
            }
        }
        Ok(())
    }

    async fn dispatches_of_tokens(&self, tokens: &BTreeSet<String>) -> Result<Vec<dispatch::Model>, StoreError> {
        let mut found = Vec::new();
        let tokens: Vec<&String> = tokens.iter().collect();
        for batch in tokens.chunks(AT_ONCE) {
            let wanted = batch.iter().map(|token| token.as_str());
            found.extend(
                dispatch::Entity::find().filter(dispatch::Column::ReplyToken.is_in(wanted)).all(&self.tx).await?,
            );
        }
        Ok(found)
    }

    async fn addresses(
        &self,
        asked: &Asked,
        known: &mut Known,
        states: &mut BTreeSet<StateCode>,
    ) -> Result<(), StoreError> {
        let addresses: Vec<&String> = asked.addresses.iter().collect();
        for batch in addresses.chunks(AT_ONCE) {
            let wanted = batch.iter().map(|address| address.as_str());
            let listed = correspondent::Entity::find().filter(correspondent::Column::Address.is_in(wanted.clone()));
            let listed = listed.all(&self.tx).await?.into_iter().map(|row| (row.address, row.delegation, Source::List));
            let remembered = remembered_sender::Entity::find().filter(remembered_sender::Column::Address.is_in(wanted));
            let remembered = remembered.all(&self.tx).await?;
            let remembered = remembered.into_iter().map(|row| (row.address, row.delegation, Source::Person));
            for (address, delegation, source) in listed.chain(remembered) {
                let state: StateCode =
                    delegation.parse().map_err(|e| StoreError::row("correspondents", &address, format!("{e}")))?;
                states.insert(state);
                known.addresses.entry(address).or_default().push((state, source));
            }
        }
        Ok(())
    }

    /// The domains of these States' addresses.
    async fn domains_of(&self, states: &BTreeSet<StateCode>, domains: &mut BTreeSet<String>) -> Result<(), StoreError> {
        let states: Vec<&StateCode> = states.iter().collect();
        for batch in states.chunks(AT_ONCE) {
            let query = correspondent::Entity::find()
                .filter(correspondent::Column::Delegation.is_in(batch.iter().map(|state| state.as_str())));
            let found = query.all(&self.tx).await?;
            domains.extend(found.into_iter().map(|row| row.domain).filter(|domain| is_of_somebody(domain)));
        }
        Ok(())
    }

    /// Whose these domains are: all of them, or one that two missions share would look like one mission's.
    async fn states_of(
        &self,
        domains: &BTreeSet<String>,
        known: &mut Known,
        states: &mut BTreeSet<StateCode>,
    ) -> Result<(), StoreError> {
        let domains: Vec<&String> = domains.iter().collect();
        for batch in domains.chunks(AT_ONCE) {
            let places: Vec<String> = (1..=batch.len()).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT DISTINCT domain, delegation FROM correspondents WHERE domain IN ({}) ORDER BY domain, delegation",
                places.join(", ")
            );
            let values: Vec<Value> = batch.iter().map(|domain| domain.as_str().into()).collect();
            for row in self.tx.query_all_raw(self.statement(&sql, values)).await? {
                let (domain, delegation): (String, String) =
                    (row.try_get("", "domain")?, row.try_get("", "delegation")?);
                let state =
                    delegation.parse().map_err(|e| StoreError::row("correspondents", &domain, format!("{e}")))?;
                states.insert(state);
                known.domains.entry(domain).or_default().push(state);
            }
        }
        Ok(())
    }

    /// What has left to these States, the last first: of each no more rows are read than are looked at.
    async fn letters_to(&self, states: &BTreeSet<StateCode>, known: &mut Known) -> Result<(), StoreError> {
        let states: Vec<&StateCode> = states.iter().collect();
        for batch in states.chunks(STATES_AT_ONCE) {
            let of_one = |n: usize| {
                format!(
                    "SELECT * FROM (SELECT d.* FROM dispatches d WHERE d.delegation = ${n} AND d.sent_at IS NOT NULL \
                     ORDER BY d.sent_at DESC, d.key DESC LIMIT {LETTERS_LOOKED_AT}) AS of_{n}"
                )
            };
            let sql = (1..=batch.len()).map(of_one).collect::<Vec<_>>().join(" UNION ALL ");
            let values: Vec<Value> = batch.iter().map(|state| state.as_str().into()).collect();
            for row in self.tx.query_all_raw(self.statement(&sql, values)).await? {
                let letter = written(&dispatch::Model::from_query_result(&row, "")?)?;
                known.written_to.entry(letter.id.delegation).or_default().push(letter);
            }
        }
        for letters in known.written_to.values_mut() {
            letters.sort_by_key(|letter| std::cmp::Reverse((letter.sent_at, letter.key)));
        }
        Ok(())
    }

    /// Notes whose addresses a plan found, for the answers that will come. What a list no longer has stays known.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_correspondents(&self, all: &[(StateCode, Address)]) -> Result<(), StoreError> {
        use correspondent::Column as C;
        for batch in all.chunks(AT_ONCE) {
            let rows = batch.iter().map(|(state, address)| correspondent::ActiveModel {
                address: Set(address.key()),
                delegation: Set(state.to_string()),
                domain: Set(address.domain().to_owned()),
            });
            correspondent::Entity::insert_many(rows)
                .on_conflict_do_nothing_on([C::Address, C::Delegation])
                .exec_without_returning(&self.tx)
                .await?;
        }
        Ok(())
    }

    /// Remembers where a person filed mail of this sender; the last choice counts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_sender(
        &self,
        address: &str,
        state: StateCode,
        by: &str,
        now: Instant,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO remembered_senders (address, delegation, noted_at, noted_by) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (address) DO UPDATE SET delegation = EXCLUDED.delegation, noted_at = EXCLUDED.noted_at, \
                   noted_by = EXCLUDED.noted_by";
        let values: Vec<Value> =
            vec![address.to_lowercase().into(), state.as_str().into(), now.millis().into(), by.into()];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }
}

/// A dispatch as matching sees it.
fn written(model: &dispatch::Model) -> Result<Written, StoreError> {
    let dispatch = rows::dispatch(model)?;
    Ok(Written {
        key: dispatch.key,
        message_id: dispatch.message_id.trim_matches(['<', '>']).to_owned(),
        subject: dispatch.subject,
        recipients: dispatch.recipients,
        earlier_recipients: Vec::new(),
        status: dispatch.status,
        sent_at: dispatch.sent_at,
        id: dispatch.id,
    })
}
