//! The line between two messages of an mbox.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::vocabulary::Instant;

/// Octets of a separator that are looked at.
const LONGEST: usize = 512;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `From somebody@somewhere.example Mon Feb  5 09:30:00 2018`.
///
/// A sentence may begin with `From ` too, and not every program quotes it: only with a day, a month, a number and a time in a
/// row is it a separator. What stands before and after them differs from program to program.
pub(super) struct Separator {
    /// In UTC by RFC 4155; `None` when the year is not to be found.
    pub received: Option<Instant>,
}

impl Separator {
    /// `line` begins a line.
    pub fn read(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"From ")?;
        let text = String::from_utf8_lossy(&rest[..rest.len().min(LONGEST)]);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        words.windows(4).enumerate().find_map(|(at, window)| {
            let [day, month, number, time] = window else { return None };
            let is_day = DAYS.iter().any(|name| day.trim_end_matches(',') == *name);
            let month = MONTHS.iter().zip(1..).find(|(name, _)| *name == month)?.1;
            let number: u32 = number.parse().ok().filter(|n| (1..=31).contains(n))?;
            let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
            // A zone may stand before the year.
            let year =
                words[at + 4..].iter().take(2).find_map(|word| word.parse().ok().filter(|y| (1970..=9999).contains(y)));
            is_day.then(|| Self { received: year.and_then(|year| instant(year, month, number, time)) })
        })
    }
}

fn instant(year: i32, month: u32, day: u32, time: NaiveTime) -> Option<Instant> {
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(Instant::from(DateTime::<Utc>::from_naive_utc_and_offset(NaiveDateTime::new(date, time), Utc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: Option<&str>) {
        let read = Separator::read(line.as_bytes());
        assert_eq!(read.map(|s| s.received.map_or("?".to_owned(), |at| at.to_string())).as_deref(), wanted, "{line}");
    }

    #[test]
    fn separators_of_many_programs_are_known() {
        check("From a@b.example Mon Feb  5 09:30:00 2018\n", Some("2018-02-05T09:30:00Z"));
        check("From - Mon Feb 05 09:30:00 2018\r\n", Some("2018-02-05T09:30:00Z"));
        check("From a at b.example  Mon Feb  5 09:30 2018\n", Some("2018-02-05T09:30:00Z"));
        check("From 1597@xxx Mon Feb 05 09:30:00 +0000 2018\n", Some("2018-02-05T09:30:00Z"));
        check("From MAILER-DAEMON Mon Feb  5 09:30:00 CET 2018\n", Some("2018-02-05T09:30:00Z"));
        check("From \"a b\"@c.example Mon Feb  5 09:30:00 2018 remote from d\n", Some("2018-02-05T09:30:00Z"));
        check("From Mon Feb  5 09:30:00 2018\n", Some("2018-02-05T09:30:00Z"));
        check("From x Mon Feb 31 09:30:00 2018\n", Some("?"));
        check("From x Mon Feb 5 09:30:00\n", Some("?"));
    }

    #[test]
    fn a_sentence_is_no_separator() {
        for line in [
            "From here on\n",
            "From Monday 5 February 2018 at 09:30\n",
            "From: a@b.example\n",
            ">From a Mon Feb  5 09:30:00 2018\n",
            "From 09:30 on Mon Feb 5\n",
            "from a Mon Feb  5 09:30:00 2018\n",
            "From ",
        ] {
            check(line, None);
        }
    }
}
