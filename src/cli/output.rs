//! Standard output holds the answer and nothing else; everything said besides goes to standard error.

use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use super::answer::{Answer, CliError};
use super::context::Context;
use super::diagnostics;
use crate::outbox::Status;
use crate::vocabulary::safe_text;

/// Prints an answer. A reader that closes the pipe early has read enough: that is no failure.
///
/// `false`: standard output cannot be written to, as with a full disk.
pub fn print(context: &Context, answer: &Answer) -> bool {
    if answer.told {
        return true;
    }
    let mut out = anstream::stdout().lock();
    let written = if let Some(raw) = &answer.raw {
        // Bytes for a file or a pipe: no styles, no translation.
        drop(out);
        let mut plain = io::stdout().lock();
        plain.write_all(raw).and_then(|()| plain.flush())
    } else if context.json {
        let text = serde_json::to_string_pretty(&answer.json).unwrap_or_default();
        writeln!(out, "{text}").and_then(|()| out.flush())
    } else {
        let end = if answer.text.is_empty() || answer.text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{}{end}", answer.text).and_then(|()| out.flush())
    };
    match written {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
        Err(error) => {
            say(&format!("error: the answer cannot be written: {error}"));
            false
        }
    }
}

/// Says something on standard error. That nobody may be listening is no reason to stop.
pub fn say(text: &str) {
    let mut err = anstream::stderr().lock();
    let _nobody_listens = writeln!(err, "{text}");
}

pub fn print_error(context: &Context, error: &CliError) {
    const RED: Style = AnsiColor::Red.on_default().bold();
    let plain = |message: &str, place: Option<&str>, cause: Option<&str>, help: &str| {
        let mut text = format!("{RED}error{RED:#}: {}\n", safe_text::line(message));
        if let Some(place) = place {
            text.push_str(&format!("  --> {}\n", safe_text::line(place)));
        }
        if let Some(cause) = cause {
            text.push_str(&format!("  caused by: {}\n", safe_text::line(cause)));
        }
        if !help.is_empty() {
            text.push_str(&format!("  help: {}", safe_text::lines(help)));
        }
        text
    };
    match error {
        CliError::Files(problems) => {
            if context.json {
                let answer = Answer::new("", &serde_json::json!({ "problems": problems }));
                // The error's own code is what the script sees; a closed pipe changes nothing about it.
                let _code_is_set = print(context, &answer);
            }
            say(diagnostics::show(problems).trim_end());
        }
        CliError::Request { message, help } => say(&plain(message, None, None, help)),
        CliError::World { message, cause, help } => say(&plain(message, None, cause.as_deref(), help)),
        CliError::Database { message, cause, help } => {
            let which = context.database.get().map(String::as_str);
            say(&plain(message, which, cause.as_deref(), help));
        }
    }
}

/// A table that fits the terminal: 100 columns where there is none.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>());
    let width = terminal_width();
    table.set_width(width);
    table
}

/// Columns of the terminal; 100 where there is none, so that a file holds whole lines.
pub fn terminal_width() -> u16 {
    let terminal = Table::new();
    terminal.width().unwrap_or(100).clamp(40, 200)
}

/// `1 letter`, `2 letters`, `3 entries`.
pub fn count(n: impl TryInto<u64>, word: &str) -> String {
    // Every count that is told fits; one that did not would be told as the largest.
    let n = n.try_into().unwrap_or(u64::MAX);
    match (n, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {word}s"),
    }
}

/// A cell of text from outside.
pub fn cell(text: &str) -> String {
    safe_text::line(text).into_owned()
}

/// A status word in its colour.
pub fn coloured(status: Status) -> String {
    let style = match status {
        Status::Sent => AnsiColor::Green.on_default(),
        Status::Uncertain | Status::Refused | Status::Bounced => AnsiColor::Red.on_default().bold(),
        Status::Held | Status::Missed | Status::Deferred => AnsiColor::Yellow.on_default(),
        _ => Style::new(),
    };
    format!("{style}{status}{style:#}")
}
