//! The slots of a job: the moments at which a cron expression wants it done.

use chrono::{Duration, SubsecRound as _, TimeZone as _};
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use crate::vocabulary::{Instant, Zone};

/// How long a slot that nobody took is worth catching up.
const STALE: Duration = Duration::days(1);

/// A cron expression of six fields, read in a zone.
#[derive(Debug, Clone)]
pub struct Slots {
    cron: Cron,
    zone: Zone,
}

impl Slots {
    /// `None`: the expression is none; the installation's have been checked.
    pub fn new(expression: &str, zone: Zone) -> Option<Self> {
        let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
        Some(Self { cron: parser.parse(expression).ok()?, zone })
    }

    /// The newest slot that has begun by `now`, unless it is more than a day old: yesterday's news is not today's. Whatever
    /// rang, and however often, the slot is the same.
    pub fn newest(&self, now: Instant) -> Option<Instant> {
        let local = self.zone.tz().from_utc_datetime(&now.utc().naive_utc());
        let slot = self.cron.find_previous_occurrence(&local, true).ok()?.trunc_subsecs(0);
        Some(Instant::from(slot)).filter(|slot| now.since(*slot) <= STALE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(expression: &str, now: &str) -> Option<String> {
        let slots = Slots::new(expression, Zone::GENEVA).unwrap();
        slots.newest(now.parse().unwrap()).map(|slot| slot.to_string())
    }

    #[test]
    fn the_newest_slot_stays_the_same_until_the_next_begins() {
        const WORKING_DAYS: &str = "0 0 8 * * Mon-Fri";
        for (now, slot) in [
            ("2018-02-05T06:59:59Z", None),
            ("2018-02-05T07:00:00Z", Some("2018-02-05T07:00:00Z")),
            ("2018-02-05T16:30:12Z", Some("2018-02-05T07:00:00Z")),
            ("2018-02-06T06:59:59Z", Some("2018-02-05T07:00:00Z")),
            ("2018-02-06T07:00:01Z", Some("2018-02-06T07:00:00Z")),
        ] {
            assert_eq!(newest(WORKING_DAYS, now).as_deref(), slot, "{now}");
        }
    }

    #[test]
    fn a_slot_is_worth_catching_up_for_a_day() {
        assert_eq!(newest("0 0 8 * * Fri", "2018-02-10T07:00:00Z").as_deref(), Some("2018-02-09T07:00:00Z"));
        assert_eq!(newest("0 0 8 * * Fri", "2018-02-10T07:00:01Z"), None);
    }

    #[test]
    fn eight_o_clock_is_eight_o_clock_in_summer_and_winter() {
        assert_eq!(newest("0 0 8 * * *", "2018-03-24T12:00:00Z").as_deref(), Some("2018-03-24T07:00:00Z"));
        assert_eq!(newest("0 0 8 * * *", "2018-03-25T12:00:00Z").as_deref(), Some("2018-03-25T06:00:00Z"));
    }

    #[test]
    fn a_time_that_comes_twice_in_the_autumn_is_one_slot() {
        let seen: std::collections::BTreeSet<Option<String>> = (0..8)
            .map(|quarter| {
                newest("0 30 2 * * *", &format!("2018-10-28T0{}:{:02}:30Z", quarter / 4, quarter % 4 * 15 + 1))
            })
            .collect();
        let on_that_day: Vec<&String> = seen.iter().flatten().filter(|slot| slot.starts_with("2018-10-28")).collect();
        assert_eq!(on_that_day.len(), 1, "{seen:?}");
    }
}
