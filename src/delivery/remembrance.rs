//! Whether a database that is about to send remembers all that was handed over, and what becomes of a letter that it forgot.

use std::fmt;

use crate::delivery::Verdict;
use crate::vocabulary::{DispatchId, Instant, safe_text};

/// Characters of an answer's words that a journal keeps.
const LONGEST: usize = 200;

/// The last that a journal knows of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    pub at: Instant,
    pub message_id: String,
    /// The number of the claim.
    pub fence: i64,
    /// What the server answered; `None` where the letter was in hand when the journal ends.
    pub ended: Option<Ended>,
}

/// An answer as a journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub at: Instant,
    /// The words of [`Verdict::word`].
    pub outcome: String,
    /// The server's code and words, or ours, in short and without addresses.
    pub words: String,
}

/// What becomes of a letter that the journal knows better than the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It may have been taken: a person settles it.
    Uncertain,
    /// Provably not taken, and refused for now only: it may leave again as the database has it.
    MayLeaveAgain,
}

impl HandedOver {
    /// Only what provably was not taken may be tried again without a person. What was refused for good is not tried again by
    /// itself either, and a database that has forgotten the refusal would do so.
    ///
    /// The last claim alone decides: a letter is claimed anew only where the earlier claim was provably not taken, or a person has
    /// said so.
    pub fn fate(&self) -> Fate {
        match self.ended.as_ref().map(|ended| ended.outcome.as_str()) {
            Some("refused-for-now" | "broken-off") => Fate::MayLeaveAgain,
            _ => Fate::Uncertain,
        }
    }

    /// One clause for tables and reasons.
    pub fn told(&self) -> &str {
        self.ended.as_ref().map_or("it was in hand, without an answer", |ended| &ended.words)
    }
}

impl Ended {
    pub fn of(verdict: &Verdict, at: Instant) -> Self {
        Self { at, outcome: verdict.word().to_owned(), words: in_short(&verdict.summary()) }
    }
}

/// Without addresses: what a person asks to be forgotten must not live on in a file that is never changed.
fn in_short(words: &str) -> String {
    let words = safe_text::line(words);
    let masked = words.split(' ').map(|word| if word.contains('@') { "(address)" } else { word });
    masked.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// What the database remembers of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownJournal {
    pub id: String,
    /// Machine and path.
    pub place: String,
    /// Bytes from its beginning of which nothing is unknown to the database.
    pub checked: u64,
    pub noted_at: Instant,
    /// Why a person must compare it before anybody sends.
    pub suspect: Option<String>,
}

/// The journal that is here.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub id: &'a str,
    pub place: &'a str,
    /// Bytes.
    pub length: u64,
    /// On SQLite one workspace sends, so that a journal which is known must be this one. On PostgreSQL others have theirs.
    pub alone: bool,
}

/// Which server's history a database is: PostgreSQL's system identifier and timeline. What may not be asked is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    pub system: Option<String>,
    pub timeline: Option<String>,
}

impl Lineage {
    /// Both know, and say differently.
    pub fn contradicts(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| a != b);
        differ(&self.system, &other.system) || differ(&self.timeline, &other.timeline)
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |part: &Option<String>| part.clone().unwrap_or_else(|| "unknown".to_owned());
        write!(f, "system {}, timeline {}", word(&self.system), word(&self.timeline))
    }
}

/// Why a person must look before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The journal has lost its end: what stood there cannot be compared any more.
    Shorter { checked: u64, length: u64 },
    /// The database knows a journal of this place that is not here.
    Gone { id: String, noted_at: Instant },
    /// The database has forgotten how far it had read: it is older than what this journal was told.
    PutBack { told: u64, checked: u64 },
    /// PostgreSQL failed over, or was restored.
    Lineage { before: Lineage, now: Lineage },
    /// Another comparison found that the database had forgotten something.
    Called { why: String },
}

impl Doubt {
    /// It is news, which the workspaces that share the database must hear of.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Called { .. })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { checked, length } => write!(
                f,
                "the journal of what was sent is shorter than it was ({length} bytes, of which {checked} were compared): \
                 it was cut, or restored from a backup"
            ),
            Self::Gone { id, noted_at } => write!(
                f,
                "the journal of what was sent is not here any more: the database compared journal {id} on {noted_at}, and this one \
                 is another"
            ),
            Self::PutBack { told, checked } => write!(
                f,
                "the database is older than it was: it had compared {told} bytes of the journal of what was sent, and remembers \
                 {checked}; was a backup restored?"
            ),
            Self::Lineage { before, now } => write!(
                f,
                "the database server failed over, was restored, or is another one: it was {before}, and is {now}; its last changes \
                 may be lost"
            ),
            Self::Called { why } => {
                write!(f, "another comparison found that the database has forgotten something: {why}")
            }
        }
    }
}

/// What is to be doubted before a single line has been read.
pub fn doubts(known: &[KnownJournal], here: Here<'_>, lineage: Option<(&Lineage, &Lineage)>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if let Some((before, now)) = lineage.filter(|(before, now)| before.contradicts(now)) {
        doubts.push(Doubt::Lineage { before: before.clone(), now: now.clone() });
    }
    match known.iter().find(|journal| journal.id == here.id) {
        Some(own) => {
            if here.length < own.checked {
                doubts.push(Doubt::Shorter { checked: own.checked, length: here.length });
            }
            if let Some(why) = &own.suspect {
                doubts.push(Doubt::Called { why: why.clone() });
            }
        }
        // A workspace that joins has a journal of its own; one that had one has lost it.
        None => {
            let gone = known.iter().filter(|journal| here.alone || journal.place == here.place);
            doubts.extend(gone.map(|journal| Doubt::Gone { id: journal.id.clone(), noted_at: journal.noted_at }));
        }
    }
    doubts
}

/// A letter that the journal knows better than the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    pub id: DispatchId,
    pub handed_over: HandedOver,
    /// Its row; `None` where the database has not even planned it.
    pub key: Option<i64>,
    /// As the database has it.
    pub status: Option<crate::outbox::Status>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Phase, Reply};

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    fn known(id: &str, place: &str, checked: u64) -> KnownJournal {
        KnownJournal { id: id.into(), place: place.into(), checked, noted_at: at(0), suspect: None }
    }

    fn here(id: &'static str, length: u64, alone: bool) -> Here<'static> {
        Here { id, place: "a:/x", length, alone }
    }

    #[test]
    fn a_journal_that_has_grown_is_trusted_and_one_that_has_shrunk_is_not() {
        let rows = [known("j", "a:/x", 100)];
        assert_eq!(doubts(&rows, here("j", 100, true), None), []);
        assert_eq!(doubts(&rows, here("j", 500, true), None), []);
        assert_eq!(doubts(&rows, here("j", 99, true), None), [Doubt::Shorter { checked: 100, length: 99 }]);
    }

    #[test]
    fn a_workspace_that_joins_is_welcome_and_one_that_lost_its_journal_is_not() {
        let rows = [known("j", "b:/x", 100)];
        assert_eq!(doubts(&rows, here("new", 60, false), None), [], "another machine joins");
        assert_eq!(doubts(&[], here("new", 60, true), None), [], "the first of all");
        let gone = [Doubt::Gone { id: "j".into(), noted_at: at(0) }];
        assert_eq!(doubts(&rows, here("new", 60, true), None), gone, "on SQLite nobody joins");
        assert_eq!(doubts(&[known("j", "a:/x", 100)], here("new", 60, false), None), gone, "the same place as before");
    }

    #[test]
    fn a_lineage_is_doubted_where_both_sides_know_it() {
        let of = |system: &str, timeline: &str| {
            let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Lineage { system: part(system), timeline: part(timeline) }
        };
        assert!(of("7", "01").contradicts(&of("7", "02")) && of("7", "01").contradicts(&of("8", "01")));
        assert!(!of("7", "01").contradicts(&of("7", "01")) && !of("", "").contradicts(&of("7", "01")));
        assert!(of("", "01").contradicts(&of("7", "02")), "what is known on both sides counts");
    }

    #[test]
    fn only_what_was_provably_not_taken_may_leave_again() {
        let fate = |ended: Option<&Verdict>| {
            let ended = ended.map(|verdict| Ended::of(verdict, at(1)));
            HandedOver { at: at(0), message_id: "<1@x.example>".into(), fence: 1, ended }.fate()
        };
        let reply = |code| Reply::new(code, "words");
        let now = Verdict::NotNow { phase: Phase::RcptTo, reply: reply(450), recipients: vec![] };
        let broken = Verdict::Broken { phase: Phase::Connect, why: "refused".into() };
        assert_eq!([fate(Some(&now)), fate(Some(&broken))], [Fate::MayLeaveAgain; 2]);
        let taken = Verdict::Taken { reply: Some(reply(250)), recipients: vec![] };
        let refused = Verdict::Refused { phase: Phase::RcptTo, reply: reply(550), recipients: vec![] };
        let unknown = Verdict::Unknown { why: "no answer".into(), recipients: vec![] };
        for verdict in [None, Some(&taken), Some(&refused), Some(&unknown)] {
            assert_eq!(fate(verdict), Fate::Uncertain, "{verdict:?}");
        }
    }

    #[test]
    fn no_address_is_kept_in_an_answer_s_words() {
        let reply = Reply::new(550, "5.1.1 <head@fra.example>: no such user");
        let verdict = Verdict::Refused { phase: Phase::RcptTo, reply, recipients: vec![] };
        let words = Ended::of(&verdict, at(1)).words;
        assert_eq!(words, "refused for good at RCPT TO: 550 5.1.1 (address) no such user");
    }
}
