//! How fast letters may follow one another: two ceilings, kept exactly.
//!
//! Never more than so many letters lie in any 60 seconds, over all workers together. The moment at which a letter was on the
//! wire is not known, only when it was claimed and when its answer came. A letter therefore counts from its claim until 60
//! seconds after it ended, which is the latest moment it can have been on the wire.

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
    /// At this instant, if nothing else is claimed until then. Letters in hand are taken to stay in the count.
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
    /// When letters ended, the earliest first, and how many then.
    ended: Vec<(Instant, usize)>,
    /// Their sum.
    letters: usize,
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
        self.all.add(ended, 1);
        for domain in distinct(domains) {
            self.lane(domain).add(ended, 1);
        }
    }

    /// Counts letters that ended at one instant towards one ceiling alone: that of `domain`, or the one over all. For tables that
    /// have summed them up already.
    pub fn add_ended(&mut self, domain: Option<&str>, ended: Instant, letters: usize) {
        if ended < Self::reaches_back_to(self.now) {
            return;
        }
        match domain {
            None => self.all.add(Some(ended), letters),
            Some(domain) => self.lane(domain).add(Some(ended), letters),
        }
    }

    fn lane(&mut self, domain: &str) -> &mut Lane {
        self.domains.entry(domain.to_owned()).or_default()
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
    fn add(&mut self, ended: Option<Instant>, letters: usize) {
        let Some(end) = ended else {
            self.in_hand += letters;
            return;
        };
        self.letters += letters;
        match self.ended.binary_search_by_key(&end, |(at, _)| *at) {
            Ok(known) => self.ended[known].1 += letters,
            Err(place) => self.ended.insert(place, (end, letters)),
        }
    }

    fn may_start(&self, ceiling: u32) -> MayStart {
        let ceiling = usize::try_from(ceiling).unwrap_or(usize::MAX);
        let counted = self.letters + self.in_hand;
        if counted < ceiling {
            return MayStart::Now;
        }
        // That many, and one more, must leave the window before the next may enter it. With a ceiling of 0 none ever may.
        let mut too_many = counted - ceiling;
        for (end, letters) in &self.ended {
            if *letters > too_many {
                return MayStart::At(end.plus(minute()).plus(Duration::milliseconds(1)));
            }
            too_many -= letters;
        }
        MayStart::WhenOneEnds
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Instant = Instant::from_millis(1_500_000_000_000);

    fn after(millis: i64) -> Instant {
        START.plus(Duration::milliseconds(millis))
    }

    fn window(per_minute: u32, per_domain_per_minute: u32) -> Window {
        Window::new(Ceilings { per_minute, per_domain_per_minute }, START)
    }

    #[test]
    fn a_batch_of_claims_is_judged_one_after_the_other() {
        let mut window = window(3, 2);
        assert_eq!(window.claim(["a.example"]), MayStart::Now);
        assert_eq!(window.claim(["a.example"]), MayStart::Now);
        assert_eq!(window.claim(["a.example"]), MayStart::WhenOneEnds);
        assert_eq!(window.claim(["b.example"]), MayStart::Now);
        assert_eq!(window.claim(["b.example"]), MayStart::WhenOneEnds);
    }

    #[test]
    fn a_letter_waits_until_the_earliest_one_has_been_gone_for_a_minute() {
        let mut window = window(2, 2);
        window.add(["a.example"], Some(after(-10_000)));
        window.add(["b.example"], Some(after(-50_000)));
        assert_eq!(window.may_start(["c.example"]), MayStart::At(after(10_001)));
        let mut later = Window::new(window.ceilings, after(10_001));
        later.add(["a.example"], Some(after(-10_000)));
        later.add(["b.example"], Some(after(-50_000)));
        assert_eq!(later.may_start(["c.example"]), MayStart::Now);
    }

    #[test]
    fn a_letter_that_ended_exactly_a_minute_ago_still_counts() {
        let mut window = window(1, 1);
        window.add(["a.example"], Some(Window::reaches_back_to(START)));
        assert_eq!(window.may_start(["b.example"]), MayStart::At(after(1)));
    }

    #[test]
    fn a_letter_to_several_domains_waits_for_the_slowest_of_them() {
        let mut window = window(10, 1);
        window.add(["a.example"], Some(after(-10_000)));
        window.add(["b.example"], Some(after(-20_000)));
        assert_eq!(window.may_start(["b.example", "a.example"]), MayStart::At(after(50_001)));
        window.add(["c.example"], None);
        assert_eq!(window.may_start(["a.example", "c.example"]), MayStart::WhenOneEnds);
    }

    #[test]
    fn two_mailboxes_of_one_domain_make_one_letter_to_it() {
        let mut window = window(10, 2);
        window.add(["a.example", "a.example"], None);
        assert_eq!(window.may_start(["a.example"]), MayStart::Now);
    }

    #[test]
    fn a_ceiling_that_was_lowered_meanwhile_holds_at_once() {
        let mut window = window(2, 9);
        for seconds in [40, 30, 20, 10] {
            window.add(["a.example"], Some(after(-seconds * 1000)));
        }
        // Three of the four must be gone before a second letter fits beside the last.
        assert_eq!(window.may_start(["b.example"]), MayStart::At(after(40_001)));
    }

    #[test]
    fn a_ceiling_of_nothing_lets_nothing_leave() {
        assert_eq!(window(0, 9).may_start(["a.example"]), MayStart::WhenOneEnds);
        assert_eq!(window(9, 0).may_start(["a.example"]), MayStart::WhenOneEnds);
    }

    /// One letter of a simulated run. Unit: milliseconds after the start.
    struct Sent {
        domain: &'static str,
        on_the_wire: i64,
        ended: i64,
    }

    /// A worker that asks at every step of the clock, with letters that take as long as they are told, as one transaction sees them.
    fn run(ceilings: Ceilings, letters: &[(usize, i64, i64)]) -> Vec<Sent> {
        const DOMAINS: [&str; 3] = ["a.example", "b.example", "c.example"];
        let (mut sent, mut now) = (Vec::<Sent>::new(), 0);
        for &(domain, before_the_wire, after_it) in letters {
            let domain = DOMAINS[domain];
            loop {
                let mut window = Window::new(ceilings, after(now));
                for s in &sent {
                    window.add([s.domain], (s.ended <= now).then(|| after(s.ended)));
                }
                match window.claim([domain]) {
                    MayStart::Now => break,
                    MayStart::At(at) => {
                        assert!(at > after(now), "looking again at once would spin");
                        now = at.since(START).num_milliseconds();
                    }
                    MayStart::WhenOneEnds => {
                        now = sent.iter().map(|s| s.ended).filter(|e| *e > now).min().expect("one is in hand");
                    }
                }
            }
            let on_the_wire = now + before_the_wire;
            sent.push(Sent { domain, on_the_wire, ended: on_the_wire + after_it });
        }
        sent
    }

    fn most_in_a_minute(moments: &[i64]) -> usize {
        moments
            .iter()
            .map(|from| moments.iter().filter(|m| (*from..=*from + 60_000).contains(m)).count())
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_minute_ever_holds_more_letters_than_the_ceilings_say(
            per_minute in 1u32..6, per_domain_per_minute in 1u32..4,
            letters in prop::collection::vec((0usize..3, 0i64..90_000, 0i64..90_000), 1..40),
        ) {
            let sent = run(Ceilings { per_minute, per_domain_per_minute }, &letters);
            let all: Vec<i64> = sent.iter().map(|s| s.on_the_wire).collect();
            prop_assert!(most_in_a_minute(&all) <= per_minute as usize);
            for domain in ["a.example", "b.example", "c.example"] {
                let its: Vec<i64> = sent.iter().filter(|s| s.domain == domain).map(|s| s.on_the_wire).collect();
                prop_assert!(most_in_a_minute(&its) <= per_domain_per_minute as usize);
            }
        }

        #[test]
        fn letters_that_take_no_time_fill_every_minute_to_the_ceiling(per_minute in 1u32..6, minutes in 1usize..5) {
            let letters = vec![(0, 0, 0); per_minute as usize * minutes];
            let sent = run(Ceilings { per_minute, per_domain_per_minute: 9 }, &letters);
            let last = sent.last().expect("at least one letter").on_the_wire;
            prop_assert_eq!(last, (minutes as i64 - 1) * 60_001);
        }

        #[test]
        fn the_order_in_which_rows_are_read_does_not_matter(
            ends in prop::collection::vec(-70_000i64..0, 0..12).prop_shuffle(), per_minute in 1u32..6,
        ) {
            let judge = |ends: &[i64]| {
                let mut window = window(per_minute, 99);
                ends.iter().for_each(|e| window.add(["a.example"], Some(after(*e))));
                window.may_start(["b.example"])
            };
            let mut sorted = ends.clone();
            sorted.sort_unstable();
            prop_assert_eq!(judge(&ends), judge(&sorted));
        }
    }
}
