//! Where delegations stand, ask by ask: the ledger counted by regional group and by seat in the Council, and what has moved.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::campaign::{Campaign, Group, MilestoneRef, State, States};
use crate::responses::{Evidence, Ledger, Stance};
use crate::schedule::Calendar;
use crate::vocabulary::{AskId, Day, StateCode};

/// How far a campaign has come with a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// Its letters are planned, and none has left.
    NotWritten,
    Written,
    /// It has answered: by mail, by post, on the telephone or at a meeting.
    Answered,
}

/// One ask, and the delegations that were or are to be asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub ask: AskId,
    /// As the letter words it; `None`: no campaign's file has it.
    pub text: Option<String>,
    pub audience: BTreeMap<StateCode, Reached>,
}

/// What the tally is made from.
#[derive(Debug)]
pub struct Question<'a> {
    pub ledger: &'a Ledger,
    pub states: &'a States,
    pub calendar: &'a Calendar,
    /// Positions are those at the end of this day …
    pub on: Day,
    /// … and are compared with those at the end of that day.
    pub since: Option<Day>,
    /// Who sits in the Council is judged on this day.
    pub seats_on: Day,
}

/// Where a delegation stands to an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Position(Stance),
    /// It has answered, and nobody has said what that means for this ask.
    Answered,
    NoAnswer,
    NotWritten,
}

impl Standing {
    /// The words of tables and of JSON, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        let first = [Stance::Joined, Stance::WillSupport, Stance::WillRaisePrivately, Stance::Considering];
        let last = [Stance::Acknowledged, Stance::Unread, Stance::Declined, Stance::Opposed];
        let positions = first.into_iter().chain(last).map(Self::Position);
        positions.chain([Self::Answered, Self::NoAnswer, Self::NotWritten])
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Position(stance) => stance.as_str(),
            Self::Answered => "answered, no position",
            Self::NoAnswer => "no answer yet",
            Self::NotWritten => "not written to yet",
        }
    }

    /// The same as a JSON key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Position(stance) => stance.as_str(),
            Self::Answered => "answered",
            Self::NoAnswer => "no-answer",
            Self::NotWritten => "not-written",
        }
    }
}

/// One delegation's line.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    pub state: &'a State,
    /// `None`: the Council of that day is not known.
    pub hrc_member: Option<bool>,
    pub standing: Standing,
    /// Since when the position has been the same.
    pub since: Option<Day>,
    /// What decides the position.
    pub evidence: Option<&'a Evidence>,
    /// The position at the day of comparison.
    pub before: Option<Stance>,
    /// Everything that is known, oldest first, corrected entries too.
    pub history: &'a [Evidence],
}

impl Line<'_> {
    /// `moved from considering to will-support`; `None` when it stands where it stood.
    pub fn moved(&self) -> Option<String> {
        let Standing::Position(now) = self.standing else { return None };
        match self.before {
            Some(before) if before == now => None,
            Some(before) => Some(format!("moved from {before} to {now}")),
            None => Some(format!("new: {now}")),
        }
    }
}

/// One ask's lines, by delegation.
#[derive(Debug, Clone)]
pub struct AskPositions<'a> {
    pub ask: &'a AskId,
    pub text: Option<&'a str>,
    pub lines: Vec<Line<'a>>,
}

/// One row of a tally: how many stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    pub delegations: usize,
    /// By the keys of [`Standing`]; what nobody holds is left out.
    pub counts: BTreeMap<&'static str, usize>,
}

impl Count {
    fn of<'l>(lines: impl Iterator<Item = &'l Line<'l>>) -> Self {
        let mut count = Self { delegations: 0, counts: BTreeMap::new() };
        for line in lines {
            count.delegations += 1;
            *count.counts.entry(line.standing.key()).or_default() += 1;
        }
        count
    }
}

/// What a row of the tally counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Group(Group),
    /// No member of a regional group.
    Observers,
    HrcMembers,
    NotHrcMembers,
    /// Whether it sits in the Council of that day is not known.
    SeatsNotKnown,
    All,
}

impl Part {
    pub fn title(self) -> &'static str {
        match self {
            Self::Group(group) => group.as_str(),
            Self::Observers => "observers",
            Self::HrcMembers => "Council members",
            Self::NotHrcMembers => "not members",
            Self::SeatsNotKnown => "membership not known",
            Self::All => "all",
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Group(group) => group.as_str(),
            Self::Observers => "observers",
            Self::HrcMembers => "hrc-members",
            Self::NotHrcMembers => "not-hrc-members",
            Self::SeatsNotKnown => "membership-not-known",
            Self::All => "all",
        }
    }

    fn holds(self, line: &Line<'_>) -> bool {
        match self {
            Self::Group(group) => line.state.group == Some(group),
            Self::Observers => line.state.group.is_none(),
            Self::HrcMembers => line.hrc_member == Some(true),
            Self::NotHrcMembers => line.hrc_member == Some(false),
            Self::SeatsNotKnown => line.hrc_member.is_none(),
            Self::All => true,
        }
    }
}

impl AskPositions<'_> {
    /// By regional group, by seat in the Council, and all; groups in which nobody is are left out.
    pub fn tally(&self) -> Vec<(Part, Count)> {
        let rest = [Part::Observers, Part::HrcMembers, Part::NotHrcMembers, Part::SeatsNotKnown, Part::All];
        let parts = Group::ALL.into_iter().map(Part::Group).chain(rest);
        let count = |part: Part| (part, Count::of(self.lines.iter().filter(|line| part.holds(line))));
        parts.map(count).filter(|(part, count)| count.delegations > 0 || *part == Part::All).collect()
    }
}

/// The lines of one ask for the delegations that are wanted: whoever was or is to be asked, and whoever has a position.
pub fn positions<'a>(question: &Question<'a>, asked: &'a Asked, wanted: impl Fn(&State) -> bool) -> AskPositions<'a> {
    let Question { ledger, states, calendar, on, since, seats_on } = *question;
    let known: BTreeSet<StateCode> = asked.audience.keys().copied().chain(ledger.delegations(&asked.ask)).collect();
    let line = |state: &'a State| {
        let evidence = ledger.in_force(&asked.ask, state.code, on);
        let standing = match (evidence, asked.audience.get(&state.code)) {
            (Some(evidence), _) => Standing::Position(evidence.stance),
            (None, Some(Reached::Answered)) => Standing::Answered,
            (None, Some(Reached::Written)) => Standing::NoAnswer,
            (None, Some(Reached::NotWritten) | None) => Standing::NotWritten,
        };
        let hrc_member = if state.is_member() { calendar.hrc_member(state.code, seats_on).ok() } else { Some(false) };
        let before = since.and_then(|day| ledger.in_force(&asked.ask, state.code, day));
        Line {
            state,
            hrc_member,
            standing,
            since: ledger.since(&asked.ask, state.code, on),
            evidence,
            before: before.map(|evidence| evidence.stance),
            history: ledger.history(&asked.ask, state.code),
        }
    };
    let lines = known.into_iter().filter_map(|code| states.get(code)).filter(|state| wanted(state)).map(line);
    AskPositions { ask: &asked.ask, text: asked.text.as_deref(), lines: lines.collect() }
}

/// The session of the Council that a campaign is about: that of its first step which is counted from one.
pub fn session_of(campaign: &Campaign) -> Option<u16> {
    campaign.steps.iter().find_map(|step| match step.when.milestone {
        MilestoneRef::HrcOpens(number) | MilestoneRef::HrcCloses(number) => Some(number),
        _ => None,
    })
}

/// Number and last day of the session before that one, or of the last one that had closed before `today`.
pub fn session_before(calendar: &Calendar, session: Option<u16>, today: Day) -> Option<(u16, Day)> {
    let closed = calendar.hrc_sessions(None, None).filter_map(|s| Some((s.number, s.closes.as_ref()?.day)));
    closed.filter(|(number, closes)| session.map_or(*closes < today, |of| *number < of)).max_by_key(|(_, day)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::states::Standing as Seat;
    use crate::responses::ledger::samples::{entry, noted};
    use crate::schedule::sample::{calendar, day};
    use crate::vocabulary::Language;

    fn states() -> States {
        let state = |code: &str, group| State {
            code: code.parse().unwrap(),
            name_en: code.to_owned(),
            official_en: code.to_owned(),
            name_fr: code.to_owned(),
            name_es: code.to_owned(),
            group,
            language: Language::ENGLISH,
            standing: if group.is_some() { Seat::Member } else { Seat::ObserverState },
        };
        let weog = Some(Group::Weog);
        States::new(vec![
            state("FRA", weog),
            state("USA", weog),
            state("JPN", Some(Group::AsiaPacific)),
            state("VAT", None),
        ])
    }

    fn asked(audience: &[(&str, Reached)]) -> Asked {
        let audience = audience.iter().map(|(code, reached)| (code.parse().unwrap(), *reached)).collect();
        Asked { ask: "statement".parse().unwrap(), text: None, audience }
    }

    /// `FRA: will-support since 2018-02-06, moved from considering to will-support`, a line for each delegation.
    fn told(ledger: &Ledger, asked: &Asked, since: &str) -> Vec<String> {
        let (states, calendar) = (states(), calendar());
        let since = Some(day(since));
        let question = Question {
            ledger,
            states: &states,
            calendar: &calendar,
            on: day("2018-03-05"),
            since,
            seats_on: day("2018-02-26"),
        };
        let lines = positions(&question, asked, |_| true).lines;
        let line = |line: &Line<'_>| {
            let since = line.since.map(|day| format!(" since {day}")).unwrap_or_default();
            let moved = line.moved().map(|moved| format!(", {moved}")).unwrap_or_default();
            format!("{}: {}{since}{moved}", line.state.code, line.standing.as_str())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn whoever_was_asked_has_a_line_and_whoever_moved_is_told() {
        let ledger = Ledger::of(vec![
            noted("FRA considering 2018-01-17"),
            entry(1, "FRA will-support 2018-02-06"),
            noted("VAT acknowledged 2018-01-17"),
        ]);
        let asked = asked(&[("FRA", Reached::Answered), ("JPN", Reached::NotWritten), ("USA", Reached::Written)]);
        assert_eq!(
            told(&ledger, &asked, "2018-01-31"),
            [
                "FRA: will-support since 2018-02-06, moved from considering to will-support",
                "JPN: not written to yet",
                "USA: no answer yet",
                "VAT: acknowledged since 2018-01-17",
            ]
        );
        assert_eq!(told(&ledger, &asked, "2017-09-29")[0], "FRA: will-support since 2018-02-06, new: will-support");
    }

    #[test]
    fn an_answer_that_nobody_has_classified_is_not_silence() {
        let asked = asked(&[("FRA", Reached::Answered)]);
        assert_eq!(told(&Ledger::default(), &asked, "2018-01-31"), ["FRA: answered, no position"]);
    }

    #[test]
    fn the_tally_counts_each_delegation_once_by_group_and_once_by_its_seat() {
        let ledger = Ledger::of(vec![entry(1, "FRA joined 2018-02-06")]);
        let (states, calendar) = (states(), calendar());
        let question = Question {
            ledger: &ledger,
            states: &states,
            calendar: &calendar,
            on: day("2018-03-05"),
            since: None,
            seats_on: day("2018-02-26"),
        };
        let asked = asked(&[
            ("FRA", Reached::Written),
            ("JPN", Reached::Written),
            ("USA", Reached::Written),
            ("VAT", Reached::Written),
        ]);
        let told = |positions: &AskPositions<'_>| -> Vec<String> {
            let row =
                |(part, count): (Part, Count)| format!("{} {}: {:?}", part.key(), count.delegations, count.counts);
            positions.tally().into_iter().map(row).collect()
        };
        let all = positions(&question, &asked, |_| true);
        assert_eq!(
            told(&all),
            [
                r#"asia-pacific 1: {"no-answer": 1}"#,
                r#"weog 2: {"joined": 1, "no-answer": 1}"#,
                r#"observers 1: {"no-answer": 1}"#,
                r#"hrc-members 1: {"no-answer": 1}"#,
                r#"not-hrc-members 3: {"joined": 1, "no-answer": 2}"#,
                r#"all 4: {"joined": 1, "no-answer": 3}"#,
            ]
        );
        let weog = positions(&question, &asked, |state| state.group == Some(Group::Weog));
        assert_eq!(told(&weog)[0], r#"weog 2: {"joined": 1, "no-answer": 1}"#);
        let later = Question { seats_on: day("2030-01-01"), ..question };
        let rows: Vec<&str> = positions(&later, &asked, |_| true).tally().iter().map(|(part, _)| part.key()).collect();
        assert!(rows.contains(&"membership-not-known") && !rows.contains(&"hrc-members"), "{rows:?}");
    }

    #[test]
    fn the_day_of_comparison_is_the_close_of_the_session_before() {
        let before = |session, today| session_before(&calendar(), session, day(today));
        assert_eq!(before(Some(62), "2018-01-01"), Some((37, day("2018-03-23"))));
        assert_eq!(before(None, "2018-03-23"), None, "it has not closed yet");
        assert_eq!(before(None, "2018-03-24"), Some((37, day("2018-03-23"))));
        assert_eq!(before(Some(37), "2030-01-01"), None);
    }
}
