//! The search for names: of every State, of every head of mission, and of those that may be named; all in one pass.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};

use super::Finding;
use super::fold::Folded;
use super::names::{OF_PEOPLE, SEAT, names};
use crate::campaign::{Mission, States};
use crate::vocabulary::StateCode;

/// What a phrase names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A signatory's printed name, or the seat of the missions: what lies within it is no finding.
    Harmless,
    State,
    Head,
}

#[derive(Debug)]
struct Phrase {
    /// As it is written; folded.
    chars: Vec<char>,
    kind: Kind,
    /// Two States may share a name, and two missions a head.
    whose: BTreeSet<StateCode>,
}

/// One automaton over all phrases, so that a letter is read once and not once a name.
#[derive(Debug)]
pub(super) struct Lookout {
    automaton: AhoCorasick,
    phrases: Vec<Phrase>,
    state_names: HashMap<StateCode, String>,
}

/// A phrase found, in numbers of characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    from: usize,
    to: usize,
    phrase: usize,
}

impl Lookout {
    pub fn new<'a>(
        states: &States,
        missions: &[Mission],
        harmless: impl Iterator<Item = &'a str>,
    ) -> Result<Self, String> {
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut add = |text: &str, kind: Kind, whose: Option<StateCode>| {
            let folded = Folded::phrase(text);
            if folded.small.is_empty() {
                return;
            }
            let number = *known.entry(folded.small.clone()).or_insert_with(|| {
                texts.push(folded.small.clone());
                phrases.push(Phrase { chars: folded.chars, kind, whose: BTreeSet::new() });
                phrases.len() - 1
            });
            let phrase = &mut phrases[number];
            // A person who is called like a State is told as a State.
            if phrase.kind == kind {
                phrase.whose.extend(whose);
            }
        };
        for name in harmless.chain(SEAT) {
            add(name, Kind::Harmless, None);
        }
        for state in states.iter() {
            for name in names(state) {
                add(&name, Kind::State, Some(state.code));
            }
        }
        for mission in missions {
            // One word alone is as often a word as a name; a name in signs has no spaces.
            if let Some(head) = mission.head().filter(|head| head.name.contains(' ') || !head.name.is_ascii()) {
                add(&head.name, Kind::Head, Some(mission.state));
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&texts)
            .map_err(|e| format!("the names of States and people cannot be searched for: {e}"))?;
        let state_names = states.iter().map(|s| (s.code, s.name_en.clone())).collect();
        Ok(Self { automaton, phrases, state_names })
    }

    /// Names of others among words of a letter to `to`. `own`: the names of its people, once they were needed.
    pub fn names(
        &self,
        words: &Folded,
        hits: &[Hit],
        to: &Mission,
        own: &OnceCell<Vec<Folded>>,
        allowed: &BTreeSet<StateCode>,
    ) -> Vec<Finding> {
        let names = || to.contacts.iter().flat_map(|c| [c.name.as_str(), c.surname()]).map(Folded::phrase).collect();
        let others = hits.iter().filter(|hit| {
            let phrase = &self.phrases[hit.phrase];
            let belongs = match phrase.kind {
                Kind::Harmless => true,
                Kind::State | Kind::Head => !phrase.whose.is_disjoint(allowed),
            };
            !belongs && !self.is_own_person(words, hit, own.get_or_init(names))
        });
        others.map(|hit| self.finding(words, hit)).collect()
    }

    /// Whole words only, and of phrases within each other the longest.
    pub fn hits(&self, letter: &Folded) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self
            .automaton
            .find_overlapping_iter(&letter.small)
            .map(|found| Hit {
                from: letter.number(found.start()),
                to: letter.number(found.end()),
                phrase: found.pattern().as_usize(),
            })
            .filter(|hit| letter.is_whole(hit.from, hit.to) && self.written_as_name(letter, hit))
            .collect();
        hits.sort_by_key(|hit| (hit.from, std::cmp::Reverse(hit.to)));
        // In this order a hit lies within an earlier one exactly when it ends no later than the furthest. A person's name hides no
        // State's: a row with `Ambassador of Norway` for a name is a wrong row, and not a name.
        let (mut reached_by_states, mut reached) = (0, 0);
        hits.retain(|hit| {
            let head = self.phrases[hit.phrase].kind == Kind::Head;
            let outside = hit.to > if head { reached } else { reached_by_states };
            reached = reached.max(hit.to);
            if !head {
                reached_by_states = reached_by_states.max(hit.to);
            }
            outside
        });
        hits
    }

    /// `Turkey` is a State and `turkey` a bird: each word has a capital where the name has one. Capitals throughout are names too,
    /// and so is a long name that begins small (`république démocratique du Congo`). Small letters, as in the addresses of the
    /// web, are no name.
    fn written_as_name(&self, letter: &Folded, hit: &Hit) -> bool {
        let phrase = &self.phrases[hit.phrase];
        if phrase.kind != Kind::State {
            return true;
        }
        let written = &letter.chars[hit.from..hit.to];
        let words = phrase.chars.split(|c| *c == ' ').count();
        let mut wanted = phrase.chars.split(|c| *c == ' ').zip(written.split(|c| *c == ' ')).enumerate();
        wanted.all(|(number, (name, word))| {
            let capital = |word: &[char]| word.iter().find(|c| c.is_alphabetic()).is_some_and(|c| c.is_uppercase());
            !capital(name) || capital(word) || (number == 0 && words > 1)
        })
    }

    /// The words are a person's of the delegation itself: the same name as another's head, or a State's name that people have.
    fn is_own_person(&self, letter: &Folded, hit: &Hit, own: &[Folded]) -> bool {
        let phrase = &self.phrases[hit.phrase];
        let small: String = phrase.chars.iter().flat_map(|c| c.to_lowercase()).collect();
        match phrase.kind {
            Kind::Harmless => true,
            Kind::Head => own.iter().any(|name| name.small == small),
            Kind::State if OF_PEOPLE.contains(&small.as_str()) => own.iter().any(|name| {
                !name.small.is_empty()
                    && letter.small.match_indices(&name.small).any(|(byte, name)| {
                        let (from, to) = (letter.number(byte), letter.number(byte + name.len()));
                        from <= hit.from && hit.to <= to && letter.is_whole(from, to)
                    })
            }),
            Kind::State => false,
        }
    }

    fn finding(&self, letter: &Folded, hit: &Hit) -> Finding {
        let phrase = &self.phrases[hit.phrase];
        let (words, excerpt) = letter.excerpt(hit.from, hit.to);
        let name = |code: &StateCode| self.state_names.get(code).cloned().unwrap_or_else(|| code.to_string());
        let whose = phrase.whose.iter().map(name).collect::<Vec<_>>().join(" or ");
        let what = match phrase.kind {
            Kind::Head => format!("names \"{words}\" (head of mission of {whose})"),
            Kind::State | Kind::Harmless => format!("names \"{words}\" ({whose})"),
        };
        Finding { what, words, excerpt, state: phrase.whose.first().copied() }
    }
}
