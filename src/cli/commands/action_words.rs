//! What is said of a next action wherever one is made.

use crate::cli::answer::CliError;
use crate::cli::output::cell;
use crate::responses::FollowupError;
use crate::schedule::Deadline;
use crate::vocabulary::Day;

pub fn refused_action(error: &FollowupError) -> CliError {
    CliError::request(error.to_string(), error.help())
}

/// `Wed 2018-04-04 (3 working days after 2018-03-28; Good Friday (2018-03-30) is not counted)`
pub fn due(due: &Deadline) -> String {
    let counted = if due.counted.is_empty() { String::new() } else { format!(" ({})", due.counted.join("; ")) };
    format!("{}{}", with_weekday(due.day), cell(&counted))
}

pub fn with_weekday(day: Day) -> String {
    day.date().format("%a %Y-%m-%d").to_string()
}
