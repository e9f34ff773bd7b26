//! `demarche status`

use serde_json::{Value, json};

use crate::adapters::machine::MachineMemory;
use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::StatusArgs;
use crate::cli::commands::run_machine;
use crate::cli::context::{Context, campaign_id};
use crate::cli::{mail, output};
use crate::config::workspace::Workspace;
use crate::outbox::Status;
use crate::report::{Attention, CampaignSummary};
use crate::steps::followups::overdue_followups;
use crate::steps::pausing::pause_of;
use crate::steps::summary::summaries;
use crate::vocabulary::{Instant, Zone};

pub async fn run(context: &Context, args: &StatusArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let campaign = args.campaign.as_deref().map(campaign_id).transpose()?;
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new(
            "nothing has been planned: run `demarche plan CAMPAIGN`\n",
            &json!({ "campaigns": [] }),
        ));
    };
    let mut summaries = summaries(&store, campaign.as_ref(), &workspace.calendar, context.now()).await?;
    // Looked at now, and not only when a worker last did: the next round would find the same.
    let planned = store.planned_files().await?;
    for summary in &mut summaries {
        let files = planned.get(&summary.campaign);
        summary.files_changed = files.and_then(|files| workspace.snapshot.difference(&summary.campaign, files));
    }
    if let (Some(campaign), true) = (&campaign, summaries.is_empty()) {
        return Err(CliError::request(
            format!("campaign {campaign} has not been planned"),
            format!("run `demarche plan {campaign}` first"),
        ));
    }
    let zones = store.plans().await?;
    let text: String = summaries
        .iter()
        .map(|summary| {
            let zone =
                zones.iter().find(|plan| plan.campaign == summary.campaign).map_or(Zone::GENEVA, |plan| plan.zone);
            one(summary, zone)
        })
        .collect::<Vec<_>>()
        .join("\n");
    let mail = incoming(context, &workspace, &store).await?;
    let pause = pause_of(&store, &workspace).await?;
    let needs = pause.is_some()
        || summaries.iter().any(CampaignSummary::needs_a_person)
        || mail.waiting > 0
        || mail.not_had > 0;
    let mut text =
        if text.is_empty() { "nothing has been planned: run `demarche plan CAMPAIGN`\n".to_owned() } else { text };
    text.push_str(&mail.told());
    let doubt = MachineMemory::read(&context.path("var")).doubt;
    if let Some(doubt) = &doubt {
        text.push_str(&format!("the worker sends nothing: {}\n  {}\n", output::cell(doubt), run_machine::ADVICE));
    }
    if let Some(pause) = &pause {
        text.insert_str(0, &format!("{}\n\n", output::cell(&pause.line(Zone::GENEVA))));
    }
    let value = json!({ "campaigns": summaries, "mail": mail.value(), "pause": pause, "clock": doubt });
    Ok(Answer::new(text, &value).needs_a_person(needs || doubt.is_some()))
}

/// Where incoming mail stands.
struct Incoming {
    /// Whether a mailbox is named that answers are read from.
    reads: bool,
    last_read: Option<Instant>,
    /// Messages that could not be had, and may be answers.
    not_had: u64,
    /// Answers that nobody has classified.
    unread: u64,
    /// In the pen.
    waiting: u64,
    oldest: Option<Instant>,
    /// What is overdue of next actions.
    overdue: usize,
}

async fn incoming(context: &Context, workspace: &Workspace, store: &Store) -> Result<Incoming, CliError> {
    let name = mail::mailbox_name(context, workspace);
    let (waiting, oldest) = store.pen().await?;
    let (last_read, not_had) = match &name {
        Some(name) => (store.mailbox(name).await?.and_then(|known| known.read_at), store.not_had(name).await?),
        None => (None, 0),
    };
    let unread = store.unread_answers().await?;
    let overdue = overdue_followups(store, Zone::GENEVA.day_of(context.now())).await?.len();
    Ok(Incoming { reads: name.is_some(), last_read, not_had, unread, waiting, oldest, overdue })
}

impl Incoming {
    fn told(&self) -> String {
        let mut text = String::new();
        if self.waiting > 0 {
            let since =
                self.oldest.map(|at| format!(", the oldest since {}", Zone::GENEVA.show(at))).unwrap_or_default();
            text.push_str(&format!("{} in the pen{since}: `demarche pen`\n", output::count(self.waiting, "message")));
        }
        if self.unread > 0 {
            let answers = output::count(self.unread, "answer");
            text.push_str(&format!("{answers} unread: `demarche log --stance unread --in-force`\n"));
        }
        if self.not_had > 0 {
            let messages = output::count(self.not_had, "message");
            text.push_str(&format!(
                "{messages} could not be had from the mailbox, and may be answers: `demarche collect` says why\n"
            ));
        }
        if self.overdue > 0 {
            let actions = output::count(self.overdue, "next action");
            text.push_str(&format!("{actions} overdue: `demarche followups --overdue`\n"));
        }
        match (self.reads, self.last_read) {
            (true, Some(at)) => text.push_str(&format!("mail was last read {}\n", Zone::GENEVA.show(at))),
            (true, None) => text.push_str("mail was never read: `demarche collect`, or `run`\n"),
            (false, _) => {}
        }
        text
    }

    fn value(&self) -> Value {
        json!({
            "reads": self.reads, "last_read": self.last_read, "unread_answers": self.unread, "not_had": self.not_had, "in_pen": self.waiting, "oldest_in_pen": self.oldest,
            "overdue_actions": self.overdue,
        })
    }
}

/// Rows of one kind that are shown before the rest is counted.
const SHOWN: usize = 15;

fn one(summary: &CampaignSummary, zone: Zone) -> String {
    let mut text = format!("{}: {} letters\n", summary.campaign, summary.total);
    for status in Status::ALL {
        let n = summary.counts.of(status);
        if n > 0 {
            text.push_str(&format!("{n:>6} {}\n", output::coloured(status)));
        }
    }
    if let Some(at) = summary.next_due {
        text.push_str(&format!("next due: {}\n", zone.show(at)));
    }
    if let Some(why) = &summary.files_changed {
        text.push_str(&format!("NOTHING IS SENT: {}; run `demarche plan {}`\n", output::cell(why), summary.campaign));
    }
    if !summary.needs_attention.is_empty() {
        text.push_str("needs a person:\n");
        let groups = grouped(&summary.needs_attention);
        let mut table = output::table(&["letter", "status", "why"]);
        for rows in groups.iter().take(SHOWN) {
            table.add_row(vec![which(rows), rows[0].status.to_string(), output::cell(&rows[0].reason)]);
        }
        text.push_str(&format!("{table}\n"));
        if groups.len() > SHOWN {
            let more = groups.len() - SHOWN;
            text.push_str(&format!("… and {more} more: `demarche dispatches {} --status STATUS`\n", summary.campaign));
        }
    }
    text
}

/// Letters of one step that wait for the same reason are one line: 190 overdue ones must not bury the one that is uncertain.
fn grouped(rows: &[Attention]) -> Vec<Vec<&Attention>> {
    let mut groups: Vec<Vec<&Attention>> = Vec::new();
    for row in rows {
        let alike = |group: &&mut Vec<&Attention>| {
            group[0].step == row.step && group[0].status == row.status && group[0].reason == row.reason
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

fn which(rows: &[&Attention]) -> String {
    match rows {
        [only] => only.id.to_string(),
        several => {
            let named: Vec<&str> = several.iter().take(4).map(|row| row.delegation.as_str()).collect();
            let more = if several.len() > named.len() { ", …" } else { "" };
            format!(
                "{}/{}: {} letters ({}{more})",
                several[0].id.campaign,
                several[0].step,
                several.len(),
                named.join(", ")
            )
        }
    }
}
