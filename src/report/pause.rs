//! Sending pauses: what the server said, since when, what to do, and how it goes on.

use serde::Serialize;

use crate::delivery::{Class, Pause};
use crate::vocabulary::{Instant, Zone};

/// A pause as `status`, `run` and the digest tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseNotice {
    pub class: &'static str,
    /// What the server said last.
    pub words: String,
    pub since: Instant,
    /// When the next letter is tried.
    pub until: Instant,
    pub advice: &'static str,
}

impl PauseNotice {
    pub fn of(pause: &Pause) -> Self {
        Self {
            class: pause.class.as_str(),
            words: pause.words.clone(),
            since: pause.since,
            until: pause.until,
            advice: advice(pause.class),
        }
    }

    /// `SENDING PAUSES since 2018-03-20 09:30 CET (authentication)`
    pub fn since(&self, zone: Zone) -> String {
        format!("SENDING PAUSES since {} ({})", zone.show(self.since), self.class)
    }

    /// How it goes on, by itself or before.
    pub fn goes_on(&self, zone: Zone) -> String {
        let at = zone.show(self.until);
        format!("one letter is tried after {at}, or once `demarche check --online` has passed; the others follow it")
    }

    /// All of it in one line.
    pub fn line(&self, zone: Zone) -> String {
        format!("{}: {}; {}; {}", self.since(zone), self.words, self.advice, self.goes_on(zone))
    }
}

fn advice(class: Class) -> &'static str {
    match class {
        Class::Authentication => "correct username and password in [delivery.smtp], and start the worker again",
        Class::Sender => "ask the mail provider whether this account may write from the campaign's `from`",
        Class::Rate => "lower [delivery.pace], or ask the mail provider for more",
        Class::Policy => "ask the mail provider why; no address is at fault, and none was marked",
        Class::Tls => "look at security and ca_file in [delivery.smtp], and at the server's certificate",
        Class::Disk => "look at the folder of [delivery], its rights, and the space on its disk",
        Class::Connection => "look at host and port in [delivery.smtp], and at this machine's network",
        Class::Letter => {
            "read what the server says, look at one of the letters with `demarche preview`, and ask the mail provider"
        }
        Class::Unavailable | Class::Temporary | Class::Greylisting | Class::Recipient => {
            "nothing is to be done unless it lasts; then ask the mail provider"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_tells_what_the_server_said_since_when_what_to_do_and_how_it_goes_on() {
        let pause = Pause {
            class: Class::Authentication,
            words: "refused for good at authentication: 535 5.7.8 wrong name or password".into(),
            since: "2018-03-20T08:30:00Z".parse().unwrap(),
            until: "2018-03-20T08:45:00Z".parse().unwrap(),
            waits: 1,
            trial: None,
        };
        assert_eq!(
            PauseNotice::of(&pause).line(Zone::GENEVA),
            "SENDING PAUSES since 2018-03-20 09:30 CET (authentication): refused for good at authentication: 535 5.7.8 wrong \
             name or password; correct username and password in [delivery.smtp], and start the worker again; one letter is \
             tried after 2018-03-20 09:45 CET, or once `demarche check --online` has passed; the others follow it"
        );
    }
}
