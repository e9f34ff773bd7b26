//! Mail that no person wrote for us: absence notices, acknowledgements by machine, read receipts, challenges.

mod absence;
mod back_on;
mod dates;
mod headers;
mod languages;
mod opening;
mod receipts;

use super::incoming::Incoming;
use crate::vocabulary::Day;

use headers::Weight;
use languages::Claim;
pub use receipts::Receipt;

/// An automatic reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    pub reasons: Vec<String>,
    pub back_on: Option<Day>,
}

/// A read receipt, a delivery note or a challenge.
pub fn receipt(message: &Incoming, whole: &str) -> Option<Receipt> {
    receipts::recognise(message, whole)
}

/// Whether a machine answered in somebody's place. `whole` is the visible text; what it quotes is not looked at.
///
/// A field of the header may be enough (RFC 3834, 5), and so may a subject that names itself automatic. Words of absence alone are
/// not, for people write them too: they need a second sign.
pub fn recognise(message: &Incoming, whole: &str) -> Option<AutoReply> {
    let opening = opening::of(whole);
    let header = headers::strongest(message);
    let subject = languages::claim_of_subject(message.subject());
    let words = absence::read(&opening);
    let reasons = judge(header.as_ref(), subject, &words)?;
    let day = message.date.map(|date| Day::from(date.utc().date_naive()));
    Some(AutoReply { reasons, back_on: back_on::find(&opening, day) })
}

fn judge(
    header: Option<&(Weight, String)>,
    subject: Option<(Claim, &'static str)>,
    words: &absence::Words,
) -> Option<Vec<String>> {
    let mut reasons = Vec::new();
    if let Some((_, why)) = header {
        reasons.push(why.clone());
    }
    if let Some((_, phrase)) = subject {
        reasons.push(format!("its subject begins with `{phrase}`"));
    }
    let said = [words.declares, words.absent, words.returns, words.instead];
    reasons.extend(said.into_iter().flatten().map(|phrase| format!("it says `{phrase}`")));
    let weight = header.map(|(weight, _)| *weight);
    let taken = match (weight, subject.map(|(claim, _)| claim)) {
        (Some(Weight::Sure), _) | (_, Some(Claim::Automatic)) => true,
        (Some(Weight::Likely), Some(Claim::Absence)) => true,
        // A person's subject may begin so as well: "Out of office next week – shall we meet before?"
        (Some(Weight::Hint) | None, Some(Claim::Absence)) => {
            words.absent.is_some() || words.declares.is_some() || words.returns.is_some()
        }
        (Some(Weight::Likely), None) => words.speaks(),
        (Some(Weight::Hint), None) => words.declares.is_some() || (words.speaks() && !words.engages),
        (None, None) => {
            words.declares.is_some() && !words.engages
                || words.absent.is_some() && words.complete() && !words.engages && !words.answers
        }
    };
    taken.then_some(reasons)
}
