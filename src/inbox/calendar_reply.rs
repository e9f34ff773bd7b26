//! An answer to an invitation (RFC 5546, 3.2.3 REPLY and 3.2.7 COUNTER). It only proposes: a person confirms, and nothing that
//! repeats is ever counted out.

use chrono::NaiveDateTime;

use super::incoming::{Content, Incoming};
use super::reading::{CalendarAnswer, Participation};
use crate::vocabulary::{Day, Instant, TimeOfDay, Zone};

/// A line of a calendar, unfolded (RFC 5545, 3.1).
struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

/// An answer has few lines; more are not read.
const MOST_LINES: usize = 2_000;
const LONGEST_VALUE: usize = 4_000;

/// Names that Microsoft's programs give to zones, of the places from which missions write.
const WINDOWS_ZONES: [(&str, &str); 12] = [
    ("w. europe standard time", "Europe/Zurich"),
    ("romance standard time", "Europe/Paris"),
    ("central europe standard time", "Europe/Budapest"),
    ("central european standard time", "Europe/Warsaw"),
    ("gmt standard time", "Europe/London"),
    ("fle standard time", "Europe/Helsinki"),
    ("gtb standard time", "Europe/Athens"),
    ("russian standard time", "Europe/Moscow"),
    ("china standard time", "Asia/Shanghai"),
    ("arab standard time", "Asia/Riyadh"),
    ("eastern standard time", "America/New_York"),
    ("utc", "UTC"),
];

/// The answer in the message's calendar part, if it is one.
pub fn answer_in(message: &Incoming) -> Option<CalendarAnswer> {
    let calendars =
        message.parts.iter().filter(|part| matches!(part.media_type.as_str(), "text/calendar" | "application/ics"));
    calendars
        .filter_map(|part| match &part.content {
            Content::Text(text) => read(text, part.parameter("method")),
            _ => None,
        })
        .next()
}

fn read(text: &str, method: Option<&str>) -> Option<CalendarAnswer> {
    let properties = properties(text);
    let written = properties.iter().find(|one| one.name == "METHOD").map(|one| one.value.as_str());
    let method = written.or(method)?.trim().to_ascii_uppercase();
    if method != "REPLY" && method != "COUNTER" {
        return None;
    }
    let event = first_event(&properties);
    let one = |name: &str| event.iter().find(|one| one.name == name);
    let attendee = one("ATTENDEE");
    let by =
        attendee.map(|one| one.value.trim_start_matches("mailto:").trim_start_matches("MAILTO:").trim().to_lowercase());
    let status = attendee.and_then(|one| one.parameters.iter().find(|(name, _)| name == "PARTSTAT"));
    let status = status.map_or("", |(_, value)| value.as_str()).to_ascii_uppercase();
    let answer = match (method.as_str(), status.as_str()) {
        ("COUNTER", _) => Participation::Counter,
        (_, "ACCEPTED") => Participation::Accepted,
        (_, "DECLINED") => Participation::Declined,
        (_, "TENTATIVE") => Participation::Tentative,
        // Delegated, or still open: a person reads it as any other mail.
        _ => return None,
    };
    let comment = one("COMMENT").map(|one| unescaped(&one.value)).filter(|comment| !comment.is_empty());
    Some(CalendarAnswer {
        uid: one("UID").map(|one| unescaped(&one.value)).unwrap_or_default(),
        sequence: one("SEQUENCE").and_then(|one| one.value.trim().parse().ok()),
        answer,
        by: by.unwrap_or_default(),
        proposes: one("DTSTART").filter(|_| answer == Participation::Counter).copied().and_then(instant),
        comment,
    })
}

/// What stands in the first event, without what is nested in it (alarms).
fn first_event(properties: &[Property]) -> Vec<&Property> {
    let mut depth = 0_u32;
    let mut inside = Vec::new();
    for one in properties {
        let event = one.value.trim().eq_ignore_ascii_case("VEVENT");
        match one.name.as_str() {
            "BEGIN" if depth > 0 || event => depth += 1,
            "END" if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ if depth == 1 => inside.push(one),
            _ => {}
        }
    }
    inside
}

fn properties(text: &str) -> Vec<Property> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if let (Some(more), Some(last)) = (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            if last.len() < LONGEST_VALUE {
                last.push_str(super::phrases::beginning(more, LONGEST_VALUE));
            }
        } else if lines.len() < MOST_LINES {
            lines.push(super::phrases::beginning(line, LONGEST_VALUE).to_owned());
        } else {
            break;
        }
    }
    lines.iter().filter_map(|line| property(line)).collect()
}

/// `NAME;PARAMETER="a;b":value`.
fn property(line: &str) -> Option<Property> {
    let mut pieces = Vec::new();
    let (mut quoted, mut begin) = (false, 0);
    let mut value = None;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' | ':' if !quoted => {
                pieces.push(&line[begin..at]);
                begin = at + 1;
                if c == ':' {
                    value = Some(line[begin..].to_owned());
                    break;
                }
            }
            _ => {}
        }
    }
    let mut pieces = pieces.into_iter();
    let name = pieces.next()?.trim().to_ascii_uppercase();
    let parameters = pieces.filter_map(|piece| piece.split_once('='));
    let parameters =
        parameters.map(|(name, value)| (name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()));
    Some(Property { name, parameters: parameters.collect(), value: value? })
}

/// RFC 5545, 3.3.11.
fn unescaped(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

/// RFC 5545, 3.3.5: in UTC, or in a zone that is named. A time in no zone is nobody's proposal.
fn instant(property: &Property) -> Option<Instant> {
    let value = property.value.trim();
    if let Some(utc) = value.strip_suffix('Z') {
        let time = NaiveDateTime::parse_from_str(utc, "%Y%m%dT%H%M%S").ok()?;
        return Some(Instant::from(time.and_utc()));
    }
    let time = NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").ok()?;
    let (_, zone) = property.parameters.iter().find(|(name, _)| name == "TZID")?;
    let windows = WINDOWS_ZONES.iter().find(|(name, _)| *name == zone.to_lowercase()).map(|(_, zone)| *zone);
    let zone: Zone = windows.unwrap_or(zone).parse().ok()?;
    let at = TimeOfDay::new(chrono::Timelike::hour(&time), chrono::Timelike::minute(&time))?;
    zone.instant(Day::from(time.date()), at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mission_accepts_declines_and_proposes_another_time() {
        let reply = |status: &str| {
            format!(
                "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:meeting-1@coali\n tion.example\nSEQUENCE:2\nATTENDEE;CN=\"A; B\";PARTSTAT={status}:mailto:Head@fra.example\nCOMMENT:Gladly\\, all of us\nBEGIN:VALARM\nUID:not\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
            )
        };
        let read_one = |status: &str| read(&reply(status), None);
        let answer = read_one("ACCEPTED").unwrap();
        assert_eq!(
            (answer.uid.as_str(), answer.sequence, answer.answer),
            ("meeting-1@coalition.example", Some(2), Participation::Accepted)
        );
        assert_eq!((answer.by.as_str(), answer.comment.as_deref()), ("head@fra.example", Some("Gladly, all of us")));
        assert_eq!(read_one("declined").unwrap().answer, Participation::Declined);
        assert_eq!(read_one("NEEDS-ACTION"), None);
        let counter = "METHOD:COUNTER\nBEGIN:VEVENT\nUID:1\nATTENDEE:mailto:a@fra.example\nDTSTART;TZID=\"W. Europe Standard Time\":20180305T093000\nEND:VEVENT\n";
        let counter = read(counter, None).unwrap();
        assert_eq!(counter.proposes.map(|at| at.to_string()).as_deref(), Some("2018-03-05T08:30:00Z"));
    }

    #[test]
    fn an_invitation_and_an_endless_calendar_are_no_answers() {
        assert_eq!(read("METHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n", None), None);
        let endless =
            format!("METHOD:REPLY\nBEGIN:VEVENT\nRRULE:FREQ=SECONDLY\n{}UID:1\n", "BEGIN:VEVENT\n".repeat(100_000));
        assert_eq!(read(&endless, None), None);
    }
}
