//! What was understood of a message, besides what stands in columns of its own, as one JSON text.

use serde::{Deserialize, Serialize};

use crate::inbox::{CalendarAnswer, Correspondent, Participation, Reading, Returned};
use crate::vocabulary::Instant;

/// Written with the message, read by `log show`, by `pen` and by what is filed from there later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailDetails {
    /// Why it was taken for its kind.
    pub reasons: Vec<String>,
    pub originals: Vec<String>,
    pub addressed_to: Vec<String>,
    pub reply_to: Option<String>,
    /// `YYYY-MM-DD`: of an absence note, from when on somebody is back.
    pub back_on: Option<String>,
    pub cut_off: Option<String>,
    pub returned_subject: Option<String>,
    returned: Vec<ReturnedJson>,
    calendar: Option<CalendarJson>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ReturnedJson {
    address: String,
    passed_on_to: Option<String>,
    status: Option<String>,
    permanent: Option<bool>,
    gave_up: Option<bool>,
    wrong_address: bool,
    words: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CalendarJson {
    uid: String,
    sequence: Option<u32>,
    answer: String,
    by: String,
    proposes: Option<i64>,
    comment: Option<String>,
}

impl MailDetails {
    pub fn of(reading: &Reading) -> Self {
        let returned = reading.returned.iter().map(|r| ReturnedJson {
            address: r.address.clone(),
            passed_on_to: r.passed_on_to.clone(),
            status: r.status.clone(),
            permanent: r.permanent,
            gave_up: r.gave_up,
            wrong_address: r.wrong_address,
            words: r.words.clone(),
        });
        let calendar = reading.calendar.as_ref().map(|c| CalendarJson {
            uid: c.uid.clone(),
            sequence: c.sequence,
            answer: c.answer.as_str().to_owned(),
            by: c.by.clone(),
            proposes: c.proposes.map(Instant::millis),
            comment: c.comment.clone(),
        });
        Self {
            reasons: reading.reasons.clone(),
            originals: reading.originals.clone(),
            addressed_to: reading.addressed_to.clone(),
            reply_to: reading.reply_to.as_ref().map(shown),
            back_on: reading.back_on.map(|day| day.to_string()),
            cut_off: reading.cut_off.clone(),
            returned_subject: reading.returned_subject.clone(),
            returned: returned.collect(),
            calendar,
        }
    }

    pub fn returned(&self) -> Vec<Returned> {
        let one = |r: &ReturnedJson| Returned {
            address: r.address.clone(),
            passed_on_to: r.passed_on_to.clone(),
            status: r.status.clone(),
            permanent: r.permanent,
            gave_up: r.gave_up,
            wrong_address: r.wrong_address,
            words: r.words.clone(),
        };
        self.returned.iter().map(one).collect()
    }

    pub fn calendar(&self) -> Option<CalendarAnswer> {
        let c = self.calendar.as_ref()?;
        let all = [Participation::Accepted, Participation::Declined, Participation::Tentative, Participation::Counter];
        Some(CalendarAnswer {
            uid: c.uid.clone(),
            sequence: c.sequence,
            answer: all.into_iter().find(|answer| answer.as_str() == c.answer)?,
            by: c.by.clone(),
            proposes: c.proposes.map(Instant::from_millis),
            comment: c.comment.clone(),
        })
    }
}

/// `Name <address>`, for people.
pub fn shown(who: &Correspondent) -> String {
    match (who.name.is_empty(), who.address.is_empty()) {
        (true, _) => who.address.clone(),
        (false, true) => who.name.clone(),
        (false, false) => format!("{} <{}>", who.name, who.address),
    }
}
