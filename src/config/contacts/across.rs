//! What can only be seen between rows: doubles, shared mailboxes, look-alike domains, missions nobody writes to.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::csv::Field;
use super::found::{At, Found, words};
use super::row::Row;
use crate::campaign::contact::{Post, Send};
use crate::campaign::doubts::{in_unicode, looks_of};
use crate::vocabulary::{Address, StateCode};

/// What the rows so far have shown. Lines count from 1.
#[derive(Debug, Default)]
pub(super) struct Across {
    /// Heads of mission by their names, in small letters: State and line.
    heads: HashMap<String, (StateCode, usize)>,
    /// Whole rows, cells joined.
    rows: HashMap<String, usize>,
    missions: BTreeMap<StateCode, Mission>,
    mailboxes: HashMap<String, Mailbox>,
    domains: HashSet<String>,
    /// How a domain looks, and the first that looks so.
    looks: HashMap<String, (String, usize)>,
}

#[derive(Debug)]
struct Mission {
    /// The State's first row.
    at: At,
    receives: bool,
    head: Option<usize>,
    /// A row of somebody else overrides a form of address.
    own_words: Option<At>,
}

#[derive(Debug)]
struct Mailbox {
    state: StateCode,
    line: usize,
    receives: bool,
}

impl Across {
    /// Notes a row and reports what it repeats. `false`: the same row has been read already.
    pub fn see(&mut self, record: &[Field<'_>], row: &Row, found: &mut Found<'_>) -> bool {
        if let Some(first) = self.seen_before(record, row.state_at.line) {
            found.error(whole(record, row), || {
                words(format!("the row is the same as line {first}"), "delete one of the two")
            });
            return false;
        }
        if let Some(state) = row.state {
            self.see_mission(state, row, found);
            if let Some(email) = &row.email {
                self.see_mailbox(state, email, row, found);
            }
        }
        if let Some(email) = &row.email {
            self.see_domain(email, row, found);
        }
        true
    }

    /// What is known only when all rows are read.
    pub fn finish(&self, found: &mut Found<'_>) {
        self.warn_of_unused_words(found);
        for (state, mission) in self.missions.iter().filter(|(_, mission)| !mission.receives) {
            found.warning(mission.at, || {
                words(
                    format!("no row of {state} gets the letter: none has `to` under `send`"),
                    "write `to` for the mission's own mailbox, or delete the State's rows",
                )
            });
        }
    }

    fn warn_of_unused_words(&self, found: &mut Found<'_>) {
        for (state, mission) in &self.missions {
            let (Some(at), Some(head)) = (mission.own_words, mission.head) else { continue };
            found.warning(at, || {
                words(
                    "these words are not used: the letter greets the head of mission",
                    format!("write them in the head's row of {state}, line {head}"),
                )
            });
        }
    }

    fn seen_before(&mut self, record: &[Field<'_>], line: usize) -> Option<usize> {
        let mut key = String::with_capacity(128);
        for cell in record {
            key.push_str(&cell.text);
            key.push('\u{1F}');
        }
        match self.rows.entry(key) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(line);
                None
            }
        }
    }

    fn see_mission(&mut self, state: StateCode, row: &Row, found: &mut Found<'_>) {
        let line = row.state_at.line;
        let mission = self.missions.entry(state).or_insert_with(|| Mission {
            at: row.state_at,
            receives: false,
            head: None,
            own_words: None,
        });
        // An unreadable `send` has its own error; a warning beside it would mislead.
        mission.receives |= row.send.is_none_or(|send| send == Send::To);
        if row.post != Some(Post::Head) {
            mission.own_words = mission.own_words.or(row.own_words_at);
            return;
        }
        match mission.head {
            Some(first) => found.error(row.post_at, || {
                words(
                    format!("{state} has a second head of mission; the first is in line {first}"),
                    "keep the one in office; the other's row is deleted, or becomes `deputy`",
                )
            }),
            None => mission.head = Some(line),
        }
        let name = row.contact.as_ref().map(|contact| contact.name.trim().to_lowercase()).unwrap_or_default();
        if !name.is_empty() {
            let (other, first) = *self.heads.entry(name).or_insert((state, line));
            if other != state {
                found.warning(row.name_at, || {
                    words(
                        format!("the head of mission of {other}, in line {first}, has the same name"),
                        "look which of the two is right: a row that was copied keeps its name",
                    )
                });
            }
        }
        if !row.named {
            found.notice(row.name_at, || {
                words(
                    format!(
                        "the head of mission of {state} has no name: the letter uses the form for an unknown person"
                    ),
                    "write the name when it is known",
                )
            });
        }
    }

    fn see_mailbox(&mut self, state: StateCode, email: &Address, row: &Row, found: &mut Found<'_>) {
        let line = row.email_at.line;
        let receives = row.send != Some(Send::No);
        let first = match self.mailboxes.entry(email.key()) {
            Entry::Vacant(place) => {
                place.insert(Mailbox { state, line, receives });
                return;
            }
            Entry::Occupied(first) => first.into_mut(),
        };
        if first.state != state {
            let (other, first) = (first.state, first.line);
            found.warning(row.email_at, || {
                words(
                    format!("{state} has the mailbox of {other}, line {first}"),
                    "ask both missions; where it is right, each State's letter goes to it on its own",
                )
            });
        } else if first.receives && receives {
            let first = first.line;
            found.notice(row.email_at, || {
                words(
                    format!("the mailbox stands in line {first} too: {state} gets one copy there"),
                    "nothing to do, unless one of the posts has a mailbox of its own",
                )
            });
        } else {
            first.receives |= receives;
        }
    }

    fn see_domain(&mut self, email: &Address, row: &Row, found: &mut Found<'_>) {
        let domain = email.domain();
        if !self.domains.insert(domain.to_owned()) {
            return;
        }
        let line = row.email_at.line;
        let unicode = in_unicode(domain);
        if unicode != domain {
            found.warning(row.email_at, || {
                words(
                    format!("the domain `{domain}` is shown as `{unicode}`: letters beyond ASCII can imitate others"),
                    "ask the mission by another way; its letter is approved only when it is named alone",
                )
            });
        }
        let mut told = false;
        for look in looks_of(domain) {
            let (other, first) = self.looks.entry(look).or_insert_with(|| (domain.to_owned(), line));
            if other != domain && !told {
                told = true;
                found.warning(row.email_at, || {
                    words(
                        format!("the domain `{domain}` looks like `{other}` in line {first}"),
                        "one of the two may be a slip or a trap: ask the mission by another way; letters there are approved one by one",
                    )
                });
            }
        }
    }
}

fn whole(record: &[Field<'_>], row: &Row) -> At {
    match (record.first(), record.last()) {
        (Some(first), Some(last)) => At { end: last.at.end, ..first.at },
        _ => row.state_at,
    }
}
