//! The ledger: how each delegation stands to each ask, and by what evidence.
//!
//! Nothing in it is stored as a position. It is folded anew from facts that are only ever added, so that what was believed
//! last month can still be read after a correction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::stance::Stance;
use crate::inbox::Kind;
use crate::vocabulary::{AskId, Day, StateCode, StatementId};

/// One fact about one delegation and one ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub delegation: StateCode,
    pub ask: AskId,
    pub stance: Stance,
    /// The civil day in Geneva on which it happened.
    pub day: Day,
    pub source: Source,
}

/// Where a fact can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `[[position]]` of positions.toml: known before, from whatever the coalition names as its source.
    Noted(String),
    /// An entry of the response log: an answer, a call, a meeting that was closed with a stance.
    Entry(EntrySource),
    /// A joint statement that the State stands behind.
    Statement { id: StatementId, title: String },
}

/// What the ledger needs of an entry besides its stance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySource {
    pub id: i64,
    pub kind: Kind,
    pub by: String,
    /// The entry whose place it takes.
    pub corrects: Option<i64>,
    /// The entry that has taken its place.
    pub corrected_by: Option<i64>,
    /// Its words are gone at the writer's request; the stance stays.
    pub erased: bool,
}

impl Evidence {
    /// Whether a later entry has taken its place.
    pub fn is_corrected(&self) -> bool {
        matches!(&self.source, Source::Entry(entry) if entry.corrected_by.is_some())
    }

    /// `call, entry 3`; `our appeal of 2017`.
    pub fn told(&self) -> String {
        match &self.source {
            Source::Noted(source) => source.clone(),
            Source::Entry(entry) => format!("{}, entry {}", entry.kind, entry.id),
            Source::Statement { id, .. } => format!("statement {id}"),
        }
    }
}

/// The histories, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    histories: BTreeMap<(AskId, StateCode), Vec<Evidence>>,
}

impl Ledger {
    /// Puts facts in order: by their day, and on one day as they were recorded. A correction stands where the entry stood that
    /// it corrects. What a State has put its name to in public comes after what it said on the same day, and what the file knew
    /// before comes first.
    pub fn of(evidence: Vec<Evidence>) -> Self {
        let corrects: HashMap<i64, i64> = evidence
            .iter()
            .filter_map(|one| match &one.source {
                Source::Entry(entry) => Some((entry.id, entry.corrects?)),
                _ => None,
            })
            .collect();
        let recorded = |one: &Evidence| match &one.source {
            Source::Noted(_) => (0, 0, 0),
            Source::Entry(entry) => (1, first_of(entry.id, &corrects), entry.id),
            Source::Statement { .. } => (2, 0, 0),
        };
        let mut histories: BTreeMap<(AskId, StateCode), Vec<Evidence>> = BTreeMap::new();
        for one in evidence {
            histories.entry((one.ask.clone(), one.delegation)).or_default().push(one);
        }
        for history in histories.values_mut() {
            history.sort_by_key(|one| (one.day, recorded(one)));
        }
        Self { histories }
    }

    /// Everything that is known, corrected entries too.
    pub fn history(&self, ask: &AskId, delegation: StateCode) -> &[Evidence] {
        self.histories.get(&(ask.clone(), delegation)).map_or(&[], Vec::as_slice)
    }

    /// The evidence that decides the position at the end of that day.
    pub fn in_force(&self, ask: &AskId, delegation: StateCode, on: Day) -> Option<&Evidence> {
        self.history(ask, delegation).iter().rfind(|one| one.day <= on && !one.is_corrected())
    }

    /// The day since which the position in force has been the same.
    pub fn since(&self, ask: &AskId, delegation: StateCode, on: Day) -> Option<Day> {
        let holds = self.history(ask, delegation).iter().rev().filter(|one| one.day <= on && !one.is_corrected());
        let stance = self.in_force(ask, delegation, on)?.stance;
        holds.take_while(|one| one.stance == stance).last().map(|one| one.day)
    }

    /// Asks about which anything is known, in the order of their names.
    pub fn asks(&self) -> BTreeSet<&AskId> {
        self.histories.keys().map(|(ask, _)| ask).collect()
    }

    /// Delegations of which anything is known about this ask.
    pub fn delegations(&self, ask: &AskId) -> impl Iterator<Item = StateCode> {
        self.histories.keys().filter(move |(of, _)| of == ask).map(|(_, delegation)| *delegation)
    }
}

/// The entry at the beginning of a chain of corrections. Numbers grow, so a chain that came out of order ends at once.
fn first_of(id: i64, corrects: &HashMap<i64, i64>) -> i64 {
    let mut first = id;
    while let Some(earlier) = corrects.get(&first).filter(|earlier| **earlier < first) {
        first = *earlier;
    }
    first
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// `FRA considering 2018-02-06` about `statement`.
    fn fact(words: &str, source: Source) -> Evidence {
        let mut words = words.split(' ');
        let mut next = || words.next().unwrap();
        Evidence {
            delegation: next().parse().unwrap(),
            stance: next().parse().unwrap(),
            day: next().parse().unwrap(),
            ask: "statement".parse().unwrap(),
            source,
        }
    }

    pub(crate) fn noted(words: &str) -> Evidence {
        fact(words, Source::Noted("Conversation in Geneva".to_owned()))
    }

    pub(crate) fn joined(words: &str) -> Evidence {
        let id = "appeal-2017".parse().unwrap();
        fact(words, Source::Statement { id, title: "An appeal".to_owned() })
    }

    pub(crate) fn entry(id: i64, words: &str) -> Evidence {
        let by = "officer".to_owned();
        let source = EntrySource { id, kind: Kind::Call, by, corrects: None, corrected_by: None, erased: false };
        fact(words, Source::Entry(source))
    }

    /// `later` takes the place of `earlier`.
    pub(crate) fn corrected(mut earlier: Evidence, mut later: Evidence) -> [Evidence; 2] {
        if let (Source::Entry(old), Source::Entry(new)) = (&mut earlier.source, &mut later.source) {
            (old.corrected_by, new.corrects) = (Some(new.id), Some(old.id));
        }
        [earlier, later]
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{corrected, entry, joined, noted};
    use super::*;

    /// The stance of France at the end of that day, and since when.
    fn on(facts: Vec<Evidence>, day: &str) -> Option<(&'static str, String)> {
        let (ask, fra, day) = ("statement".parse().unwrap(), "FRA".parse().unwrap(), day.parse().unwrap());
        let ledger = Ledger::of(facts);
        let stance = ledger.in_force(&ask, fra, day)?.stance.as_str();
        Some((stance, ledger.since(&ask, fra, day)?.to_string()))
    }

    fn stance(facts: Vec<Evidence>, day: &str) -> Option<&'static str> {
        on(facts, day).map(|(stance, _)| stance)
    }

    #[test]
    fn the_latest_evidence_is_in_force_and_earlier_days_keep_theirs() {
        let facts = || vec![entry(2, "FRA will-support 2018-03-01"), noted("FRA considering 2018-01-17")];
        assert_eq!(stance(facts(), "2018-01-16"), None);
        assert_eq!(stance(facts(), "2018-02-28"), Some("considering"));
        assert_eq!(stance(facts(), "2018-03-01"), Some("will-support"));
    }

    #[test]
    fn of_two_on_one_day_the_later_recorded_holds() {
        let facts = vec![entry(9, "FRA declined 2018-03-01"), entry(2, "FRA will-support 2018-03-01")];
        assert_eq!(stance(facts, "2018-03-01"), Some("declined"));
        let facts = vec![entry(2, "FRA considering 2018-03-01"), noted("FRA declined 2018-03-01")];
        assert_eq!(stance(facts, "2018-03-01"), Some("considering"));
        let facts = vec![joined("FRA joined 2018-03-01"), entry(2, "FRA considering 2018-03-01")];
        assert_eq!(stance(facts, "2018-03-01"), Some("joined"));
    }

    #[test]
    fn a_correction_stands_where_the_corrected_entry_stood_and_both_stay() {
        let [wrong, right] = corrected(entry(1, "FRA will-support 2018-03-01"), entry(7, "FRA considering 2018-03-01"));
        let facts = || vec![wrong.clone(), right.clone(), entry(4, "FRA declined 2018-03-01")];
        assert_eq!(stance(facts(), "2018-03-01"), Some("declined"), "it was said after what was corrected");
        let ledger = Ledger::of(facts());
        assert_eq!(ledger.history(&"statement".parse().unwrap(), "FRA".parse().unwrap()).len(), 3);
        assert_eq!(stance(vec![wrong.clone(), right.clone()], "2018-03-01"), Some("considering"));
    }

    #[test]
    fn an_entry_that_was_filed_under_another_delegation_holds_for_it_alone() {
        let facts =
            corrected(entry(1, "FRA will-support 2018-03-01"), entry(2, "NOR will-support 2018-03-01")).to_vec();
        assert_eq!(stance(facts, "2018-03-01"), None);
    }

    #[test]
    fn a_position_that_was_said_again_holds_since_it_was_said_first() {
        let facts = || {
            vec![
                noted("FRA considering 2018-01-17"),
                entry(1, "FRA will-support 2018-02-06"),
                entry(2, "FRA will-support 2018-03-01"),
            ]
        };
        assert_eq!(on(facts(), "2018-04-01"), Some(("will-support", "2018-02-06".to_owned())));
        assert_eq!(on(facts(), "2018-02-01"), Some(("considering", "2018-01-17".to_owned())));
    }

    #[test]
    fn corrections_that_point_at_each_other_end() {
        let [mut a, mut b] = corrected(entry(1, "FRA considering 2018-03-01"), entry(2, "FRA declined 2018-03-01"));
        if let (Source::Entry(a), Source::Entry(b)) = (&mut a.source, &mut b.source) {
            (a.corrects, b.corrected_by) = (Some(2), Some(1));
        }
        assert_eq!(stance(vec![a, b], "2018-03-01"), None);
    }
}
