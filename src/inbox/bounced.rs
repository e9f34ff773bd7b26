//! What a bounce means for the letter that it returns, and for the address.

use super::matching::known::Written;
use super::reading::{Reading, Returned};
use crate::outbox::Status;

/// What follows from a bounce of one of our letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequence {
    /// Why the dispatch is now `bounced`, where it is.
    pub bounced: Option<String>,
    /// Addresses that will not do, with the server's status and words.
    pub doubtful: Vec<Doubt>,
}

/// An address that a later server refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub address: String,
    pub status: Option<String>,
    pub words: String,
}

/// Addresses of the letter's envelope that a bounce names. One that names nobody speaks of the only recipient there was.
pub fn addresses<'a>(reading: &'a Reading, letter: &'a Written) -> Vec<(String, Option<&'a Returned>)> {
    let all: Vec<String> = letter.recipients.to.iter().chain(&letter.recipients.cc).map(ToString::to_string).collect();
    if reading.returned.iter().all(|returned| returned.address.is_empty()) && all.len() == 1 {
        return all.into_iter().map(|address| (address, reading.returned.first())).collect();
    }
    let named = |address: &String| reading.returned.iter().find(|r| r.address.eq_ignore_ascii_case(address));
    all.iter().filter_map(|address| named(address).map(|returned| (address.clone(), Some(returned)))).collect()
}

/// What follows. Only a sent letter can come back, and only for a `to` address: a copy that came back leaves the letter where it
/// arrived. It has come back when the server refused it for good or gave up trying, for whatever reason: it is not there. Of the
/// address itself only a server speaks that says it is wrong: a full mailbox or a refused text says nothing against it.
pub fn consequence(reading: &Reading, letter: &Written) -> Consequence {
    let mut consequence = Consequence::default();
    for (address, returned) in addresses(reading, letter) {
        let Some(returned) = returned else {
            // It names nobody and gives no code, and a person said that it returns this letter, which went to one address.
            if letter.status == Status::Sent {
                consequence.bounced = Some(format!("{address} was refused later"));
            }
            continue;
        };
        let came_back = returned.gave_up.unwrap_or(returned.permanent == Some(true));
        let to = letter.recipients.to.iter().any(|ours| ours.to_string() == address);
        if came_back && to && letter.status == Status::Sent && consequence.bounced.is_none() {
            let code = returned.status.as_deref().map(|s| format!(" ({s})")).unwrap_or_default();
            let said = if returned.words.is_empty() { String::new() } else { format!(": {}", returned.words) };
            consequence.bounced = Some(format!("{address} was refused later{code}{said}"));
        }
        if came_back && returned.wrong_address {
            let (status, words) = (returned.status.clone(), returned.words.clone());
            consequence.doubtful.push(Doubt { address, status, words });
        }
    }
    consequence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::matching::known::{Known, samples::a_letter};
    use crate::inbox::reading::samples::a_bounce;

    fn letter(to: &[&str]) -> Written {
        a_letter(&mut Known::default(), 7, "hrc37-china/letter/FRA", to, 1)
    }

    #[test]
    fn a_hard_bounce_of_a_to_address_marks_letter_and_address() {
        let bounce = a_bounce("7@coalition.example", &[("head@fra.example", "5.1.1", Some(true))]);
        let found = consequence(&bounce, &letter(&["head@fra.example"]));
        assert_eq!(found.bounced.as_deref(), Some("head@fra.example was refused later (5.1.1): no such user"));
        assert_eq!(found.doubtful.len(), 1);
    }

    #[test]
    fn a_full_mailbox_or_a_delay_says_nothing_against_the_address() {
        let full = a_bounce("7@coalition.example", &[("head@fra.example", "5.2.2", Some(true))]);
        let found = consequence(&full, &letter(&["head@fra.example"]));
        assert!(found.bounced.is_some() && found.doubtful.is_empty());
        let late = a_bounce("7@coalition.example", &[("head@fra.example", "4.4.7", Some(false))]);
        assert_eq!(consequence(&late, &letter(&["head@fra.example"])), Consequence::default());
        let mut expired = a_bounce("7@coalition.example", &[("head@fra.example", "4.4.7", Some(false))]);
        expired.returned[0].gave_up = Some(true);
        let found = consequence(&expired, &letter(&["head@fra.example"]));
        assert!(found.bounced.is_some() && found.doubtful.is_empty(), "the server stopped trying: it is not there");
        let unsaid = a_bounce("7@coalition.example", &[("head@fra.example", "", None)]);
        assert_eq!(consequence(&unsaid, &letter(&["head@fra.example"])), Consequence::default());
    }

    #[test]
    fn a_copy_that_came_back_leaves_the_letter_where_it_arrived() {
        let mut letter = letter(&["head@fra.example"]);
        letter.recipients.cc = vec!["second@fra.example".parse().unwrap()];
        let bounce = a_bounce("7@coalition.example", &[("Second@fra.example", "5.1.1", Some(true))]);
        let found = consequence(&bounce, &letter);
        assert_eq!((found.bounced, found.doubtful.len()), (None, 1));
    }

    #[test]
    fn a_bounce_for_an_address_that_the_letter_did_not_go_to_concerns_nobody() {
        let bounce = a_bounce("7@coalition.example", &[("other@fra.example", "5.1.1", Some(true))]);
        assert!(addresses(&bounce, &letter(&["head@fra.example"])).is_empty());
        let nobody = a_bounce("7@coalition.example", &[]);
        assert_eq!(addresses(&nobody, &letter(&["head@fra.example"])).len(), 1);
        assert!(addresses(&nobody, &letter(&["head@fra.example", "second@fra.example"])).is_empty());
    }
}
