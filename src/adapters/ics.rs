//! iCalendar, RFC 5545: what staff import into their own calendars.

use chrono::Duration;
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};

use crate::report::agenda::{Entry, When};
use crate::responses::Meeting;
use crate::vocabulary::{Address, Instant, Mailbox, safe_text};

/// RFC 5545, 3.1: octets in a line, its end not counted.
const LONGEST_LINE: usize = 75;

/// How long a letter's entry is, so that every calendar has something to show.
const SHOWN_FOR: Duration = Duration::minutes(15);

/// The entries as a calendar file. Times are in UTC, since a zone's name alone is understood by no calendar for certain.
///
/// `now` becomes the time of revision (DTSTAMP): of two files, the one that was written later says what holds.
pub fn write(entries: &[Entry], now: Instant) -> String {
    let mut calendar = empty("PUBLISH");
    calendar.append_property(Property::new("X-WR-CALNAME", "demarche"));
    for entry in entries {
        calendar.push(event(entry, now));
    }
    folded(&calendar.to_string())
}

fn empty(method: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    for (key, value) in [("VERSION", "2.0"), ("PRODID", "-//demarche//demarche//EN"), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property(Property::new(key, value));
    }
    calendar.append_property(Property::new("METHOD", method));
    calendar
}

fn event(entry: &Entry, now: Instant) -> Event {
    let mut event = Event::with_uid(&entry.uid);
    event
        .timestamp(now.utc())
        .summary(&safe_text::line(&entry.title))
        .description(&safe_text::lines(&entry.about))
        // Nobody is busy because the Council sits.
        .add_property("TRANSP", if entry.meeting.is_some() { "OPAQUE" } else { "TRANSPARENT" })
        .status(if entry.provisional { EventStatus::Tentative } else { EventStatus::Confirmed });
    match entry.when {
        // The day on which an all-day entry ends does not belong to it: RFC 5545, 3.6.1.
        When::Days { first, last } => event.starts(first.date()).ends(last.next().unwrap_or(last).date()),
        When::Moment { at } => event.starts(at.utc()).ends(at.plus(SHOWN_FOR).utc()),
        When::Hours { from, until } => event.starts(from.utc()).ends(until.utc()),
    };
    if let Some(meeting) = &entry.meeting {
        event
            .location(&safe_text::line(&meeting.location))
            .sequence(meeting.sequence)
            .last_modified(meeting.changed.utc());
        if meeting.cancelled {
            event.status(EventStatus::Cancelled);
        }
    }
    event.done()
}

/// An invitation for one mission (RFC 5546, 3.2.2). Nothing in it depends on when it is written: its bytes are approved.
#[derive(Debug)]
pub struct Invitation<'a> {
    pub meeting: &'a Meeting,
    /// In the letter's language, as its subject.
    pub title: &'a str,
    /// Who invites: the mission's calendar answers to this address.
    pub from: &'a Mailbox,
    pub to: &'a [Address],
}

/// The file that goes with the letter which confirms a meeting.
pub fn invite(invitation: &Invitation<'_>) -> String {
    let Invitation { meeting, title, from, to } = invitation;
    let mut event = Event::with_uid(&meeting.uid);
    event
        .timestamp(meeting.changed_at.utc())
        .sequence(meeting.sequence)
        .status(EventStatus::Confirmed)
        .summary(&safe_text::line(title))
        .location(&safe_text::line(&meeting.arranged.place))
        .starts(meeting.arranged.at.utc())
        .ends(meeting.arranged.ends().utc())
        .add_property("TRANSP", "OPAQUE");
    if let Some(agenda) = &meeting.agenda {
        event.description(&safe_text::lines(agenda));
    }
    let name = from.name.clone().unwrap_or_else(|| from.address.to_string());
    let mut organizer = Property::new("ORGANIZER", format!("mailto:{}", from.address));
    organizer.add_parameter("CN", &parameter(&name));
    event.append_property(organizer);
    for address in *to {
        let mut attendee = Property::new("ATTENDEE", format!("mailto:{address}"));
        for (key, value) in
            [("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE")]
        {
            attendee.add_parameter(key, value);
        }
        event.append_multi_property(attendee);
    }
    let mut calendar = empty("REQUEST");
    calendar.push(event.done());
    folded(&calendar.to_string())
}

/// A parameter's value: inside quotes anything may stand but a quote and controls (RFC 5545, 3.2).
fn parameter(text: &str) -> String {
    let plain: String = safe_text::line(text).chars().map(|c| if c == '"' { '\'' } else { c }).collect();
    format!("\"{plain}\"")
}

/// The crate does not count the space that begins a continued line, and so writes some that are one octet too long.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_terminator("\r\n") {
        let (mut rest, mut room) = (line, LONGEST_LINE);
        while rest.len() > room {
            let mut at = room;
            while !rest.is_char_boundary(at) {
                at -= 1;
            }
            let (fits, more) = rest.split_at(at);
            folded.push_str(fits);
            folded.push_str("\r\n ");
            (rest, room) = (more, LONGEST_LINE - 1);
        }
        folded.push_str(rest);
        folded.push_str("\r\n");
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responses::{Arrangement, MeetingState};
    use proptest::prelude::*;

    fn entry(title: &str, when: When) -> Entry {
        Entry {
            uid: "hrc/37@demarche".to_owned(),
            title: title.to_owned(),
            about: "Source: OHCHR".to_owned(),
            when,
            provisional: false,
            meeting: None,
        }
    }

    fn days(first: &str, last: &str) -> When {
        When::Days { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    /// RFC 5545 read by hand: lines joined, then name and value of each within the only event.
    fn read(text: &str) -> Vec<(String, String)> {
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
        for line in text.split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
        }
        let unfolded = text.replace("\r\n ", "");
        let lines = unfolded.split("\r\n").skip_while(|line| *line != "BEGIN:VEVENT").skip(1);
        let lines = lines.take_while(|line| *line != "END:VEVENT");
        lines.map(|line| line.split_once(':').unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn value(text: &str, key: &str) -> String {
        read(text).into_iter().find(|(k, _)| k == key).unwrap_or_else(|| panic!("no {key} in {text}")).1
    }

    /// RFC 5545, 3.3.11, backwards.
    fn unescaped(text: &str) -> String {
        let mut plain = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            plain.push(match letter {
                '\\' => match letters.next().unwrap() {
                    'n' | 'N' => '\n',
                    other => other,
                },
                other => other,
            });
        }
        plain
    }

    #[test]
    fn a_session_takes_whole_days_and_ends_before_the_day_after_its_last() {
        let text = write(&[entry("37th session", days("2018-02-26", "2018-03-23"))], Instant::from_millis(0));
        assert_eq!(value(&text, "DTSTART;VALUE=DATE"), "20180226");
        assert_eq!(value(&text, "DTEND;VALUE=DATE"), "20180324");
        assert_eq!(value(&text, "DTSTAMP"), "19700101T000000Z");
        assert_eq!((value(&text, "STATUS"), value(&text, "UID")), ("CONFIRMED".into(), "hrc/37@demarche".into()));
    }

    #[test]
    fn a_letter_has_its_time_in_utc_and_a_provisional_date_is_tentative() {
        let at = "2018-02-05T08:30:00Z".parse().unwrap();
        let tentative = Entry { provisional: true, ..entry("192 letters leave", When::Moment { at }) };
        let text = write(&[tentative], Instant::from_millis(0));
        assert_eq!(value(&text, "DTSTART"), "20180205T083000Z");
        assert_eq!(value(&text, "DTEND"), "20180205T084500Z");
        assert_eq!(value(&text, "STATUS"), "TENTATIVE");
    }

    #[test]
    fn no_title_can_begin_a_line_of_its_own() {
        let hostile = "x\r\nEND:VEVENT\r\nBEGIN:VALARM; a, b\\n \u{1b}[2J";
        let text = write(&[entry(hostile, days("2018-02-26", "2018-02-26"))], Instant::from_millis(0));
        assert_eq!(text.matches("\r\nEND:VEVENT\r\n").count(), 1);
        assert!(!text.contains("\r\nBEGIN:VALARM") && !text.contains('\u{1b}'), "{text}");
        assert!(value(&text, "SUMMARY").contains("a\\, b"), "{text}");
    }

    #[test]
    fn an_invitation_has_the_same_bytes_whenever_it_is_written_and_no_name_breaks_out_of_it() {
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let meeting = Meeting {
            id: 2,
            campaign: "spring".parse().unwrap(),
            delegation: "FRA".parse().unwrap(),
            arranged: Arrangement {
                at: at("2018-02-20T09:00:00Z"),
                lasts: Duration::minutes(90),
                place: "Room X; \"Serpent\", 2nd floor".to_owned(),
            },
            theirs: Vec::new(),
            ours: vec!["Ada".to_owned()],
            agenda: Some("a\r\nEND:VEVENT".to_owned()),
            state: MeetingState::Agreed,
            uid: "meeting-1@demarche".to_owned(),
            sequence: 3,
            changed_at: at("2018-02-01T09:00:00Z"),
            confirmed: None,
            entry: None,
            by: "Ada".to_owned(),
        };
        let from =
            Mailbox { name: Some("A \"B\"; C:D".to_owned()), address: "outreach@coalition.example".parse().unwrap() };
        let to = ["mission@fra.mission.example".parse().unwrap(), "rights@fra.mission.example".parse().unwrap()];
        let text = invite(&Invitation { meeting: &meeting, title: "Our meeting", from: &from, to: &to });
        assert_eq!(text.matches("END:VEVENT").count(), 2, "one of them within the description: {text}");
        assert_eq!(text.matches("\r\nEND:VEVENT").count(), 1, "{text}");
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains("ORGANIZER;CN=\"A 'B'; C:D\":mailto:outreach@coalition.example\r\n"), "{unfolded}");
        assert_eq!(unfolded.matches(";RSVP=TRUE:mailto:").count(), 2, "{unfolded}");
        assert!(unfolded.contains("METHOD:REQUEST\r\n"), "{unfolded}");
        assert_eq!((value(&text, "DTSTAMP"), value(&text, "SEQUENCE")), ("20180201T090000Z".into(), "3".into()));
        assert_eq!((value(&text, "DTEND"), value(&text, "UID")), ("20180220T103000Z".into(), meeting.uid.clone()));
        assert!(!text.contains("Ada"), "who of ours comes is ours to say");
    }

    proptest! {
        #[test]
        fn whatever_a_title_holds_comes_back_and_no_line_is_too_long(title in "[ -~éß中文,;\\\\]{0,260}") {
            let text = write(&[entry(&title, days("2018-02-26", "2018-02-27"))], Instant::from_millis(0));
            prop_assert_eq!(unescaped(&value(&text, "SUMMARY")), safe_text::line(&title));
        }
    }
}
