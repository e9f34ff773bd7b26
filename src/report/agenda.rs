//! The agenda: the UN's dates, the coalition's own, and the times at which its letters leave, as entries of a calendar.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaign::States;
use crate::outbox::Status;
use crate::responses::{Meeting, MeetingState};
use crate::schedule::{Calendar, Dated, Holiday, HolidayKind, HrcSession, UprReview, UprSession, english_ordinal};
use crate::vocabulary::{Day, DispatchId, Instant};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The same in every export, so that a calendar that imports a second time updates what it has.
    pub uid: String,
    pub title: String,
    pub about: String,
    #[serde(flatten)]
    pub when: When,
    /// The date may still change.
    pub provisional: bool,
    #[serde(flatten)]
    pub meeting: Option<OfMeeting>,
}

/// What an entry says besides, where it is a meeting of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfMeeting {
    pub location: String,
    /// RFC 5546, 2.1.4: a calendar takes the entry with the highest.
    pub sequence: u32,
    pub cancelled: bool,
    /// When it was agreed, moved or cancelled last.
    pub changed: Instant,
}

/// When an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum When {
    /// Whole days in Geneva, both included.
    Days {
        first: Day,
        last: Day,
    },
    Moment {
        at: Instant,
    },
    Hours {
        from: Instant,
        until: Instant,
    },
}

/// A letter, as far as the agenda needs it.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub id: DispatchId,
    /// What the letter comes from: no two coalitions share it.
    pub domain: String,
    pub due: Instant,
    /// `None`: drafted, and not planned yet.
    pub status: Option<Status>,
    pub milestone: String,
    pub provisional: bool,
}

/// Sessions, reviews and the coalition's own days in the range, by day; with `holidays`, days off as well. A session of which
/// no day is known has no entry.
pub fn dates(calendar: &Calendar, states: &States, from: Day, until: Day, holidays: bool) -> Vec<Entry> {
    let (from, until) = (Some(from), Some(until));
    let name = |code| states.get(code).map_or_else(|| format!("{code}"), |state| state.name_en.clone());
    let mut entries: Vec<Entry> = Vec::new();
    entries.extend(calendar.hrc_sessions(from, until).filter_map(hrc));
    entries.extend(calendar.upr_sessions(from, until).filter_map(|session| {
        let states: Vec<String> = session.states.iter().map(|code| name(*code)).collect();
        upr(session, &states)
    }));
    entries.extend(calendar.upr_reviews(from, until).map(|found| review(found, &name(found.state))));
    entries.extend(calendar.customs(from, until).map(|custom| Entry {
        uid: format!("custom/{}@demarche", custom.id),
        title: titled(custom.title.as_deref().unwrap_or(custom.id.as_str()), custom.provisional),
        about: "config/calendar.toml".to_owned(),
        when: When::Days { first: custom.day, last: custom.day },
        provisional: custom.provisional,
        meeting: None,
    }));
    if holidays {
        entries.extend(calendar.holidays(from, until).map(day_off));
    }
    entries.sort_by_key(|entry| entry.when);
    entries
}

fn titled(title: &str, provisional: bool) -> String {
    // Many calendars do not show that an entry is tentative.
    if provisional { format!("{title} (provisional)") } else { title.to_owned() }
}

/// The days between the two dates, or the one that is known, with the word for it.
fn span(opens: Option<&Dated>, closes: Option<&Dated>) -> Option<(When, &'static str, bool, String)> {
    let (first, last) = (opens.or(closes)?, closes.or(opens)?);
    let known = match (opens, closes) {
        (Some(_), Some(_)) => "",
        (Some(_), None) => " opens (its last day is not known)",
        _ => " closes (its first day is not known)",
    };
    let provisional = first.sure.provisional || last.sure.provisional;
    let when = When::Days { first: first.day, last: last.day.max(first.day) };
    Some((when, known, provisional, first.sure.shown_source().to_owned()))
}

fn hrc(session: &HrcSession) -> Option<Entry> {
    let (when, known, provisional, source) = span(session.opens.as_ref(), session.closes.as_ref())?;
    Some(Entry {
        uid: format!("hrc/{}@demarche", session.number),
        title: titled(
            &format!("{} session of the Human Rights Council{known}", english_ordinal(session.number)),
            provisional,
        ),
        about: format!("Source: {source}"),
        when,
        provisional,
        meeting: None,
    })
}

fn upr(session: &UprSession, states: &[String]) -> Option<Entry> {
    let (when, known, provisional, source) = span(session.opens.as_ref(), session.closes.as_ref())?;
    let provisional = provisional || session.sure.provisional;
    let reviewed = if states.is_empty() { String::new() } else { format!("Under review: {}\n", states.join(", ")) };
    Some(Entry {
        uid: format!("upr/{}@demarche", session.number),
        title: titled(
            &format!("{} session of the UPR Working Group{known}", english_ordinal(session.number)),
            provisional,
        ),
        about: format!("{reviewed}Source: {source}"),
        when,
        provisional,
        meeting: None,
    })
}

fn review(review: &UprReview, state: &str) -> Entry {
    let title = format!("Universal Periodic Review of {state} ({} session)", english_ordinal(review.session));
    Entry {
        uid: format!("upr/{}/{}@demarche", review.session, review.state),
        title: titled(&title, review.sure.provisional),
        about: format!("Source: {}", review.sure.shown_source()),
        when: When::Days { first: review.day, last: review.day },
        provisional: review.sure.provisional,
        meeting: None,
    }
}

fn day_off(holiday: &Holiday) -> Entry {
    let (kind, about) = match holiday.kind {
        HolidayKind::Canton => ("canton", "Public holiday of the canton of Geneva: no letter leaves"),
        HolidayKind::Coalition => ("own", "config/calendar.toml: no letter leaves"),
        HolidayKind::UnOffice => ("un-office", "The UN Office at Geneva may be closed"),
    };
    Entry {
        uid: format!("holiday/{kind}/{}@demarche", holiday.day),
        title: titled(&holiday.name, !holiday.verified),
        about: about.to_owned(),
        when: When::Days { first: holiday.day, last: holiday.day },
        provisional: !holiday.verified,
        meeting: None,
    }
}

/// One entry for each meeting. One that was cancelled says so, and so leaves the calendars that hold it.
pub fn meetings(meetings: &[Meeting], states: &States) -> Vec<Entry> {
    let entry = |meeting: &Meeting| {
        let name = states.get(meeting.delegation).map_or_else(|| meeting.delegation.to_string(), |s| s.name_en.clone());
        let people = |who: &str, names: &[String]| {
            if names.is_empty() { None } else { Some(format!("{who}: {}", names.join(", "))) }
        };
        let confirmed = meeting.is_confirmed().then(|| "The mission has accepted the invitation".to_owned());
        let about: Vec<String> = [
            meeting.agenda.clone(),
            people("From the mission", &meeting.theirs),
            people("From the coalition", &meeting.ours),
            confirmed,
            Some(format!("Campaign {}, meeting {}", meeting.campaign, meeting.id)),
        ]
        .into_iter()
        .flatten()
        .collect();
        Entry {
            uid: meeting.uid.clone(),
            title: format!("Meeting with {name}"),
            about: about.join("\n"),
            when: When::Hours { from: meeting.arranged.at, until: meeting.arranged.ends() },
            provisional: false,
            meeting: Some(OfMeeting {
                location: meeting.arranged.place.clone(),
                sequence: meeting.sequence,
                cancelled: meeting.state == MeetingState::Cancelled,
                changed: meeting.changed_at,
            }),
        }
    };
    meetings.iter().map(entry).collect()
}

/// One entry for each step, at the time at which most of its letters leave, and one for each letter that a person gave another
/// time. Letters that will not leave have none.
pub fn letters(leaving: &[Leaving]) -> Vec<Entry> {
    let mut steps: BTreeMap<(&str, &str), Vec<&Leaving>> = BTreeMap::new();
    let ended = |status| matches!(status, Some(Status::Cancelled | Status::Skipped | Status::Missed));
    for one in leaving.iter().filter(|one| !ended(one.status)) {
        steps.entry((one.id.campaign.as_str(), one.id.step.as_str())).or_default().push(one);
    }
    let mut entries: Vec<Entry> = steps.values().flat_map(|letters| of_step(letters)).collect();
    entries.sort_by_key(|entry| entry.when);
    entries
}

fn of_step(letters: &[&Leaving]) -> Vec<Entry> {
    let mut times: BTreeMap<Instant, usize> = BTreeMap::new();
    for one in letters {
        *times.entry(one.due).or_default() += 1;
    }
    // The earlier of two that are equally frequent, so that the answer is always the same.
    let Some((usual, _)) = times.into_iter().rev().max_by_key(|(_, n)| *n) else { return Vec::new() };
    let (together, alone): (Vec<&Leaving>, Vec<&Leaving>) = letters.iter().partition(|one| one.due == usual);
    let mut entries = vec![leaves(&together, None)];
    entries.extend(alone.into_iter().map(|one| leaves(&[one], Some(one.id.delegation.as_str()))));
    entries.into_iter().flatten().collect()
}

fn leaves(letters: &[&Leaving], alone: Option<&str>) -> Option<Entry> {
    let first = letters.first()?;
    let DispatchId { campaign, step, .. } = &first.id;
    let provisional = letters.iter().any(|one| one.provisional) || letters.iter().any(|one| one.status.is_none());
    let whom = match (alone, letters.len()) {
        (Some(state), _) => format!("the letter to {state} leaves"),
        (None, 1) => "1 letter leaves".to_owned(),
        (None, n) => format!("{n} letters leave"),
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in letters {
        *counts.entry(one.status.map_or("not planned yet", Status::as_str)).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(word, n)| format!("{n} {word}")).collect();
    let alone = alone.map(|state| format!("/{state}")).unwrap_or_default();
    Some(Entry {
        uid: format!("letters/{campaign}/{step}{alone}@{}", first.domain),
        title: titled(&format!("{campaign}, {step}: {whom}"), provisional),
        about: format!("{}\nCounted from {}", counts.join(", "), first.milestone),
        when: When::Moment { at: first.due },
        provisional,
        meeting: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: &str, due: i64, status: Option<Status>) -> Leaving {
        Leaving {
            id: id.parse().unwrap(),
            domain: "coalition.example".to_owned(),
            due: Instant::from_millis(due),
            status,
            milestone: "hrc:37.opens".to_owned(),
            provisional: false,
        }
    }

    #[test]
    fn a_step_is_one_entry_at_the_time_at_which_most_of_its_letters_leave() {
        let entries = letters(&[
            letter("spring/letter/DEU", 0, Some(Status::Approved)),
            letter("spring/letter/ESP", 5, Some(Status::Approved)),
            letter("spring/letter/FRA", 0, Some(Status::Planned)),
            letter("spring/letter/NOR", 0, Some(Status::Cancelled)),
        ]);
        let told: Vec<(&str, &str)> = entries.iter().map(|e| (e.uid.as_str(), e.title.as_str())).collect();
        assert_eq!(
            told,
            [
                ("letters/spring/letter@coalition.example", "spring, letter: 2 letters leave"),
                ("letters/spring/letter/ESP@coalition.example", "spring, letter: the letter to ESP leaves"),
            ]
        );
        assert_eq!(entries[0].about, "1 approved, 1 planned\nCounted from hrc:37.opens");
    }

    #[test]
    fn a_step_keeps_its_name_when_its_time_moves() {
        let name = |due| letters(&[letter("spring/letter/DEU", due, Some(Status::Planned))])[0].uid.clone();
        assert_eq!(name(0), name(1000));
    }

    #[test]
    fn what_is_not_planned_yet_is_provisional() {
        let entries = letters(&[letter("spring/letter/DEU", 0, None)]);
        assert!(entries[0].provisional);
        assert_eq!(entries[0].title, "spring, letter: 1 letter leaves (provisional)");
    }

    #[test]
    fn letters_that_will_not_leave_have_no_entry() {
        assert_eq!(letters(&[letter("spring/letter/DEU", 0, Some(Status::Cancelled))]), []);
    }
}
