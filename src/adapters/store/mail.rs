//! The book of incoming mail: each message once, in whatever mailbox and place it was found.

use std::collections::{HashMap, HashSet};

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, NotSet, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, Value,
};

use super::entities::{guess, mail_place, mailbox, message};
use super::mail_details::MailDetails;
use super::{Store, StoreError, Tx, rows};
use crate::inbox::MailKind;
use crate::inbox::matching::Guess;
use crate::ports::Place;
use crate::vocabulary::{Day, Instant};

/// Rows in one statement: 12 columns each, far below both databases' limits of parameters.
const AT_ONCE: usize = 500;

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Stored, and to be read.
    New,
    /// In the log, under a delegation.
    Filed,
    /// In the log, waiting for a person to say where it belongs.
    Pen,
    /// Kept, and not in the log.
    Aside,
}

impl MailState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Filed => "filed",
            Self::Pen => "pen",
            Self::Aside => "aside",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let all = [Self::New, Self::Filed, Self::Pen, Self::Aside];
        all.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("`{text}` is no state of a message"))
    }
}

/// What is remembered of a mailbox.
#[derive(Debug, Clone)]
pub struct MailboxRecord {
    pub validity: u64,
    pub since: Option<Day>,
    pub read_at: Option<Instant>,
}

/// A message before it has a number.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub fingerprint: String,
    pub raw: String,
    pub bytes: u64,
    pub arrived_at: Instant,
    pub source: String,
}

/// What [`Tx::store_messages`] found.
#[derive(Debug, Clone)]
pub struct Kept {
    pub key: i64,
    /// Nobody had stored it before.
    pub is_new: bool,
    /// Of the copy that is kept.
    pub raw: String,
    pub erased: bool,
}

/// What was found at a place of a mailbox: a message, a fault, or, of a message that is gone, neither.
#[derive(Debug, Clone)]
pub struct NotedPlace<'a> {
    pub place: &'a Place,
    pub message: Option<i64>,
    pub fault: Option<&'a str>,
}

/// A message as it is stored.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    pub key: i64,
    pub raw: String,
    pub bytes: u64,
    pub arrived_at: Instant,
    pub source: String,
    pub state: MailState,
    pub tries: i32,
    pub kind: Option<MailKind>,
    pub message_id: Option<String>,
    pub from: Option<String>,
    pub from_address: Option<String>,
    pub subject: Option<String>,
    pub why: Option<String>,
    pub authenticity: Option<String>,
    pub authenticity_why: Option<String>,
    pub details: MailDetails,
    pub erased_at: Option<Instant>,
}

/// What came of reading a message.
#[derive(Debug)]
pub struct ReadMessage<'a> {
    pub key: i64,
    pub state: MailState,
    pub kind: Option<MailKind>,
    pub message_id: Option<&'a str>,
    pub from: String,
    pub from_address: &'a str,
    pub subject: &'a str,
    pub why: &'a str,
    pub authenticity: &'a str,
    pub authenticity_why: &'a str,
    pub details: MailDetails,
    pub guesses: &'a [Guess],
}

fn stored(row: message::Model) -> Result<StoredMessage, StoreError> {
    let wrong = |what: String| StoreError::row("messages", row.key, what);
    Ok(StoredMessage {
        key: row.key,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        arrived_at: Instant::from_millis(row.arrived_at),
        state: MailState::read(&row.state).map_err(wrong)?,
        tries: row.tries,
        kind: row.kind.as_deref().map(|kind| kind.parse().map_err(wrong)).transpose()?,
        details: serde_json::from_str(&row.reading).map_err(|e| wrong(e.to_string()))?,
        raw: row.raw,
        source: row.source,
        message_id: row.message_id,
        from: row.from_whom,
        from_address: row.from_address,
        subject: row.subject,
        why: row.why,
        authenticity: row.authenticity,
        authenticity_why: row.authenticity_why,
        erased_at: row.erased_at.map(Instant::from_millis),
    })
}

/// A row that nobody has read yet.
fn fresh(new: &NewMessage, now: Instant) -> message::ActiveModel {
    message::ActiveModel {
        key: NotSet,
        fingerprint: Set(new.fingerprint.clone()),
        raw: Set(new.raw.clone()),
        bytes: Set(i64::try_from(new.bytes).unwrap_or(i64::MAX)),
        arrived_at: Set(new.arrived_at.millis()),
        stored_at: Set(now.millis()),
        source: Set(new.source.clone()),
        state: Set(MailState::New.as_str().to_owned()),
        tries: Set(0),
        reading: Set("{}".to_owned()),
        ..Default::default()
    }
}

fn number(validity: u64) -> i64 {
    // UIDVALIDITY has 32 bits (RFC 9051, 2.3.1.1); what is larger is no server's.
    i64::try_from(validity).unwrap_or(i64::MAX)
}

impl Store {
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn mailbox(&self, name: &str) -> Result<Option<MailboxRecord>, StoreError> {
        let Some(row) = mailbox::Entity::find_by_id(name).one(&self.db).await? else { return Ok(None) };
        let since = row.since.as_deref().map(str::parse).transpose();
        Ok(Some(MailboxRecord {
            validity: u64::try_from(row.validity).unwrap_or(0),
            since: since.map_err(|e| StoreError::row("mailboxes", &row.name, e))?,
            read_at: row.read_at.map(Instant::from_millis),
        }))
    }

    /// The last place that is known of a mailbox whose places are numbers.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn last_place(&self, name: &str, validity: u64) -> Result<Option<Place>, StoreError> {
        use mail_place::Column as C;
        let row = mail_place::Entity::find()
            .filter(C::Mailbox.eq(name))
            .filter(C::Validity.eq(number(validity)))
            .filter(C::Number.is_not_null())
            .order_by_desc(C::Number)
            .limit(1)
            .one(&self.db)
            .await?;
        Ok(row.map(|row| Place { name: row.place }))
    }

    /// Places whose message could not be had: they are asked for again, all of them in turns, as many as `limit` in each. What will
    /// never be had, being too large, keeps nobody from the rest.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn places_at_fault(
        &self,
        name: &str,
        validity: u64,
        limit: u64,
        turn: u64,
    ) -> Result<Vec<Place>, StoreError> {
        use mail_place::Column as C;
        let at_fault = mail_place::Entity::find()
            .filter(C::Mailbox.eq(name))
            .filter(C::Validity.eq(number(validity)))
            .filter(C::Message.is_null())
            .filter(C::Fault.is_not_null());
        let turns = at_fault.clone().count(&self.db).await?.div_ceil(limit.max(1)).max(1);
        let rows = at_fault
            .order_by_asc(C::Number)
            .order_by_asc(C::Place)
            .offset((turn % turns).saturating_mul(limit))
            .limit(limit)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|row| Place { name: row.place }).collect())
    }

    /// Of these places, those that nothing is known of yet, in their order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unknown_places(&self, name: &str, validity: u64, all: Vec<Place>) -> Result<Vec<Place>, StoreError> {
        use mail_place::Column as C;
        let mut unknown = Vec::new();
        for batch in all.chunks(500) {
            let known: HashSet<String> = mail_place::Entity::find()
                .select_only()
                .column(C::Place)
                .filter(C::Mailbox.eq(name))
                .filter(C::Validity.eq(number(validity)))
                .filter(C::Place.is_in(batch.iter().map(|place| place.name.as_str())))
                .into_tuple()
                .all(&self.db)
                .await?
                .into_iter()
                .collect();
            unknown.extend(batch.iter().filter(|place| !known.contains(&place.name)).cloned());
        }
        Ok(unknown)
    }

    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn incoming(&self, key: i64) -> Result<Option<StoredMessage>, StoreError> {
        message::Entity::find_by_id(key).one(&self.db).await?.map(stored).transpose()
    }

    /// How many messages of a mailbox could not be had: too large, or refused by the server.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn not_had(&self, name: &str) -> Result<u64, StoreError> {
        use mail_place::Column as C;
        let query = mail_place::Entity::find().filter(C::Mailbox.eq(name)).filter(C::Message.is_null());
        Ok(query.filter(C::Fault.is_not_null()).count(&self.db).await?)
    }

    /// When the first letter was handed to a server or a folder.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn first_attempt(&self) -> Result<Option<Instant>, StoreError> {
        use super::entities::attempt;
        let first = attempt::Entity::find().order_by_asc(attempt::Column::Key).limit(1).one(&self.db).await?;
        Ok(first.map(|row| Instant::from_millis(row.claimed_at)))
    }

    /// Messages in a state, the oldest first.
    ///
    /// # Errors
    /// As [`Store::incoming`].
    pub async fn messages_in(&self, state: MailState) -> Result<Vec<StoredMessage>, StoreError> {
        use message::Column as C;
        let query = message::Entity::find().filter(C::State.eq(state.as_str()));
        query.order_by_asc(C::ArrivedAt).order_by_asc(C::Key).all(&self.db).await?.into_iter().map(stored).collect()
    }

    /// How many messages wait in the pen, and since when the oldest does.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pen(&self) -> Result<(u64, Option<Instant>), StoreError> {
        use message::Column as C;
        let waiting = || message::Entity::find().filter(C::State.eq(MailState::Pen.as_str()));
        let oldest = waiting().order_by_asc(C::ArrivedAt).limit(1).one(&self.db).await?;
        Ok((waiting().count(&self.db).await?, oldest.map(|row| Instant::from_millis(row.arrived_at))))
    }

    /// Every message's raw file, by its digest; for `erase`.
    ///
    /// # Errors
    /// As [`Store::incoming`].
    pub async fn messages_after(&self, key: i64, limit: u64) -> Result<Vec<StoredMessage>, StoreError> {
        use message::Column as C;
        let query = message::Entity::find().filter(C::Key.gt(key)).filter(C::ErasedAt.is_null());
        query.order_by_asc(C::Key).limit(limit).all(&self.db).await?.into_iter().map(stored).collect()
    }
}

impl Tx {
    /// Notes what a mailbox says of itself. `since` is kept from the first time on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_mailbox(&self, name: &str, validity: u64, since: Option<Day>) -> Result<(), StoreError> {
        let sql = "INSERT INTO mailboxes (name, validity, since, watched) VALUES ($1, $2, $3, FALSE) \
                   ON CONFLICT (name) DO UPDATE SET validity = EXCLUDED.validity";
        let values: Vec<Value> = vec![name.into(), number(validity).into(), since.map(|day| day.to_string()).into()];
        self.tx.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Notes that a mailbox was read to its end, and whether it is the one that answers are read from.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_mailbox_read(&self, name: &str, at: Instant, watched: bool) -> Result<(), StoreError> {
        let (read_at, watched) = (Set(Some(at.millis())), Set(watched));
        let change = mailbox::ActiveModel { read_at, watched, ..Default::default() };
        mailbox::Entity::update_many().set(change).filter(mailbox::Column::Name.eq(name)).exec(&self.tx).await?;
        Ok(())
    }

    /// Stores messages as new, each unless it is here already or stands further ahead among them. One answer for each.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn store_messages(&self, all: &[NewMessage], now: Instant) -> Result<Vec<Kept>, StoreError> {
        use message::Column as C;
        let mut found = self.kept(all).await?;
        let here: HashSet<String> = found.keys().cloned().collect();
        let mut first: HashSet<&str> = HashSet::new();
        let new = all.iter().filter(|new| !here.contains(&new.fingerprint) && first.insert(&new.fingerprint));
        let rows: Vec<message::ActiveModel> = new.map(|new| fresh(new, now)).collect();
        for batch in rows.chunks(AT_ONCE) {
            message::Entity::insert_many(batch.iter().cloned())
                .on_conflict_do_nothing_on([C::Fingerprint])
                .exec_without_returning(&self.tx)
                .await?;
        }
        if !rows.is_empty() {
            found = self.kept(all).await?;
        }
        let mut told: HashSet<&str> = HashSet::new();
        let kept = all.iter().map(|new| {
            let kept = found
                .get(&new.fingerprint)
                .ok_or_else(|| StoreError::row("messages", &new.fingerprint, "it is missing"))?;
            let is_new = told.insert(&new.fingerprint) && !here.contains(&new.fingerprint);
            Ok(Kept { is_new, ..kept.clone() })
        });
        kept.collect()
    }

    /// Those that are stored, by their fingerprints.
    async fn kept(&self, all: &[NewMessage]) -> Result<HashMap<String, Kept>, StoreError> {
        use message::Column as C;
        let mut found = HashMap::new();
        for batch in all.chunks(AT_ONCE) {
            let rows: Vec<(String, i64, String, Option<i64>)> = message::Entity::find()
                .select_only()
                .columns([C::Fingerprint, C::Key, C::Raw, C::ErasedAt])
                .filter(C::Fingerprint.is_in(batch.iter().map(|new| new.fingerprint.as_str())))
                .into_tuple()
                .all(&self.tx)
                .await?;
            found.extend(rows.into_iter().map(|(fingerprint, key, raw, erased_at)| {
                (fingerprint, Kept { key, is_new: false, raw, erased: erased_at.is_some() })
            }));
        }
        Ok(found)
    }

    /// Notes which messages stand at places, or why they could not be had. No place twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_places(&self, mailbox: &str, validity: u64, all: &[NotedPlace<'_>]) -> Result<(), StoreError> {
        for batch in all.chunks(AT_ONCE / 4) {
            let rows: Vec<String> = (0..batch.len())
                .map(|row| format!("($1, $2, ${}, ${}, ${}, ${})", 4 * row + 3, 4 * row + 4, 4 * row + 5, 4 * row + 6))
                .collect();
            let sql = format!(
                "INSERT INTO mail_places (mailbox, validity, place, number, message, fault) VALUES {} \
                 ON CONFLICT (mailbox, validity, place) DO UPDATE SET message = COALESCE(EXCLUDED.message, mail_places.message), \
                 fault = EXCLUDED.fault",
                rows.join(", ")
            );
            let mut values: Vec<Value> = vec![mailbox.into(), number(validity).into()];
            for noted in batch {
                let name = noted.place.name.as_str();
                values.extend([name.into(), name.parse::<i64>().ok().into(), noted.message.into(), noted.fault.into()]);
            }
            self.tx.execute_raw(self.statement(&sql, values)).await?;
        }
        Ok(())
    }

    /// New messages, the oldest first, and from now on one try more each: what ends the program while it reads one is found.
    /// No more than `limit`, and no more than `bytes` unless the first alone is larger. What an earlier try did not finish is
    /// read alone, so that one message's fault is not laid to the others that were read with it.
    ///
    /// # Errors
    /// When the database refuses, or holds a row that this program did not write.
    pub async fn begin_reading(&self, after: i64, limit: u64, bytes: u64) -> Result<Vec<StoredMessage>, StoreError> {
        use message::Column as C;
        let mut rows = message::Entity::find()
            .filter(C::State.eq(MailState::New.as_str()))
            .filter(C::Key.gt(after))
            .order_by_asc(C::Key)
            .limit(limit)
            .all(&self.tx)
            .await?;
        let mut room = bytes;
        let fits = |(at, row): (usize, &message::Model)| {
            let size = u64::try_from(row.bytes).unwrap_or(0);
            let left = room.checked_sub(size);
            room = left.unwrap_or(0);
            at == 0 || (left.is_some() && row.tries == 0)
        };
        let taken = rows.iter().enumerate().map(fits).take_while(|fits| *fits).count();
        rows.truncate(if rows.first().is_some_and(|row| row.tries > 0) { 1 } else { taken });
        if !rows.is_empty() {
            message::Entity::update_many()
                .col_expr(C::Tries, sea_orm::sea_query::Expr::cust("tries + 1"))
                .filter(C::Key.is_in(rows.iter().map(|row| row.key)))
                .exec(&self.tx)
                .await?;
        }
        rows.into_iter().map(stored).collect()
    }

    /// Stores what came of reading a message that is still new. `false`: another worker was first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_reading(&self, read: &ReadMessage<'_>) -> Result<bool, StoreError> {
        let change = message::ActiveModel {
            state: Set(read.state.as_str().to_owned()),
            kind: Set(read.kind.map(|kind| kind.as_str().to_owned())),
            message_id: Set(read.message_id.map(ToOwned::to_owned)),
            from_whom: Set(Some(read.from.clone())),
            from_address: Set(Some(read.from_address.to_lowercase())),
            subject: Set(Some(read.subject.to_owned())),
            why: Set(Some(read.why.to_owned())),
            authenticity: Set(Some(read.authenticity.to_owned())),
            authenticity_why: Set(Some(read.authenticity_why.to_owned())),
            reading: Set(rows::json(&read.details)),
            ..Default::default()
        };
        let done = message::Entity::update_many()
            .set(change)
            .filter(message::Column::Key.eq(read.key))
            .filter(message::Column::State.eq(MailState::New.as_str()))
            .exec(&self.tx)
            .await?;
        if done.rows_affected != 1 {
            return Ok(false);
        }
        let rows = read.guesses.iter().zip(0..).map(|(guess, place)| guess::ActiveModel {
            message: Set(read.key),
            place: Set(place),
            delegation: Set(guess.delegation.to_string()),
            campaign: Set(guess.campaign.as_ref().map(ToString::to_string)),
            dispatch: Set(guess.letter),
            because: Set(guess.because.clone()),
        });
        let rows: Vec<guess::ActiveModel> = rows.collect();
        if !rows.is_empty() {
            guess::Entity::insert_many(rows).exec_without_returning(&self.tx).await?;
        }
        Ok(true)
    }

    /// Gives a try back: these messages were not read because their letter is in hand, or the disk or the database refused.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn read_later(&self, keys: &[i64]) -> Result<(), StoreError> {
        use message::Column as C;
        message::Entity::update_many()
            .col_expr(C::Tries, sea_orm::sea_query::Expr::cust("tries - 1"))
            .filter(C::Key.is_in(keys.iter().copied()))
            .filter(C::Tries.gt(0))
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Moves a message from one state to another; `false`: it is no longer in that state.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn move_message(&self, key: i64, from: MailState, to: MailState, why: &str) -> Result<bool, StoreError> {
        let change = message::ActiveModel {
            state: Set(to.as_str().to_owned()),
            why: Set(Some(why.to_owned())),
            ..Default::default()
        };
        let done = message::Entity::update_many()
            .set(change)
            .filter(message::Column::Key.eq(key))
            .filter(message::Column::State.eq(from.as_str()))
            .exec(&self.tx)
            .await?;
        Ok(done.rows_affected == 1)
    }
}
