//! When the server refuses us, and not a letter, sending pauses: no letter is at fault, and each further one would make it worse.
//!
//! A pause begins at once where a verdict is surely about us (no line, no greeting, no sign-in, 421), and after
//! [`IN_A_ROW`] letters to different missions where it may be (policy, rate, sender), with none taken between them. While it lasts nobody
//! tries; then one letter does. Once that is taken the others follow; else the next wait is longer.

use super::class::{self, Bearing, Class};
use super::retry::wait_after;
use super::verdict::Verdict;
use crate::outbox::Outage;
use crate::vocabulary::{Instant, StateCode};

/// Letters to as many missions, one after the other, that may each have been refused for our sake, are.
pub const IN_A_ROW: usize = 3;

/// One claim of one letter: its row and its fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand {
    pub key: i64,
    pub fence: i64,
}

/// A letter that was refused perhaps for our sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    pub hand: Hand,
    pub delegation: StateCode,
}

/// The one letter that is tried while sending pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    pub hand: Hand,
    /// Should nobody have said by then what came of it, another letter may be tried.
    pub until: Instant,
}

/// Sending pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub class: Class,
    /// What the server said last.
    pub words: String,
    pub since: Instant,
    /// Nobody tries before.
    pub until: Instant,
    /// Waits so far: each is longer than the one before.
    pub waits: u32,
    pub trial: Option<Trial>,
}

/// What is remembered of the server, over all workers and restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Letters that were refused perhaps for our sake, since the last one that was taken.
    pub row: Vec<Suspect>,
    pub pause: Option<Pause>,
    /// The last pause that is over.
    pub over: Option<Outage>,
}

/// Who may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Whoever is due.
    All,
    /// One letter, to see.
    One,
    Nobody,
}

/// What came of one claim, as far as it says something of the server.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    pub hand: Hand,
    pub delegation: StateCode,
    pub verdict: &'a Verdict,
}

impl Breaker {
    pub fn gate(&self, at: Instant) -> Gate {
        let Some(pause) = &self.pause else { return Gate::All };
        // A clock that was set back must not make hours of minutes.
        let begun = at >= pause.since;
        let on_trial = pause.trial.is_some_and(|trial| begun && at < trial.until);
        if on_trial || (begun && at < pause.until) { Gate::Nobody } else { Gate::One }
    }

    /// The pause that lasts, or the last one.
    pub fn outage(&self) -> Option<Outage> {
        self.pause.as_ref().map(|pause| Outage { since: pause.since, ended: None }).or(self.over)
    }

    /// Whether this verdict is the server's judgement of us, as far as is known now. A letter that was refused for good for itself is
    /// not tried again, whatever the others meet: a person says so.
    pub fn blames_us(&self, verdict: &Verdict) -> bool {
        match class::read(verdict) {
            (_, Bearing::Us) => true,
            (Some(Class::Letter), Bearing::UsPerhaps) => false,
            (_, Bearing::UsPerhaps) => self.pause.is_some(),
            (_, Bearing::Taken | Bearing::Letter | Bearing::Nobody) => false,
        }
    }

    /// Takes note of a verdict. To be told of the same one twice changes nothing.
    pub fn note(&mut self, met: &Met<'_>, at: Instant) {
        let (class, bearing) = class::read(met.verdict);
        let tried = self.pause.as_ref().is_some_and(|pause| pause.trial.is_some_and(|trial| trial.hand == met.hand));
        match (bearing, class) {
            (Bearing::Taken, _) => {
                self.row.clear();
                self.end_if(|pause| tried || !pause.ends_by_a_trial_only(), at);
            }
            (Bearing::Letter, _) => {
                // It got as far as the letter itself: that ends what kept us from coming so far.
                self.end_if(|pause| pause.came_before_the_letter() && (tried || !pause.ends_by_a_trial_only()), at);
                self.try_another(tried, at);
            }
            (Bearing::Us, Some(class)) if self.pause.is_none() => self.begin(class, met, at),
            (Bearing::UsPerhaps, Some(class)) if self.pause.is_none() => self.suspect(class, met, at),
            (Bearing::Us | Bearing::UsPerhaps, Some(class)) if tried => self.wait_longer(class, met, at),
            (Bearing::Nobody, _) if tried => self.try_another(tried, at),
            // Letters that were out when the pause began.
            _ => {}
        }
    }

    /// One letter has left, to see.
    pub fn begin_trial(&mut self, hand: Hand, until: Instant) {
        if let Some(pause) = &mut self.pause {
            pause.trial = Some(Trial { hand, until });
        }
    }

    /// A person has looked: the next letter is tried without waiting. Whether there was a wait.
    pub fn try_now(&mut self, at: Instant) -> bool {
        let waits = self.pause.as_mut().filter(|pause| pause.until > at);
        waits.map(|pause| pause.until = at).is_some()
    }

    fn suspect(&mut self, class: Class, met: &Met<'_>, at: Instant) {
        if self.row.iter().any(|suspect| suspect.hand == met.hand) {
            return;
        }
        // The address that we write from is refused twice, and nothing was taken meanwhile: there may be no third letter.
        let again = class == Class::Sender && self.row.iter().any(|suspect| suspect.hand.key == met.hand.key);
        self.row.retain(|suspect| suspect.delegation != met.delegation);
        self.row.push(Suspect { hand: met.hand, delegation: met.delegation });
        if again || self.row.len() >= IN_A_ROW {
            self.begin(class, met, at);
        }
    }

    fn begin(&mut self, class: Class, met: &Met<'_>, at: Instant) {
        let until = at.plus(wait_after(class, 1));
        self.row.clear();
        self.pause = Some(Pause { class, words: met.verdict.summary(), since: at, until, waits: 1, trial: None });
    }

    fn wait_longer(&mut self, class: Class, met: &Met<'_>, at: Instant) {
        if let Some(pause) = &mut self.pause {
            let waits = pause.waits.saturating_add(1);
            let until = at.plus(wait_after(class, waits));
            *pause = Pause { class, words: met.verdict.summary(), until, waits, trial: None, since: pause.since };
        }
    }

    /// The trial told nothing of us.
    fn try_another(&mut self, tried: bool, at: Instant) {
        if let Some(pause) = self.pause.as_mut().filter(|_| tried) {
            pause.trial = None;
            pause.until = at;
        }
    }

    fn end_if(&mut self, ends: impl FnOnce(&Pause) -> bool, at: Instant) {
        if let Some(pause) = self.pause.take_if(|pause| ends(pause)) {
            self.over = Some(Outage { since: pause.since, ended: Some(at) });
        }
    }
}

impl Pause {
    /// A letter on a line where we had signed in before says nothing of whether we still could.
    fn ends_by_a_trial_only(&self) -> bool {
        matches!(self.class, Class::Authentication | Class::Tls)
    }

    /// The server stopped us before it had heard of any recipient.
    fn came_before_the_letter(&self) -> bool {
        matches!(
            self.class,
            Class::Connection | Class::Tls | Class::Authentication | Class::Unavailable | Class::Sender | Class::Disk
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Phase, Reply};
    use chrono::Duration;

    fn at(minute: i64) -> Instant {
        Instant::from_millis(0).plus(Duration::minutes(minute))
    }

    fn refused(phase: Phase, code: u16, words: &str) -> Verdict {
        let reply = Reply::new(code, words);
        if reply.is_permanent() {
            Verdict::Refused { phase, reply, recipients: vec![] }
        } else {
            Verdict::NotNow { phase, reply, recipients: vec![] }
        }
    }

    fn policy() -> Verdict {
        refused(Phase::RcptTo, 550, "5.7.1 no")
    }

    fn wrong_password() -> Verdict {
        refused(Phase::Auth, 535, "5.7.8 no")
    }

    fn unknown_mailbox() -> Verdict {
        refused(Phase::RcptTo, 550, "5.1.1 unknown")
    }

    fn taken() -> Verdict {
        Verdict::Taken { reply: Some(Reply::new(250, "ok")), recipients: vec![] }
    }

    const STATES: [&str; 6] = ["DEU", "ESP", "FRA", "GHA", "PER", "SWE"];

    fn hand(letter: usize, fence: i64) -> Hand {
        Hand { key: i64::try_from(letter).unwrap(), fence }
    }

    impl Breaker {
        fn meets(&mut self, letter: usize, fence: i64, verdict: &Verdict, minute: i64) {
            let met = Met { hand: hand(letter, fence), delegation: STATES[letter].parse().unwrap(), verdict };
            self.note(&met, at(minute));
            let once = self.clone();
            self.note(&met, at(minute));
            assert_eq!(*self, once, "told twice");
        }

        fn of(met: &[(usize, Verdict)]) -> Self {
            let mut breaker = Self::default();
            for (letter, verdict) in met {
                breaker.meets(*letter, 1, verdict, 0);
            }
            breaker
        }
    }

    #[test]
    fn what_is_surely_about_us_pauses_at_once() {
        let broken = |phase| Verdict::Broken { phase, why: "gone".into() };
        for (verdict, minutes) in [
            (wrong_password(), 15),
            (refused(Phase::Greeting, 421, "4.3.2 busy"), 5),
            (refused(Phase::RcptTo, 421, "4.7.0 closing"), 5),
            (refused(Phase::Greeting, 554, "5.7.1 on a list"), 15),
            (broken(Phase::Connect), 5),
            (broken(Phase::Tls), 10),
            (broken(Phase::File), 1),
        ] {
            let breaker = Breaker::of(&[(0, verdict.clone())]);
            let pause = breaker.pause.clone().unwrap_or_else(|| panic!("{verdict:?}"));
            assert_eq!((pause.since, pause.until, pause.waits), (at(0), at(minutes), 1), "{verdict:?}");
            assert_eq!(pause.words, verdict.summary());
            assert_eq!((breaker.gate(at(0)), breaker.gate(at(minutes))), (Gate::Nobody, Gate::One));
        }
    }

    #[test]
    fn three_missions_in_a_row_refused_by_policy_pause_and_two_do_not() {
        assert_eq!(Breaker::of(&[(0, policy()), (1, policy())]).gate(at(0)), Gate::All);
        let three = Breaker::of(&[(0, policy()), (1, policy()), (2, policy())]);
        assert_eq!(three.gate(at(0)), Gate::Nobody);
        assert_eq!(three.pause.unwrap().class, Class::Policy);
    }

    #[test]
    fn a_letter_taken_between_them_breaks_the_row_and_an_unknown_mailbox_does_not() {
        let broken = [(0, policy()), (1, policy()), (5, taken()), (2, policy()), (3, policy())];
        assert_eq!(Breaker::of(&broken).gate(at(0)), Gate::All);
        let not_broken = [(0, policy()), (1, policy()), (5, unknown_mailbox()), (2, policy())];
        assert_eq!(Breaker::of(&not_broken).gate(at(0)), Gate::Nobody);
    }

    #[test]
    fn one_mission_refused_again_and_again_is_no_row_but_a_refused_sender_is() {
        let mut breaker = Breaker::default();
        for fence in 1..10 {
            breaker.meets(0, fence, &policy(), fence);
        }
        assert_eq!(breaker.gate(at(10)), Gate::All);
        let sender = refused(Phase::MailFrom, 553, "5.7.1 not yours");
        let mut breaker = Breaker::of(&[(0, sender.clone())]);
        assert_eq!(breaker.gate(at(0)), Gate::All);
        breaker.meets(0, 2, &sender, 20);
        assert_eq!((breaker.gate(at(20)), breaker.pause.unwrap().class), (Gate::Nobody, Class::Sender));
    }

    #[test]
    fn greylisting_and_what_names_a_recipient_never_pause() {
        let greylisted = refused(Phase::RcptTo, 450, "4.7.1 Greylisted");
        let full = refused(Phase::RcptTo, 452, "4.2.2 full");
        let all: Vec<_> = (0..6).map(|n| (n, [&greylisted, &full, &unknown_mailbox()][n % 3].clone())).collect();
        assert_eq!(Breaker::of(&all), Breaker::default());
    }

    #[test]
    fn one_letter_is_tried_at_a_time_and_each_wait_is_longer() {
        let mut breaker = Breaker::of(&[(0, wrong_password())]);
        let mut minute = 15;
        for (fence, wait) in [(1, 60), (2, 120), (3, 240), (4, 240)] {
            assert_eq!(breaker.gate(at(minute - 1)), Gate::Nobody);
            assert_eq!(breaker.gate(at(minute)), Gate::One);
            breaker.begin_trial(hand(1, fence), at(minute + 5));
            assert_eq!(breaker.gate(at(minute + 1)), Gate::Nobody, "one is out");
            breaker.meets(1, fence, &wrong_password(), minute + 1);
            assert_eq!(breaker.pause.as_ref().unwrap().until, at(minute + 1 + wait));
            minute += 1 + wait;
        }
        assert_eq!(breaker.pause.as_ref().unwrap().since, at(0));
        breaker.begin_trial(hand(1, 5), at(minute + 5));
        breaker.meets(1, 5, &taken(), minute + 1);
        assert_eq!(breaker.gate(at(minute + 1)), Gate::All);
        assert_eq!(breaker.outage(), Some(Outage { since: at(0), ended: Some(at(minute + 1)) }));
    }

    #[test]
    fn a_trial_that_nobody_brings_back_makes_room_for_another() {
        let mut breaker = Breaker::of(&[(0, wrong_password())]);
        breaker.begin_trial(hand(1, 1), at(20));
        assert_eq!((breaker.gate(at(19)), breaker.gate(at(20))), (Gate::Nobody, Gate::One));
    }

    #[test]
    fn letters_that_were_out_when_it_began_neither_lengthen_it_nor_end_it_where_a_sign_in_is_at_stake() {
        let mut signs_in = Breaker::of(&[(0, wrong_password())]);
        let before = signs_in.clone();
        for verdict in [wrong_password(), policy(), taken(), unknown_mailbox()] {
            signs_in.meets(1, 1, &verdict, 1);
        }
        assert_eq!(signs_in, before);
        let mut busy = Breaker::of(&[(0, refused(Phase::Greeting, 421, "busy"))]);
        busy.meets(1, 1, &taken(), 1);
        assert_eq!(busy.gate(at(1)), Gate::All, "it takes letters after all");
    }

    #[test]
    fn a_trial_that_ends_at_an_unknown_mailbox_proves_a_sign_in_and_no_good_will() {
        let mut signs_in = Breaker::of(&[(0, wrong_password())]);
        signs_in.begin_trial(hand(1, 1), at(20));
        signs_in.meets(1, 1, &unknown_mailbox(), 15);
        assert_eq!(signs_in.gate(at(15)), Gate::All);
        let mut unwanted = Breaker::of(&[(0, policy()), (1, policy()), (2, policy())]);
        unwanted.begin_trial(hand(3, 1), at(20));
        unwanted.meets(3, 1, &unknown_mailbox(), 15);
        assert_eq!(unwanted.gate(at(15)), Gate::One, "another letter tells");
        assert_eq!(unwanted.pause.unwrap().waits, 1);
    }

    #[test]
    fn a_person_who_has_looked_need_not_wait() {
        let mut breaker = Breaker::of(&[(0, wrong_password())]);
        assert!(breaker.try_now(at(2)));
        assert_eq!(breaker.gate(at(2)), Gate::One);
        assert!(!breaker.try_now(at(2)) && !Breaker::default().try_now(at(2)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_lengthen_a_pause() {
        let breaker = Breaker::of(&[(0, wrong_password())]);
        assert_eq!(breaker.gate(at(-24 * 60)), Gate::One);
    }

    #[test]
    fn what_may_be_about_us_is_about_us_while_sending_pauses() {
        let mut breaker = Breaker::default();
        assert!(!breaker.blames_us(&policy()) && breaker.blames_us(&wrong_password()));
        breaker.meets(0, 1, &wrong_password(), 0);
        assert!(breaker.blames_us(&policy()) && !breaker.blames_us(&unknown_mailbox()));
    }
}
