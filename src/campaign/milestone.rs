//! The dated events from which letters are counted, and the way they are counted.

use std::fmt;
use std::str::FromStr;

use crate::vocabulary::{CustomId, StateCode, TimeOfDay};

/// A milestone by name; the calendar knows its day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MilestoneRef {
    HrcOpens(u16),
    HrcCloses(u16),
    UprOpens(u16),
    UprCloses(u16),
    /// The review of one State in one session.
    UprReview(u16, StateCode),
    /// The first review of a State after the campaign's other milestones.
    UprNext(StateCode),
    Custom(CustomId),
    /// Of the step that confirms meetings: each meeting that the campaign has agreed. In no calendar.
    EachMeeting,
    /// One of them, by its number.
    Meeting(i64),
}

/// The forms that a milestone can be written in.
pub const MILESTONE_FORMS: &str =
    "hrc:N.opens, hrc:N.closes, upr:N.opens, upr:N.closes, upr:N.STATE, upr:next.STATE or custom:ID";

impl FromStr for MilestoneRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a milestone is written {MILESTONE_FORMS}");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if kind == "custom" {
            return rest.parse().map(Self::Custom).map_err(|e| format!("{e}"));
        }
        let (number, what) = rest.split_once('.').ok_or_else(wrong)?;
        if kind == "upr" && number == "next" {
            return what.parse().map(Self::UprNext).map_err(|e| format!("{e}"));
        }
        let number: u16 = number.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
        match (kind, what) {
            ("hrc", "opens") => Ok(Self::HrcOpens(number)),
            ("hrc", "closes") => Ok(Self::HrcCloses(number)),
            ("upr", "opens") => Ok(Self::UprOpens(number)),
            ("upr", "closes") => Ok(Self::UprCloses(number)),
            ("upr", state) => state.parse().map(|s| Self::UprReview(number, s)).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for MilestoneRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HrcOpens(n) => write!(f, "hrc:{n}.opens"),
            Self::HrcCloses(n) => write!(f, "hrc:{n}.closes"),
            Self::UprOpens(n) => write!(f, "upr:{n}.opens"),
            Self::UprCloses(n) => write!(f, "upr:{n}.closes"),
            Self::UprReview(n, state) => write!(f, "upr:{n}.{state}"),
            Self::UprNext(state) => write!(f, "upr:next.{state}"),
            Self::Custom(id) => write!(f, "custom:{id}"),
            Self::EachMeeting => f.write_str("meeting"),
            Self::Meeting(number) => write!(f, "meeting:{number}"),
        }
    }
}

/// What an offset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetUnit {
    Days,
    /// Working days of Geneva, counted from the milestone, itself excluded.
    WorkingDays,
    Weeks,
    /// Months keep the day or take the month's last.
    Months,
}

/// A signed count of days, working days, weeks or months: `-15 working days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    pub count: i32,
    pub unit: OffsetUnit,
}

/// Farther than this from a milestone is a slip of the keyboard: ten years, in the offset's own unit.
fn farthest(unit: OffsetUnit) -> i32 {
    match unit {
        OffsetUnit::Days | OffsetUnit::WorkingDays => 3660,
        OffsetUnit::Weeks => 522,
        OffsetUnit::Months => 120,
    }
}

impl FromStr for Offset {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "an offset is a whole number and a unit: 0 days, -15 working days, -6 weeks, 2 months".to_owned();
        let (count, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let count: i32 = count.strip_prefix('+').unwrap_or(count).parse().map_err(|_| wrong())?;
        let unit = match unit.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
            "day" | "days" => OffsetUnit::Days,
            "working day" | "working days" | "business day" | "business days" => OffsetUnit::WorkingDays,
            "week" | "weeks" => OffsetUnit::Weeks,
            "month" | "months" => OffsetUnit::Months,
            _ => return Err(wrong()),
        };
        if count.unsigned_abs() > farthest(unit).unsigned_abs() {
            return Err("an offset reaches at most ten years".to_owned());
        }
        Ok(Self { count, unit })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            OffsetUnit::Days => "day",
            OffsetUnit::WorkingDays => "working day",
            OffsetUnit::Weeks => "week",
            OffsetUnit::Months => "month",
        };
        let plural = if self.count.abs() == 1 { "" } else { "s" };
        write!(f, "{} {unit}{plural}", self.count)
    }
}

/// When a step leaves: so far from a milestone, at this time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    pub milestone: MilestoneRef,
    pub offset: Offset,
    pub at: TimeOfDay,
}

impl When {
    /// Of a step that confirms meetings: due as soon as each is agreed or moved, counted from no date.
    pub fn each_meeting() -> Self {
        let offset = Offset { count: 0, unit: OffsetUnit::Days };
        Self { milestone: MilestoneRef::EachMeeting, offset, at: TimeOfDay::MIDNIGHT }
    }
}

/// Whether a dispatch's milestone, as it is stored, is a meeting and no date of the calendar.
pub fn is_meeting(milestone: &str) -> bool {
    milestone.starts_with("meeting:")
}

/// The short form: `6 weeks before upr:31.CHN at 09:30`, `2 days after …`, `on hrc:37.opens at 09:30`; and `meeting`.
impl FromStr for When {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "a time is written as in \"6 weeks before upr:31.CHN at 09:30\", \"on hrc:37.opens at 09:30\", or as a table { milestone, offset, at }".to_owned()
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (span, rest) = match words.as_slice() {
            ["meeting"] => return Ok(Self::each_meeting()),
            ["on", rest @ ..] => ((0, "days".to_owned()), rest),
            [count, unit, side @ ("before" | "after"), rest @ ..] => {
                ((sided(count, side).ok_or_else(wrong)?, (*unit).to_owned()), rest)
            }
            [count, kind, unit, side @ ("before" | "after"), rest @ ..] => {
                ((sided(count, side).ok_or_else(wrong)?, format!("{kind} {unit}")), rest)
            }
            _ => return Err(wrong()),
        };
        let [milestone, "at", at] = rest else { return Err(wrong()) };
        Ok(Self {
            milestone: milestone.parse()?,
            offset: format!("{} {}", span.0, span.1).parse()?,
            at: at.parse().map_err(|e| format!("{e}"))?,
        })
    }
}

fn sided(count: &str, side: &str) -> Option<i32> {
    // The words carry the sign; "-6 weeks before" would be a riddle.
    let count: i32 = count.parse::<u16>().ok()?.into();
    Some(if side == "before" { -count } else { count })
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milestone == MilestoneRef::EachMeeting {
            return f.write_str("for each meeting, as soon as it is agreed or moved");
        }
        let unsigned = Offset { count: self.offset.count.abs(), ..self.offset };
        match self.offset.count {
            0 => write!(f, "on {} at {}", self.milestone, self.at),
            c if c < 0 => write!(f, "{unsigned} before {} at {}", self.milestone, self.at),
            _ => write!(f, "{unsigned} after {} at {}", self.milestone, self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_says_the_same_as_the_table() {
        let when: When = "6 weeks before upr:31.CHN at 09:30".parse().unwrap();
        assert_eq!(when.milestone.to_string(), "upr:31.CHN");
        assert_eq!(when.offset, Offset { count: -6, unit: OffsetUnit::Weeks });
        assert_eq!(when.to_string(), "6 weeks before upr:31.CHN at 09:30");
        let when: When = "15 business days before hrc:37.opens at 09:30".parse().unwrap();
        assert_eq!(when.offset, "-15 working days".parse().unwrap());
        assert_eq!("on custom:launch at 08:00".parse::<When>().unwrap().offset.count, 0);
    }

    #[test]
    fn a_time_that_could_be_read_two_ways_is_refused() {
        for wrong in [
            "meeting at 09:30",
            "on meeting at 09:30",
            "on meeting:3 at 09:30",
            "6 weeks upr:31.CHN at 09:30",
            "-6 weeks before upr:31.CHN at 09:30",
            "6 weeks before upr:31.CHN",
            "soon",
            "on hrc:0.opens at 09:30",
            "on hrc:37.begins at 09:30",
            "1 day after hrc:37.opens at 9:30",
        ] {
            assert!(wrong.parse::<When>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn every_form_of_milestone_reads_back_as_it_is_written() {
        for text in [
            "hrc:37.opens",
            "hrc:37.closes",
            "upr:31.opens",
            "upr:31.closes",
            "upr:31.CHN",
            "upr:next.CHN",
            "custom:launch",
        ] {
            assert_eq!(text.parse::<MilestoneRef>().unwrap().to_string(), text);
        }
    }
}
