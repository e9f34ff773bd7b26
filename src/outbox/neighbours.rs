//! Two campaigns, one mission: their letters keep a distance, and a plan tells beforehand which one will be held for it.

use std::collections::HashMap;

use chrono::Duration;
use serde::Serialize;

use super::status::Status;
use crate::vocabulary::{DispatchId, Instant, StateCode};

/// The floor between letters of two campaigns to one mission: `[delivery] min_days_between`, in days of 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor(Duration);

impl Floor {
    pub fn days(days: u32) -> Self {
        Self(Duration::days(days.into()))
    }

    /// A letter that leaves at `at` is held if another campaign wrote to the mission after this instant. The gate asks with the
    /// present instant, a plan with the due time.
    pub fn begins(self, at: Instant) -> Instant {
        at.minus(self.0)
    }

    /// The instants outside of which no letter can be too close to one that leaves between `first` and `last`.
    pub fn around(self, first: Instant, last: Instant) -> (Instant, Instant) {
        (first.minus(self.0), last.plus(self.0))
    }

    /// Whether a letter that leaves at `later` is held for one that left at `earlier`, or at the same moment.
    fn holds(self, earlier: Instant, later: Instant) -> bool {
        earlier <= later && earlier > self.begins(later)
    }
}

/// A letter as far as its distance to others goes: when it left, or is to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timed {
    pub id: DispatchId,
    pub status: Status,
    pub at: Instant,
}

/// Which of two letters will be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// The one whose plan is looked at.
    This,
    /// The other campaign's.
    Other,
    /// Both are due at the same moment: whichever is not first.
    Either,
}

/// Two letters of two campaigns to one mission that lie closer together than the floor allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TooClose {
    pub this: Timed,
    pub other: Timed,
    pub held: Held,
}

/// Which of `these`, that may still leave, are too close to `others`, of which those that have left cannot be held any more.
pub fn too_close(these: &[Timed], others: &[Timed], floor: Floor) -> Vec<TooClose> {
    let mut by_mission: HashMap<StateCode, Vec<&Timed>> = HashMap::new();
    for other in others {
        by_mission.entry(other.id.delegation).or_default().push(other);
    }
    let mut found = Vec::new();
    for this in these {
        for other in by_mission.get(&this.id.delegation).into_iter().flatten() {
            if other.id.campaign == this.id.campaign {
                continue;
            }
            if let Some(held) = held(this, other, floor) {
                found.push(TooClose { this: this.clone(), other: (*other).clone(), held });
            }
        }
    }
    found
}

fn held(this: &Timed, other: &Timed, floor: Floor) -> Option<Held> {
    let other_may_wait = matches!(other.status, Status::Planned | Status::Approved | Status::Deferred);
    match (floor.holds(other.at, this.at), floor.holds(this.at, other.at) && other_may_wait) {
        (true, true) => Some(Held::Either),
        (true, false) => Some(Held::This),
        (false, true) => Some(Held::Other),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn letter(id: &str, status: Status, at: i64) -> Timed {
        Timed { id: id.parse().unwrap(), status, at: Instant::from_millis(at) }
    }

    fn between(this: i64, other: i64, status: Status) -> Option<Held> {
        let these = [letter("spring/letter/FRA", Status::Planned, this)];
        let others = [letter("autumn/appeal/FRA", status, other)];
        too_close(&these, &others, Floor::days(3)).first().map(|found| found.held)
    }

    #[test]
    fn the_later_of_two_letters_is_held_and_three_whole_days_are_enough() {
        assert_eq!(between(3 * DAY, 0, Status::Sent), None);
        assert_eq!(between(3 * DAY - 1, 0, Status::Sent), Some(Held::This));
        assert_eq!(between(0, 3 * DAY - 1, Status::Approved), Some(Held::Other));
        assert_eq!(between(0, 3 * DAY, Status::Approved), None);
    }

    #[test]
    fn of_two_letters_at_the_same_moment_either_is_held_unless_one_has_left() {
        assert_eq!(between(0, 0, Status::Planned), Some(Held::Either));
        assert_eq!(between(0, 0, Status::Sent), Some(Held::This));
        assert_eq!(between(0, DAY, Status::Sent), None, "what has left is not held");
    }

    #[test]
    fn letters_of_one_campaign_or_to_two_missions_are_no_neighbours() {
        let these = [letter("spring/letter/FRA", Status::Planned, 0)];
        for other in ["spring/reminder/FRA", "autumn/appeal/DEU"] {
            assert_eq!(too_close(&these, &[letter(other, Status::Sent, 0)], Floor::days(3)), []);
        }
        assert_eq!(too_close(&these, &[letter("autumn/appeal/FRA", Status::Sent, 0)], Floor::days(0)), []);
    }

    #[test]
    fn nothing_outside_of_the_range_that_is_asked_for_can_be_too_close() {
        let (from, until) = Floor::days(3).around(Instant::from_millis(0), Instant::from_millis(DAY));
        assert_eq!((from.millis(), until.millis()), (-3 * DAY, 4 * DAY));
        assert_eq!(between(0, from.millis(), Status::Sent), None);
        assert_eq!(between(DAY, until.millis(), Status::Planned), None);
    }
}
