//! How fast letters may follow one another: two ceilings, kept exactly.
//!
//! Never more than so many letters lie in any 60 seconds, over all workers together. The moment at which a letter was on the
//! wire is not known to the millisecond, only when it was claimed and when its answer came. A letter therefore counts from its claim until
//! 60 seconds after it ended, which is the latest moment it can have been on the wire.

use std::collections::HashMap;

use chrono::Duration;

use crate::vocabulary::Instant;

/// `[delivery.pace]`. Unit: letters in any 60 seconds. 0 lets nothing leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    pub per_minute: u32,
    /// A letter counts once for each domain among its recipients.
    pub per_domain_per_minute: u32,
}

/// Whether one more letter may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStart {
    Now,
    /// Not before this instant, even if every letter in hand ends without having been sent.
    At(Instant),
    /// It depends on letters in hand: look again when one of them ends.
    WhenOneEnds,
}

/// The letters of the last 60 seconds, as one transaction sees them.
#[derive(Debug, Clone)]
pub struct Window {
    ceilings: Ceilings,
    now: Instant,
    all: Lane,
    domains: HashMap<String, Lane>,
}

/// What one ceiling counts.
#[derive(Debug, Clone, Default)]
struct Lane {
    /// Ends of letters, the earliest first.
    ended: Vec<Instant>,
    in_hand: usize,
}

impl Window {
    pub fn new(ceilings: Ceilings, now: Instant) -> Self {
        Self { ceilings, now, all: Lane::default(), domains: HashMap::new() }
    }

    /// The earliest end that still counts at `now`: rows that ended before it need not be read. A minute ago exactly still counts.
    pub fn reaches_back_to(now: Instant) -> Instant {
        now.minus(minute())
    }

    /// Counts one letter. `ended`: when its answer came, or the connection was given up; `None` while it is in hand.
    ///
    /// Letters may be added in any order; the order of their ends is the fastest. A domain that is named twice counts once.
    pub fn add<'a>(&mut self, domains: impl IntoIterator<Item = &'a str>, ended: Option<Instant>) {
        if ended.is_some_and(|end| end < Self::reaches_back_to(self.now)) {
            return;
        }
        self.all.add(ended);
        for domain in distinct(domains) {
            match self.domains.get_mut(domain) {
                Some(lane) => lane.add(ended),
                None => self.domains.entry(domain.to_owned()).or_default().add(ended),
            }
        }
    }

    /// Whether a letter to these domains may start at `now`, the letters claimed so far counted in.
    pub fn may_start<'a>(&self, domains: impl IntoIterator<Item = &'a str>) -> MayStart {
        let of_domains = distinct(domains).into_iter().map(|domain| match self.domains.get(domain) {
            Some(lane) => lane.may_start(self.ceilings.per_domain_per_minute),
            None => Lane::default().may_start(self.ceilings.per_domain_per_minute),
        });
        of_domains.fold(self.all.may_start(self.ceilings.per_minute), MayStart::stricter)
    }

    /// Claims a letter to these domains if it may start now; from then on it counts as in hand.
    pub fn claim<'a>(&mut self, domains: impl IntoIterator<Item = &'a str> + Clone) -> MayStart {
        let answer = self.may_start(domains.clone());
        if answer == MayStart::Now {
            self.add(domains, None);
        }
        answer
    }
}

impl MayStart {
    fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::WhenOneEnds, _) | (_, Self::WhenOneEnds) => Self::WhenOneEnds,
            (Self::At(a), Self::At(b)) => Self::At(a.max(b)),
            (Self::At(at), Self::Now) | (Self::Now, Self::At(at)) => Self::At(at),
            (Self::Now, Self::Now) => Self::Now,
        }
    }
}

impl Lane {
    fn add(&mut self, ended: Option<Instant>) {
        match ended {
            None => self.in_hand += 1,
            Some(end) => self.ended.insert(self.ended.partition_point(|e| *e <= end), end),
        }
    }

    fn may_start(&self, ceiling: u32) -> MayStart {
        let ceiling = usize::try_from(ceiling).unwrap_or(usize::MAX);
        let counted = self.ended.len() + self.in_hand;
        if counted < ceiling {
            return MayStart::Now;
        }
        // That many, and one more, must leave the window before the next may enter it. With a ceiling of 0 none ever may.
        let too_many = counted - ceiling;
        match self.ended.get(too_many) {
            Some(end) => MayStart::At(end.plus(minute()).plus(Duration::milliseconds(1))),
            None => MayStart::WhenOneEnds,
        }
    }
}

fn minute() -> Duration {
    Duration::seconds(60)
}

/// A letter has few domains: a list is faster than a set.
fn distinct<'a>(domains: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for domain in domains {
        if !found.contains(&domain) {
            found.push(domain);
        }
    }
    found
}
