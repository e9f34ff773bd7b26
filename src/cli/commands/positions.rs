//! `demarche positions`

use std::collections::BTreeSet;

use comfy_table::{ColumnConstraint, Width};
use serde_json::{Value, json};

use crate::campaign::{Group, State};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::PositionsArgs;
use crate::cli::campaigns::planned;
use crate::cli::context::{Context, campaign_id, day, state};
use crate::cli::output::{self, cell, count, terminal_width};
use crate::config::workspace::{CALENDAR, POSITIONS, Workspace};
use crate::report::Csv;
use crate::report::positions::{AskPositions, Asked, Line, Question, Standing, positions, session_before, session_of};
use crate::responses::Evidence;
use crate::responses::ledger::Source;
use crate::schedule::english_ordinal;
use crate::steps::positions::{Gathered, gather};
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{CampaignId, Day, StateCode, Zone, hint};

/// The day with which positions are compared, and why it is that day.
struct Since {
    day: Day,
    session: Option<u16>,
}

pub async fn run(context: &Context, args: &PositionsArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    sound(&workspace)?;
    let today = Zone::GENEVA.day_of(context.now());
    let delegation = args.delegation.as_deref().map(state).transpose()?;
    let group = args.group.as_deref().map(group_of).transpose()?;
    let campaign = args.campaign.as_deref().map(campaign_id).transpose()?;
    let store = context.existing_store(&workspace).await?;
    if let Some(campaign) = campaign.as_ref().filter(|id| workspace.campaign(id).is_none()) {
        let plans = match &store {
            Some(store) => store.plans().await?,
            None => Vec::new(),
        };
        planned(&plans, campaign)?;
    }
    let session = campaign.as_ref().and_then(|id| session_of(&workspace.campaign(id)?.campaign));
    let since = match &args.since {
        Some(text) => Some(Since { day: day(text)?, session: None }),
        None => session_before(&workspace.calendar, session, today)
            .map(|(number, day)| Since { day, session: Some(number) }),
    };
    let opens = session.and_then(|number| workspace.calendar.hrc_session(number)?.opens.as_ref());
    let gathered = gather(store.as_ref(), &workspace, campaign.as_ref()).await?;
    let asks = chosen(&gathered, args.ask.as_deref(), campaign.as_ref())?;
    let question = Question {
        ledger: &gathered.ledger,
        states: workspace.states(),
        calendar: &workspace.calendar,
        on: today,
        since: since.as_ref().map(|since| since.day),
        seats_on: opens.map_or(today, |opens| opens.day),
    };
    let wanted = |state: &State| {
        delegation.is_none_or(|code| state.code == code) && group.is_none_or(|group| state.group == Some(group))
    };
    let found: Vec<AskPositions<'_>> = asks.into_iter().map(|asked| positions(&question, asked, wanted)).collect();
    if args.csv {
        return Ok(Answer::raw(csv(&found).into_bytes()));
    }
    let mut text = match delegation {
        Some(code) => histories(&found, code),
        None => tallies(&found, since.as_ref(), question.seats_on),
    };
    text.push_str(&unplaced(&gathered.without_ask));
    if !context.json {
        return Ok(Answer::new(text, &()));
    }
    let value = json!({
        "campaign": campaign, "on": today,
        "since": since.as_ref().map(|since| json!({ "day": since.day, "session": since.session })),
        "seats_on": question.seats_on, "asks": found.iter().map(value).collect::<Vec<_>>(), "without_ask": gathered.without_ask,
    });
    Ok(Answer::new(text, &value))
}

/// A ledger without what the files say would tell something that is not so.
fn sound(workspace: &Workspace) -> Result<(), CliError> {
    let concerns = |file: &str| file == POSITIONS || file == CALENDAR || file.starts_with("config/campaigns/");
    let own = |p: &&Problem| p.is_error() && p.place.as_ref().is_some_and(|at| concerns(&at.file));
    let own: Vec<Problem> = workspace.problems.iter().filter(own).cloned().collect();
    if own.is_empty() { Ok(()) } else { Err(CliError::Files(own)) }
}

fn group_of(text: &str) -> Result<Group, CliError> {
    text.parse().map_err(|why: String| {
        let help = match hint::nearest(text, Group::ALL.map(Group::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => "the States' groups stand in `demarche positions --json`".to_owned(),
        };
        CliError::request(why, help)
    })
}

fn chosen<'g>(
    gathered: &'g Gathered,
    ask: Option<&str>,
    campaign: Option<&CampaignId>,
) -> Result<Vec<&'g Asked>, CliError> {
    let Some(name) = ask else { return Ok(gathered.asks.iter().collect()) };
    if let Some(found) = gathered.asks.iter().find(|asked| asked.ask.as_str() == name) {
        return Ok(vec![found]);
    }
    let known = || gathered.asks.iter().map(|asked| asked.ask.as_str());
    let help = match hint::nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if gathered.asks.is_empty() => "asks stand in the campaign's file, as [[ask]]".to_owned(),
        None => format!("known are {}", known().collect::<Vec<_>>().join(", ")),
    };
    let whose = campaign.map(|id| format!("campaign {id} has no ask")).unwrap_or_else(|| "there is no ask".to_owned());
    Err(CliError::request(format!("{whose} `{name}`"), help))
}

fn tallies(found: &[AskPositions<'_>], since: Option<&Since>, seats_on: Day) -> String {
    if found.is_empty() {
        return "nothing is asked yet: asks stand in the campaign's file, as [[ask]]\n".to_owned();
    }
    let compared = since.map(|since| match since.session {
        Some(number) => {
            format!("since the close of the {} session of the Council, {}", english_ordinal(number), since.day)
        }
        None => format!("since {}", since.day),
    });
    let parts: Vec<String> = found.iter().map(|ask| tally(ask, compared.as_deref(), seats_on)).collect();
    parts.join("\n")
}

fn tally(ask: &AskPositions<'_>, compared: Option<&str>, seats_on: Day) -> String {
    let mut text = headed(ask);
    if ask.lines.is_empty() {
        text.push_str("  nobody was asked yet, and nothing is known\n");
        return text;
    }
    let rows = ask.tally();
    let held: BTreeSet<&str> = rows.iter().flat_map(|(_, count)| count.counts.keys().copied()).collect();
    let columns: Vec<Standing> = Standing::all().filter(|standing| held.contains(standing.key())).collect();
    // The longest stance would take a fifth of the screen.
    let headings: Vec<String> = columns.iter().map(|s| s.as_str().replace("raise-", "raise- ")).collect();
    let header: Vec<&str> = ["group"].into_iter().chain(headings.iter().map(String::as_str)).chain(["all"]).collect();
    let mut table = output::table(&header);
    for whole in [0, columns.len() + 1] {
        if let Some(column) = table.column_mut(whole) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    // Headings are broken at a space, and nowhere else.
    for (number, heading) in headings.iter().enumerate() {
        let longest = heading.split(' ').map(str::len).max().unwrap_or(0);
        if let (Some(column), Ok(width)) = (table.column_mut(number + 1), u16::try_from(longest + 2)) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
    }
    for (part, count) in rows {
        let title = part.title().to_owned();
        let counts = columns.iter().map(|s| count.counts.get(s.key()).map(ToString::to_string).unwrap_or_default());
        table.add_row([title].into_iter().chain(counts).chain([count.delegations.to_string()]).collect::<Vec<_>>());
    }
    text.push_str(&format!("{table}\nCouncil members are those of {seats_on}.\n"));
    text.push_str(&standing(ask));
    if let Some(compared) = compared {
        text.push_str(&moves(ask, compared));
    }
    text
}

fn headed(ask: &AskPositions<'_>) -> String {
    let words = ask.text.map_or_else(|| "(in no campaign's file)".to_owned(), cell);
    format!("{}: {words}\n", ask.ask)
}

/// Whoever has a position, with its evidence; the others by their codes, so that none is missing.
fn standing(ask: &AskPositions<'_>) -> String {
    let mut text = String::new();
    let held: Vec<&Line<'_>> = ask.lines.iter().filter(|line| line.evidence.is_some()).collect();
    if !held.is_empty() {
        let mut table = output::table(&["delegation", "position", "since", "evidence"]);
        for line in held {
            table.add_row(vec![
                format!("{} {}", line.state.code, cell(&line.state.name_en)),
                line.standing.as_str().to_owned(),
                line.since.map(|day| day.to_string()).unwrap_or_default(),
                line.evidence.map(|evidence| cell(&evidence.told())).unwrap_or_default(),
            ]);
        }
        text.push_str(&format!("\n{table}\n"));
    }
    for without in [Standing::Answered, Standing::NoAnswer, Standing::NotWritten] {
        let codes: Vec<&str> =
            ask.lines.iter().filter(|line| line.standing == without).map(|line| line.state.code.as_str()).collect();
        if !codes.is_empty() {
            let line = format!("{}, {}: {}", without.as_str(), codes.len(), codes.join(", "));
            text.push_str(&format!("\n{}\n", textwrap::fill(&line, usize::from(terminal_width()))));
        }
    }
    text
}

fn moves(ask: &AskPositions<'_>, compared: &str) -> String {
    let moved: Vec<String> = ask
        .lines
        .iter()
        .filter_map(|line| {
            let since = line.since.map(|day| format!(", {day}")).unwrap_or_default();
            Some(format!("  {} {}{since}\n", line.state.code, line.moved()?))
        })
        .collect();
    if moved.is_empty() {
        return format!("\n{compared}: nobody has moved\n");
    }
    format!("\n{compared}:\n{}", moved.concat())
}

/// Everything that is known of one delegation.
fn histories(found: &[AskPositions<'_>], code: StateCode) -> String {
    let mut text = String::new();
    for ask in found {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&headed(ask));
        let Some(line) = ask.lines.first() else {
            text.push_str(&format!("  {code} is not asked by any campaign that is planned, and nothing is known\n"));
            continue;
        };
        let since = line.since.map(|day| format!(" since {day}")).unwrap_or_default();
        text.push_str(&format!("{code} {}: {}{since}\n", cell(&line.state.name_en), line.standing.as_str()));
        if line.history.is_empty() {
            continue;
        }
        let mut table = output::table(&["day", "stance", "evidence", "by", "note"]);
        for one in line.history {
            table.add_row(vec![
                one.day.to_string(),
                one.stance.to_string(),
                cell(&evidence_in_full(one)),
                by(one).map(cell).unwrap_or_default(),
                note(one, line),
            ]);
        }
        text.push_str(&format!("{table}\n"));
    }
    if text.is_empty() {
        "nothing is asked yet: asks stand in the campaign's file, as [[ask]]\n".to_owned()
    } else {
        text
    }
}

fn evidence_in_full(evidence: &Evidence) -> String {
    match &evidence.source {
        Source::Statement { id, title } => format!("{title} (statement {id})"),
        _ => evidence.told(),
    }
}

fn by(evidence: &Evidence) -> Option<&str> {
    match &evidence.source {
        Source::Entry(entry) => Some(&entry.by),
        _ => None,
    }
}

fn note(evidence: &Evidence, line: &Line<'_>) -> String {
    let mut notes = Vec::new();
    if line.evidence == Some(evidence) {
        notes.push("in force".to_owned());
    }
    if let Source::Entry(entry) = &evidence.source {
        notes.extend(entry.corrected_by.map(|id| format!("corrected by entry {id}")));
        notes.extend(entry.corrects.map(|id| format!("corrects entry {id}")));
        if entry.erased {
            notes.push("its words are erased".to_owned());
        }
    }
    notes.join(", ")
}

fn unplaced(entries: &[i64]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let named: Vec<String> = entries.iter().take(10).map(ToString::to_string).collect();
    let more = if entries.len() > named.len() { ", …" } else { "" };
    let (carry, counts) = if entries.len() == 1 { ("carries", "counts") } else { ("carry", "count") };
    let which = format!("{} {carry} a stance and no ask, and {counts} nowhere", count(entries.len(), "entry"));
    format!("\n{which}: {}{more}; `demarche log classify ENTRY --stance S --ask A` says which\n", named.join(", "))
}

fn value(ask: &AskPositions<'_>) -> Value {
    let tally: serde_json::Map<String, Value> =
        ask.tally().into_iter().map(|(part, count)| (part.key().to_owned(), json!(count))).collect();
    json!({ "ask": ask.ask, "text": ask.text, "tally": tally, "delegations": ask.lines.iter().map(line_value).collect::<Vec<_>>() })
}

fn line_value(line: &Line<'_>) -> Value {
    let position = match line.standing {
        Standing::Position(stance) => Some(stance),
        _ => None,
    };
    json!({
        "delegation": line.state.code, "name": line.state.name_en, "group": line.state.group, "hrc_member": line.hrc_member,
        "standing": line.standing.key(), "stance": position, "since": line.since, "before": line.before,
        "moved": line.moved().is_some(), "evidence": line.evidence.map(evidence_value),
        "history": line.history.iter().map(evidence_value).collect::<Vec<_>>(),
    })
}

fn evidence_value(evidence: &Evidence) -> Value {
    let (kind, entry, statement, source) = match &evidence.source {
        Source::Noted(source) => ("position", None, None, Some(source)),
        Source::Entry(entry) => (entry.kind.as_str(), Some(entry), None, None),
        Source::Statement { id, title } => ("statement", None, Some(id), Some(title)),
    };
    json!({
        "date": evidence.day, "stance": evidence.stance, "kind": kind, "entry": entry.map(|e| e.id),
        "statement": statement, "source": source, "by": entry.map(|e| &e.by), "corrects": entry.and_then(|e| e.corrects),
        "corrected_by": entry.and_then(|e| e.corrected_by), "erased": entry.is_some_and(|e| e.erased),
    })
}

fn csv(found: &[AskPositions<'_>]) -> String {
    let mut csv = Csv::new(&[
        "ask",
        "delegation",
        "name",
        "group",
        "hrc_member",
        "standing",
        "since",
        "evidence",
        "before",
        "moved",
    ]);
    for ask in found {
        for line in &ask.lines {
            csv.row([
                ask.ask.to_string(),
                line.state.code.to_string(),
                line.state.name_en.clone(),
                line.state.group.map(|group| group.to_string()).unwrap_or_default(),
                line.hrc_member.map(|member| if member { "yes" } else { "no" }.to_owned()).unwrap_or_default(),
                line.standing.key().to_owned(),
                line.since.map(|day| day.to_string()).unwrap_or_default(),
                line.evidence.map(evidence_in_full).unwrap_or_default(),
                line.before.map(|stance| stance.to_string()).unwrap_or_default(),
                line.moved().unwrap_or_default(),
            ]);
        }
    }
    csv.into_text()
}
