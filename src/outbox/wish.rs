//! What is to happen to a letter that nobody can touch now (it is in a courier's hand, uncertain, or went to a file), should it
//! come back.

use serde::{Deserialize, Serialize};

use super::transition::Event;

/// How strongly a person stops a letter that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// An approval was taken back.
    Unapprove,
    Hold,
    Cancel,
}

/// Kept with the dispatch until it comes back, and asked before it may leave again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The files have changed since: its bytes are not what a plan would make now. Only a new plan takes this away.
    pub plan_again: bool,
    pub stop: Option<(Stop, String, String)>,
}

impl Wish {
    /// Adds a person's stop, by whom and why; a weaker one that was there before gives way.
    pub fn stop(&mut self, stop: Stop, by: &str, reason: &str) {
        if self.stop.as_ref().is_none_or(|(before, _, _)| *before <= stop) {
            self.stop = Some((stop, by.to_owned(), reason.to_owned()));
        }
    }

    pub fn is_empty(&self) -> bool {
        !self.plan_again && self.stop.is_none()
    }

    /// The move to make once the letter is back, by whom and why.
    pub fn on_return(&self) -> Option<(Event, &str, &str)> {
        match &self.stop {
            Some((Stop::Cancel, by, reason)) => Some((Event::Cancel, by, reason)),
            Some((Stop::Hold, by, reason)) => Some((Event::Hold, by, reason)),
            Some((Stop::Unapprove, by, reason)) => Some((Event::Unapprove, by, reason)),
            None if self.plan_again => {
                Some((Event::Unapprove, "plan", "the files changed while it was out: plan again"))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_wish_stands_and_a_new_plan_stays_needed() {
        let mut wish = Wish { plan_again: true, stop: None };
        assert_eq!(wish.on_return().map(|(event, _, _)| event), Some(Event::Unapprove));
        wish.stop(Stop::Cancel, "a", "enough");
        wish.stop(Stop::Hold, "b", "wait");
        assert_eq!(wish.on_return(), Some((Event::Cancel, "a", "enough")));
        assert!(wish.plan_again);
    }
}
