//! Which letter a message answers: the surest sign first, each with its reason. What is not sure waits in the pen, and changes nothing.
//!
//! The order (contract, section 8): reply token, `In-Reply-To` and `References`, the returned letter in a bounce, an address of the
//! mission, its domain with the subject. A Message-ID of ours is made of a secret, so that nobody can name one who has not seen the
//! letter; whoever names it from an address that is not the mission's has seen a copy, and a person decides.

pub mod filing;
pub mod known;
mod sender;
pub mod subject;
pub mod writer;

pub use filing::{Confidence, Filed, Filing, Guess, MatchedBy};
pub use known::{Known, Source, Written};
pub use sender::addresses_in;

use std::collections::BTreeSet;

use self::writer::{Belonging, belonging};
use super::bounced;
use super::reading::{MailKind, Reading};
use crate::outbox::Status;
use crate::vocabulary::{Instant, StateCode};

/// What matching looks at, besides our own books.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub reading: &'a Reading,
    /// Why the sender is not who they say they are, where that is so.
    pub suspicious: Option<&'a str>,
    /// Reply tokens found among the addresses that it was sent to.
    pub tokens: &'a [String],
    /// When the mailbox received it.
    pub at: Instant,
}

/// Says where a message belongs.
pub fn file(mail: &Incoming<'_>, known: &Known) -> Filing {
    if known.is_own(&mail.reading.from.address) && mail.reading.kind != MailKind::Bounce {
        return Filing::Aside { why: "it is our own mail".to_owned() };
    }
    let named = letters_named(mail, known);
    let filing = if mail.reading.kind == MailKind::Bounce {
        bounced(mail, known, &named)
    } else if named.is_empty() {
        sender::by_sender(mail, known)
    } else {
        by_name(mail, known, &named)
    };
    cautiously(mail, filing)
}

/// A forged sender is believed in nothing, and what by its form is no answer answers nothing by itself: where it would have been
/// filed is the first guess.
fn cautiously(mail: &Incoming<'_>, filing: Filing) -> Filing {
    let why = match (mail.suspicious, mail.reading.kind) {
        (Some(suspicion), _) => format!("suspicious: {suspicion}"),
        (None, MailKind::Other) => "by its form it answers no letter".to_owned(),
        _ if mail.reading.wants_a_proof => {
            "a challenge: the letter is kept back until somebody proves there that people sent it".to_owned()
        }
        _ => return filing,
    };
    match filing {
        Filing::Filed(filed) => Filing::Pen {
            why,
            guesses: vec![Guess {
                delegation: filed.delegation,
                campaign: Some(filed.campaign),
                letter: Some(filed.letter),
                because: filed.because,
            }],
        },
        Filing::Pen { why: besides, guesses } if mail.suspicious.is_some() => {
            Filing::Pen { why: format!("{why}; {besides}"), guesses }
        }
        other => other,
    }
}

/// Letters of ours that a message names, the surest first, each once.
fn letters_named<'a>(mail: &Incoming<'_>, known: &'a Known) -> Vec<(&'a Written, MatchedBy)> {
    let by_token = mail.tokens.iter().filter_map(|token| known.tokens.get(token)).map(|l| (l, MatchedBy::ReplyToken));
    let by_id = mail.reading.originals.iter().enumerate().filter_map(|(place, id)| {
        let rule = match (mail.reading.kind, place) {
            (MailKind::Bounce, _) => MatchedBy::ReturnedLetter,
            (_, 0) => MatchedBy::InReplyTo,
            _ => MatchedBy::References,
        };
        known.letters.get(id).map(|letter| (letter, rule))
    });
    let mut named: Vec<(&Written, MatchedBy)> = Vec::new();
    for (letter, rule) in by_token.chain(by_id) {
        if letter.has_left() && !named.iter().any(|(other, _)| other.key == letter.key) {
            named.push((letter, rule));
        }
    }
    named
}

/// A message that names letters of ours.
fn by_name(mail: &Incoming<'_>, known: &Known, named: &[(&Written, MatchedBy)]) -> Filing {
    let from = &mail.reading.from.address;
    let belongs = |letter: &Written| belonging(from, letter.id.delegation, known);
    // Somebody who has seen two missions' letters answers for the mission that they belong to.
    let theirs = named.iter().find(|(letter, _)| belongs(letter) != Belonging::Stranger);
    if let Some((letter, rule)) = theirs {
        let (confidence, who) = match belongs(letter) {
            Belonging::Remembered => (Confidence::Certain, "a sender filed there before"),
            Belonging::Address => (Confidence::Certain, "an address of this mission"),
            Belonging::Colleague => (Confidence::Certain, "another person under this mission's domain"),
            Belonging::Ministry | Belonging::Stranger => (Confidence::Likely, "the domain above this mission's"),
        };
        return Filing::Filed(Filed {
            campaign: letter.id.campaign.clone(),
            delegation: letter.id.delegation,
            letter: letter.key,
            matched_by: *rule,
            confidence,
            because: format!("it {} {}, and comes from {who}", verb(*rule), letter.id),
        });
    }
    let why = "it names a letter of ours, but comes from an address that is not that mission's".to_owned();
    let guess = |(letter, rule): &(&Written, MatchedBy)| Guess {
        delegation: letter.id.delegation,
        campaign: Some(letter.id.campaign.clone()),
        letter: Some(letter.key),
        because: format!("it {} {}", verb(*rule), letter.id),
    };
    let mut guesses: Vec<Guess> = named.iter().map(guess).collect();
    guesses.extend(sender::guesses(mail, known));
    Filing::Pen { why, guesses: Guess::once_each(guesses) }
}

/// A bounce counts for a letter that we sent and an address that it went to, and for nothing else.
fn bounced(mail: &Incoming<'_>, known: &Known, named: &[(&Written, MatchedBy)]) -> Filing {
    let reading = mail.reading;
    for (letter, rule) in named {
        let addresses = bounced::addresses(reading, letter);
        let of_before = || reading.returned.iter().any(|returned| letter.went_before_to(&returned.address));
        if addresses.is_empty() && of_before() {
            // Nothing follows from it: the letter has gone to a corrected address since.
            return Filing::Filed(Filed {
                campaign: letter.id.campaign.clone(),
                delegation: letter.id.delegation,
                letter: letter.key,
                matched_by: *rule,
                confidence: Confidence::Certain,
                because: format!("it returns an earlier try of {}, to an address that it no longer goes to", letter.id),
            });
        }
        if addresses.iter().any(|(_, returned)| returned.is_some()) {
            // Its outcome is being stored; what came back is read again in a moment.
            if letter.status == Status::Sending {
                return Filing::Later;
            }
            return Filing::Filed(Filed {
                campaign: letter.id.campaign.clone(),
                delegation: letter.id.delegation,
                letter: letter.key,
                matched_by: *rule,
                confidence: Confidence::Certain,
                because: format!("it returns {}", letter.id),
            });
        }
    }
    let mut guesses: Vec<Guess> = Vec::new();
    for (letter, _) in named {
        guesses.push(Guess {
            delegation: letter.id.delegation,
            campaign: Some(letter.id.campaign.clone()),
            letter: Some(letter.key),
            because: format!("it returns {}", letter.id),
        });
    }
    let names_nobody = reading.returned.iter().all(|returned| returned.address.is_empty());
    let why = match (named.is_empty(), reading.originals.is_empty()) {
        (false, _) if names_nobody => "it returns a letter of ours, and does not say for whom",
        (false, _) => "it returns a letter of ours, but for an address that the letter did not go to",
        (true, false) => "it returns a letter that we did not send",
        (true, true) => "it does not say which letter it returns",
    };
    let blamed: BTreeSet<StateCode> = reading.returned.iter().flat_map(|r| known.states_of(&r.address)).collect();
    if blamed.len() <= sender::MISSIONS_GUESSED {
        for state in blamed {
            guesses.push(sender::guess_of(known, state, mail.at, "the returned address is one of this mission"));
        }
    }
    Filing::Pen { why: why.to_owned(), guesses: Guess::once_each(guesses) }
}

fn verb(rule: MatchedBy) -> &'static str {
    match rule {
        MatchedBy::ReplyToken => "was sent to the reply address of",
        MatchedBy::References => "belongs to the thread of",
        MatchedBy::ReturnedLetter => "returns",
        _ => "answers",
    }
}

#[cfg(test)]
mod tests;
