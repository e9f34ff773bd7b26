//! Matching by who writes, where a message names no letter of ours.

use std::collections::BTreeSet;

use super::filing::{Confidence, Filed, Filing, Guess, MatchedBy};
use super::known::{Known, Source, Written};
use super::writer::{domain, domain_and_above, is_of_somebody};
use super::{Incoming, subject};
use crate::inbox::reading::MailKind;
use crate::vocabulary::{Instant, StateCode};

/// A writer's clock may be slow by so much, and an answer to a letter still seem older than the letter.
const SLOW_CLOCK_MINUTES: i64 = 60;

/// Two campaigns that wrote within so many days: nobody can know which one an answer means (contract, section 8).
const TWO_CAMPAIGNS_DAYS: i64 = 30;

/// How many of a text's addresses are looked up for a guess.
pub const ADDRESSES_LOOKED_AT: usize = 200;

/// A message that names more missions than this beside its sender says nothing of any.
pub(super) const MISSIONS_GUESSED: usize = 3;

pub(super) fn by_sender(mail: &Incoming<'_>, known: &Known) -> Filing {
    let from = &mail.reading.from.address;
    // By its form it answers no letter: from a mission it is shown to a person, from others it is set aside.
    if mail.reading.kind == MailKind::Other {
        let guesses = guesses(mail, known);
        return if guesses.is_empty() {
            Filing::Aside { why: format!("it answers no letter: {}", mail.reading.reasons.join(", ")) }
        } else {
            Filing::Pen { why: "by its form it answers no letter, but it comes from a mission".to_owned(), guesses }
        };
    }
    match known.states_of(from).as_slice() {
        [] => {}
        [state] => {
            let remembered =
                known.addresses.get(&from.to_lowercase()).is_some_and(|all| all.contains(&(*state, Source::Person)));
            let (rule, who) = if remembered {
                (MatchedBy::RememberedSender, "mail of this sender was filed there before")
            } else {
                (MatchedBy::SenderAddress, "it comes from an address of this mission")
            };
            return to_mission(mail, known, *state, rule, who);
        }
        _ => {
            return Filing::Pen {
                why: "its sender's address belongs to two missions".to_owned(),
                guesses: guesses(mail, known),
            };
        }
    }
    if let Some(state) = state_of_domain(from, known) {
        let same: Vec<&Written> =
            known.letters_to(state).iter().filter(|l| subject::answers(&mail.reading.subject, &l.subject)).collect();
        if !same.is_empty() {
            let who = "it comes from this mission's domain, under the subject of a letter";
            return to_mission(mail, known, state, MatchedBy::DomainAndSubject, who);
        }
    }
    let guesses = guesses(mail, known);
    if guesses.is_empty() && matches!(mail.reading.kind, MailKind::AutoReply | MailKind::Receipt) {
        return Filing::Aside {
            why: format!("a machine's {} that has to do with no letter of ours", mail.reading.kind),
        };
    }
    Filing::Pen { why: "it names no letter of ours, and its sender is not known".to_owned(), guesses }
}

/// The State whose domain the writer's is, or is below, where it is one State's alone.
fn state_of_domain(address: &str, known: &Known) -> Option<StateCode> {
    let domain = domain(address)?.to_lowercase();
    if !is_of_somebody(&domain) {
        return None;
    }
    domain_and_above(&domain).find_map(|part| match known.domains.get(part).map(Vec::as_slice) {
        Some([state]) => Some(*state),
        _ => None,
    })
}

/// To this mission; which campaign it answers may still be open.
fn to_mission(mail: &Incoming<'_>, known: &Known, state: StateCode, rule: MatchedBy, who: &str) -> Filing {
    // What was written before a letter left does not answer it, whenever it is read.
    let by_then = mail.at.plus(chrono::Duration::minutes(SLOW_CLOCK_MINUTES));
    let had_left = |letter: &&Written| letter.sent_at.is_none_or(|sent| sent <= by_then);
    let letters: Vec<&Written> = known.letters_to(state).iter().filter(had_left).collect();
    let by_subject = letters.iter().find(|letter| subject::answers(&mail.reading.subject, &letter.subject));
    let recent = known.campaigns_since(state, by_then, TWO_CAMPAIGNS_DAYS);
    let same_subject = |campaign: &&&crate::vocabulary::CampaignId| {
        known
            .letters_to(state)
            .iter()
            .any(|l| l.id.campaign == ***campaign && subject::answers(&mail.reading.subject, &l.subject))
    };
    if recent.len() > 1 && recent.iter().filter(same_subject).count() != 1 {
        let why = format!("{who}, but {} campaigns wrote to it within {TWO_CAMPAIGNS_DAYS} days", recent.len());
        let guess = |campaign: &&crate::vocabulary::CampaignId| Guess {
            delegation: state,
            campaign: Some((*campaign).clone()),
            letter: known.letters_to(state).iter().find(|l| l.id.campaign == **campaign).map(|l| l.key),
            because: format!("{who}; {campaign} wrote lately"),
        };
        return Filing::Pen { why, guesses: recent.iter().map(guess).collect() };
    }
    match by_subject.or(letters.first()) {
        Some(letter) => Filing::Filed(Filed {
            campaign: letter.id.campaign.clone(),
            delegation: state,
            letter: letter.key,
            matched_by: rule,
            confidence: Confidence::Likely,
            because: who.to_owned(),
        }),
        None if matches!(mail.reading.kind, MailKind::AutoReply | MailKind::Receipt) => Filing::Aside {
            why: format!("a machine's {} from before any letter left to its mission", mail.reading.kind),
        },
        None => Filing::Pen {
            why: format!("{who}, but no letter had left to it by then"),
            guesses: vec![Guess { delegation: state, campaign: None, letter: None, because: who.to_owned() }],
        },
    }
}

/// Missions that a message may come from, the best guess first.
pub(super) fn guesses(mail: &Incoming<'_>, known: &Known) -> Vec<Guess> {
    let reading = mail.reading;
    let mut guesses = Vec::new();
    let mut add = |states: &[StateCode], because: &str| {
        guesses.extend(states.iter().map(|state| guess_of(known, *state, mail.at, because)));
    };
    add(&known.states_of(&reading.from.address), "it comes from an address of this mission");
    if let Some(reply_to) = &reading.reply_to {
        add(&known.states_of(&reply_to.address), "answers to it go to an address of this mission");
    }
    if let Some(state) = state_of_domain(&reading.from.address, known) {
        add(&[state], "it comes from this mission's domain");
    }
    let mut beside: Vec<(StateCode, &str)> = Vec::new();
    for address in reading.addressed_to.iter().take(ADDRESSES_LOOKED_AT) {
        let states = known.states_of(address);
        beside.extend(states.into_iter().map(|state| (state, "it was sent to an address of this mission as well")));
    }
    for address in addresses_in(&reading.whole) {
        let states = known.states_of(&address);
        beside.extend(states.into_iter().map(|state| (state, "its text names an address of this mission")));
    }
    // A circular to all missions comes from none of them, and must not hold their reminders.
    if beside.iter().map(|(state, _)| *state).collect::<BTreeSet<_>>().len() <= MISSIONS_GUESSED {
        for (state, because) in beside {
            add(&[state], because);
        }
    }
    Guess::once_each(guesses)
}

pub(super) fn guess_of(known: &Known, state: StateCode, at: Instant, because: &str) -> Guess {
    let last = known.letters_to(state).iter().find(|l| l.sent_at.is_none_or(|sent| sent <= at));
    Guess {
        delegation: state,
        campaign: last.map(|l| l.id.campaign.clone()),
        letter: last.map(|l| l.key),
        because: because.to_owned(),
    }
}

/// What looks like an address in a text, in small letters, each once; the first [`ADDRESSES_LOOKED_AT`].
pub fn addresses_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let outside = |c: char| !(c.is_alphanumeric() || "@.!#$%&'*+-/=?^_`{|}~".contains(c));
    for word in text.split(outside) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let looks = word.len() <= 254 && word.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.'));
        if looks {
            let small = word.to_lowercase();
            if !found.contains(&small) {
                found.push(small);
            }
            if found.len() == ADDRESSES_LOOKED_AT {
                break;
            }
        }
    }
    found
}
