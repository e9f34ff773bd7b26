//! Which delegations a campaign writes to.

use std::fmt;
use std::str::FromStr;

use super::contact::Mission;
use super::positions::Positions;
use super::states::{Group, State};
use crate::vocabulary::{Day, StateCode, StatementId};

/// One word of `include` or `exclude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every member State.
    All,
    HrcMembers,
    NotHrcMembers,
    Group(Group),
    State(StateCode),
    Tag(String),
    Joined(StatementId),
    NotJoined(StatementId),
}

/// The forms that a selector can be written in.
pub const SELECTOR_FORMS: &str =
    "all, hrc-members, not-hrc-members, group:weog, state:FRA, tag:x, joined:ID or not-joined:ID";

impl FromStr for Selector {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a selector is written {SELECTOR_FORMS}");
        match text.split_once(':') {
            None => match text {
                "all" => Ok(Self::All),
                "hrc-members" => Ok(Self::HrcMembers),
                "not-hrc-members" => Ok(Self::NotHrcMembers),
                _ => Err(wrong()),
            },
            Some(("group", group)) => group.parse().map(Self::Group),
            Some(("state", state)) => {
                state.parse().map(Self::State).map_err(|e: crate::vocabulary::state_code::StateCodeError| e.to_string())
            }
            Some(("tag", tag)) if !tag.is_empty() && !tag.contains(char::is_whitespace) => {
                Ok(Self::Tag(tag.to_owned()))
            }
            Some(("joined", id)) => {
                id.parse().map(Self::Joined).map_err(|e: crate::vocabulary::ids::IdError| e.to_string())
            }
            Some(("not-joined", id)) => {
                id.parse().map(Self::NotJoined).map_err(|e: crate::vocabulary::ids::IdError| e.to_string())
            }
            Some(_) => Err(wrong()),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::HrcMembers => f.write_str("hrc-members"),
            Self::NotHrcMembers => f.write_str("not-hrc-members"),
            Self::Group(group) => write!(f, "group:{group}"),
            Self::State(state) => write!(f, "state:{state}"),
            Self::Tag(tag) => write!(f, "tag:{tag}"),
            Self::Joined(id) => write!(f, "joined:{id}"),
            Self::NotJoined(id) => write!(f, "not-joined:{id}"),
        }
    }
}

/// Who is written to: whom `include` names, less whom `exclude` names, less the target.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    pub include: Vec<Selector>,
    pub exclude: Vec<Selector>,
}

/// What the selectors are judged by, for one State and one step.
#[derive(Debug)]
pub struct Candidate<'a> {
    pub state: &'a State,
    /// The State's rows in contacts.csv, if it has any.
    pub mission: Option<&'a Mission>,
    /// Judged on the milestone's day.
    pub hrc_member: bool,
    /// The day on which `joined` is judged: the due day.
    pub due: Day,
}

/// Why a State does not get a step's letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// The letter is about it.
    Target,
    NotIncluded,
    Excluded(Selector),
    /// No row in contacts.csv.
    NoContact,
    /// Rows, but none with `send = to`.
    NoRecipient,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("the letter is about this State"),
            Self::NotIncluded => f.write_str("no selector of `include` names it"),
            Self::Excluded(selector) => write!(f, "left out by `exclude`: {selector}"),
            Self::NoContact => f.write_str("no row in config/contacts.csv"),
            Self::NoRecipient => f.write_str("no row with send = to in config/contacts.csv"),
        }
    }
}

impl Audience {
    /// Whether `candidate` gets the letter, and if so by which selector.
    ///
    /// # Errors
    /// The reason why not. The target comes first: no selector can bring it in.
    pub fn judge(
        &self,
        candidate: &Candidate<'_>,
        target: Option<StateCode>,
        positions: &Positions,
    ) -> Result<&Selector, LeftOut> {
        if target == Some(candidate.state.code) {
            return Err(LeftOut::Target);
        }
        let names = |selector: &&Selector| selector.names(candidate, positions);
        let included = self.include.iter().find(names).ok_or(LeftOut::NotIncluded)?;
        if let Some(selector) = self.exclude.iter().find(names) {
            return Err(LeftOut::Excluded(selector.clone()));
        }
        let mission = candidate.mission.ok_or(LeftOut::NoContact)?;
        if mission.to().is_empty() {
            return Err(LeftOut::NoRecipient);
        }
        Ok(included)
    }
}

impl Selector {
    fn names(&self, candidate: &Candidate<'_>, positions: &Positions) -> bool {
        let state = candidate.state;
        let joined = |id| positions.joined(id, state.code, candidate.due).unwrap_or(false);
        match self {
            Self::All => state.is_member(),
            Self::HrcMembers => candidate.hrc_member,
            Self::NotHrcMembers => state.is_member() && !candidate.hrc_member,
            Self::Group(group) => state.group == Some(*group),
            Self::State(code) => state.code == *code,
            Self::Tag(tag) => candidate.mission.is_some_and(|m| m.has_tag(tag)),
            Self::Joined(id) => joined(id),
            Self::NotJoined(id) => state.is_member() && !joined(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::contact::Mission;
    use crate::campaign::positions::Statement;
    use crate::campaign::states::Standing;
    use crate::vocabulary::Language;

    const STATEMENT_DAY: &str = "2018-02-10";

    fn state(code: &str, group: Option<Group>, standing: Standing) -> State {
        State {
            code: code.parse().unwrap(),
            name_en: code.to_owned(),
            official_en: code.to_owned(),
            name_fr: code.to_owned(),
            name_es: code.to_owned(),
            group,
            language: Language::ENGLISH,
            standing,
        }
    }

    fn france() -> State {
        state("FRA", Some(Group::Weog), Standing::Member)
    }

    fn holy_see() -> State {
        state("VAT", None, Standing::ObserverState)
    }

    /// France alone signed, on that day.
    fn positions() -> Positions {
        let statement = Statement {
            id: "our-appeal".parse().unwrap(),
            date: STATEMENT_DAY.parse().unwrap(),
            title: "An appeal".to_owned(),
            signatories: ["FRA".parse().unwrap()].into(),
            verified: true,
            source: "invented".to_owned(),
        };
        Positions { statements: vec![statement], positions: Vec::new() }
    }

    fn names(selector: &str, state: &State, hrc_member: bool, due: &str) -> bool {
        let candidate = Candidate { state, mission: None, hrc_member, due: due.parse().unwrap() };
        selector.parse::<Selector>().unwrap().names(&candidate, &positions())
    }

    #[test]
    fn each_selector_names_whom_it_says() {
        let due = "2018-02-12";
        for (selector, french, papal) in [
            ("all", true, false),
            ("hrc-members", true, false),
            ("not-hrc-members", false, false),
            ("group:weog", true, false),
            ("group:grulac", false, false),
            ("state:FRA", true, false),
            ("state:VAT", false, true),
            ("tag:core", false, false),
            ("joined:our-appeal", true, false),
            ("not-joined:our-appeal", false, false),
        ] {
            assert_eq!(names(selector, &france(), true, due), french, "{selector} and a member");
            assert_eq!(names(selector, &holy_see(), false, due), papal, "{selector} and an observer");
        }
        assert!(names("not-hrc-members", &france(), false, due));
    }

    #[test]
    fn a_state_has_joined_from_the_day_of_the_statement_on() {
        assert!(!names("joined:our-appeal", &france(), true, "2018-02-09"));
        assert!(names("joined:our-appeal", &france(), true, STATEMENT_DAY));
        assert!(names("not-joined:our-appeal", &france(), true, "2018-02-09"));
        assert!(!names("not-joined:our-appeal", &france(), true, STATEMENT_DAY));
    }

    #[test]
    fn every_selector_reads_back_as_it_is_written_and_no_other_word_is_one() {
        for text in [
            "all",
            "hrc-members",
            "not-hrc-members",
            "group:asia-pacific",
            "state:FRA",
            "tag:core",
            "joined:our-appeal",
            "not-joined:our-appeal",
        ] {
            assert_eq!(text.parse::<Selector>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "members", "group:nato", "state:France", "tag:", "tag:a b", "joined:", "ALL", "hrc-members:2018"]
        {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn the_target_is_never_written_to_and_exclude_wins_over_include() {
        let audience = |include: &str, exclude: &str| Audience {
            include: vec![include.parse().unwrap()],
            exclude: vec![exclude.parse().unwrap()],
        };
        let france = france();
        let candidate = Candidate {
            state: &france,
            mission: None::<&Mission>,
            hrc_member: true,
            due: "2018-02-12".parse().unwrap(),
        };
        let judge = |audience: &Audience, target: Option<&str>| {
            audience.judge(&candidate, target.map(|t| t.parse().unwrap()), &positions()).map(ToString::to_string)
        };
        let only_spain = audience("state:FRA", "state:ESP");
        assert_eq!(judge(&only_spain, Some("FRA")), Err(LeftOut::Target));
        assert_eq!(judge(&only_spain, Some("CHN")), Err(LeftOut::NoContact));
        assert_eq!(judge(&audience("all", "group:weog"), None), Err(LeftOut::Excluded("group:weog".parse().unwrap())));
        assert_eq!(judge(&audience("state:ESP", "all"), None), Err(LeftOut::NotIncluded));
    }
}
