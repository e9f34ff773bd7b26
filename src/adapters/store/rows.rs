//! Between a row and a [`Dispatch`].

use chrono::Duration;
use sea_orm::{NotSet, Set};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::entities::dispatch::{ActiveModel, Model};
use crate::campaign::{Condition, IfProvisional, Late};
use crate::outbox::{Dispatch, Draft, Recipients, SendingRules, Status, Via};
use crate::vocabulary::{Address, Digest, DispatchId, Instant};

#[derive(Debug, Serialize, Deserialize)]
struct RecipientsJson {
    to: Vec<String>,
    cc: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RulesJson {
    no_answer: bool,
    skip_when_late: bool,
    late_by_ms: i64,
    give_up_ms: i64,
    send_when_provisional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_after_ms: Option<i64>,
}

/// In SQL, of a dispatch `d`: whether it leaves only where nobody has answered. The text is what [`rules_json`] writes.
pub(super) const ASKS_FOR_NO_ANSWER: &str = "d.rules LIKE '%\"no_answer\":true%'";

pub(super) fn json(value: &impl Serialize) -> String {
    // Plain strings and numbers: there is nothing in them that JSON cannot write.
    serde_json::to_string(value).unwrap_or_default()
}

/// Of the rules alone, how far past its time a letter still leaves as usual.
pub(super) fn late_by(rules: &str) -> Result<Duration, serde_json::Error> {
    serde_json::from_str::<RulesJson>(rules).map(|rules| Duration::milliseconds(rules.late_by_ms))
}

pub(super) fn recipients_json(recipients: &Recipients) -> String {
    let all = |list: &[Address]| list.iter().map(ToString::to_string).collect();
    json(&RecipientsJson { to: all(&recipients.to), cc: all(&recipients.cc) })
}

fn rules_json(rules: &SendingRules) -> String {
    json(&RulesJson {
        no_answer: rules.only_if == Some(Condition::NoAnswer),
        skip_when_late: rules.late == Late::Skip,
        late_by_ms: rules.late_by.num_milliseconds(),
        give_up_ms: rules.give_up.num_milliseconds(),
        send_when_provisional: rules.if_provisional == IfProvisional::Send,
        not_after_ms: rules.not_after.map(Instant::millis),
    })
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(row: &Model, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|e| StoreError::row("dispatches", row.key, format!("{text:?}: {e}")))
}

fn unjson<'a, T: Deserialize<'a>>(row: &Model, text: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::row("dispatches", row.key, e))
}

pub(super) fn dispatch(row: &Model) -> Result<Dispatch, StoreError> {
    let recipients: RecipientsJson = unjson(row, &row.recipients)?;
    let addresses = |list: Vec<String>| list.iter().map(|a| parse(row, a)).collect::<Result<Vec<Address>, _>>();
    let rules: RulesJson = unjson(row, &row.rules)?;
    let only_to: Vec<String> = unjson(row, &row.only_to)?;
    Ok(Dispatch {
        key: row.key,
        id: id(row)?,
        position: row.position,
        status: parse(row, &row.status)?,
        reason: row.reason.clone(),
        via: row.via.as_deref().map(|via| if via == Via::Smtp.as_str() { Via::Smtp } else { Via::Files }),
        due: Instant::from_millis(row.due),
        next_at: Instant::from_millis(row.next_at),
        milestone: row.milestone.clone(),
        milestone_day: parse(row, &row.milestone_day)?,
        provisional: row.provisional,
        language: parse(row, &row.language)?,
        sender: parse(row, &row.sender)?,
        recipients: Recipients { to: addresses(recipients.to)?, cc: addresses(recipients.cc)? },
        subject: row.subject.clone(),
        digest: parse(row, &row.digest)?,
        seal: parse(row, &row.seal)?,
        message_id: row.message_id.clone(),
        rules: SendingRules {
            follows: row.follows.as_deref().map(|step| parse(row, step)).transpose()?,
            only_if: rules.no_answer.then_some(Condition::NoAnswer),
            late: if rules.skip_when_late { Late::Skip } else { Late::Ask },
            late_by: Duration::milliseconds(rules.late_by_ms),
            give_up: Duration::milliseconds(rules.give_up_ms),
            if_provisional: if rules.send_when_provisional { IfProvisional::Send } else { IfProvisional::Hold },
            not_after: rules.not_after_ms.map(Instant::from_millis),
        },
        why: unjson(row, &row.why)?,
        objections: unjson(row, &row.objections)?,
        accepted: unjson(row, &row.accepted)?,
        waived: unjson(row, &row.waived)?,
        due_override: row.due_override.map(Instant::from_millis),
        only_to: addresses(only_to)?,
        wish: row.wish.as_deref().map(|wish| unjson(row, wish)).transpose()?.unwrap_or_default(),
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        tried_since: row.tried_since.map(Instant::from_millis),
        fence: row.fence,
        sent_at: row.sent_at.map(Instant::from_millis),
    })
}

pub(super) fn id(row: &Model) -> Result<DispatchId, StoreError> {
    Ok(DispatchId {
        campaign: parse(row, &row.campaign)?,
        step: parse(row, &row.step)?,
        delegation: parse(row, &row.delegation)?,
    })
}

/// A row for a dispatch that is planned for the first time.
pub(super) fn new_row(draft: &Draft, now: Instant) -> ActiveModel {
    ActiveModel {
        key: NotSet,
        campaign: Set(draft.id.campaign.to_string()),
        step: Set(draft.id.step.to_string()),
        delegation: Set(draft.id.delegation.to_string()),
        status: Set(Status::Planned.as_str().to_owned()),
        reason: Set(None),
        via: Set(None),
        message_id: Set(draft.message_id.clone()),
        accepted: Set("[]".to_owned()),
        waived: Set("[]".to_owned()),
        due_override: Set(None),
        only_to: Set("[]".to_owned()),
        wish: Set(None),
        attempts: Set(0),
        tried_since: Set(None),
        claimed_from: Set(None),
        holder: Set(None),
        lease_until: Set(None),
        fence: Set(0),
        sent_at: Set(None),
        ..planned_part(draft, now)
    }
}

/// The columns that every plan writes anew; all others are left as they are.
pub(super) fn planned_part(draft: &Draft, now: Instant) -> ActiveModel {
    ActiveModel {
        position: Set(draft.position),
        due: Set(draft.due.millis()),
        next_at: Set(draft.due.millis()),
        milestone: Set(draft.milestone.clone()),
        milestone_day: Set(draft.milestone_day.to_string()),
        provisional: Set(draft.provisional),
        language: Set(draft.language.to_string()),
        sender: Set(draft.sender.to_string()),
        recipients: Set(recipients_json(&draft.recipients)),
        domain: Set(draft.recipients.domains().into_iter().next().unwrap_or_default()),
        subject: Set(draft.subject.clone()),
        reply_token: Set(Some(draft.reply_token.as_str().to_owned())),
        digest: Set(draft.digest.to_string()),
        seal: Set(draft.seal().to_string()),
        follows: Set(draft.rules.follows.as_ref().map(ToString::to_string)),
        rules: Set(rules_json(&draft.rules)),
        why: Set(json(&draft.why)),
        objections: Set(json(&draft.objections)),
        // These bytes are what the files say: nothing is left to wish.
        wish: Set(None),
        updated_at: Set(now.millis()),
        ..Default::default()
    }
}

/// The first eight digits and the rest of a digest are one text in the database.
pub(super) fn digest(table: &'static str, text: &str) -> Result<Digest, StoreError> {
    text.parse().map_err(|e| StoreError::row(table, text, e))
}
