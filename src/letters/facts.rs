//! The facts that a letter may print: a closed list.
//!
//! A fact that is not known is left out, never null and never empty: a letter that prints it then stops.

use chrono::Duration;
use serde::Serialize;

use super::FormsOfAddress;
use crate::campaign::{Campaign, Gender, Mission, Rank, State, States};
use crate::vocabulary::{Day, Instant, Language, StatementId, TimeOfDay, Zone};

/// How a fact may be used in a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    Text,
    Number,
    YesNo,
    /// Printed only through `date`.
    Date,
    /// `signatories`.
    Signatories,
    /// `asks`.
    Asks,
}

/// Every fact by its name. Source: contract, section 5.
pub const CATALOGUE: &[(&str, FactKind)] = &[
    ("salutation", FactKind::Text),
    ("closing", FactKind::Text),
    ("delegation.code", FactKind::Text),
    ("delegation.name", FactKind::Text),
    ("delegation.official_name", FactKind::Text),
    ("delegation.group", FactKind::Text),
    ("delegation.language", FactKind::Text),
    ("delegation.hrc_member", FactKind::YesNo),
    ("head.name", FactKind::Text),
    ("head.surname", FactKind::Text),
    ("head.title", FactKind::Text),
    ("head.envelope", FactKind::Text),
    ("head.rank", FactKind::Text),
    ("head.gender", FactKind::Text),
    ("campaign.id", FactKind::Text),
    ("campaign.title", FactKind::Text),
    ("target.code", FactKind::Text),
    ("target.name", FactKind::Text),
    ("target.official_name", FactKind::Text),
    ("session.number", FactKind::Number),
    ("session.opens", FactKind::Date),
    ("session.closes", FactKind::Date),
    ("review.session", FactKind::Number),
    ("review.state", FactKind::Text),
    ("review.date", FactKind::Date),
    ("milestone.title", FactKind::Text),
    ("milestone.date", FactKind::Date),
    ("signatories", FactKind::Signatories),
    ("asks", FactKind::Asks),
    ("send_date", FactKind::Date),
    ("previous.date", FactKind::Date),
    ("previous.subject", FactKind::Text),
    ("meeting.date", FactKind::Date),
    ("meeting.time", FactKind::Text),
    ("meeting.ends", FactKind::Text),
    ("meeting.length", FactKind::Text),
    ("meeting.place", FactKind::Text),
    ("meeting.agenda", FactKind::Text),
];

/// The values that a fact can have, where they are few: a comparison with any other is a slip of the pen.
pub fn values_of(fact: &str) -> Option<&'static [&'static str]> {
    match fact {
        "delegation.group" => Some(&["africa", "asia-pacific", "eastern-europe", "grulac", "weog"]),
        "head.rank" => Some(&["ambassador", "charge", "minister", "counsellor", "secretary"]),
        "head.gender" => Some(&["f", "m"]),
        _ => None,
    }
}

/// What the facts of one letter are made from.
#[derive(Debug)]
pub struct FactsInput<'a> {
    pub campaign: &'a Campaign,
    pub states: &'a States,
    pub state: &'a State,
    pub mission: &'a Mission,
    pub forms: &'a FormsOfAddress,
    /// The language of the letter's text, after fallback.
    pub language: Language,
    /// On the milestone's day.
    pub hrc_member: bool,
    pub milestone: MilestoneFact,
    /// Only with an hrc milestone.
    pub session: Option<SessionFact>,
    /// Only with a upr milestone.
    pub review: Option<ReviewFact>,
    /// The step that this one follows.
    pub previous: Option<PreviousFact>,
    /// Only in a step that confirms meetings.
    pub meeting: Option<MeetingFact>,
    /// The day on which the letter is planned to leave, in the campaign's zone.
    pub send_date: Day,
    /// The statements that the State had joined by the due day.
    pub joined: Vec<StatementId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MilestoneFact {
    pub title: String,
    pub date: Day,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionFact {
    pub number: u16,
    pub opens: Day,
    pub closes: Day,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewFact {
    pub session: u16,
    /// `None` for a milestone that is a session's opening or closing, no State's review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Day>,
    /// The reviewed State's name in the letter's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Planned date and subject of the step that this one follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviousFact {
    pub date: Day,
    pub subject: String,
}

/// The meeting that the letter confirms, in the campaign's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeetingFact {
    pub date: Day,
    /// `15:00`, which all our languages read alike.
    pub time: TimeOfDay,
    pub ends: TimeOfDay,
    /// `1 h 30 min`: signs of the International System, the same in every language.
    pub length: String,
    pub place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agenda: Option<String>,
}

impl MeetingFact {
    pub fn new(at: Instant, lasts: Duration, place: &str, agenda: Option<&str>, zone: Zone) -> Self {
        let (hours, minutes) = (lasts.num_hours(), lasts.num_minutes() % 60);
        let length = match (hours, minutes) {
            (0, minutes) => format!("{minutes}\u{A0}min"),
            (hours, 0) => format!("{hours}\u{A0}h"),
            (hours, minutes) => format!("{hours}\u{A0}h {minutes}\u{A0}min"),
        };
        Self {
            date: zone.day_of(at),
            time: zone.time_of(at),
            ends: zone.time_of(at.plus(lasts)),
            length,
            place: place.to_owned(),
            agenda: agenda.map(str::to_owned),
        }
    }
}

/// What a letter may print, in the shape in which templates name it, but for [`Facts::lists`].
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    salutation: String,
    closing: String,
    delegation: Delegation,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Head>,
    campaign: CampaignFact,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionFact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewFact>,
    milestone: MilestoneFact,
    #[serde(skip)]
    lists: Lists,
    send_date: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousFact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting: Option<MeetingFact>,
    /// For the helper `joined`; not a fact of its own.
    joined: Vec<StatementId>,
    /// Printed above the letter, not by it.
    #[serde(skip)]
    inside_address: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Delegation {
    code: String,
    name: String,
    /// Known in English only: a formal name in another language than the letter's would be a wrong name.
    #[serde(skip_serializing_if = "Option::is_none")]
    official_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    language: Language,
    hrc_member: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Head {
    name: String,
    surname: String,
    envelope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct CampaignFact {
    id: String,
    title: String,
}

#[derive(Debug, Clone, Serialize)]
struct Target {
    code: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    official_name: Option<String>,
}

/// The facts `signatories` and `asks`. They are those of all of a campaign's letters, so an engine may take them once for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lists {
    signatories: Vec<SignatoryFact>,
    asks: Vec<AskFact>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SignatoryFact {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct AskFact {
    id: String,
    text: String,
}

impl Facts {
    /// As the letter begins.
    pub fn salutation(&self) -> &str {
        &self.salutation
    }

    /// Gathers what is known about one letter.
    ///
    /// `None` only when the forms of address hold not even an English form for an unknown person.
    pub fn gather(input: FactsInput<'_>) -> Option<Self> {
        let address = input.forms.address(input.mission, input.state, input.language)?;
        let english = input.language == Language::ENGLISH;
        let official = |state: &State| english.then(|| state.official_en.clone()).filter(|name| !name.is_empty());
        let target = input.campaign.target.and_then(|code| input.states.get(code));
        let inside_address = address.inside.lines().into_iter().map(str::to_owned).collect();
        let named = input.mission.head().filter(|contact| !contact.name.trim().is_empty());
        let head = named.map(|contact| Head {
            name: contact.name.trim().to_owned(),
            surname: contact.surname().to_owned(),
            envelope: address.inside.name.unwrap_or_else(|| contact.name.trim().to_owned()),
            title: address.inside.title,
            rank: contact.rank.map(rank_word),
            gender: contact.gender.map(gender_letter),
        });
        Some(Self {
            salutation: address.salutation,
            closing: if input.campaign.signatories.len() > 1 && !address.own_closing {
                in_the_plural(&address.closing)
            } else {
                address.closing
            },
            delegation: Delegation {
                code: input.state.code.to_string(),
                name: input.state.name(input.language).to_owned(),
                official_name: official(input.state),
                group: input.state.group.map(|group| group.as_str()),
                language: input.language,
                hrc_member: input.hrc_member,
            },
            head,
            campaign: CampaignFact { id: input.campaign.id.to_string(), title: input.campaign.title.clone() },
            target: target.map(|state| Target {
                code: state.code.to_string(),
                name: state.name(input.language).to_owned(),
                official_name: official(state),
            }),
            session: input.session,
            review: input.review,
            milestone: input.milestone,
            lists: Lists {
                signatories: input
                    .campaign
                    .marked_signatories()
                    .into_iter()
                    .map(|(signatory, mark)| SignatoryFact {
                        name: signatory.name.clone(),
                        mark,
                        note: signatory.note.clone(),
                    })
                    .collect(),
                asks: input
                    .campaign
                    .asks
                    .iter()
                    .map(|ask| AskFact { id: ask.id.to_string(), text: ask.text.clone() })
                    .collect(),
            },
            send_date: input.send_date,
            previous: input.previous,
            meeting: input.meeting,
            joined: input.joined,
            inside_address,
        })
    }

    /// The facts that stand beside the others in a template and are not among those that this writes.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// The lines above the salutation, from the name downwards.
    pub fn inside_address(&self) -> &[String] {
        &self.inside_address
    }
}

/// Several sign: the sourced closings are those of one. Only the possessive of the one who assures is in them.
fn in_the_plural(closing: &str) -> String {
    [(" my ", " our "), (" ma ", " notre "), (" mi ", " nuestra ")]
        .iter()
        .fold(closing.to_owned(), |closing, (one, several)| closing.replace(one, several))
}

fn rank_word(rank: Rank) -> &'static str {
    match rank {
        Rank::Ambassador => "ambassador",
        Rank::Charge => "charge",
        Rank::Minister => "minister",
        Rank::Counsellor => "counsellor",
        Rank::Secretary => "secretary",
    }
}

fn gender_letter(gender: Gender) -> &'static str {
    match gender {
        Gender::Female => "f",
        Gender::Male => "m",
    }
}
