//! Whether the clock may be believed: a letter that leaves because somebody set the machine's clock cannot be called back.

use std::fmt;

use chrono::Duration;

use crate::vocabulary::Instant;

/// How far a clock may be off before nothing leaves by it: the most that a letter may leave early.
pub const TOLERANCE: Duration = Duration::minutes(2);

/// A clock that is being corrected by and by runs faster or slower by at most a tenth (chrony, `maxslewrate`: a twelfth). What
/// moves no faster than that is believed.
const SLEW: i32 = 10;

/// All clocks, read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The hour, which anybody may set.
    pub wall: Instant,
    /// Since the machine was started, with the time that it slept; nobody can set it.
    pub up: Duration,
    /// The database server's own hour, where it has one.
    pub database: Option<Instant>,
}

/// A pair that belonged together: at that time since the machine's start it was that hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub wall: Instant,
    pub up: Duration,
}

impl Anchor {
    /// How far a clock is from where it should be, if it had gone on as it did.
    fn moved(self, wall: Instant, up: Duration) -> Duration {
        wall.since(self.wall.plus(up - self.up))
    }

    /// Follows a clock that is being corrected, as fast as such a clock may go.
    fn follow(&mut self, wall: Instant, up: Duration) {
        let most = ((up - self.up) / SLEW).max(Duration::zero());
        let moved = self.moved(wall, up).clamp(-most, most);
        *self = Self { wall: self.wall.plus(up - self.up).plus(moved), up };
    }
}

/// Why the clock is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The machine's clock was set while the worker ran, or between two runs.
    Moved { wall: Instant, expected: Instant },
    /// It is earlier than what has happened already.
    Behind { wall: Instant, recorded: Instant },
    /// The machine and the database server disagree.
    Differ { wall: Instant, database: Instant },
}

/// One clause that says both times.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved { wall, expected } => {
                write!(
                    f,
                    "this machine's clock says {wall}, and went on from {expected}: it was moved {}",
                    by(*wall, *expected)
                )
            }
            Self::Behind { wall, recorded } => write!(
                f,
                "this machine's clock says {wall}, and the database has recorded what happened at {recorded}, {} later",
                length(recorded.since(*wall))
            ),
            Self::Differ { wall, database } => write!(
                f,
                "this machine's clock says {wall}, and the database's {database}: they are {} apart",
                length(wall.since(*database))
            ),
        }
    }
}

fn by(wall: Instant, expected: Instant) -> String {
    let moved = wall.since(expected);
    format!("{} by {}", if moved < Duration::zero() { "back" } else { "forward" }, length(moved))
}

/// In the largest unit that fits, to the nearest.
fn length(span: Duration) -> String {
    let minutes = (span.num_seconds().abs() + 30) / 60;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", (minutes + 30) / 60),
        _ => format!("{} days", (minutes + 720) / 1440),
    }
}

/// What is known of the clocks, from reading to reading.
#[derive(Debug, Clone, Default)]
pub struct ClockTrust {
    anchor: Option<Anchor>,
    /// The latest hour that the database has recorded, unless a person has said that the clock is right.
    recorded: Option<Instant>,
}

impl ClockTrust {
    /// `anchor`: what an earlier run of this worker knew, since the same start of the machine.
    pub fn remembering(anchor: Option<Anchor>, recorded: Option<Instant>) -> Self {
        Self { anchor, recorded }
    }

    /// What the next run is to remember.
    pub fn known(&self) -> Option<Anchor> {
        self.anchor
    }

    /// Judges one reading. `None`: the clock may be believed. A clock that comes back is believed again.
    ///
    /// A database server that agrees excuses no jump: it may run on the same machine, by the same clock.
    pub fn judge(&mut self, reading: &Reading) -> Option<Doubt> {
        let Reading { wall, up, .. } = *reading;
        let doubt = self.doubt(reading);
        // Nothing is learnt from a clock in doubt: it must come back to where it should be.
        if doubt.is_none() {
            self.anchor.get_or_insert(Anchor { wall, up }).follow(wall, up);
        }
        doubt
    }

    fn doubt(&self, reading: &Reading) -> Option<Doubt> {
        let Reading { wall, up, database } = *reading;
        if let Some(recorded) = self.recorded.filter(|recorded| recorded.since(wall) > TOLERANCE) {
            return Some(Doubt::Behind { wall, recorded });
        }
        if let Some(database) = database.filter(|database| off(wall.since(*database))) {
            return Some(Doubt::Differ { wall, database });
        }
        let anchor = self.anchor.filter(|anchor| off(anchor.moved(wall, up)))?;
        Some(Doubt::Moved { wall, expected: anchor.wall.plus(up - anchor.up) })
    }
}

fn off(by: Duration) -> bool {
    by.abs() > TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2018-03-20T04:00:00Z";

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// The machine's clock off by `moved`, so long after the first reading.
    fn after(passed: Duration, moved: Duration) -> Reading {
        Reading { wall: at(START).plus(passed).plus(moved), up: Duration::hours(7) + passed, database: None }
    }

    fn beside(moved: Duration, database: Duration) -> Reading {
        Reading { database: Some(at(START).plus(database)), ..after(Duration::zero(), moved) }
    }

    fn begun() -> ClockTrust {
        let mut trust = ClockTrust::default();
        assert_eq!(trust.judge(&after(Duration::zero(), Duration::zero())), None);
        trust
    }

    #[test]
    fn a_clock_that_is_set_is_not_believed_until_it_comes_back() {
        let minute = Duration::minutes(1);
        for moved in [Duration::hours(5), Duration::days(365), Duration::days(-1), Duration::days(-17_610), minute * 3]
        {
            let mut trust = begun();
            assert!(matches!(trust.judge(&after(minute, moved)), Some(Doubt::Moved { .. })), "{moved}");
            assert!(trust.judge(&after(Duration::days(2), moved)).is_some(), "{moved}: time alone makes it no better");
            assert_eq!(trust.judge(&after(Duration::days(2), Duration::zero())), None, "{moved}");
        }
    }

    #[test]
    fn a_night_asleep_a_leap_second_and_a_slow_correction_are_believed() {
        let mut trust = begun();
        assert_eq!(trust.judge(&after(Duration::days(3), Duration::zero())), None, "asleep for three days");
        assert_eq!(trust.judge(&after(Duration::days(3), Duration::seconds(-1))), None, "a leap second");
        // Corrected by an hour, at a twelfth of its pace.
        let mut trust = begun();
        for minutes in 1..=720 {
            let passed = Duration::minutes(minutes);
            assert_eq!(trust.judge(&after(passed, passed / 12)), None, "after {minutes} minutes");
        }
        assert!(
            trust.judge(&after(Duration::minutes(721), Duration::zero())).is_some(),
            "and then an hour at once is not"
        );
    }

    #[test]
    fn a_letter_leaves_at_most_the_tolerance_early_whatever_small_steps_the_clock_makes() {
        let mut trust = begun();
        let mut moved = Duration::zero();
        // A step of a minute each second.
        let steps = (1..600).take_while(|second| {
            moved += Duration::minutes(1);
            trust.judge(&after(Duration::seconds(*second), moved)).is_none()
        });
        assert!(steps.count() <= 2);
    }

    #[test]
    fn a_clock_earlier_than_what_has_happened_is_not_believed() {
        let recorded = at(START).plus(Duration::hours(1));
        let mut trust = ClockTrust::remembering(None, Some(recorded));
        let early = trust.judge(&after(Duration::zero(), Duration::zero()));
        assert_eq!(early, Some(Doubt::Behind { wall: at(START), recorded }));
        assert_eq!(trust.judge(&after(Duration::minutes(58), Duration::zero())), None);
    }

    #[test]
    fn two_clocks_must_agree_where_there_are_two() {
        let (zero, hours) = (Duration::zero(), Duration::hours(5));
        let mut trust = ClockTrust::default();
        assert!(matches!(trust.judge(&beside(hours, zero)), Some(Doubt::Differ { .. })));
        assert_eq!(trust.judge(&beside(zero, zero)), None);
        assert!(matches!(trust.judge(&beside(zero, hours)), Some(Doubt::Differ { .. })));
        // Both set at once, as where they are one machine.
        assert!(matches!(trust.judge(&beside(hours, hours)), Some(Doubt::Moved { .. })));
    }

    #[test]
    fn the_words_say_both_times() {
        let mut trust = begun();
        let doubt = trust.judge(&after(Duration::minutes(1), Duration::hours(5))).unwrap();
        assert_eq!(
            doubt.to_string(),
            "this machine's clock says 2018-03-20T09:01:00Z, and went on from 2018-03-20T04:01:00Z: it was moved forward by 5 hours"
        );
    }
}
