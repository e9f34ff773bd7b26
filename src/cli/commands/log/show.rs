//! `demarche log show`

use std::path::Path;

use serde_json::{Value, json};

use super::{attachments, first_words, one, value};
use crate::adapters::store::{DispatchFilter, EntryFilter, Guessed, MailState, Store, StoredEntry, StoredMessage};
use crate::cli::answer::{Answer, CliError};
use crate::cli::context::Context;
use crate::cli::output::{self, cell};
use crate::cli::reading;
use crate::vocabulary::{Instant, Zone, safe_text};

pub async fn show(context: &Context, id: i64, whole: bool, raw: bool, save: Option<&Path>) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let entry = one(&store, id).await?;
    if raw {
        let none = || match entry.erased_at {
            Some(_) => CliError::request(format!("the message of entry {id} has been erased"), "nothing is left of it"),
            None => CliError::request(format!("entry {id} was made of no message"), "`--raw` shows incoming mail"),
        };
        let bytes = attachments::raw(context, &store, &entry).await?.ok_or_else(none)?;
        if context.screen {
            let shown = on_a_screen(&bytes);
            return Ok(Answer::new(shown.as_str(), &shown));
        }
        return Ok(Answer::raw(bytes));
    }
    let message = match entry.message {
        Some(key) => store.incoming(key).await?,
        None => None,
    };
    let guesses = match &message {
        Some(message) if message.state == MailState::Pen => store.guesses(&[message.key]).await?,
        _ => Vec::new(),
    };
    let zone = match &entry.campaign {
        Some(campaign) => store.plan(campaign).await?.map_or(Zone::GENEVA, |plan| plan.zone),
        None => Zone::GENEVA,
    };
    let mut text = head(&entry, message.as_ref(), &guesses, zone);
    let mut json = value(&entry);
    let words = if whole { whole_text(context, &store, &entry).await? } else { entry.text.clone() };
    if let Some(words) = &words {
        text.push_str(&format!("\n{}\n", safe_text::lines(words.trim_end())));
        if let (true, Value::Object(map)) = (whole, &mut json) {
            map.insert("whole".to_owned(), json!(words));
        }
    }
    if let Some(message) = message.as_ref().filter(|_| !whole && entry.erased_at.is_none()) {
        text.push_str(&format!(
            "\n  the whole text: demarche log show {id} --whole ({} bytes as it came: --raw)\n",
            message.bytes
        ));
    }
    let thread = thread(&store, &entry, zone).await?;
    if thread.len() > 1 {
        text.push_str("\nthread\n");
        for line in &thread {
            let here = if line.entry == Some(id) { "→" } else { " " };
            text.push_str(&format!("{here} {}  {:<14} {}\n", zone.show(line.at), line.what, cell(&line.words)));
        }
    }
    if let Value::Object(map) = &mut json {
        let lines = thread
            .iter()
            .map(|l| json!({ "at": l.at, "what": l.what, "entry": l.entry, "dispatch": l.dispatch, "words": l.words }));
        map.insert("thread".to_owned(), lines.collect());
        if let Some(message) = &message {
            map.insert("authenticity".to_owned(), json!(message.authenticity));
            map.insert("authenticity_why".to_owned(), json!(message.authenticity_why));
            map.insert("why".to_owned(), json!(message.why));
            map.insert("back_on".to_owned(), json!(message.details.back_on));
            map.insert("reply_to".to_owned(), json!(message.details.reply_to));
            map.insert("guesses".to_owned(), guesses.iter().map(Guessed::value).collect());
        }
    }
    if let Some(folder) = save {
        for saved in attachments::save(context, &store, &entry, folder).await? {
            text.push_str(&format!("saved {saved}\n"));
        }
    }
    Ok(Answer::new(text, &json))
}

fn head(entry: &StoredEntry, message: Option<&StoredMessage>, guesses: &[Guessed], zone: Zone) -> String {
    let mut text = format!("entry {}: {}", entry.id, entry.kind);
    if let Some(delegation) = entry.delegation {
        text.push_str(&format!(" of {delegation}"));
    } else if message.is_some_and(|m| m.state == MailState::Pen) {
        text.push_str(", in the pen");
    }
    text.push('\n');
    let mut line = |name: &str, words: Option<String>| {
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            text.push_str(&format!("  {name:<12} {}\n", cell(&words)));
        }
    };
    line("when", Some(zone.show(entry.at)));
    line("campaign", entry.campaign.as_ref().map(ToString::to_string));
    line("answers", entry.dispatch.as_ref().map(ToString::to_string));
    line("from", entry.from.clone());
    line("subject", entry.subject.clone());
    line("stance", entry.stance.map(|s| s.to_string()));
    line("ask", entry.ask.as_ref().map(ToString::to_string));
    line("filed", Some(format!("{}, {}, by {}", entry.matched_by, entry.confidence, entry.by)));
    if let Some(message) = message {
        line("because", message.why.clone());
        let why = message.authenticity_why.as_deref().unwrap_or_default();
        line("sender", message.authenticity.as_ref().map(|word| format!("{word}: {why}")));
        line("answers to", message.details.reply_to.clone());
        line("taken as", Some(message.details.reasons.join("; ")));
        line(
            "back on",
            message.details.back_on.as_ref().map(|day| format!("{day}, as the note says; think of a later reminder")),
        );
        for returned in message.details.returned() {
            let status = returned.status.as_deref().unwrap_or("no code");
            let lasting = match returned.permanent {
                Some(true) => "for good",
                Some(false) => "for now",
                None => "not said for how long",
            };
            line("returned", Some(format!("{} ({status}, {lasting}): {}", returned.address, returned.words)));
        }
        if let Some(calendar) = message.details.calendar() {
            let proposes = calendar.proposes.map(|at| format!(", proposes {}", zone.show(at))).unwrap_or_default();
            line("invitation", Some(format!("{}{proposes}, by {}", calendar.answer.as_str(), calendar.by)));
        }
        line("not read", message.details.cut_off.clone());
    }
    line("corrects", entry.corrects.map(|n| n.to_string()));
    line("erased", entry.erased_at.map(|at| at.to_string()));
    for a in &entry.attachments {
        line("attachment", Some(format!("{} ({}, {})", a.name, a.media_type, output::count(a.bytes, "byte"))));
    }
    for guess in guesses {
        line("may be", Some(format!("{}{}: {}", guess.delegation, guess.under(), guess.because)));
    }
    text
}

/// What the message says with all that it quotes, read again from its bytes.
async fn whole_text(context: &Context, store: &Store, entry: &StoredEntry) -> Result<Option<String>, CliError> {
    match attachments::raw(context, store, entry).await? {
        Some(bytes) => Ok(Some(reading::read(&bytes).whole)),
        None => Ok(entry.text.clone()),
    }
}

/// One line of a thread: a letter of ours or an entry.
struct Line {
    at: Instant,
    what: String,
    words: String,
    entry: Option<i64>,
    dispatch: Option<String>,
}

/// What this campaign and this delegation wrote to each other, in the order of time.
async fn thread(store: &Store, entry: &StoredEntry, zone: Zone) -> Result<Vec<Line>, CliError> {
    let (Some(campaign), Some(delegation)) = (&entry.campaign, entry.delegation) else { return Ok(Vec::new()) };
    let letters =
        DispatchFilter { campaign: Some(campaign.clone()), delegations: vec![delegation], ..DispatchFilter::default() };
    let mut lines = Vec::new();
    for letter in store.dispatches(&letters).await? {
        let (at, words) = match letter.sent_at {
            Some(at) => (at, format!("{} ({})", letter.subject, letter.status)),
            None => (letter.next_at, format!("{} ({}, due {})", letter.subject, letter.status, zone.show(letter.due))),
        };
        let id = letter.id.to_string();
        lines.push(Line { at, what: letter.id.step.to_string(), words, entry: None, dispatch: Some(id) });
    }
    let entries = EntryFilter {
        campaign: Some(campaign.clone()),
        delegation: Some(delegation),
        in_force: true,
        ..EntryFilter::default()
    };
    let mut shown: Vec<StoredEntry> = store.entries(&entries).await?;
    if !shown.iter().any(|other| other.id == entry.id) {
        shown.push(entry.clone());
    }
    for e in shown {
        let words = format!("{}: {}", e.id, first_words(&e));
        lines.push(Line { at: e.at, what: e.kind.to_string(), words, entry: Some(e.id), dispatch: None });
    }
    lines.sort_by_key(|line| (line.at, line.entry));
    Ok(lines)
}

/// A message for the eye: what a terminal would obey is shown. A file or a pipe gets the bytes as they came.
fn on_a_screen(bytes: &[u8]) -> String {
    safe_text::lines(&String::from_utf8_lossy(bytes).replace("\r\n", "\n")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::on_a_screen;

    #[test]
    fn a_raw_message_says_nothing_to_a_terminal() {
        let shown = on_a_screen(b"Subject: \x1b]0;x\x07\r\n\r\n\xc2\x9b31m \xff\r\n");
        assert_eq!(shown, "Subject: \\u{1b}]0;x\\u{7}\n\n\\u{9b}31m \u{fffd}\n");
    }
}
